//! The orgs of a run, and what is known of what is between them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::client::Keys;
use crate::{Moment, Pair};

/// How many orgs there are. So few that clients get into each other's way.
const ORGS: usize = 4;

/// How many orgs there are beside these which are switched on and off: each once, so that no two such changes are taken
/// for each other.
const GUESTS: usize = 6;

/// How many connections are remembered that may be gone.
const REMEMBERED: usize = 12;

/// The role that is given and taken: `Read Only`, which allows to see connections.
pub(crate) const ROLE: &str = "0b1d6e00-0000-4000-8000-000000000003";

/// The role of admins.
pub(crate) const ADMIN: &str = "0b1d6e00-0000-4000-8000-000000000001";

/// What all clients share.
#[derive(Debug)]
pub(crate) struct World {
    began: Instant,
    pub(crate) orgs: Vec<Org>,
    pub(crate) guests: Vec<Guest>,
    known: Mutex<Known>,
}

/// An org that shares logs with the first, and begins switched off.
#[derive(Debug)]
pub(crate) struct Guest {
    pub(crate) id: String,
    pub(crate) keys: Keys,
}

/// An org, its admin, from whom nothing is ever taken, and its user, who begins switched off and without a role.
#[derive(Debug)]
pub(crate) struct Org {
    pub(crate) id: String,
    pub(crate) keys: Keys,
    pub(crate) user: String,
    pub(crate) keys_of_user: Keys,
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
        let keys = |number: usize, key: usize| Keys {
            api_key: format!("{number:032x}"),
            application_key: format!("{key:040x}"),
        };
        let orgs = (0..ORGS).map(|number| Org {
            id: format!("00000000-0000-4000-8000-{number:012}"),
            keys: keys(number, number),
            user: format!("00000000-0000-4000-8001-{number:012}"),
            keys_of_user: keys(number, ORGS + number),
        });
        let guests = (0..GUESTS).map(|number| Guest {
            id: format!("00000000-0000-4000-8002-{number:012}"),
            keys: keys(ORGS + number, 2 * ORGS + number),
        });
        let (orgs, guests) = (orgs.collect(), guests.collect());
        Self { began: Instant::now(), orgs, guests, known: Mutex::default() }
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

    /// The org whose user has this id.
    pub(crate) fn org_of(&self, user: &str) -> Option<usize> {
        self.orgs.iter().position(|org| org.user == user)
    }

    /// The guest that has this id.
    pub(crate) fn guest(&self, id: &str) -> Option<usize> {
        self.guests.iter().position(|guest| guest.id == id)
    }

    pub(crate) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The orgs as `orgbridge import` takes them.
    pub(crate) fn import(&self) -> String {
        let mut text = String::from("accounts:\n- name: Example Account\n  orgs:\n");
        for (number, Org { id, keys, user, keys_of_user }) in self.orgs.iter().enumerate() {
            let Keys { api_key, application_key } = keys;
            let key_of_user = &keys_of_user.application_key;
            // Writing to a string can't fail.
            let _ = write!(
                text,
                "  - id: {id}
    name: Org {number}
    api_keys:
    - {{name: key, key: '{api_key}'}}
    users:
    - name: Jane Doe
      email: jane-{number}@example.com
      roles: [Admin]
      application_keys:
      - {{name: key, key: '{application_key}'}}
    - id: {user}
      name: John Doe
      email: john-{number}@example.com
      roles: []
      disabled: true
      application_keys:
      - {{name: key, key: '{key_of_user}'}}
"
            );
        }
        for (number, Guest { id, keys: Keys { api_key, application_key } }) in self.guests.iter().enumerate()
        {
            let _ = write!(
                text,
                "  - id: {id}
    name: Guest {number}
    disabled: true
    api_keys:
    - {{name: key, key: '{api_key}'}}
    users:
    - name: Jane Doe
      email: jane@guest-{number}.example.com
      roles: [Admin]
      application_keys:
      - {{name: key, key: '{application_key}'}}
"
            );
        }
        text.push_str("  connections:\n");
        for number in 0..self.guests.len() {
            let _ = writeln!(
                text,
                "  - {{source: Guest {number}, sink: Org 0, types: [logs], created_by: jane@guest-{number}.example.com}}"
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
