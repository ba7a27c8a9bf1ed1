//! Ledgers in databases of PostgreSQL, and on their way there and back.

use serde_json::Value;

use crate::program::{Program, eventually};

/// The judgements of a subject.
fn judgements<'r>(report: &'r Value, subject: &str) -> Vec<&'r str> {
    let observations = report["observations"].as_array().unwrap().iter();
    let of_subject = observations.filter(|one| one["subject"] == subject);
    of_subject.map(|one| one["judgement"].as_str().unwrap()).collect()
}

#[test]
fn a_deployment_on_postgres_is_made_filled_served_backed_up_and_restored() {
    let (program, _database) = Program::on_postgres();
    let keys = program.init();
    assert!(
        program
            .run(&["init", "--org", "Other", "--admin", "joe@example.com"])
            .complaint(3)
            .contains("there is a database at")
    );
    program.write("more.yaml", "accounts: [{name: Other Account, orgs: [{name: Other Org}]}]");
    program.run(&["import", "more.yaml"]).text();
    let serving = program.serve(&[]);
    assert_eq!(serving.get("/api/v1/validate", &keys).0, 200);
    assert!(program.run(&["backup", "copy.db"]).text().contains("of epoch 1"));
    program.run(&["org", "rename", "Other Org", "Renamed"]).text();

    // The server goes over by itself, and the command returns no earlier.
    let restored = program.run(&["restore", "copy.db", "--output", "json"]).json();

    assert_eq!((&restored["epoch"], &restored["lost"]), (&Value::from(2), &Value::from(1)));
    eventually("the server is ready", || serving.get_admin("/readyz").0 == 200);
    assert_eq!(serving.get("/api/v1/validate", &keys).0, 200);
    assert!(program.run(&["org", "list"]).text().contains("Other Org"));
    assert_eq!(program.run(&["audit", "verify", "--output", "json"]).json()["verified"], true);
    serving.stop();
}

#[test]
fn a_ledger_is_copied_to_postgres_and_back() {
    let (program, keys) = Program::initialized();
    let (there, database) = Program::on_postgres();
    let file = format!("sqlite:{}", program.path("ledger.db").display());
    let server = database.address_by_port();

    let copied = program.run(&["copy", "--from", &file, "--to", &server, "--output", "json"]).json();

    assert_eq!((&copied["from"]["epoch"], &copied["from"]["revision"]), (&Value::from(1), &Value::from(5)));
    assert_eq!((&copied["to"]["epoch"], &copied["to"]["revision"]), (&Value::from(2), &Value::from(6)));
    let serving = there.serve(&[]);
    assert_eq!(serving.get("/api/v1/validate", &keys).0, 200);
    serving.stop();
    assert!(
        program.run(&["copy", "--from", &file, "--to", &server]).complaint(3).contains("already"),
        "what is there is not written over"
    );
    let back = format!("sqlite:{}", program.path("back.db").display());
    let text = program.run(&["copy", "--from", &server, "--to", &back]);
    assert!(text.text().contains("verified; it goes on from revision 7 of epoch 3"), "{text:?}");
    let program = program.with_variable("ORGBRIDGE_DATABASE", &back);
    assert_eq!(program.run(&["audit", "verify", "--output", "json"]).json()["verified"], true);
    program.run(&["copy", "--from", "ledger.db", "--to", &back]).complaint(2);
}

#[test]
fn a_deployment_in_which_nothing_is_wrong_is_found_so() {
    let (program, _) = Program::initialized();
    let report = program.run(&["doctor", "--output", "json"]).json();
    assert_eq!(report["healthy"], true);
    let serving = program.serve(&[]);
    let text = program.run(&["doctor"]);
    assert!(text.text().contains("fine    servers: server "), "{text:?}");
    serving.stop();

    let (program, _database) = Program::on_postgres();
    program.init();
    let serving = program.serve(&[]);
    let report = program.run(&["doctor", "--output", "json"]).json();
    for subject in
        ["database", "writes", "durability", "distance", "clocks", "hints", "schema", "history", "servers"]
    {
        let found = judgements(&report, subject);
        assert!(
            !found.is_empty() && found.iter().all(|judgement| *judgement == "fine"),
            "{subject}: {report}"
        );
    }
    serving.stop();
}

#[test]
fn what_is_wrong_with_a_deployment_is_said_and_is_a_failure() {
    let (program, database) = Program::on_postgres();
    let ended = program.run(&["doctor"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stdout.contains("wrong   schema: there is no database at"), "{ended:?}");

    program.init();
    let name = database.name();
    database
        .sql(&format!("ALTER DATABASE {name} SET synchronous_commit = off; UPDATE ledger SET revision = 4"))
        .unwrap();
    let ended = program.run(&["doctor", "--output", "json"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (1, "error: 2 things are wrong\n"), "{ended:?}");
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(report["healthy"], false);
    assert!(judgements(&report, "durability").contains(&"wrong"), "{report}");
    assert_eq!(judgements(&report, "history"), ["wrong"]);

    database.sql(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).unwrap();
    let ended = program.run(&["doctor"]);
    assert!(ended.stdout.contains("wrong   writes: the server takes none"), "{ended:?}");

    let (program, _) = Program::initialized();
    let file = program.path("ledger.db");
    let mut permissions = std::fs::metadata(&file).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o644);
    std::fs::set_permissions(&file, permissions).unwrap();
    let ended = program.run(&["doctor"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stdout.contains("take that away with chmod 600"), "{ended:?}");
}
