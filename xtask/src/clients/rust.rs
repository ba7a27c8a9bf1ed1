//! Rust, from crates.io, apart from the workspace.

use std::env;
use std::ffi::OsString;
use std::process::Command;

use super::{Client, Need, Readiness};
use crate::shell::{Result, run_command};

pub(super) const CLIENT: Client = Client {
    name: "rust",
    needs: &[Need {
        command_line: &["pkg-config", "--exists", "openssl"],
        packages: &["pkg-config", "libssl-dev"],
    }],
    prepare,
    command: |client| Command::new(client.workshop().join("debug/orgbridge-clients")),
    others: &[],
};

fn prepare(client: &Client) -> Result<Readiness> {
    let manifest = client.source().join("Cargo.toml");
    let mut build = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    build.args(["build", "--locked", "--manifest-path"]).arg(manifest);
    run_command(build.env("CARGO_TARGET_DIR", client.workshop()))?;
    Ok(Readiness::Ready)
}
