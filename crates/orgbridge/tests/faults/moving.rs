//! `kill -9` at any moment of a copy, a backup or a restoration: what was to be made is there whole or not at all, what
//! was there goes on, and the same command succeeds when it is given again.

use std::fs;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use orgbridge_postgres_server::{Database, PostgresServer};

use crate::process::{Deployment, SOURCE};

/// Enough that each command takes a while.
const SINKS: usize = 1_000;

/// How often each command is killed. The moments are spread over the time that it takes.
const KILLS: u32 = 8;

impl Deployment {
    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(&self.binary).args(arguments).output().unwrap()
    }

    /// How long a command takes that is left alone.
    fn time(&self, command: &[String]) -> Duration {
        let began = Instant::now();
        self.must_run(&words(command));
        began.elapsed()
    }

    /// Kills a command after a while, if it has not ended by then.
    fn kill_after(&self, delay: Duration, command: &[String]) {
        let mut program = Command::new(&self.binary);
        let mut process = program.args(command).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(delay);
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// What there is at an address. What is whole agrees with its log.
    fn found(&self, database: &str) -> Found {
        let listed = self.run(&["org", "list", "--database", database, "--output", "json"]);
        if String::from_utf8_lossy(&listed.stderr).contains("there is no database at") {
            return Found::Nothing;
        }
        assert!(listed.status.success(), "{listed:?}");
        self.must_run(&["audit", "verify", "--database", database]);
        let orgs = String::from_utf8(listed.stdout).unwrap();
        if orgs.trim() == "[]" { Found::EmptyTables } else { Found::Orgs(orgs) }
    }

    /// The address of a ledger in a file beside the deployment's own.
    fn beside(&self, name: &str) -> String {
        format!("sqlite:{}", self.path(name).display())
    }

    /// How many files were left behind by what was killed in the midst of writing them.
    fn partial_files(&self) -> usize {
        let files = fs::read_dir(self.folder.path()).unwrap().map(|file| file.unwrap().file_name());
        files.filter(|name| name.to_string_lossy().ends_with(".partial")).count()
    }

    /// Kills a command that makes a ledger somewhere else each time, and then lets it be made.
    fn kill_what_makes_a_ledger(&self, places: &[String], command: impl Fn(&str) -> Vec<String>) {
        let (first, rest) = places.split_first().unwrap();
        let before = self.found(&self.database());
        let takes = self.time(&command(first));
        let wanted = self.found(first);
        let mut killed_in_the_midst = 0;
        for (to, moment) in rest.iter().zip(moments(takes)) {
            self.kill_after(moment, &command(to));
            let found = self.found(to);
            if found != wanted {
                assert!(matches!(found, Found::Nothing | Found::EmptyTables), "{found:?} after {moment:?}");
                killed_in_the_midst += usize::from(found == Found::EmptyTables);
                // What was under way at the server may have come to its end meanwhile.
                self.run(&words(&command(to)));
            }
            assert_eq!(self.found(to), wanted, "killed after {moment:?}, of {takes:?}");
        }
        killed_in_the_midst += self.partial_files();
        assert!(killed_in_the_midst > 0, "none was killed in the midst of it, of {takes:?}");
        assert_eq!(self.found(&self.database()), before, "what it was made from goes on");
    }

    /// Kills the restoration of a backup in which an org still has its earlier name, and then lets it be done.
    fn kill_what_restores(&self, database: &str) {
        let folder = tempfile::tempdir().unwrap();
        let backup = folder.path().join("backup.db");
        let backup = backup.to_str().unwrap();
        self.must_run(&["backup", backup, "--database", database]);
        let before = self.found(database);
        let restore = restore(backup)(database);
        let takes = self.time(&restore);
        let mut unfinished = 0;
        for (moment, number) in moments(takes).zip(0..) {
            let name = format!("Org {number}");
            self.must_run(&["org", "rename", SOURCE, &name, "--database", database]);
            let renamed = self.found(database);
            self.kill_after(moment, &restore);
            let found = self.found(database);
            assert!([&before, &renamed].contains(&&found), "killed after {moment:?}, of {takes:?}");
            unfinished += u32::from(found == renamed);
            self.must_run(&words(&restore));
            assert_eq!(self.found(database), before, "killed after {moment:?}, of {takes:?}");
        }
        assert!(unfinished > 0, "none was killed in the midst of it, of {takes:?}");
    }
}

/// What there is at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    Nothing,
    EmptyTables,
    Orgs(String),
}

fn words(command: &[String]) -> Vec<&str> {
    command.iter().map(String::as_str).collect()
}

/// The moments at which something that takes so long is killed.
fn moments(takes: Duration) -> impl Iterator<Item = Duration> {
    (0..KILLS).map(move |kill| takes * (2 * kill + 1) / (2 * KILLS))
}

/// One more empty database than there are kills.
fn databases() -> Vec<Database<'static>> {
    (0..=KILLS).map(|_| PostgresServer::shared().database().unwrap()).collect()
}

fn addresses(databases: &[Database<'_>]) -> Vec<String> {
    databases.iter().map(Database::address_by_port).collect()
}

fn files(deployment: &Deployment, name: &str) -> Vec<String> {
    (0..=KILLS).map(|number| deployment.beside(&format!("{name}-{number}.db"))).collect()
}

fn copy(from: &str) -> impl Fn(&str) -> Vec<String> {
    move |to| ["copy", "--from", from, "--to", to].map(str::to_owned).into()
}

fn restore(backup: &str) -> impl Fn(&str) -> Vec<String> {
    move |to| ["restore", backup, "--database", to].map(str::to_owned).into()
}

#[test]
fn a_copy_that_is_killed_is_there_whole_or_not_at_all() {
    let deployment = Deployment::with_sinks(SINKS);
    let databases = databases();
    deployment.kill_what_makes_a_ledger(&addresses(&databases), copy(&deployment.database()));
    let there = databases[0].address_by_port();
    deployment.kill_what_makes_a_ledger(&files(&deployment, "copy"), copy(&there));
}

#[test]
fn a_backup_that_is_killed_is_there_whole_or_not_at_all() {
    let deployment = Deployment::with_sinks(SINKS);
    let backup = |to: &str| {
        let path = to.trim_start_matches("sqlite:");
        ["backup", path, "--database", &deployment.database()].map(str::to_owned).into()
    };
    deployment.kill_what_makes_a_ledger(&files(&deployment, "backup"), backup);
}

#[test]
fn a_restoration_that_is_killed_leaves_what_was_there_or_what_was_to_be() {
    let deployment = Deployment::with_sinks(SINKS);
    deployment.kill_what_restores(&deployment.database());
    let database = PostgresServer::shared().database().unwrap();
    let server = database.address_by_port();
    deployment.must_run(&["copy", "--from", &deployment.database(), "--to", &server]);
    deployment.kill_what_restores(&server);

    let backup = deployment.path("backup.db");
    let backup = backup.to_str().unwrap();
    deployment.must_run(&["backup", backup, "--database", &deployment.database()]);
    deployment.kill_what_makes_a_ledger(&files(&deployment, "new"), restore(backup));
}
