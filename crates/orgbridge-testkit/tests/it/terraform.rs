//! The life of a `datadog_org_connection`, as the official Terraform provider lives it on the wire. Source: contract,
//! section 5, and the public code of the Go client that the provider is built on.
//!
//! The provider itself is not run here: these are its calls, in its order and with its headers, on one connection.

mod provider;

use std::fs;
use std::time::Duration;

use insta::{assert_debug_snapshot, assert_snapshot};
use orgbridge_api::LimitName;
use orgbridge_testkit::{Persona, RawReply, TestOrg, TestServer};
use provider::{Provider, Resource};

/// The admin of the source, configured.
async fn configured(server: &TestServer) -> Provider {
    let mut provider = Provider::of(server, Persona::SourceAdmin).await;
    assert_eq!(provider.configure().await.status(), 200);
    provider
}

/// How long the client waits before it repeats a call the first time; `None` if it gives up.
///
/// It repeats what was answered with 429 or 5xx, after twice as long each time, and after no less than a 429 names.
fn wait_after(reply: &RawReply) -> Option<Duration> {
    const FIRST_BACKOFF_SECONDS: u64 = 2;
    let reset = || reply.header("x-ratelimit-reset").and_then(|seconds| seconds.parse().ok()).unwrap_or(0);
    match reply.status() {
        429 => Some(Duration::from_secs(FIRST_BACKOFF_SECONDS.max(reset()))),
        500.. => Some(Duration::from_secs(FIRST_BACKOFF_SECONDS)),
        _ => None,
    }
}

#[tokio::test]
async fn the_keys_are_validated_before_anything_else() {
    let server = TestServer::start().await;
    let mut provider = Provider::of(&server, Persona::SourceAdmin).await;
    assert_snapshot!(provider.configure().await, @r#"200 {"valid":true}"#);
}

#[tokio::test]
async fn keys_that_are_not_live_end_a_plan_before_it_begins() {
    let server = TestServer::start().await;
    for persona in [Persona::WrongApiKey, Persona::RevokedApiKey, Persona::Anonymous] {
        let mut provider = Provider::of(&server, persona).await;
        let reply = provider.configure().await;
        assert_eq!((reply.status(), wait_after(&reply)), (403, None), "{persona}: {reply}");
    }
}

#[tokio::test]
async fn a_connection_is_created_refreshed_updated_and_destroyed() {
    let server = TestServer::start().await;
    let mut provider = configured(&server).await;
    let sink = TestOrg::Sink.id();
    assert_eq!(provider.refresh(sink).await, None);

    let created = Resource::answered(&provider.create(sink, &["logs"]).await);
    assert_debug_snapshot!(created, @r#"
    Resource {
        id: "00000000-0000-4000-8000-000000000004",
        sink_org_id: "83999dcd-7f97-11f0-8de1-1ecf66f1aa85",
        sink_org_name: "Sink Org",
        source_org_id: "4dee724d-00cc-11ea-a77b-570c9d03c6c5",
        source_org_name: "Source Org",
        created_by: "ca570000-0000-4000-8000-000000000100",
        created_at: "2025-08-27T20:19:36.177236+00:00",
        connection_types: [
            "logs",
        ],
    }
    "#);
    assert_eq!(provider.refresh(sink).await, Some(created.clone()));

    server.clock().advance(Duration::from_secs(60));
    let updated = Resource::answered(&provider.update(&created.id, &["logs", "metrics"]).await);
    let wanted = Resource { connection_types: vec!["logs".to_owned(), "metrics".to_owned()], ..created };
    assert_eq!(updated, wanted, "an update alters the types and nothing else that the state keeps");
    assert_eq!(provider.refresh(sink).await, Some(wanted));

    assert_snapshot!(provider.destroy(&updated.id).await, @"200 {}");
    assert_eq!(provider.refresh(sink).await, None);
}

#[tokio::test]
async fn a_second_apply_finds_nothing_to_do() {
    let server = TestServer::start().await;
    let mut provider = configured(&server).await;
    let sink = TestOrg::Sink.id();
    let applied = Resource::answered(&provider.create(sink, &["metrics", "logs"]).await);
    let before = server.revision();
    let mut again = configured(&server).await;
    assert_eq!(again.refresh(sink).await, Some(applied));
    assert_eq!(server.revision(), before);
}

/// A set has no order, so the provider may send the same types in another one.
#[tokio::test]
async fn types_are_answered_in_the_order_in_which_they_were_sent() {
    let server = TestServer::start().await;
    let mut provider = configured(&server).await;
    let sink = TestOrg::Sink.id();
    let created = Resource::answered(&provider.create(sink, &["metrics", "audit", "logs"]).await);
    assert_eq!(created.connection_types, ["metrics", "audit", "logs"]);
    let updated = Resource::answered(&provider.update(&created.id, &["logs", "audit", "metrics"]).await);
    assert_eq!(updated.connection_types, ["logs", "audit", "metrics"]);
    assert_eq!(provider.refresh(sink).await, Some(updated));
}

#[tokio::test]
async fn of_two_sinks_each_resource_refreshes_to_its_own() {
    let server = TestServer::start().await;
    // Two more that the list of the source holds: one in which it is the sink, and one that is not managed here.
    server.connection().from(TestOrg::Sink).to(TestOrg::Source).of(["audit"]).create().await;
    server.connection().to(TestOrg::Bystander).create().await;
    let mut provider = configured(&server).await;
    let [first, second] = [TestOrg::Sink.id(), TestOrg::Onlooker.id()];
    let to_first = Resource::answered(&provider.create(first, &["logs"]).await);
    let to_second = Resource::answered(&provider.create(second, &["metrics"]).await);
    assert_eq!(provider.refresh(second).await, Some(to_second.clone()));
    assert_eq!(provider.refresh(first).await, Some(to_first.clone()));
    provider.destroy(&to_first.id).await;
    assert_eq!(provider.refresh(first).await, None);
    assert_eq!(provider.refresh(second).await, Some(to_second));
}

#[tokio::test]
async fn an_import_finds_the_only_connection() {
    let server = TestServer::start().await;
    let id = server.connection().of(["logs", "audit"]).create().await;
    let mut provider = configured(&server).await;
    let imported = provider.import().await.unwrap();
    assert_eq!(imported.id, id.to_string());
    assert_eq!(
        provider.refresh(&imported.sink_org_id).await,
        Some(imported.clone()),
        "the plan after it is empty"
    );
    provider.destroy(&imported.id).await;
    assert_eq!(provider.import().await, None);
}

/// What an operator has to know, and docs/terraform.md says: the id that they give is not what is looked for.
#[tokio::test]
async fn an_import_finds_the_oldest_connection_of_several() {
    let server = TestServer::start().await;
    let as_sink = server.connection().from(TestOrg::Sink).to(TestOrg::Source).create().await;
    server.clock().advance(Duration::from_secs(1));
    let as_source = server.connection().create().await;
    let mut provider = configured(&server).await;
    assert_eq!(provider.import().await.unwrap().id, as_sink.to_string());
    server.source_admin().delete(as_sink).await;
    assert_eq!(provider.import().await.unwrap().id, as_source.to_string());
}

#[tokio::test]
async fn types_that_were_changed_by_hand_are_changed_back() {
    let server = TestServer::start().await;
    let mut provider = configured(&server).await;
    let sink = TestOrg::Sink.id();
    let applied = Resource::answered(&provider.create(sink, &["logs"]).await);
    server.source_admin().update(&applied.id, ["logs", "audit"]).await;

    let drifted = provider.refresh(sink).await.unwrap();
    assert_eq!((drifted.id.as_str(), drifted.connection_types.len()), (applied.id.as_str(), 2));

    let mended = Resource::answered(&provider.update(&applied.id, &["logs"]).await);
    assert_eq!(mended, applied);
}

#[tokio::test]
async fn a_connection_that_was_deleted_by_hand_is_created_anew() {
    let server = TestServer::start().await;
    let mut provider = configured(&server).await;
    let sink = TestOrg::Sink.id();
    let applied = Resource::answered(&provider.create(sink, &["logs"]).await);
    server.sink_admin().delete(&applied.id).await;

    assert_eq!(provider.refresh(sink).await, None);
    let anew = Resource::answered(&provider.create(sink, &["logs"]).await);
    assert_ne!(anew.id, applied.id);

    // And where nobody refreshed in between, the old id is nothing any more.
    let update = provider.update(&applied.id, &["metrics"]).await;
    assert_snapshot!(update, @r#"404 {"errors":["Org connection with id:00000000-0000-4000-8000-000000000003 not found not found","no connection of your organization has this id; the list of connections shows those that there are"]}"#);
    let destroy = provider.destroy(&applied.id).await;
    assert_snapshot!(destroy, @r#"404 {"errors":["org connection with id:00000000-0000-4000-8000-000000000003 not found not found","no connection of your organization has this id; the list of connections shows those that there are"]}"#);
    assert_eq!(provider.refresh(sink).await, Some(anew));
}

#[tokio::test]
async fn a_second_resource_for_one_pair_is_a_conflict_that_no_retry_repeats() {
    let server = TestServer::start().await;
    let mut provider = configured(&server).await;
    let sink = TestOrg::Sink.id();
    let first = Resource::answered(&provider.create(sink, &["logs"]).await);
    let second = provider.create(sink, &["metrics"]).await;
    assert_snapshot!(second, @r#"409 {"errors":["connection between orgs 4dee724d-00cc-11ea-a77b-570c9d03c6c5 and 83999dcd-7f97-11f0-8de1-1ecf66f1aa85 already exists","update the connection that is there instead; the list of connections shows its id to whoever may see it"]}"#);
    assert_eq!(wait_after(&second), None);
    assert_eq!(provider.refresh(sink).await, Some(first));
}

#[tokio::test]
async fn an_application_key_without_the_right_is_refused_at_the_first_change() {
    let server = TestServer::start().await;
    let mut provider = Provider::of(&server, Persona::ScopedToRead).await;
    assert_eq!(provider.configure().await.status(), 200, "the provider validates the API key alone");
    assert_eq!(provider.refresh(TestOrg::Sink.id()).await, None);
    let reply = provider.create(TestOrg::Sink.id(), &["logs"]).await;
    assert_snapshot!(reply, @r#"403 {"errors":["Forbidden","Failed permission authorization checks","the scopes of DD-APPLICATION-KEY do not include org_connections_write; use a key whose scopes do, or one without scopes"]}"#);
    assert_eq!(wait_after(&reply), None);
}

#[tokio::test]
async fn who_was_too_fast_is_let_in_after_the_wait_that_the_answer_names() {
    let server = TestServer::builder().limiting(LimitName::OrgConnectionsWrite, 1, 10).start().await;
    let mut provider = configured(&server).await;
    provider.create(TestOrg::Sink.id(), &["logs"]).await;
    let refused = provider.create(TestOrg::Onlooker.id(), &["logs"]).await;
    assert_eq!(refused.status(), 429);
    let wait = wait_after(&refused).unwrap();
    assert_eq!(wait, Duration::from_secs(10));
    server.clock().advance(wait);
    assert_eq!(provider.create(TestOrg::Onlooker.id(), &["logs"]).await.status(), 200);
}

#[tokio::test]
async fn a_create_that_could_not_be_kept_can_be_repeated() {
    let server = TestServer::start().await;
    let mut provider = configured(&server).await;
    let (database, aside) = (server.folder().join("ledger.db"), server.folder().join("aside"));
    fs::rename(&database, &aside).unwrap();
    let refused = provider.create(TestOrg::Sink.id(), &["logs"]).await;
    assert_eq!(refused.status(), 503);
    assert_eq!(wait_after(&refused), Some(Duration::from_secs(2)));
    fs::rename(&aside, &database).unwrap();
    let repeated = provider.create(TestOrg::Sink.id(), &["logs"]).await;
    assert_eq!(repeated.status(), 200, "nothing of the first was kept: {repeated}");
}
