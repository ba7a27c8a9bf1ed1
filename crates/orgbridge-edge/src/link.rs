//! What the parts of one connection tell each other.
//!
//! hyper owns the socket and calls the service, and gives access to neither. So the wire, the exchanges and
//! the task that drives them meet here, and the accept loop looks in to find who is idle.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// How many requests a connection has under way, when it last moved, and what is to become of it.
///
/// The counts are relaxed atomics: on HTTP/1 one task alone touches them, and on HTTP/2 whoever reads too
/// early is woken again by the answer itself.
#[derive(Debug)]
pub(crate) struct Link {
    /// The start of the edge: what all its links measure time from.
    epoch: Instant,
    called: AtomicU64,
    answered: AtomicU64,
    finished: AtomicU64,
    /// Nanoseconds from `epoch` to the last progress of an answer, or to the opening if there was none.
    moved: AtomicU64,
    /// Which HTTP/1 request's content has yet to arrive, in full or in part, counted from one; zero for none.
    arriving: AtomicU64,
    /// Whether an HTTP/1 request has chunks that the service has not read to their end.
    chunks_are_unread: AtomicBool,
    order: AtomicU8,
    ordered: Notify,
    finishing_since: OnceLock<Instant>,
    verdict: OnceLock<Verdict>,
}

/// What the accept loop wants of a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Order {
    /// Close if nothing is under way.
    MakeRoom,
    /// Finish what is under way, then close.
    Finish,
}

/// What the wire found out, and the task that drives the connection must act on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    /// The client was silent for too long.
    TimedOut,
    /// What the client sent is malformed, and every answer before is complete: say so and close.
    Malformed,
    /// What the client sent is malformed, and its answer has begun: close without a word.
    MalformedTooLate,
}

/// How far the requests of a connection are. Each count includes the one after it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Progress {
    /// Given to the service.
    pub(crate) called: u64,
    /// The head of the answer is there.
    pub(crate) answered: u64,
    /// The service has given the whole answer.
    pub(crate) finished: u64,
}

impl Link {
    pub(crate) fn new(epoch: Instant) -> Self {
        let link = Self {
            epoch,
            called: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            finished: AtomicU64::new(0),
            moved: AtomicU64::new(0),
            arriving: AtomicU64::new(0),
            chunks_are_unread: AtomicBool::new(false),
            order: AtomicU8::new(NO_ORDER),
            ordered: Notify::new(),
            finishing_since: OnceLock::new(),
            verdict: OnceLock::new(),
        };
        link.touch();
        link
    }

    pub(crate) fn progress(&self) -> Progress {
        Progress {
            called: self.called.load(Relaxed),
            answered: self.answered.load(Relaxed),
            finished: self.finished.load(Relaxed),
        }
    }

    pub(crate) fn is_idle(&self) -> bool {
        let progress = self.progress();
        progress.finished == progress.called
    }

    pub(crate) fn count_called(&self) {
        self.called.fetch_add(1, Relaxed);
    }

    pub(crate) fn count_answered(&self) {
        self.answered.fetch_add(1, Relaxed);
    }

    pub(crate) fn count_finished(&self) {
        self.touch();
        self.finished.fetch_add(1, Relaxed);
    }

    /// Notes that an answer makes progress.
    pub(crate) fn touch(&self) {
        let since_epoch = u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.moved.store(since_epoch, Relaxed);
    }

    /// When an answer last made progress, or the connection was opened.
    pub(crate) fn moved_at(&self) -> Instant {
        self.epoch + Duration::from_nanos(self.moved.load(Relaxed))
    }

    /// Notes which HTTP/1 request's content has yet to arrive, counted from one; zero for none.
    pub(crate) fn note_arriving(&self, request: u64) {
        self.arriving.store(request, Relaxed);
    }

    /// Notes whether the service has yet to read chunks of an HTTP/1 request.
    pub(crate) fn note_unread_chunks(&self, are_unread: bool) {
        self.chunks_are_unread.store(are_unread, Relaxed);
    }

    /// Whether hyper will close an HTTP/1 connection behind an answer that is given now: it waits for no content that
    /// nobody reads, and skips one chunk at the most.
    pub(crate) fn closes_behind_answer(&self) -> bool {
        self.arriving.load(Relaxed) == self.called.load(Relaxed) || self.chunks_are_unread.load(Relaxed)
    }

    /// Tells the connection what is wanted of it.
    pub(crate) fn order(&self, order: Order) {
        let code = match order {
            Order::MakeRoom => MAKE_ROOM,
            Order::Finish => {
                self.finishing_since.get_or_init(Instant::now);
                FINISH
            }
        };
        self.order.fetch_max(code, Relaxed);
        self.ordered.notify_one();
    }

    /// Since when the connection is to finish, if it is.
    pub(crate) fn finishing_since(&self) -> Option<Instant> {
        self.finishing_since.get().copied()
    }

    /// Whether an order is on its way to the connection.
    pub(crate) fn is_ordered(&self) -> bool {
        self.order.load(Relaxed) != NO_ORDER
    }

    /// Waits for the next order. Only the connection's own task may wait.
    pub(crate) async fn next_order(&self) -> Order {
        loop {
            self.ordered.notified().await;
            match self.order.swap(NO_ORDER, Relaxed) {
                MAKE_ROOM => return Order::MakeRoom,
                FINISH => return Order::Finish,
                _ => {}
            }
        }
    }

    /// Passes a verdict; the first one stands.
    pub(crate) fn judge(&self, verdict: Verdict) {
        self.verdict.get_or_init(|| verdict);
    }

    pub(crate) fn verdict(&self) -> Option<Verdict> {
        self.verdict.get().copied()
    }
}

// In order of weight: an order to finish outranks one to make room.
const NO_ORDER: u8 = 0;
const MAKE_ROOM: u8 = 1;
const FINISH: u8 = 2;
