use crate::program::Program;

#[test]
fn a_new_database_has_an_account_an_org_and_an_admin_with_keys() {
    let (program, keys) = Program::initialized();

    assert_eq!(keys.api_key.len(), 32);
    assert_eq!(keys.application_key.len(), 40);
    let orgs = program.run(&["org", "list", "--output", "json"]).json();
    assert_eq!(orgs[0]["name"], "Source Org");
    assert_eq!(orgs[0]["account"], "Source Org");
    let users = program.run(&["user", "list", "--org", "Source Org", "--output", "json"]).json();
    assert_eq!(users[0]["email"], "jane@example.com");
    assert_eq!(users[0]["roles"], serde_json::json!(["Admin"]));
}

#[test]
fn for_people_the_keys_are_printed_with_the_names_of_their_headers() {
    let program = Program::new();
    let ended = program.run(&["init", "--org", "Source Org", "--admin", "jane@example.com"]);
    assert!(ended.text().contains("DD-API-KEY          "), "{ended:?}");
    assert!(ended.text().contains("DD-APPLICATION-KEY  "), "{ended:?}");
    assert_eq!(ended.stderr, "");
}

#[test]
fn a_database_that_is_there_already_is_left_alone() {
    let (program, _) = Program::initialized();
    let ended = program.run(&["init", "--org", "Other", "--admin", "joe@example.com"]);
    assert!(ended.complaint(3).contains("there is a database at"), "{ended:?}");
    assert_eq!(program.run(&["org", "list", "--output", "json"]).json().as_array().unwrap().len(), 1);
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let program = Program::new();
    program.write("ledger.db", "something else");
    let ended = program.run(&["init", "--org", "Other", "--admin", "joe@example.com"]);
    ended.complaint(3);
    assert_eq!(crate::program::contents(&program.path("ledger.db")), "something else");
}

#[test]
fn what_fails_leaves_no_database_behind() {
    let program = Program::new();
    program.run(&["init", "--org", "Source Org", "--admin", "jane"]).complaint(2);
    program.run(&["init", "--org", " ", "--admin", "jane@example.com"]).complaint(2);
    program.run(&["import", "absent.yaml", "--create"]).complaint(1);
    program.write("faulty.yaml", "accounts: [{nome: x}]");
    program.run(&["import", "faulty.yaml", "--create"]).complaint(3);
    assert_eq!(program.files(), ["faulty.yaml"]);
}
