//! What a token is good for, and until when.

use std::time::Duration;

use http::Method;
use insta::assert_snapshot;
use orgbridge_domain::sweep;
use orgbridge_testkit::{Persona, TestServer, TestUser};
use serde_json::json;

use super::{Client, REVOKE, Registers as _, WHOAMI, with_token};

const CONNECTIONS: &str = "/api/v2/org_connections";

#[tokio::test]
async fn a_client_acts_as_its_service_account_as_far_as_it_asks() {
    let server = TestServer::start().await;
    let client = Client::alone(&server).await;
    let reply = client.token(&server, &[("grant_type", "client_credentials")]).await;
    assert_snapshot!(reply, @r#"200 {"access_token":"orgbridge_at_0000000000004000800000000000000300000000000040008000000000000003","token_type":"Bearer","expires_in":3600,"scope":"org_connections_read org_connections_write"}"#);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let bearer = format!("Bearer {}", reply.at("/access_token"));
    let me = server.anonymous().get(WHOAMI).header("authorization", &bearer).await;
    assert_eq!(me.at("/data/id"), TestUser::Robot.id().to_string());

    let form = [("grant_type", "client_credentials"), ("scope", "org_connections_read")];
    let narrow = client.token(&server, &form).await;
    assert_eq!(narrow.at("/scope"), "org_connections_read");
    let bearer = format!("Bearer {}", narrow.at("/access_token"));
    assert_eq!(server.anonymous().get(CONNECTIONS).header("authorization", &bearer).await.status(), 200);
    let shared = server.connection().create().await;
    let refused = server.anonymous().delete(shared).header("authorization", &bearer).await;
    assert_snapshot!(refused, @r#"403 {"errors":["Forbidden","Failed permission authorization checks","the scopes of the access token do not include org_connections_write; use one that was authorized for it"]}"#);
    assert_snapshot!(refused.header("www-authenticate").unwrap(), @r#"Bearer realm="orgbridge", error="insufficient_scope", scope="org_connections_write""#);
    // The service account may manage organizations; its client may not.
    let refused = server.anonymous().get("/api/v1/org").header("authorization", &bearer).await;
    assert_eq!(refused.status(), 403);
}

#[tokio::test]
async fn a_token_that_is_not_live_is_told_so() {
    let server = TestServer::start().await;
    let reply = server.caller(Persona::ExpiredToken).get(WHOAMI).await;
    assert_snapshot!(reply, @r#"401 {"errors":["Unauthorized","the access token in the Authorization header is not live here: it is unknown, expired or revoked, or whom it stands for is disabled or of another site"]}"#);
    assert_snapshot!(reply.header("www-authenticate").unwrap(), @r#"Bearer realm="orgbridge", error="invalid_token""#);
    assert_eq!(server.caller(Persona::RevokedToken).get(WHOAMI).await.to_string(), reply.to_string());
    assert_eq!(server.caller(Persona::Token).get(WHOAMI).await.status(), 200);
}

#[tokio::test]
async fn a_token_is_given_back_by_its_client_and_by_nobody_else() {
    let server = TestServer::start().await;
    let (client, other) = (Client::alone(&server).await, Client::alone(&server).await);
    let token = client.access(&server).await;
    let reply = other.post(&server, REVOKE, &[("token", &token)]).await;
    assert_eq!(reply.to_string(), "200 {}");
    assert_eq!(with_token(&server, &token).await, 200);
    let before = server.revision();
    assert_eq!(client.post(&server, REVOKE, &[("token", "unknown")]).await.status(), 200);
    assert_eq!(server.revision(), before);
    let form = [("token", token.as_str()), ("token_type_hint", "refresh_token")];
    assert_eq!(client.post(&server, REVOKE, &form).await.status(), 200);
    assert_eq!(with_token(&server, &token).await, 401);
    assert_eq!(client.post(&server, REVOKE, &form).await.status(), 200);
    assert_eq!(other.post(&server, REVOKE, &[]).await.status(), 400);
}

#[tokio::test]
async fn a_token_can_not_register_a_client_that_may_do_more_than_it() {
    let server = TestServer::start().await;
    let alone = |scope: &str| {
        json!({
            "client_name": "Deployments",
            "grant_types": ["client_credentials"],
            "service_account_id": TestUser::Robot.id().to_string(),
            "scope": scope,
        })
    };
    let bearer_of = async |scope| {
        let first = Client::of(&server.source_admin().register(&alone(scope)).await);
        format!("Bearer {}", first.access(&server).await)
    };
    let bearer = bearer_of("oauth_clients_write org_connections_read").await;
    let refused =
        server.anonymous().register(&alone("org_connections_read")).header("authorization", &bearer);
    assert_snapshot!(refused.await, @r#"403 {"errors":["Forbidden","nobody can give away service_account_write without holding it"]}"#);

    let bearer = bearer_of("oauth_clients_write service_account_write org_connections_read").await;
    let register = |scope| server.anonymous().register(&alone(scope)).header("authorization", &bearer);
    assert_eq!(register("org_connections_read").await.status(), 201);
    assert_snapshot!(register("org_connections_read org_connections_write").await, @r#"403 {"errors":["Forbidden","nobody can give away org_connections_write without holding it"]}"#);
}

#[tokio::test]
async fn a_token_is_known_on_the_site_of_its_user_alone() {
    let server = TestServer::builder().answering_for(["datadoghq.com", "datadoghq.eu"]).start().await;
    let at = |host| server.caller(Persona::Token).get(WHOAMI).at(host);
    assert_eq!(at("api.datadoghq.com").await.status(), 200);
    assert_eq!(at("api.datadoghq.eu").await.status(), 401);
}

#[tokio::test]
async fn what_expires_is_shown_to_its_own_org_as_the_operators_doing_and_to_nobody_else() {
    let server = TestServer::start().await;
    Client::alone(&server).await.access(&server).await;
    server.clock().advance(Duration::from_secs(2 * 60 * 60));
    // Whoever makes a change now takes none of that along.
    let made = server
        .stranger_admin()
        .call(Method::POST, "/api/v2/roles")
        .body(json!({"data": {"type": "roles", "attributes": {"name": "New"}}}).to_string());
    assert_eq!(made.await.status(), 200);
    server.operate(|session, now| Ok(sweep::clear(&session.deployment()?, now))).await;

    let deletions = "/api/v2/audit/events?filter[query]=action:deleted%20asset.type:oauth*%20-request_id:the-cast&page[limit]=100";
    let own = server.source_admin().get(deletions).await;
    let json = own.json();
    let events = json["data"].as_array().unwrap();
    assert!(!events.is_empty(), "{}", own.body());
    for event in events {
        assert_eq!(event["attributes"]["attributes"]["evt"]["actor"]["type"], "OPERATOR", "{event}");
    }
    for stranger in [server.stranger_admin(), server.sink_admin()] {
        assert_eq!(stranger.get(deletions).await.json()["data"], json!([]));
    }
}
