//! Go, through the Go module proxy.

use std::path::PathBuf;
use std::process::Command;

use super::{Client, Need, Readiness};
use crate::shell::{Result, run_command};

pub(super) const CLIENT: Client = Client {
    name: "go",
    needs: &[Need { command_line: &["go", "version"], packages: &["golang"] }],
    prepare,
    command: |client| Command::new(binary(client)),
    others: &[],
};

fn prepare(client: &Client) -> Result<Readiness> {
    let mut build = Command::new("go");
    build.args(["build", "-o"]).arg(binary(client)).arg(".").current_dir(client.source());
    run_command(&mut build)?;
    Ok(Readiness::Ready)
}

fn binary(client: &Client) -> PathBuf {
    client.workshop().join("org_connections")
}
