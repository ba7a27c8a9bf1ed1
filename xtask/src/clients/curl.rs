//! curl, which needs no preparation.

use std::process::Command;

use super::{Client, Need, Prepared};

pub(super) const CLIENT: Client = Client {
    name: "curl",
    needs: &[Need { command_line: &["curl", "--version"], packages: &["curl"] }],
    prepare: |client| Ok(Prepared::Program(Command::new(client.source().join("org_connections.sh")))),
};
