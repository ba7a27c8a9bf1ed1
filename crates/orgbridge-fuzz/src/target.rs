//! What is fuzzed.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;

use crate::TARGETS;

/// Something that is fuzzed.
pub struct Target {
    /// What it is called, and the folder of its seeds.
    pub name: &'static str,
    /// What it takes.
    pub about: &'static str,
    /// Prepares what all its inputs share.
    pub(crate) prepare: fn() -> Prepared,
}

/// Tries one input, and panics where something does not hold.
pub(crate) type Prepared = Box<dyn FnMut(&[u8])>;

impl fmt::Debug for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Target").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The target that is called so.
pub fn named(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// Tries one input of the target that is called so. What inputs share is prepared once for each thread.
pub fn fuzz(name: &str, bytes: &[u8]) {
    thread_local! {
        static PREPARED: RefCell<HashMap<String, Prepared>> = RefCell::default();
    }
    PREPARED.with_borrow_mut(|prepared| {
        let prepare = || (named(name).expect("a target of this name").prepare)();
        prepared.entry(name.to_owned()).or_insert_with(prepare)(bytes);
    });
}
