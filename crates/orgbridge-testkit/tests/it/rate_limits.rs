//! How many requests are taken. Source: contract, section 3; hardening list, 23.

use std::time::Duration;

use insta::assert_snapshot;
use orgbridge_api::{LimitName, RouteInfo, routes};
use orgbridge_testkit::{Persona, Reply, TestOrg, TestServer, named_body, path_of};

const READS: LimitName = LimitName::OrgConnectionsRead;
const FAILURES: LimitName = LimitName::FailedAuthentication;

/// An address of this machine that is not the usual one.
#[cfg(target_os = "linux")]
const ANOTHER_ADDRESS: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2));

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The five headers, shortened.
fn standing(reply: &Reply) -> String {
    let of = |header: &str| reply.header(&format!("x-ratelimit-{header}")).unwrap().to_owned();
    let (name, remaining, limit) = (of("name"), of("remaining"), of("limit"));
    format!("{name}: {remaining} of {limit} left, {} s of {} s to go", of("reset"), of("period"))
}

#[tokio::test]
async fn every_kind_of_answer_says_how_its_limit_stands() {
    let server = TestServer::builder().limiting(LimitName::OrgsRead, 1, 60).start().await;
    let shared = server.connection().create().await;
    let (admin, sink) = (server.source_admin(), TestOrg::Sink.id());
    let mut standings = Vec::new();
    for (what, call) in [
        ("a list", admin.list()),
        ("a change", admin.update(shared, ["metrics"])),
        ("an id that is none", admin.delete("example")),
        ("no credentials", server.anonymous().list()),
        ("no permission", server.caller(Persona::NoPermission).list()),
        ("nothing there", server.bystander_admin().read(shared)),
        ("no such path", admin.get("/api/v2/nowhere")),
        ("no such method", admin.call(http::Method::PUT, "/api/v1/validate")),
        ("a conflict", admin.create(sink, ["logs"])),
        ("no JSON", admin.create_from("{").header("content-type", "text/plain")),
        ("too much", admin.create_from(vec![b' '; 70_000])),
        ("the last one", admin.get("/api/v1/org")),
        ("one too many", admin.get("/api/v2/org")),
    ] {
        let reply = call.await;
        standings.push(format!("{} {what}; {}", reply.status(), standing(&reply)));
    }
    assert_snapshot!(standings.join("\n"), @"
    200 a list; org_connections_read: 2999 of 3000 left, 60 s of 60 s to go
    200 a change; org_connections_write: 599 of 600 left, 60 s of 60 s to go
    400 an id that is none; org_connections_write: 598 of 600 left, 60 s of 60 s to go
    401 no credentials; failed_authentication: 59 of 60 left, 60 s of 60 s to go
    403 no permission; org_connections_read: 2998 of 3000 left, 60 s of 60 s to go
    404 nothing there; org_connections_read: 2999 of 3000 left, 60 s of 60 s to go
    404 no such path; unknown_route: 299 of 300 left, 60 s of 60 s to go
    405 no such method; unknown_route: 298 of 300 left, 60 s of 60 s to go
    409 a conflict; org_connections_write: 597 of 600 left, 60 s of 60 s to go
    415 no JSON; org_connections_write: 596 of 600 left, 60 s of 60 s to go
    413 too much; org_connections_write: 595 of 600 left, 60 s of 60 s to go
    200 the last one; orgs_read: 0 of 1 left, 60 s of 60 s to go
    429 one too many; orgs_read: 0 of 1 left, 60 s of 60 s to go
    ");
}

#[tokio::test]
async fn the_headers_are_in_lower_case_on_the_wire_and_whole_numbers() {
    let server = TestServer::start().await;
    let keys = Persona::SourceAdmin.header_lines();
    let mut client = server.raw().await;
    client.send(format!("GET /api/v2/org_connections HTTP/1.1\r\nHost: a\r\n{keys}\r\n")).await;
    let reply = client.read_reply().await;
    let lines: Vec<_> =
        reply.head().lines().filter(|line| line.to_lowercase().contains("ratelimit")).collect();
    assert_snapshot!(lines.join("\n"), @"
    x-ratelimit-limit: 3000
    x-ratelimit-period: 60
    x-ratelimit-name: org_connections_read
    x-ratelimit-remaining: 2999
    x-ratelimit-reset: 60
    ");
}

#[tokio::test]
async fn each_route_is_charged_to_the_limit_of_its_entry() {
    let server = TestServer::start().await;
    for RouteInfo { method, path, limit, .. } in routes() {
        let path = path_of(path, "f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a");
        let reply = server.source_admin().call(method.clone(), &path).await;
        assert_eq!(reply.header("x-ratelimit-name"), Some(limit.as_str()), "{method} {path}");
    }
}

#[tokio::test]
async fn who_has_used_up_a_limit_is_told_when_to_come_back() {
    let server = TestServer::builder().limiting(READS, 2, 10).start().await;
    server.source_admin().list().await;
    server.source_admin().list().await;
    server.clock().advance(Duration::from_millis(2_500));
    let reply = server.source_admin().list().await;
    assert_snapshot!(reply, @r#"429 {"errors":["Rate limit of 2 requests in 10 seconds reached. Please try again later.","the limit org_connections_read opens again in 8 seconds"]}"#);
    assert_snapshot!(standing(&reply), @"org_connections_read: 0 of 2 left, 8 s of 10 s to go");
    assert_eq!(reply.header("retry-after"), Some("8"));
}

#[tokio::test]
async fn a_window_opens_again_when_it_said_it_would() {
    let server = TestServer::builder().limiting(READS, 1, 10).start().await;
    let first = server.source_admin().list().await;
    assert_snapshot!(standing(&first), @"org_connections_read: 0 of 1 left, 10 s of 10 s to go");
    server.clock().advance(seconds(9));
    assert_eq!(server.source_admin().list().await.status(), 429);
    server.clock().advance(seconds(1));
    let next = server.source_admin().list().await;
    assert_eq!((next.status(), standing(&next)), (200, standing(&first)));
}

#[tokio::test]
async fn setting_the_wall_clock_back_changes_no_window() {
    let server = TestServer::builder().limiting(READS, 1, 10).start().await;
    server.source_admin().list().await;
    server.clock().set_back(seconds(3600));
    assert_eq!(server.source_admin().list().await.header("x-ratelimit-reset"), Some("10"));
    server.clock().advance(seconds(10));
    assert_eq!(server.source_admin().list().await.status(), 200);
}

#[tokio::test]
async fn a_refused_request_does_nothing() {
    let server = TestServer::builder().limiting(LimitName::OrgConnectionsWrite, 1, 10).start().await;
    let shared = server.connection().create().await;
    server.source_admin().update(shared, ["metrics"]).await;
    let before = server.revision();
    assert_eq!(server.source_admin().delete(shared).await.status(), 429);
    assert_eq!(server.revision(), before);
}

#[tokio::test]
async fn orgs_and_limits_are_counted_apart() {
    let server = TestServer::builder().limiting(READS, 1, 10).start().await;
    server.source_admin().list().await;
    assert_eq!(server.source_admin().list().await.status(), 429);
    assert_eq!(server.sink_admin().list().await.status(), 200);
    assert_eq!(server.source_admin().get("/api/v2/current_user").await.status(), 200);
}

/// Source: hardening list, 23.
#[tokio::test]
async fn no_variant_of_a_call_has_a_window_of_its_own() {
    let server = TestServer::builder().limiting(READS, 1, 10).start().await;
    server.source_admin().list().await;
    let admin = server.source_admin();
    for call in [
        admin.get("/api/v2/org_connections/"),
        admin.get("/api/v2/org_connections?limit=1"),
        admin.call(http::Method::HEAD, "/api/v2/org_connections"),
        admin.read("f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a"),
        server.caller(Persona::ServiceAccount).list(),
        admin.list().header("x-forwarded-for", "192.0.2.7").header("forwarded", "for=192.0.2.7"),
    ] {
        let shown = format!("{call:?}");
        assert_eq!(call.await.status(), 429, "{shown}");
    }
}

/// Source: hardening list, 23.
#[tokio::test]
async fn a_new_key_opens_no_window() {
    let server = TestServer::builder().limiting(READS, 1, 10).start().await;
    let made = |path: &'static str, kind: &str| {
        server.source_admin().call(http::Method::POST, path).body(named_body(kind, "new").to_string())
    };
    let api_key = made("/api/v2/api_keys", "api_keys").await.at("/data/attributes/key");
    let application_key = made("/api/v2/current_user/application_keys", "application_keys").await;
    let application_key = application_key.at("/data/attributes/key");
    server.source_admin().list().await;
    let with_new_keys = server.anonymous().list();
    let reply = with_new_keys.header("dd-api-key", &api_key).header("dd-application-key", &application_key);
    assert_eq!(reply.await.status(), 429);
}

/// Source: hardening list, 23.
#[tokio::test]
async fn a_refusal_costs_less_than_the_call() {
    let server = TestServer::builder().limiting(LimitName::OrgConnectionsWrite, 1, 3600).start().await;
    let shared = server.connection().create().await;
    server.source_admin().update(shared, ["audit"]).await;
    let before = server.revision();
    // The call can't even begin before there is a body, and none ever comes.
    let keys = Persona::SourceAdmin.header_lines();
    let head = format!(
        "PATCH /api/v2/org_connections/{shared} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{keys}\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    );
    assert_eq!(server.exchange(head).await.status(), 429);
    assert_eq!(server.revision(), before);
}

#[tokio::test]
async fn parallel_requests_never_pass_the_limit_however_they_come() {
    let builder = TestServer::builder().limiting(READS, 7, 10);
    for server in [builder.clone().start().await, builder.called_over_http2().start().await] {
        let calls = (0..20).map(|_| server.source_admin().list().into_future());
        let replies = futures_util::future::join_all(calls).await;
        assert_eq!(replies.iter().filter(|reply| reply.status() == 200).count(), 7);
        assert_eq!(replies.iter().filter(|reply| reply.status() == 429).count(), 13);
    }
}

#[tokio::test]
async fn limits_that_are_off_are_shown_as_never_reached() {
    let server = TestServer::builder().without_rate_limits().start().await;
    assert_snapshot!(standing(&server.source_admin().list().await), @"org_connections_read: 4294967295 of 4294967295 left, 0 s of 1 s to go");
}

#[tokio::test]
async fn failing_to_authenticate_is_limited() {
    let server = TestServer::builder().limiting(FAILURES, 2, 60).start().await;
    assert_eq!(server.caller(Persona::WrongApiKey).list().await.status(), 401);
    assert_eq!(server.caller(Persona::WrongApplicationKey).list().await.status(), 401);
    let reply = server.anonymous().list().await;
    assert_snapshot!(reply, @r#"429 {"errors":["Rate limit of 2 requests in 60 seconds reached. Please try again later.","the limit failed_authentication opens again in 60 seconds"]}"#);
    assert_snapshot!(standing(&reply), @"failed_authentication: 0 of 2 left, 60 s of 60 s to go");
    server.clock().advance(seconds(60));
    assert_eq!(server.anonymous().list().await.status(), 401);
}

#[tokio::test]
async fn a_key_that_is_searched_for_by_validation_counts_as_a_failure_too() {
    let server = TestServer::builder().limiting(FAILURES, 1, 60).start().await;
    assert_eq!(server.caller(Persona::WrongApiKey).get("/api/v1/validate").await.status(), 403);
    assert_eq!(server.caller(Persona::WrongApiKey).get("/api/v1/validate").await.status(), 429);
}

/// Many callers may share an address; what one of them gets wrong shuts out nobody who has a key.
#[tokio::test]
async fn a_live_key_is_let_in_although_its_address_has_used_up_its_failures() {
    let server = TestServer::builder().limiting(FAILURES, 1, 60).start().await;
    server.anonymous().list().await;
    assert_eq!(server.anonymous().list().await.status(), 429);
    let reply = server.source_admin().list().await;
    assert_eq!((reply.status(), reply.header("x-ratelimit-name")), (200, Some(READS.as_str())));
    assert_eq!(server.caller(Persona::ApiKeyAlone).get("/api/v1/validate").await.status(), 200);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn failures_are_counted_by_address_and_no_header_changes_that() {
    let server = TestServer::builder().limiting(FAILURES, 1, 60).start().await;
    server.anonymous().list().await;
    let claimed =
        server.anonymous().list().header("x-forwarded-for", "192.0.2.7").header("x-real-ip", "192.0.2.7");
    assert_eq!(claimed.await.status(), 429);
    let mut other = server.raw_from(ANOTHER_ADDRESS).await;
    other.send("GET /api/v2/org_connections HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(other.read_reply().await.status(), 401);
}

#[tokio::test]
async fn asking_for_what_is_no_route_is_limited() {
    let server = TestServer::builder().limiting(LimitName::UnknownRoute, 1, 60).start().await;
    assert_eq!(server.source_admin().get("/api/v3").await.status(), 404);
    assert_eq!(server.source_admin().get("/api/v4").await.status(), 429);
    assert_eq!(server.source_admin().list().await.status(), 200);
}
