use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::program::{Keys, Program, call};

const DEPLOYMENT: &str = include_str!("deployment.yaml");

#[test]
fn a_file_comes_true_once_and_then_changes_nothing() {
    let program = Program::new();
    program.write("deployment.yaml", DEPLOYMENT);
    let first = program.run(&["import", "deployment.yaml", "--create", "--output", "json"]).json();
    assert_eq!(first["changed"], true);
    assert_eq!(first["tally"]["orgs"]["created"], 2);
    assert_eq!(first["made_keys"], serde_json::json!([]));

    let before = program.run(&["audit", "list"]).stdout;
    let second = program.run(&["import", "deployment.yaml"]);
    assert_eq!(second.text(), "nothing to change");
    assert_eq!(program.run(&["audit", "list"]).stdout, before);
}

#[test]
fn the_keys_of_a_file_and_those_made_for_it_open_the_api() {
    let program = Program::new();
    program
        .write("deployment.yaml", &DEPLOYMENT.replace(", key: 89abcdef0123456789abcdef0123456789abcdef", ""));
    let imported = program.run(&["import", "deployment.yaml", "--create", "--output", "json"]).json();
    let made = imported["made_keys"][0].clone();
    assert_eq!(made["name"], "reader");
    assert_eq!(made["owner"], "jane@example.com");

    let server = program.serve(&[]);
    let api_key = "0123456789abcdef0123456789abcdef".to_owned();
    let admin = Keys {
        api_key: api_key.clone(),
        application_key: "0123456789abcdef0123456789abcdef01234567".to_owned(),
    };
    let reader = Keys { api_key, application_key: made["key"].as_str().unwrap().to_owned() };
    let (status, body) = server.get("/api/v2/org_connections/f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a", &admin);
    assert_eq!(status, 200, "{body}");
    assert_eq!(server.get("/api/v2/org_connections", &reader).0, 200);
    assert_eq!(server.get("/api/v1/org", &reader).0, 403);
}

#[test]
fn the_secret_made_for_a_client_gives_it_tokens_until_its_file_says_otherwise() {
    let program = Program::new();
    let clients = |scopes: &str| {
        format!(
            "        name: Sink Org
        users: [{{name: Report, email: report@example.com, service_account: true, roles: [Admin]}}]
        oauth_clients:
          - name: Nightly Report
            service_account: report@example.com
            scopes: [{scopes}]
            authentication: client_secret_post\n"
        )
    };
    let with = |scopes| DEPLOYMENT.replace("        name: Sink Org\n", &clients(scopes));
    program.write("deployment.yaml", &with("org_connections_read, audit_logs_read"));
    let imported = program.run(&["import", "deployment.yaml", "--create", "--output", "json"]).json();
    assert_eq!(imported["tally"]["oauth_clients"]["created"], 1);
    let made = &imported["made_keys"][0];
    assert_eq!((&made["kind"], &made["owner"]), (&json!("oauth_client"), &json!("report@example.com")));
    let (id, secret) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());

    let scope_of_token = || {
        let server = program.serve(&[]);
        let head = "POST /oauth2/v1/token HTTP/1.1\r\ncontent-type: application/x-www-form-urlencoded\r\n";
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let (status, body) = call(&server.address(), head, &form);
        assert_eq!(status, 200, "{body}");
        let scope = serde_json::from_str::<Value>(&body).unwrap()["scope"].clone();
        server.stop();
        scope
    };
    assert_eq!(scope_of_token(), "org_connections_read audit_logs_read");
    program.write("deployment.yaml", &with("audit_logs_read"));
    let again = program.run(&["import", "deployment.yaml", "--output", "json"]).json();
    assert_eq!((&again["tally"]["oauth_clients"]["updated"], &again["made_keys"]), (&json!(1), &json!([])));
    assert_eq!(scope_of_token(), "audit_logs_read");
    assert!(program.run(&["audit", "verify"]).text().starts_with("the log is whole"));
}

#[test]
fn a_list_with_all_of_its_lines_commented_out_is_no_list() {
    let program = Program::new();
    for (list, emptied) in [("scopes: [org_connections_read]", "scopes: "), ("roles: [Admin]", "roles: ")] {
        program.write("deployment.yaml", &DEPLOYMENT.replace(list, emptied));
        let ended = program.run(&["import", "deployment.yaml", "--create"]);
        assert!(ended.complaint(3).contains("expected a list"), "{ended:?}");
    }
}

#[test]
fn of_a_faulty_file_nothing_comes_true_and_every_problem_is_named() {
    let program = Program::new();
    program.write("deployment.yaml", DEPLOYMENT);
    program.run(&["import", "deployment.yaml", "--create"]).text();
    let faulty = DEPLOYMENT
        .replace("name: Sink Org", "name: Renamed")
        .replace("types: [logs]", "types: [logs, traces]")
        .replace("roles: [Admin]", "roles: [Admin, Butler]")
        .replace("scopes:", "scope:");
    program.write("faulty.yaml", &faulty);

    let ended = program.run(&["import", "faulty.yaml"]);

    insta::assert_snapshot!(ended.complaint(3), @r#"
    error: nothing was imported, because of 3 problems:
    faulty.yaml:13:28: accounts[0].orgs[0].users[0].roles[1]: the organization has no role "Butler"
    faulty.yaml:16:79: accounts[0].orgs[0].users[0].application_keys[1]: there is no member "scope"; expected id, name, key, scopes
    faulty.yaml:20:102: accounts[0].connections[0].types[1]: "traces" is no connection type; expected "logs", "metrics" or "audit"
    "#);
    assert!(!program.run(&["org", "list"]).text().contains("Renamed"));
}

#[test]
fn a_name_that_several_orgs_have_is_answered_with_their_ids() {
    let program = Program::new();
    program.write(
        "deployment.yaml",
        "accounts:\n- name: A\n  orgs: [{id: 4dee724d-00cc-11ea-a77b-570c9d03c6c5, name: Twin}]\n\
         - name: B\n  orgs: [{id: 83999dcd-7f97-11f0-8de1-1ecf66f1aa85, name: Twin}]\n",
    );
    program.run(&["import", "deployment.yaml", "--create"]).text();
    insta::assert_snapshot!(program.run(&["org", "show", "Twin"]).complaint(3), @r#"
    error: "Twin" names several organizations; use the id of one of them:
      4dee724d-00cc-11ea-a77b-570c9d03c6c5  Twin, of account A on datadoghq.com
      83999dcd-7f97-11f0-8de1-1ecf66f1aa85  Twin, of account B on datadoghq.com
    "#);
}

#[test]
fn a_long_file_is_imported_in_one_piece() {
    let program = Program::new();
    let mut file = "accounts:\n- name: Long\n  orgs:\n".to_owned();
    file.push_str("  - {name: Hub, users: [{name: Jane, email: jane@example.com, roles: [Admin]}]}\n");
    for number in 0..2000 {
        writeln!(file, "  - {{name: Org {number}}}").unwrap();
    }
    file.push_str("  connections:\n");
    for number in 0..2000 {
        let pair = format!("source: Hub, sink: Org {number}");
        writeln!(file, "  - {{{pair}, types: [logs], created_by: jane@example.com}}").unwrap();
    }
    program.write("long.yaml", &file);
    let imported = program.run(&["import", "long.yaml", "--create", "--output", "json"]).json();
    assert_eq!(imported["tally"]["connections"]["created"], 2000);
    assert_eq!(program.run(&["import", "long.yaml"]).text(), "nothing to change");
    assert!(program.run(&["audit", "verify"]).text().starts_with("the log is whole"));
}
