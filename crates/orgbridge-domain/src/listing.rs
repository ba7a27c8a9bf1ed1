//! Lists that are shown in pages.

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many to leave out at the start.
    pub offset: usize,
    /// How many to hold at the most.
    pub limit: usize,
}

/// Which end of an order comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The least.
    Ascending,
    /// The greatest.
    Descending,
}

/// A page of a list, and how much there is in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<T> {
    /// What the page holds.
    pub items: Vec<T>,
    /// How many there are, whatever the filters.
    pub total: usize,
    /// How many of them the filters admit.
    pub total_filtered: usize,
}

impl<T> Listing<T> {
    /// Cuts `page` out of what the filters admit, which is in ascending order.
    pub(crate) fn cut(total: usize, mut admitted: Vec<T>, direction: Direction, page: Page) -> Self {
        let total_filtered = admitted.len();
        if direction == Direction::Descending {
            admitted.reverse();
        }
        let items = admitted.into_iter().skip(page.offset).take(page.limit).collect();
        Self { items, total, total_filtered }
    }
}

/// Part of a text, to be found in any case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Part(String);

impl Part {
    /// Finds texts that contain `part`; the empty text is in every one.
    pub fn new(part: &str) -> Self {
        Self(part.to_lowercase())
    }

    /// Whether `text` contains it.
    pub fn is_in(&self, text: &str) -> bool {
        self.0.is_empty() || text.to_lowercase().contains(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_shows_a_part_of_what_is_there_from_either_end() {
        let cut = |direction, offset, limit| {
            Listing::cut(9, vec![1, 2, 3], direction, Page { offset, limit }).items
        };
        assert_eq!(cut(Direction::Ascending, 0, 2), [1, 2]);
        assert_eq!(cut(Direction::Ascending, 2, 2), [3]);
        assert_eq!(cut(Direction::Descending, 0, 2), [3, 2]);
        assert_eq!(cut(Direction::Descending, usize::MAX, usize::MAX), []);
    }

    #[test]
    fn a_part_is_found_in_any_case() {
        assert!(Part::new("").is_in("Sink Org"));
        assert!(Part::new("\u{c4}R").is_in("B\u{e4}r"));
        assert!(!Part::new("source").is_in("Sink Org"));
    }
}
