//! What an operator does by hand.

use serde_json::{Value, json};

use crate::program::{Ended, Keys, Program};

impl Program {
    /// Runs a command that prints JSON.
    fn json(&self, arguments: &[&str]) -> Value {
        let mut all = arguments.to_vec();
        all.extend(["--output", "json"]);
        self.run(&all).json()
    }

    /// Runs a command that a rule refuses.
    fn refused(&self, arguments: &[&str]) -> String {
        let ended: Ended = self.run(arguments);
        ended.complaint(3).to_owned()
    }
}

#[test]
fn accounts_and_orgs_are_made_and_orgs_are_renamed_and_switched() {
    let (program, _) = Program::initialized();
    program.json(&["account", "create", "Other Account"]);
    program.run(&["org", "create", "Lonely"]).complaint(2);
    let made = program.json(&["org", "create", "Sink", "--account", "Source Org", "--public-id", "sink"]);
    assert_eq!(made["public_id"], "sink");

    assert_eq!(program.json(&["org", "rename", "sink", "Sink Org"])["name"], "Sink Org");
    assert_eq!(program.json(&["org", "disable", "Sink Org"])["disabled"], true);
    assert_eq!(program.json(&["org", "enable", "Sink Org"])["disabled"], false);
    assert_eq!(program.json(&["org", "show", made["id"].as_str().unwrap()])["name"], "Sink Org");

    let accounts = program.json(&["account", "list"]);
    assert_eq!(accounts[1]["name"], "Other Account");
    assert_eq!(program.json(&["org", "list", "--account", "Other Account"]), json!([]));
    let refusal = program.refused(&["account", "create", "Other Account"]);
    assert_eq!(refusal, "error: account name Other Account is already taken: choose another one");
}

#[test]
fn an_org_is_made_on_a_site_and_connected_beyond_it_only_where_that_is_allowed() {
    let (program, _) = Program::initialized();
    let overseas = program.json(&["org", "create", "Overseas Org", "--site", "datadoghq.eu"]);
    assert_eq!(overseas["site"], "datadoghq.eu");
    let listed = program.json(&["org", "list"]);
    assert_eq!((&listed[0]["site"], &listed[1]["site"]), (&json!("datadoghq.com"), &json!("datadoghq.eu")));
    program.run(&["org", "create", "Nowhere", "--site", "127.0.0.1"]).complaint(2);

    let pair = ["--source", "Source Org", "--sink", "Overseas Org", "--types", "logs"];
    let create = [&["connection", "create", "--created-by", "jane@example.com"], &pair[..]].concat();
    let refusal = program.refused(&create);
    assert!(refusal.contains("policy.cross_site_connections"), "{refusal}");
    let program = program.with_variable("ORGBRIDGE_POLICY_CROSS_SITE_CONNECTIONS", "on");
    assert_eq!(program.json(&create)["sink"], "Overseas Org");
}

#[test]
fn a_new_database_begins_on_a_site() {
    let program = Program::new();
    let first = ["init", "--org", "Overseas Org", "--admin", "jane@example.com", "--site", "datadoghq.eu"];
    program.run(&first).text();
    assert_eq!(program.json(&["org", "show", "Overseas Org"])["site"], "datadoghq.eu");
}

#[test]
fn users_and_roles_are_made_changed_and_looked_after() {
    let (program, _) = Program::initialized();
    let of = ["--org", "Source Org"];
    let run = |arguments: &[&str]| program.json(&[arguments, &of].concat());

    let role = run(&["role", "create", "Auditor", "--permission", "audit_logs_read"]);
    assert_eq!(role["permissions"], json!(["audit_logs_read"]));
    let robot = run(&["user", "create", "ci@example.com", "--service-account"]);
    assert_eq!(robot["service_account"], true);
    assert_eq!(robot["roles"], json!(["Standard"]));
    let changed = run(&["user", "set-roles", "ci@example.com", "--role", "Auditor", "--role", "Read Only"]);
    assert_eq!(changed["roles"], json!(["Auditor", "Read Only"]));
    let disabled = run(&["user", "disable", robot["id"].as_str().unwrap()]);
    assert_eq!(disabled["disabled"], true);
    assert_eq!(run(&["user", "enable", "ci@example.com"])["disabled"], false);
    assert_eq!(run(&["role", "list"]).as_array().unwrap().len(), 4);

    let refused = |arguments: &[&str]| program.refused(&[arguments, &of].concat());
    assert_eq!(
        refused(&["role", "delete", "Auditor"]),
        "error: role is still in use by ci@example.com: take it away there first"
    );
    assert_eq!(
        refused(&["user", "disable", "jane@example.com"]),
        "error: the last enabled admin of an organization can't be removed: make another enabled user an admin first"
    );
    assert_eq!(
        refused(&["user", "disable", "nobody"]),
        "error: there is no user \"nobody\"; `orgbridge user list --org ORG` shows those of an organization"
    );
    run(&["user", "set-roles", "ci@example.com", "--role", "Standard"]);
    assert_eq!(run(&["role", "delete", "Auditor"])["name"], "Auditor");
}

#[test]
fn a_creator_who_is_disabled_takes_their_connections_along_where_the_operator_wants_that() {
    let (program, _) = Program::initialized();
    let of = ["--org", "Source Org"];
    program.json(&["org", "create", "Sink Org"]);
    program.json(&[&["user", "create", "joe@example.com", "--role", "Admin"], &of[..]].concat());
    let connect = ["connection", "create", "--source", "Source Org", "--sink", "Sink Org", "--types", "logs"];
    program.json(&[&connect[..], &["--created-by", "joe@example.com"]].concat());
    let disable = [&["user", "disable", "joe@example.com"], &of[..]].concat();

    program.json(&disable);
    assert_eq!(program.json(&["connection", "list"]).as_array().unwrap().len(), 1);
    program.json(&[&["user", "enable", "joe@example.com"], &of[..]].concat());
    let program = program.with_variable("ORGBRIDGE_POLICY_CREATOR_DISABLED", "delete");
    program.json(&disable);
    assert_eq!(program.json(&["connection", "list"]), json!([]));
    assert!(program.run(&["audit", "verify"]).text().starts_with("the log is whole"));
}

#[test]
fn keys_are_made_listed_without_their_secrets_and_revoked() {
    let (program, _) = Program::initialized();
    let made = program.json(&["key", "api", "create", "ci", "--org", "Source Org"]);
    let secret = made["key"].as_str().unwrap();
    let listed = program.run(&["key", "api", "list", "--org", "Source Org", "--output", "json"]);
    assert_eq!(listed.json()[1]["last4"], secret[28..]);
    assert!(!listed.stdout.contains(secret));
    let revoked = program.json(&["key", "api", "revoke", made["id"].as_str().unwrap()]);
    assert_eq!(revoked["name"], "ci");
    assert_eq!(
        program.refused(&["key", "api", "revoke", made["id"].as_str().unwrap()]),
        "error: API key not found: the organization has no API key with this id"
    );

    let user = ["--org", "Source Org", "--user", "jane@example.com"];
    let create = [&["key", "application", "create", "reader", "--scopes", "org_connections_read"], &user[..]];
    let made = program.json(&create.concat());
    assert_eq!(made["scopes"], json!(["org_connections_read"]));
    assert_eq!(made["key"].as_str().unwrap().len(), 40);
    let listed = program.json(&[&["key", "application", "list"], &user[..]].concat());
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!(listed[0]["scopes"], Value::Null);
    program.json(&["key", "application", "revoke", made["id"].as_str().unwrap()]);
    program.run(&["key", "application", "create", "x", "--scopes", "all"]).complaint(2);
}

#[test]
fn a_key_is_rotated_and_both_are_live_until_the_old_one_is_revoked() {
    let (program, old) = Program::initialized();
    let api = program.json(&["key", "api", "list", "--org", "Source Org"])[0]["id"].clone();
    let application = program.json(&["key", "application", "list", "--org", "Source Org"])[0].clone();
    let new = Keys {
        api_key: program.json(&["key", "api", "rotate", api.as_str().unwrap()])["key"]
            .as_str()
            .unwrap()
            .to_owned(),
        ..old.clone()
    };
    let narrow = ["key", "application", "create", "reader", "--scopes", "org_connections_read"];
    let narrow =
        program.json(&[&narrow[..], &["--org", "Source Org", "--user", "jane@example.com"]].concat());
    let rotated =
        program.json(&["key", "application", "rotate", narrow["id"].as_str().unwrap(), "--revoke-old"]);
    for member in ["name", "owner", "scopes"] {
        assert_eq!(rotated[member], narrow[member], "{member}");
    }
    let again = program.refused(&["key", "application", "rotate", narrow["id"].as_str().unwrap()]);
    assert!(again.starts_with("error: Application key not found"), "{again}");

    let server = program.serve(&[]);
    let status = |keys: &Keys| server.get("/api/v2/org_connections", keys).0;
    let with = |key: &Value| Keys { application_key: key["key"].as_str().unwrap().to_owned(), ..new.clone() };
    assert_eq!((status(&old), status(&new)), (200, 200));
    assert_eq!((status(&with(&narrow)), status(&with(&rotated))), (401, 200));
    program.json(&["key", "api", "revoke", api.as_str().unwrap()]);
    program.json(&["key", "application", "rotate", application["id"].as_str().unwrap(), "--revoke-old"]);
    let gone = || [status(&old), status(&new)] == [401, 401];
    let began = std::time::Instant::now();
    while !gone() {
        assert!(began.elapsed() < std::time::Duration::from_secs(10), "the old keys are still live");
    }
    assert_eq!(status(&with(&rotated)), 200);
}

#[test]
fn an_org_says_who_of_it_may_do_what_with_a_connection() {
    let (program, _) = Program::initialized();
    program.json(&["org", "create", "Sink Org"]);
    program.json(&["user", "create", "joe@example.com", "--org", "Sink Org"]);
    let connect = ["connection", "create", "--source", "Source Org", "--sink", "Sink Org", "--types", "logs"];
    let shared = program.json(&[&connect[..], &["--created-by", "jane@example.com"]].concat());
    let id = shared["id"].as_str().unwrap();
    let of_sink = [id, "--org", "Sink Org"];
    let run = |verb, more: &[&str]| program.json(&[&["policy", verb][..], &of_sink, more].concat());

    assert_eq!(run("show", &[])["restricted"], false);
    let set = run("set", &["--editor", "role:Admin", "--viewer", "user:joe@example.com", "--viewer", "org"]);
    assert_eq!(set["restricted"], true);
    assert_eq!(set["editors"], json!(["role:Admin"]));
    assert_eq!(set["viewers"], json!(["user:joe@example.com", "org"]));
    assert_eq!(run("show", &[]), set);
    assert_eq!(program.json(&["policy", "show", id, "--org", "Source Org"])["restricted"], false);
    assert_eq!(run("set", &["--viewer", "org"])["editors"], json!([]));
    assert_eq!(run("delete", &[])["restricted"], false);

    program.run(&[&["policy", "set"][..], &of_sink].concat()).complaint(2);
    let refused = |verb, more: &[&str]| program.refused(&[&["policy", verb][..], more].concat());
    let set = |who| refused("set", &[id, "--org", "Sink Org", "--editor", who]);
    assert_eq!(
        set("everybody"),
        "error: \"everybody\" names nobody whom a policy can bind; expected org, role:ROLE or user:USER"
    );
    assert!(set("user:jane@example.com").starts_with("error: there is no user \"jane@example.com\""));
    program.json(&["org", "create", "Bystander Org"]);
    let stranger = refused("show", &[id, "--org", "Bystander Org"]);
    assert!(stranger.starts_with(&format!("error: Org connection with id:{id} not found")), "{stranger}");
    assert!(program.run(&["audit", "verify"]).text().starts_with("the log is whole"));
}

#[test]
fn connections_are_made_updated_and_deleted() {
    let (program, _) = Program::initialized();
    program.json(&["org", "create", "Sink Org"]);
    let create = |sink| {
        ["connection", "create", "--source", "Source Org", "--sink", sink, "--created-by", "jane@example.com"]
    };
    let made = program.json(&[&create("Sink Org"), &["--types", "logs,metrics"][..]].concat());
    assert_eq!(made["types"], json!(["logs", "metrics"]));
    assert_eq!(made["sink"], "Sink Org");
    let id = made["id"].as_str().unwrap();

    assert_eq!(program.json(&["connection", "update", id, "--types", "audit"])["types"], json!(["audit"]));
    assert_eq!(program.json(&["connection", "show", id])["types"], json!(["audit"]));
    assert_eq!(program.json(&["connection", "list", "--org", "Sink Org"])[0]["id"], id);

    let again = program.refused(&[&create("Sink Org"), &["--types", "logs"][..]].concat());
    assert!(again.contains("already exists: update the connection that is there"), "{again}");
    let itself = program.refused(&[&create("Source Org"), &["--types", "logs"][..]].concat());
    assert!(itself.contains("is not allowed"), "{itself}");
    program.run(&["connection", "update", id, "--types", "logs,logs"]).complaint(2);

    program.json(&["connection", "delete", id]);
    let gone = program.refused(&["connection", "delete", id]);
    let expected =
        format!("error: org connection with id:{id} not found not found: no connection of your organization");
    assert!(gone.starts_with(&expected), "{gone}");
}

#[test]
fn a_table_has_a_heading_and_a_line_for_each() {
    let (program, _) = Program::initialized();
    let ended = program.run(&["role", "list", "--org", "Source Org"]);
    insta::assert_snapshot!(ended.text(), @r#"
    ID                                    NAME       MANAGED  PERMISSIONS
    0b1d6e00-0000-4000-8000-000000000001  Admin      yes      org_connections_read, org_connections_write, org_management, user_access_read, user_access_manage, service_account_write, api_keys_read, api_keys_write, user_app_keys, org_app_keys_read, org_app_keys_write, audit_logs_read, oauth_clients_write
    0b1d6e00-0000-4000-8000-000000000002  Standard   yes      org_connections_read, user_access_read, user_app_keys
    0b1d6e00-0000-4000-8000-000000000003  Read Only  yes      org_connections_read, user_access_read
    "#);
}

/// An org chooses its name, and an operator reads it in a terminal.
#[test]
fn no_name_turns_around_what_an_operator_reads() {
    let (program, _) = Program::initialized();
    let name = "Bank \u{202e}knaB\u{2066}\u{2028}disabled";
    let of = ["--account", "Source Org"];
    let made = program.json(&[&["org", "create", name][..], &of].concat());
    assert_eq!(made["name"], name);
    for arguments in [&["org", "list"][..], &["org", "list", "--output", "json"]] {
        let ended = program.run(arguments);
        let printed = ended.text();
        assert!(printed.contains(r"Bank \u202eknaB\u2066\u2028disabled"), "{printed}");
        assert!(!printed.contains(['\u{202e}', '\u{2066}', '\u{2028}']), "{printed:?}");
    }
    program.json(&["account", "create", name]);
    let refusal = program.refused(&["account", "create", name]);
    assert!(refusal.contains(r"\u202eknaB") && !refusal.contains('\u{202e}'), "{refusal:?}");
}

#[test]
fn a_limit_on_sinks_holds_for_operators_too() {
    let (program, _) = Program::initialized();
    let program = program.with_variable("ORGBRIDGE_LIMITS_SINKS_PER_SOURCE", "1");
    for sink in ["One", "Two"] {
        program.json(&["org", "create", sink]);
    }
    let create = |sink| {
        [
            "connection",
            "create",
            "--source",
            "Source Org",
            "--created-by",
            "jane@example.com",
            "--types",
            "logs",
            "--sink",
            sink,
        ]
    };
    program.json(&create("One"));
    assert!(
        program.refused(&create("Two")).contains("1 organizations, the most allowed: delete a connection")
    );
}

#[test]
fn oauth_clients_are_registered_listed_and_revoked() {
    let (program, _) = Program::initialized();
    let robot = ["user", "create", "robot@example.com", "--org", "Source Org", "--name", "Robot"];
    program.json(&[&robot[..], &["--service-account", "--role", "Read Only"]].concat());
    let create = ["oauth-client", "create", "Dashboards", "--org", "Source Org"];
    let redirect = ["--redirect-uri", "https://app.example.com/callback"];
    let made = program.json(&[&create[..], &redirect, &["--refresh"]].concat());
    assert!(made["secret"].as_str().unwrap().starts_with("orgbridge_cs_"));
    let alone = ["--service-account", "robot@example.com", "--scope", "org_connections_read"];
    program.json(&[&["oauth-client", "create", "Report", "--org", "Source Org"][..], &alone].concat());
    let public = program.json(&[&create[..], &redirect, &["--authentication", "none"]].concat());
    assert_eq!(public["secret"], Value::Null);

    let listed = program.json(&["oauth-client", "list", "--org", "Source Org"]);
    assert_eq!(listed.as_array().unwrap().len(), 3);
    assert_eq!(listed[0]["redirect_uris"], json!(["https://app.example.com/callback"]));
    assert_eq!(listed[1]["service_account"], "robot@example.com");
    assert!(!listed.to_string().contains("orgbridge_cs_"), "a secret is shown once");
    let revoked = program.json(&["oauth-client", "revoke", made["id"].as_str().unwrap()]);
    assert_eq!(revoked["name"], "Dashboards");
    let again = program.refused(&["oauth-client", "revoke", made["id"].as_str().unwrap()]);
    assert!(again.contains("there is no OAuth2 client"), "{again}");

    assert!(program.refused(&create).contains("needs a redirect URI, or a service account"));
    let person = [&create[..], &["--service-account", "jane@example.com"]].concat();
    assert!(program.refused(&person).contains("must be a service account"));
    let elsewhere = [&create[..], &["--redirect-uri", "http://app.example.com/"]].concat();
    program.run(&elsewhere).complaint(2);
}
