//! Replicas under faults keep their promises, and it would be found if they did not.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use orgbridge_chaos::{Fault, Outcome, Plan, Rule, Setting, Step, Way, Weather};
use orgbridge_postgres_server::PostgresServer;

/// Longer than a lease lasts.
const LONG: u64 = 3200;

/// Longer than the server lets a transaction be that says nothing, so that others commit meanwhile.
const VERY_LONG: u64 = 5500;

/// Not that long.
const SHORT: u64 = 700;

/// Held by the run that goes on: each has the whole machine.
static RUN: Mutex<()> = Mutex::new(());

/// Has this go wrong, and the clients do what the seed says.
fn run(setting: &Setting<'_>, faults: &[Fault], lasts: u64, seed: u64) -> Outcome {
    let _alone = RUN.lock().unwrap_or_else(PoisonError::into_inner);
    setting.run_plan(&plan(faults, lasts), seed).unwrap()
}

/// Replicas of a ledger in a file.
fn on_a_file(replicas: usize) -> Setting<'static> {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_orgbridge-chaos-replica"));
    Setting { program, server: None, replicas, clients: 8, variables: vec![] }
}

/// Three replicas of a ledger on a server.
fn on_a_server(server: &PostgresServer) -> Setting<'_> {
    Setting { server: Some(server), ..on_a_file(3) }
}

/// What goes wrong at the same time, and for how many milliseconds.
fn plan(faults: &[Fault], lasts: u64) -> Plan {
    let (at, lasts) = (Duration::from_millis(500), Duration::from_millis(lasts));
    Plan(faults.iter().map(|fault| Step { at, fault: *fault, lasts }).collect())
}

/// Has this go wrong for three replicas, and expects that no promise is broken.
fn survives(server: &PostgresServer, faults: &[Fault], lasts: u64) -> Outcome {
    let outcome = run(&on_a_server(server), faults, lasts, 1);
    assert_kept(&outcome);
    outcome
}

fn assert_kept(outcome: &Outcome) {
    let told = || format!("{outcome}\n{:#?}\n{}", outcome.violations, outcome.logs);
    assert!(outcome.violations.is_empty(), "{}", told());
    assert!(outcome.acknowledged > 10, "they were under load: {}", told());
}

/// Whatever can be taken away, as it is told of.
const TAKEN: [&str; 7] = ["shares", "connection", "open connection", "key", "user of", "role of", "guest"];

/// What of it replicas were found to go by.
fn found(outcome: &Outcome) -> impl Iterator<Item = &'static str> {
    let closed = outcome.violations.iter().filter(|violation| violation.rule == Rule::ClosedMeansClosed);
    let facts: Vec<_> = closed.filter_map(|violation| violation.story.split(": ").next()).collect();
    let is_found = move |fact: &&str| {
        facts.iter().any(|told| {
            told.trim_start_matches(|number: char| number.is_ascii_digit() || number == ' ')
                .starts_with(*fact)
        })
    };
    TAKEN.into_iter().filter(is_found)
}

const DEAF: [Fault; 3] =
    [Fault::Line(0, Weather::Deaf), Fault::Line(1, Weather::Deaf), Fault::Line(2, Weather::Deaf)];

#[test]
fn replicas_that_are_killed_lose_nothing_that_they_acknowledged() {
    survives(PostgresServer::shared(), &[Fault::Kill(0), Fault::Kill(2)], SHORT);
}

#[test]
fn a_replica_that_stood_still_for_longer_than_its_lease_answers_nothing_that_is_over() {
    survives(PostgresServer::shared(), &[Fault::Pause(1)], LONG);
}

#[test]
fn wall_clocks_that_jump_an_hour_either_way_change_nothing() {
    survives(PostgresServer::shared(), &[Fault::Clock(0, 3600), Fault::Clock(1, -3600)], LONG);
}

#[test]
fn a_replica_that_is_cut_off_refuses_and_comes_back() {
    let outcome = survives(PostgresServer::shared(), &[Fault::Line(0, Weather::Cut)], LONG);
    assert!(outcome.unseen > 0, "it refused: {outcome}");
}

#[test]
fn replicas_whose_lines_stall_refuse_and_come_back() {
    let stalled = |replica, way| Fault::Line(replica, Weather::Stalled(way));
    let faults = [stalled(0, Way::There), stalled(1, Way::Back)];
    let outcome = survives(PostgresServer::shared(), &faults, LONG);
    assert!(outcome.unseen > 0, "they refused: {outcome}");
}

#[test]
fn a_line_that_is_slow_and_hints_that_are_lost_break_no_promise() {
    let slow = Fault::Line(0, Weather::Slow(Duration::from_millis(150)));
    survives(PostgresServer::shared(), &[slow, DEAF[1], DEAF[2]], LONG);
}

#[test]
fn a_database_that_is_killed_comes_back_with_all_that_was_acknowledged() {
    survives(&PostgresServer::start().unwrap(), &[Fault::KillDatabase], SHORT);
}

#[test]
fn a_database_that_stands_still_breaks_no_promise() {
    let server = PostgresServer::start().unwrap();
    let outcome = survives(&server, &[Fault::FreezeDatabase], LONG);
    assert!(outcome.unseen > 0, "all refused: {outcome}");
}

#[test]
fn a_copy_that_takes_the_place_of_the_database_breaks_no_promise_where_it_was_waited_for() {
    let outcome = survives(PostgresServer::shared(), &[Fault::FailOver], SHORT);
    assert!(outcome.unseen > 0 || outcome.unknown > 0, "the database was lost: {outcome}");
}

#[test]
fn a_replica_that_is_alone_with_an_operator_keeps_its_promises() {
    let setting = Setting { replicas: 1, clients: 24, ..on_a_server(PostgresServer::shared()) };
    for (fault, lasts) in [(Fault::Pause(0), VERY_LONG), (Fault::Kill(0), SHORT)] {
        assert_kept(&run(&setting, &[fault], lasts, 1));
    }
}

#[test]
fn replicas_of_a_file_that_are_killed_or_stopped_keep_their_promises() {
    for fault in [Fault::Kill(0), Fault::Pause(0)] {
        assert_kept(&run(&on_a_file(3), &[fault], SHORT, 1));
    }
}

#[test]
fn replicas_that_wait_for_nobody_are_found_to_break_their_promises() {
    for setting in [on_a_server(PostgresServer::shared()), on_a_file(3)] {
        let setting = Setting { variables: vec![("ORGBRIDGE_CHAOS_WITHOUT_BARRIER", "1")], ..setting };
        // Some are found in each run, others only where somebody looks at the right moment.
        let (mut missed, mut is_stale) = (Vec::from(TAKEN), false);
        for seed in 0..20 {
            let outcome = run(&setting, &DEAF, LONG, seed);
            is_stale |= outcome.violations.iter().any(|violation| violation.rule == Rule::AnswersAreFresh);
            let found: Vec<_> = found(&outcome).collect();
            missed.retain(|fact| !found.contains(fact));
            if missed.is_empty() && is_stale {
                break;
            }
        }
        assert!(missed.is_empty() && is_stale, "twenty runs went well by chance: {missed:?}");
    }
}
