//! Our pages in a real browser, used as people do.

use std::fs;
use std::process::Command;

use crate::clients::story;
use crate::server::Server;
use crate::shell::{Result, cargo, need, root, run_command, target};

/// Everything that the program and npm read. npm wants its modules beside it, so they get a copy.
const FILES: [&str; 4] = [".npmrc", "package-lock.json", "package.json", "pages.mjs"];

/// Runs `browser/pages.mjs` against a server of its own.
///
/// # Errors
/// If a page is not as it should be.
pub(crate) fn run() -> Result {
    need(&["node", "--version"], &["nodejs"])?;
    need(&["npm", "--version"], &["npm"])?;
    need(&["chromium", "--version"], &["chromium"])?;
    cargo(&["build", "--release", "--locked", "--package", "orgbridge"])?;
    let workshop = target().join("browser");
    fs::create_dir_all(&workshop)?;
    for file in FILES {
        fs::copy(root().join("browser").join(file), workshop.join(file))?;
    }
    let install = ["ci", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];
    run_command(Command::new("npm").args(install).current_dir(&workshop))?;

    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), &root().join("clients/organizations.yaml"), &[])?;
    let mut program = Command::new("node");
    program.arg(workshop.join("pages.mjs")).envs(story::ENVIRONMENT).env("ORGBRIDGE_URL", &server.url);
    run_command(&mut program)
}
