//! Fuzzing on stable: seeds, and inputs like them, for a time.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::mutate::mutated;
use crate::{Target, seeds};

/// An input for which something does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The input.
    pub input: Vec<u8>,
    /// What the panic said.
    pub what: String,
}

/// Tries every seed of a target, and then inputs like them until `time` is over. Returns how many it tried.
///
/// # Errors
/// The first [`Finding`].
pub fn run(target: &Target, time: Duration, seed: u64) -> Result<u64, Finding> {
    let mut prepared = (target.prepare)();
    let mut attempt = |input: &[u8]| {
        panic::catch_unwind(AssertUnwindSafe(|| prepared(input)))
            .map_err(|panic| Finding { input: input.to_vec(), what: said(&*panic) })
    };
    let seeds: Vec<_> = seeds(target).into_iter().map(|(_, seed)| seed).collect();
    let mut tried = 0;
    for seed in &seeds {
        attempt(seed)?;
        tried += 1;
    }
    let mut random = Rng::with_seed(seed);
    let begin = Instant::now();
    while begin.elapsed() < time {
        attempt(&mutated(&seeds, &mut random))?;
        tried += 1;
    }
    Ok(tried)
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("something that is no text").to_owned()
}
