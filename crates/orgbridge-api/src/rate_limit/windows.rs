//! Windows of fixed length, in bounded memory.

use std::hash::{BuildHasher, Hash};
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use foldhash::fast::RandomState;
use foldhash::{HashMap, HashMapExt as _};

/// Callers in different shards never wait for each other.
const SHARDS: usize = 64;

/// How much of a window is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Usage {
    /// How many more requests it takes.
    pub(super) remaining: u32,
    /// How long until the next one opens.
    pub(super) closes_in: Duration,
    /// Whether it takes the request that asks.
    pub(super) is_admitted: bool,
}

/// The open window of each key. A window opens with the first request and not on a common beat, so that
/// callers who were refused don't all come back at one moment.
///
/// The memory is bounded without a sweep: a shard keeps two generations of windows. When a period has
/// passed, or the young generation is full, the young becomes the old, and what was old and has not been
/// used since is forgotten. After a whole period that forgets only windows that are closed; under more keys
/// than there is room for, it forgets the windows that were used longest ago.
#[derive(Debug)]
pub(super) struct Windows<K> {
    shards: Box<[Mutex<Shard<K>>]>,
    shard_of: RandomState,
    max_young: usize,
    longest_period: Duration,
}

#[derive(Debug)]
struct Shard<K> {
    young: HashMap<K, Window>,
    old: HashMap<K, Window>,
    turned_at: Duration,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    closes_at: Duration,
    used: u32,
}

impl<K: Hash + Eq> Windows<K> {
    /// Room for `max_keys` windows, none of them longer than `longest_period`.
    pub(super) fn new(max_keys: usize, longest_period: Duration) -> Self {
        let empty =
            || Mutex::new(Shard { young: HashMap::new(), old: HashMap::new(), turned_at: Duration::ZERO });
        Self {
            shards: std::iter::repeat_with(empty).take(SHARDS).collect(),
            shard_of: RandomState::default(),
            max_young: max_keys / SHARDS / 2,
            longest_period,
        }
    }

    /// Counts a request if the window takes it, into which `requests` go.
    pub(super) fn charge(&self, key: K, requests: u32, period: Duration, now: Duration) -> Usage {
        let mut shard = self.shard(&key);
        let mut window = shard
            .take(&key)
            .filter(|window| window.is_open(now))
            .unwrap_or(Window { closes_at: now + period, used: 0 });
        let is_admitted = window.used < requests;
        window.used = window.used.saturating_add(is_admitted.into());
        shard.put(key, window, now, self);
        let remaining = requests.saturating_sub(window.used);
        Usage { is_admitted, remaining, closes_in: window.closes_in(now).min(period) }
    }

    /// The rest of the window of a key, if somebody has said that it takes nothing more.
    pub(super) fn shut_for(&self, key: &K, now: Duration) -> Option<Duration> {
        let shard = self.shard(key);
        let window = shard.young.get(key).or_else(|| shard.old.get(key))?;
        (window.is_open(now) && window.used == u32::MAX).then(|| window.closes_in(now))
    }

    /// Takes over what somebody else has counted: that the window takes so many of the requests of this process, or
    /// nothing more at all, and closes when it is said to.
    pub(super) fn follow(&self, key: K, is_admitted: bool, closes_in: Duration, now: Duration) {
        let mut shard = self.shard(&key);
        let before = shard.take(&key).filter(|window| window.is_open(now)).map_or(0, |window| window.used);
        let used = if is_admitted { before.saturating_add(1).min(u32::MAX - 1) } else { u32::MAX };
        shard.put(key, Window { closes_at: now + closes_in, used }, now, self);
    }

    fn shard(&self, key: &K) -> MutexGuard<'_, Shard<K>> {
        // The high bits: the maps inside use the low ones.
        let number = usize::try_from(self.shard_of.hash_one(key) >> 32).unwrap_or_default() % SHARDS;
        // No panic can leave a shard half-written: nothing in here calls foreign code.
        self.shards[number].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq> Shard<K> {
    fn take(&mut self, key: &K) -> Option<Window> {
        self.young.get(key).copied().or_else(|| self.old.remove(key))
    }

    fn put(&mut self, key: K, window: Window, now: Duration, windows: &Windows<K>) {
        let is_due = now.saturating_sub(self.turned_at) > windows.longest_period;
        if is_due || (self.young.len() >= windows.max_young && !self.young.contains_key(&key)) {
            self.old = mem::take(&mut self.young);
            self.turned_at = now;
        }
        self.young.insert(key, window);
    }
}

impl Window {
    /// Threads read the clock before they meet here, so a window may have opened a moment after `now`.
    fn is_open(&self, now: Duration) -> bool {
        now < self.closes_at
    }

    fn closes_in(&self, now: Duration) -> Duration {
        self.closes_at.saturating_sub(now)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::rate_limit::{LimitName, MAX_ADDRESS_WINDOWS, MAX_ORG_WINDOWS};

    const PERIOD: Duration = Duration::from_secs(10);

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    impl<K> Windows<K> {
        fn len(&self) -> usize {
            let len = |shard: &Mutex<Shard<K>>| {
                let shard = shard.lock().unwrap();
                shard.young.len() + shard.old.len()
            };
            self.shards.iter().map(len).sum()
        }
    }

    #[test]
    fn a_window_takes_its_quota_and_opens_again_when_its_period_has_passed() {
        let windows = Windows::new(1 << 10, PERIOD);
        let charge = |now| windows.charge("key", 2, PERIOD, now);
        let usage = |remaining, closes_in, is_admitted| Usage { remaining, closes_in, is_admitted };
        assert_eq!(charge(at(5_000)), usage(1, at(10_000), true));
        assert_eq!(charge(at(6_000)), usage(0, at(9_000), true));
        assert_eq!(charge(at(6_001)), usage(0, at(8_999), false));
        assert_eq!(charge(at(14_999)), usage(0, at(1), false));
        assert_eq!(charge(at(15_000)), usage(1, at(10_000), true));
    }

    #[test]
    fn refusals_do_not_prolong_a_window() {
        let windows = Windows::new(1 << 10, PERIOD);
        assert!(windows.charge("key", 1, PERIOD, at(0)).is_admitted);
        for now in 0..100 {
            assert!(!windows.charge("key", 1, PERIOD, at(now * 100)).is_admitted);
        }
        assert!(windows.charge("key", 1, PERIOD, at(10_000)).is_admitted);
    }

    #[test]
    fn a_window_that_opened_a_moment_after_the_clock_was_read_is_a_new_one() {
        let windows = Windows::new(1 << 10, PERIOD);
        windows.charge("key", 5, PERIOD, at(5_001));
        assert_eq!(windows.charge("key", 5, PERIOD, at(5_000)).closes_in, PERIOD);
    }

    #[test]
    fn an_open_window_outlives_the_turn_of_its_generation() {
        let windows = Windows::new(1 << 16, PERIOD);
        let admitted = |keys: std::ops::Range<u32>, now| {
            keys.filter(|key| windows.charge(*key, 1, PERIOD, at(now)).is_admitted).count()
        };
        assert_eq!(admitted(0..1_000, 9_000), 1_000);
        assert_eq!(admitted(1_000..2_000, 10_001), 1_000, "every shard turns");
        assert_eq!(admitted(0..1_000, 18_999), 0);
        assert_eq!(admitted(0..1_000, 19_000), 1_000);
    }

    #[test]
    fn no_number_of_keys_takes_more_than_the_room() {
        let windows = Windows::new(1 << 12, PERIOD);
        for key in 0..100_000 {
            windows.charge(key, 1, PERIOD, at(1));
        }
        assert!(windows.len() <= 1 << 12, "{}", windows.len());
        assert!(!windows.charge(99_999, 1, PERIOD, at(2)).is_admitted, "the latest keys are remembered");
    }

    /// As many orgs and as many addresses as a server may ever see.
    #[test]
    fn a_million_keys_take_no_more_memory_than_the_room() {
        fn bytes<K>(windows: &Windows<K>) -> usize {
            let capacity = |shard: &Mutex<Shard<K>>| {
                let shard = shard.lock().unwrap();
                shard.young.capacity() + shard.old.capacity()
            };
            windows.shards.iter().map(capacity).sum::<usize>() * (size_of::<(K, Window)>() + 1)
        }
        for (room, mebibytes) in [(MAX_ORG_WINDOWS, 128), (MAX_ADDRESS_WINDOWS, 32)] {
            let windows = Windows::new(room, PERIOD);
            for key in 0..1_000_000_u128 {
                windows.charge((LimitName::Validate, key), 1, PERIOD, at(1));
            }
            assert!(windows.len() <= room, "{} windows, and room for {room}", windows.len());
            assert!(bytes(&windows) < mebibytes << 20, "{} bytes for {room} windows", bytes(&windows));
            let latest = (LimitName::Validate, 999_999);
            assert!(!windows.charge(latest, 1, PERIOD, at(2)).is_admitted, "the latest are remembered");
        }
    }

    #[test]
    fn one_key_in_a_full_shard_turns_no_generation() {
        let windows = Windows::new(SHARDS * 2, PERIOD);
        for _ in 0..10 {
            windows.charge("key", 100, PERIOD, at(1));
        }
        assert_eq!(windows.charge("key", 100, PERIOD, at(1)).remaining, 89);
    }

    #[test]
    fn threads_that_ask_at_once_get_the_quota_and_no_more() {
        let windows = Windows::new(1 << 10, PERIOD);
        let admitted = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for now in 0..1_000 {
                        let usage = windows.charge("key", 777, PERIOD, at(now));
                        admitted.fetch_add(usage.is_admitted.into(), Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(admitted.into_inner(), 777);
    }
}
