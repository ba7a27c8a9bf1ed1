//! Programs that chores use, each in a fixed version.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell::{Result, cargo, need, run_command, target};

/// A program from crates.io.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
}

impl Tool {
    /// Where the program is. It is built the first time, with the dependencies that its authors tested it with.
    pub(crate) fn installed(&self) -> Result<PathBuf> {
        let Self { name, version } = self;
        let folder = target().join("tools");
        let program = folder.join("bin").join(name);
        // Cargo's own record of what it has installed there.
        let record = fs::read_to_string(folder.join(".crates.toml")).unwrap_or_default();
        if !record.contains(&format!("\"{name} {version} (")) || !program.is_file() {
            let folder = folder.to_string_lossy();
            // Quick to build counts for more than quick to run.
            cargo(&[
                "install",
                name,
                "--version",
                version,
                "--locked",
                "--debug",
                "--force",
                "--root",
                &folder,
            ])?;
        }
        Ok(program)
    }
}

/// Puts a package of npm's into a folder, and runs nothing that comes with it.
pub(crate) fn install_from_npm(folder: &Path, package: &str, version: &str) -> Result {
    need(&["npm", "--version"], &["npm"])?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"]);
    run_command(npm.arg(folder).arg(format!("{package}@{version}")))
}
