//! The programs in `clients/`, against a live server.

mod curl;
mod go;
mod java;
mod python;
mod ruby;
mod rust;
pub(crate) mod story;
mod typescript;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use crate::shell::{Result, cargo, need, root, target};

/// Every client, from the quickest to prepare to the slowest.
static CLIENTS: [Client; 7] =
    [curl::CLIENT, python::CLIENT, ruby::CLIENT, typescript::CLIENT, java::CLIENT, go::CLIENT, rust::CLIENT];

/// The clients that were prepared, by name.
static PREPARED: Mutex<BTreeMap<&str, Readiness>> = Mutex::new(BTreeMap::new());

/// A program of ours on one client, and what it takes to run it.
pub(crate) struct Client {
    /// Its name and that of its folder.
    pub(crate) name: &'static str,
    /// What has to be installed.
    needs: &'static [Need],
    /// Builds the program. Whatever it has to fetch, it fetches here.
    prepare: fn(&Client) -> Result<Readiness>,
    /// The command that runs it, once it is prepared.
    command: fn(&Client) -> Command,
    /// Programs beside it, in the same folder.
    others: &'static [&'static str],
}

/// A command line that has to work, and Debian's packages that make it work.
struct Need {
    command_line: &'static [&'static str],
    packages: &'static [&'static str],
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Readiness {
    Ready,
    /// It can't be had on this machine, which says nothing about Orgbridge.
    NotHere(&'static str),
}

/// The client of that name.
pub(crate) fn named(name: &str) -> Result<&'static Client> {
    CLIENTS.iter().find(|client| client.name == name).ok_or_else(|| {
        let known = CLIENTS.each_ref().map(|client| client.name).join(", ");
        format!("expected one of {known}, got {name:?}").into()
    })
}

/// Runs every client program, or the one of that name, and says how each went.
///
/// # Errors
/// If one failed, or could not be run although it has to.
pub(crate) fn run(name: Option<&str>) -> Result {
    let chosen: Vec<&Client> = match name {
        Some(name) => vec![named(name)?],
        None => CLIENTS.iter().collect(),
    };
    cargo(&["build", "--release", "--locked", "--package", "orgbridge"])?;
    let outcomes: Vec<_> = chosen.iter().map(|client| (client.name, client.run())).collect();
    println!("== summary");
    for (name, outcome) in &outcomes {
        match outcome {
            Ok(outcome) => println!("{name}: {outcome}"),
            Err(problem) => println!("{name}: failed: {problem}"),
        }
    }
    let failed: Vec<_> =
        outcomes.iter().filter(|(_, outcome)| outcome.is_err()).map(|(name, _)| *name).collect();
    if failed.is_empty() { Ok(()) } else { Err(format!("clients failed: {}", failed.join(", ")).into()) }
}

/// Prepares every client that can be had here.
///
/// # Errors
/// If one that has to be had can't be.
pub(crate) fn prepare_all() -> Result {
    all_prepared().map(drop)
}

/// The same, and returns them.
///
/// # Errors
/// If one that has to be had can't be.
pub(crate) fn all_prepared() -> Result<Vec<&'static Client>> {
    let mut ready = Vec::new();
    for client in &CLIENTS {
        match client.prepare()? {
            Readiness::Ready => ready.push(client),
            Readiness::NotHere(reason) => println!("{}: not run here: {reason}", client.name),
        }
    }
    Ok(ready)
}

impl Client {
    /// The command that runs the program, once it is prepared.
    pub(crate) fn command(&self) -> Command {
        (self.command)(self)
    }

    /// Where its source is.
    fn source(&self) -> PathBuf {
        root().join("clients").join(self.name)
    }

    /// Where it is built. Nothing is left beside the source.
    fn workshop(&self) -> PathBuf {
        target().join("clients").join(self.name)
    }

    /// Makes the program ready to run, once in a process.
    fn prepare(&self) -> Result<Readiness> {
        println!("== {}", self.name);
        let known = || PREPARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(readiness) = known().get(self.name) {
            return Ok(*readiness);
        }
        for needed in self.needs {
            need(needed.command_line, needed.packages)?;
        }
        let readiness = (self.prepare)(self)?;
        known().insert(self.name, readiness);
        Ok(readiness)
    }

    fn run(&self) -> Result<String> {
        match self.prepare()? {
            Readiness::Ready => {
                story::run(self)?;
                self.others.iter().try_for_each(|name| story::run_other(self, name))?;
                Ok("passed".to_owned())
            }
            Readiness::NotHere(reason) => Ok(format!("not run here: {reason}")),
        }
    }
}
