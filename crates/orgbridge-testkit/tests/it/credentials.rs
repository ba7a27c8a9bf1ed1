//! What a caller shows. Source: contract, section 2; hardening list, 5.

use insta::assert_snapshot;
use orgbridge_testkit::{Persona, TestOrg, TestServer};

const WHOAMI: &str = "/api/v2/current_user";

#[tokio::test]
async fn nobody_is_asked_for_credentials() {
    let server = TestServer::start().await;
    let reply = server.anonymous().list().await;
    assert_snapshot!(reply, @r#"401 {"errors":["Unauthorized","the headers DD-API-KEY and DD-APPLICATION-KEY are missing"]}"#);
    assert_snapshot!(reply.header("www-authenticate").unwrap(), @r#"ApiKey realm="orgbridge", Bearer realm="orgbridge""#);
}

#[tokio::test]
async fn credentials_that_are_not_live_are_refused_with_the_reason() {
    let server = TestServer::start().await;
    let mut replies = Vec::new();
    for persona in [
        Persona::ApiKeyAlone,
        Persona::ApplicationKeyAlone,
        Persona::WrongApiKey,
        Persona::WrongApplicationKey,
        Persona::MixedKeys,
        Persona::RevokedApiKey,
        Persona::RevokedApplicationKey,
        Persona::DisabledUser,
        Persona::DisabledOrg,
    ] {
        let reply = server.caller(persona).list().await;
        assert!(reply.header("www-authenticate").is_some(), "{persona}");
        replies.push(format!("{persona}: {reply}"));
    }
    assert_snapshot!(replies.join("\n"), @r#"
    API key alone: 401 {"errors":["Unauthorized","the header DD-APPLICATION-KEY is missing"]}
    application key alone: 401 {"errors":["Unauthorized","the header DD-API-KEY is missing"]}
    wrong API key: 401 {"errors":["Unauthorized","DD-API-KEY is not a live key here; check it, and that its organization lives on the site that was asked"]}
    wrong application key: 401 {"errors":["Unauthorized","DD-APPLICATION-KEY is not a live key of the organization that DD-API-KEY belongs to"]}
    keys of two orgs: 401 {"errors":["Unauthorized","DD-APPLICATION-KEY is not a live key of the organization that DD-API-KEY belongs to"]}
    revoked API key: 401 {"errors":["Unauthorized","DD-API-KEY is not a live key here; check it, and that its organization lives on the site that was asked"]}
    revoked application key: 401 {"errors":["Unauthorized","DD-APPLICATION-KEY is not a live key of the organization that DD-API-KEY belongs to"]}
    disabled user: 401 {"errors":["Unauthorized","DD-APPLICATION-KEY is not a live key of the organization that DD-API-KEY belongs to"]}
    disabled org: 401 {"errors":["Unauthorized","DD-API-KEY is not a live key here; check it, and that its organization lives on the site that was asked"]}
    "#);
}

#[tokio::test]
async fn a_permission_that_is_missing_is_named_and_where_it_would_have_to_stand() {
    let server = TestServer::start().await;
    let shared = server.connection().create().await;
    let no_role = server.caller(Persona::ReadOnly).update(shared, ["metrics"]).await;
    assert_snapshot!(no_role, @r#"403 {"errors":["Forbidden","Failed permission authorization checks","no role of the user who owns DD-APPLICATION-KEY has the permission org_connections_write; an administrator of the organization can give one that has it"]}"#);
    let no_scope = server.caller(Persona::ScopedToRead).update(shared, ["metrics"]).await;
    assert_snapshot!(no_scope, @r#"403 {"errors":["Forbidden","Failed permission authorization checks","the scopes of DD-APPLICATION-KEY do not include org_connections_write; use a key whose scopes do, or one without scopes"]}"#);
    let beyond = server.caller(Persona::ScopedBeyondRights).update(shared, ["metrics"]).await;
    assert_eq!(beyond.to_string(), no_role.to_string(), "a scope adds nothing");
    assert_eq!(server.source_admin().read(shared).await.types(), ["logs"]);
}

/// Source: hardening list, 3.
#[tokio::test]
async fn a_refusal_is_counted_and_writes_nothing() {
    let server = TestServer::start().await;
    let shared = server.connection().create().await;
    let before = server.revision();
    server.caller(Persona::ReadOnly).delete(shared).await;
    assert_eq!(server.revision(), before);
    let counted = r#"orgbridge_http_requests_total{route="/api/v2/org_connections/{connection_id}",method="DELETE",status="403"} 1"#;
    assert!(server.metrics().lines().any(|line| line == counted), "{}", server.metrics());
}

#[tokio::test]
async fn what_is_empty_is_absent() {
    let server = TestServer::start().await;
    for bearer in ["", " ", "Bearer", "Bearer ", "bearer"] {
        let reply = server.source_admin().get(WHOAMI).header("authorization", bearer).await;
        assert_eq!(reply.status(), 200, "{bearer:?} beside live keys");
        let reply = server.anonymous().get(WHOAMI).header("authorization", bearer);
        let reply = reply.header("dd-api-key", "").header("dd-application-key", " ").await;
        let missing = "the headers DD-API-KEY and DD-APPLICATION-KEY are missing";
        assert_eq!(
            reply.to_string(),
            format!(r#"401 {{"errors":["Unauthorized","{missing}"]}}"#),
            "{bearer:?}"
        );
    }
}

#[tokio::test]
async fn a_token_that_nobody_issued_is_refused() {
    let server = TestServer::start().await;
    let reply = server.anonymous().get(WHOAMI).header("authorization", "Bearer c0ffee").await;
    assert_snapshot!(reply, @r#"401 {"errors":["Unauthorized","the access token in the Authorization header is not live here: it is unknown, expired or revoked, or whom it stands for is disabled or of another site"]}"#);
}

#[tokio::test]
async fn credentials_in_the_query_are_refused_beside_live_keys_too() {
    let server = TestServer::start().await;
    let reply = server.anonymous().get(format!("{WHOAMI}?api_key={}", TestOrg::Source.api_key())).await;
    assert_snapshot!(reply, @r#"401 {"errors":["Unauthorized","credentials in a query string end up in logs; send DD-API-KEY and DD-APPLICATION-KEY as headers"]}"#);
    for name in [
        "api_key",
        "application_key",
        "app_key",
        "access_token",
        "dd-api-key",
        "DD_APPLICATION_KEY",
        "api%5Fkey",
        "limit=1&api_key",
    ] {
        let same = server.source_admin().get(format!("{WHOAMI}?{name}=0123")).await;
        assert_eq!(same.to_string(), reply.to_string(), "{name}");
    }
}

#[tokio::test]
async fn a_credential_that_is_given_twice_is_refused_with_the_reason() {
    let server = TestServer::start().await;
    for (name, value) in Persona::SourceAdmin.credentials() {
        for second in [value.as_str(), "another", ""] {
            let reply = server.source_admin().get(WHOAMI).header(name, second).await;
            let reason = format!("the header {} is given more than once; send it once", name.to_uppercase());
            assert_eq!(reply.to_string(), format!(r#"401 {{"errors":["Unauthorized","{reason}"]}}"#));
        }
    }
}

#[tokio::test]
async fn two_tokens_are_refused_beside_live_keys_too() {
    let server = TestServer::start().await;
    let call = server.source_admin().get(WHOAMI);
    let reply = call.header("authorization", "Bearer one").header("authorization", "Bearer two").await;
    assert_snapshot!(reply, @r#"401 {"errors":["Unauthorized","the header Authorization is given more than once; send it once"]}"#);
}

#[tokio::test]
async fn a_key_that_is_revoked_is_refused_from_then_on() {
    let server = TestServer::start().await;
    assert_eq!(server.source_admin().get(WHOAMI).await.status(), 200);
    server.revoke_application_key_of(Persona::SourceAdmin).await;
    assert_eq!(server.source_admin().get(WHOAMI).await.status(), 401);
    assert_eq!(server.caller(Persona::ServiceAccount).get(WHOAMI).await.status(), 200);
}
