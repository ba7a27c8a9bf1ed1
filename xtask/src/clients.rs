//! The programs in `clients/`, against a live server.

mod curl;
mod go;
mod java;
mod python;
mod ruby;
mod rust;
mod story;
mod typescript;

use std::path::PathBuf;
use std::process::Command;

use crate::shell::{Result, cargo, need, root, target};

/// Every client, from the quickest to prepare to the slowest.
const CLIENTS: [Client; 7] =
    [curl::CLIENT, python::CLIENT, ruby::CLIENT, typescript::CLIENT, java::CLIENT, go::CLIENT, rust::CLIENT];

/// A program of ours on one client, and what it takes to run it.
struct Client {
    /// Its name and that of its folder.
    name: &'static str,
    /// What has to be installed.
    needs: &'static [Need],
    /// Builds the program and gives the command that runs it.
    prepare: fn(&Client) -> Result<Prepared>,
}

/// A command line that has to work, and Debian's packages that make it work.
struct Need {
    command_line: &'static [&'static str],
    packages: &'static [&'static str],
}

enum Prepared {
    Program(Command),
    /// It can't be had on this machine, which says nothing about Orgbridge.
    NotHere(String),
}

impl Client {
    /// Where its source is.
    fn source(&self) -> PathBuf {
        root().join("clients").join(self.name)
    }

    /// Where it is built. Nothing is left beside the source.
    fn workshop(&self) -> PathBuf {
        target().join("clients").join(self.name)
    }

    fn run(&self) -> Result<Outcome> {
        println!("== {}", self.name);
        for need_of_it in self.needs {
            need(need_of_it.command_line, need_of_it.packages)?;
        }
        match (self.prepare)(self)? {
            Prepared::Program(mut program) => story::run(self.name, &mut program).map(|()| Outcome::Passed),
            Prepared::NotHere(reason) => Ok(Outcome::NotHere(reason)),
        }
    }
}

enum Outcome {
    Passed,
    NotHere(String),
}

/// Runs every client program, or the one of that name, and says how each went.
///
/// # Errors
/// If one failed, or could not be run although it has to.
pub(crate) fn run(name: Option<&str>) -> Result {
    let chosen: Vec<_> =
        CLIENTS.iter().filter(|client| name.is_none_or(|name| client.name == name)).collect();
    if chosen.is_empty() {
        let known = CLIENTS.map(|client| client.name).join(", ");
        return Err(format!("expected one of {known}, got {:?}", name.unwrap_or_default()).into());
    }
    cargo(&["build", "--release", "--locked", "--package", "orgbridge"])?;
    let outcomes: Vec<_> = chosen.iter().map(|client| (client.name, client.run())).collect();
    println!("== summary");
    for (name, outcome) in &outcomes {
        match outcome {
            Ok(Outcome::Passed) => println!("{name}: passed"),
            Ok(Outcome::NotHere(reason)) => println!("{name}: not run here: {reason}"),
            Err(problem) => println!("{name}: failed: {problem}"),
        }
    }
    let failed: Vec<_> =
        outcomes.iter().filter(|(_, outcome)| outcome.is_err()).map(|(name, _)| *name).collect();
    if failed.is_empty() { Ok(()) } else { Err(format!("clients failed: {}", failed.join(", ")).into()) }
}
