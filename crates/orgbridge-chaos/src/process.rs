//! A replica as a process.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::Failure;

/// How long a start may take. The machine may be busy, and the database just be coming back.
const START_PATIENCE: Duration = Duration::from_secs(20);

/// A signal that a process can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Stop,
    Continue,
}

impl Signal {
    const fn name(self) -> &'static str {
        match self {
            Self::Stop => "STOP",
            Self::Continue => "CONT",
        }
    }
}

/// A process that serves. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Process {
    /// Starts a command and waits until it says where it listens. What it complains of is added to the file `log`.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Result<Self, Failure> {
        let log = File::options().create(true).append(true).open(log)?;
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn()?;
        let output = child.stdout.take();
        let (says, said) = mpsc::channel();
        thread::spawn(move || {
            let mut output = BufReader::new(output?);
            let mut line = String::new();
            output.read_line(&mut line).ok()?;
            says.send(line).ok()?;
            // The pipe stays open, so that nobody who writes to it is hurt.
            output.read_to_end(&mut Vec::new()).ok()
        });
        let line = said.recv_timeout(START_PATIENCE);
        let listens = line.as_deref().ok().and_then(|line| line.trim().strip_prefix("listening on http://"));
        if let Some(address) = listens.and_then(|address| address.parse().ok()) {
            return Ok(Self { child, address });
        }
        // It may have ended by itself.
        let _ = child.kill();
        let _ = child.wait();
        Err(format!("the server did not say where it listens, but {line:?}").into())
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) -> Result<(), Failure> {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", signal.name(), &id]).status()?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("kill -s {} {id}: {status}", signal.name()).into())
        }
    }

    /// Whether it has not ended by itself.
    pub(crate) fn is_alive(&mut self) -> Result<bool, Failure> {
        Ok(self.child.try_wait()?.is_none())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself, and nothing depends on it any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
