//! The orgs of a run, and what is known of what is between them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::client::Keys;
use crate::{Moment, Pair};

/// How many orgs there are. So few that clients get into each other's way.
const ORGS: usize = 4;

/// How many connections are remembered that may be gone.
const REMEMBERED: usize = 12;

/// What all clients share.
#[derive(Debug)]
pub(crate) struct World {
    began: Instant,
    pub(crate) orgs: Vec<Org>,
    known: Mutex<Known>,
}

/// An org, with the keys of its admin, which nobody revokes.
#[derive(Debug)]
pub(crate) struct Org {
    pub(crate) id: String,
    pub(crate) keys: Keys,
}

/// What clients tell each other. It may have changed since.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// The connection of each pair.
    pub(crate) connections: BTreeMap<Pair, String>,
    /// The latest connections with their sources, whether they are still there or not.
    pub(crate) latest: Vec<(String, usize)>,
    /// Keys to be used and revoked.
    pub(crate) keys: Vec<MadeKey>,
}

/// An application key that was made in the run.
#[derive(Debug, Clone)]
pub(crate) struct MadeKey {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) org: usize,
}

impl World {
    pub(crate) fn new() -> Self {
        let orgs = (0..ORGS).map(|number| Org {
            id: format!("00000000-0000-4000-8000-{number:012}"),
            keys: Keys { api_key: format!("{number:032x}"), application_key: format!("{number:040x}") },
        });
        Self { began: Instant::now(), orgs: orgs.collect(), known: Mutex::default() }
    }

    /// Now, on the clock of the run.
    pub(crate) fn now(&self) -> Moment {
        self.began.elapsed()
    }

    /// Every pair of two orgs.
    pub(crate) fn pairs() -> impl Iterator<Item = Pair> {
        let pair = |source, sink| Pair { source, sink };
        (0..ORGS)
            .flat_map(move |source| (0..ORGS).map(move |sink| pair(source, sink)))
            .filter(|pair| pair.source != pair.sink)
    }

    /// The pair of two orgs that have these ids.
    pub(crate) fn pair_of(&self, source: &str, sink: &str) -> Option<Pair> {
        let number = |id| self.orgs.iter().position(|org| org.id == id);
        Some(Pair { source: number(source)?, sink: number(sink)? })
    }

    pub(crate) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The orgs as `orgbridge import` takes them.
    pub(crate) fn import(&self) -> String {
        let mut text = String::from("accounts:\n- name: Example Account\n  orgs:\n");
        for (number, Org { id, keys: Keys { api_key, application_key } }) in self.orgs.iter().enumerate() {
            // Writing to a string can't fail.
            let _ = writeln!(
                text,
                "  - id: {id}\n    name: Org {number}\n    api_keys:\n    - {{name: key, key: '{api_key}'}}\n    \
                 users:\n    - name: Jane Doe\n      email: jane-{number}@example.com\n      roles: [Admin]\n      \
                 application_keys:\n      - {{name: key, key: '{application_key}'}}"
            );
        }
        text
    }
}

impl Known {
    /// There is a connection.
    pub(crate) fn connected(&mut self, pair: Pair, id: String) {
        self.latest.push((id.clone(), pair.source));
        if self.latest.len() > REMEMBERED {
            self.latest.remove(0);
        }
        self.connections.insert(pair, id);
    }

    /// There is no such connection any more.
    pub(crate) fn disconnected(&mut self, pair: Pair, id: &str) {
        if self.connections.get(&pair).is_some_and(|known| known == id) {
            self.connections.remove(&pair);
        }
    }
}
