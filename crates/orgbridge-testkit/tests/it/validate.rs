//! Whether keys are live. Source: contract, section 2.

use insta::assert_snapshot;
use orgbridge_testkit::{Persona, TestServer};

const API_KEY: &str = "/api/v1/validate";
const BOTH_KEYS: &str = "/api/v2/validate_keys";

#[tokio::test]
async fn an_api_key_alone_is_valid() {
    let server = TestServer::start().await;
    assert_snapshot!(server.caller(Persona::ApiKeyAlone).get(API_KEY).await, @r#"200 {"valid":true}"#);
}

#[tokio::test]
async fn an_api_key_is_valid_whatever_application_key_is_beside_it() {
    let server = TestServer::start().await;
    for persona in [
        Persona::WrongApplicationKey,
        Persona::RevokedApplicationKey,
        Persona::MixedKeys,
        Persona::DisabledUser,
        Persona::SourceAdmin,
    ] {
        assert_eq!(server.caller(persona).get(API_KEY).await.body(), "{\"valid\":true}\n", "{persona}");
    }
}

#[tokio::test]
async fn no_api_key_is_asked_for() {
    let server = TestServer::start().await;
    let reply = server.anonymous().get(API_KEY).await;
    assert_snapshot!(reply, @r#"403 {"errors":["API key required","the header DD-API-KEY is missing"]}"#);
    let beside = server.caller(Persona::ApplicationKeyAlone).get(API_KEY).await;
    assert_eq!(beside.to_string(), reply.to_string());
    let empty = server.anonymous().get(API_KEY).header("dd-api-key", "").await;
    assert_eq!(empty.to_string(), reply.to_string());
}

#[tokio::test]
async fn an_api_key_that_is_not_live_is_forbidden() {
    let server = TestServer::start().await;
    for persona in [Persona::WrongApiKey, Persona::RevokedApiKey, Persona::DisabledOrg] {
        let reply = server.caller(persona).get(API_KEY).await;
        let refusal = r#"403 {"errors":["Forbidden","DD-API-KEY is not a live key here; check it, and that its organization lives on the site that was asked"]}"#;
        assert_eq!(reply.to_string(), refusal, "{persona}");
    }
}

#[tokio::test]
async fn both_keys_are_valid_together() {
    let server = TestServer::start().await;
    assert_snapshot!(server.source_admin().get(BOTH_KEYS).await, @r#"200 {"status":"ok"}"#);
}

#[tokio::test]
async fn keys_without_any_permission_are_valid() {
    let server = TestServer::start().await;
    for persona in [Persona::NoPermission, Persona::ScopedToNothing] {
        assert_eq!(server.caller(persona).get(BOTH_KEYS).await.status(), 200, "{persona}");
    }
}
