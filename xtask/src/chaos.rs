//! Replicas under faults. What is done to them is in `crates/orgbridge-chaos/`.

use crate::postgres;
use crate::shell::{Result, cargo, need, release_binary};

/// Makes sure that servers can be started and clocks be moved.
pub(crate) fn need_tools() -> Result {
    postgres::need_programs()?;
    need(&["faketime", "--version"], &["faketime", "libfaketime"])
}

/// Builds the program and runs replicas of it under faults.
pub(crate) fn run(options: &[&str]) -> Result {
    need_tools()?;
    cargo(&["build", "--release", "--locked", "--package", "orgbridge"])?;
    let program = release_binary();
    let program = program.to_string_lossy();
    let base = ["run", "--quiet", "--locked", "--package", "orgbridge-chaos", "--", "--program", &program];
    cargo(&[&base, options].concat())
}
