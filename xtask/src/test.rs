//! All that a change must pass.

use std::path::PathBuf;

use crate::beside::Beside;
use crate::shell::{Result, cargo, need, release_binary, run, target};
use crate::{bench, browser, chaos, clients, conformance, hosts, readme, supply_chain};

/// Runs every suite, the quick ones first. Stops at the first that fails.
pub(crate) fn everything() -> Result {
    need(&["cc", "--version"], &["gcc", "libc6-dev"])?;
    need(&["curl", "--version"], &["curl"])?;
    need(&["prlimit", "--version"], &["util-linux"])?;
    need(&["setpriv", "--version"], &["util-linux"])?;
    need(&["redis-server", "--version"], &["redis-server"])?;
    chaos::need_tools()?;

    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["fmt", "--check", "--manifest-path", "clients/rust/Cargo.toml"])?;
    cargo(&["fmt", "--check", "--manifest-path", "fuzz/Cargo.toml"])?;
    cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])?;
    cargo(&["test", "--workspace", "--locked", "--no-run"])?;
    let beside = Beside::begin();
    cargo(&["test", "--workspace", "--locked"])?;
    // Always the same inputs, so that a change is judged by itself; other seeds are for `cargo xtask fuzz`.
    run(built_with_tests("orgbridge-fuzz"), &["--seconds", "30", "--seed", "1"])?;

    cargo(&["build", "--release", "--locked", "--package", "orgbridge"])?;
    demo()?;
    // Each kind of fault comes first once. More runs are among the tests: some two dozen in all.
    let program = release_binary();
    run(built_with_tests("orgbridge-chaos"), &["--program", &program.to_string_lossy(), "--runs", "12"])?;
    beside.end()?;
    supply_chain::check()?;
    clients::run(None)?;
    browser::run()?;
    hosts::run_all()?;
    conformance::run(&[])?;
    readme::run()?;
    bench::soak(&["--minutes", "2"])?;
    bench::run(&["--quick"])?;
    println!("all suites passed");
    Ok(())
}

/// A program that has come of building its tests. By itself it would be built anew, since fewer features are asked of what
/// it depends upon.
fn built_with_tests(name: &str) -> PathBuf {
    target().join("debug").join(name)
}

/// The demonstration, twice in the same folder: the second start finds what the first one left.
fn demo() -> Result {
    let folder = tempfile::tempdir()?;
    let directory = folder.path().to_string_lossy();
    for _ in 0..2 {
        run(release_binary(), &["demo", "--once", "--directory", &directory])?;
    }
    Ok(())
}
