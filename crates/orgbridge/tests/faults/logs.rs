//! What a stranger sends breaks no line of a log. Source: hardening list, 11 and 17.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;

use crate::process::{API_KEY, APPLICATION_KEY, Client, Deployment, Server, sink};

/// What makes a terminal or a reader of lines take one for another: as it is, and as a URL, JSON and a form write it.
const MARKS: [&str; 7] = ["\x1b]0;", "\n2030-01-01T00:00:00Z", "\r\n", "\0", "\x7f", "\u{85}", "\u{9b}2J"];

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>().concat()
}

fn json(text: &str) -> String {
    text.chars().map(|char| format!("\\u{:04x}", u32::from(char))).collect::<Vec<_>>().concat()
}

/// Sends what is no request of any client, and waits for the end of the answer.
fn send(server: &Server, request: &[u8]) {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    // A server that has read enough closes, which is an answer as well.
    let _ = stream.write_all(request);
    let _ = stream.read_to_end(&mut Vec::new());
}

/// Has every place that a stranger writes to hold every mark.
fn provoke(server: &Server) {
    let mut client = server.client();
    let id = client.create(&sink(0), r#"["logs"]"#).unwrap().id();
    for mark in MARKS {
        let (in_url, in_json) = (percent(mark), json(mark));
        for (method, target, body) in [
            ("GET", format!("/api/v2/org_connections?limit={in_url}&{in_url}=1"), String::new()),
            ("GET", format!("/api/v2/org_connections/{in_url}"), String::new()),
            ("GET", format!("/{in_url}"), String::new()),
            ("DELETE", format!("/api/v2/roles/{in_url}/users"), String::new()),
            ("PATCH", format!("/api/v2/org_connections/{id}"), format!("{{\"{in_json}\":\"{in_json}\"}}")),
            ("POST", "/api/v2/api_keys".to_owned(), named("api_keys", &in_json)),
            ("POST", "/api/v2/roles".to_owned(), named("roles", &in_json)),
            ("POST", "/api/v1/org".to_owned(), format!("{{\"name\":\"{in_json}\"}}")),
            (
                "GET",
                format!("/api/v2/audit/events?filter[query]={in_url}&page[cursor]={in_url}"),
                String::new(),
            ),
            ("GET", format!("/oauth2/v1/authorize?client_id={in_url}&state={in_url}"), String::new()),
            ("POST", format!("/oauth2/v1/token?{in_url}"), format!("grant_type={in_url}")),
        ] {
            client.call(method, &target, &body).unwrap();
        }
        let keys = format!("DD-API-KEY: {API_KEY}\r\nDD-APPLICATION-KEY: {APPLICATION_KEY}\r\n");
        for name in ["X-Request-Id", "User-Agent", "Host", "Authorization", "Cookie", "Content-Type", mark] {
            let host = if name == "Host" { "" } else { "Host: localhost\r\n" };
            let head = "GET /api/v2/org_connections HTTP/1.1\r\nConnection: close\r\n";
            send(server, format!("{head}{host}{keys}{name}: a{mark}b\r\n\r\n").as_bytes());
        }
        send(server, format!("G{mark}T /{mark} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes());
    }
    // Bytes that are no text at all.
    send(server, b"GET /\xff\x9b HTTP/1.1\r\nHost: \xff\r\n\r\n");
    send(server, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
    send(server, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x04\x04\x00\x00\x00\x00\x00\xff\x1b[2");
}

fn named(kind: &str, name: &str) -> String {
    format!(r#"{{"data":{{"type":"{kind}","attributes":{{"name":"{name}"}}}}}}"#)
}

/// The lines that a server logs while it is provoked, at the level that says most.
fn logged(format: &str) -> String {
    let deployment = Deployment::with_sinks(1);
    let mut command = Command::new(&deployment.binary);
    // Some of it is the beginning of something that never comes.
    for wait in ["HEADER", "BODY", "WRITE"] {
        command.env(format!("ORGBRIDGE_EDGE_{wait}_TIMEOUT_SECONDS"), "1");
    }
    command.env("ORGBRIDGE_LOG_FORMAT", format);
    let server = Server::start(command, &deployment.database());
    provoke(&server);
    let alive = Client::connect(&server.admin_address).call("GET", "/livez", "").unwrap();
    assert_eq!(alive.status, 200);
    let log = server.log();
    assert!(log.lines().count() > 100, "{} lines", log.lines().count());
    log
}

fn is_broken_by(char: char) -> bool {
    char.is_control() || matches!(char, '\u{2028}' | '\u{2029}')
}

#[test]
fn no_value_from_outside_breaks_a_line_of_a_readable_log() {
    for line in logged("readable").lines() {
        let begins_with_its_time =
            line.split_once('T').is_some_and(|(date, _)| date.len() == 10 && date.starts_with("20"))
                && !line.starts_with("2030-");
        assert!(begins_with_its_time, "{line:?}");
        assert!(!line.contains(is_broken_by), "{line:?}");
    }
}

#[test]
fn no_value_from_outside_breaks_a_line_of_a_log_in_json() {
    for line in logged("json").lines() {
        let is_whole = line.starts_with("{\"timestamp\":\"20") && line.ends_with('}');
        assert!(is_whole && !line.contains(is_broken_by), "{line:?}");
    }
}
