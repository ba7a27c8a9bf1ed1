//! Pages of a trail.

use std::ops::ControlFlow;

use orgbridge_domain::{Direction, OrgId, Timestamp};
use orgbridge_ledger::trail::{Stretch, Wanted};
use orgbridge_ledger::{Ledger, Unavailable, View};

use super::cursor::{Bound, Cursor};
use super::event::{AuditEvent, Outcome, Viewer};
use super::query::Query;
use super::{NotACursor, moment};
use crate::error::ApiError;

/// How many events one call looks at, whatever it finds: few enough to answer within a fraction of a second.
const MAX_SEEN: usize = 3_000;

/// What was asked, as it was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) query: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) newest_first: bool,
    pub(crate) cursor: String,
    pub(crate) limit: usize,
}

/// What the parts of a search are called, where the caller wrote them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Places {
    pub(crate) query: &'static str,
    pub(crate) from: &'static str,
    pub(crate) to: &'static str,
    pub(crate) cursor: &'static str,
}

/// A search that was understood.
#[derive(Debug)]
pub(crate) struct Search {
    asked: Asked,
    query: Query,
    stretch: Stretch,
}

/// A page.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) asked: Asked,
    pub(crate) events: Vec<AuditEvent>,
    /// Where to go on, unless this was all.
    pub(crate) after: Option<String>,
    /// Whether the page ended because so many events were looked at, and not because it was full.
    pub(crate) has_given_up: bool,
}

impl Search {
    /// Understands what was asked of the trail of `org`.
    ///
    /// # Errors
    /// [`ApiError::Invalid`], which begins with one of `places`.
    pub(crate) fn understand(
        asked: Asked,
        places: &Places,
        org: OrgId,
        view: &View,
        now: Timestamp,
    ) -> Result<Self, ApiError> {
        let invalid =
            |place: &str, problem: &dyn std::fmt::Display| ApiError::Invalid(format!("{place}: {problem}"));
        let query = Query::read(&asked.query).map_err(|problem| invalid(places.query, &problem))?;
        let moment = |text: &str, place, default| match text {
            "" => Ok(default),
            text => moment::read(text, now).map_err(|problem| invalid(place, &problem)),
        };
        let direction = if asked.newest_first { Direction::Descending } else { Direction::Ascending };
        let wanted = |outcome| if query.rules_out(outcome) { Wanted::No } else { Wanted::Yes };
        let mut stretch = Stretch {
            org,
            from: moment(&asked.from, places.from, Timestamp::MIN)?,
            to: moment(&asked.to, places.to, now)?,
            direction,
            horizon: None,
            after: None,
            changes: wanted(Outcome::Success),
            refusals: wanted(Outcome::Refused),
        };
        if stretch.from > stretch.to {
            return Err(invalid(places.to, &format_args!("must not lie before {}", places.from)));
        }
        if !asked.cursor.is_empty() {
            let not_a_cursor = |problem: NotACursor| invalid(places.cursor, &problem);
            let cursor = Cursor::read(&asked.cursor, &asked.bound(org)).map_err(not_a_cursor)?;
            if cursor.horizon.epoch != view.position.epoch {
                // What it counts by is gone: the ledger was restored.
                return Err(not_a_cursor(NotACursor));
            }
            stretch.horizon = Some(cursor.horizon);
            (stretch.from, stretch.to, stretch.after) = (cursor.from, cursor.to, Some(cursor.after));
        }
        Ok(Self { asked, query, stretch })
    }

    /// Reads a page. It blocks.
    pub(super) fn run(self, ledger: &Ledger, view: &View) -> Result<Found, Unavailable> {
        let Self { asked, query, stretch } = self;
        let viewer = Viewer { org: stretch.org, state: &view.state };
        let (mut events, mut last, mut seen) = (Vec::new(), None, 0);
        let (mut is_whole, mut has_given_up) = (true, false);
        let horizon = ledger.read_trail(view, &stretch, &mut |mark, event| {
            let is_full = events.len() == asked.limit;
            if is_full || seen == MAX_SEEN {
                (is_whole, has_given_up) = (false, !is_full);
                return ControlFlow::Break(());
            }
            seen += 1;
            last = Some(mark);
            let event = viewer.show(event);
            if query.admits(&event) {
                events.push(event);
            }
            ControlFlow::Continue(())
        })?;
        let after = last.filter(|_| !is_whole).map(|after| {
            let cursor = Cursor { horizon, from: stretch.from, to: stretch.to, after };
            cursor.write(&asked.bound(stretch.org))
        });
        Ok(Found { asked, events, after, has_given_up })
    }
}

impl Asked {
    fn bound(&self, org: OrgId) -> Bound<'_> {
        let direction = if self.newest_first { Direction::Descending } else { Direction::Ascending };
        Bound { org, query: &self.query, from: &self.from, to: &self.to, direction }
    }
}
