//! What we build upon: the licences, sources and versions of the crates that we use, and what is known against them.
//! `deny.toml` says what is allowed, and why.

use std::path::Path;

use crate::shell::{Result, run, works};
use crate::tool::Tool;

const DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2" };

/// Where holes in crates are made known.
const ADVISORIES: &str = "https://github.com/rustsec/advisory-db";

/// Holds every crate that we use to `deny.toml`, and to the known advisories where they can be read from here.
pub(crate) fn check() -> Result {
    let deny = DENY.installed()?;
    check_one(&deny, &["bans", "licenses", "sources"])?;
    if is_reachable() {
        return check_one(&deny, &["advisories"]);
    }
    println!(
        "\n*** NOT CHECKED: whether anything is known against the crates that we use. ***\n\
         *** {ADVISORIES} can't be reached from here. ***\n\
         *** Where it can, `cargo xtask supply-chain --advisories` checks it or fails. ***\n"
    );
    Ok(())
}

/// Checks the advisories, and fails where they can't be had.
pub(crate) fn check_advisories() -> Result {
    if !is_reachable() {
        return Err(format!("{ADVISORIES} has to be reachable, and is not").into());
    }
    check_one(&DENY.installed()?, &["advisories"])
}

fn check_one(deny: &Path, checks: &[&str]) -> Result {
    run(deny, &[&["--locked", "--workspace", "check", "--deny", "warnings"], checks].concat())
}

fn is_reachable() -> bool {
    works(&["timeout", "20", "git", "ls-remote", "--exit-code", ADVISORIES, "HEAD"])
}
