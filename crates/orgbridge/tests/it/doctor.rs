//! What `orgbridge doctor` finds in a configuration, and whether `orgbridge serve` says the same.

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
