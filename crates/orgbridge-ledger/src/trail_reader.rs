//! How trails are read, whatever database they are in.
//!
//! Events are read page by page, each from the place where the last one ended, so that no statement stays open and one
//! connection serves for all kinds of events.

use std::cmp::Ordering;
use std::collections::VecDeque;

use orgbridge_domain::{Direction, Timestamp};

use crate::index::{STEP, concern_of};
use crate::trail::{Event, Horizon, Kind, Mark, Stretch, Visit, Wanted};
use crate::{Entry, Position, RefusedAttempt, Revision, Unavailable, View};

/// How much history may lie before the index. There is never near as much of it, except where the index can't be
/// written for long.
const MAX_UNINDEXED: u64 = 16 * STEP;

/// How many events the first page of each kind holds. Who reads on wants more, so each page is twice as long.
const FIRST_PAGE: u32 = 64;

/// How many events a page holds at the most.
const LONGEST_PAGE: u32 = 1024;

/// Reads trails beside the writer, for as many at once as may want to.
pub(crate) trait Readers: Send + Sync {
    /// Shows `visit` what a stretch holds, as far as `view` knows of it.
    fn read(&self, view: &View, stretch: &Stretch, visit: &mut Visit<'_>) -> Result<Horizon, Unavailable>;

    /// Lets go of the database.
    fn close(&self);
}

/// One point of history, from which trails are read.
pub(crate) trait TrailSource {
    /// Which point it is.
    fn position(&mut self) -> Result<Position, Unavailable>;

    /// The number of the org's last refused attempt.
    fn last_attempt(&mut self, org: &str) -> Result<u64, Unavailable>;

    /// Up to which revision the index is filled.
    fn indexed(&mut self) -> Result<Revision, Unavailable>;

    /// Shows the entries after a revision and up to another, but for those that surely [don't concern](may_concern) the org.
    fn entries_between(
        &mut self,
        after: Revision,
        last: Revision,
        org: &str,
        see: &mut dyn FnMut(Entry),
    ) -> Result<(), Unavailable>;

    /// A page of changes, by the index.
    fn changes(&mut self, page: &Page<'_>) -> Result<Vec<Entry>, Unavailable>;

    /// A page of refused attempts.
    fn refusals(&mut self, page: &Page<'_>) -> Result<Vec<RefusedAttempt>, Unavailable>;
}

/// Which events of an org are wanted next.
pub(crate) struct Page<'o> {
    pub(crate) org: &'o str,
    pub(crate) direction: Direction,
    /// The first moment.
    pub(crate) from: Timestamp,
    /// The last moment.
    pub(crate) to: Timestamp,
    /// The place behind which to read on, in the direction of reading: a moment and a number.
    pub(crate) place: (i64, i64),
    /// The greatest number.
    pub(crate) last: u64,
    /// How many at the most.
    pub(crate) most: u32,
}

/// Shows `visit` what a stretch holds, as far as `view` knows of it.
pub(crate) fn read(
    source: &mut impl TrailSource,
    view: &View,
    stretch: &Stretch,
    visit: &mut Visit<'_>,
) -> Result<Horizon, Unavailable> {
    let org = stretch.org.to_string();
    let position = source.position()?;
    if position.epoch != view.position.epoch {
        // The writer will know of the other history in a moment.
        return Err(Unavailable::Stale);
    }
    // Whoever goes on may come from a replica that knew more, and more would be missing than what they have seen.
    let asked = stretch.horizon.map_or(view.position.revision, |horizon| horizon.revision);
    let known = position.revision.min(view.position.revision);
    if asked > known {
        return Err(Unavailable::Behind { asked, known });
    }
    let horizon = match stretch.horizon {
        Some(horizon) => horizon,
        None => Horizon {
            epoch: view.position.epoch,
            revision: view.position.revision,
            refusal: source.last_attempt(&org)?,
        },
    };
    let indexed = source.indexed()?;

    let mut queues = Vec::new();
    if stretch.changes == Wanted::Yes {
        queues.push(unindexed(source, view, stretch, (indexed, horizon.revision))?);
        let last = horizon.revision.min(indexed).get();
        queues.push(Queue::of(stretch, &org, Kind::Change, last));
    }
    if stretch.refusals == Wanted::Yes {
        queues.push(Queue::of(stretch, &org, Kind::Refusal, horizon.refusal));
    }
    merge(stretch.direction, source, &mut queues, visit)?;
    Ok(horizon)
}

/// Events of one kind in order, of which the first are in memory.
struct Queue<'o> {
    events: VecDeque<(Mark, Event)>,
    /// What to read when these are used up; `None` where there is no more.
    next: Option<(Kind, Page<'o>)>,
}

impl<'o> Queue<'o> {
    fn of(stretch: &Stretch, org: &'o str, kind: Kind, last: u64) -> Self {
        let Stretch { direction, from, to, .. } = *stretch;
        let place = bounds(stretch, kind);
        let page = Page { org, direction, from, to, place, last, most: FIRST_PAGE };
        Self { events: VecDeque::new(), next: Some((kind, page)) }
    }

    /// Where the first event stands.
    fn head(&mut self, source: &mut impl TrailSource) -> Result<Option<Mark>, Unavailable> {
        if self.events.is_empty()
            && let Some((kind, page)) = &mut self.next
        {
            self.events = match kind {
                Kind::Change => source.changes(page)?.into_iter().map(of_change).collect(),
                Kind::Refusal => source.refusals(page)?.into_iter().map(of_refusal).collect(),
            };
            match self.events.back() {
                Some((last, _)) if self.events.len() == usize::try_from(page.most).unwrap_or(usize::MAX) => {
                    page.place = (last.at.micros(), i64::try_from(last.number).unwrap_or(BEHIND_ALL));
                    page.most = (page.most * 2).min(LONGEST_PAGE);
                }
                _ => self.next = None,
            }
        }
        Ok(self.events.front().map(|(mark, _)| *mark))
    }
}

/// Shows the events of all queues in one order, until there are no more or `visit` has seen enough.
fn merge(
    direction: Direction,
    source: &mut impl TrailSource,
    queues: &mut [Queue<'_>],
    visit: &mut Visit<'_>,
) -> Result<(), Unavailable> {
    loop {
        let mut first: Option<(Mark, usize)> = None;
        for (at, queue) in queues.iter_mut().enumerate() {
            let Some(mark) = queue.head(source)? else { continue };
            let comes_first = first.is_none_or(|(known, _)| match direction {
                Direction::Ascending => mark < known,
                Direction::Descending => mark > known,
            });
            if comes_first {
                first = Some((mark, at));
            }
        }
        let event = first.and_then(|(_, at)| queues.get_mut(at)).and_then(|queue| queue.events.pop_front());
        let Some((mark, event)) = event else { return Ok(()) };
        if visit(mark, event).is_break() {
            return Ok(());
        }
    }
}

/// Before the number of every event.
const BEFORE_ALL: i64 = -1;

/// Behind the number of every event.
const BEHIND_ALL: i64 = i64::MAX;

/// The place from which to read on among the events of one kind.
fn bounds(stretch: &Stretch, kind: Kind) -> (i64, i64) {
    match (stretch.after, stretch.direction) {
        (None, Direction::Ascending) => (stretch.from.micros(), BEFORE_ALL),
        (None, Direction::Descending) => (stretch.to.micros(), BEHIND_ALL),
        (Some(mark), _) => {
            let number = match kind.cmp(&mark.kind) {
                Ordering::Less => BEHIND_ALL,
                Ordering::Equal => i64::try_from(mark.number).unwrap_or(BEHIND_ALL),
                Ordering::Greater => BEFORE_ALL,
            };
            (mark.at.micros(), number)
        }
    }
}

fn of_change(entry: Entry) -> (Mark, Event) {
    (Mark { at: entry.at, kind: Kind::Change, number: entry.revision.get() }, Event::Change(entry))
}

fn of_refusal(refused: RefusedAttempt) -> (Mark, Event) {
    (Mark { at: refused.at, kind: Kind::Refusal, number: refused.number }, Event::Refusal(refused))
}

/// The changes that concern the org and are not in the index yet, in order.
fn unindexed(
    source: &mut impl TrailSource,
    view: &View,
    stretch: &Stretch,
    (indexed, last): (Revision, Revision),
) -> Result<Queue<'static>, Unavailable> {
    if last.get().saturating_sub(indexed.get()) > MAX_UNINDEXED {
        return Err(Unavailable::Unindexed);
    }
    let mut found = Vec::new();
    source.entries_between(indexed, last, &stretch.org.to_string(), &mut |entry| {
        if concern_of(&entry, view).orgs.contains(&stretch.org) {
            found.push(of_change(entry));
        }
    })?;
    let is_ahead = |mark: &Mark| match (stretch.after, stretch.direction) {
        (None, _) => true,
        (Some(after), Direction::Ascending) => *mark > after,
        (Some(after), Direction::Descending) => *mark < after,
    };
    found.retain(|(mark, _)| (stretch.from..=stretch.to).contains(&mark.at) && is_ahead(mark));
    found.sort_unstable_by_key(|(mark, _)| *mark);
    if stretch.direction == Direction::Descending {
        found.reverse();
    }
    Ok(Queue { events: found.into(), next: None })
}

/// The end of a column that names an org, as rows are written. No value has it in it: quotes are escaped there.
const NAMES_AN_ORG: &str = "org_id\":";

/// Whether an entry names the org, or no org at all, as a key that names its owner. Most don't, and are read no further.
pub(crate) fn may_concern(org: &str, actor_org: Option<&str>, rows: [Option<&str>; 2]) -> bool {
    actor_org == Some(org)
        || rows.into_iter().flatten().any(|row| row.contains(org) || !row.contains(NAMES_AN_ORG))
}
