//! OAuth2. Source: contract, sections 2 and 4; hardening list, 18, 19 and 21; RFC 6749, 6750, 7009, 7591 and 8414.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::Method;
use insta::assert_snapshot;
use orgbridge_api::LimitName;
use orgbridge_testkit::{Call, Caller, Persona, Reply, TestServer, TestUser};
use serde_json::{Value, json};

pub(crate) mod elsewhere;
mod errors;
pub(crate) mod pages;
mod replicas;
mod tokens;

pub(crate) const REGISTER: &str = "/api/v2/oauth2/register";
pub(crate) const TOKEN: &str = "/oauth2/v1/token";
pub(crate) const REVOKE: &str = "/oauth2/v1/revoke";
const WHOAMI: &str = "/api/v2/current_user";

/// A registered client, as whoever holds its secret sees it.
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) secret: String,
}

impl Client {
    /// One that acts as the service account of the source.
    pub(crate) async fn alone(server: &TestServer) -> Self {
        let metadata = json!({
            "client_name": "Deployments",
            "grant_types": ["client_credentials"],
            "service_account_id": TestUser::Robot.id().to_string(),
        });
        Self::of(&server.source_admin().register(&metadata).await)
    }

    pub(crate) fn of(reply: &Reply) -> Self {
        assert_eq!(reply.status(), 201, "{reply}");
        Self { id: reply.at("/client_id"), secret: reply.at("/client_secret") }
    }

    pub(crate) fn basic(&self) -> String {
        format!("Basic {}", BASE64_STANDARD.encode(format!("{}:{}", self.id, self.secret)))
    }

    /// Asks for what a form says, with its secret in a header.
    pub(crate) fn post<'s>(&self, server: &'s TestServer, path: &str, form: &[(&str, &str)]) -> Call<'s> {
        let call = server.anonymous().call(Method::POST, path).form(form.iter().copied());
        call.header("authorization", &self.basic())
    }

    pub(crate) async fn token(&self, server: &TestServer, form: &[(&str, &str)]) -> Reply {
        self.post(server, TOKEN, form).await
    }

    /// An access token for all that it may do as its service account.
    pub(crate) async fn access(&self, server: &TestServer) -> String {
        self.token(server, &[("grant_type", "client_credentials")]).await.at("/access_token")
    }
}

pub(crate) trait Registers<'s> {
    fn register(self, metadata: &Value) -> Call<'s>;
}

impl<'s> Registers<'s> for Caller<'s> {
    fn register(self, metadata: &Value) -> Call<'s> {
        self.call(Method::POST, REGISTER).body(metadata.to_string())
    }
}

/// The status of a call with an access token.
pub(crate) async fn with_token(server: &TestServer, token: &str) -> u16 {
    server.anonymous().get(WHOAMI).header("authorization", &format!("Bearer {token}")).await.status()
}

#[tokio::test]
async fn a_client_is_registered_and_its_secret_is_shown_once() {
    let server = TestServer::start().await;
    let metadata = json!({
        "client_name": "Dashboards",
        "redirect_uris": ["https://app.example.com/callback", "http://127.0.0.1:51004/"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "scope": "org_connections_write org_connections_read",
        "logo_uri": "https://app.example.com/logo.png",
    });
    assert_snapshot!(server.source_admin().register(&metadata).await, @r#"
    201 {
      "client_id":"00000000-0000-4000-8000-000000000002",
      "client_id_issued_at":1756325976,
      "client_secret":"orgbridge_cs_0000000000004000800000000000000100000000000040008000000000000001",
      "client_secret_expires_at":0,
      "client_name":"Dashboards",
      "redirect_uris":["https://app.example.com/callback","http://127.0.0.1:51004/"],
      "grant_types":["authorization_code","refresh_token"],
      "response_types":["code"],
      "token_endpoint_auth_method":"client_secret_basic",
      "scope":"org_connections_read org_connections_write"
    }
    "#);
    let public = json!({
        "client_name": "On every desk",
        "redirect_uris": ["com.example.desk:/callback"],
        "token_endpoint_auth_method": "none",
    });
    assert_snapshot!(server.source_admin().register(&public).await, @r#"
    201 {
      "client_id":"00000000-0000-4000-8000-000000000004",
      "client_id_issued_at":1756325976,
      "client_name":"On every desk",
      "redirect_uris":["com.example.desk:/callback"],
      "grant_types":["authorization_code"],
      "response_types":["code"],
      "token_endpoint_auth_method":"none",
      "scope":"org_connections_read org_connections_write"
    }
    "#);
}

#[tokio::test]
async fn registration_needs_its_permission_and_gives_away_nothing_that_the_caller_lacks() {
    let server = TestServer::start().await;
    let metadata = json!({"client_name": "Mine", "redirect_uris": ["https://app.example.com/"]});
    assert_eq!(server.anonymous().register(&metadata).await.status(), 401);
    assert_snapshot!(server.caller(Persona::Standard).register(&metadata).await, @r#"403 {"errors":["Forbidden","Failed permission authorization checks","no role of the user who owns DD-APPLICATION-KEY has the permission oauth_clients_write; an administrator of the organization can give one that has it"]}"#);
    // Another org's service account is none of theirs.
    let alone = json!({
        "client_name": "Theirs",
        "grant_types": ["client_credentials"],
        "service_account_id": TestUser::Robot.id().to_string(),
    });
    assert_snapshot!(server.sink_admin().register(&alone).await, @r#"404 {"errors":["Not found","there is no service account of this organization with this id"]}"#);
}

#[tokio::test]
async fn the_server_says_what_it_can_do_and_nothing_else() {
    let server = TestServer::start().await;
    let reply = server.anonymous().get("/.well-known/oauth-authorization-server").await;
    let issuer = format!("http://{}", server.address());
    assert_eq!(reply.at("/issuer"), issuer);
    assert_eq!(reply.at("/token_endpoint"), format!("{issuer}{TOKEN}"));
    let metadata = reply.json();
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(metadata["response_types_supported"], json!(["code"]));
    assert_eq!(
        metadata["grant_types_supported"],
        json!(["authorization_code", "refresh_token", "client_credentials"])
    );
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);

    let server = TestServer::builder().answering_for(["datadoghq.com", "datadoghq.eu"]).start().await;
    for site in ["datadoghq.com", "datadoghq.eu"] {
        let host = format!("api.{site}");
        let reply = server.anonymous().get("/.well-known/oauth-authorization-server").at(&host).await;
        assert_eq!(reply.at("/issuer"), format!("https://{host}"));
    }
}

/// Source: hardening list, 21: expiry by the server's clock.
#[tokio::test]
async fn an_access_token_lasts_an_hour() {
    let server = TestServer::start().await;
    let token = Client::alone(&server).await.access(&server).await;
    server.clock().advance(Duration::from_secs(3599));
    assert_eq!(with_token(&server, &token).await, 200);
    server.clock().advance(Duration::from_secs(1));
    assert_eq!(with_token(&server, &token).await, 401);
}

#[tokio::test]
async fn failures_to_prove_oneself_are_limited_by_address_and_a_right_secret_is_let_in_all_the_same() {
    let server = TestServer::builder().limiting(LimitName::FailedAuthentication, 2, 60).start().await;
    let client = Client::alone(&server).await;
    let wrong = Client { secret: "wrong".to_owned(), id: client.id.clone() };
    let form = [("grant_type", "client_credentials")];
    for expected in [401, 401, 429] {
        let reply = wrong.token(&server, &form).await;
        assert_eq!(reply.status(), expected);
        assert_eq!(reply.header("x-ratelimit-name"), Some("failed_authentication"));
    }
    assert_snapshot!(wrong.token(&server, &form).await, @r#"429 {"error":"temporarily_unavailable","error_description":"the limit failed_authentication opens again in 60 seconds"}"#);
    assert_eq!(client.token(&server, &form).await.status(), 200);
}
