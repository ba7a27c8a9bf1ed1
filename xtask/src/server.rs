//! A server for the length of a chore.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::shell::{Result, release_binary, run};

/// A running server, which ends with this value.
pub(crate) struct Server {
    process: Child,
    pub(crate) url: String,
}

impl Server {
    /// Starts a server on a new database in `folder` that holds what `import` says, with `settings` in its
    /// environment.
    pub(crate) fn start(folder: &Path, import: &Path, settings: &[(&str, &str)]) -> Result<Self> {
        let database = format!("sqlite:{}", folder.join("ledger.db").display());
        run(release_binary(), &["import", &import.to_string_lossy(), "--database", &database, "--create"])?;
        let mut process = Command::new(release_binary())
            .args(["serve", "--database", &database])
            .env("ORGBRIDGE_LISTEN", "127.0.0.1:0")
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(output) = process.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        // From here on, dropping it ends the process.
        let server = Self { process, url: line.trim().replace("listening on ", "") };
        if server.url.starts_with("http") {
            Ok(server)
        } else {
            Err(format!("the server did not say where it listens, but {line:?}").into())
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, and nothing depends on it any more.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
