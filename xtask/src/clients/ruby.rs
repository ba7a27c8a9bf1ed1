//! Ruby, from its registry of gems, where that can be reached.

use std::fs;
use std::process::{Command, Stdio};

use super::{Client, Prepared};
use crate::shell::{Result, run_command};

pub(super) const CLIENT: Client = Client { name: "ruby", needs: &[], prepare };

const GEM: &str = "datadog_api_client";

/// How long the registry may take to say that it has the gem.
const TIMEOUT_SECONDS: &str = "20";

fn prepare(client: &Client) -> Result<Prepared> {
    if output("bundle", &["--version"]).is_none() {
        return Ok(Prepared::NotHere("there is no Ruby with Bundler".to_owned()));
    }
    // It succeeds also where it finds nothing or nobody.
    let question = [TIMEOUT_SECONDS, "gem", "search", "--remote", "--exact", GEM];
    if !output("timeout", &question).is_some_and(|answer| answer.contains(GEM)) {
        return Ok(Prepared::NotHere("RubyGems can't be reached".to_owned()));
    }
    // Bundler writes its lock file beside the Gemfile, so both are where nothing is kept.
    let workshop = client.workshop();
    fs::create_dir_all(&workshop)?;
    fs::copy(client.source().join("Gemfile"), workshop.join("Gemfile"))?;
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

/// What a command prints, if it can be run and succeeds.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
