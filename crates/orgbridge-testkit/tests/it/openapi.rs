//! The description of the API: that it says all that there is, and nothing else.
//!
//! That answers are as described is held of every reply in all suites, wherever a test calls. Here each answer that is
//! described is provoked.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::Method;
use orgbridge_api::{LimitName, RouteInfo, routes};
use orgbridge_domain::ManagedRole;
use orgbridge_testkit::{
    Call, Caller, Description, Persona, TestOrg, TestServer, TestUser, create_body, fitting_body, inner_id,
    named_body, path_of,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::oauth::pages::{self, AUTHORIZE, Asked, LOGIN, Visitor};
use crate::oauth::{Client, REGISTER, REVOKE, Registers as _, TOKEN, elsewhere};
use crate::{access, restriction_policies};

const DOCUMENT: &str = "/api/v2/openapi.json";
const PAGE: &str = "/docs";
const ABSENT: &str = "0b1e55ed-0000-4000-8000-000000000000";
const SPARE: &str = "0b1e55ed-0000-4000-8000-000000000001";

fn committed() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    fs::read_to_string(root.join("openapi.json")).unwrap()
}

#[tokio::test]
async fn the_description_that_is_served_is_the_one_that_was_reviewed() {
    let server = TestServer::start().await;
    let reply = server.anonymous().get(DOCUMENT).await;
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert!(
        reply.body() == committed(),
        "openapi.json is out of date; `cargo xtask documents` writes it anew"
    );
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let description = Description::of(&committed());
    let described: BTreeSet<_> =
        description.operations().map(|(method, path, _)| format!("{method} {path}")).collect();
    let there: BTreeSet<_> =
        routes().map(|RouteInfo { method, path, .. }| format!("{method} {path}")).collect();
    assert_eq!(described, there);
}

#[test]
fn every_example_is_what_its_schema_admits() {
    let description = Description::of(&committed());
    let mut examples = 0;
    let mut admits = |content: &Value, what: &str| {
        let several =
            content["examples"].as_object().into_iter().flatten().map(|(_, example)| &example["value"]);
        for example in content.get("example").into_iter().chain(several) {
            description.admits(&content["schema"], example, what);
            examples += 1;
        }
    };
    for (method, path, operation) in description.operations() {
        let what = format!("{method} {path}");
        admits(&operation["requestBody"]["content"]["application/json"], &what);
        for (status, response) in operation["responses"].as_object().unwrap() {
            if !path.starts_with("/docs") && path != DOCUMENT {
                admits(&response["content"]["application/json"], &format!("{what} {status}"));
            }
        }
    }
    assert!(examples > 100, "{examples} examples were found");
}

#[test]
fn every_name_of_a_call_is_its_own_and_every_link_leads_to_one() {
    let description = Description::of(&committed());
    let names: Vec<_> =
        description.operations().map(|(.., it)| it["operationId"].as_str().unwrap()).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    let mut links = Vec::new();
    for (.., operation) in description.operations() {
        let links_of =
            |status: &str| operation["responses"][status]["links"].as_object().into_iter().flatten();
        for (name, link) in links_of("200").chain(links_of("201")) {
            assert!(names.contains(&link["operationId"].as_str().unwrap()), "{name}");
            links.push(format!("{} to {name}", operation["operationId"].as_str().unwrap()));
        }
    }
    for link in [
        "CreateOrgConnections to GetOrgConnection",
        "CreateOrgConnections to UpdateOrgConnections",
        "CreateOrgConnections to DeleteOrgConnections",
        "CreateAPIKey to DeleteAPIKey",
        "CreateCurrentUserApplicationKey to UpdateCurrentUserApplicationKey",
        "GetApplicationKey to UpdateApplicationKey",
        "CreateUser to DisableUser",
        "CreateRole to AddUserToRole",
    ] {
        assert!(links.iter().any(|found| found == link), "{link} is not among {links:#?}");
    }
    for link in [
        "ListAPIKeys to DeleteAPIKey",
        "GetApplicationKey to DeleteCurrentUserApplicationKey",
        "GetCurrentUser to DisableUser",
        "ListUsers to DisableUser",
    ] {
        assert!(links.iter().all(|found| found != link), "{link} is among {links:#?}");
    }
}

/// A status of a call that was seen, by the call's name.
type Seen = BTreeSet<(String, u16)>;

async fn note(seen: &mut Seen, method: Method, path: &str, call: Call<'_>) {
    let name =
        Description::of_the_program().operation(&method, path).unwrap()["operationId"].as_str().unwrap();
    seen.insert((name.to_owned(), call.await.status()));
}

/// Every answer that a test can bring about from outside: a failure of the server or of its database is none, and
/// `faults` sees to those.
fn described() -> Seen {
    let mut statuses = Seen::new();
    for (.., operation) in Description::of_the_program().operations() {
        let name = operation["operationId"].as_str().unwrap();
        for status in operation["responses"].as_object().unwrap().keys() {
            statuses.insert((name.to_owned(), status.parse().unwrap()));
        }
    }
    statuses.retain(|(_, status)| ![500, 503].contains(status));
    statuses
}

#[tokio::test]
async fn every_answer_that_is_described_can_be_had() {
    let mut seen = Seen::new();
    call_everything(&mut seen).await;
    run_into_what_is_there(&mut seen).await;
    come_by_tokens(&mut seen).await;
    seen.extend(elsewhere::answers().await.map(|(name, status)| (name.to_owned(), status)));
    call_too_often(&mut seen).await;
    call_another_host(&mut seen).await;
    break_the_heads(&mut seen).await;
    let missing: Vec<_> = described().difference(&seen).cloned().collect();
    assert!(missing.is_empty(), "these were described and not seen: {missing:?}");
}

/// Each call as it should be made, and with each thing wrong that can be.
async fn call_everything(seen: &mut Seen) {
    let server = TestServer::builder().without_rate_limits().start().await;
    let shared = server.connection().of(["logs"]).create().await.to_string();
    let admin = server.source_admin();
    let etags = [admin.get(DOCUMENT).await, admin.get(PAGE).await];
    for RouteInfo { method, path, .. } in routes() {
        if access::is_about_access(path) {
            access::prepare(&server, TestOrg::Source, SPARE, method, path).await;
        }
        // What is deleted by one of these calls the next finds there again.
        let id = match (*path, method.clone()) {
            (path, _) if access::is_about_access(path) => SPARE.to_owned(),
            ("/api/v1/org/{public_id}", _) => "fasjyydbcgwwc2uc".to_owned(),
            (path, _) if path.ends_with("_keys/{api_key_id}") => new_key(admin, "api_keys").await,
            (path, _) if path.ends_with("_keys/{app_key_id}") => new_key(admin, "application_keys").await,
            (_, Method::DELETE) => server.connection().to(TestOrg::Onlooker).create().await.to_string(),
            _ => shared.clone(),
        };
        if restriction_policies::is_about_policies(path) {
            restriction_policies::prepare(&server, TestOrg::Source, &id, method).await;
        }
        let at = |id: &str| path_of(path, id);
        let body = fitting_body(method, path, &id, TestOrg::Bystander.id(), server.revision().get())
            .unwrap_or_default();
        let with_body =
            |persona, path: &str, body: &str| server.caller(persona).call(method.clone(), path).body(body);
        let (path, good) = (at(&id), body.to_string());
        for persona in [Persona::SourceAdmin, Persona::SinkAdmin, Persona::Anonymous, Persona::NoPermission] {
            note(seen, method.clone(), &path, with_body(persona, &path, &good)).await;
        }
        for odd in [
            at(ABSENT),
            at("no-id"),
            format!("{path}?limit=0&page[size]=0&page[limit]=0&include=all"),
            format!("{path}?api_key=a"),
            format!("{path}?filter[name]=a&filter[name]=b"),
        ] {
            let body = good.replace(&id, ABSENT).replace(&inner_id(&id), &inner_id(ABSENT));
            note(seen, method.clone(), &path, with_body(Persona::SourceAdmin, &odd, &body)).await;
        }
        for body in ["{", "{}", &" ".repeat(600_000)] {
            note(seen, method.clone(), &path, with_body(Persona::SourceAdmin, &path, body)).await;
        }
        let text = with_body(Persona::SourceAdmin, &path, &good).header("content-type", "text/plain");
        note(seen, method.clone(), &path, text).await;
        let unknown_sink = create_body(ABSENT, ["logs"]).to_string();
        note(seen, method.clone(), &path, with_body(Persona::SourceAdmin, &path, &unknown_sink)).await;
        for etag in etags.iter().filter_map(|reply| reply.header("etag")) {
            let call = server.anonymous().call(method.clone(), &path).header("if-none-match", etag);
            note(seen, method.clone(), &path, call).await;
        }
    }
}

/// The id of a key that the caller makes.
async fn new_key(caller: Caller<'_>, kind: &str) -> String {
    let path = if kind == "api_keys" { "/api/v2/api_keys" } else { "/api/v2/current_user/application_keys" };
    caller.call(Method::POST, path).body(named_body(kind, "new").to_string()).await.at("/data/id")
}

/// Calls that would be right if something else were not there, or not so.
async fn run_into_what_is_there(seen: &mut Seen) {
    let server = TestServer::builder().without_rate_limits().start().await;
    access::prepare(&server, TestOrg::Source, SPARE, &Method::DELETE, "/users").await;
    let (sink_admin, admin) = (TestUser::SinkAdmin.id().to_string(), ManagedRole::Admin.id().to_string());
    let role = |name: &str| json!({"data": {"type": "roles", "id": SPARE, "attributes": {"name": name}}});
    let user = |email: &str, role: &str| {
        let roles = json!({"roles": {"data": [{"type": "roles", "id": role}]}});
        let attributes = json!({"email": email, "service_account": true});
        json!({"data": {"type": "users", "attributes": attributes, "relationships": roles}})
    };
    let named = json!({"data": {"type": "users", "id": sink_admin}});
    let disabled = json!({"data": {"type": "users", "id": sink_admin, "attributes": {"disabled": true}}});
    let (own, sinks) = (Persona::SourceAdmin, Persona::SinkAdmin);
    for (persona, method, path, body) in [
        (own, Method::POST, "/api/v2/roles".to_owned(), role("Admin")),
        (own, Method::PATCH, format!("/api/v2/roles/{SPARE}"), role("Admin")),
        (own, Method::DELETE, format!("/api/v2/roles/{SPARE}"), Value::Null),
        (own, Method::POST, "/api/v2/users".to_owned(), user("jane.doe@example.com", &admin)),
        (own, Method::POST, "/api/v2/users".to_owned(), user("new@example.com", ABSENT)),
        (own, Method::POST, "/api/v2/service_accounts".to_owned(), user("jane.doe@example.com", &admin)),
        (own, Method::POST, "/api/v2/service_accounts".to_owned(), user("new@example.com", ABSENT)),
        (sinks, Method::PATCH, format!("/api/v2/users/{sink_admin}"), disabled),
        (sinks, Method::DELETE, format!("/api/v2/users/{sink_admin}"), Value::Null),
        (sinks, Method::DELETE, format!("/api/v2/roles/{admin}/users"), named),
    ] {
        let call = server.caller(persona).call(method.clone(), &path).body(body.to_string());
        note(seen, method, &path, call).await;
    }
}

/// What clients of OAuth2 do, rightly and not.
async fn come_by_tokens(seen: &mut Seen) {
    let server = TestServer::builder().without_rate_limits().start().await;
    let client = Client::alone(&server).await;
    let post = Method::POST;
    let alone = [("grant_type", "client_credentials")];
    for form in [&alone[..], &[("grant_type", "password")]] {
        note(seen, post.clone(), TOKEN, client.post(&server, TOKEN, form)).await;
    }
    for form in [&[("token", "none")][..], &[]] {
        note(seen, post.clone(), REVOKE, client.post(&server, REVOKE, form)).await;
    }
    for path in [TOKEN, REVOKE] {
        let nobody = server.anonymous().call(post.clone(), path).form([("token", "none"), alone[0]]);
        note(seen, post.clone(), path, nobody).await;
        let large =
            server.anonymous().call(post.clone(), path).form([("token", "a".repeat(70_000).as_str())]);
        note(seen, post.clone(), path, large).await;
    }
    let dashboards = pages::dashboards(&server).await;
    let (asked, mut visitor) = (Asked::by(&dashboards), Visitor::before(&server));
    for persona in [Persona::StrangerAdmin, Persona::NoPermission, Persona::SourceAdmin] {
        seen.insert(("LogInForOAuth".to_owned(), visitor.log_in(&asked, persona).await.status()));
        let page = visitor.get(asked.at(AUTHORIZE)).await;
        seen.insert(("GetOAuthAuthorizationPage".to_owned(), page.status()));
    }
    visitor.log_in(&asked, Persona::RevokedApplicationKey).await;
    for (name, path) in [("LogInForOAuth", LOGIN), ("DecideAboutOAuthClient", AUTHORIZE)] {
        let large = visitor.post(asked.at(path), &[("proof", &"a".repeat(70_000))]).await;
        seen.insert((name.to_owned(), large.status()));
    }
    let refused = visitor.log_in(&asked, Persona::RevokedApplicationKey).await;
    seen.insert(("LogInForOAuth".to_owned(), refused.status()));
    seen.insert(("DecideAboutOAuthClient".to_owned(), visitor.decide(&asked, "deny").await.status()));
    let absent = json!({
        "client_name": "Nobody", "grant_types": ["client_credentials"], "service_account_id": ABSENT,
    });
    note(seen, post, REGISTER, server.source_admin().register(&absent)).await;
}

async fn call_too_often(seen: &mut Seen) {
    let builder =
        LimitName::ALL.iter().fold(TestServer::builder(), |builder, name| builder.limiting(*name, 1, 60));
    let server = builder.start().await;
    for RouteInfo { method, path, .. } in routes() {
        let path = path_of(path, ABSENT);
        for _ in 0..2 {
            note(seen, method.clone(), &path, server.source_admin().call(method.clone(), &path)).await;
        }
    }
    for _ in 0..2 {
        server.anonymous().get("/nowhere").await;
    }
}

async fn call_another_host(seen: &mut Seen) {
    let server = TestServer::builder().answering_for(["datadoghq.com"]).start().await;
    for RouteInfo { method, path, .. } in routes() {
        let call = server.source_admin().call(method.clone(), *path).at("api.datadoghq.eu");
        note(seen, method.clone(), path, call).await;
    }
}

/// What the edge refuses before the API sees it is described, too, and looks alike.
async fn break_the_heads(seen: &mut Seen) {
    let server = TestServer::start().await;
    let description = Description::of_the_program();
    for (method, path, operation) in description.operations() {
        let reply = server.exchange(format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n\r\n")).await;
        let content = &operation["responses"][reply.status().to_string()]["content"]["application/json"];
        let value = serde_json::from_str(reply.body()).unwrap();
        description.admits(&content["schema"], &value, path);
        let mut examples = content["examples"].as_object().unwrap().values();
        assert!(
            examples.any(|example| example["value"] == value),
            "{value} is no example of {method} {path}"
        );
        seen.insert((operation["operationId"].as_str().unwrap().to_owned(), reply.status()));
    }
}

#[tokio::test]
async fn the_page_names_every_call_and_needs_nothing_else() {
    let server = TestServer::start().await;
    let reply = server.anonymous().get(PAGE).await;
    assert_eq!(reply.header("content-type"), Some("text/html; charset=utf-8"));
    let page = reply.body();
    for (method, path, operation) in Description::of_the_program().operations() {
        let name = operation["operationId"].as_str().unwrap();
        for part in [
            format!("<h3 id=\"{name}\">"),
            format!("href=\"#{name}\""),
            format!("<code>{path}</code>"),
            format!("curl --request {method} "),
        ] {
            assert!(page.contains(&part), "{part} is not on the page");
        }
    }
    for foreign in [
        "<script",
        "<link",
        "<img",
        "<iframe",
        "src=",
        "url(",
        "@import",
        "=\"//",
        "=\"http",
        "javascript:",
        "onload",
    ] {
        assert!(!page.contains(foreign), "{foreign} is on the page");
    }
    for target in page.split(" href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        match target.strip_prefix('#') {
            Some(anchor) => assert!(page.contains(&format!(" id=\"{anchor}\"")), "{target} leads nowhere"),
            None => assert_eq!(target, DOCUMENT),
        }
    }
}

#[tokio::test]
async fn a_browser_is_told_to_load_nothing_but_the_style_of_the_page() {
    let server = TestServer::start().await;
    let reply = server.anonymous().get(PAGE).await;
    let (_, style) = reply.body().split_once("<style>").unwrap();
    let (style, _) = style.split_once("</style>").unwrap();
    let digest = BASE64_STANDARD.encode(Sha256::digest(style));
    assert_eq!(
        reply.header("content-security-policy").unwrap(),
        format!(
            "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'"
        )
    );
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
}

#[tokio::test]
async fn a_version_that_a_client_has_is_not_sent_again() {
    let server = TestServer::start().await;
    for path in [DOCUMENT, PAGE] {
        let first = server.anonymous().get(path).await;
        assert_eq!(first.header("cache-control"), Some("no-cache"), "{path}");
        let etag = first.header("etag").unwrap();
        let known = server.anonymous().get(path).header("if-none-match", etag).await;
        assert_eq!((known.status(), known.body(), known.header("etag")), (304, "", Some(etag)), "{path}");
        let other = server.anonymous().get(path).header("if-none-match", "\"another\"").await;
        assert_eq!((other.status(), other.body()), (200, first.body()), "{path}");
        let head = server.anonymous().call(Method::HEAD, path).await;
        assert_eq!(head.header("content-length"), Some(first.body().len().to_string().as_str()), "{path}");
    }
}

#[tokio::test]
async fn what_is_open_to_anyone_is_limited_by_address_whoever_they_are() {
    let server = TestServer::builder().limiting(LimitName::Documents, 2, 60).start().await;
    assert_eq!(server.source_admin().get(DOCUMENT).await.status(), 200);
    assert_eq!(server.sink_admin().get(PAGE).await.status(), 200);
    for persona in [Persona::Anonymous, Persona::SourceAdmin, Persona::StrangerAdmin] {
        let reply = server.caller(persona).get(PAGE).await;
        assert_eq!((reply.status(), reply.header("x-ratelimit-name")), (429, Some("documents")), "{persona}");
    }
    assert_eq!(server.source_admin().list().await.status(), 200);
}
