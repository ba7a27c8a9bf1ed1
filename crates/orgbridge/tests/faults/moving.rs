//! `kill -9` at any moment of a copy, a backup or a restoration: what was to be made is there whole or not at all, what
//! was there goes on, and the same command succeeds when it is given again.

use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use orgbridge_postgres_server::{Database, PostgresServer};

use crate::process::{Deployment, SOURCE};

/// Enough that each command takes a while.
const SINKS: usize = 1_500;

/// How often each command is killed. The moments are spread over the time that it takes.
const KILLS: u32 = 6;

impl Deployment {
    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(&self.binary).args(arguments).output().unwrap()
    }

    /// How long a command takes that is left alone.
    fn time(&self, arguments: &[&str]) -> Duration {
        let began = Instant::now();
        self.must_run(arguments);
        began.elapsed()
    }

    /// Kills a command after a while, if it has not ended by then.
    fn kill_after(&self, delay: Duration, arguments: &[&str]) {
        let mut command = Command::new(&self.binary);
        let mut process =
            command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(delay);
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// The orgs of a ledger that is whole; `None` where there is no ledger, or an empty one.
    fn orgs(&self, database: &str) -> Option<String> {
        let listed = self.run(&["org", "list", "--database", database, "--output", "json"]);
        if String::from_utf8_lossy(&listed.stderr).contains("there is no database at") {
            return None;
        }
        assert!(listed.status.success(), "{listed:?}");
        self.must_run(&["audit", "verify", "--database", database]);
        let orgs = String::from_utf8(listed.stdout).unwrap();
        (orgs.trim() != "[]").then_some(orgs)
    }

    /// The ledger in a file beside the deployment's own.
    fn file(&self, name: &str) -> String {
        format!("sqlite:{}", self.path(name).display())
    }

    /// Kills a command that makes a ledger somewhere else each time, and then lets it be made.
    fn kill_what_makes_a_ledger(&self, places: &[String], command: impl Fn(&str) -> Vec<String>) {
        let orgs = self.orgs(&self.database());
        let takes = self.time(&words(&command(&places[0])));
        let mut unfinished = 0;
        for (to, moment) in places[1..].iter().zip(moments(takes)) {
            self.kill_after(moment, &words(&command(to)));
            let made = self.orgs(to);
            if made.is_none() {
                unfinished += 1;
                self.must_run(&words(&command(to)));
            }
            assert_eq!(self.orgs(to), orgs, "killed after {moment:?}, of {takes:?}; {}", made.is_some());
        }
        assert!(unfinished > 1, "hardly any was killed in the midst of it: {unfinished}");
        assert_eq!(self.orgs(&self.database()), orgs, "what it was made from goes on");
    }

    /// Kills the restoration of a backup in which an org still has its earlier name, and then lets it be done.
    fn kill_what_restores(&self, database: &str) {
        let folder = tempfile::tempdir().unwrap();
        let backup = folder.path().join("backup.db");
        let backup = backup.to_str().unwrap();
        self.must_run(&["backup", backup, "--database", database]);
        let before = self.orgs(database);
        let restore = ["restore", backup, "--database", database];
        let takes = self.time(&restore);
        let mut unfinished = 0;
        for (moment, number) in moments(takes).zip(0..) {
            let name = format!("Org {number}");
            self.must_run(&["org", "rename", SOURCE, &name, "--database", database]);
            let renamed = self.orgs(database);
            self.kill_after(moment, &restore);
            let found = self.orgs(database);
            assert!([&before, &renamed].contains(&&found), "killed after {moment:?}, of {takes:?}");
            unfinished += u32::from(found == renamed);
            self.must_run(&restore);
            assert_eq!(self.orgs(database), before, "killed after {moment:?}, of {takes:?}");
        }
        assert!(unfinished > 1, "hardly any was killed in the midst of it: {unfinished}");
    }
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
    (0..=KILLS).map(|number| deployment.file(&format!("{name}-{number}.db"))).collect()
}

fn copy(from: &str) -> impl Fn(&str) -> Vec<String> {
    move |to| ["copy", "--from", from, "--to", to].map(str::to_owned).into()
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
}
