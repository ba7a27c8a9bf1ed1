//! Access tokens of an issuer outside. Source: contract, section 2; RFC 7519, 8725 and 9068; hardening list, 3, 7 and 28.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::Method;
use insta::assert_snapshot;
use orgbridge_api::{Access, LimitName, ScopesClaim, SubjectClaim, routes};
use orgbridge_domain::user::{self, CreatorDisabled};
use orgbridge_issuer::{Issuer, WebClient};
use orgbridge_ledger::audit::{AuditLog, Query};
use orgbridge_ledger::{Clock as _, DatabaseAddress};
use orgbridge_testkit::{
    Call, Persona, TestIssuer, TestKey, TestOrg, TestServer, TestServerBuilder, TestUser, create_body,
    path_of,
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

const WHOAMI: &str = "/api/v2/current_user";
const FAILURES: LimitName = LimitName::FailedAuthentication;

/// Less than an issuer is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// An issuer that the server believes, and what it signs with.
struct Outside {
    issuer: TestIssuer,
    key: TestKey,
    server: TestServer,
}

impl Outside {
    async fn start() -> Self {
        Self::start_with(TestKey::ecdsa("first"), TestServerBuilder::believing).await
    }

    async fn start_with(
        key: TestKey,
        believing: impl FnOnce(TestServerBuilder, orgbridge_issuer::IssuerOptions) -> TestServerBuilder,
    ) -> Self {
        let issuer = TestIssuer::publishing(&[&key]);
        let builder = believing(TestServer::builder(), issuer.options());
        Self { server: builder.start().await, issuer, key }
    }

    /// The time in seconds since 1970, as tokens have it.
    fn now(&self) -> i64 {
        self.server.clock().now().micros() / 1_000_000
    }

    /// What a good token of Jane's with every scope that the tests need says.
    fn claims(&self) -> Value {
        let scope = "org_connections_read org_connections_write api_keys_read";
        self.issuer.claims(TestUser::Jane.id(), scope, self.now())
    }

    fn with(&self, changes: &Value) -> String {
        let mut claims = self.claims();
        for (name, value) in changes.as_object().expect("claims") {
            claims[name] = value.clone();
        }
        claims.as_object_mut().expect("claims").retain(|_, value| !value.is_null());
        self.key.sign(&claims)
    }

    fn call(&self, method: Method, path: &str, token: &str) -> Call<'_> {
        self.server.anonymous().call(method, path).header("authorization", &format!("Bearer {token}"))
    }

    async fn whoami(&self, token: &str) -> String {
        let reply = self.call(Method::GET, WHOAMI, token).await;
        match reply.status() {
            200 => format!("200 {}", reply.at("/data/attributes/name")),
            status => format!("{status} {}", reply.at("/errors/1")),
        }
    }
}

#[tokio::test]
async fn a_token_stands_for_a_user_with_what_its_scopes_let_through() {
    for key in [TestKey::rsa("rsa"), TestKey::ecdsa("ecdsa"), TestKey::ed25519("ed25519")] {
        let outside = Outside::start_with(key, TestServerBuilder::believing).await;
        let token = outside.with(&json!({}));
        assert_eq!(outside.whoami(&token).await, "200 Jane Doe");
        assert_eq!(outside.call(Method::GET, "/api/v2/api_keys", &token).await.status(), 200);
        let beyond = outside.call(Method::POST, "/api/v2/api_keys", &token).body("{}").await;
        let lacking = "the scopes of the access token do not include api_keys_write; use one that was authorized for it";
        assert_eq!((beyond.status(), beyond.at("/errors/2")), (403, lacking.to_owned()));
        let none = outside.with(&json!({"scope": null}));
        assert_eq!(outside.whoami(&none).await, "200 Jane Doe");
        assert_eq!(outside.call(Method::GET, "/api/v2/org_connections", &none).await.status(), 403);
    }
}

#[tokio::test]
async fn scopes_never_add_to_what_the_user_may() {
    let outside = Outside::start().await;
    let reader = outside.with(&json!({"sub": TestUser::Reader.id().to_string()}));
    assert_eq!(outside.call(Method::GET, "/api/v2/org_connections", &reader).await.status(), 200);
    let body = create_body(TestOrg::Onlooker.id(), ["logs"]).to_string();
    assert_eq!(outside.call(Method::POST, "/api/v2/org_connections", &reader).body(body).await.status(), 403);
}

#[tokio::test]
async fn names_that_are_no_permissions_are_not_for_us() {
    let outside = Outside::start().await;
    let odd =
        outside.with(&json!({"scope": "openid everything ORG_CONNECTIONS_READ org_connections_read\u{0}"}));
    assert_eq!(outside.whoami(&odd).await, "200 Jane Doe");
    assert_eq!(outside.call(Method::GET, "/api/v2/org_connections", &odd).await.status(), 403);
}

#[tokio::test]
async fn what_is_not_the_word_of_the_issuer_for_us_now_is_refused() {
    let outside = Outside::start().await;
    let now = outside.now();
    let mut answers = Vec::new();
    for (what, changes) in [
        ("another audience", json!({"aud": "https://api.example.org"})),
        ("among other audiences", json!({"aud": ["https://api.example.org", "https://api.example.net"]})),
        ("no audience", json!({"aud": null})),
        ("another issuer", json!({"iss": "https://login.example.org"})),
        ("the issuer with a slash", json!({"iss": format!("{}/", outside.issuer.url())})),
        ("no issuer", json!({"iss": null})),
        ("expired", json!({"iat": now - 600, "exp": now - 30})),
        ("not yet valid", json!({"nbf": now + 31})),
        ("issued later", json!({"iat": now + 31})),
        ("without an end", json!({"exp": null})),
        ("an end before its beginning", json!({"iat": now, "exp": now})),
        ("an end that is no number", json!({"exp": "tomorrow"})),
    ] {
        answers.push(format!("{what}: {}", outside.whoami(&outside.with(&changes)).await));
    }
    assert_snapshot!(answers.join("\n"), @r#"
    another audience: 401 the access token is meant for another audience
    among other audiences: 401 the access token is meant for another audience
    no audience: 401 the access token is meant for another audience
    another issuer: 401 the access token is of an issuer that is not accepted here
    the issuer with a slash: 401 the access token is of an issuer that is not accepted here
    no issuer: 401 the access token is of an issuer that is not accepted here
    expired: 401 the access token has expired
    not yet valid: 401 the access token is not valid yet
    issued later: 401 the access token is not valid yet
    without an end: 401 the access token has no claim exp, or times that can't be
    an end before its beginning: 401 the access token has no claim exp, or times that can't be
    an end that is no number: 401 the access token is no JSON Web Token that can be read
    "#);
}

#[tokio::test]
async fn a_refusal_is_a_challenge() {
    let outside = Outside::start().await;
    let reply = outside.call(Method::GET, WHOAMI, &outside.with(&json!({"aud": "another"}))).await;
    assert_snapshot!(reply, @r#"401 {"errors":["Unauthorized","the access token is meant for another audience"]}"#);
    assert_eq!(reply.header("www-authenticate"), Some(r#"Bearer realm="orgbridge", error="invalid_token""#));
}

#[tokio::test]
async fn a_token_is_good_for_one_of_its_audiences_and_half_a_minute_around_its_times() {
    let outside = Outside::start().await;
    let now = outside.now();
    for changes in [
        json!({"aud": ["https://api.example.org", "https://api.example.com"]}),
        json!({"iat": now - 600, "exp": now - 29}),
        json!({"nbf": now + 30}),
        json!({"iat": now + 30}),
        json!({"jti": null}),
        json!({"sub": "jane.doe@example.com"}),
    ] {
        assert_eq!(outside.whoami(&outside.with(&changes)).await, "200 Jane Doe", "{changes}");
    }
}

#[tokio::test]
async fn a_token_that_nobody_has_signed_is_refused_however_it_says_so() {
    let outside = Outside::start().await;
    for token in outside.key.unsigned(&outside.claims()) {
        let refused = "401 the access token is signed by an algorithm that is not accepted here";
        assert_eq!(outside.whoami(&token).await, refused);
    }
}

#[tokio::test]
async fn a_public_key_is_never_taken_for_a_secret() {
    for key in [TestKey::rsa("rsa"), TestKey::ecdsa("ecdsa"), TestKey::ed25519("ed25519")] {
        let outside = Outside::start_with(key, TestServerBuilder::believing).await;
        let confused = outside.key.confuse(&outside.claims());
        assert!(confused.len() > 2);
        for token in confused {
            let refused = "401 the access token is signed by an algorithm that is not accepted here";
            assert_eq!(outside.whoami(&token).await, refused);
        }
    }
}

#[tokio::test]
async fn what_a_stranger_has_signed_is_refused_whatever_it_brings_along() {
    let outside = Outside::start().await;
    let stranger = TestKey::ecdsa("first");
    let wrong = "401 the signature of the access token is wrong";
    assert_eq!(outside.whoami(&stranger.sign(&outside.claims())).await, wrong);
    let mut head = stranger.head();
    head["jwk"] = stranger.public();
    head["jku"] = "https://login.example.org/keys".into();
    assert_eq!(outside.whoami(&stranger.sign_under(&head, &outside.claims())).await, wrong);
    // A good signature of something else.
    let good = outside.with(&json!({}));
    let (message, _) = good.rsplit_once('.').unwrap();
    let other = outside.with(&json!({"sub": TestUser::Reader.id().to_string()}));
    let (_, signature) = other.rsplit_once('.').unwrap();
    assert_eq!(outside.whoami(&format!("{message}.{signature}")).await, wrong);
}

#[tokio::test]
async fn a_head_that_is_not_that_of_an_access_token_is_refused() {
    let outside = Outside::start().await;
    let mut answers = Vec::new();
    for (name, value) in [
        ("typ", json!("JWT")),
        ("typ", json!("application/at+jwt")),
        ("typ", json!("AT+JWT")),
        ("typ", json!("logout+jwt")),
        ("typ", json!("secevent+jwt")),
        ("typ", json!(null)),
        ("crit", json!(["exp"])),
        ("alg", json!("ES384")),
        ("alg", json!("RS256")),
        ("alg", json!(["ES256"])),
        ("kid", json!("second")),
        ("kid", json!(1)),
        ("kid", json!(null)),
    ] {
        let mut head = outside.key.head();
        head[name] = value.clone();
        head.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let token = outside.key.sign_under(&head, &outside.claims());
        answers.push(format!("{name} {value}: {}", outside.whoami(&token).await));
    }
    assert_snapshot!(answers.join("\n"), @r#"
    typ "JWT": 200 Jane Doe
    typ "application/at+jwt": 200 Jane Doe
    typ "AT+JWT": 200 Jane Doe
    typ "logout+jwt": 401 the access token is of another type than at+jwt or JWT, or has critical extensions
    typ "secevent+jwt": 401 the access token is of another type than at+jwt or JWT, or has critical extensions
    typ null: 401 the access token is of another type than at+jwt or JWT, or has critical extensions
    crit ["exp"]: 401 the access token is of another type than at+jwt or JWT, or has critical extensions
    alg "ES384": 401 the access token is signed by an algorithm that is not accepted here
    alg "RS256": 401 the access token is signed by no key that its issuer publishes
    alg ["ES256"]: 401 the access token is no JSON Web Token that can be read
    kid "second": 401 the access token is signed by no key that its issuer publishes
    kid 1: 401 the access token is no JSON Web Token that can be read
    kid null: 200 Jane Doe
    "#);
}

#[tokio::test]
async fn what_only_looks_like_a_token_is_refused() {
    let outside = Outside::start().await;
    let good = outside.with(&json!({}));
    let long = outside.with(&json!({"padding": "x".repeat(9000)}));
    for token in
        ["..", "a.b.c", &format!("{good}="), &format!("{good}A"), &good[1..], &good.replace('.', ".."), &long]
    {
        let reply = outside.call(Method::GET, WHOAMI, token).await;
        assert_eq!(reply.status(), 401, "{token}");
    }
    assert_eq!(outside.whoami("c0ffee").await.split(' ').next(), Some("401"), "ours have no dots");
}

#[tokio::test]
async fn a_subject_has_to_be_an_enabled_user_of_the_org() {
    let outside = Outside::start().await;
    let not_live = outside.whoami(&outside.with(&json!({"sub": "nobody@example.com"}))).await;
    assert!(
        not_live.starts_with("401 the access token in the Authorization header is not live here"),
        "{not_live}"
    );
    for subject in [
        json!(null),
        json!(""),
        json!("google-oauth2|1234"),
        json!("00000000-0000-4000-a000-000000000003"),
        json!(TestUser::SinkAdmin.id().to_string()),
        json!(TestUser::StrangerAdmin.id().to_string()),
        json!(TestUser::Dismissed.id().to_string()),
    ] {
        let answer = outside.whoami(&outside.with(&json!({"sub": subject.clone()}))).await;
        assert_eq!(answer, not_live, "{subject}");
    }
}

#[tokio::test]
async fn a_user_who_is_disabled_or_an_org_of_another_site_ends_it_at_once() {
    let key = TestKey::ecdsa("first");
    let believing = |builder: TestServerBuilder, options| {
        builder.answering_for(["datadoghq.com", "datadoghq.eu"]).believing(options)
    };
    let outside = Outside::start_with(key, believing).await;
    let token = outside.with(&json!({"sub": TestUser::Ordinary.id().to_string()}));
    let at = async |host: &str| outside.call(Method::GET, WHOAMI, &token).at(host).await.status();
    assert_eq!((at("api.datadoghq.com").await, at("api.datadoghq.eu").await), (200, 401));
    outside
        .server
        .operate(|session, now| {
            let grant = session.authorize_in(TestOrg::Source.id())?;
            user::set_disabled(&grant, TestUser::Ordinary.id(), true, CreatorDisabled::Keep, now)
        })
        .await;
    assert_eq!(at("api.datadoghq.com").await, 401);
}

#[tokio::test]
async fn other_claims_are_read_where_the_operator_says_so() {
    let believing = |builder: TestServerBuilder, options| {
        builder.believing_claims(options, SubjectClaim::Email, ScopesClaim::Scp)
    };
    let outside = Outside::start_with(TestKey::ecdsa("first"), believing).await;
    let jane = "jane.doe@example.com";
    let read = json!(["org_connections_read"]);
    let good = outside.with(&json!({"sub": "1", "email": jane, "email_verified": true, "scp": read}));
    assert_eq!(outside.whoami(&good).await, "200 Jane Doe");
    assert_eq!(outside.call(Method::GET, "/api/v2/org_connections", &good).await.status(), 200);
    assert_eq!(outside.call(Method::GET, "/api/v2/api_keys", &good).await.status(), 403, "scope is not read");
    for verified in [json!(false), json!(null), json!("true"), json!(1)] {
        let token = outside.with(&json!({"email": jane, "email_verified": verified.clone(), "scp": read}));
        assert!(outside.whoami(&token).await.starts_with("401"), "{verified}");
    }
    assert!(outside.whoami(&outside.with(&json!({"email_verified": true}))).await.starts_with("401"));
}

#[tokio::test]
async fn a_key_that_is_new_is_fetched_and_one_that_is_withdrawn_ends() {
    let outside = Outside::start().await;
    let (first, second) = (outside.with(&json!({})), TestKey::ed25519("second"));
    assert_eq!(outside.whoami(&first).await, "200 Jane Doe");
    outside.issuer.publish(&[&second]);
    let rotated = second.sign(&outside.claims());
    let unknown = "401 the access token is signed by no key that its issuer publishes";
    assert_eq!(outside.whoami(&rotated).await, unknown, "it has just been asked");
    outside.server.clock().advance(Duration::from_secs(10));
    assert_eq!(outside.whoami(&rotated).await, "200 Jane Doe");
    assert_eq!(outside.whoami(&first).await, unknown);
}

#[tokio::test]
async fn who_has_failed_too_often_has_the_issuer_asked_for_no_key() {
    let believing =
        |builder: TestServerBuilder, options| builder.limiting(FAILURES, 2, 60).believing(options);
    let outside = Outside::start_with(TestKey::ecdsa("first"), believing).await;
    let (good, stray) = (outside.with(&json!({})), TestKey::ed25519("stray").sign(&outside.claims()));
    assert_eq!(outside.whoami(&good).await, "200 Jane Doe", "who waits for the first keys is counted");
    assert!(outside.whoami(&stray).await.starts_with("401"));
    outside.server.clock().advance(Duration::from_secs(10));
    let asked = outside.issuer.asked();
    assert!(outside.whoami(&stray).await.starts_with("429"));
    assert_eq!(outside.issuer.asked(), asked);
    assert_eq!(outside.whoami(&good).await, "200 Jane Doe", "a known key is waited for by nobody");
}

/// The issuer takes connections and says nothing.
#[tokio::test]
async fn as_many_wait_for_an_issuer_that_is_silent_as_may_fail_and_the_others_are_told_at_once() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap()).parse().unwrap();
    let believing = |builder: TestServerBuilder, options| {
        let options = orgbridge_issuer::IssuerOptions { url, ..options };
        builder.limiting(FAILURES, 1, 60).believing(options)
    };
    let outside = Outside::start_with(TestKey::ecdsa("first"), believing).await;
    let token = outside.with(&json!({}));
    let whoami = || async {
        let began = Instant::now();
        let reply = outside.call(Method::GET, WHOAMI, &token).await;
        (reply.to_string(), reply.header("x-ratelimit-name").unwrap().to_owned(), began.elapsed())
    };
    let (first, second) = tokio::join!(whoami(), whoami());
    let (slow, quick) = if first.2 > second.2 { (first, second) } else { (second, first) };
    assert_eq!((&slow.0, &slow.1), (&quick.0, &quick.1), "both are told the same");
    assert!(
        slow.0.starts_with(r#"503 {"errors":["Service Unavailable","the keys of the issuer"#),
        "{}",
        slow.0
    );
    assert_eq!(slow.1, "current_user");
    assert!(slow.2 > PATIENCE && quick.2 < PATIENCE, "{:?} and {:?}", slow.2, quick.2);
}

#[tokio::test]
async fn whatever_call_asks_for_credentials_looks_for_the_key() {
    let key = TestKey::ecdsa("first");
    let believing = |builder: TestServerBuilder, options| builder.without_rate_limits().believing(options);
    let outside = Outside::start_with(key, believing).await;
    let mut called = 0;
    for route in routes().filter(|route| !matches!(route.access, Access::Anyone | Access::ApiKey)) {
        let key = TestKey::ed25519(if called % 2 == 0 { "even" } else { "odd" });
        outside.issuer.publish(&[&key]);
        outside.server.clock().advance(Duration::from_secs(10));
        let path = path_of(route.path, "00000000-0000-4000-a000-000000000003");
        let reply = outside.call(route.method.clone(), &path, &key.sign(&outside.claims())).await;
        assert_ne!(reply.status(), 401, "{} {path}: {reply}", route.method);
        called += 1;
    }
    assert!(called > 40, "{called} calls");
}

#[tokio::test]
async fn nobody_makes_the_server_ask_the_issuer_again_and_again() {
    let outside = Outside::start().await;
    assert_eq!(outside.whoami(&outside.with(&json!({}))).await, "200 Jane Doe");
    assert_eq!(outside.issuer.asked(), 1);
    let stranger = TestKey::ecdsa("stranger");
    let tokens: Vec<_> = (0..20).map(|_| stranger.sign(&outside.claims())).collect();
    for token in &tokens {
        assert!(outside.whoami(token).await.starts_with("401"));
    }
    assert_eq!(outside.issuer.asked(), 1);
    outside.server.clock().advance(Duration::from_secs(10));
    let answers = futures_util::future::join_all(tokens.iter().map(|token| outside.whoami(token))).await;
    assert!(answers.iter().all(|answer| answer.starts_with("401")), "{answers:?}");
    assert_eq!(outside.issuer.asked(), 2);
    outside.call(Method::GET, "/docs", &tokens[0]).await;
    assert_eq!(outside.issuer.asked(), 2, "who asks for no credentials looks for no key");
}

/// Source: hardening list, 28: staleness is measured on the monotonic clock.
#[tokio::test]
async fn while_the_issuer_is_down_its_keys_are_good_for_an_hour() {
    let outside = Outside::start().await;
    let fresh = || outside.with(&json!({}));
    assert_eq!(outside.whoami(&fresh()).await, "200 Jane Doe");
    outside.issuer.set_out_of_order(true);
    outside.server.clock().advance(Duration::from_secs(3599));
    assert_eq!(outside.whoami(&fresh()).await, "200 Jane Doe");
    outside.server.clock().set_back(Duration::from_secs(3600));
    outside.server.clock().advance(Duration::from_secs(1));
    let reply = outside.call(Method::GET, WHOAMI, &fresh()).await;
    assert_snapshot!(reply, @r#"503 {"errors":["Service Unavailable","the keys of the issuer are not known now","try again in 5 seconds, or send DD-API-KEY and DD-APPLICATION-KEY"]}"#);
    assert_eq!(reply.header("retry-after"), Some("5"));
    assert_eq!(outside.server.source_admin().get(WHOAMI).await.status(), 200, "keys are ours");
    outside.issuer.set_out_of_order(false);
    outside.server.clock().advance(Duration::from_secs(10));
    assert_eq!(outside.whoami(&fresh()).await, "200 Jane Doe");
}

#[tokio::test]
async fn whoever_keeps_the_keys_fresh_fetches_them_without_a_call_until_it_is_stopped() {
    let key = TestKey::ecdsa("first");
    let outside = TestIssuer::publishing(&[&key]);
    let issuer = Arc::new(Issuer::new(outside.options(), WebClient::new(), Arc::new(|| Duration::ZERO)));
    let token = key.sign(&outside.claims("jane.doe@example.com", "", 0));
    assert!(!issuer.knows_key_of(token.as_bytes()));
    let stop = CancellationToken::new();
    let fresh = tokio::spawn(Arc::clone(&issuer).keep_fresh(stop.clone()));
    tokio::time::timeout(Duration::from_secs(10), async {
        while !issuer.knows_key_of(token.as_bytes()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("the keys are fetched");
    stop.cancel();
    fresh.await.unwrap();
    assert_eq!(outside.asked(), 1);
}

#[tokio::test]
async fn metadata_of_another_issuer_is_not_believed() {
    let outside = Outside::start().await;
    outside.issuer.call_itself("https://login.example.org");
    assert!(outside.whoami(&outside.with(&json!({}))).await.starts_with("503"));
    assert_eq!(outside.issuer.asked(), 0);
}

#[tokio::test]
async fn a_symmetric_key_that_an_issuer_publishes_is_no_key() {
    let outside = Outside::start().await;
    outside.issuer.publish_odd(json!({"kty": "oct", "kid": "first", "k": "c2VjcmV0", "alg": "HS256"}));
    assert!(outside.whoami(&outside.with(&json!({}))).await.starts_with("503"));
}

#[tokio::test]
async fn the_audit_trail_names_the_issuer_and_the_token() {
    let outside = Outside::start().await;
    let token = outside.with(&json!({}));
    let body = create_body(TestOrg::Onlooker.id(), ["logs"]).to_string();
    let made = outside.call(Method::POST, "/api/v2/org_connections", &token).body(body).await;
    assert_eq!(made.status(), 200);
    let database = DatabaseAddress::Sqlite(outside.server.folder().join("ledger.db"));
    let log = AuditLog::open(&database).unwrap().entries(&Query::default()).unwrap();
    let entry = log.last().unwrap();
    let expected = format!("external:token-1,{}", outside.issuer.url());
    assert_eq!(entry.actor.credential.as_deref(), Some(expected.as_str()));
    assert_eq!(entry.actor.user_id, Some(TestUser::Jane.id().to_string()));
    let signature = token.rsplit('.').next().unwrap();
    assert!(log.iter().all(|entry| !format!("{entry:?}").contains(signature)));
}

#[tokio::test]
async fn keys_beside_a_token_decide() {
    let outside = Outside::start().await;
    let call = outside.server.caller(Persona::ReadOnly).get(WHOAMI);
    let reply = call.header("authorization", &format!("Bearer {}", outside.with(&json!({})))).await;
    assert_eq!(reply.at("/data/id"), TestUser::Reader.id().to_string());
}
