//! Programs of cargo's that chores use, each in a fixed version.

use std::fs;
use std::path::PathBuf;

use crate::shell::{Result, cargo, target};

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
