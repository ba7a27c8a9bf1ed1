//! Replicas under faults keep their promises, and it would be found if they did not.

use std::path::PathBuf;

use orgbridge_chaos::{Rule, Setting};

/// Replicas of a ledger in a file.
fn on_a_file(replicas: usize) -> Setting<'static> {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_orgbridge-chaos-replica"));
    Setting { program, server: None, replicas, clients: 8, variables: vec![] }
}

#[test]
fn one_replica_of_a_file_keeps_its_promises_when_it_is_killed_or_stopped() {
    for seed in 0..2 {
        let outcome = on_a_file(1).run(seed).unwrap();
        assert!(outcome.violations.is_empty(), "seed {seed}: {outcome}\n{:#?}", outcome.violations);
        assert!(outcome.acknowledged > 20, "it was under load: {outcome}");
    }
}

#[test]
fn what_replicas_answer_that_wait_for_nobody_is_found_to_break_promises() {
    let found = (0..3).any(|seed| {
        let outcome = on_a_file(3).run(seed).unwrap();
        let broken = |rule| outcome.violations.iter().any(|violation| violation.rule == rule);
        broken(Rule::ClosedMeansClosed) && broken(Rule::AnswersAreFresh)
    });
    assert!(found, "three runs went well by chance");
}
