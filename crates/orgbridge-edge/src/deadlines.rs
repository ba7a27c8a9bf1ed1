//! Timers that cost nothing while nothing is late.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

/// Wakes a task when a deadline may have passed.
///
/// Deadlines move on with every request, and moving a timer takes a lock. So a later deadline leaves the
/// timer where it is: it fires early, finds that nothing is late and is set anew. One per connection fires
/// once in [`idle_timeout`](crate::EdgeSettings::idle_timeout), however many requests there are.
#[derive(Debug, Default)]
pub(crate) struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Ready once `deadline` has passed. Until then the task is woken, at the latest when it does.
    pub(crate) fn poll_past(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let sleep = self.0.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if deadline < sleep.deadline() {
            sleep.as_mut().reset(deadline);
        }
        loop {
            ready!(sleep.as_mut().poll(cx));
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
    }

    /// Has the task woken within `period`, to look again at a deadline that isn't known yet.
    pub(crate) fn wake_within(&mut self, cx: &mut Context<'_>, period: Duration) {
        let sleep = self.0.get_or_insert_with(|| Box::pin(tokio::time::sleep(period)));
        while sleep.as_mut().poll(cx).is_ready() {
            sleep.as_mut().reset(Instant::now() + period);
        }
    }
}

/// Notices when something makes no progress for too long.
#[derive(Debug, Default)]
pub(crate) struct Stall {
    since: Option<Instant>,
    alarm: Alarm,
}

impl Stall {
    /// Whether the last poll that was seen was pending.
    pub(crate) fn is_blocked(&self) -> bool {
        self.since.is_some()
    }

    /// Looks at the outcome of a poll; ready if this one and all before it were pending for `limit`.
    pub(crate) fn poll_past<T>(
        &mut self,
        cx: &mut Context<'_>,
        outcome: &Poll<T>,
        limit: Duration,
    ) -> Poll<()> {
        if outcome.is_ready() {
            self.since = None;
            return Poll::Pending;
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        self.alarm.poll_past(cx, since + limit)
    }
}
