//! The router as whoever serves it sees it, on a ledger of its own.

#![expect(clippy::panic, clippy::unwrap_used, reason = "in a test, a panic is the message")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use orgbridge_api::{
    Access, ApiOptions, ClientAddress, IdSource, LimitName, MonotonicClock, NoRandomness, Quota, RateLimits,
    Split, router, routes,
};
use orgbridge_domain::{
    AccountId, ApiKeyId, ApplicationKeyId, Draft, ManagedRole, OrgId, Permission, Principal, Refusal,
    Session, Site, UserId, UserKind, account, api_key, application_key, org, org_connection, user,
};
use orgbridge_ledger::{DatabaseAddress, Ledger, LedgerOptions};
use tower::ServiceExt as _;
use uuid::Uuid;

const SOURCE: Uuid = Uuid::from_u128(0x50);
const SINK: Uuid = Uuid::from_u128(0x51);
const CONNECTION: &str = "f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a";
const PATH: &str = "/api/v2/org_connections/f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a";

/// A server whose clock stands still until it is moved.
struct Server {
    router: axum::Router,
    clock: Arc<TestClock>,
    _folder: tempfile::TempDir,
}

#[derive(Default)]
struct TestClock(AtomicU64);

impl MonotonicClock for TestClock {
    fn elapsed(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::SeqCst))
    }
}

/// Has no ids to give.
struct NoIds;

impl IdSource for NoIds {
    fn next(&self) -> Uuid {
        panic!("there are no ids left")
    }

    fn fill(&self, _: &mut [u8]) -> Result<(), NoRandomness> {
        panic!("there are no secrets left")
    }
}

/// Who sends a request: both keys, by the number of the user.
#[derive(Clone, Copy)]
struct Caller(u8);

const SOURCE_ADMIN: Caller = Caller(1);
const SINK_ADMIN: Caller = Caller(2);
const SOURCE_READER: Caller = Caller(3);

impl Server {
    async fn start() -> Self {
        Self::with(|options| options).await
    }

    async fn with(change: impl FnOnce(ApiOptions) -> ApiOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = DatabaseAddress::Sqlite(folder.path().join("ledger.db"));
        let ledger = Ledger::create(&address, LedgerOptions::default()).unwrap();
        ledger.commit(Principal::Operator, "setup".parse().unwrap(), set_up).await.unwrap();
        let clock = Arc::<TestClock>::default();
        let options = ApiOptions { clock: clock.clone(), ..ApiOptions::new(ledger) };
        Self { router: router(change(options)), clock, _folder: folder }
    }

    async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Reply { status: parts.status, headers: parts.headers, text }
    }

    async fn get(&self, caller: Caller, path: &str) -> Reply {
        self.send(caller.request(Method::GET, path, Body::empty())).await
    }

    async fn patch(&self, caller: Caller, types: &str) -> Reply {
        let body = format!(
            r#"{{"data":{{"type":"org_connection","id":"{CONNECTION}","attributes":{{"connection_types":{types}}}}}}}"#
        );
        self.send(caller.request(Method::PATCH, PATH, Body::from(body))).await
    }
}

impl Caller {
    fn request(self, method: Method, path: &str, body: Body) -> Request<Body> {
        let Self(number) = self;
        Request::builder()
            .method(method)
            .uri(path)
            .header("dd-api-key", format!("{:032x}", if number == 2 { 2 } else { 1 }))
            .header("dd-application-key", format!("{number:040x}"))
            .header("content-type", "application/json")
            .header("x-request-id", "test")
            .body(body)
            .unwrap()
    }
}

#[derive(Debug)]
struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Reply {
    fn is(&self, status: u16, text: &str) {
        assert_eq!((self.status.as_u16(), self.text.trim_end()), (status, text));
        assert!(self.text.ends_with('\n'));
        self.is_complete();
    }

    fn is_complete(&self) {
        for name in ["limit", "period", "remaining", "reset"] {
            let value = &self.headers[&format!("x-ratelimit-{name}")];
            assert!(value.to_str().unwrap().parse::<u32>().is_ok(), "{name}: {value:?}");
        }
        assert!(self.headers.contains_key("x-ratelimit-name"));
        assert_eq!(self.headers["content-type"], "application/json");
        assert_eq!(self.headers["x-content-type-options"], "nosniff");
        assert_eq!(self.headers["cache-control"], "no-store");
        assert!(self.headers.contains_key("x-request-id"));
    }

    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

/// Two orgs of one account with an admin each, a reader in the source, and a connection between them.
fn set_up(
    session: &Session<'_>,
    now: orgbridge_domain::Timestamp,
) -> Result<orgbridge_domain::Decided<()>, Refusal> {
    let mut draft = Draft::new(session);
    let account = AccountId::new(Uuid::from_u128(1));
    draft.run(|session| account::create(&session.deployment()?, account, "Account".parse().unwrap(), now))?;
    for (number, id, name) in [(1, SOURCE, "Source Org"), (2, SINK, "Sink Org")] {
        let (id, name) = (OrgId::new(id), name.parse().unwrap());
        let new = org::NewOrg { id, account, site: Site::DEFAULT, public_id: None, name };
        draft.run(|session| org::create(&session.deployment()?, new, now))?;
        let secret = format!("{number:032x}").parse().unwrap();
        let (key, name) = (ApiKeyId::new(Uuid::from_u128(number)), "ci".parse().unwrap());
        draft.run(|session| api_key::create(&session.authorize_in(id)?, key, name, &secret, now))?;
    }
    for (number, org, role) in
        [(1, SOURCE, ManagedRole::Admin), (2, SINK, ManagedRole::Admin), (3, SOURCE, ManagedRole::ReadOnly)]
    {
        let (org, owner) = (OrgId::new(org), UserId::new(Uuid::from_u128(0x70 + number)));
        let new = user::NewUser {
            id: owner,
            name: format!("User {number}").parse().unwrap(),
            email: format!("user{number}@example.com").parse().unwrap(),
            kind: UserKind::Person,
            roles: vec![role.id()],
        };
        draft.run(|session| user::create(&session.authorize_in(org)?, new, now))?;
        let new = application_key::NewApplicationKey {
            id: ApplicationKeyId::new(Uuid::from_u128(number)),
            owner,
            name: "ci".parse().unwrap(),
            secret: format!("{number:040x}").parse().unwrap(),
            scopes: None,
        };
        draft.run(|session| application_key::create(&session.authorize_in(org)?, new, now))?;
    }
    let new = org_connection::NewOrgConnection {
        id: CONNECTION.parse().unwrap(),
        sink: OrgId::new(SINK),
        types: "logs".parse().unwrap(),
        created_by: UserId::new(Uuid::from_u128(0x71)),
    };
    let limits = org_connection::Limits::default();
    draft.run(|session| {
        org_connection::create(&session.authorize_in(OrgId::new(SOURCE))?, new, limits, now)
    })?;
    Ok(draft.finish(()))
}

/// Replaces what differs from run to run.
fn without_times(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(end) = rest.find("+00:00") {
        let start = end - "2025-08-26T20:19:36.177236".len();
        shown.push_str(&rest[..start]);
        shown.push_str("TIME");
        rest = &rest[end + "+00:00".len()..];
    }
    shown + rest.trim_end()
}

const RELATIONSHIPS: &str = r#""relationships":{"source_org":{"data":{"type":"orgs","id":"00000000-0000-0000-0000-000000000050","name":"Source Org"}},"sink_org":{"data":{"type":"orgs","id":"00000000-0000-0000-0000-000000000051","name":"Sink Org"}},"created_by":{"data":{"type":"users","id":"00000000-0000-0000-0000-000000000071","name":"User 1"}}}"#;

#[tokio::test]
async fn a_connection_is_read_updated_and_deleted() {
    let server = Server::start().await;
    let shown = |types: &str| {
        format!(
            r#"{{"data":{{"type":"org_connection","id":"{CONNECTION}","attributes":{{"created_at":"TIME","connection_types":{types},"modified_at":"TIME"}},{RELATIONSHIPS}}}}}"#
        )
    };

    let reply = server.get(SINK_ADMIN, PATH).await;
    assert_eq!((reply.status, without_times(&reply.text)), (StatusCode::OK, shown(r#"["logs"]"#)));
    reply.is_complete();
    let reply = server.patch(SOURCE_ADMIN, r#"["metrics","logs"]"#).await;
    assert_eq!((reply.status, without_times(&reply.text)), (StatusCode::OK, shown(r#"["metrics","logs"]"#)));
    let reply = server.get(SOURCE_READER, &(PATH.to_owned() + "/")).await;
    assert_eq!((reply.status, without_times(&reply.text)), (StatusCode::OK, shown(r#"["metrics","logs"]"#)));

    server
        .patch(SINK_ADMIN, r#"["audit"]"#)
        .await
        .is(403, r#"{"errors":["Forbidden","only the source organization can update a connection, with keys of its own; the sink can delete it"]}"#);
    let delete = SINK_ADMIN.request(Method::DELETE, PATH, Body::empty());
    server.send(delete).await.is(200, "{}");
    server
        .patch(SOURCE_ADMIN, r#"["audit"]"#)
        .await
        .is(404, &format!(r#"{{"errors":["Org connection with id:{CONNECTION} not found not found","no connection of your organization has this id; the list of connections shows those that there are"]}}"#));
}

#[tokio::test]
async fn a_connection_is_created_once() {
    let server = Server::start().await;
    let body = format!(
        r#"{{"data":{{"type":"org_connection","attributes":{{"connection_types":["audit"]}},"relationships":{{"sink_org":{{"data":{{"type":"orgs","id":"{SOURCE}","name":""}}}}}}}}}}"#
    );
    let create = |caller: Caller| {
        server.send(caller.request(Method::POST, "/api/v2/org_connections", Body::from(body.clone())))
    };

    let reply = create(SINK_ADMIN).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    create(SINK_ADMIN)
        .await
        .is(409, &format!(r#"{{"errors":["connection between orgs {SINK} and {SOURCE} already exists","update the connection that is there instead; the list of connections shows its id to whoever may see it"]}}"#));
    create(SOURCE_ADMIN).await.is(
        400,
        &format!(
            r#"{{"errors":["connection between orgs {SOURCE} and {SOURCE} is not allowed","data.relationships.sink_org.data.id: an organization can't be connected with itself"]}}"#
        ),
    );
    create(SOURCE_READER).await.is(
        403,
        r#"{"errors":["Forbidden","Failed permission authorization checks","no role of the user who owns DD-APPLICATION-KEY has the permission org_connections_write; an administrator of the organization can give one that has it"]}"#,
    );
}

#[tokio::test]
async fn a_list_includes_everyone_whom_it_names_once() {
    let server = Server::start().await;
    let reply = server.get(SOURCE_READER, "/api/v2/org_connections?sink_org_id=&limit=10").await;
    let org = |id, name| {
        format!(
            r#"{{"type":"orgs","id":"{id}","attributes":{{"public_id":"{id}","name":"{name}","description":"","sharing":"all_private","url":"","disabled":false,"created_at":"TIME","modified_at":"TIME"}}}}"#
        )
    };
    let user = r#"{"type":"users","id":"00000000-0000-0000-0000-000000000071","attributes":{"name":"User 1","handle":"user1@example.com","created_at":"TIME","modified_at":"TIME","email":"user1@example.com","icon":"","title":null,"verified":true,"service_account":false,"disabled":false,"allowed_login_methods":[],"status":"Active"}}"#;
    assert_eq!(
        without_times(&reply.text),
        format!(
            r#"{{"data":[{{"type":"org_connection","id":"{CONNECTION}","attributes":{{"created_at":"TIME","connection_types":["logs"],"modified_at":"TIME"}},{RELATIONSHIPS}}}],"included":[{},{},{user}],"meta":{{"page":{{"total_count":1,"total_filtered_count":1}}}}}}"#,
            org(SOURCE, "Source Org"),
            org(SINK, "Sink Org"),
        )
    );
    server
        .get(SOURCE_READER, "/api/v2/org_connections?sink_org_id=nobody")
        .await
        .is(200, r#"{"data":[],"meta":{"page":{"total_count":1,"total_filtered_count":0}}}"#);
    server.get(SOURCE_READER, "/api/v2/org_connections?limit=1001").await.is(
        400,
        r#"{"errors":["Validation failed for input.","limit: must be a whole number from 1 to 1000"]}"#,
    );
}

#[tokio::test]
async fn callers_are_told_who_they_are() {
    let server = Server::start().await;
    server.get(SOURCE_READER, "/api/v1/validate").await.is(200, r#"{"valid":true}"#);
    server.get(SOURCE_READER, "/api/v2/validate_keys").await.is(200, r#"{"status":"ok"}"#);
    let reply = server.get(SOURCE_READER, "/api/v2/current_user").await;
    let role = ManagedRole::ReadOnly.id();
    let permissions = ManagedRole::ReadOnly.permissions().iter().map(Permission::id);
    let permissions: Vec<_> =
        permissions.map(|id| format!(r#"{{"type":"permissions","id":"{id}"}}"#)).collect();
    let permissions = permissions.join(",");
    assert!(
        reply.text.ends_with(&format!(
            r#""relationships":{{"roles":{{"data":[{{"type":"roles","id":"{role}"}}]}},"org":{{"data":{{"type":"orgs","id":"{SOURCE}"}}}}}}}},"included":[{{"type":"roles","id":"{role}","attributes":{{"name":"Read Only"}},"relationships":{{"permissions":{{"data":[{permissions}]}}}}}}]}}{}"#,
            '\n'
        )),
        "{}",
        reply.text
    );
    let reply = server.get(SOURCE_ADMIN, "/api/v1/org").await;
    assert!(reply.text.starts_with(&format!(
        r#"{{"orgs":[{{"name":"Source Org","public_id":"{SOURCE}","description":"","created":"2"#
    )));
    let reply = server.get(SOURCE_ADMIN, "/api/v2/org?filter%5Bname%5D=sink").await;
    assert!(
        reply.text.starts_with(&format!(
            r#"{{"data":{{"type":"managed_orgs","id":"{SOURCE}","relationships":{{"current_org":{{"data":{{"type":"orgs","id":"{SOURCE}"}}}},"managed_orgs":{{"data":[{{"type":"orgs","id":"{SINK}"}}]}}}}}},"included":[{{"type":"orgs","id":"{SOURCE}","#
        )),
        "{}",
        reply.text
    );
}

#[tokio::test]
async fn strangers_learn_nothing_of_our_validation() {
    let server = Server::start().await;
    for route in routes().filter(|route| route.access != Access::Anyone) {
        let path = route.path.replace("{connection_id}", "no-id");
        let request = Request::builder().method(route.method.clone()).uri(&path);
        let reply = server.send(request.body(Body::from("no json")).unwrap()).await;
        if route.access == Access::ApiKey {
            reply.is(403, r#"{"errors":["API key required","the header DD-API-KEY is missing"]}"#);
        } else {
            reply.is(
                401,
                r#"{"errors":["Unauthorized","the headers DD-API-KEY and DD-APPLICATION-KEY are missing"]}"#,
            );
            assert!(reply.headers.contains_key("www-authenticate"));
        }
        assert_eq!(reply.header("x-ratelimit-name"), "failed_authentication");
    }
}

#[tokio::test]
async fn a_right_is_asked_for_before_anything_is_read() {
    let server = Server::start().await;
    let writes = Access::Permission(Permission::OrgConnectionsWrite);
    for route in routes().filter(|route| route.access == writes) {
        let path = route.path.replace("{connection_id}", "no-id");
        let request = SOURCE_READER.request(route.method.clone(), &path, Body::from("no json"));
        assert_eq!(server.send(request).await.status, StatusCode::FORBIDDEN, "{} {path}", route.method);
    }
}

#[tokio::test]
async fn credentials_that_do_not_fit_are_refused() {
    let server = Server::start().await;
    let mut mixed = SOURCE_ADMIN.request(Method::GET, PATH, Body::empty());
    mixed.headers_mut().insert("dd-api-key", format!("{:032x}", 2).parse().unwrap());
    let why = "DD-APPLICATION-KEY is not a live key of the organization that DD-API-KEY belongs to";
    server.send(mixed).await.is(401, &format!(r#"{{"errors":["Unauthorized","{why}"]}}"#));
    let mut wrong = SOURCE_ADMIN.request(Method::GET, "/api/v1/validate", Body::empty());
    wrong.headers_mut().insert("dd-api-key", "wrong".parse().unwrap());
    server
        .send(wrong)
        .await
        .is(403, r#"{"errors":["Forbidden","DD-API-KEY is not a live key here; check it, and that its organization lives on the site that was asked"]}"#);
    let reply = server.get(SOURCE_ADMIN, "/api/v1/validate?api_key=a").await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_path_has_one_spelling() {
    let server = Server::start().await;
    let not_found = r#"{"errors":["Not found","no call has this path; paths are case-sensitive and look like /api/v2/org_connections"]}"#;
    let no_id = r#"{"errors":["connection id must be a valid uuid","the last segment of the path: expected a UUID in its hyphenated form, such as f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a"]}"#;
    for (path, status, text) in [
        ("/", 404, not_found),
        ("/api/v2//org_connections", 404, not_found),
        ("/api/v2/org_connections//", 404, not_found),
        ("/api/v2/Org_Connections", 404, not_found),
        ("/api/v2/%6Frg_connections", 404, not_found),
        ("/api/v2/current_user/../org_connections", 404, not_found),
        ("/api/v2/org_connections/..", 400, no_id),
        ("/api/v2/org_connections/%2e%2e", 400, no_id),
        ("/api/v2/org_connections/%66%39ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a", 400, no_id),
        ("/api/v2/org_connections/f9ec96b08c8a4b0a9b0a1b2c3d4e5f6a", 400, no_id),
    ] {
        server.get(SOURCE_ADMIN, path).await.is(status, text);
    }
    let upper = format!("/api/v2/org_connections/{}", CONNECTION.to_uppercase());
    assert_eq!(server.get(SOURCE_ADMIN, &upper).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_method_means_what_it_says() {
    let server = Server::start().await;
    for method in [Method::TRACE, Method::OPTIONS, Method::PUT] {
        let mut request = SOURCE_ADMIN.request(method, PATH, Body::empty());
        request.headers_mut().insert("x-http-method-override", "DELETE".parse().unwrap());
        let reply = server.send(request).await;
        reply.is(405, r#"{"errors":["Method not allowed","this path takes GET, HEAD, PATCH, DELETE"]}"#);
        assert_eq!(reply.header("allow"), "GET,HEAD,PATCH,DELETE");
    }
    let reply = server.send(SOURCE_ADMIN.request(Method::HEAD, PATH, Body::empty())).await;
    assert_eq!((reply.status, reply.text.as_str()), (StatusCode::OK, ""));
    let get = server.get(SOURCE_ADMIN, PATH).await;
    assert_eq!(reply.header("content-length"), get.text.len().to_string());
    let request = Request::builder().method(Method::HEAD).uri(PATH).body(Body::empty()).unwrap();
    assert_eq!(server.send(request).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_org_has_its_quota_in_each_window() {
    let limits = RateLimits::default().with(LimitName::OrgConnectionsRead, Quota::new(2, 60));
    let server =
        Server::with(|options| ApiOptions { rate_limits: Arc::new(Split::alone(limits)), ..options }).await;
    server.clock.0.store(100, Ordering::SeqCst);
    let reply = server.get(SOURCE_ADMIN, PATH).await;
    assert_eq!(reply.header("x-ratelimit-limit"), "2");
    assert_eq!(reply.header("x-ratelimit-period"), "60");
    assert_eq!(reply.header("x-ratelimit-remaining"), "1");
    assert_eq!(reply.header("x-ratelimit-reset"), "60");
    assert_eq!(reply.header("x-ratelimit-name"), "org_connections_read");
    server.clock.0.store(130, Ordering::SeqCst);
    assert_eq!(server.get(SOURCE_READER, "/api/v2/org_connections/").await.header("x-ratelimit-reset"), "30");

    let reply = server.get(SOURCE_ADMIN, PATH).await;
    reply.is(
        429,
        r#"{"errors":["Rate limit of 2 requests in 60 seconds reached. Please try again later.","the limit org_connections_read opens again in 30 seconds"]}"#,
    );
    assert_eq!(reply.header("retry-after"), "30");
    assert_eq!(server.get(SINK_ADMIN, PATH).await.status, StatusCode::OK);
    assert_eq!(server.patch(SOURCE_ADMIN, r#"["logs"]"#).await.status, StatusCode::OK);
    server.clock.0.store(160, Ordering::SeqCst);
    assert_eq!(server.get(SOURCE_ADMIN, PATH).await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_address_that_has_used_up_its_failures_is_refused_but_not_whoever_shows_a_live_key() {
    let limits = RateLimits::default().with(LimitName::FailedAuthentication, Quota::new(3, 60));
    let server =
        Server::with(|options| ApiOptions { rate_limits: Arc::new(Split::alone(limits)), ..options }).await;
    let get = |address: &'static str, caller: Option<Caller>| {
        let mut request = caller.unwrap_or(Caller(9)).request(Method::GET, PATH, Body::empty());
        request.extensions_mut().insert(ClientAddress(address.parse().unwrap()));
        request.headers_mut().insert("x-forwarded-for", "198.51.100.7".parse().unwrap());
        server.send(request)
    };
    for _ in 0..10 {
        assert_eq!(get("192.0.2.1", Some(SOURCE_ADMIN)).await.status, StatusCode::OK);
    }
    for remaining in ["2", "1", "0"] {
        let reply = get("192.0.2.1", None).await;
        assert_eq!((reply.status.as_u16(), reply.header("x-ratelimit-remaining")), (401, remaining));
    }
    let reply = get("192.0.2.1", None).await;
    reply.is(
        429,
        r#"{"errors":["Rate limit of 3 requests in 60 seconds reached. Please try again later.","the limit failed_authentication opens again in 60 seconds"]}"#,
    );
    assert_eq!(reply.header("x-ratelimit-name"), "failed_authentication");

    assert_eq!(get("192.0.2.1", Some(SOURCE_ADMIN)).await.status, StatusCode::OK);
    assert_eq!(get("192.0.2.2", None).await.status, StatusCode::UNAUTHORIZED);
    server.clock.0.store(60, Ordering::SeqCst);
    assert_eq!(get("192.0.2.1", None).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_panic_is_an_answer() {
    let server = Server::with(|options| ApiOptions { ids: Arc::new(NoIds), ..options }).await;
    let body = format!(
        r#"{{"data":{{"type":"org_connection","attributes":{{"connection_types":["audit"]}},"relationships":{{"sink_org":{{"data":{{"id":"{SOURCE}"}}}}}}}}}}"#
    );
    let create = SINK_ADMIN.request(Method::POST, "/api/v2/org_connections", Body::from(body));
    server.send(create).await.is(500, r#"{"errors":["Internal Server Error","this is a fault of the server, whose log has more; tell its operator the x-request-id of this answer"]}"#);
    assert_eq!(server.get(SOURCE_ADMIN, PATH).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_body_is_checked_from_the_outside_in() {
    let server = Server::start().await;
    let json = |body: &str| SOURCE_ADMIN.request(Method::PATCH, PATH, Body::from(body.to_owned()));

    let mut text = json("{}");
    text.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    server.send(text).await.is(
        415,
        r#"{"errors":["Unsupported media type","send the header Content-Type: application/json; a charset, if any, is utf-8"]}"#,
    );
    server
        .send(json(&" ".repeat(65_537)))
        .await
        .is(413, r#"{"errors":["Payload too big","a body may have at most 65536 bytes"]}"#);
    server.send(json(r#"{"data":1,"data":2}"#)).await.is(
        400,
        r#"{"errors":["Invalid request: Request body contains invalid json","member \"data\" is repeated at line 1 column 16"]}"#,
    );
    server
        .send(json(r#"{"data":{"type":"org_connection"}}"#))
        .await
        .is(400, r#"{"errors":["Validation failed for input.","data.id: is missing"]}"#);
    server.patch(SOURCE_ADMIN, r#"["logs","logs"]"#).await.is(
        400,
        r#"{"errors":["Validation failed for input.","data.attributes.connection_types[1]: \"logs\" is repeated"]}"#,
    );
}
