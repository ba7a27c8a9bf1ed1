//! What `orgbridge doctor` finds in a configuration, and whether `orgbridge serve` says the same.

use std::fs;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use serde_json::Value;

use crate::program::{Ended, Program};

/// What was found about a subject, as `judgement: words`.
fn found(ended: &Ended, subject: &str) -> Vec<String> {
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    let observations = report["observations"].as_array().unwrap().iter();
    let of_subject = observations.filter(|one| one["subject"] == subject);
    let in_words =
        |one: &Value| format!("{}: {}", one["judgement"].as_str().unwrap(), one["says"].as_str().unwrap());
    of_subject.map(in_words).collect()
}

fn examine(program: &Program) -> Ended {
    program.run(&["doctor", "--output", "json"])
}

#[test]
fn each_file_that_keeps_a_server_from_its_start_is_named_by_whoever_looks() {
    let program = Program::initialized().0;
    let program = program
        .with_variable("ORGBRIDGE_RATE_LIMITS_STORE", "redis://127.0.0.1:1")
        .with_variable("ORGBRIDGE_RATE_LIMITS_STORE_PASSWORD_FILE", "absent/password")
        .with_variable("ORGBRIDGE_OAUTH_LOGIN_ISSUER", "http://127.0.0.1:1/tenant")
        .with_variable("ORGBRIDGE_OAUTH_LOGIN_CLIENT_ID", "orgbridge")
        .with_variable("ORGBRIDGE_OAUTH_LOGIN_CLIENT_SECRET_FILE", "absent/secret")
        .with_variable("ORGBRIDGE_OAUTH_LOGIN_ORG", "nowhere")
        .with_variable("ORGBRIDGE_TLS_CERT", "absent/cert.pem")
        .with_variable("ORGBRIDGE_TLS_KEY", "absent/key.pem");
    let absent = ["absent/cert.pem", "absent/secret", "absent/password"];

    let checked = program.run(&["config", "check"]);

    assert_eq!(program.run(&["serve"]).complaint(2), checked.complaint(2));
    let lines: Vec<&str> = checked.complaint(2).lines().collect();
    assert_eq!(lines.len(), absent.len(), "{checked:?}");
    assert!(lines.iter().zip(absent).all(|(line, file)| line.contains(file)), "{checked:?}");
    let examined = examine(&program);
    assert_eq!(examined.code, 1, "{examined:?}");
    let wrong = found(&examined, "configuration");
    for file in absent {
        assert!(wrong.iter().any(|one| one.starts_with("wrong: ") && one.contains(file)), "{wrong:?}");
    }
}

#[test]
fn an_organization_that_an_issuer_outside_names_has_to_be_there() {
    let program = Program::initialized().0;
    let orgs = program.run(&["org", "list", "--output", "json"]).json();
    let known = orgs[0]["public_id"].as_str().unwrap();
    assert_eq!(found(&examine(&program), "organizations"), [""; 0]);
    let program = program
        .with_variable("ORGBRIDGE_OAUTH_EXTERNAL_ISSUER_ISSUER", "http://127.0.0.1:1/tenant")
        .with_variable("ORGBRIDGE_OAUTH_EXTERNAL_ISSUER_AUDIENCE", "https://api.example.com")
        .with_variable("ORGBRIDGE_OAUTH_EXTERNAL_ISSUER_ORG", known);
    assert_eq!(
        found(&examine(&program), "organizations"),
        ["fine: those that issuers outside name are there"]
    );

    let program = program.with_variable("ORGBRIDGE_OAUTH_EXTERNAL_ISSUER_ORG", "nowhere");

    let examined = examine(&program);
    assert_eq!(examined.code, 1, "{examined:?}");
    let says = "oauth.external_issuer.org: there is no organization nowhere; `orgbridge org list` shows those that \
                there are";
    assert_eq!(found(&examined, "organizations"), [format!("wrong: {says}")]);
    assert_eq!(program.run(&["serve"]).complaint(1), format!("error: {says}"));

    fs::remove_file(program.path("ledger.db")).unwrap();
    assert_eq!(
        found(&examine(&program), "organizations"),
        ["remark: those that issuers outside name were not looked for"]
    );
}

#[test]
fn a_certificate_that_has_ended_is_wrong() {
    let program = Program::initialized().0;
    let key = KeyPair::generate().unwrap();
    let mut parameters = CertificateParams::new(["localhost".to_owned()]).unwrap();
    (parameters.not_before, parameters.not_after) = (date_time_ymd(2000, 1, 1), date_time_ymd(2001, 1, 1));
    program.write("cert.pem", &parameters.self_signed(&key).unwrap().pem());
    program.write("key.pem", &key.serialize_pem());
    let program =
        program.with_variable("ORGBRIDGE_TLS_CERT", "cert.pem").with_variable("ORGBRIDGE_TLS_KEY", "key.pem");

    let examined = examine(&program);

    assert_eq!(examined.code, 1, "{examined:?}");
    assert_eq!(found(&examined, "certificate"), ["wrong: it ended at 2001-01-01T00:00:00.000000+00:00"]);

    parameters.not_after = date_time_ymd(4000, 1, 1);
    program.write("cert.pem", &parameters.self_signed(&key).unwrap().pem());
    let examined = examine(&program);
    assert_eq!(examined.code, 0, "{examined:?}");
    assert_eq!(found(&examined, "certificate"), ["fine: it holds until 4000-01-01T00:00:00.000000+00:00"]);
}

#[test]
fn a_password_that_passes_in_clear_to_another_machine_is_told_of() {
    let program = Program::initialized().0;
    program.write("password", "hunter2\n");
    let told = "the password of the rate limits' store passes in clear";
    let is_told_of = |store: &str, password_file: Option<&str>| {
        let text =
            password_file.map(|file| format!("\nstore_password_file = \"{file}\"")).unwrap_or_default();
        program.write("orgbridge.toml", &format!("[rate_limits]\nstore = \"{store}\"{text}\n"));
        // No machine has an address of this network, so it stops before it listens there.
        let served = program.run(&["serve", "--config", "orgbridge.toml", "--listen", "192.0.2.1:0"]);
        let examined = program.run(&["doctor", "--config", "orgbridge.toml", "--output", "json"]);
        assert!(served.complaint(1).contains("can't listen on 192.0.2.1:0"), "{served:?}");
        let is_found = found(&examined, "configuration").iter().any(|one| one.contains(told));
        assert_eq!(served.stderr.contains(told), is_found, "{served:?} {examined:?}");
        is_found
    };

    assert!(is_told_of("redis://orgbridge@store.example.com:6379/1", Some("password")));
    assert!(!is_told_of("redis://store.example.com", None));
    assert!(!is_told_of("rediss://store.example.com", Some("password")));
    assert!(!is_told_of("redis://127.0.0.1:1", Some("password")));
}
