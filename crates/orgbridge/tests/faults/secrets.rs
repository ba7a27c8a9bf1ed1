//! No secret is anywhere but where its owner keeps it: not in a file, a log, a metric or an answer.

use crate::process::{API_KEY, APPLICATION_KEY, Client, Deployment, files, sink};

const WRONG_KEY: &str = "feedfacefeedfacefeedfacefeedface";
const IN_QUERY: &str = "cafebabecafebabecafebabecafebabe";
const BEARER: &str = "bearer-of-a-secret-token";

#[test]
fn no_secret_is_in_any_file_log_metric_or_answer() {
    let deployment = Deployment::with_sinks(1);
    std::fs::remove_file(deployment.path("organizations.yaml")).unwrap();
    let mut server = deployment.serve();
    let mut answers = String::new();
    let mut client = server.client();
    answers.push_str(&client.create(&sink(0), r#"["logs"]"#).unwrap().body);
    answers.push_str(&client.create(&sink(0), r#"["logs"]"#).unwrap().body);
    // Keys in every place where they don't belong.
    for target in [
        format!("/api/v2/org_connections?api_key={IN_QUERY}&application_key={APPLICATION_KEY}"),
        format!("/api/v2/org_connections/{APPLICATION_KEY}"),
        format!("/{IN_QUERY}/{API_KEY}"),
        format!("/api/v2/org_connections?limit={API_KEY}"),
    ] {
        answers.push_str(&client.call("GET", &target, "").unwrap().body.replace(&target, ""));
    }
    let mut stranger = Client::connect(&server.address);
    stranger.headers = format!(
        "DD-API-KEY: {WRONG_KEY}\r\nDD-APPLICATION-KEY: {WRONG_KEY}\r\nAuthorization: Bearer {BEARER}\r\n"
    );
    answers.push_str(&stranger.call("GET", "/api/v2/org_connections", "").unwrap().body);
    answers.push_str(&stranger.call("GET", "/api/v1/validate", "").unwrap().body);
    stranger.headers = format!("Authorization: Bearer {BEARER}\r\n");
    answers.push_str(&stranger.call("GET", "/api/v2/current_user", "").unwrap().body);
    let metrics = Client::connect(&server.admin_address).call("GET", "/metrics", "").unwrap();
    deployment.must_run(&[
        "backup",
        "--database",
        &deployment.database(),
        deployment.path("backup").to_str().unwrap(),
    ]);
    let printed =
        deployment.must_run(&["audit", "list", "--output", "json", "--database", &deployment.database()]);
    let dump = deployment.must_run(&[
        "key",
        "api",
        "list",
        "--org",
        "Source Org",
        "--database",
        &deployment.database(),
    ]);
    let at_work = files(deployment.folder.path());
    server.kill();

    let mut searched = vec![
        ("the log".to_owned(), server.log().into_bytes()),
        ("the answers".to_owned(), answers.into_bytes()),
        ("the metrics".to_owned(), metrics.body.into_bytes()),
        ("the audit log as printed".to_owned(), printed.stdout),
        ("the list of keys".to_owned(), dump.stdout),
    ];
    searched.extend(at_work);
    searched.extend(files(deployment.folder.path()));
    assert!(searched.iter().filter(|(_, bytes)| !bytes.is_empty()).count() >= 7);
    for (place, bytes) in &searched {
        for secret in [API_KEY, APPLICATION_KEY, WRONG_KEY, IN_QUERY, BEARER] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} is in {place}");
        }
    }
}
