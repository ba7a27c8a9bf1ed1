//! How much of history an answer knows, and how much of it a request asks for.

use std::time::{Duration, Instant};

use http::Method;
use insta::assert_snapshot;
use orgbridge_api::{LimitName, routes};
use orgbridge_domain::{Principal, Session, api_key, org};
use orgbridge_ledger::{Ledger, LedgerOptions, MAX_STALENESS};
use orgbridge_testkit::{Call, Persona, Reply, TestOrg, TestServer, path_of};

const AT_LEAST: &str = "x-orgbridge-at-least";
const ABSENT: &str = "0b1e55ed-0000-4000-8000-000000000000";
const VALIDATE: &str = "/api/v1/validate";

/// A revision that no ledger gets to.
const NEVER: u64 = i64::MAX.unsigned_abs();

/// The revision that an answer says that it was made from.
fn revision(reply: &Reply) -> u64 {
    reply.header("x-orgbridge-revision").unwrap().parse().unwrap()
}

fn knowing(call: Call<'_>, revision: u64) -> Call<'_> {
    call.header(AT_LEAST, &revision.to_string())
}

#[tokio::test]
async fn every_answer_says_by_which_revision_it_was_made() {
    let server = TestServer::start().await;
    let shared = server.connection().create().await;
    let known = server.revision().get();
    for call in [
        server.source_admin().read(shared),
        server.source_admin().read(ABSENT),
        server.source_admin().delete("no-id"),
        server.caller(Persona::NoPermission).list(),
        server.anonymous().list(),
        server.anonymous().get("/api/v2/openapi.json"),
        server.anonymous().get("/docs"),
        server.anonymous().get("/oauth2/v1/authorize"),
        server.anonymous().get("/nowhere"),
        server.anonymous().call(Method::PUT, "/api/v1/validate"),
    ] {
        let shown = format!("{call:?}");
        assert_eq!(revision(&call.await), known, "{shown}");
    }
}

#[tokio::test]
async fn the_answer_to_a_change_knows_the_change_and_a_refusal_what_it_rests_on() {
    let server = TestServer::start().await;
    let before = server.revision().get();
    let created = server.source_admin().create(TestOrg::Sink.id(), ["logs"]).await;
    assert_eq!((created.status(), revision(&created)), (200, before + 1));
    assert_eq!(server.revision().get(), before + 1);

    let conflict = server.source_admin().create(TestOrg::Sink.id(), ["logs"]).await;
    assert_eq!((conflict.status(), revision(&conflict)), (409, before + 1));

    let decided = server.source_admin().call(Method::POST, "/access/v1/evaluation");
    let decided = decided.body(question()).await;
    assert_eq!(decided.at("/context/revision"), revision(&decided).to_string());
}

/// May the sink read the logs of the source?
fn question() -> String {
    let org = |id| serde_json::json!({"type": "org", "id": id});
    let (subject, mut resource) =
        (org(TestOrg::Sink.id().to_string()), org(TestOrg::Source.id().to_string()));
    resource["type"] = "logs".into();
    let action = serde_json::json!({"name": "read"});
    serde_json::json!({"subject": subject, "action": action, "resource": resource}).to_string()
}

#[tokio::test]
async fn what_is_known_already_is_answered_at_once() {
    let server = TestServer::start().await;
    let shared = server.connection().create().await;
    let known = server.revision().get();
    let began = Instant::now();
    for asked in [0, known - 1, known] {
        let reply = knowing(server.source_admin().read(shared), asked).await;
        assert_eq!((reply.status(), revision(&reply)), (200, known));
    }
    assert!(began.elapsed() < MAX_STALENESS);
}

/// Another process on the ledger of a server.
fn elsewhere(server: &TestServer) -> Ledger {
    let address = format!("sqlite:{}", server.folder().join("ledger.db").display()).parse().unwrap();
    Ledger::open(&address, LedgerOptions::default()).unwrap()
}

/// Another process writes, and this one learns of it.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_elsewhere_is_waited_for() {
    let server = TestServer::start().await;
    let known = server.revision().get();
    let elsewhere = elsewhere(&server);
    let began = Instant::now();
    let waiting = knowing(server.source_admin().list(), known + 1).into_future();
    let rename_soon = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let rename = |session: &Session<'_>, now| {
            let grant = session.authorize_in(TestOrg::Source.id())?;
            org::rename(&grant, "Elsewhere".parse().expect("a name"), now)
        };
        elsewhere.commit(Principal::Operator, "elsewhere".parse().unwrap(), rename).await.unwrap();
    };
    let (reply, ()) = tokio::join!(waiting, rename_soon);
    assert_eq!((reply.status(), revision(&reply)), (200, known + 1));
    assert!(began.elapsed() >= Duration::from_millis(300));
    elsewhere.close();
}

/// How often something is made elsewhere and used here at once: often enough for it to be there before the next look that
/// comes by itself.
const AT_ONCE: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_made_elsewhere_is_good_at_once() {
    let server = TestServer::start().await;
    let elsewhere = elsewhere(&server);
    for number in 0..AT_ONCE {
        let (id, secret) = (format!("0b1e55ed-0000-4000-8000-{number:012}"), format!("{number:032}"));
        make_key(&elsewhere, &id, &secret).await;
        let reply = server.anonymous().get(VALIDATE).header("dd-api-key", &secret).await;
        assert_eq!((reply.status(), revision(&reply)), (200, elsewhere.view().position.revision.get()));
    }
    elsewhere.close();
}

/// Makes an API key of the source at another process.
async fn make_key(elsewhere: &Ledger, id: &str, secret: &str) {
    let (id, secret) = (id.parse().unwrap(), secret.parse().unwrap());
    let make = move |session: &Session<'_>, now| {
        let grant = session.authorize_in(TestOrg::Source.id())?;
        api_key::create(&grant, id, "Elsewhere".parse().expect("a name"), &secret, now)
    };
    elsewhere.commit(Principal::Operator, "elsewhere".parse().unwrap(), make).await.unwrap();
}

#[tokio::test]
async fn what_does_not_come_in_time_is_refused() {
    let server = TestServer::start().await;
    let known = server.revision().get();
    let began = Instant::now();
    let reply = knowing(server.source_admin().list(), known + 1_000).await;
    assert!((MAX_STALENESS..MAX_STALENESS * 3).contains(&began.elapsed()));
    assert_eq!((revision(&reply), reply.header("retry-after")), (known, Some("5")));
    let shown = reply.to_string().replace(&(known + 1_000).to_string(), "ASKED");
    assert_snapshot!(shown.replace(&format!("is {known}"), "is KNOWN"), @r#"503 {"errors":["Service Unavailable","revision ASKED is not known here yet; the latest that is known here is KNOWN","try again in 5 seconds; if it stays so, tell the operator of this server"]}"#);
}

#[tokio::test]
async fn what_is_no_revision_is_refused_and_strangers_learn_nothing_of_it() {
    let server = TestServer::start().await;
    let shared = server.connection().create().await;
    for value in ["", "latest", "-1", "1.5", "9223372036854775808"] {
        let reply = server.source_admin().read(shared).header(AT_LEAST, value).await;
        insta::allow_duplicates! {
            assert_snapshot!(reply, @r#"400 {"errors":["Validation failed for input.","the header x-orgbridge-at-least: expected a revision, as the header x-orgbridge-revision of an answer gives it: digits alone, and at most 9223372036854775807"]}"#);
        }
    }
    let twice = server.source_admin().read(shared).header(AT_LEAST, "1").header(AT_LEAST, "1").await;
    assert_snapshot!(twice, @r#"400 {"errors":["Validation failed for input.","the header x-orgbridge-at-least: is given more than once; send it once"]}"#);
    let stranger = server.anonymous().read(shared).header(AT_LEAST, "latest").await;
    assert_eq!(stranger.status(), 401);
}

#[tokio::test]
async fn every_call_of_the_api_asks_and_no_other() {
    let server = TestServer::builder().without_rate_limits().start().await;
    for route in routes() {
        let path = path_of(route.path, ABSENT);
        let call = || server.source_admin().call(route.method.clone(), &path);
        let (plain, odd) = (call().await, call().header(AT_LEAST, "latest").await);
        let is_of_the_api = route.path.starts_with("/api/") || route.path.starts_with("/access/");
        if is_of_the_api {
            assert!(odd.body().contains("the header x-orgbridge-at-least: expected"), "{path}: {odd}");
        } else {
            assert_eq!(odd.status(), plain.status(), "{path}");
        }
    }
}

#[tokio::test]
async fn who_asks_for_a_revision_is_limited_like_anybody() {
    let server = TestServer::builder().limiting(LimitName::OrgConnectionsRead, 1, 60).start().await;
    let known = server.revision().get();
    assert_eq!(knowing(server.source_admin().list(), known).await.status(), 200);
    assert_eq!(knowing(server.source_admin().list(), known).await.status(), 429);
}

/// What is waited for may be the very key that is shown.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_made_elsewhere_is_found_when_its_revision_is_known() {
    let secret = "5ec2e7".repeat(6)[..32].to_owned();
    let server = TestServer::start().await;
    let known = server.revision().get();
    let elsewhere = elsewhere(&server);
    let validate = server.anonymous().get(VALIDATE).header("dd-api-key", &secret);
    let waiting = knowing(validate, known + 1).into_future();
    let make_it_soon = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        make_key(&elsewhere, ABSENT, &secret).await;
    };
    let (reply, ()) = tokio::join!(waiting, make_it_soon);
    assert_eq!((reply.status(), revision(&reply)), (200, known + 1));
    assert_eq!(reply.header("x-ratelimit-name"), Some("validate"));
    elsewhere.close();
}

#[tokio::test]
async fn who_has_used_up_a_limit_is_told_before_the_wait_and_nobody_is_charged_twice() {
    let server = TestServer::builder()
        .limiting(LimitName::OrgConnectionsRead, 2, 60)
        .limiting(LimitName::FailedAuthentication, 2, 60)
        .start()
        .await;
    for (persona, status) in [(Persona::SourceAdmin, 503), (Persona::WrongApiKey, 401)] {
        let never = || knowing(server.caller(persona).list(), NEVER);
        let began = Instant::now();
        let waited = never().await;
        assert_eq!((waited.status(), waited.header("x-ratelimit-remaining")), (status, Some("1")));
        assert!(began.elapsed() >= MAX_STALENESS, "{persona} waits");
        assert_ne!(server.caller(persona).list().await.status(), 429);
        let began = Instant::now();
        assert_eq!(never().await.status(), 429);
        assert!(began.elapsed() < MAX_STALENESS, "{persona} waited for a refusal");
    }
}

#[tokio::test]
async fn whom_no_revision_could_help_is_not_kept_waiting() {
    let server = TestServer::builder().answering_for(["datadoghq.com"]).start().await;
    let site = "api.datadoghq.com";
    for (call, status) in [
        (server.source_admin().list().at("api.example.com"), 421),
        (server.anonymous().list().at(site), 401),
        (server.anonymous().get(VALIDATE).at(site), 403),
        (server.source_admin().get("/api/v2/org_connections?api_key=a").at(site), 401),
    ] {
        let began = Instant::now();
        let reply = knowing(call, NEVER).await;
        assert_eq!(reply.status(), status, "{reply}");
        assert!(began.elapsed() < MAX_STALENESS, "{reply} came late");
    }
}

/// All places of the edge are asked for by one who has no key, and has failed too often.
#[tokio::test]
async fn strangers_hold_no_place_by_asking_for_a_revision_once_their_failures_are_used_up() {
    let server =
        TestServer::builder().limiting(LimitName::FailedAuthentication, 1, 60).with_places(2).start().await;
    let of_nobody = format!("GET {VALIDATE} HTTP/1.1\r\nHost: a\r\nDD-API-KEY: {}\r\n", "5".repeat(32));
    server.exchange(format!("{of_nobody}Connection: close\r\n\r\n")).await;
    let began = Instant::now();
    let mut strangers = [server.raw().await, server.raw().await];
    for stranger in &mut strangers {
        stranger.send(format!("{of_nobody}{AT_LEAST}: {NEVER}\r\n\r\n")).await;
    }
    for stranger in &mut strangers {
        assert_eq!(stranger.read_reply().await.status(), 429);
    }
    assert_eq!(server.source_admin().list().await.status(), 200);
    assert!(began.elapsed() < MAX_STALENESS, "a live caller waited for strangers");
}
