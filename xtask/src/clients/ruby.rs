//! Ruby, from its registry of gems, where that can be reached.

use std::process::{Command, Stdio};

use super::{Client, Readiness};
use crate::shell::{Result, run};

pub(super) const CLIENT: Client = Client { name: "ruby", needs: &[], prepare, command, others: &[] };

const GEM: &str = "datadog_api_client";

/// The newest is taken of those that promise to be compatible with this one.
const VERSION: &str = "~> 2.38";

/// How long the registry may take to say that it has the gem.
const TIMEOUT_SECONDS: &str = "20";

fn prepare(client: &Client) -> Result<Readiness> {
    if output("gem", &["--version"]).is_none() {
        return Ok(Readiness::NotHere("there is no Ruby"));
    }
    // It succeeds also where it finds nothing or nobody.
    let question = [TIMEOUT_SECONDS, "gem", "search", "--remote", "--exact", GEM];
    if !output("timeout", &question).is_some_and(|answer| answer.contains(GEM)) {
        return Ok(Readiness::NotHere("RubyGems can't be reached"));
    }
    let install = ["install", GEM, "--version", VERSION, "--no-document", "--conservative", "--install-dir"];
    run("gem", &[&install[..], &[&client.workshop().to_string_lossy()]].concat())?;
    Ok(Readiness::Ready)
}

fn command(client: &Client) -> Command {
    let gems = client.workshop();
    let mut program = Command::new("ruby");
    program.arg(client.source().join("org_connections.rb"));
    program.env("GEM_HOME", &gems).env("GEM_PATH", &gems);
    program
}

/// What a command prints, if it can be run and succeeds.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
