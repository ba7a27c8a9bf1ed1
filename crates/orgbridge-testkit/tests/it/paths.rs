//! Paths, methods and ids. Source: contract, section 1; hardening list, 12 and 15.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use insta::assert_snapshot;
use orgbridge_api::routes;
use orgbridge_testkit::{Persona, TestServer, path_of, update_body};

const EXAMPLE: &str = "f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a";

const NO_SUCH_PATH: &str = r#"404 {"errors":["Not found","no call has this path; paths are case-sensitive and look like /api/v2/org_connections"]}"#;

#[tokio::test]
async fn a_slash_at_the_end_of_a_path_changes_nothing() {
    let server = TestServer::start().await;
    for route in routes() {
        let path = path_of(route.path, EXAMPLE);
        let without = server.source_admin().call(route.method.clone(), &path).await;
        let with = server.source_admin().call(route.method.clone(), format!("{path}/")).await;
        assert_eq!(with.status(), without.status(), "{} {path}/", route.method);
        // The trail goes on meanwhile: the refusals of the calls before this one come into it when they are kept.
        if !route.path.starts_with("/api/v2/audit/") {
            assert_eq!(with.to_string(), without.to_string(), "{} {path}/", route.method);
        }
        assert_ne!(with.to_string(), NO_SUCH_PATH, "{} {path}/", route.method);
    }
}

#[tokio::test]
async fn what_is_no_path_is_not_found_whoever_asks() {
    let server = TestServer::builder().without_rate_limits().start().await;
    for persona in Persona::ALL {
        for path in [
            "/",
            "/api",
            "/api/v2",
            "/api/v2/",
            "/api/v2/org_connection",
            "/api/v1/org_connections",
            "/api/v3/org_connections",
            "/api/v2/org_connections/f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a/types",
            "/API/V2/ORG_CONNECTIONS",
            "/api/v2/org_connections.json",
            "/livez",
            "/metrics",
        ] {
            let reply = server.caller(persona).get(path).await;
            assert_eq!(reply.to_string(), NO_SUCH_PATH, "{persona} {path}");
        }
    }
}

#[tokio::test]
async fn a_path_with_an_empty_part_is_no_path() {
    let server = TestServer::builder().without_rate_limits().start().await;
    for route in routes().filter(|route| route.path.contains('{')) {
        let path = path_of(route.path, "");
        for method in [route.method.clone(), Method::PUT] {
            for path in [path.clone(), format!("{path}/")] {
                if path.contains("//") {
                    let reply = server.source_admin().call(method.clone(), &path).await;
                    assert_eq!(reply.to_string(), NO_SUCH_PATH, "{method} {path}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_method_that_a_path_does_not_take_is_refused_with_those_that_it_takes() {
    let server = TestServer::builder().without_rate_limits().start().await;
    let mut allowed = BTreeMap::<_, BTreeSet<_>>::new();
    for route in routes() {
        let methods = allowed.entry(route.path).or_default();
        methods.insert(route.method.to_string());
        if route.method == Method::GET {
            methods.insert("HEAD".to_owned());
        }
    }
    for (path, methods) in allowed {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
            if methods.contains(method) {
                continue;
            }
            let path = path_of(path, EXAMPLE);
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let reply = server.source_admin().call(method.clone(), &path).await;
            assert_eq!((reply.status(), reply.at("/errors/0").as_str()), (405, "Method not allowed"));
            let in_words = reply.at("/errors/1");
            let in_words = in_words.strip_prefix("this path takes ").unwrap();
            for shown in [reply.header("allow").unwrap(), in_words] {
                let shown = shown.split(',').map(|method| method.trim().to_owned());
                assert_eq!(shown.collect::<BTreeSet<_>>(), methods, "{method} {path}");
            }
        }
    }
}

#[tokio::test]
async fn head_answers_what_get_does_without_the_body() {
    let server = TestServer::start().await;
    let get = server.source_admin().list().await;
    let head = server.source_admin().call(Method::HEAD, "/api/v2/org_connections").await;
    assert_eq!(head.status(), 200);
    assert_eq!(head.header("content-length"), Some(get.body().len().to_string().as_str()));
    let nobody = server.anonymous().call(Method::HEAD, "/api/v2/org_connections").await;
    assert_eq!(nobody.status(), 401);
}

#[tokio::test]
async fn http2_answers_what_http1_does() {
    let (one, two) = (TestServer::start().await, TestServer::builder().called_over_http2().start().await);
    for server in [&one, &two] {
        server.connection().with_id(EXAMPLE).create().await;
    }
    // The audit trail takes in what was refused when it finds the time.
    for route in routes().filter(|route| !route.path.starts_with("/api/v2/audit/")) {
        let path = path_of(route.path, EXAMPLE);
        let mut replies = Vec::new();
        for server in [&one, &two] {
            let body = update_body(EXAMPLE, ["audit"]).to_string();
            let reply = server.source_admin().call(route.method.clone(), &path).body(body).await;
            replies.push(reply.to_string().replace(&server.address().to_string(), "here"));
        }
        assert_eq!(replies[0], replies[1], "{} {path}", route.method);
    }
}

#[tokio::test]
async fn a_header_never_overrides_the_method() {
    let server = TestServer::start().await;
    let shared = server.connection().create().await;
    for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
        let reply = server.source_admin().read(shared).header(name, "DELETE").await;
        assert_eq!(reply.status(), 200, "{name}");
        let reply = server.caller(Persona::ReadOnly).delete(shared).header(name, "GET").await;
        assert_eq!(reply.status(), 403, "{name}");
        let query = server.source_admin().read(format!("{shared}?_method=DELETE")).await;
        assert_eq!(query.status(), 200);
    }
    assert_eq!(server.source_admin().read(shared).await.status(), 200);
}

#[tokio::test]
async fn no_answer_invites_another_origin_or_a_cache() {
    let server = TestServer::start().await;
    let call = server.source_admin().list().header("origin", "https://example.com");
    let reply = call.header("access-control-request-method", "GET").await;
    assert_eq!(reply.header("access-control-allow-origin"), None);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
}

#[tokio::test]
async fn an_answer_is_never_compressed() {
    let server = TestServer::start().await;
    let reply = server.source_admin().list().header("accept-encoding", "gzip, br, zstd1").await;
    assert_eq!((reply.status(), reply.header("content-encoding")), (200, None));
}

/// Source: hardening list, 12.
#[tokio::test]
async fn no_other_spelling_of_an_id_is_taken() {
    let server = TestServer::start().await;
    server.connection().with_id(EXAMPLE).create().await;
    for spelling in [
        "f9ec96b08c8a4b0a9b0a1b2c3d4e5f6a",
        "%7Bf9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a%7D",
        "urn:uuid:f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a",
        "%20f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a",
        "f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a%20",
        "f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a%00",
        "%66%39ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a",
        "f9ec96b0%2D8c8a-4b0a-9b0a-1b2c3d4e5f6a",
        "f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6",
        "f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6g",
        "f9ec96b08c8a-4b0a-9b0a-1b2c3d4e5f6a0",
        "f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a;x",
    ] {
        let admin = server.source_admin();
        for call in [admin.read(spelling), admin.update(spelling, ["audit"]), admin.delete(spelling)] {
            let shown = format!("{call:?}");
            let refusal = r#"400 {"errors":["connection id must be a valid uuid","the last segment of the path: expected a UUID in its hyphenated form, such as f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a"]}"#;
            assert_eq!(call.await.to_string(), refusal, "{shown}");
        }
    }
    assert_eq!(server.source_admin().read(EXAMPLE).await.types(), ["logs"]);
}

#[tokio::test]
async fn a_request_keeps_its_name_and_is_given_one_if_it_has_none() {
    let server = TestServer::start().await;
    let named = server.source_admin().list().header("x-request-id", "deploy-7.retry_2").await;
    assert_eq!(named.header("x-request-id"), Some("deploy-7.retry_2"));
    for hostile in ["", "a b", "<script>", "a;b", "a\tb", "a=b", "\u{e4}"] {
        let reply = server.source_admin().list().header("x-request-id", hostile).await;
        let name = reply.header("x-request-id").unwrap();
        assert!(name.starts_with("00000000-0000-4000-8000-"), "{hostile:?} became {name}");
    }
    let long = server.source_admin().list().header("x-request-id", &"a".repeat(65)).await;
    assert_snapshot!(long.header("x-request-id").unwrap(), @"00000000-0000-4000-8000-000000000008");
}
