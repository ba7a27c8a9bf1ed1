//! Logging in at an issuer outside. Source: `OpenID` Connect Core 1.0, sections 2 and 3.1; RFC 7636; RFC 9207; RFC 9700,
//! section 2.1; hardening list, 3, 7 and 18.

use std::time::Duration;

use orgbridge_api::{LimitName, SubjectClaim};
use orgbridge_domain::login::Shown;
use orgbridge_domain::user::{self, CreatorDisabled};
use orgbridge_ledger::audit::{AuditLog, Query};
use orgbridge_ledger::{Clock as _, DatabaseAddress, Ledger, LedgerOptions};
use orgbridge_testkit::{Reply, TestIssuer, TestKey, TestOrg, TestServer, TestServerBuilder, TestUser};
use serde_json::{Value, json};

use super::pages::{AUTHORIZE, Asked, Visitor, answered, dashboards, exchange, redeem, value_of};
use super::{Client, WHOAMI, with_token};

const LOGIN_ELSEWHERE: &str = "/oauth2/v1/login/elsewhere";
const CALLBACK: &str = "/oauth2/v1/callback";
const JANE: &str = "jane.doe@example.com";
const CODE: &str = "a-code-of-the-issuer";

/// An issuer at which users of the source log in, and a client that asks them for something.
struct Elsewhere {
    issuer: TestIssuer,
    key: TestKey,
    server: TestServer,
    client: Client,
}

/// A browser that was sent to the issuer.
struct Away<'e> {
    elsewhere: &'e Elsewhere,
    location: String,
    visitor: Visitor<'e>,
}

impl Elsewhere {
    async fn start() -> Self {
        Self::start_with(TestServer::builder(), SubjectClaim::Email).await
    }

    async fn start_with(builder: TestServerBuilder, claim: SubjectClaim) -> Self {
        let key = TestKey::ecdsa("first");
        let issuer = TestIssuer::publishing(&[&key]);
        let server = builder.logging_in_at(issuer.login_options(), claim).start().await;
        let client = dashboards(&server).await;
        Self { issuer, key, server, client }
    }

    fn asked(&self) -> Asked {
        Asked::by(&self.client)
    }

    /// The time in seconds since 1970, as tokens have it.
    fn now(&self) -> i64 {
        self.server.clock().now().micros() / 1_000_000
    }

    async fn depart(&self) -> Away<'_> {
        let mut visitor = Visitor::before(&self.server);
        let sent = visitor.post(self.asked().at(LOGIN_ELSEWHERE), &[]).await;
        assert_eq!(sent.status(), 303, "{sent}");
        visitor.cookie = cookie(&sent, 0);
        Away { elsewhere: self, location: sent.header("location").unwrap().to_owned(), visitor }
    }

    /// What somebody is told who comes back with an ID token that says something else than a good one.
    async fn told(&self, changes: &Value) -> String {
        let away = self.depart().await;
        let token = self.key.sign_under(&self.head(), &away.claims(changes));
        away.let_in(&token);
        told(&away.come_back(CODE).await)
    }

    /// The head of an ID token.
    fn head(&self) -> Value {
        let mut head = self.key.head();
        head["typ"] = "JWT".into();
        head
    }
}

impl Away<'_> {
    fn sent(&self, name: &str) -> String {
        TestIssuer::sent(&self.location, name)
    }

    fn claims(&self, changes: &Value) -> Value {
        let Elsewhere { issuer, .. } = self.elsewhere;
        let mut claims = issuer.login_claims(JANE, &self.sent("nonce"), self.elsewhere.now());
        for (name, value) in changes.as_object().expect("claims") {
            claims[name] = value.clone();
        }
        claims.as_object_mut().expect("claims").retain(|_, value| !value.is_null());
        claims
    }

    fn let_in(&self, token: &str) {
        self.elsewhere.issuer.let_in(&self.location, CODE, token.to_owned());
    }

    /// Has Jane log in.
    fn let_jane_in(&self) {
        self.let_in(&self.elsewhere.key.sign_under(&self.elsewhere.head(), &self.claims(&json!({}))));
    }

    async fn come_back(&self, code: &str) -> Reply {
        self.come_back_with(&[("code", code), ("state", &self.sent("state"))]).await
    }

    async fn come_back_with(&self, query: &[(&str, &str)]) -> Reply {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        self.visitor.get(format!("{CALLBACK}?{query}")).await
    }
}

/// What the calls answer to somebody who is let in and to somebody who is not, by their names in the description.
pub(crate) async fn answers() -> [(&'static str, u16); 3] {
    let elsewhere = Elsewhere::start().await;
    let visitor = Visitor::before(&elsewhere.server);
    let sent = visitor.post(elsewhere.asked().at(LOGIN_ELSEWHERE), &[]).await.status();
    let away = elsewhere.depart().await;
    let refused = away.come_back(CODE).await.status();
    away.let_jane_in();
    let let_in = away.come_back(CODE).await.status();
    [("LogInElsewhereForOAuth", sent), ("ComeBackForOAuth", refused), ("ComeBackForOAuth", let_in)]
}

/// What a browser sends of a cookie that it was given.
fn cookie(reply: &Reply, number: usize) -> String {
    reply.cookies()[number].split(';').next().unwrap().to_owned()
}

/// The status, and what a page says is wrong.
fn told(reply: &Reply) -> String {
    let text = reply.body().split_once("role=\"alert\"").map_or(reply.body(), |(_, alert)| alert);
    let (_, text) = text.split_once("<p>").unwrap_or_default();
    let text = text.split("</p>").next().unwrap_or_default();
    let text = text.split_once('>').map_or(text, |(_, inner)| inner);
    format!("{} {}", reply.status(), text.trim_end_matches("</a>"))
}

const NOT_SAID: &str = "403 You were not signed in there, or in a way that is not accepted here. Try again.";
const NOBODY_HERE: &str = "403 Nobody here has the address that you signed in with, or it was not verified there. Log in as \
                           somebody else.";

#[tokio::test]
async fn a_user_signs_in_elsewhere_and_lets_a_client_act_for_them() {
    let elsewhere = Elsewhere::start().await;
    let (server, asked) = (&elsewhere.server, elsewhere.asked());
    let page = Visitor::before(server).get(asked.at(AUTHORIZE)).await;
    let url = elsewhere.issuer.url();
    let origin = url.strip_suffix("/tenant").unwrap();
    let host = origin.strip_prefix("http://").unwrap();
    assert!(page.body().contains(&format!(">Sign in with {host}</button>")), "{page}");
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains(&format!("form-action 'self' https://app.example.com {origin};")), "{policy}");

    let mut away = elsewhere.depart().await;
    let location = away.location.strip_prefix(&format!("{url}/authorize?")).unwrap();
    let names: Vec<_> = form_urlencoded::parse(location.as_bytes()).map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "response_type",
            "client_id",
            "redirect_uri",
            "scope",
            "state",
            "nonce",
            "code_challenge",
            "code_challenge_method"
        ]
    );
    assert_eq!(away.sent("redirect_uri"), format!("http://{}{CALLBACK}", server.address()));
    assert_eq!(
        (away.sent("scope"), away.sent("code_challenge_method")),
        ("openid email".into(), "S256".into())
    );

    away.let_jane_in();
    let back = away.come_back_with(&[("code", CODE), ("state", &away.sent("state")), ("iss", &url)]).await;
    assert_eq!(back.status(), 303, "{back}");
    assert!(
        back.header("location").unwrap().starts_with(&format!("{AUTHORIZE}?response_type=code&client_id="))
    );
    let [login, over] = back.cookies()[..] else { panic!("two cookies: {back}") };
    assert!(login.starts_with("orgbridge-login=orgbridge_ls_"), "{login}");
    assert_eq!(over, "orgbridge-trip=; Path=/oauth2/v1; Max-Age=0; HttpOnly; SameSite=Lax");
    away.visitor.cookie = cookie(&back, 0);
    let page = away.visitor.get(back.header("location").unwrap().to_owned()).await;
    assert!(page.body().contains("<bdi>Jane Doe</bdi> (jane.doe@example.com)"), "{page}");
    assert!(!page.body().contains("the key that you logged in with"), "they have shown none: {page}");
    let answer = answered(&away.visitor.decide(&asked, "allow").await);
    assert_eq!(value_of(&answer, "state"), "a state & more");
    let tokens = redeem(server, &elsewhere.client, &exchange(&value_of(&answer, "code"))).await;
    assert_eq!(tokens.at("/scope"), "org_connections_read org_connections_write", "nothing is cut");
    let bearer = format!("Bearer {}", tokens.at("/access_token"));
    let me = server.anonymous().get(WHOAMI).header("authorization", &bearer).await;
    assert_eq!(me.at("/data/attributes/email"), JANE);
}

#[tokio::test]
async fn without_an_issuer_there_is_no_button_and_no_way() {
    let server = TestServer::start().await;
    let client = dashboards(&server).await;
    let visitor = Visitor::before(&server);
    assert!(!visitor.get(Asked::by(&client).at(AUTHORIZE)).await.body().contains("Sign in with"));
    let nowhere = "400 this server has no issuer at which users log in; log in with an application key";
    assert_eq!(told(&visitor.post(Asked::by(&client).at(LOGIN_ELSEWHERE), &[]).await), nowhere);
    assert_eq!(told(&visitor.get(format!("{CALLBACK}?state=a&code=b")).await), nowhere);
}

#[tokio::test]
async fn over_tls_the_cookie_of_the_way_is_for_this_host_alone() {
    let builder = TestServer::builder().answering_for(["datadoghq.com"]);
    let key = TestKey::ecdsa("first");
    let issuer = TestIssuer::publishing(&[&key]);
    let server = builder.logging_in_at(issuer.login_options(), SubjectClaim::Email).start().await;
    let metadata =
        json!({"client_name": "Dashboards", "redirect_uris": ["https://app.example.com/callback?tenant=1"]});
    let call = server.source_admin().call(http::Method::POST, super::REGISTER).body(metadata.to_string());
    let client = Client::of(&call.at("api.datadoghq.com").await);
    let call = server.anonymous().call(http::Method::POST, Asked::by(&client).at(LOGIN_ELSEWHERE));
    let sent = call.form([]).at("api.datadoghq.com").await;
    let cookie = sent.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-orgbridge-trip="), "{cookie}");
    assert!(cookie.ends_with("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
    let back = TestIssuer::sent(sent.header("location").unwrap(), "redirect_uri");
    assert_eq!(back, format!("https://api.datadoghq.com{CALLBACK}"));
}

#[tokio::test]
async fn what_is_not_the_word_of_the_issuer_on_this_login_is_refused() {
    let elsewhere = Elsewhere::start().await;
    let now = elsewhere.now();
    for changes in [
        json!({"iss": "https://login.example.org"}),
        json!({"iss": null}),
        json!({"aud": "https://api.example.com"}),
        json!({"aud": ["orgbridge", "https://api.example.com"]}),
        json!({"aud": []}),
        json!({"aud": null}),
        json!({"azp": "another"}),
        json!({"nonce": "another"}),
        json!({"nonce": ""}),
        json!({"nonce": null}),
        json!({"iat": now - 600, "exp": now - 30}),
        json!({"iat": now + 31}),
        json!({"nbf": now + 31}),
        json!({"exp": null}),
        json!({"iat": null}),
        json!({"sub": null}),
    ] {
        assert_eq!(elsewhere.told(&changes).await, NOT_SAID, "{changes}");
    }
    for changes in [
        json!({}),
        json!({"aud": ["orgbridge"]}),
        json!({"azp": "orgbridge"}),
        json!({"exp": now - 29, "iat": now - 90}),
    ] {
        assert_eq!(elsewhere.told(&changes).await.split(' ').next(), Some("303"), "{changes}");
    }
}

#[tokio::test]
async fn a_login_that_nobody_has_signed_or_a_stranger_is_refused() {
    let elsewhere = Elsewhere::start().await;
    let away = elsewhere.depart().await;
    let claims = away.claims(&json!({}));
    let stranger = TestKey::ecdsa("first");
    let mut tokens = elsewhere.key.unsigned(&claims);
    tokens.extend(elsewhere.key.confuse(&claims));
    tokens.push(stranger.sign_under(&elsewhere.head(), &claims));
    // A good signature under what is said to be an access token, or something else.
    for kind in ["at+jwt", "logout+jwt"] {
        let mut head = elsewhere.head();
        head["typ"] = kind.into();
        tokens.push(elsewhere.key.sign_under(&head, &claims));
    }
    tokens.push("no token".to_owned());
    for token in tokens {
        away.let_in(&token);
        assert_eq!(told(&away.come_back(CODE).await), NOT_SAID, "{token}");
    }
    let mut untyped = elsewhere.head();
    untyped.as_object_mut().unwrap().remove("typ");
    away.let_in(&elsewhere.key.sign_under(&untyped, &claims));
    assert_eq!(away.come_back(CODE).await.status(), 303, "an ID token need not say what it is");
}

#[tokio::test]
async fn nobody_comes_back_who_was_not_sent() {
    let elsewhere = Elsewhere::start().await;
    let mut away = elsewhere.depart().await;
    away.let_jane_in();
    let state = away.sent("state");
    let not_begun = "400 state: this browser has not been sent to sign in within the last ten minutes, or has come back \
                     before; begin again where you came from";
    assert_eq!(told(&away.come_back_with(&[("code", CODE)]).await), not_begun);
    assert_eq!(told(&away.come_back_with(&[("code", CODE), ("state", "another")]).await), not_begun);
    let twice = away.come_back_with(&[("code", CODE), ("state", &state), ("state", &state)]).await;
    assert_eq!(told(&twice), "400 state: is given more than once");
    // Another browser, one that has changed what it holds, and one that holds nothing.
    let own = std::mem::take(&mut away.visitor.cookie);
    let other = elsewhere.depart().await.visitor.cookie;
    for cookie in [
        &other,
        "",
        "orgbridge-trip=",
        &own.replace("org_connections_read", "org_management"),
        &format!("{own}; {own}"),
    ] {
        cookie.clone_into(&mut away.visitor.cookie);
        assert_eq!(told(&away.come_back(CODE).await), not_begun, "{cookie}");
    }
    away.visitor.cookie = own;
    let another = [("code", CODE), ("state", &*state), ("iss", "https://login.example.org")];
    assert_eq!(told(&away.come_back_with(&another).await), NOT_SAID, "another issuer");
    assert_eq!(away.come_back(CODE).await.status(), 303, "nothing of that has used up the code");
}

#[tokio::test]
async fn nobody_comes_back_twice_or_too_late() {
    let elsewhere = Elsewhere::start().await;
    let away = elsewhere.depart().await;
    away.let_jane_in();
    assert_eq!(away.come_back(CODE).await.status(), 303);
    assert_eq!(told(&away.come_back(CODE).await), NOT_SAID, "a code is good once");
    // A code that was meant for another login.
    let other = elsewhere.depart().await;
    other.let_jane_in();
    assert_eq!(told(&away.come_back(CODE).await), NOT_SAID, "its challenge is another\u{2019}s");
    let late = elsewhere.depart().await;
    late.let_jane_in();
    elsewhere.server.clock().advance(Duration::from_secs(600));
    assert_eq!(late.come_back(CODE).await.status(), 400);
}

#[tokio::test]
async fn whoever_is_not_signed_in_there_is_told_so_and_may_try_again() {
    let elsewhere = Elsewhere::start().await;
    let away = elsewhere.depart().await;
    let refused = [("error", "access_denied"), ("state", &*away.sent("state"))];
    let page = away.come_back_with(&refused).await;
    assert_eq!(told(&page), NOT_SAID);
    for part in [
        "href=\"#elsewhere\"",
        "id=\"elsewhere\" class=\"second\" aria-describedby=\"problem\"",
        "for=\"application_key\"",
    ] {
        assert!(page.body().contains(part), "{part} is not on {page}");
    }
    assert!(!page.body().contains("aria-invalid="), "{page}");
    assert_eq!(page.cookies(), ["orgbridge-trip=; Path=/oauth2/v1; Max-Age=0; HttpOnly; SameSite=Lax"]);
}

#[tokio::test]
async fn only_an_enabled_user_of_the_org_with_a_verified_address_is_let_in() {
    let elsewhere = Elsewhere::start().await;
    for email in ["nobody@example.com".to_owned(), TestUser::SinkAdmin.email(), TestUser::Dismissed.email()] {
        assert_eq!(elsewhere.told(&json!({"email": email})).await, NOBODY_HERE, "{email}");
    }
    for verified in [json!(false), json!(null), json!("true"), json!(1)] {
        assert_eq!(
            elsewhere.told(&json!({"email_verified": verified.clone()})).await,
            NOBODY_HERE,
            "{verified}"
        );
    }
    let subject = json!({"sub": TestUser::Jane.id().to_string(), "email": null});
    assert_eq!(elsewhere.told(&subject).await, NOBODY_HERE, "sub is not read");
}

#[tokio::test]
async fn the_subject_says_who_it_is_where_the_operator_says_so() {
    let elsewhere = Elsewhere::start_with(TestServer::builder(), SubjectClaim::Sub).await;
    let jane = json!({"sub": TestUser::Jane.id().to_string(), "email": null});
    assert!(elsewhere.told(&jane).await.starts_with("303"));
    assert_eq!(elsewhere.told(&json!({})).await, NOBODY_HERE, "email is not read");
}

#[tokio::test]
async fn a_login_ends_when_its_user_is_disabled() {
    let elsewhere = Elsewhere::start().await;
    let (server, asked) = (&elsewhere.server, elsewhere.asked());
    let mut away = elsewhere.depart().await;
    away.let_jane_in();
    away.visitor.cookie = cookie(&away.come_back(CODE).await, 0);
    let answer = answered(&away.visitor.decide(&asked, "allow").await);
    let tokens = redeem(server, &elsewhere.client, &exchange(&value_of(&answer, "code"))).await;
    assert_eq!(with_token(server, &tokens.at("/access_token")).await, 200);
    server
        .operate(|session, now| {
            let grant = session.authorize_in(TestOrg::Source.id())?;
            user::set_disabled(&grant, TestUser::Jane.id(), true, CreatorDisabled::Keep, now)
        })
        .await;
    assert!(away.visitor.get(asked.at(AUTHORIZE)).await.body().contains("<title>Log in"));
    assert_eq!(with_token(server, &tokens.at("/access_token")).await, 401);
    assert_eq!(elsewhere.told(&json!({})).await, NOBODY_HERE);
}

#[tokio::test]
async fn while_the_issuer_is_down_a_page_says_so_and_keys_are_good() {
    let elsewhere = Elsewhere::start().await;
    elsewhere.issuer.set_out_of_order(true);
    let mut visitor = Visitor::before(&elsewhere.server);
    let silent = "503 the issuer that you would sign in with can&#39;t be asked now";
    let page = visitor.post(elsewhere.asked().at(LOGIN_ELSEWHERE), &[]).await;
    assert_eq!(told(&page), silent);
    assert_eq!((page.header("retry-after"), page.cookies().len()), (Some("5"), 0));
    assert_eq!(
        visitor.log_in(&elsewhere.asked(), orgbridge_testkit::Persona::SourceAdmin).await.status(),
        303
    );
    elsewhere.issuer.set_out_of_order(false);
    elsewhere.server.clock().advance(Duration::from_secs(10));
    let away = elsewhere.depart().await;
    away.let_jane_in();
    elsewhere.issuer.set_out_of_order(true);
    assert_eq!(told(&away.come_back(CODE).await), silent);
    elsewhere.issuer.set_out_of_order(false);
    assert_eq!(away.come_back(CODE).await.status(), 303, "one may come back later");
}

#[tokio::test]
async fn whoever_fails_again_and_again_is_held_up() {
    let builder = TestServer::builder().limiting(LimitName::FailedAuthentication, 3, 60);
    let elsewhere = Elsewhere::start_with(builder, SubjectClaim::Email).await;
    let unknown = json!({"email": "nobody@example.com"});
    for _ in 0..3 {
        assert_eq!(elsewhere.told(&unknown).await, NOBODY_HERE);
    }
    assert!(elsewhere.told(&unknown).await.starts_with("429"));
    assert!(elsewhere.told(&json!({})).await.starts_with("303"), "who succeeds is let in");
}

#[tokio::test]
async fn what_no_browser_would_remember_is_refused_before_it_leaves() {
    let elsewhere = Elsewhere::start().await;
    let asked = elsewhere.asked().with("state", &"a".repeat(4096));
    let page = Visitor::before(&elsewhere.server).post(asked.at(LOGIN_ELSEWHERE), &[]).await;
    assert_eq!(page.status(), 400);
    assert!(told(&page).contains("log in with an application key"), "{page}");
}

#[tokio::test]
async fn a_login_is_kept_without_a_key_and_told_in_the_audit_trail_without_its_secrets() {
    let elsewhere = Elsewhere::start().await;
    let away = elsewhere.depart().await;
    away.let_jane_in();
    let back = away.come_back(CODE).await;
    let (_, secret) = back.cookies()[0].split(';').next().unwrap().split_once('=').unwrap();
    let database = DatabaseAddress::Sqlite(elsewhere.server.folder().join("ledger.db"));
    let ledger = Ledger::open(&database, LedgerOptions::default()).unwrap();
    let logins: Vec<_> = ledger.view().state.logins().map(|login| (login.user, login.shown)).collect();
    assert_eq!(logins, [(TestUser::Jane.id(), Shown::Issuer)]);
    let log = AuditLog::open(&database).unwrap().entries(&Query::default()).unwrap();
    let entry = log.iter().rfind(|entry| entry.entity == "login").unwrap();
    assert_eq!(entry.actor.user_id, Some(TestUser::Jane.id().to_string()));
    assert!(format!("{entry:?}").contains("application_key_id"), "{entry:?}");
    assert!(log.iter().all(|entry| {
        let entry = format!("{entry:?}");
        !entry.contains(secret) && !entry.contains(CODE) && !entry.contains(&away.sent("nonce"))
    }));
}
