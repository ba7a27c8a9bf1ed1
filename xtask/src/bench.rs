//! Measuring. The measures are in `bench/`.

use std::path::PathBuf;
use std::process::Command;

use crate::shell::{Result, cargo, need, root, run_command, target};

/// Another server that decides, in the npm registry with its binary.
const PEER: &str = "@cerbos/cerbos-linux-x64";
const PEER_VERSION: &str = "0.55.0";

/// Builds what is measured and measures it. A quick run measures next to no other server that decides.
pub(crate) fn run(options: &[&str]) -> Result {
    let mut bench = built()?;
    bench.args(options);
    if !options.contains(&"--quick") && cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        bench.env("ORGBRIDGE_BENCH_CERBOS", peer()?);
    }
    run_command(&mut bench)
}

/// Attacks a server for a time, `--minutes N`, and fails where its memory goes on growing.
pub(crate) fn soak(options: &[&str]) -> Result {
    need(&["prlimit", "--version"], &["util-linux"])?;
    run_command(built()?.arg("soak").args(options))
}

/// The program that measures, built with the one that is measured.
fn built() -> Result<Command> {
    cargo(&["build", "--release", "--locked", "--package", "orgbridge", "--package", "orgbridge-bench"])?;
    let mut bench = Command::new(target().join("release").join("orgbridge-bench"));
    bench.current_dir(root());
    Ok(bench)
}

/// Where the peer's program is, installed if it was not there.
fn peer() -> Result<PathBuf> {
    need(&["npm", "--version"], &["npm"])?;
    let folder = target().join("bench");
    let program = folder.join("node_modules").join(PEER).join("cerbos-linux-x64");
    if !program.exists() {
        let package = format!("{PEER}@{PEER_VERSION}");
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"]);
        run_command(npm.arg(&folder).arg(package))?;
    }
    Ok(program)
}
