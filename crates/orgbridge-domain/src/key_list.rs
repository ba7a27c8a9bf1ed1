//! Lists of keys: which of them, in which order, and how many at once.

use std::cmp::Ordering;
use std::sync::Arc;

use uuid::Uuid;

use crate::{ApiKey, ApplicationKey, Direction, Last4, Listing, Name, Page, Part, Timestamp};

/// What is asked of a list of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyQuery {
    /// Part of a name, or of the last four characters.
    pub part: Part,
    /// When they were made.
    pub created: TimeRange,
    /// When they were last changed; when they were made, for those that never were.
    pub modified: TimeRange,
    /// What they are ordered by.
    pub order: KeyOrder,
    /// Which end of the order comes first.
    pub direction: Direction,
    /// Which part of the list.
    pub page: Page,
}

/// A stretch of time; each end is part of it, and may be open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TimeRange {
    /// The first point in time.
    pub start: Option<Timestamp>,
    /// The last.
    pub end: Option<Timestamp>,
}

/// What keys are ordered by. Among equals the id decides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeyOrder {
    /// Their names, byte by byte.
    #[default]
    Name,
    /// The last characters of their secrets.
    Last4,
    /// When they were made.
    CreatedAt,
    /// When they were last changed.
    ModifiedAt,
}

impl TimeRange {
    fn holds(self, time: Timestamp) -> bool {
        self.start.is_none_or(|start| start <= time) && self.end.is_none_or(|end| time <= end)
    }
}

/// What lists of keys look at.
pub(crate) trait Listed {
    fn id(&self) -> Uuid;
    fn name(&self) -> &Name;
    fn last4(&self) -> &Last4;
    fn created_at(&self) -> Timestamp;
    fn modified_at(&self) -> Timestamp;
}

impl Listed for ApiKey {
    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    fn name(&self) -> &Name {
        &self.name
    }

    fn last4(&self) -> &Last4 {
        &self.last4
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }

    fn modified_at(&self) -> Timestamp {
        self.modified_at.unwrap_or(self.created_at)
    }
}

/// When an application key was changed is not kept.
impl Listed for ApplicationKey {
    fn id(&self) -> Uuid {
        self.id.uuid()
    }

    fn name(&self) -> &Name {
        &self.name
    }

    fn last4(&self) -> &Last4 {
        &self.last4
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }

    fn modified_at(&self) -> Timestamp {
        self.created_at
    }
}

/// The keys among `keys` that `query` asks for.
pub(crate) fn select<'s, K: Listed>(
    keys: impl IntoIterator<Item = &'s Arc<K>>,
    query: &KeyQuery,
) -> Listing<&'s Arc<K>> {
    let mut total = 0;
    let mut admitted: Vec<_> = keys
        .into_iter()
        .inspect(|_| total += 1)
        .filter(|key| query.part.is_in(key.name().as_str()) || query.part.is_in(key.last4().as_str()))
        .filter(|key| query.created.holds(key.created_at()) && query.modified.holds(key.modified_at()))
        .collect();
    admitted.sort_unstable_by(|a, b| compare(query.order, &***a, &***b).then_with(|| a.id().cmp(&b.id())));
    Listing::cut(total, admitted, query.direction, query.page)
}

fn compare<K: Listed>(order: KeyOrder, a: &K, b: &K) -> Ordering {
    match order {
        KeyOrder::Name => a.name().cmp(b.name()),
        KeyOrder::Last4 => a.last4().as_str().cmp(b.last4().as_str()),
        KeyOrder::CreatedAt => a.created_at().cmp(&b.created_at()),
        KeyOrder::ModifiedAt => a.modified_at().cmp(&b.modified_at()),
    }
}
