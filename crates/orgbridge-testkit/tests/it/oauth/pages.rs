//! The pages on which users decide. Source: hardening list, 18, 19 and 21; RFC 6749, section 4.1; RFC 7636; RFC 9207.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::Method;
use insta::assert_snapshot;
use orgbridge_api::LimitName;
use orgbridge_domain::ManagedRole;
use orgbridge_testkit::{Persona, Reply, TestServer, TestUser};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{Client, Registers as _, TOKEN, WHOAMI, with_token};

pub(crate) const AUTHORIZE: &str = "/oauth2/v1/authorize";
pub(crate) const LOGIN: &str = "/oauth2/v1/login";
const CALLBACK: &str = "https://app.example.com/callback?tenant=1";
const VERIFIER: &str = "a-verifier-that-is-long-enough-to-be-one-0123456789";

/// What a client asks for, as the query of the page.
pub(crate) struct Asked(Vec<(&'static str, String)>);

impl Asked {
    pub(crate) fn by(client: &Client) -> Self {
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        Self(vec![
            ("response_type", "code".to_owned()),
            ("client_id", client.id.clone()),
            ("redirect_uri", CALLBACK.to_owned()),
            ("scope", "org_connections_read org_connections_write".to_owned()),
            ("state", "a state & more".to_owned()),
            ("code_challenge", challenge),
            ("code_challenge_method", "S256".to_owned()),
        ])
    }

    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.0.retain(|(known, _)| *known != name);
        self.0.push((name, value.to_owned()));
        self
    }

    fn without(mut self, name: &'static str) -> Self {
        self.0.retain(|(known, _)| *known != name);
        self
    }

    fn twice(mut self, name: &'static str) -> Self {
        self.0.push((name, "again".to_owned()));
        self
    }

    pub(crate) fn at(&self, path: &str) -> String {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish();
        format!("{path}?{query}")
    }
}

/// A client of the source on which users decide.
pub(crate) async fn dashboards(server: &TestServer) -> Client {
    let metadata = json!({
        "client_name": "Dashboards <script>",
        "redirect_uris": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token"],
    });
    Client::of(&server.source_admin().register(&metadata).await)
}

/// Somebody before a browser, with the cookie that it was given.
pub(crate) struct Visitor<'s> {
    server: &'s TestServer,
    pub(super) cookie: String,
}

impl<'s> Visitor<'s> {
    pub(crate) fn before(server: &'s TestServer) -> Self {
        Self { server, cookie: String::new() }
    }

    /// The same one, who has come to another replica.
    pub(super) fn at(self, other: &TestServer) -> Visitor<'_> {
        Visitor { server: other, cookie: self.cookie }
    }

    pub(crate) async fn get(&self, path: String) -> Reply {
        self.server.anonymous().get(path).header("cookie", &self.cookie).await
    }

    pub(crate) async fn post(&self, path: String, form: &[(&str, &str)]) -> Reply {
        let call = self.server.anonymous().call(Method::POST, path).form(form.iter().copied());
        call.header("cookie", &self.cookie).header("sec-fetch-site", "same-origin").await
    }

    pub(crate) async fn log_in(&mut self, asked: &Asked, persona: Persona) -> Reply {
        let reply = self.post(asked.at(LOGIN), &[("application_key", &application_key(persona))]).await;
        if let Some(cookie) = reply.header("set-cookie") {
            cookie.split(';').next().unwrap().clone_into(&mut self.cookie);
        }
        reply
    }

    pub(crate) async fn decide(&self, asked: &Asked, decision: &str) -> Reply {
        let page = self.get(asked.at(AUTHORIZE)).await;
        self.send(attribute(&page, "action"), &Held::by(&page), decision).await
    }

    async fn send(&self, target: String, held: &Held, decision: &str) -> Reply {
        let form = [("proof", held.proof.as_str()), ("scope", &held.scope), ("decision", decision)];
        self.post(target, &form).await
    }
}

/// What the page on which one decides holds for its form.
struct Held {
    proof: String,
    scope: String,
}

impl Held {
    fn by(page: &Reply) -> Self {
        let value = |name| {
            let (_, rest) = page.body().split_once(&format!("name=\"{name}\" value=\"")).unwrap();
            rest.split('"').next().unwrap().to_owned()
        };
        Self { proof: value("proof"), scope: value("scope") }
    }
}

pub(crate) fn application_key(persona: Persona) -> String {
    persona.credentials().into_iter().find(|(name, _)| *name == "dd-application-key").unwrap().1
}

/// The first value of an attribute on a page.
fn attribute(page: &Reply, name: &str) -> String {
    let (_, rest) =
        page.body().split_once(&format!(" {name}=\"")).unwrap_or_else(|| panic!("no {name}: {page}"));
    rest.split('"').next().unwrap().replace("&amp;", "&")
}

/// The parameters that a redirect to the client adds.
pub(super) fn answered(reply: &Reply) -> Vec<(String, String)> {
    assert_eq!(reply.status(), 303, "{reply}");
    let location = reply.header("location").unwrap();
    let query = location.strip_prefix(&format!("{CALLBACK}&")).unwrap_or_else(|| panic!("{location}"));
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

pub(super) fn value_of(answer: &[(String, String)], name: &str) -> String {
    answer
        .iter()
        .find(|(known, _)| known == name)
        .unwrap_or_else(|| panic!("no {name}: {answer:?}"))
        .1
        .clone()
}

/// The code that a user lets a client have.
pub(crate) async fn code(server: &TestServer, asked: &Asked, persona: Persona) -> String {
    let mut visitor = Visitor::before(server);
    visitor.log_in(asked, persona).await;
    value_of(&answered(&visitor.decide(asked, "allow").await), "code")
}

pub(super) fn exchange(code: &str) -> Vec<(&'static str, String)> {
    vec![
        ("grant_type", "authorization_code".to_owned()),
        ("code", code.to_owned()),
        ("redirect_uri", CALLBACK.to_owned()),
        ("code_verifier", VERIFIER.to_owned()),
    ]
}

pub(crate) async fn redeem(server: &TestServer, client: &Client, form: &[(&'static str, String)]) -> Reply {
    let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    client.token(server, &form).await
}

pub(crate) async fn tokens(server: &TestServer, client: &Client, persona: Persona) -> Reply {
    let code = code(server, &Asked::by(client), persona).await;
    redeem(server, client, &exchange(&code)).await
}

#[tokio::test]
async fn a_user_logs_in_and_lets_a_client_act_for_them() {
    let server = TestServer::start().await;
    let client = dashboards(&server).await;
    let (asked, mut visitor) = (Asked::by(&client), Visitor::before(&server));

    let page = visitor.get(asked.at(AUTHORIZE)).await;
    assert_eq!(page.status(), 200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    for part in [
        "<html lang=\"en\">",
        "<label for=\"application_key\">",
        "<bdi>Dashboards &lt;script&gt;</bdi>",
        "<bdi>Source Org</bdi>",
    ] {
        assert!(page.body().contains(part), "{part} is not on {page}");
    }
    let sent_on = visitor.log_in(&asked, Persona::SinkAdmin).await;
    assert_eq!(sent_on.status(), 303);
    assert!(
        sent_on
            .header("location")
            .unwrap()
            .starts_with(&format!("{AUTHORIZE}?response_type=code&client_id="))
    );
    let cookie = sent_on.header("set-cookie").unwrap();
    assert!(cookie.ends_with("; Path=/oauth2/v1; Max-Age=900; HttpOnly; SameSite=Lax"), "{cookie}");

    let page = visitor.get(sent_on.header("location").unwrap().to_owned()).await;
    for part in [
        "<h1>Let <bdi>Dashboards &lt;script&gt;</bdi> act for you?</h1>",
        "<dd><bdi>Dashboards &lt;script&gt;</bdi></dd>",
        "<dd><bdi>Source Org</bdi></dd>",
        "<dd><bdi>Sink Admin</bdi> (sink.admin@example.com)</dd>",
        "<dd><bdi>Sink Org</bdi></dd>",
        "Org Connections Read",
        "https://app.example.com<",
    ] {
        assert!(page.body().contains(part), "{part} is not on {page}");
    }
    let answer = answered(&visitor.decide(&asked, "allow").await);
    assert_eq!(value_of(&answer, "state"), "a state & more");
    assert_eq!(value_of(&answer, "iss"), format!("http://{}", server.address()));
    let tokens = redeem(&server, &client, &exchange(&value_of(&answer, "code"))).await;
    assert_eq!(tokens.at("/scope"), "org_connections_read org_connections_write");
    let bearer = format!("Bearer {}", tokens.at("/access_token"));
    let me = server.anonymous().get(WHOAMI).header("authorization", &bearer).await;
    assert_eq!(me.at("/data/attributes/email"), "sink.admin@example.com");
}

#[tokio::test]
async fn a_browser_is_told_to_keep_the_pages_to_themselves() {
    let server = TestServer::start().await;
    let client = dashboards(&server).await;
    let (asked, mut visitor) = (Asked::by(&client), Visitor::before(&server));
    let login = visitor.get(asked.at(AUTHORIZE)).await;
    visitor.log_in(&asked, Persona::SourceAdmin).await;
    let consent = visitor.get(asked.at(AUTHORIZE)).await;
    let error = visitor.get(AUTHORIZE.to_owned()).await;
    for (page, leads_to) in
        [(login, " https://app.example.com"), (consent, " https://app.example.com"), (error, "")]
    {
        let policy = page.header("content-security-policy").unwrap();
        let (_, style) = page.body().split_once("<style>").unwrap();
        let (style, _) = style.split_once("</style>").unwrap();
        let digest = base64::prelude::BASE64_STANDARD.encode(Sha256::digest(style));
        assert_eq!(
            policy,
            format!(
                "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'self'{leads_to}; \
                 frame-ancestors 'none'"
            )
        );
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(page.header("x-frame-options"), Some("DENY"));
        for foreign in ["<script", "src=", "url(", "onload", "javascript:"] {
            assert!(!page.body().contains(foreign), "{foreign} is on {page}");
        }
    }
}

/// Source: Content Security Policy Level 3, section 2.3.1, whose hosts have no brackets.
#[tokio::test]
async fn a_browser_is_told_the_scheme_alone_of_an_address_that_it_could_not_read() {
    let server = TestServer::start().await;
    for (redirect, leads_to) in [
        ("http://[::1]:51004/callback", "http:"),
        ("https://[2001:db8::1]/callback", "https:"),
        ("http://127.0.0.1:51004/callback", "http://127.0.0.1:51004"),
        ("com.example.app:/callback", "com.example.app:"),
    ] {
        let metadata = json!({"client_name": "Tool", "redirect_uris": [redirect]});
        let client = Client::of(&server.source_admin().register(&metadata).await);
        let asked = Asked::by(&client).with("redirect_uri", redirect);
        let page = Visitor::before(&server).get(asked.at(AUTHORIZE)).await;
        let policy = page.header("content-security-policy").unwrap();
        let found = policy.split("; ").find(|directive| directive.starts_with("form-action"));
        assert_eq!(found, Some(format!("form-action 'self' {leads_to}").as_str()), "{redirect}");
    }
}

#[tokio::test]
async fn over_tls_the_cookie_is_for_this_host_alone() {
    let server = TestServer::builder().answering_for(["datadoghq.com"]).start().await;
    let client = Client::of(
        &server
            .source_admin()
            .register(&json!({"client_name": "Dashboards", "redirect_uris": [CALLBACK]}))
            .at("api.datadoghq.com")
            .await,
    );
    let form = [("application_key", application_key(Persona::SourceAdmin))];
    let form = form.iter().map(|(name, value)| (*name, value.as_str()));
    let call = server.anonymous().call(Method::POST, Asked::by(&client).at(LOGIN)).at("api.datadoghq.com");
    let reply = call.form(form).await;
    let cookie = reply.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-orgbridge-login=orgbridge_ls_"), "{cookie}");
    assert!(cookie.ends_with("; Path=/; Max-Age=900; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
}

/// Source: RFC 6749, section 4.1.2.1.
#[tokio::test]
async fn nobody_is_sent_where_the_client_is_not_registered() {
    let server = TestServer::start().await;
    let client = dashboards(&server).await;
    let other = Client { id: "0b1e55ed-0000-4000-8000-000000000000".to_owned(), secret: String::new() };
    let evil = "https://evil.example/";
    let mut pages = Vec::new();
    for asked in [
        Asked::by(&client).without("client_id"),
        Asked::by(&client).with("client_id", "dashboards"),
        Asked::by(&other),
        Asked::by(&client).twice("client_id"),
        Asked::by(&client).without("redirect_uri"),
        Asked::by(&client).with("redirect_uri", evil),
        Asked::by(&client).with("redirect_uri", &format!("{CALLBACK}&more=1")),
        Asked::by(&client).with("redirect_uri", "https://app.example.com/callback"),
        Asked::by(&client).twice("redirect_uri"),
    ] {
        let page = Visitor::before(&server).get(asked.at(AUTHORIZE)).await;
        assert_eq!((page.status(), page.header("location")), (400, None));
        assert!(!page.body().contains("evil"), "{page}");
        let (_, text) = page.body().split_once("<p>").unwrap();
        pages.push(text.split("</p>").next().unwrap().to_owned());
        let posted = Visitor::before(&server).post(asked.at(LOGIN), &[("application_key", "a")]).await;
        assert_eq!((posted.status(), posted.header("location")), (400, None));
    }
    assert_snapshot!(pages.join("\n"), @"
    client_id: is missing
    client_id: no application with this id is registered here
    client_id: no application with this id is registered here
    client_id: is given more than once
    redirect_uri: is missing
    redirect_uri: the application is not registered with this one
    redirect_uri: the application is not registered with this one
    redirect_uri: the application is not registered with this one
    redirect_uri: is given more than once
    ");
}

#[tokio::test]
async fn a_client_is_told_what_is_wrong_with_what_it_asks_users_for() {
    let server = TestServer::start().await;
    let client = dashboards(&server).await;
    let mut answers = Vec::new();
    for asked in [
        Asked::by(&client).with("response_type", "token"),
        Asked::by(&client).without("response_type"),
        Asked::by(&client).without("code_challenge"),
        Asked::by(&client).with("code_challenge", "short"),
        Asked::by(&client).without("code_challenge_method"),
        Asked::by(&client).with("code_challenge_method", "plain"),
        Asked::by(&client).with("response_mode", "fragment"),
        Asked::by(&client).with("scope", "logs_read"),
        Asked::by(&client).with("scope", "audit_logs_read"),
        Asked::by(&client).twice("scope"),
        Asked::by(&client).twice("state"),
    ] {
        let answer = answered(&Visitor::before(&server).get(asked.at(AUTHORIZE)).await);
        assert_eq!(value_of(&answer, "iss"), format!("http://{}", server.address()));
        let state = answer.iter().find(|(name, _)| name == "state").map_or("no state", |(_, state)| state);
        let (code, why) = (value_of(&answer, "error"), value_of(&answer, "error_description"));
        answers.push(format!("{code}, {state}: {why}"));
    }
    assert_snapshot!(answers.join("\n"), @"
    unsupported_response_type, a state & more: response_type: must be code
    invalid_request, a state & more: response_type: is missing; expected code
    invalid_request, a state & more: code_challenge: expected SHA-256 of the verifier in base64url, which is 43 characters
    invalid_request, a state & more: code_challenge: expected SHA-256 of the verifier in base64url, which is 43 characters
    invalid_request, a state & more: code_challenge_method: must be S256
    invalid_request, a state & more: code_challenge_method: must be S256
    invalid_request, a state & more: response_mode: must be query
    invalid_scope, a state & more: scope: 'logs_read' is no permission; expected one of org_connections_read, org_connections_write, org_connections_evaluate, org_management, user_access_read, user_access_manage, service_account_write, api_keys_read, api_keys_write, user_app_keys, org_app_keys_read, org_app_keys_write, audit_logs_read, oauth_clients_write
    invalid_scope, a state & more: scope names more than the client may ask for, or nothing that the user may do
    invalid_request, a state & more: scope: is given more than once
    invalid_request, no state: state: is given more than once
    ");
}

#[tokio::test]
async fn a_key_that_is_none_is_told_on_the_page_and_counted_against_the_address() {
    let server = TestServer::builder().limiting(LimitName::FailedAuthentication, 3, 60).start().await;
    let client = dashboards(&server).await;
    let (asked, mut visitor) = (Asked::by(&client), Visitor::before(&server));
    let mut seen = Vec::new();
    for persona in [Persona::RevokedApplicationKey, Persona::DisabledUser, Persona::DisabledOrg] {
        let page = visitor.log_in(&asked, persona).await;
        assert_eq!(page.status(), 403, "{persona}");
        assert_eq!(page.header("set-cookie"), None);
        seen.push(page.body().to_owned());
    }
    assert!(seen.iter().all(|page| *page == seen[0]), "nobody is told which of all that is wrong");
    for part in
        ["<title>Error: Log in", "role=\"alert\"", "href=\"#application_key\"", "aria-invalid=\"true\""]
    {
        assert!(seen[0].contains(part), "{part} is not on {}", seen[0]);
    }
    let page = visitor.log_in(&asked, Persona::RevokedApplicationKey).await;
    assert_eq!(page.status(), 429);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(visitor.log_in(&asked, Persona::SourceAdmin).await.status(), 303, "a live key is let in");
}

#[tokio::test]
async fn whoever_does_not_allow_it_sends_the_client_away() {
    let server = TestServer::start().await;
    let client = dashboards(&server).await;
    let (asked, mut visitor) = (Asked::by(&client), Visitor::before(&server));
    visitor.log_in(&asked, Persona::SourceAdmin).await;
    let before = server.revision();
    let answer = answered(&visitor.decide(&asked, "deny").await);
    assert_eq!(value_of(&answer, "error"), "access_denied");
    assert_eq!(value_of(&answer, "state"), "a state & more");
    assert_eq!(server.revision(), before);
}

#[tokio::test]
async fn a_form_that_was_not_made_for_this_browser_and_this_request_decides_nothing() {
    let server = TestServer::start().await;
    let client = dashboards(&server).await;
    let (asked, mut visitor, mut attacker) =
        (Asked::by(&client), Visitor::before(&server), Visitor::before(&server));
    visitor.log_in(&asked, Persona::SourceAdmin).await;
    attacker.log_in(&asked, Persona::SinkAdmin).await;
    let theirs = Held::by(&attacker.get(asked.at(AUTHORIZE)).await);
    let narrow = Asked::by(&client).with("scope", "org_connections_read");
    let of_another_request = Held::by(&visitor.get(narrow.at(AUTHORIZE)).await);
    let own = Held::by(&visitor.get(asked.at(AUTHORIZE)).await);
    let with = |proof: &str, scope: &str| Held { proof: proof.to_owned(), scope: scope.to_owned() };
    let none = [with("", &own.scope), with("0", &own.scope)];
    let of_other_scopes = [with(&own.proof, ""), with(&own.proof, "org_connections_read")];
    let before = server.revision();
    for held in [&theirs, &of_another_request].into_iter().chain(&none).chain(&of_other_scopes) {
        let reply = visitor.send(asked.at(AUTHORIZE), held, "allow").await;
        assert_eq!(reply.status(), 303);
        assert!(reply.header("location").unwrap().starts_with(AUTHORIZE), "{}", held.proof);
    }
    let from_elsewhere = server.anonymous().call(Method::POST, asked.at(AUTHORIZE));
    let from_elsewhere =
        from_elsewhere.header("cookie", &visitor.cookie).header("sec-fetch-site", "cross-site");
    assert_eq!(
        from_elsewhere
            .form([("proof", own.proof.as_str()), ("scope", &own.scope), ("decision", "allow")])
            .await
            .status(),
        400
    );
    let undecided = visitor.send(asked.at(AUTHORIZE), &own, "perhaps").await;
    assert_eq!(undecided.status(), 400);
    assert_eq!(server.revision(), before);
    let allowed = visitor.send(asked.at(AUTHORIZE), &own, "allow").await;
    assert!(answered(&allowed).iter().any(|(name, _)| name == "code"));
}

#[tokio::test]
async fn a_login_lasts_for_a_quarter_of_an_hour_and_ends_with_its_key() {
    let server = TestServer::start().await;
    let client = dashboards(&server).await;
    let (asked, mut visitor) = (Asked::by(&client), Visitor::before(&server));
    visitor.log_in(&asked, Persona::SourceAdmin).await;
    let is_known = async |visitor: &Visitor<'_>| {
        visitor.get(asked.at(AUTHORIZE)).await.body().contains("jane.doe@example.com")
    };
    assert!(is_known(&visitor).await);
    let again = visitor.get(Asked::by(&client).with("prompt", "login").at(AUTHORIZE)).await;
    assert!(again.body().contains("application_key"), "whoever wants to is somebody else");
    server.clock().advance(Duration::from_secs(899));
    assert!(is_known(&visitor).await);
    server.clock().advance(Duration::from_secs(1));
    assert!(!is_known(&visitor).await);

    visitor.log_in(&asked, Persona::SourceAdmin).await;
    assert!(is_known(&visitor).await);
    server.revoke_application_key_of(Persona::SourceAdmin).await;
    assert!(!is_known(&visitor).await);
    // The cookie decides about clients and opens nothing else.
    visitor.log_in(&asked, Persona::ServiceAccount).await;
    assert_eq!(visitor.get(WHOAMI.to_owned()).await.status(), 401);
}

#[tokio::test]
async fn what_a_client_was_allowed_ends_with_the_key_that_its_user_logged_in_with() {
    let server = TestServer::start().await;
    let client = dashboards(&server).await;
    let given = tokens(&server, &client, Persona::SourceAdmin).await;
    let code = code(&server, &Asked::by(&client), Persona::SourceAdmin).await;
    let others = tokens(&server, &client, Persona::ReadOnly).await;
    server.revoke_application_key_of(Persona::SourceAdmin).await;
    assert_eq!(with_token(&server, &given.at("/access_token")).await, 401);
    let form = [("grant_type", "refresh_token"), ("refresh_token", &given.at("/refresh_token"))];
    assert_snapshot!(client.token(&server, &form).await, @r#"400 {"error":"invalid_grant","error_description":"the user is disabled, or their organization is, or the key that they logged in with is revoked"}"#);
    assert_eq!(redeem(&server, &client, &exchange(&code)).await.at("/error"), "invalid_grant");
    assert_eq!(with_token(&server, &others.at("/access_token")).await, 200);
}

#[tokio::test]
async fn nobody_allows_more_than_they_may() {
    let server = TestServer::start().await;
    let client = dashboards(&server).await;
    for (persona, scope) in [
        (Persona::SourceAdmin, "org_connections_read org_connections_write"),
        (Persona::ScopedToRead, "org_connections_read"),
        (Persona::ReadOnly, "org_connections_read"),
    ] {
        assert_eq!(tokens(&server, &client, persona).await.at("/scope"), scope, "{persona}");
    }
    let (asked, mut visitor) = (Asked::by(&client), Visitor::before(&server));
    visitor.log_in(&asked, Persona::NoPermission).await;
    let answer = answered(&visitor.get(asked.at(AUTHORIZE)).await);
    assert_eq!(value_of(&answer, "error"), "invalid_scope");
    let mut stranger = Visitor::before(&server);
    stranger.log_in(&asked, Persona::StrangerAdmin).await;
    let page = stranger.get(asked.at(AUTHORIZE)).await;
    assert_eq!(page.status(), 403);
    assert!(page.body().contains("it belongs to another account"), "{page}");
}

#[tokio::test]
async fn nobody_allows_more_than_the_page_has_shown() {
    let server = TestServer::start().await;
    let client = dashboards(&server).await;
    let (asked, mut visitor) = (Asked::by(&client), Visitor::before(&server));
    visitor.log_in(&asked, Persona::ReadOnly).await;
    let read = Held::by(&visitor.get(asked.at(AUTHORIZE)).await);
    assert_eq!(read.scope, "org_connections_read");
    // Meanwhile they come to do more.
    let body = json!({"data": {"type": "users", "id": TestUser::Reader.id().to_string()}});
    let admins = format!("/api/v2/roles/{}/users", ManagedRole::Admin.id());
    let given = server.source_admin().call(Method::POST, admins).body(body.to_string()).await;
    assert_eq!(given.status(), 200, "{given}");
    let code = value_of(&answered(&visitor.send(asked.at(AUTHORIZE), &read, "allow").await), "code");
    assert_eq!(redeem(&server, &client, &exchange(&code)).await.at("/scope"), "org_connections_read");
    // Whoever reads that they would allow more allows it.
    let code = value_of(&answered(&visitor.decide(&asked, "allow").await), "code");
    let scope = redeem(&server, &client, &exchange(&code)).await.at("/scope");
    assert_eq!(scope, "org_connections_read org_connections_write");
}

#[tokio::test]
async fn a_code_is_used_once_in_time_with_its_verifier_at_its_place() {
    let server = TestServer::start().await;
    let client = dashboards(&server).await;
    let asked = Asked::by(&client);
    let first = code(&server, &asked, Persona::SourceAdmin).await;
    let wrong_place = exchange(&first).into_iter().map(|(name, value)| {
        if name == "redirect_uri" { (name, "https://app.example.com/".to_owned()) } else { (name, value) }
    });
    let wrong_verifier = exchange(&first).into_iter().map(|(name, value)| {
        if name == "code_verifier" { (name, VERIFIER.replace("0123", "3210")) } else { (name, value) }
    });
    for form in [wrong_place.collect::<Vec<_>>(), wrong_verifier.collect()] {
        let reply = redeem(&server, &client, &form).await;
        assert_eq!((reply.status(), reply.at("/error").as_str()), (400, "invalid_grant"));
    }
    let tokens = redeem(&server, &client, &exchange(&first)).await;
    assert_eq!(tokens.status(), 200);
    assert_eq!(with_token(&server, &tokens.at("/access_token")).await, 200);
    assert_eq!(redeem(&server, &client, &exchange(&first)).await.at("/error"), "invalid_grant");
    assert_eq!(with_token(&server, &tokens.at("/access_token")).await, 401, "what came of it has ended");

    let late = code(&server, &asked, Persona::SourceAdmin).await;
    server.clock().advance(Duration::from_secs(60));
    assert_eq!(redeem(&server, &client, &exchange(&late)).await.at("/error"), "invalid_grant");
}

#[tokio::test]
async fn a_refresh_token_is_used_once_and_ends_its_family_when_it_comes_again() {
    let server = TestServer::start().await;
    let client = dashboards(&server).await;
    let first = tokens(&server, &client, Persona::SourceAdmin).await;
    let refresh = async |tokens: &Reply, scope: &'static str| {
        let form = vec![
            ("grant_type", "refresh_token".to_owned()),
            ("refresh_token", tokens.at("/refresh_token")),
            ("scope", scope.to_owned()),
        ];
        redeem(&server, &client, &form).await
    };
    assert_eq!(refresh(&first, "audit_logs_read").await.at("/error"), "invalid_scope");
    server.clock().advance(Duration::from_secs(2 * 60 * 60));
    let second = refresh(&first, "org_connections_read").await;
    assert_eq!(second.at("/scope"), "org_connections_read");
    assert_ne!(second.at("/refresh_token"), first.at("/refresh_token"));
    let third = refresh(&second, "").await;
    assert_eq!(third.at("/scope"), "org_connections_read org_connections_write");
    assert_eq!(with_token(&server, &third.at("/access_token")).await, 200);
    assert_eq!(refresh(&first, "").await.at("/error"), "invalid_grant");
    assert_eq!(with_token(&server, &third.at("/access_token")).await, 401);
    assert_eq!(refresh(&third, "").await.at("/error"), "invalid_grant");
}

/// Source: hardening list, 7.
#[tokio::test]
async fn of_twenty_who_exchange_one_code_at_once_nobody_keeps_what_they_get() {
    let server = TestServer::start().await;
    let client = dashboards(&server).await;
    let code = code(&server, &Asked::by(&client), Persona::SourceAdmin).await;
    let form = exchange(&code);
    let replies = futures_util::future::join_all((0..20).map(|_| redeem(&server, &client, &form))).await;
    let given: Vec<_> = replies.iter().filter(|reply| reply.status() == 200).collect();
    assert_eq!(given.len(), 1);
    assert_eq!(with_token(&server, &given[0].at("/access_token")).await, 401);
}

#[tokio::test]
async fn what_a_client_does_is_in_the_audit_trail_without_its_secrets() {
    let server = TestServer::start().await;
    let client = dashboards(&server).await;
    let tokens = tokens(&server, &client, Persona::SourceAdmin).await;
    let trail = server.source_admin().get("/api/v2/audit/events?page[limit]=100").await;
    for entity in ["oauth_client", "oauth_authorization", "oauth_token", "login"] {
        assert!(trail.body().contains(&format!("\"type\":\"{entity}\"")), "{entity} is not in {trail}");
    }
    assert!(trail.body().contains(&format!("client:{}", client.id)), "{trail}");
    for secret in [&client.secret, &tokens.at("/access_token"), &tokens.at("/refresh_token")] {
        assert!(!trail.body().contains(secret.as_str()));
    }
    assert!(!trail.body().contains("digest"), "{trail}");
}

#[tokio::test]
async fn a_client_that_is_public_needs_its_verifier_and_nothing_else() {
    let server = TestServer::start().await;
    let metadata = json!({
        "client_name": "On every desk", "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none",
    });
    let registered = server.source_admin().register(&metadata).await;
    let client = Client { id: registered.at("/client_id"), secret: String::new() };
    let code = code(&server, &Asked::by(&client), Persona::SourceAdmin).await;
    let mut form = exchange(&code);
    form.push(("client_id", client.id.clone()));
    let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let reply = server.anonymous().call(Method::POST, TOKEN).form(form).await;
    assert_eq!(reply.status(), 200);
    assert!(reply.json().get("refresh_token").is_none(), "it was not registered to refresh");
}
