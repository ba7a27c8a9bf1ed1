//! When keys were last used.
//!
//! Every request uses keys, and none may pay for a write. So a use is noted in memory, and the writer keeps what is new
//! once in a while, outside of the history: it changes nothing that anybody decides by. A crash forgets the uses since
//! then.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{PoisonError, RwLock};

use foldhash::fast::RandomState;
use orgbridge_domain::{ApiKeyId, ApplicationKeyId, State, Timestamp};

/// Keys in different shards never wait for each other. Even in one they wait only for the first use of a key.
const SHARDS: usize = 64;

/// Microseconds within which a further use of a key is no news: a key that is busy on every core would send its cache
/// line from one to the other all the time.
const RESOLUTION_MICROS: i64 = 1_000_000;

/// A key of either kind, by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyId {
    /// An API key.
    Api(ApiKeyId),
    /// An application key.
    Application(ApplicationKeyId),
}

impl From<ApiKeyId> for KeyId {
    fn from(id: ApiKeyId) -> Self {
        Self::Api(id)
    }
}

impl From<ApplicationKeyId> for KeyId {
    fn from(id: ApplicationKeyId) -> Self {
        Self::Application(id)
    }
}

impl KeyId {
    fn is_in(self, state: &State) -> bool {
        match self {
            Self::Api(id) => state.api_key(id).is_some(),
            Self::Application(id) => state.application_key(id).is_some(),
        }
    }
}

/// The last use of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) key: KeyId,
    pub(crate) at: Timestamp,
}

/// When each key was last used, to the second. There is room for the keys that there are: those that were deleted are
/// forgotten whenever the rest is kept.
#[derive(Debug)]
pub struct LastUses {
    shards: Box<[RwLock<HashMap<KeyId, Noted, RandomState>>]>,
    shard_of: RandomState,
}

/// Two times in microseconds.
#[derive(Debug)]
struct Noted {
    /// The last use.
    at: AtomicI64,
    /// The last use that is durable.
    kept: AtomicI64,
}

impl Default for Noted {
    fn default() -> Self {
        Self { at: AtomicI64::new(i64::MIN), kept: AtomicI64::new(i64::MIN) }
    }
}

impl Noted {
    /// Two threads that meet here may leave the earlier of two times that are alike.
    fn note(&self, now: i64) {
        if now.saturating_sub(self.at.load(Ordering::Relaxed)) >= RESOLUTION_MICROS {
            self.at.store(now, Ordering::Relaxed);
        }
    }

    fn keep(&self, at: i64) {
        self.at.fetch_max(at, Ordering::Relaxed);
        self.kept.fetch_max(at, Ordering::Relaxed);
    }
}

impl Default for LastUses {
    fn default() -> Self {
        Self {
            shards: std::iter::repeat_with(RwLock::default).take(SHARDS).collect(),
            shard_of: RandomState::default(),
        }
    }
}

impl LastUses {
    /// Notes that `key` is used `now`. Where it has been used before, that takes no memory.
    pub fn note(&self, key: impl Into<KeyId>, now: Timestamp) {
        self.with(key.into(), |noted| noted.note(now.micros()));
    }

    /// When `key` was last used; `None` if it never was.
    pub fn of(&self, key: impl Into<KeyId>) -> Option<Timestamp> {
        let key = key.into();
        let shard = self.shard(key).read().unwrap_or_else(PoisonError::into_inner);
        shard.get(&key).map(|noted| Timestamp::from_micros(noted.at.load(Ordering::Relaxed)))
    }

    /// Takes in what is durable, by whomever it was written.
    pub(crate) fn take_in(&self, uses: impl IntoIterator<Item = Use>) {
        for Use { key, at } in uses {
            self.with(key, |noted| noted.keep(at.micros()));
        }
    }

    /// The uses that are not durable yet. Those of keys that are not in `state` are forgotten.
    pub(crate) fn sift(&self, state: &State) -> Vec<Use> {
        let mut unkept = Vec::new();
        for shard in &self.shards {
            let mut gone = Vec::new();
            for (key, noted) in &*shard.read().unwrap_or_else(PoisonError::into_inner) {
                let at = noted.at.load(Ordering::Relaxed);
                if !key.is_in(state) {
                    gone.push(*key);
                } else if noted.kept.load(Ordering::Relaxed) < at {
                    unkept.push(Use { key: *key, at: Timestamp::from_micros(at) });
                }
            }
            if !gone.is_empty() {
                let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
                for key in gone {
                    shard.remove(&key);
                }
            }
        }
        unkept
    }

    fn with(&self, key: KeyId, note: impl Fn(&Noted)) {
        let shard = self.shard(key);
        if let Some(noted) = shard.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return note(noted);
        }
        // Somebody else may have come first.
        note(shard.write().unwrap_or_else(PoisonError::into_inner).entry(key).or_default());
    }

    /// No panic can leave a shard half-written: nothing in here calls foreign code while it writes.
    fn shard(&self, key: KeyId) -> &RwLock<HashMap<KeyId, Noted, RandomState>> {
        // The high bits: the maps inside use the low ones.
        let number = usize::try_from(self.shard_of.hash_one(key) >> 32).unwrap_or_default() % SHARDS;
        &self.shards[number]
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use orgbridge_domain::{ApiKey, KeyDigest};
    use uuid::Uuid;

    use super::*;

    const SECOND: i64 = 1_000_000;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    fn key(number: u128) -> ApiKeyId {
        ApiKeyId::new(Uuid::from_u128(number))
    }

    /// A state with these API keys and nothing else.
    fn state_with(keys: &[ApiKeyId]) -> State {
        let mut state = State::default();
        for id in keys {
            state.put(ApiKey {
                id: *id,
                org: "00000000-0000-0000-0000-000000000001".parse().unwrap(),
                name: "ci".parse().unwrap(),
                digest: KeyDigest::of(id.to_string().as_bytes()),
                last4: "0000".parse().unwrap(),
                created_at: at(0),
                created_by: None,
                modified_at: None,
                modified_by: None,
            });
        }
        state
    }

    #[test]
    fn the_latest_use_is_remembered_to_the_second() {
        let uses = LastUses::default();
        assert_eq!(uses.of(key(1)), None);
        for (now, expected) in
            [(SECOND, SECOND), (2 * SECOND - 1, SECOND), (2 * SECOND, 2 * SECOND), (0, 2 * SECOND)]
        {
            uses.note(key(1), at(now));
            assert_eq!(uses.of(key(1)), Some(at(expected)), "{now}");
        }
        assert_eq!(uses.of(ApplicationKeyId::new(key(1).uuid())), None, "a key of the other kind");
    }

    #[test]
    fn only_what_is_new_is_to_be_kept() {
        let (uses, state) = (LastUses::default(), state_with(&[key(1), key(2)]));
        uses.take_in([Use { key: key(1).into(), at: at(SECOND) }]);
        assert_eq!(uses.sift(&state), []);
        uses.note(key(2), at(SECOND));
        let unkept = [Use { key: key(2).into(), at: at(SECOND) }];
        assert_eq!(uses.sift(&state), unkept);
        assert_eq!(uses.sift(&state), unkept, "until it is durable");
        uses.take_in(unkept);
        assert_eq!(uses.sift(&state), []);
    }

    #[test]
    fn what_others_kept_never_moves_a_use_back() {
        let (uses, state) = (LastUses::default(), state_with(&[key(1)]));
        uses.note(key(1), at(9 * SECOND));
        uses.take_in([Use { key: key(1).into(), at: at(5 * SECOND) }]);
        assert_eq!(uses.of(key(1)), Some(at(9 * SECOND)));
        assert_eq!(uses.sift(&state).len(), 1);
        uses.take_in([Use { key: key(1).into(), at: at(11 * SECOND) }]);
        assert_eq!(uses.of(key(1)), Some(at(11 * SECOND)));
        assert_eq!(uses.sift(&state), []);
    }

    #[test]
    fn a_key_that_is_gone_is_forgotten() {
        let uses = LastUses::default();
        uses.note(key(1), at(SECOND));
        uses.note(key(2), at(SECOND));
        assert_eq!(uses.sift(&state_with(&[key(2)])).len(), 1);
        assert_eq!((uses.of(key(1)), uses.of(key(2))), (None, Some(at(SECOND))));
    }

    #[test]
    fn many_threads_note_the_first_use_of_one_key() {
        let uses = LastUses::default();
        thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| (1..100).for_each(|second| uses.note(key(1), at(second * SECOND))));
            }
        });
        assert_eq!(uses.of(key(1)), Some(at(99 * SECOND)));
        assert_eq!(uses.shards.iter().map(|shard| shard.read().unwrap().len()).sum::<usize>(), 1);
    }
}
