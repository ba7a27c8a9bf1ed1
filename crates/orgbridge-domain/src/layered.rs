//! Maps that are quick to read at any size, and yet persistent: a copy costs next to nothing, and a copy that
//! is altered leaves the original as it was.
//!
//! A map has two layers. The lower one is an ordinary hash map behind a shared pointer. While nothing else
//! shares it, as when everything is read from storage, it is altered in place. From the first copy on it
//! stays as it is, and whatever differs from it is kept in the upper layer, a persistent map.
//!
//! A persistent map alone would do the same. But among millions of keys it follows five pointers for each
//! look-up, every one of them to memory that no cache holds, and fills its nodes by half.
//!
//! Nothing moves keys from the upper layer to the lower one while a process runs: with every key altered, a
//! look-up costs what it would in a persistent map alone.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use foldhash::fast::RandomState;
use imbl::shared_ptr::DefaultSharedPtr;

/// Keys are UUIDs and digests, some of which strangers choose; the hasher is seeded at random.
type Persistent<K, V> = imbl::GenericHashMap<K, V, RandomState, DefaultSharedPtr>;

/// A map from `K` to `V`.
#[derive(Debug, Clone)]
pub(crate) struct LayeredMap<K, V> {
    lower: Arc<HashMap<K, V, RandomState>>,
    /// The keys whose values are not those of the lower layer; `None` for a key that is gone.
    upper: Persistent<K, Option<V>>,
    len: usize,
}

impl<K, V> Default for LayeredMap<K, V> {
    fn default() -> Self {
        Self { lower: Arc::default(), upper: Persistent::default(), len: 0 }
    }
}

impl<K: Clone + Eq + Hash, V: Clone> LayeredMap<K, V> {
    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The value of `key`.
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        match self.upper.get(key) {
            Some(changed) => changed.as_ref(),
            None => self.lower.get(key),
        }
    }

    /// Whether there is such a key.
    pub(crate) fn contains_key(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    /// Every value, in no order.
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        let unchanged = self.lower.iter().filter(|(key, _)| !self.upper.contains_key(*key));
        unchanged.map(|(_, value)| value).chain(self.upper.values().flatten())
    }

    /// Gives `key` a value.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        let was_there = match self.unshared() {
            Some(lower) => lower.insert(key, value).is_some(),
            None => match self.upper.insert(key.clone(), Some(value)) {
                Some(changed) => changed.is_some(),
                None => self.lower.contains_key(&key),
            },
        };
        self.len += usize::from(!was_there);
    }

    /// Alters the value of `key`, which is the default where there is none.
    pub(crate) fn alter<T>(&mut self, key: K, alter: impl FnOnce(&mut V) -> T) -> T
    where
        V: Default,
    {
        if let Some(lower) = self.unshared() {
            // One look-up where there are most: while everything is read from storage.
            let known = lower.len();
            let altered = alter(lower.entry(key).or_default());
            let added = lower.len() - known;
            self.len += added;
            return altered;
        }
        // Taken out, it is shared with fewer, and so may be altered in place.
        let mut value = self.remove(&key).unwrap_or_default();
        let altered = alter(&mut value);
        self.insert(key, value);
        altered
    }

    /// Makes room for `additional` keys more, so that the map grows once while everything is read from storage.
    pub(crate) fn reserve(&mut self, additional: usize) {
        if let Some(lower) = self.unshared() {
            lower.reserve(additional);
        }
    }

    /// Takes `key` out, and returns its value.
    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let value = if let Some(lower) = self.unshared() {
            lower.remove(key)?
        } else {
            let value = self.get(key)?.clone();
            if self.lower.contains_key(key) {
                self.upper.insert(key.clone(), None);
            } else {
                self.upper.remove(key);
            }
            value
        };
        self.len -= 1;
        Some(value)
    }

    /// The lower layer, if it may be altered: no copy shares it, and nothing lies above it.
    fn unshared(&mut self) -> Option<&mut HashMap<K, V, RandomState>> {
        if self.upper.is_empty() { Arc::get_mut(&mut self.lower) } else { None }
    }
}

/// The members of each of many parents, in order. A change copies the group, so it is meant for groups of up
/// to some ten thousands.
#[derive(Debug, Clone)]
pub(crate) struct Groups<P, M>(LayeredMap<P, Arc<Vec<M>>>);

impl<P, M> Default for Groups<P, M> {
    fn default() -> Self {
        Self(LayeredMap::default())
    }
}

impl<P: Clone + Eq + Hash, M: Clone + Ord> Groups<P, M> {
    /// The members of `parent`, in order.
    pub(crate) fn of(&self, parent: &P) -> &[M] {
        self.0.get(parent).map_or(&[], |members| members)
    }

    /// Puts `member` among those of `parent`, unless it is there.
    pub(crate) fn insert(&mut self, parent: P, member: M) {
        self.0.alter(parent, |members| {
            if let Err(place) = members.binary_search(&member) {
                Arc::make_mut(members).insert(place, member);
            }
        });
    }

    /// Makes room for `additional` parents more.
    pub(crate) fn reserve(&mut self, additional: usize) {
        self.0.reserve(additional);
    }

    /// Takes `member` from among those of `parent`, if it is there.
    pub(crate) fn remove(&mut self, parent: &P, member: &M) {
        let Some(mut members) = self.0.remove(parent) else { return };
        if let Ok(place) = members.binary_search(member) {
            Arc::make_mut(&mut members).remove(place);
        }
        if !members.is_empty() {
            self.0.insert(parent.clone(), members);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone, Copy)]
    enum Step {
        Insert(u8, u8),
        Remove(u8),
        Copy,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            4 => (0..16_u8, any::<u8>()).prop_map(|(key, value)| Step::Insert(key, value)),
            3 => (0..16_u8).prop_map(Step::Remove),
            1 => Just(Step::Copy),
        ];
        proptest::collection::vec(step, 0..64)
    }

    /// A map and what it should hold, at some moment.
    type Moment = (LayeredMap<u8, u8>, HashMap<u8, u8>);

    fn agree((map, model): &Moment) {
        assert_eq!(map.len(), model.len());
        for key in 0..16 {
            assert_eq!(map.get(&key), model.get(&key), "key {key}");
            assert_eq!(map.contains_key(&key), model.contains_key(&key), "key {key}");
        }
        let sorted =
            |values: Vec<&u8>| values.into_iter().copied().collect::<std::collections::BTreeSet<_>>();
        assert_eq!(map.values().count(), model.len());
        assert_eq!(sorted(map.values().collect()), sorted(model.values().collect()));
    }

    proptest! {
        #[test]
        fn a_map_and_each_copy_of_it_hold_what_they_should(steps in steps()) {
            let mut now = Moment::default();
            let mut copies = Vec::new();
            for step in steps {
                match step {
                    Step::Insert(key, value) => {
                        now.0.insert(key, value);
                        now.1.insert(key, value);
                    }
                    Step::Remove(key) => prop_assert_eq!(now.0.remove(&key), now.1.remove(&key)),
                    Step::Copy => copies.push(now.clone()),
                }
                agree(&now);
            }
            copies.iter().for_each(agree);
        }

        #[test]
        fn a_group_is_in_order_and_leaves_its_copies_alone(members in proptest::collection::vec(any::<u8>(), 0..32)) {
            let mut groups = Groups::default();
            for member in &members {
                groups.insert("parent", *member);
            }
            let model: std::collections::BTreeSet<u8> = members.iter().copied().collect();
            let before = groups.clone();
            for member in &members {
                groups.remove(&"parent", member);
            }
            prop_assert!(groups.of(&"parent").is_empty());
            prop_assert!(before.of(&"parent").iter().eq(&model));
        }
    }
}
