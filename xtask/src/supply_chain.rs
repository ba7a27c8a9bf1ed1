//! What we build upon: the licences, sources and versions of the crates that we use, and what is known against them.
//! `deny.toml` says what is allowed, and why.

use std::path::Path;

use crate::shell::{Result, run};
use crate::tool::Tool;

const DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2" };

/// Where holes in crates are made known.
const ADVISORIES: &str = "https://github.com/rustsec/advisory-db";

/// Builds what the checks are made with.
pub(crate) fn prepare() -> Result {
    DENY.installed().map(drop)
}

/// Holds every crate that we use to `deny.toml`. What is known against them is kept outside the registry, so that is a
/// check of its own.
pub(crate) fn check() -> Result {
    check_one(&DENY.installed()?, &["bans", "licenses", "sources"])?;
    println!(
        "\n*** NOT CHECKED: whether anything is known against the crates that we use. ***\n\
         *** `cargo xtask supply-chain --advisories` checks that, where {ADVISORIES} can be read. ***\n"
    );
    Ok(())
}

/// Holds them to the known advisories, and fails where those can't be had.
pub(crate) fn check_advisories() -> Result {
    check_one(&DENY.installed()?, &["advisories"])
}

fn check_one(deny: &Path, checks: &[&str]) -> Result {
    run(deny, &[&["--locked", "--workspace", "check", "--deny", "warnings"], checks].concat())
}
