//! Where in a file something stands, and what is wrong there.

use std::fmt;

/// A place in a file's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// Counted from 1.
    pub(super) line: usize,
    /// Counted from 1, in characters.
    pub(super) column: usize,
}

/// How a value is reached from the top of the file. It borrows its beginning, so that a path costs nothing until
/// somebody asks for its text.
#[derive(Debug, Clone, Copy)]
pub(super) enum Path<'p> {
    Top,
    Member(&'p Path<'p>, &'static str),
    Item(&'p Path<'p>, usize),
}

/// As in `accounts[0].orgs[1].name`.
impl fmt::Display for Path<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Top => Ok(()),
            Self::Member(Self::Top, name) => formatter.write_str(name),
            Self::Member(before, name) => write!(formatter, "{before}.{name}"),
            Self::Item(before, position) => write!(formatter, "{before}[{position}]"),
        }
    }
}

/// A place and the path that leads there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Location {
    pub(super) place: Place,
    pub(super) path: String,
}

impl Location {
    pub(super) fn new(place: Place, path: &Path<'_>) -> Self {
        Self { place, path: path.to_string() }
    }

    /// Something is wrong here.
    pub(super) fn problem(&self, message: impl fmt::Display) -> Problem {
        Problem { location: self.clone(), message: message.to_string() }
    }

    /// Something is wrong with a member of what stands here.
    pub(super) fn problem_in(&self, member: &str, message: impl fmt::Display) -> Problem {
        let path = format!("{}.{member}", self.path);
        Problem { location: Self { place: self.place, path }, message: message.to_string() }
    }
}

/// Something that is wrong with a file. It never repeats what could be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    location: Location,
    message: String,
}

impl Problem {
    /// The order in which a reader of the file comes across problems.
    pub(crate) fn place(&self) -> Place {
        self.location.place
    }
}

/// As in `3:11: accounts[0].name: must not be empty`.
impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Location { place, path } = &self.location;
        let colon = if path.is_empty() { "" } else { ": " };
        write!(formatter, "{}:{}: {path}{colon}{}", place.line, place.column, self.message)
    }
}
