//! Names that are kept once, for as long as the process lives, so that a pointer stands for each.

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};

/// Names that an operator, a file of theirs or the ledger gives, and never a stranger.
pub(crate) struct KeptNames(RwLock<BTreeSet<&'static str>>);

impl KeptNames {
    pub(crate) const fn new() -> Self {
        Self(RwLock::new(BTreeSet::new()))
    }

    /// The one copy of `name`.
    pub(crate) fn keep(&self, name: &str) -> &'static str {
        // Nothing in here panics half-way, so that a poisoned lock protects names as whole as any.
        if let Some(known) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return known;
        }
        let mut names = self.0.write().unwrap_or_else(PoisonError::into_inner);
        // Somebody else may have come first.
        if let Some(known) = names.get(name) {
            return known;
        }
        let new: &'static str = Box::leak(name.into());
        names.insert(new);
        new
    }
}
