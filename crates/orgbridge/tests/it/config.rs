use serde_json::Value;

use crate::program::Program;

fn setting(settings: &Value, key: &str) -> (String, String) {
    let settings = settings.as_array().unwrap();
    let setting = settings.iter().find(|setting| setting["setting"] == key).unwrap();
    let text = |member: &str| setting[member].as_str().unwrap().to_owned();
    (text("value"), text("origin"))
}

#[test]
fn each_value_is_shown_with_its_origin() {
    let program = Program::new().with_variable("ORGBRIDGE_LOG", "debug");
    program.write("orgbridge.toml", "log = \"warn\"\n[edge]\nidle_timeout_seconds = 5\n");
    let settings = program
        .run(&["config", "show", "--config", "orgbridge.toml", "--listen", "[::1]:0", "--output", "json"])
        .json();

    let shown = |key: &str| {
        let (value, origin) = setting(&settings, key);
        format!("{value} ({origin})")
    };
    assert_eq!(shown("listen"), "[::1]:0 (flag --listen)");
    assert_eq!(shown("log"), "debug (environment ORGBRIDGE_LOG)");
    assert_eq!(shown("edge.idle_timeout_seconds"), "5 (orgbridge.toml:3:24)");
    assert_eq!(shown("edge.body_timeout_seconds"), "30 (default)");
    assert!(shown("database").ends_with("(environment ORGBRIDGE_DATABASE)"));
}

#[test]
fn a_whole_configuration_is_said_to_be_whole() {
    let program = Program::new();
    assert_eq!(program.run(&["config", "check"]).text(), "the configuration is whole");
}

#[test]
fn every_problem_of_every_place_is_reported_at_once() {
    let program = Program::new()
        .with_variable("ORGBRIDGE_CONFIG", "orgbridge.toml")
        .with_variable("ORGBRIDGE_RATE_LIMIT", "sometimes");
    program.write("orgbridge.toml", "lissten = 1\n\n[edge]\nmax_connections = 0\n");
    let ended = program.run(&["config", "check", "--admin-listen", "here"]);
    insta::assert_snapshot!(ended.complaint(2), @r#"
    error: the configuration can't be used:
    orgbridge.toml:1:1: there is no setting "lissten"; expected one of database, max_staleness_seconds, listen, admin_listen, tls_cert, tls_key, sites, log, log_format, rate_limit, limits, policy, audit, oauth, edge, rate_limits
    orgbridge.toml:4:19: edge.max_connections: expected a whole number, at least 1; found "0"
    environment ORGBRIDGE_RATE_LIMIT: rate_limit: expected on or off; found "sometimes"
    flag --admin-listen: admin_listen: expected an IP address and a port, such as 127.0.0.1:8080 or [::]:8080; found "here"
    "#);
}

#[test]
fn a_configuration_file_that_is_not_there_is_a_problem_beside_others() {
    let program = Program::new().with_variable("ORGBRIDGE_LOG_FORMAT", "xml");
    let ended = program.run(&["serve", "--config", "absent.toml"]);
    insta::assert_snapshot!(ended.complaint(2), @r#"
    error: the configuration can't be used:
    flag --config: absent.toml: No such file or directory (os error 2)
    environment ORGBRIDGE_LOG_FORMAT: log_format: expected readable or json; found "xml"
    "#);
}

#[test]
fn a_variable_that_means_nothing_is_named_without_its_value() {
    let program = Program::new().with_variable("ORGBRIDGE_DATABSE", "sqlite:secret.db");
    let ended = program.run(&["config", "check"]);
    ended.text();
    assert!(ended.stderr.contains("there is no setting ORGBRIDGE_DATABSE"), "{ended:?}");
    assert!(!ended.stderr.contains("secret"), "{ended:?}");
}

#[test]
fn what_is_not_understood_is_a_usage_error() {
    let program = Program::new();
    program.run(&["fly"]).complaint(2);
    program.run(&["org", "list", "--output", "yaml"]).complaint(2);
    let ended = program.run(&["org", "list", "--database", "mysql://user:hunter2@host/db"]);
    assert!(!ended.complaint(2).contains("hunter2"), "{ended:?}");

    let unnamed = Program::new().with_variable("ORGBRIDGE_DATABASE", "");
    unnamed.run(&["org", "list"]).complaint(2);
}

#[test]
fn help_and_version_are_answers() {
    let program = Program::new();
    assert!(program.run(&["--help"]).text().contains("Exit codes:"));
    assert!(program.run(&["--version"]).text().starts_with("orgbridge "));
}
