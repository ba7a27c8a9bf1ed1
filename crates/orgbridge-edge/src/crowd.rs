//! Who is connected, and who has to leave when it gets full.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::link::{Link, Order};

/// How many connections are looked at to find the one to evict. Looking at all of them would cost most just
/// when there is least time; of sixteen, the quietest is among the quietest sixth of all with 95% certainty.
const SAMPLE: usize = 16;

/// The open connections of an edge.
#[derive(Debug, Default)]
pub(crate) struct Crowd {
    members: Mutex<Members>,
}

#[derive(Debug, Default)]
struct Members {
    links: BTreeMap<u64, Arc<Link>>,
    next_id: u64,
    /// Where the next sample starts, so that all have their turn.
    hand: u64,
}

/// A place in a [`Crowd`], given back when dropped.
#[derive(Debug)]
pub(crate) struct Membership {
    crowd: Arc<Crowd>,
    id: u64,
}

impl Crowd {
    pub(crate) fn join(self: &Arc<Self>, link: Arc<Link>) -> Membership {
        let mut members = self.members();
        let id = members.next_id;
        members.next_id += 1;
        members.links.insert(id, link);
        Membership { crowd: Arc::clone(self), id }
    }

    /// Tells a connection that has nothing under way, and had nothing for long, to make room. Whether there
    /// was one.
    ///
    /// Closing idle connections is every server's right (RFC 9112, section 9.5), and clients open new ones as
    /// a matter of course. Turning new ones away instead would let anyone who opens enough silent sockets
    /// lock everybody out.
    pub(crate) fn evict_one(&self) -> bool {
        let mut members = self.members();
        let Members { links, hand, .. } = &mut *members;
        let mut sample = links.range(*hand..).chain(links.range(..*hand)).take(SAMPLE).peekable();
        let mut quietest: Option<&Link> = None;
        while let Some((id, link)) = sample.next() {
            if sample.peek().is_none() {
                *hand = id + 1;
            }
            let is_quieter = quietest.is_none_or(|quietest| link.moved_at() < quietest.moved_at());
            if is_quieter && link.is_idle() && !link.is_ordered() {
                quietest = Some(link);
            }
        }
        quietest.inspect(|link| link.order(Order::MakeRoom)).is_some()
    }

    /// Tells everybody to finish.
    pub(crate) fn finish_all(&self) {
        for link in self.members().links.values() {
            link.order(Order::Finish);
        }
    }

    /// The lock guards plain data that no panic leaves half-changed.
    fn members(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.crowd.members().links.remove(&self.id);
    }
}
