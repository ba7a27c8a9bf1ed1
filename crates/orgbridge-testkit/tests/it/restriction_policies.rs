//! What an org says of its own users and a connection. Source: contract, section 4; hardening list, 1 to 3.

use http::Method;
use insta::assert_snapshot;
use orgbridge_domain::restriction_policy::{self, SelfLockout};
use orgbridge_domain::{ConnectionId, ManagedRole};
use orgbridge_testkit::{Persona, TestOrg, TestServer, TestUser, resource_of, restriction_body};

const CONNECTION: &str = "f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a";
/// The answer where there is no policy.
const NOTHING_SAID: &str = r#"200 {"data":{"type":"restriction_policy","id":"cross-org-connection:f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a","attributes":{"bindings":[]}}}"#;

const ABSENT: &str = "0b1e55ed-0000-4000-8000-000000000000";

/// Whether a route is one of those that this file is about.
pub(crate) fn is_about_policies(path: &str) -> bool {
    path.starts_with("/api/v2/restriction_policy/")
}

/// Puts what `org` says about a connection to where a call finds something to do: nothing, but where it is taken back.
pub(crate) async fn prepare(server: &TestServer, org: TestOrg, id: &str, method: &Method) {
    let (org, id): (_, ConnectionId) = (org.id(), id.parse().unwrap());
    let text = if *method == Method::DELETE {
        format!("editor=role:{}", ManagedRole::Admin.id())
    } else {
        String::new()
    };
    server
        .operate(move |session, _| {
            let bindings = text.parse().unwrap();
            let grant = session.authorize_in(org)?;
            restriction_policy::replace(&grant, id, bindings, SelfLockout::Refused)
        })
        .await;
}

fn user(user: TestUser) -> String {
    format!("user:{}", user.id())
}

fn org(org: TestOrg) -> String {
    format!("org:{}", org.id())
}

async fn server() -> TestServer {
    let server = TestServer::start().await;
    server.connection().with_id(CONNECTION).create().await;
    server
}

#[tokio::test]
async fn a_policy_is_read_replaced_and_taken_back() {
    let server = server().await;
    let admin = server.source_admin();
    assert_eq!(admin.policy(CONNECTION).await.to_string(), NOTHING_SAID);

    let (jane, everybody) = (user(TestUser::Jane), org(TestOrg::Source));
    let said = admin.restrict(CONNECTION, &[("viewer", &[everybody]), ("editor", &[jane])]).await;
    assert_snapshot!(said, @r#"200 {"data":{"type":"restriction_policy","id":"cross-org-connection:f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a","attributes":{"bindings":[{"relation":"viewer","principals":["org:4dee724d-00cc-11ea-a77b-570c9d03c6c5"]},{"relation":"editor","principals":["user:ca570000-0000-4000-8000-000000000100"]}]}}}"#);
    assert_eq!(admin.policy(CONNECTION).await.body(), said.body());
    // The sink says something of its own, and nobody tells it what the source says.
    assert_eq!(server.sink_admin().policy(CONNECTION).await.to_string(), NOTHING_SAID);

    let deleted = admin.unrestrict(CONNECTION).await;
    assert_eq!((deleted.status(), deleted.body()), (204, ""));
    assert_eq!(admin.unrestrict(CONNECTION).await.status(), 204);
    assert_eq!(admin.policy(CONNECTION).await.to_string(), NOTHING_SAID);
}

#[tokio::test]
async fn whoever_is_not_bound_is_told_what_is_said_of_an_absent_connection() {
    let server = server().await;
    server.connection().to(TestOrg::Bystander).create().await;
    assert_eq!(
        server.source_admin().restrict(CONNECTION, &[("editor", &[user(TestUser::Robot)])]).await.status(),
        400
    );
    let robot = server.caller(Persona::ServiceAccount);
    assert_eq!(robot.restrict(CONNECTION, &[("editor", &[user(TestUser::Robot)])]).await.status(), 200);

    let (reader, writer) = (server.caller(Persona::ReadOnly), server.caller(Persona::ScopedToWrite));
    for (hidden, absent) in [
        (reader.read(CONNECTION), reader.read(ABSENT)),
        (reader.policy(CONNECTION), reader.policy(ABSENT)),
        (writer.update(CONNECTION, ["audit"]), writer.update(ABSENT, ["audit"])),
        (writer.delete(CONNECTION), writer.delete(ABSENT)),
        (writer.restrict(CONNECTION, &[]), writer.restrict(ABSENT, &[])),
        (writer.unrestrict(CONNECTION), writer.unrestrict(ABSENT)),
    ] {
        let (hidden, absent) = (hidden.await, absent.await);
        assert_eq!(hidden.status(), 404);
        assert_eq!(hidden.to_string(), absent.to_string().replace(ABSENT, CONNECTION));
    }
    for query in ["", &format!("sink_org_id={}", TestOrg::Sink.id()), "limit=1&offset=0"] {
        let listed = reader.list_where(query).await;
        assert!(!listed.body().contains(CONNECTION), "{listed}");
        assert!(!listed.body().contains(TestOrg::Sink.name()), "{listed}");
        assert_eq!(listed.at("/meta/page/total_count"), "1", "{query}");
    }
    assert_eq!(server.sink_admin().list().await.at("/meta/page/total_count"), "1");
}

#[tokio::test]
async fn a_viewer_sees_and_is_told_that_they_may_not_edit() {
    let server = server().await;
    let robot = server.caller(Persona::ServiceAccount);
    let (robots, jane) = (user(TestUser::Robot), user(TestUser::Jane));
    robot.restrict(CONNECTION, &[("viewer", &[jane]), ("editor", &[robots])]).await;
    assert_eq!(server.caller(Persona::ScopedToRead).read(CONNECTION).await.status(), 200);
    let writer = server.caller(Persona::ScopedToWrite);
    let refused = writer.update(CONNECTION, ["audit"]).await;
    assert_snapshot!(refused, @r#"403 {"errors":["Forbidden","the restriction policy of your organization on this connection does not make you an editor; its editors can change it, and so can whoever has user_access_manage"]}"#);
    for call in [writer.delete(CONNECTION), writer.restrict(CONNECTION, &[]), writer.unrestrict(CONNECTION)] {
        assert_eq!(call.await.to_string(), refused.to_string());
    }
    assert_eq!(robot.update(CONNECTION, ["audit"]).await.status(), 200);
}

#[tokio::test]
async fn whoever_manages_access_mends_what_locks_everybody_out() {
    let server = server().await;
    let admin = server.source_admin();
    assert_snapshot!(admin.restrict(CONNECTION, &[("editor", &[])]).await, @r#"400 {"errors":["you would lock yourself out of the connection","data.attributes.bindings: let editor name you, a role of yours or your organization; where you mean to lock yourself out, say so by allow_self_lockout=true"]}"#);
    let path = format!("/api/v2/restriction_policy/{}?allow_self_lockout=true", resource_of(CONNECTION));
    let nobody = restriction_body(CONNECTION, &[("editor", &[])]).to_string();
    assert_eq!(admin.call(Method::POST, &path).body(nobody).await.status(), 200);

    assert_eq!(admin.update(CONNECTION, ["audit"]).await.status(), 403);
    assert_eq!(admin.list().await.at("/meta/page/total_count"), "1");
    assert_eq!(server.caller(Persona::ScopedToRead).list().await.at("/meta/page/total_count"), "0");
    assert_eq!(admin.restrict(CONNECTION, &[("editor", &[org(TestOrg::Source)])]).await.status(), 200);
    assert_eq!(admin.update(CONNECTION, ["audit"]).await.status(), 200);
}

#[tokio::test]
async fn a_policy_binds_no_more_than_every_decision_can_look_at() {
    let server = server().await;
    let admin = server.source_admin();
    let absent = |count| vec![format!("user:{ABSENT}"); count];
    let too_many = admin.restrict(CONNECTION, &[("viewer", &absent(60)), ("editor", &absent(41))]).await;
    assert_snapshot!(too_many, @r#"400 {"errors":["Validation failed for input.","data.attributes.bindings: must name at most 100 principals in all, and not 101"]}"#);
    assert_eq!(admin.policy(CONNECTION).await.to_string(), NOTHING_SAID);
    // As many as may be are looked at one by one.
    let named: Vec<_> = (0..100).map(|number| format!("user:0b1e55ed-0000-4000-8000-{number:012}")).collect();
    assert_snapshot!(admin.restrict(CONNECTION, &[("viewer", &named)]).await, @r#"400 {"errors":["Validation failed for input.","data.attributes.bindings[0].principals[0]: user:0b1e55ed-0000-4000-8000-000000000000 is not of your organization"]}"#);
}

#[tokio::test]
async fn the_sink_says_who_of_it_sees_and_ends_a_connection() {
    let server = server().await;
    let admin = server.sink_admin();
    assert_eq!(admin.restrict(CONNECTION, &[("editor", &[user(TestUser::SinkAdmin)])]).await.status(), 200);
    assert_eq!(server.caller(Persona::ReadOnly).read(CONNECTION).await.status(), 200);
    let foreign =
        admin.restrict(CONNECTION, &[("editor", &[user(TestUser::SinkAdmin), user(TestUser::Jane)])]).await;
    assert_snapshot!(foreign, @r#"400 {"errors":["Validation failed for input.","data.attributes.bindings[0].principals[1]: user:ca570000-0000-4000-8000-000000000100 is not of your organization"]}"#);
    let absent = admin
        .restrict(CONNECTION, &[("editor", &[user(TestUser::SinkAdmin), format!("user:{ABSENT}")])])
        .await;
    assert_eq!(absent.to_string(), foreign.to_string().replace(&TestUser::Jane.id().to_string(), ABSENT));
    assert_eq!(admin.delete(CONNECTION).await.status(), 200);
    // What was said goes with the connection, and comes back with no other.
    server.connection().with_id(CONNECTION).create().await;
    assert_eq!(admin.policy(CONNECTION).await.at("/data/attributes/bindings"), "[]");
}

#[tokio::test]
async fn the_audit_trail_of_one_side_tells_nothing_of_what_the_other_said() {
    let server = server().await;
    for (caller, org_of_caller) in
        [(server.source_admin(), TestOrg::Source), (server.sink_admin(), TestOrg::Sink)]
    {
        assert_eq!(caller.restrict(CONNECTION, &[("editor", &[org(org_of_caller)])]).await.status(), 200);
    }
    // Both policies go with the connection, by the hand of the sink.
    assert_eq!(server.sink_admin().delete(CONNECTION).await.status(), 200);
    for (caller, own, other) in [
        (server.source_admin(), TestOrg::Source, TestOrg::Sink),
        (server.sink_admin(), TestOrg::Sink, TestOrg::Source),
    ] {
        let trail = caller.get("/api/v2/audit/events?filter[query]=asset.type:restriction_policy").await;
        assert_eq!(trail.json()["data"].as_array().unwrap().len(), 2, "{trail}");
        assert!(trail.body().contains(&org(own)), "{trail}");
        assert!(!trail.body().contains(&org(other)), "{trail}");
    }
}

#[tokio::test]
async fn a_role_that_is_deleted_opens_nothing() {
    let server = server().await;
    let admin = server.source_admin();
    let role = r#"{"data":{"type":"roles","attributes":{"name":"Spare"}}}"#;
    let role = admin.call(Method::POST, "/api/v2/roles").body(role).await.at("/data/id");
    let bound = [format!("role:{role}")];
    let said = admin.restrict(CONNECTION, &[("viewer", &bound), ("editor", &[user(TestUser::Jane)])]).await;
    assert_eq!(said.status(), 200);
    assert_eq!(admin.call(Method::DELETE, format!("/api/v2/roles/{role}")).await.status(), 204);
    assert_eq!(
        admin.policy(CONNECTION).await.at("/data/attributes/bindings/0"),
        r#"{"principals":[],"relation":"viewer"}"#
    );
    assert_eq!(server.caller(Persona::ReadOnly).read(CONNECTION).await.status(), 404);
}

#[tokio::test]
async fn what_is_wrong_is_named_by_its_place() {
    let server = server().await;
    let admin = server.source_admin();
    assert_snapshot!(admin.restrict(CONNECTION, &[("owner", &[])]).await, @r#"400 {"errors":["Validation failed for input.","data.attributes.bindings[0].relation: must be viewer or editor"]}"#);
    assert_snapshot!(admin.restrict(CONNECTION, &[("editor", &["team:core".to_owned()])]).await, @r#"400 {"errors":["Validation failed for input.","data.attributes.bindings[0].principals[0]: must be org:, role: or user: with an id behind it; there are no teams here, bind a role instead"]}"#);
    assert_snapshot!(admin.get(format!("/api/v2/restriction_policy/dashboard:{CONNECTION}")).await, @r#"400 {"errors":["Validation failed for input.","resource_id in the path: expected cross-org-connection: and the id of a connection"]}"#);
    let path = format!("/api/v2/restriction_policy/{}", resource_of(CONNECTION));
    let other = restriction_body(ABSENT, &[]).to_string();
    assert_snapshot!(admin.call(Method::POST, &path).body(other).await, @r#"400 {"errors":["Validation failed for input.","data.id: must be cross-org-connection:f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a, as in the path"]}"#);
    let maybe = admin.call(Method::POST, format!("{path}?allow_self_lockout=maybe"));
    assert_snapshot!(maybe.body(restriction_body(CONNECTION, &[]).to_string()).await, @r#"400 {"errors":["Validation failed for input.","allow_self_lockout: must be one of true, false"]}"#);
}

/// Some clients escape the colon of the path.
#[tokio::test]
async fn a_colon_is_one_however_it_is_written() {
    let server = server().await;
    for colon in [":", "%3A", "%3a"] {
        let path = format!("/api/v2/restriction_policy/cross-org-connection{colon}{CONNECTION}");
        assert_eq!(server.source_admin().get(path).await.at("/data/id"), resource_of(CONNECTION), "{colon}");
    }
}
