//! Go, through the Go module proxy.

use std::process::Command;

use super::{Client, Need, Prepared};
use crate::shell::{Result, run_command};

pub(super) const CLIENT: Client = Client {
    name: "go",
    needs: &[Need { command_line: &["go", "version"], packages: &["golang"] }],
    prepare,
};

fn prepare(client: &Client) -> Result<Prepared> {
    let binary = client.workshop().join("org_connections");
    let mut build = Command::new("go");
    build.args(["build", "-o", &binary.to_string_lossy(), "."]).current_dir(client.source());
    run_command(&mut build)?;
    Ok(Prepared::Program(Command::new(binary)))
}
