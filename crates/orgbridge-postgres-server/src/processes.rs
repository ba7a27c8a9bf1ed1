//! The processes of a server, and what they are told.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::ServerError;
use crate::programs::{at, run};

/// The first process of the server whose files are in `data`.
pub(crate) fn first_of(data: &Path) -> Result<u32, ServerError> {
    let path = data.join("postmaster.pid");
    let text = fs::read_to_string(&path).map_err(|error| at(&path, &error))?;
    let first = text.lines().next().and_then(|line| line.trim().parse().ok());
    first.ok_or_else(|| ServerError::new(format!("{}: no process is named", path.display())))
}

/// A process and those that it has started.
pub(crate) fn family(first: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    std::iter::once(first).chain(ids.filter(|id| parent_of(*id) == Some(first))).collect()
}

fn parent_of(id: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name of the program stands in brackets and may hold any characters.
    let (_, rest) = stat.rsplit_once(") ")?;
    rest.split(' ').nth(1)?.parse().ok()
}

/// Whether a process is there and has not ended.
pub(crate) fn is_alive(id: u32) -> bool {
    fs::read_to_string(format!("/proc/{id}/stat"))
        .is_ok_and(|stat| stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X'])))
}

/// Sends a signal to processes, some of which may be gone.
pub(crate) fn signal(name: &str, processes: &[u32]) -> Result<(), ServerError> {
    for process in processes.iter().filter(|process| is_alive(**process)) {
        let sent = run(Command::new("/bin/sh").args([
            "-c",
            "kill -s \"$1\" \"$2\"",
            "kill",
            name,
            &process.to_string(),
        ]));
        if is_alive(*process) {
            sent?;
        }
    }
    Ok(())
}
