//! What keeps orgs apart. Source: hardening list, 1, 2 and 7.

use http::Method;
use orgbridge_testkit::{Persona, RawReply, TestOrg, TestServer, fitting_body, update_body};
use serde_json::json;

use crate::rights;

const ABSENT: &str = "0b1e55ed-0000-4000-8000-000000000000";

#[tokio::test]
async fn another_orgs_connection_looks_like_one_that_is_not_there() {
    let server = TestServer::start().await;
    let shared = server.connection().create().await.to_string();
    let before = server.revision();
    for caller in [server.bystander_admin(), server.stranger_admin()] {
        for (foreign, absent) in [
            (caller.read(&shared), caller.read(ABSENT)),
            (caller.update(&shared, ["audit"]), caller.update(ABSENT, ["audit"])),
            (caller.delete(&shared), caller.delete(ABSENT)),
        ] {
            let shown = format!("{caller:?} {foreign:?}");
            let (foreign, absent) = (foreign.await, absent.await);
            assert_eq!(foreign.status(), 404, "{shown}");
            assert_eq!(foreign.body().replace(&shared, ABSENT), absent.body(), "{shown}");
        }
    }
    assert_eq!(server.revision(), before);
}

#[tokio::test]
async fn a_list_never_holds_or_counts_what_the_caller_may_not_see() {
    let server = TestServer::start().await;
    server.connection().create().await;
    server.connection().from(TestOrg::Stranger).to(TestOrg::Faraway).create().await;
    let own = server.connection().from(TestOrg::Bystander).to(TestOrg::Onlooker).create().await;
    let all = server.bystander_admin().list().await;
    assert_eq!(all.ids(), [own.to_string()]);
    assert_eq!(all.at("/meta/page/total_count"), "1");
    for org in TestOrg::ALL {
        for query in [
            format!("source_org_id={}", org.id()),
            format!("sink_org_id={}", org.id()),
            format!("source_org_id={}&offset=1", org.id()),
        ] {
            let reply = server.bystander_admin().list_where(&query).await;
            assert_eq!(reply.at("/meta/page/total_count"), "1", "{query}");
            let is_own = org == TestOrg::Bystander && query.starts_with("source")
                || org == TestOrg::Onlooker && query.starts_with("sink");
            let found = reply.at("/meta/page/total_filtered_count");
            assert_eq!(found, u8::from(is_own).to_string(), "{query}");
        }
    }
}

#[tokio::test]
async fn included_orgs_and_users_are_those_of_the_connections_listed() {
    let server = TestServer::start().await;
    server.connection().from(TestOrg::Sink).to(TestOrg::Bystander).create().await;
    server.connection().create().await;
    let reply = server.bystander_admin().list().await;
    for name in ["Source Org", "Jane Doe", "Onlooker Org", "Stranger Org"] {
        assert!(!reply.body().contains(name), "{name} in {reply}");
    }
    assert!(reply.body().contains("Sink Admin"), "{reply}");
}

#[tokio::test]
async fn an_org_of_another_account_is_told_apart_from_none_by_nothing() {
    let server = TestServer::start().await;
    let foreign = server.stranger_admin().create(TestOrg::Source.id(), ["logs"]).await;
    let absent = server.stranger_admin().create(ABSENT, ["logs"]).await;
    assert_eq!((foreign.status(), foreign.body()), (404, absent.body()));
}

/// The head of a call has been let in, since the server asks for the body; what happens before that comes is `meanwhile`.
async fn answer_to_a_slow_call(
    server: &TestServer,
    (persona, call, body): (Persona, &str, String),
    meanwhile: impl AsyncFnOnce(),
) -> RawReply {
    let (keys, length) = (persona.header_lines(), body.len());
    let mut client = server.raw().await;
    client
        .send(format!(
            "{call} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{keys}Content-Type: application/json\r\n\
             Content-Length: {length}\r\nExpect: 100-continue\r\n\r\n"
        ))
        .await;
    assert_eq!(client.read_head().await, "HTTP/1.1 100 Continue\r\n\r\n");
    meanwhile().await;
    client.send(body).await;
    RawReply::only(&client.read_to_end().await)
}

#[tokio::test]
async fn a_right_that_is_taken_away_while_a_call_is_under_way_is_gone_for_that_call_too() {
    let server = TestServer::start().await;
    let shared = server.connection().of(["logs"]).create().await;
    let body = update_body(shared, ["audit"]).to_string();
    let call = format!("PATCH /api/v2/org_connections/{shared}");

    let reply = answer_to_a_slow_call(&server, (Persona::SourceAdmin, &call, body), async || {
        server.revoke_application_key_of(Persona::SourceAdmin).await;
    })
    .await;

    assert_eq!(reply.status(), 401, "{reply}");
    assert_eq!(server.sink_admin().read(shared).await.types(), ["logs"]);
}

/// Questions have bodies as well, and whoever asks may take half a minute to send one.
#[tokio::test]
async fn a_question_is_answered_by_what_holds_when_all_of_it_is_there() {
    let server = TestServer::start().await;
    let (source, sink) = (TestOrg::Source.id(), TestOrg::Sink.id());
    let question = json!({
        "subject": {"type": "org", "id": sink.to_string()},
        "action": {"name": "read"},
        "resource": {"type": "logs", "id": source.to_string()},
    });
    let many = json!({"evaluations": [question, question]});
    for (path, body) in [("/access/v1/evaluation", &question), ("/access/v1/evaluations", &many)] {
        let shared = server.connection().of(["logs"]).create().await;
        let call = (Persona::SinkAdmin, &*format!("POST {path}"), body.to_string());
        let reply = answer_to_a_slow_call(&server, call, async || {
            assert_eq!(server.source_admin().delete(shared).await.status(), 200);
        })
        .await;
        assert!(reply.status() == 200 && !reply.body().contains("true"), "{path}: {reply}");
    }
    for path in rights::QUESTIONS {
        let server = TestServer::start().await;
        let body = fitting_body(&Method::POST, path, ABSENT, sink, 1).unwrap().to_string();
        let call = (Persona::SourceAdmin, &*format!("POST {path}"), body);
        let reply = answer_to_a_slow_call(&server, call, async || {
            server.revoke_application_key_of(Persona::SourceAdmin).await;
        })
        .await;
        assert_eq!(reply.status(), 401, "{path}: {reply}");
    }
}
