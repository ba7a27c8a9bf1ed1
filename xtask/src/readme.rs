//! The commands of the README, run as a reader would run them.

use std::fs;
use std::process::Command;

use orgbridge_postgres_server::PostgresServer;

use crate::postgres;
use crate::shell::{Result, cargo, release_binary, root, run_command};

/// Commands that a block may hold which other suites run: they don't end, or take minutes.
const RUN_ELSEWHERE: [&str; 3] = ["cargo run --release -- demo", "cargo xtask test", "cargo xtask bench"];

/// Runs every `sh` block of the README, in order, in one shell in an empty folder. `orgbridge` is on its path, and `LEDGER` is
/// the address of an empty database of PostgreSQL.
pub(crate) fn run() -> Result {
    cargo(&["build", "--release", "--locked", "--package", "orgbridge"])?;
    let readme = fs::read_to_string(root().join("README.md"))?;
    let script: String = blocks(&readme)
        .flat_map(str::lines)
        .filter(|line| !RUN_ELSEWHERE.contains(line))
        .flat_map(|line| [line, "\n"])
        .collect();
    postgres::need_programs()?;
    let server = PostgresServer::start()?;
    let database = server.database()?;
    let folder = tempfile::tempdir()?;
    let binary = release_binary();
    let path = binary.parent().map(|folder| folder.to_string_lossy().into_owned()).unwrap_or_default();
    let path = format!("{path}:{}", std::env::var("PATH").unwrap_or_default());
    // Whatever the tour left running ends with it.
    let script = format!("set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n{script}");
    let mut bash = Command::new("bash");
    bash.args(["-c", &script]).env("PATH", path).env("LEDGER", database.address_by_port());
    run_command(bash.current_dir(folder.path()))
}

/// What stands between "```sh" and "```".
fn blocks(text: &str) -> impl Iterator<Item = &str> {
    text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next())
}
