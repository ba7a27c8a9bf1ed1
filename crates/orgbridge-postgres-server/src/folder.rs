//! The folder of a server, and who clears up after it.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use tempfile::TempDir;

use crate::ServerError;
use crate::programs::{Person, Programs};

/// Waits until whoever started it is gone, however they went, and then stops the server and removes its folder.
///
/// A server that is frozen has to go on before it can stop.
const CLEAR_UP: &str = r#"
read -r _
kill -s CONT "$(head -n 1 "$2/data/postmaster.pid")" 2>/dev/null
"$1" stop --silent --mode=immediate --pgdata="$2/data" >/dev/null 2>&1
rm -rf "$2"
"#;

/// A folder that nobody else can enter, gone when it is dropped or when the process ends.
#[derive(Debug)]
pub(crate) struct ServerFolder {
    path: PathBuf,
    keeper: Child,
}

impl ServerFolder {
    /// Makes a folder and says as whom to work in it.
    pub(crate) fn make(programs: &Programs) -> Result<(Self, Person), ServerError> {
        let folder = TempDir::with_prefix("postgres-")
            .map_err(|error| ServerError::new(format!("a folder: {error}")))?;
        let person = Person::beside(folder.path())?;
        programs.be_run_by(person)?;
        person.own(folder.path())?;
        let mut keeper = person.command(Path::new("/bin/sh"));
        keeper.args(["-c", CLEAR_UP, "keeper"]).arg(programs.of_server("pg_ctl")).arg(folder.path());
        // Out of the reach of what ends us by the keyboard.
        keeper.current_dir("/").process_group(0);
        keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let keeper = keeper.spawn().map_err(|error| ServerError::new(format!("{keeper:?}: {error}")))?;
        Ok((Self { path: folder.keep(), keeper }, person))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The files of the server.
    pub(crate) fn data(&self) -> PathBuf {
        self.path.join("data")
    }
}

impl Drop for ServerFolder {
    fn drop(&mut self) {
        // That its pipe is closed tells the keeper that we are gone.
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}
