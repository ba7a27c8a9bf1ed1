use serde_json::Value;

use crate::program::Program;

#[test]
fn every_change_is_listed_with_who_what_and_when() {
    let (program, _) = Program::initialized();
    program.run(&["org", "rename", "Source Org", "Renamed"]).text();

    let entries = program.run(&["audit", "list", "--output", "json", "--entity", "org"]).json();

    let entries = entries.as_array().unwrap();
    let actions: Vec<&Value> = entries.iter().map(|entry| &entry["action"]).collect();
    assert_eq!(actions, ["create", "update"]);
    assert_eq!(entries[1]["before"]["name"], "Source Org");
    assert_eq!(entries[1]["after"]["name"], "Renamed");
    assert_eq!(entries[1]["actor"]["kind"], "operator");
    assert!(entries[1]["request_id"].as_str().unwrap().starts_with("cli-"));
}

#[test]
fn a_list_that_was_cut_short_says_how_to_go_on() {
    let (program, _) = Program::initialized();
    let ended = program.run(&["audit", "list", "--limit", "2"]);
    assert_eq!(ended.text().lines().count(), 3);
    assert_eq!(ended.stderr, "there may be more: continue with --after 2\n");
    let rest = program.run(&["audit", "list", "--after", "2", "--output", "json"]).json();
    assert_eq!(rest[0]["revision"], 3);
}

#[test]
fn a_log_that_was_tampered_with_is_found_out() {
    let (program, _) = Program::initialized();
    let whole = program.run(&["audit", "verify", "--output", "json"]).json();
    assert_eq!(whole["verified"], true);
    let anchor = whole["anchor"].as_str().unwrap().to_owned();
    program.run(&["org", "rename", "Source Org", "Renamed"]).text();
    program.run(&["audit", "verify", "--anchor", &anchor]).text();

    let database = rusqlite::Connection::open(program.path("ledger.db")).unwrap();
    database.execute("UPDATE org SET name = 'Forged'", []).unwrap();
    drop(database);

    let ended = program.run(&["audit", "verify", "--output", "json"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    let verdict: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(verdict["verified"], false);
    assert_eq!(verdict["findings"].as_array().unwrap().len(), 1);
}

#[test]
fn an_answer_that_nobody_reads_is_no_success() {
    let (program, _) = Program::initialized();
    let database = rusqlite::Connection::open(program.path("ledger.db")).unwrap();
    database.execute("UPDATE org SET name = 'Forged'", []).unwrap();
    drop(database);
    let binary = env!("CARGO_BIN_EXE_orgbridge");
    let script = format!(
        "set -o pipefail; sleep 0.1 | '{binary}' audit verify --database 'sqlite:{}' | true",
        program.path("ledger.db").display()
    );
    assert!(!std::process::Command::new("bash").args(["-c", &script]).status().unwrap().success());
}

#[test]
fn a_restoration_says_which_changes_are_lost() {
    let (program, _) = Program::initialized();
    assert!(program.run(&["backup", "copy.db"]).text().contains("revision 5 of epoch 1"));
    assert!(program.run(&["backup", "copy.db"]).complaint(1).contains("exists already"));
    program.run(&["org", "rename", "Source Org", "Renamed"]).text();

    let restored = program.run(&["restore", "copy.db", "--output", "json"]).json();

    assert_eq!(restored["epoch"], 2);
    assert_eq!(restored["lost"], 1);
    assert_eq!(restored["lost_changes"][0]["after"]["name"], "Renamed");
    assert!(program.run(&["org", "list"]).text().contains("Source Org"));
    program.run(&["restore", "absent.db"]).complaint(4);
}
