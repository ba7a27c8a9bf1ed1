//! curl, which needs no preparation.

use std::process::Command;

use super::{Client, Need, Readiness};

pub(super) const CLIENT: Client = Client {
    name: "curl",
    needs: &[Need { command_line: &["curl", "--version"], packages: &["curl"] }],
    prepare: |_| Ok(Readiness::Ready),
    command: |client| Command::new(client.source().join("org_connections.sh")),
    others: &[],
};
