//! TypeScript on Node.js, from the npm registry.

use std::fs;
use std::process::Command;

use super::{Client, Need, Readiness};
use crate::shell::{Result, run_command};

pub(super) const CLIENT: Client = Client {
    name: "typescript",
    needs: &[
        Need { command_line: &["node", "--version"], packages: &["nodejs"] },
        Need { command_line: &["npm", "--version"], packages: &["npm"] },
    ],
    prepare,
    command: |client| {
        let mut program = Command::new("node");
        program.arg(client.workshop().join("org_connections.js"));
        program
    },
    others: &[],
};

/// Everything that npm and the compiler read. They want their modules beside it, so they get a copy.
const FILES: [&str; 5] =
    [".npmrc", "org_connections.ts", "package-lock.json", "package.json", "tsconfig.json"];

fn prepare(client: &Client) -> Result<Readiness> {
    let workshop = client.workshop();
    fs::create_dir_all(&workshop)?;
    for file in FILES {
        fs::copy(client.source().join(file), workshop.join(file))?;
    }
    let install = ["ci", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];
    run_command(Command::new("npm").args(install).current_dir(&workshop))?;
    run_command(Command::new(workshop.join("node_modules/.bin/tsc")).current_dir(&workshop))?;
    Ok(Readiness::Ready)
}
