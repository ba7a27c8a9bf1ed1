//! Measuring. The measures are in `bench/`.

use std::path::PathBuf;
use std::process::Command;

use crate::release;
use crate::shell::{Result, cargo, need, root, run_command, target};
use crate::tool::install_from_npm;

/// Another server that decides, in the npm registry with its binary.
const PEER: &str = "@cerbos/cerbos-linux-x64";
const PEER_VERSION: &str = "0.55.0";

/// Builds what is measured and measures it. A quick run says little of how fast it is: what is measured is built quickly, too,
/// and next to no other server that decides.
pub(crate) fn run(options: &[&str]) -> Result {
    let is_quick = options.contains(&"--quick");
    let mut bench = built(if is_quick { "release" } else { release::PROFILE })?;
    bench.args(options);
    if !is_quick && cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        bench.env("ORGBRIDGE_BENCH_CERBOS", peer()?);
    }
    run_command(&mut bench)
}

/// Attacks a server for a time, `--minutes N`, and fails where its memory goes on growing.
pub(crate) fn soak(options: &[&str]) -> Result {
    need(&["prlimit", "--version"], &["util-linux"])?;
    run_command(built("release")?.arg("soak").args(options))
}

/// The program that measures, built with the one that is measured.
fn built(profile: &str) -> Result<Command> {
    let base = ["build", "--locked", "--package", "orgbridge", "--package", "orgbridge-bench", "--profile"];
    cargo(&[&base[..], &[profile]].concat())?;
    let mut bench = Command::new(target().join(profile).join("orgbridge-bench"));
    bench.current_dir(root());
    Ok(bench)
}

/// Where the peer's program is, installed if it was not there.
fn peer() -> Result<PathBuf> {
    let folder = target().join("bench");
    let program = folder.join("node_modules").join(PEER).join("cerbos-linux-x64");
    if !program.exists() {
        install_from_npm(&folder, PEER, PEER_VERSION)?;
    }
    Ok(program)
}
