//! The decision call. Source: `OpenID` `AuthZEN` Authorization API 1.0; what it decides is ours.

use http::Method;
use insta::assert_snapshot;
use orgbridge_domain::{Draft, PermissionSet, RoleId, role, user};
use orgbridge_testkit::{Persona, Reply, TestOrg, TestServer, TestUser};
use serde_json::{Value, json};

const ONE: &str = "/access/v1/evaluation";
const MANY: &str = "/access/v1/evaluations";

fn question(reader: &impl ToString, owner: &impl ToString, wanted: &str) -> Value {
    json!({
        "subject": {"type": "org", "id": reader.to_string()},
        "action": {"name": "read"},
        "resource": {"type": wanted, "id": owner.to_string()},
    })
}

async fn ask(server: &TestServer, persona: Persona, question: &Value) -> Reply {
    server.caller(persona).call(Method::POST, ONE).body(question.to_string()).await
}

async fn ask_all(server: &TestServer, persona: Persona, questions: &Value) -> Reply {
    server.caller(persona).call(Method::POST, MANY).body(questions.to_string()).await
}

async fn decided(server: &TestServer, persona: Persona, question: &Value) -> bool {
    ask(server, persona, question).await.json()["decision"].as_bool().unwrap()
}

/// Lets the user without permissions evaluate, and nothing else: a service that enforces connections.
async fn appoint_a_service(server: &TestServer) {
    let role: RoleId = "00000000-0000-4000-a000-0000000000ee".parse().unwrap();
    server
        .operate(move |session, now| {
            let (source, mut draft) = (TestOrg::Source.id(), Draft::new(session));
            let permissions: PermissionSet = "org_connections_evaluate".parse().unwrap();
            let name = "Evaluator".parse().unwrap();
            draft
                .run(|session| role::create(&session.authorize_in(source)?, role, name, permissions, now))?;
            draft.run(|session| {
                user::set_roles(&session.authorize_in(source)?, TestUser::Powerless.id(), vec![role], now)
            })?;
            Ok(draft.finish(()))
        })
        .await;
}

#[tokio::test]
async fn the_answer_says_by_which_connection_and_by_how_recent_a_state() {
    let server = TestServer::start().await;
    let shared = server.connection().create().await;
    let (source, sink) = (TestOrg::Source.id(), TestOrg::Sink.id());
    let yes = ask(&server, Persona::SinkAdmin, &question(&sink, &source, "logs")).await;
    let expected = format!(
        "{{\"decision\":true,\"context\":{{\"connection_id\":\"{}\",\"revision\":{}}}}}\n",
        shared,
        server.revision()
    );
    assert_eq!((yes.status(), yes.body()), (200, expected.as_str()));
    let no = ask(&server, Persona::SinkAdmin, &question(&sink, &source, "metrics")).await;
    let expected = format!("{{\"decision\":false,\"context\":{{\"revision\":{}}}}}\n", server.revision());
    assert_eq!((no.status(), no.body()), (200, expected.as_str()));
}

#[tokio::test]
async fn what_was_narrowed_or_deleted_is_refused_from_the_answer_on() {
    let server = TestServer::start().await;
    let shared = server.connection().create().await;
    let asked = question(&TestOrg::Sink.id(), &TestOrg::Source.id(), "logs");
    assert!(decided(&server, Persona::SinkAdmin, &asked).await);
    assert_eq!(server.source_admin().update(shared, ["metrics"]).await.status(), 200);
    assert!(!decided(&server, Persona::SinkAdmin, &asked).await);
    assert_eq!(server.source_admin().update(shared, ["logs"]).await.status(), 200);
    assert!(decided(&server, Persona::SinkAdmin, &asked).await);
    assert_eq!(server.source_admin().delete(shared).await.status(), 200);
    assert!(!decided(&server, Persona::SinkAdmin, &asked).await);
}

#[tokio::test]
async fn an_org_reads_its_own_and_a_stranger_is_told_no_more_than_of_what_does_not_exist() {
    let server = TestServer::start().await;
    server.connection().create().await;
    let (source, sink) = (TestOrg::Source.id(), TestOrg::Sink.id());
    assert!(decided(&server, Persona::ReadOnly, &question(&source, &source, "audit")).await);
    let absent = "b0000000-0000-4000-8000-0000000000ff";
    let unknown = ask(&server, Persona::StrangerAdmin, &question(&absent, &source, "logs")).await;
    for asked in [question(&sink, &source, "logs"), question(&source, &source, "logs")] {
        for persona in [Persona::StrangerAdmin, Persona::BystanderAdmin, Persona::OverseasAdmin] {
            assert_eq!(ask(&server, persona, &asked).await.body(), unknown.body(), "{persona} {asked}");
        }
    }
}

#[tokio::test]
async fn a_service_that_may_evaluate_is_told_of_every_pair_of_its_account() {
    let server = TestServer::start().await;
    server.connection().from(TestOrg::Sink).to(TestOrg::Bystander).create().await;
    server.connection().from(TestOrg::Stranger).to(TestOrg::Faraway).create().await;
    let (sink, bystander) = (TestOrg::Sink.id(), TestOrg::Bystander.id());
    let pair = question(&bystander, &sink, "logs");
    assert_eq!(ask(&server, Persona::NoPermission, &pair).await.status(), 403);
    appoint_a_service(&server).await;
    assert!(decided(&server, Persona::NoPermission, &pair).await);
    assert!(!decided(&server, Persona::SourceAdmin, &pair).await, "an admin's right ends at their org");
    let foreign = question(&TestOrg::Faraway.id(), &TestOrg::Stranger.id(), "logs");
    assert!(!decided(&server, Persona::NoPermission, &foreign).await);
    let list = server.caller(Persona::NoPermission).list().await;
    assert_eq!(list.status(), 403, "it reads no connection by that");
}

#[tokio::test]
async fn many_questions_are_answered_in_their_order_and_as_far_as_they_ask() {
    let server = TestServer::start().await;
    server.connection().create().await;
    let (source, sink) = (TestOrg::Source.id().to_string(), TestOrg::Sink.id().to_string());
    let logs = json!({"resource": {"type": "logs", "id": source}});
    let metrics = json!({"resource": {"type": "metrics", "id": source}});
    let own = json!({"resource": {"type": "metrics", "id": sink}});
    for (semantic, expected) in [
        (None, vec![true, false, true]),
        (Some("execute_all"), vec![true, false, true]),
        (Some("deny_on_first_deny"), vec![true, false]),
        (Some("permit_on_first_permit"), vec![true]),
    ] {
        let questions = json!({
            "subject": {"type": "org", "id": sink},
            "action": {"name": "read"},
            "evaluations": [logs, metrics, own],
            "options": semantic.map(|semantic| json!({"evaluations_semantic": semantic})),
        });
        let reply = ask_all(&server, Persona::SinkAdmin, &questions).await;
        let json = reply.json();
        let answers: Vec<_> = json["evaluations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|answer| answer["decision"].as_bool().unwrap())
            .collect();
        assert_eq!(answers, expected, "{semantic:?}");
    }
    let only = ask_all(&server, Persona::SinkAdmin, &question(&sink, &source, "logs")).await;
    assert_eq!(only.json()["decision"], true, "{}", only.body());
}

#[tokio::test]
async fn a_thousand_questions_fit_into_one_call_and_one_more_does_not() {
    let server = TestServer::start().await;
    server.connection().create().await;
    let whole = question(&TestOrg::Sink.id(), &TestOrg::Source.id(), "logs");
    let ask = async |count: usize| {
        ask_all(&server, Persona::SinkAdmin, &json!({"evaluations": vec![whole.clone(); count]})).await
    };
    let reply = ask(1000).await;
    let json = reply.json();
    let answers = json["evaluations"].as_array().unwrap();
    assert_eq!((reply.status(), answers.len()), (200, 1000));
    assert!(answers.iter().all(|answer| answer["decision"] == true));
    assert_snapshot!(ask(1001).await, @r#"400 {"errors":["Validation failed for input.","evaluations: must be at most 1000, and not 1001"]}"#);
}

#[tokio::test]
async fn a_user_is_asked_about_in_the_name_of_their_org() {
    let server = TestServer::start().await;
    server.connection().create().await;
    let mut asked = question(&TestUser::SinkAdmin.id(), &TestOrg::Source.id(), "logs");
    asked["subject"]["type"] = json!("user");
    assert!(decided(&server, Persona::SinkAdmin, &asked).await);
    asked["subject"]["type"] = json!("org");
    assert!(!decided(&server, Persona::SinkAdmin, &asked).await, "no org has this id");
}

#[tokio::test]
async fn the_calls_are_found_by_the_metadata_of_the_standard() {
    let server = TestServer::start().await;
    let reply = server.anonymous().get("/.well-known/authzen-configuration").await;
    let url = format!("http://{}", server.address());
    let expected = json!({
        "policy_decision_point": url,
        "access_evaluation_endpoint": format!("{url}{ONE}"),
        "access_evaluations_endpoint": format!("{url}{MANY}"),
    });
    assert_eq!((reply.status(), reply.json()), (200, expected));
}

#[tokio::test]
async fn what_is_no_question_is_named_by_its_place() {
    let server = TestServer::start().await;
    for (path, body, place) in [
        (ONE, json!({}), "subject: is missing"),
        (
            ONE,
            json!({"subject": {"type": "org"}, "action": {"name": "read"}, "resource": {"type": "logs", "id": ""}}),
            "subject.id: is missing",
        ),
        (MANY, json!({"evaluations": [{}]}), "evaluations[0].subject: is missing"),
        (MANY, json!({"evaluations": [[]]}), "evaluations[0]: must be an object, and not an array"),
    ] {
        let reply = server.sink_admin().call(Method::POST, path).body(body.to_string()).await;
        assert_eq!(reply.status(), 400, "{body}");
        assert_eq!(reply.at("/errors/1"), place, "{body}");
    }
}
