use std::fs;
use std::io::Write;
use std::time::Duration;

use orgbridge::{Server, ServerOptions};
use orgbridge_domain::{Decided, Principal, Session};
use orgbridge_ledger::MAX_STALENESS;

use crate::program::{Keys, Program, answer, call, connect, contents, eventually};

#[test]
fn a_server_says_where_it_listens_answers_and_ends_with_the_signal() {
    let (program, keys) = Program::initialized();
    let server = program.serve(&[]);
    assert!(server.url.starts_with("http://127.0.0.1:"), "{}", server.url);

    assert_eq!(server.get("/api/v1/validate", &keys), (200, "{\"valid\":true}\n".to_owned()));
    assert_eq!(server.get("/api/v2/org_connections", &keys).0, 200);

    server.signal("TERM");
    assert_eq!(server.end(), (Some(0), String::new()));
    assert!(!program.files().contains(&"ledger.db-wal".to_owned()), "{:?}", program.files());
}

#[test]
fn interrupting_a_server_ends_it_as_well() {
    let (program, _) = Program::initialized();
    let server = program.serve(&[]);
    server.signal("INT");
    assert_eq!(server.end().0, Some(0));
}

#[test]
fn a_server_that_stops_is_unready_at_once_and_answers_what_is_under_way() {
    let (program, keys) = Program::initialized();
    let server = program.serve(&[]);
    assert_eq!(server.get_admin("/readyz"), (200, "ready\n".to_owned()));
    let mut half = half_a_request(&server.address(), &keys);

    server.signal("TERM");
    eventually("the server is unready", || server.get_admin("/readyz") == (503, "stopping\n".to_owned()));
    assert_eq!(server.get_admin("/livez").0, 200);
    half.write_all(b"}").unwrap();

    assert_eq!(answer(half).0, 400);
    assert_eq!(server.end(), (Some(0), String::new()));
}

/// The writer is held up, so that nobody looks what the database holds by now.
#[test]
fn a_server_that_may_not_decide_by_what_it_knows_is_unready() {
    let (program, _) = Program::initialized();
    let database = format!("sqlite:{}", program.path("ledger.db").display()).parse().unwrap();
    let nobody = Some("127.0.0.1:0".parse().unwrap());
    let options = ServerOptions { admin_listen: nobody, ..ServerOptions::new(database) };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let server = runtime.block_on(Server::start(options)).unwrap();
    let admin = server.admin_address().unwrap().to_string();
    let readiness = || call(&admin, "GET /readyz HTTP/1.1\r\n", "");
    assert_eq!(readiness().0, 200);

    let (ledger, request) = (server.ledger().clone(), "slow".parse().unwrap());
    let slow = runtime.spawn(async move {
        let wait = |_: &Session<'_>, _| {
            std::thread::sleep(MAX_STALENESS + Duration::from_secs(1));
            Ok(Decided::unchanged(()))
        };
        ledger.commit(Principal::Operator, request, wait).await
    });

    eventually("the server is unready", || readiness() == (503, "the ledger can't be read\n".to_owned()));
    runtime.block_on(slow).unwrap().unwrap();
    eventually("the server is ready again", || readiness().0 == 200);
    runtime.block_on(server.stop());
}

/// What a server is told of an issuer outside that nobody runs.
fn believing_nobody(program: Program, org: &str) -> Program {
    program
        .with_variable("ORGBRIDGE_OAUTH_EXTERNAL_ISSUER_ISSUER", "http://127.0.0.1:1/tenant")
        .with_variable("ORGBRIDGE_OAUTH_EXTERNAL_ISSUER_AUDIENCE", "https://api.example.com")
        .with_variable("ORGBRIDGE_OAUTH_EXTERNAL_ISSUER_ORG", org)
}

#[test]
fn a_server_whose_issuer_outside_names_users_of_no_organization_does_not_start() {
    let program = believing_nobody(Program::initialized().0, "nowhere");
    let ended = program.run(&["serve", "--listen", "127.0.0.1:0"]);
    insta::assert_snapshot!(ended.complaint(1), @"error: oauth.external_issuer.org: there is no organization nowhere; `orgbridge org list` shows those that there are");
}

#[test]
fn a_server_at_whose_issuer_users_of_no_organization_log_in_does_not_start() {
    let secret = tempfile::NamedTempFile::new().unwrap();
    let path = secret.path().to_str().unwrap();
    let program = Program::initialized().0;
    let program = program
        .with_variable("ORGBRIDGE_OAUTH_LOGIN_ISSUER", "http://127.0.0.1:1/tenant")
        .with_variable("ORGBRIDGE_OAUTH_LOGIN_CLIENT_ID", "orgbridge")
        .with_variable("ORGBRIDGE_OAUTH_LOGIN_CLIENT_SECRET_FILE", path)
        .with_variable("ORGBRIDGE_OAUTH_LOGIN_ORG", "nowhere");
    let ended = program.run(&["config", "check"]);
    assert_eq!(ended.complaint(2), format!("error: {path}: expected a secret on one line"));
    fs::write(path, "hunter2\n").unwrap();
    let ended = program.run(&["serve", "--listen", "127.0.0.1:0"]);
    insta::assert_snapshot!(ended.complaint(1), @"error: oauth.login.org: there is no organization nowhere; `orgbridge org list` shows those that there are");
}

#[test]
fn a_server_whose_issuer_outside_can_not_be_asked_answers_everybody_else() {
    let (program, keys) = Program::initialized();
    let orgs = program.run(&["org", "list", "--output", "json"]).json();
    let program = believing_nobody(program, orgs[0]["public_id"].as_str().unwrap());
    let server = program.serve(&[]);
    eventually("the log says so", || server.log().contains("the keys of the issuer can't be fetched"));
    assert_eq!(server.get("/api/v2/org_connections", &keys).0, 200);
    // {"alg":"ES256","typ":"at+jwt"}
    let token = "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.AAAA";
    let head = format!("GET /api/v2/current_user HTTP/1.1\r\nauthorization: Bearer {token}\r\n");
    assert_eq!(call(&server.address(), &head, "").0, 503);
    server.stop();
}

#[test]
fn a_second_signal_does_not_wait_for_what_is_under_way() {
    let (program, keys) = Program::initialized();
    let server = program.serve(&[]);
    let _half = half_a_request(&server.address(), &keys);

    server.signal("TERM");
    eventually("the server is unready", || server.get_admin("/readyz").0 == 503);
    server.signal("TERM");

    assert_eq!(server.end().0, Some(130));
}

/// Sends a request but for the last byte of its content, and sees to it that the server has begun to read it.
fn half_a_request(address: &str, keys: &Keys) -> std::net::TcpStream {
    let mut stream = connect(address);
    let head = format!(
        "POST /api/v2/org_connections HTTP/1.1\r\nhost: {address}\r\n{}connection: close\r\n\
         expect: 100-continue\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n",
        keys.headers()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut interim = [0; 25];
    std::io::Read::read_exact(&mut stream, &mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"{").unwrap();
    stream
}

#[test]
fn the_metrics_count_requests_commits_and_connections() {
    let (program, keys) = Program::initialized();
    let server = program.serve(&[]);
    server.get("/api/v1/validate", &keys);

    let (status, text) = server.get_admin("/metrics");

    assert_eq!(status, 200);
    for line in [
        r#"orgbridge_http_requests_total{route="/api/v1/validate",method="GET",status="200"} 1"#,
        "orgbridge_ledger_revision 5",
        "orgbridge_ledger_epoch 1",
        "orgbridge_ledger_healthy 1",
        "orgbridge_organizations 1",
        "orgbridge_edge_connections_accepted_total 1",
        "orgbridge_commit_duration_seconds_count 0",
        concat!("orgbridge_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
}

#[test]
fn a_server_sees_what_the_command_line_changes() {
    let (program, keys) = Program::initialized();
    let server = program.serve(&[]);
    program.run(&["org", "rename", "Source Org", "Renamed"]).text();
    eventually("the server knows the new name", || server.get("/api/v1/org", &keys).1.contains("Renamed"));

    for _ in 0..5 {
        program.run(&["org", "disable", "Renamed"]).text();
        // The command returns when no server goes by the old state any more.
        assert_eq!(server.get("/api/v1/org", &keys).0, 401);
        program.run(&["org", "enable", "Renamed"]).text();
        eventually("the keys are live", || server.get("/api/v1/org", &keys).0 == 200);
    }
    server.stop();
}

#[test]
fn limits_that_are_off_are_said_so_and_limit_nothing() {
    let (program, keys) = Program::initialized();
    let program = program
        .with_variable("ORGBRIDGE_RATE_LIMIT", "off")
        .with_variable("ORGBRIDGE_RATE_LIMITS_VALIDATE_REQUESTS", "1");
    let server = program.serve(&[]);
    assert!(server.log().contains("rate limits are off"), "{}", server.log());
    for _ in 0..3 {
        assert_eq!(server.get("/api/v1/validate", &keys).0, 200);
    }
}

#[test]
fn a_server_answers_for_its_sites_alone_and_says_so_of_orgs_elsewhere() {
    let (program, keys) = Program::initialized();
    let elsewhere = program.serve(&["--sites", "datadoghq.eu,localhost"]);
    assert!(elsewhere.log().contains("keys of organizations on other sites"), "{}", elsewhere.log());
    assert_eq!(elsewhere.get("/api/v1/validate", &keys).0, 421, "an address is no site");
    elsewhere.stop();

    let at_home = program.serve(&["--sites", "datadoghq.com"]);
    assert!(!at_home.log().contains("on other sites"), "{}", at_home.log());
    let ask = |host: &str| {
        let mut stream = connect(&at_home.address());
        let keys = keys.headers();
        write!(stream, "GET /api/v1/validate HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{keys}\r\n")
            .unwrap();
        answer(stream).0
    };
    assert_eq!((ask("api.datadoghq.com"), ask("api.datadoghq.eu")), (200, 421));
}

#[test]
fn a_limit_is_what_the_configuration_file_says() {
    let (program, keys) = Program::initialized();
    program.write("orgbridge.toml", "[rate_limits.validate]\nrequests = 2\nperiod_seconds = 3600\n");
    let server = program.serve(&["--config", "orgbridge.toml"]);
    let statuses: Vec<u16> = (0..3).map(|_| server.get("/api/v1/validate", &keys).0).collect();
    assert_eq!(statuses, [200, 200, 429]);
}

#[test]
fn no_log_line_and_no_file_holds_a_key_however_much_is_logged() {
    let (program, keys) = Program::initialized();
    let wrong = Keys { api_key: "0".repeat(32), application_key: "f".repeat(40) };
    let made = program.run(&["key", "api", "create", "ci", "--org", "Source Org", "--output", "json"]);
    let another = made.json()["key"].as_str().unwrap().to_owned();
    let server = program.serve(&["--log", "trace", "--log-format", "json"]);

    assert_eq!(server.get("/api/v2/org_connections", &keys).0, 200);
    assert_eq!(server.get("/api/v2/org_connections", &wrong).0, 401);
    assert_eq!(server.get(&format!("/api/v1/validate?api_key={another}"), &wrong).0, 401);
    let head = format!(
        "POST /api/v2/org_connections HTTP/1.1\r\ncontent-type: application/json\r\n{}",
        keys.headers()
    );
    assert_eq!(call(&server.address(), &head, &format!("{{\"{another}\":1}}")).0, 400);
    server.stop();

    for file in program.files() {
        let text = contents(&program.path(&file));
        for secret in [&keys.api_key, &keys.application_key, &wrong.api_key, &wrong.application_key, &another]
        {
            assert!(!text.contains(secret.as_str()), "{secret} is in {file}");
        }
    }
}

#[test]
fn every_log_line_is_json_where_that_is_asked_for() {
    let (program, _) = Program::initialized();
    let server = program.serve(&["--log-format", "json"]);
    let log = server.log();
    assert!(!log.is_empty());
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["message"].is_string(), "{line}");
    }
}

#[test]
fn with_a_certificate_a_server_speaks_tls() {
    let (program, _) = Program::initialized();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    program.write("cert.pem", &made.cert.pem());
    program.write("key.pem", &made.signing_key.serialize_pem());
    let server = program.serve(&["--tls-cert", "cert.pem", "--tls-key", "key.pem"]);
    assert!(server.url.starts_with("https://127.0.0.1:"), "{}", server.url);
}

/// Loopback addresses are no news to anybody; any other may be.
#[test]
fn a_server_that_listens_in_clear_beyond_its_machine_says_so() {
    let (program, _) = Program::initialized();
    let quiet = program.serve(&[]);
    let warnings = ["keys pass in clear", "the admin listener answers whoever reaches it"];
    assert!(warnings.iter().all(|warning| !quiet.log().contains(warning)), "{}", quiet.log());
    quiet.stop();

    // No machine has an address of this network, so it stops before it listens there.
    let beyond = program.run(&["serve", "--listen", "192.0.2.1:0", "--admin-listen", "192.0.2.1:0"]);
    for warning in warnings {
        assert!(beyond.stderr.contains(warning), "{beyond:?}");
    }
    assert!(beyond.stderr.contains("can't listen on 192.0.2.1:0"), "{beyond:?}");
}

#[test]
fn a_server_that_can_not_start_says_why() {
    let program = Program::new();
    let absent = program.run(&["serve"]);
    assert!(absent.complaint(4).contains("`orgbridge init` makes one"), "{absent:?}");

    let (program, _) = Program::initialized();
    let server = program.serve(&[]);
    let taken = program.run(&["serve", "--listen", &server.address()]);
    assert!(taken.complaint(1).contains(&format!("can't listen on {}", server.address())), "{taken:?}");

    let no_key = program.run(&["serve", "--tls-cert", "cert.pem"]);
    assert!(no_key.complaint(2).ends_with("flag --tls-cert: tls_cert needs tls_key beside it"), "{no_key:?}");
    let no_file = program.run(&["serve", "--tls-cert", "cert.pem", "--tls-key", "key.pem"]);
    assert!(no_file.complaint(2).contains("cert.pem"), "{no_file:?}");
}

/// As when servers are replaced one by one by those of a later release.
#[test]
fn servers_of_two_releases_answer_side_by_side_until_one_takes_away_what_the_other_needs() {
    let (program, database) = Program::on_postgres();
    let program = program.with_variable("ORGBRIDGE_RATE_LIMITS_REPLICAS", "2");
    let keys = program.init();
    let beside = Program::new()
        .with_variable("ORGBRIDGE_DATABASE", &database.address_by_port())
        .with_variable("ORGBRIDGE_RATE_LIMITS_REPLICAS", "2");
    let first = program.serve(&[]);
    let release = |statements: &str, version: u32| {
        let applied = format!(
            "{statements}; INSERT INTO refinery_schema_history (version, name, applied_on, checksum) \
             VALUES ({version}, 'later', '2030-01-01T00:00:00Z', '0')"
        );
        database.sql(&applied).unwrap();
    };

    release("ALTER TABLE org ADD COLUMN note TEXT NOT NULL DEFAULT ''", 4711);
    let second = beside.serve(&[]);
    program.run(&["org", "rename", "Source Org", "Renamed"]).text();
    for server in [&first, &second] {
        eventually("it is ready", || server.get_admin("/readyz").0 == 200);
        eventually("it answers by what the other release wrote", || {
            let (status, body) = server.get("/api/v1/org", &keys);
            status == 200 && body.contains("Renamed")
        });
    }

    release("UPDATE ledger SET least_schema = 4712", 4712);
    for server in [&first, &second] {
        eventually("it is unready", || server.get_admin("/readyz").0 == 503);
        eventually("it refuses", || server.get("/api/v1/org", &keys).0 == 503);
    }
    let ended = program.run(&["serve"]);
    assert!(ended.complaint(4).contains("use the newer Orgbridge that last opened it"), "{ended:?}");
    assert!(ended.stderr.contains("4712"), "{ended:?}");
    first.stop();
    second.stop();
}
