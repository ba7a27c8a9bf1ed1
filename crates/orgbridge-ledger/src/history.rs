//! What the audit log needs of a database.

use crate::audit::Query;
use crate::{Entry, Position, Revision, Unavailable, View};

/// The history that a database holds, opened for reading alone.
pub(crate) trait History: Send {
    /// The entries that `query` wants, oldest first.
    fn entries(&mut self, query: &Query) -> Result<Vec<Entry>, Unavailable>;

    /// From here to [`History::end`] everything is read at one point of history, which is this one.
    fn begin(&mut self) -> Result<Position, Unavailable>;

    /// Ends what [`History::begin`] began.
    fn end(&mut self);

    /// Up to which revision the index of trails is filled; `None` where an earlier version of the program left none.
    fn indexed(&mut self) -> Result<Option<Revision>, Unavailable>;

    /// Shows each entry in order, or the revision of one that can't be read.
    fn every_entry(&mut self, see: &mut dyn FnMut(Result<Entry, Revision>)) -> Result<(), Unavailable>;

    /// Shows each place in the index of trails: an org, a moment in microseconds and a revision.
    fn every_place(&mut self, see: &mut dyn FnMut(&str, i64, u64)) -> Result<(), Unavailable>;

    /// What the tables hold.
    fn everything(&mut self) -> Result<View, Unavailable>;
}
