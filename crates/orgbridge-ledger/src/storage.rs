//! What the writer needs of a database.

use std::time::Duration;

use orgbridge_domain::{Change, Timestamp};

use crate::fleet::{RollCall, Seat};
use crate::index::Concern;
use crate::last_use::Use;
use crate::{Entry, Position, RefusedAttempt, Revision, Unavailable, View};

/// A database that holds a ledger. The writer owns it, and calls it from its own thread or from that of a caller
/// who sits down at its desk.
///
/// A transaction is open from [`Storage::begin`] to [`Storage::commit`], [`Storage::rollback`] or [`Storage::end_unchanged`].
pub(crate) trait Storage: Send + 'static {
    /// Begins a transaction that nobody else can commit beside, and says where the ledger stands in it.
    fn begin(&mut self) -> Result<Position, Unavailable>;

    /// Begins a transaction that sees one point of history and keeps nobody from committing, and says which.
    fn begin_to_read(&mut self) -> Result<Position, Unavailable>;

    /// Writes a change and its audit entry.
    fn write(&mut self, entry: &Entry, change: &Change) -> Result<(), Unavailable>;

    /// Says that another transaction follows the one that is open, so that it may begin with this one's commit: what it sees is
    /// sure when it ends well. Whatever else is asked first gives it up.
    fn expect_another(&mut self) {}

    /// Moves the ledger to `position` and makes the transaction durable.
    fn commit(&mut self, position: Position) -> Result<(), Unavailable>;

    /// The same for what somebody is going to wait for: reads the seats right after it, where both take one way there and
    /// back. `None` where they were not read.
    fn commit_and_call(&mut self, position: Position) -> Result<Option<RollCall>, Unavailable> {
        self.commit(position).map(|()| None)
    }

    /// Ends the transaction, if one is open, as if it had never begun.
    fn rollback(&mut self);

    /// Ends a transaction in which nothing was written. After an error somebody else may have committed since it began.
    fn end_unchanged(&mut self) -> Result<(), Unavailable> {
        self.rollback();
        Ok(())
    }

    /// Where the ledger stands now. Cheap: it is asked many times a second.
    fn position(&mut self) -> Result<Position, Unavailable>;

    /// The first `most` audit entries after `revision`, in order.
    fn entries_after(&mut self, revision: Revision, most: u64) -> Result<Vec<Entry>, Unavailable>;

    /// Up to which revision it is written down which orgs the changes concern.
    fn indexed(&mut self) -> Result<Revision, Unavailable>;

    /// Writes down which orgs the next changes concern, which end with `through`.
    fn index(&mut self, concerns: &[Concern], through: Revision) -> Result<(), Unavailable>;

    /// Keeps an attempt that was refused, and forgets the oldest of its org past the newest `most`.
    fn keep_attempt(&mut self, refused: &RefusedAttempt, most: u32) -> Result<(), Unavailable>;

    /// Everything that is kept, read at one point of history.
    fn load(&mut self) -> Result<View, Unavailable>;

    /// Keeps when keys were last used, in a transaction of its own. A later use that is kept already stays.
    fn keep_uses(&mut self, uses: &[Use]) -> Result<(), Unavailable>;

    /// When keys were last used, of those that were used at `since` or later.
    fn uses_since(&mut self, since: Timestamp) -> Result<Vec<Use>, Unavailable>;

    /// Writes and commits something that changes nothing, to see whether that works again.
    fn probe(&mut self) -> Result<(), Unavailable>;

    /// How often to look whether another process has written, where nobody hints at it.
    fn poll_interval(&self) -> Duration;

    /// Has `wake` called, on whichever thread, when another process hints that it has written.
    fn on_hint(&mut self, wake: Wake);

    /// Hints to the others that there is something new, and waits for nothing.
    fn hint(&mut self);

    /// Where the processes that serve this database find each other, if they do.
    fn fleet(&mut self) -> Option<&mut dyn Fleet>;
}

/// Called when there may be something new.
pub(crate) type Wake = Box<dyn Fn() + Send + Sync>;

/// The seats of the processes that serve one database. Each call is known to all others when it returns, and a transaction of
/// its own: none is open.
pub(crate) trait Fleet {
    /// Takes a seat.
    fn enter(&mut self, seat: &Seat) -> Result<(), Unavailable>;

    /// Makes a seat what it is after another turn: `seat`. `false` if it was not as it was before that.
    fn renew(&mut self, seat: &Seat) -> Result<bool, Unavailable>;

    /// All the seats there are.
    fn seats(&mut self) -> Result<Vec<Seat>, Unavailable>;

    /// Removes a seat, if it is still as it is known.
    fn remove(&mut self, seat: &Seat) -> Result<(), Unavailable>;

    /// Where it was asked last: somewhere else there may be a copy, which lacks seats that were taken last.
    fn place(&self) -> u64;
}
