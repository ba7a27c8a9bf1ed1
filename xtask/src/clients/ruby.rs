//! Ruby, from its registry of gems, where that can be reached.

use std::process::{Command, Stdio};

use super::{Client, Prepared};
use crate::shell::{Result, run_command};

pub(super) const CLIENT: Client = Client { name: "ruby", needs: &[], prepare };

/// How long the registry may take to say that it has the gem.
const TIMEOUT_SECONDS: &str = "20";

fn prepare(client: &Client) -> Result<Prepared> {
    if !works(Command::new("bundle").arg("--version")) {
        return Ok(Prepared::NotHere("there is no Ruby with Bundler".to_owned()));
    }
    let question = ["gem", "search", "--remote", "--exact", "datadog_api_client"];
    if !works(Command::new("timeout").arg(TIMEOUT_SECONDS).args(question)) {
        return Ok(Prepared::NotHere("RubyGems can't be reached".to_owned()));
    }
    // Bundler writes its lock file beside the Gemfile, so both are where nothing is kept.
    let workshop = client.workshop();
    std::fs::create_dir_all(&workshop)?;
    std::fs::copy(client.source().join("Gemfile"), workshop.join("Gemfile"))?;
    let bundle = |arguments: &[&str]| {
        let mut command = Command::new("bundle");
        command.args(arguments);
        command.env("BUNDLE_GEMFILE", workshop.join("Gemfile"));
        command.env("BUNDLE_PATH", workshop.join("gems"));
        command
    };
    run_command(&mut bundle(&["install", "--quiet"]))?;
    let script = client.source().join("org_connections.rb");
    Ok(Prepared::Program(bundle(&["exec", "ruby", &script.to_string_lossy()])))
}

/// Whether a command can be run, and succeeds.
fn works(command: &mut Command) -> bool {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
