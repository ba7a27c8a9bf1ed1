//! Requests that no HTTP library would send, through the whole server. Source: hardening list, 8 to 15 and 17.
//!
//! What the edge alone must refuse is tested there, case by case; here, that the API behind it is never reached, or is
//! reached as meant.

use insta::assert_snapshot;
use orgbridge_testkit::{Persona, RawReply, TestServer, update_body};

/// A request of the source's admin that ends its connection, with more lines in its head.
fn request(line: &str, more: &str) -> String {
    let keys = Persona::SourceAdmin.header_lines();
    format!("{line}\r\nHost: localhost\r\nConnection: close\r\n{keys}{more}\r\n")
}

/// Expects the request to be refused before the API sees it.
async fn assert_malformed(request: &str, reason: &str) {
    let server = TestServer::start().await;
    let reply = server.exchange(request).await;
    let expected = format!(r#"400 {{"errors":["Bad Request","{reason}"]}}"#);
    assert_eq!(reply.to_string(), expected, "{}", request.escape_debug());
    assert_eq!(reply.header("content-type"), Some("application/json"));
    let counted = server.metrics().lines().any(|line| line.starts_with("orgbridge_http_requests_total{"));
    assert!(!counted, "the API was reached: {}", server.metrics());
}

#[tokio::test]
async fn a_plain_request_is_answered() {
    let server = TestServer::start().await;
    let reply = server.exchange(request("GET /api/v1/validate HTTP/1.1", "")).await;
    assert_eq!((reply.status(), reply.body()), (200, "{\"valid\":true}\n"));
}

/// Source: hardening list, 13.
#[tokio::test]
async fn what_two_parsers_could_read_differently_never_reaches_the_api() {
    let keys = Persona::SourceAdmin.header_lines();
    let get = "GET /api/v2/org_connections HTTP/1.1\r\n";
    assert_malformed(&format!("{get}{keys}\r\n"), "the Host header is missing").await;
    assert_malformed(&format!("{get}Host: a\r\nHost: a\r\n{keys}\r\n"), "the Host header is repeated").await;
    assert_malformed(&format!("{get}Host: a\nX: y\r\n{keys}\r\n"), "a line ends without a carriage return")
        .await;
    assert_malformed(
        &format!("{get}Host: a\r\n{keys}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        "Content-Length and Transfer-Encoding exclude each other",
    )
    .await;
    assert_malformed(
        &format!("{get}Host: a\r\nX-Folded: one\r\n two\r\n{keys}\r\n"),
        "a header line is folded",
    )
    .await;
    assert_malformed(
        &format!("{get}Host: a\r\nX-Null: a\0b\r\n{keys}\r\n"),
        "a line holds a control character",
    )
    .await;
    assert_malformed(
        &format!("GET http://elsewhere/api/v2/org_connections HTTP/1.1\r\nHost: a\r\n{keys}\r\n"),
        "the Host header differs from the host of the request target",
    )
    .await;
}

#[tokio::test]
async fn a_request_that_hides_behind_anothers_body_is_not_answered() {
    let server = TestServer::start().await;
    let shared = server.connection().create().await;
    let keys = Persona::SourceAdmin.header_lines();
    let hidden = format!("DELETE /api/v2/org_connections/{shared} HTTP/1.1\r\nHost: a\r\n{keys}\r\n");
    let length = hidden.len();
    for lengths in [
        "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n".to_owned(),
        format!("Content-Length: 0\r\nContent-Length: {length}\r\n"),
        "Transfer-Encoding: xchunked\r\n".to_owned(),
        "Content-Length: +0\r\n".to_owned(),
    ] {
        let reply = server
            .exchange(format!("GET /api/v1/validate HTTP/1.1\r\nHost: a\r\n{keys}{lengths}\r\n{hidden}"));
        assert_eq!(reply.await.status(), 400, "{lengths}");
    }
    assert_eq!(server.source_admin().read(shared).await.status(), 200);
}

/// Source: hardening list, 15.
#[tokio::test]
async fn no_other_spelling_of_a_path_is_a_route() {
    let server = TestServer::start().await;
    for path in [
        "//api/v2/org_connections",
        "/api//v2/org_connections",
        "/api/v2//org_connections",
        "/./api/v2/org_connections",
        "/api/v2/./org_connections",
        "/api/v1/../v2/org_connections",
        "/api/v1/%2e%2e/v2/org_connections",
        "/api/v1/%2E%2E/v2/org_connections",
        "/api/v1/..%2fv2/org_connections",
        "/%61pi/v2/org_connections",
        "/api/v2/%6frg_connections",
        "/api/v2/org%5Fconnections",
        "/api%2Fv2%2Forg_connections",
        "/api/v2/org_connections%00",
        "/api/v2/org_connections%20",
        "/api/v2/org_connections;a=b",
        "/Api/V2/Org_Connections",
    ] {
        let reply = server.exchange(request(&format!("GET {path} HTTP/1.1"), "")).await;
        let expected = r#"404 {"errors":["Not found","no call has this path; paths are case-sensitive and look like /api/v2/org_connections"]}"#;
        assert_eq!(reply.to_string(), expected, "{path}");
        assert_eq!(reply.header("x-ratelimit-name"), Some("unknown_route"), "{path}");
    }
}

#[tokio::test]
async fn dots_in_place_of_an_id_lead_nowhere() {
    let server = TestServer::start().await;
    for id in ["..", "%2e%2e", ".", "%2e", "..%2forg_connections", "%2e%2e/current_user", "/", "//"] {
        let reply = server.exchange(request(&format!("GET /api/v2/org_connections/{id} HTTP/1.1"), "")).await;
        let refusals = [
            r#"400 {"errors":["connection id must be a valid uuid","#,
            r#"404 {"errors":["Not found","no call "#,
        ];
        let text = reply.to_string();
        assert!(refusals.iter().any(|refusal| text.starts_with(refusal)), "{id}: {reply}");
    }
}

#[tokio::test]
async fn what_is_no_target_is_refused() {
    let server = TestServer::start().await;
    for target in ["api/v2/org_connections", "*", "/api/v2/org connections", "/api/v2/org\\connections", "/ä"]
    {
        let reply = server.exchange(request(&format!("GET {target} HTTP/1.1"), "")).await;
        assert!([400, 404].contains(&reply.status()), "{target}: {reply}");
    }
}

#[tokio::test]
async fn a_url_of_the_same_host_as_target_is_a_path_and_skips_nothing() {
    let server = TestServer::start().await;
    let line = "GET http://localhost/api/v2/org_connections HTTP/1.1";
    assert_eq!(server.exchange(request(line, "")).await.status(), 200);
    let nobody = format!("{line}\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_eq!(server.exchange(nobody).await.status(), 401);
}

#[tokio::test]
async fn tunnels_and_upgrades_are_not_offered() {
    let server = TestServer::start().await;
    let tunnel = "CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n\r\n";
    assert_eq!(server.exchange(tunnel).await.status(), 400);
    let upgrade = "Upgrade: h2c\r\nHTTP2-Settings: AAA\r\n";
    let reply = server.exchange(request("GET /api/v1/validate HTTP/1.1", upgrade)).await;
    assert_eq!(reply.status(), 200);
}

#[tokio::test]
async fn a_credential_that_is_given_twice_is_refused_in_any_case_and_order() {
    let server = TestServer::start().await;
    let mut replies = Vec::new();
    for more in [
        "dd-api-key: another\r\n",
        "DD-API-KEY: another\r\n",
        "Dd-Application-Key:\r\n",
        "Authorization: Bearer one\r\nauthorization: Bearer one\r\n",
    ] {
        let reply = server.exchange(request("GET /api/v2/org_connections HTTP/1.1", more)).await;
        replies.push(format!("{} {reply}", more.replace("\r\n", " | ")));
    }
    assert_snapshot!(replies.join("\n"), @r#"
    dd-api-key: another |  401 {"errors":["Unauthorized","the header DD-API-KEY is given more than once; send it once"]}
    DD-API-KEY: another |  401 {"errors":["Unauthorized","the header DD-API-KEY is given more than once; send it once"]}
    Dd-Application-Key: |  401 {"errors":["Unauthorized","the header DD-APPLICATION-KEY is given more than once; send it once"]}
    Authorization: Bearer one | authorization: Bearer one |  401 {"errors":["Unauthorized","the header Authorization is given more than once; send it once"]}
    "#);
}

/// Source: hardening list, 17.
#[tokio::test]
async fn no_header_can_be_smuggled_into_an_answer() {
    let server = TestServer::start().await;
    for name in ["a%0d%0aSet-Cookie: a=b", "a\tSet-Cookie", "a Set-Cookie: a=b", "\"a\"", "\u{e4}\u{2028}"] {
        let reply =
            server.exchange(request("GET /api/v1/validate HTTP/1.1", &format!("X-Request-Id: {name}\r\n")));
        let reply = reply.await;
        assert_eq!(reply.status(), 200);
        assert!(!reply.head().to_lowercase().contains("set-cookie"), "{}", reply.head());
        let id = reply.header("x-request-id").unwrap();
        assert!(id.starts_with("00000000-0000-4000-8000-"), "{name}: {id}");
    }
    let torn = request("GET /api/v1/validate HTTP/1.1", "X-Request-Id: a\rSet-Cookie: a=b\r\n");
    assert_eq!(server.exchange(torn).await.status(), 400);
    let torn = request("GET /api/v2/org_connections?limit=a%0d%0aSet-Cookie:%20a=b HTTP/1.1", "");
    let reply = server.exchange(torn).await;
    assert!(!reply.head().contains("Set-Cookie"), "{}", reply.head());
}

fn patch(shared: impl std::fmt::Display, more: &str) -> String {
    let more = format!("Content-Type: application/json\r\n{more}");
    request(&format!("PATCH /api/v2/org_connections/{shared} HTTP/1.1"), &more)
}

#[tokio::test]
async fn a_body_in_chunks_is_read_as_one() {
    let server = TestServer::start().await;
    let shared = server.connection().of(["logs"]).create().await;
    let body = update_body(shared, ["audit"]).to_string();
    let (one, other) = body.split_at(20);
    let mut client = server.raw().await;
    client.send(patch(shared, "Transfer-Encoding: chunked\r\n")).await;
    for part in [one, other, ""] {
        client.send(format!("{:x}\r\n{part}\r\n", part.len())).await;
    }
    assert_eq!(RawReply::only(&client.read_to_end().await).status(), 200);
    assert_eq!(server.source_admin().read(shared).await.types(), ["audit"]);
}

#[tokio::test]
async fn half_a_body_changes_nothing() {
    let server = TestServer::start().await;
    let shared = server.connection().of(["logs"]).create().await;
    let body = update_body(shared, ["audit"]).to_string();
    let mut client = server.raw().await;
    client.send(patch(shared, &format!("Content-Length: {}\r\n", body.len() + 1))).await;
    client.send(&body).await;
    client.finish().await;
    let answer = client.read_to_end().await;
    assert!(answer.is_empty() || RawReply::only(&answer).status() == 400, "{answer}");
    assert_eq!(server.source_admin().read(shared).await.types(), ["logs"]);
}

/// Source: hardening list, 10.
#[tokio::test]
async fn a_body_that_says_it_is_too_big_is_refused_unread() {
    let server = TestServer::start().await;
    let shared = server.connection().create().await;
    let mut replies = Vec::new();
    for length in ["65537", "9223372036854775807"] {
        let reply = server.exchange(patch(shared, &format!("Content-Length: {length}\r\n"))).await;
        replies.push(format!("{length}: {reply}"));
    }
    assert_snapshot!(replies.join("\n"), @r#"
    65537: 413 {"errors":["Payload too big","a body may have at most 65536 bytes"]}
    9223372036854775807: 413 {"errors":["Payload too big","a body may have at most 65536 bytes"]}
    "#);
}

/// The server stops reading soon after the limit, so that whoever sends without end takes none of its memory.
#[tokio::test]
async fn chunks_without_end_are_refused_and_the_connection_is_closed() {
    const ENOUGH: usize = 64 * 1024 * 1024;
    let server = TestServer::start().await;
    let shared = server.connection().create().await;
    let mut client = server.raw().await;
    client.send(patch(shared, "Transfer-Encoding: chunked\r\n")).await;
    let chunk = format!("{:x}\r\n{}\r\n", 16 * 1024, " ".repeat(16 * 1024));
    let mut sent = 0;
    while sent < ENOUGH && client.try_send(&chunk).await {
        sent += chunk.len();
    }
    assert!(sent < ENOUGH, "the server still reads after {sent} bytes");
}

#[tokio::test]
async fn who_sends_too_many_chunks_can_read_why_they_are_refused() {
    let server = TestServer::start().await;
    let shared = server.connection().create().await;
    let mut client = server.raw().await;
    client.send(patch(shared, "Transfer-Encoding: chunked\r\n")).await;
    let chunk = format!("{:x}\r\n{}\r\n", 40 * 1024, " ".repeat(40 * 1024));
    client.send(&chunk).await;
    client.send(&chunk).await;
    let reply = RawReply::only(&client.read_to_end().await);
    assert_snapshot!(reply, @r#"413 {"errors":["Payload too big","a body may have at most 65536 bytes"]}"#);
}

#[tokio::test]
async fn a_compressed_body_is_refused_unread() {
    let server = TestServer::start().await;
    let shared = server.connection().create().await;
    let bomb = "Content-Encoding: gzip\r\nContent-Length: 4\r\n";
    let reply = server.exchange(format!("{}\u{1f}\u{8b}", patch(shared, bomb))).await;
    assert_snapshot!(reply, @r#"415 {"errors":["Unsupported media type","send the body as it is, without Content-Encoding"]}"#);
}

/// A client that keeps its connections must know which of them it can't use again. Source: RFC 9112, section 9.6.
#[tokio::test]
async fn a_connection_that_closes_behind_an_early_answer_says_so() {
    let server = TestServer::start().await;
    let shared = server.connection().create().await;
    let keys = Persona::SourceAdmin.header_lines();
    for (credentials, length, sent) in
        [(keys.as_str(), 70_000, 0), (&keys, 65_537, 65_000), ("", 100, 0), ("", 100, 50)]
    {
        let mut client = server.raw().await;
        let lines = "Host: a\r\nContent-Type: application/json\r\n";
        let head = format!("PATCH /api/v2/org_connections/{shared} HTTP/1.1\r\n{lines}{credentials}");
        client.send(format!("{head}Content-Length: {length}\r\n\r\n{}", " ".repeat(sent))).await;
        let reply = client.read_reply().await;
        assert_eq!(reply.header("connection"), Some("close"), "{sent} of {length}: {}", reply.head());
        assert_eq!(client.read_to_end().await, "");
    }
}

#[tokio::test]
async fn chunks_that_nobody_reads_close_the_connection_and_the_answer_says_so() {
    let server = TestServer::start().await;
    let mut client = server.raw().await;
    let head = "POST /api/v2/org_connections HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    client.send(format!("{head}2\r\n{{}}\r\n0\r\n\r\n")).await;
    let reply = client.read_reply().await;
    assert_eq!((reply.status(), reply.header("connection")), (401, Some("close")));
    assert_eq!(client.read_to_end().await, "");
}

#[tokio::test]
async fn a_refusal_of_what_has_arrived_keeps_the_connection() {
    let server = TestServer::start().await;
    let mut client = server.raw().await;
    for _ in 0..3 {
        let head = "POST /api/v2/org_connections HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}";
        client.send(head).await;
        let reply = client.read_reply().await;
        assert_eq!((reply.status(), reply.header("connection")), (401, None));
    }
}
