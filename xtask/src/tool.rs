//! Programs of cargo's that chores use, each in a fixed version.

use std::path::PathBuf;
use std::process::Command;

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
        if !self.is(&program) {
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

    /// Whether it is there, in this version.
    fn is(&self, program: &PathBuf) -> bool {
        let said = Command::new(program).arg("--version").output();
        let version = said.map(|said| String::from_utf8_lossy(&said.stdout).trim_end().to_owned());
        version.is_ok_and(|version| version.ends_with(&format!(" {}", self.version)))
    }
}
