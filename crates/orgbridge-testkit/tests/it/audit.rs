//! The audit trail over the wire. Source: contract, section 4; `docs/audit.md`.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use http::Method;
use insta::assert_snapshot;
use orgbridge_domain::{Draft, org};
use orgbridge_testkit::{Caller, Persona, Reply, TestOrg, TestServer, TestUser, named_body};
use serde_json::{Value, json};

const EVENTS: &str = "/api/v2/audit/events";
const SEARCH: &str = "/api/v2/audit/events/search";

/// The path of a search with these parameters.
fn events(parameters: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    format!("{EVENTS}?{query}")
}

/// Everything about connections, the oldest first.
async fn of_connections(caller: Caller<'_>) -> Reply {
    caller.get(events(&[("filter[query]", "asset.type:org_connection"), ("sort", "timestamp")])).await
}

/// A value of each event on a page.
fn each(reply: &Reply, pointer: &str) -> Vec<String> {
    let json = reply.json();
    let events = json["data"].as_array().unwrap_or_else(|| panic!("no events: {reply}")).iter();
    let value = |event: &Value| match event.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "-".to_owned(),
    };
    events.map(value).collect()
}

fn actions(reply: &Reply) -> Vec<String> {
    each(reply, "/attributes/attributes/action")
}

/// A connection that the source makes and changes, and the sink ends.
async fn a_life(server: &TestServer) {
    let shared = server.source_admin().create(TestOrg::Sink.id(), ["logs"]).await.at("/data/id");
    server.clock().advance(Duration::from_secs(60));
    assert_eq!(server.source_admin().update(&shared, ["metrics"]).await.status(), 200);
    server.clock().advance(Duration::from_secs(60));
    assert_eq!(server.sink_admin().delete(&shared).await.status(), 200);
}

#[tokio::test]
async fn an_org_is_shown_its_own_users_and_the_other_side_as_an_org_alone() {
    let server = TestServer::start().await;
    a_life(&server).await;
    let (source, sink) =
        (of_connections(server.source_admin()).await, of_connections(server.sink_admin()).await);
    let json = sink.json();
    // Of what the source did, and of what the sink did itself.
    let shown = [&json["data"][0]["attributes"], &json["data"][2]["attributes"]];
    assert_snapshot!(serde_json::to_string_pretty(&shown).unwrap(), @r#"
    [
      {
        "attributes": {
          "action": "created",
          "asset": {
            "id": "00000000-0000-4000-8000-000000000001",
            "type": "org_connection"
          },
          "changes": {
            "after": {
              "connection_types": "logs",
              "created_at_us": 1756325976177236,
              "created_by": "ca570000-0000-4000-8000-000000000100",
              "id": "00000000-0000-4000-8000-000000000001",
              "modified_at_us": 1756325976177236,
              "sink_org_id": "83999dcd-7f97-11f0-8de1-1ecf66f1aa85",
              "source_org_id": "4dee724d-00cc-11ea-a77b-570c9d03c6c5"
            }
          },
          "evt": {
            "actor": {
              "type": "USER"
            },
            "outcome": "success"
          },
          "org": {
            "id": "4dee724d-00cc-11ea-a77b-570c9d03c6c5",
            "name": "Source Org"
          }
        },
        "message": "A user of Source Org created org connection 00000000-0000-4000-8000-000000000001",
        "service": "orgbridge",
        "tags": [
          "outcome:success"
        ],
        "timestamp": "2025-08-27T20:19:36.177236+00:00"
      },
      {
        "attributes": {
          "action": "deleted",
          "asset": {
            "id": "00000000-0000-4000-8000-000000000001",
            "type": "org_connection"
          },
          "changes": {
            "before": {
              "connection_types": "metrics",
              "created_at_us": 1756325976177236,
              "created_by": "ca570000-0000-4000-8000-000000000100",
              "id": "00000000-0000-4000-8000-000000000001",
              "modified_at_us": 1756326036177236,
              "sink_org_id": "83999dcd-7f97-11f0-8de1-1ecf66f1aa85",
              "source_org_id": "4dee724d-00cc-11ea-a77b-570c9d03c6c5"
            }
          },
          "credential": "keys:ca570000-0000-4000-8000-000000000401,ca570000-0000-4000-8000-000000000513",
          "evt": {
            "actor": {
              "type": "USER"
            },
            "outcome": "success"
          },
          "org": {
            "id": "83999dcd-7f97-11f0-8de1-1ecf66f1aa85",
            "name": "Sink Org"
          },
          "request_id": "a-test",
          "usr": {
            "email": "sink.admin@example.com",
            "id": "ca570000-0000-4000-8000-000000000106",
            "name": "Sink Admin"
          }
        },
        "message": "Sink Admin deleted org connection 00000000-0000-4000-8000-000000000001",
        "service": "orgbridge",
        "tags": [
          "outcome:success"
        ],
        "timestamp": "2025-08-27T20:21:36.177236+00:00"
      }
    ]
    "#);
    for reply in [&source, &sink] {
        assert_eq!(actions(reply), ["created", "modified", "deleted"]);
        assert_eq!(each(reply, "/attributes/attributes/org/name"), ["Source Org", "Source Org", "Sink Org"]);
    }
    let jane = TestUser::Jane.id().to_string();
    assert_eq!(each(&source, "/attributes/attributes/usr/id"), [jane.as_str(), jane.as_str(), "-"]);
    assert_eq!(each(&source, "/id"), each(&sink, "/id"), "both are shown the same events");
    assert!(!source.body().contains("sink.admin@") && !sink.body().contains("jane.doe@"));
}

#[tokio::test]
async fn nobody_else_sees_it() {
    let server = TestServer::start().await;
    a_life(&server).await;
    for persona in [Persona::BystanderAdmin, Persona::StrangerAdmin, Persona::OverseasAdmin] {
        assert_eq!(each(&of_connections(server.caller(persona)).await, "/id"), Vec::<String>::new());
    }
    for persona in [Persona::Standard, Persona::ReadOnly, Persona::NoPermission, Persona::ScopedToRead] {
        let reply = server.caller(persona).get(EVENTS).await;
        assert_eq!((reply.status(), reply.at("/errors/0")), (403, "Forbidden".to_owned()), "{persona}");
    }
}

#[tokio::test]
async fn no_digest_and_nothing_of_another_org_is_in_a_whole_trail() {
    let server = TestServer::start().await;
    a_life(&server).await;
    let reply = server.sink_admin().get(events(&[("page[limit]", "1000")])).await;
    assert!(each(&reply, "/id").len() > 5, "{reply}");
    for secret in ["digest", "jane.doe", "bystander", "stranger"] {
        assert!(!reply.body().to_lowercase().contains(secret), "{secret} is in {reply}");
    }
    // What isn't shown can't be asked for, either.
    let jane = TestUser::Jane.id().to_string();
    for query in [format!("usr.id:{jane}"), "usr.email:jane*".to_owned(), "digest".to_owned()] {
        let reply = server.sink_admin().get(events(&[("filter[query]", &query)])).await;
        assert_eq!(each(&reply, "/id"), Vec::<String>::new(), "{query}");
    }
}

#[tokio::test]
async fn an_operator_and_a_manager_are_seen_by_the_org_that_they_change() {
    let server = TestServer::start().await;
    server
        .operate(|session, now| {
            org::rename(&session.authorize_in(TestOrg::Sink.id())?, "Renamed".parse().unwrap(), now)
        })
        .await;
    let body = json!({"name": "Sink Org"}).to_string();
    let path = format!("/api/v1/org/{}", TestOrg::Sink.id());
    assert_eq!(server.source_admin().call(Method::PUT, path).body(body).await.status(), 200);
    let query = [("filter[query]", "asset.type:org action:modified"), ("sort", "timestamp")];
    for (caller, messages) in [
        (
            server.sink_admin(),
            vec!["An operator modified org Renamed", "A user of Source Org modified org Sink Org"],
        ),
        (server.source_admin(), vec!["Jane Doe modified org Sink Org"]),
        (server.bystander_admin(), vec![]),
    ] {
        let reply = caller.get(events(&query)).await;
        let told = each(&reply, "/attributes/message");
        let expected: Vec<_> = messages.iter().map(|text| format!("{text} {}", TestOrg::Sink.id())).collect();
        assert_eq!(told, expected);
    }
}

#[tokio::test]
async fn pages_hold_what_there_was_at_first_while_more_is_written() {
    let server = TestServer::builder().without_rate_limits().start().await;
    let admin = server.source_admin();
    for number in 0..25 {
        let body = named_body("api_keys", &format!("Key {number}")).to_string();
        assert_eq!(admin.call(Method::POST, "/api/v2/api_keys").body(body).await.status(), 201);
        if number % 3 == 0 {
            server.clock().advance(Duration::from_micros(1));
        }
    }
    for sort in ["timestamp", "-timestamp"] {
        let all = admin.get(events(&[("sort", sort), ("page[limit]", "1000")])).await;
        let (expected, mut found) = (each(&all, "/id"), Vec::new());
        let mut path = events(&[("sort", sort), ("page[limit]", "7")]);
        loop {
            let page = admin.get(path.as_str()).await;
            found.extend(each(&page, "/id"));
            assert_eq!(page.at("/meta/status"), "done");
            // More is written now, later and, by a clock that was set back, also earlier than all there is.
            server.clock().set_back(Duration::from_secs(3600));
            for _ in 0..2 {
                let body = named_body("api_keys", "More").to_string();
                assert_eq!(admin.call(Method::POST, "/api/v2/api_keys").body(body).await.status(), 201);
                server.clock().advance(Duration::from_secs(3600));
            }
            if page.json()["links"].is_null() {
                assert!(page.json()["meta"]["page"].is_null());
                break;
            }
            let (next, after) = (page.at("/links/next"), page.at("/meta/page/after"));
            assert!(next.contains(&after), "{next} leads to {after}");
            path = next;
        }
        assert_eq!(found.len(), found.iter().collect::<BTreeSet<_>>().len(), "{sort}: no event comes twice");
        assert_eq!(found, expected, "{sort}");
    }
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_search_alone() {
    let server = TestServer::start().await;
    let admin = server.source_admin();
    let first = admin.get(events(&[("page[limit]", "2")])).await;
    let cursor = first.at("/meta/page/after");
    let goes_on = admin.get(events(&[("page[limit]", "5"), ("page[cursor]", &cursor)])).await;
    assert_eq!(goes_on.status(), 200, "the limit may differ");
    let (head, tail) = cursor.split_at(20);
    let altered = format!("{head}{}{}", if tail.starts_with('A') { "B" } else { "A" }, &tail[1..]);
    for (caller, parameters) in [
        (admin, vec![("page[cursor]", cursor.as_str()), ("sort", "timestamp")]),
        (admin, vec![("page[cursor]", cursor.as_str()), ("filter[query]", "jane")]),
        (admin, vec![("page[cursor]", cursor.as_str()), ("filter[from]", "now-1d")]),
        (admin, vec![("page[cursor]", cursor.as_str()), ("filter[to]", "now")]),
        (admin, vec![("page[cursor]", altered.as_str())]),
        (admin, vec![("page[cursor]", "abc")]),
        (server.sink_admin(), vec![("page[cursor]", cursor.as_str())]),
    ] {
        let reply = caller.get(events(&parameters)).await;
        assert_eq!(reply.status(), 400, "{parameters:?}");
        assert!(reply.at("/errors/1").starts_with("page[cursor]: expected meta.page.after"), "{reply}");
    }
    let body = json!({"page": {"cursor": cursor, "limit": 2}}).to_string();
    let by_body = admin.call(Method::POST, SEARCH).body(body).await;
    assert_eq!(each(&by_body, "/id"), each(&goes_on, "/id")[..2]);
}

#[tokio::test]
async fn a_search_without_a_body_asks_for_the_newest() {
    let server = TestServer::start().await;
    let newest = each(&server.source_admin().get(EVENTS).await, "/id");
    assert_eq!(newest.len(), 10);
    assert_eq!(each(&server.source_admin().call(Method::POST, SEARCH).await, "/id"), newest);
    assert_eq!(each(&server.source_admin().call(Method::POST, SEARCH).body("{}").await, "/id"), newest);
    assert_eq!(server.source_admin().call(Method::POST, SEARCH).body(" ").await.status(), 400);
}

#[tokio::test]
async fn a_range_holds_its_ends() {
    let server = TestServer::start().await;
    a_life(&server).await;
    // It began at 20:19:36.177236, and each change came a minute after the one before.
    let times = |from: &str, to: &str| {
        let mut parameters = vec![("filter[query]", "asset.type:org_connection"), ("sort", "timestamp")];
        let range = [("filter[from]", from), ("filter[to]", to)];
        parameters.extend(range.into_iter().filter(|(_, time)| !time.is_empty()));
        server.source_admin().get(events(&parameters))
    };
    for (from, to, expected) in [
        ("", "", &["created", "modified", "deleted"][..]),
        ("2025-08-27T20:20:36.177236Z", "", &["modified", "deleted"]),
        ("2025-08-27T20:20:36.177237Z", "", &["deleted"]),
        ("", "2025-08-27T22:20:36.177236+02:00", &["created", "modified"]),
        ("", "2025-08-27T20:20:36.177235Z", &["created"]),
        ("now-61s", "", &["modified", "deleted"]),
        ("now-2m", "now-1m", &["created", "modified"]),
        ("1756325976178", "1756326037178", &["modified"]),
        ("now+1s", "now+1h", &[]),
    ] {
        assert_eq!(actions(&times(from, to).await), expected, "{from} to {to}");
    }
    let reply = times("now", "now-1s").await;
    assert_snapshot!(reply, @r#"400 {"errors":["Validation failed for input.","filter[to]: must not lie before filter[from]"]}"#);
}

#[tokio::test]
async fn each_form_of_a_query_finds_what_it_means() {
    let server = TestServer::start().await;
    a_life(&server).await;
    let jane = TestUser::Jane.id().to_string();
    let sink = TestOrg::Sink.id().to_string();
    let connection =
        each(&of_connections(server.source_admin()).await, "/attributes/attributes/asset/id").remove(0);
    for (query, expected) in [
        ("action:created".to_owned(), &["created"][..]),
        ("@action:(created OR deleted)".to_owned(), &["created", "deleted"]),
        ("NOT action:created".to_owned(), &["modified", "deleted"]),
        ("-action:created -action:deleted".to_owned(), &["modified"]),
        (format!("usr.id:{jane}"), &["created", "modified"]),
        ("usr.email:jane.doe@example.com".to_owned(), &["created", "modified"]),
        ("usr.handle:*@example.com AND action:m*".to_owned(), &["modified"]),
        ("usr.name:\"jane doe\"".to_owned(), &["created", "modified"]),
        (format!("org.id:{sink}"), &["deleted"]),
        ("org.name:\"Sink Org\" OR action:created".to_owned(), &["created", "deleted"]),
        (format!("asset.id:{connection} (action:created OR action:modified)"), &["created", "modified"]),
        ("request_id:a-test".to_owned(), &["created", "modified"]),
        ("request_id:a-tes".to_owned(), &[]),
        ("metrics".to_owned(), &["modified", "deleted"]),
        ("evt.outcome:success evt.actor.type:USER".to_owned(), &["created", "modified", "deleted"]),
        ("evt.outcome:refused".to_owned(), &[]),
    ] {
        let query = format!("asset.type:org_connection ({query})");
        let reply =
            server.source_admin().get(events(&[("filter[query]", &query), ("sort", "timestamp")])).await;
        assert_eq!(actions(&reply), expected, "{query}");
        let body = json!({"filter": {"query": query}, "sort": "timestamp"}).to_string();
        let by_body = server.source_admin().call(Method::POST, SEARCH).body(body).await;
        assert_eq!(each(&by_body, "/id"), each(&reply, "/id"), "{query}");
    }
}

#[tokio::test]
async fn what_is_not_understood_is_named_by_its_place() {
    let server = TestServer::start().await;
    let long = "a".repeat(1_001);
    let deep = format!("{}a{}", "(".repeat(20), ")".repeat(20));
    let many = "a ".repeat(51);
    for (query, problem) in [
        ("colour:red", "character 1: no event has \"colour\"; expected one of action, asset.type, "),
        ("jane action: deleted", "character 13: a key and its colon are followed by a value without a space"),
        ("(jane", "character 1: ( has no counterpart"),
        ("jane)", "character 5: ) has no counterpart"),
        ("a \"jane", "character 3: \" has no counterpart"),
        (
            "http.status_code:[400 TO 499]",
            "character 18: [ means nothing here; put a text that has it in double quotes",
        ),
        ("jane OR", "character 8: expected a text, key:value, NOT or parentheses"),
        ("- jane", "character 2: expected a text"),
        ("AND jane", "character 1: expected a text"),
        ("jane\\", "character 6: expected a character behind \\"),
        ("\"\"", "character 1: expected a text between the quotes"),
        (&long, "character 1001: a query has at most 1000 characters"),
        (&deep, "character 18: more than 16 parentheses and negations in each other"),
        (&many, "character 101: a query asks for at most 50 things"),
    ] {
        let reply = server.source_admin().get(events(&[("filter[query]", query)])).await;
        assert_eq!((reply.status(), reply.at("/errors/0")), (400, "Validation failed for input.".to_owned()));
        let detail = reply.at("/errors/1");
        assert!(detail.starts_with(&format!("filter[query]: {problem}")), "{query}: {detail}");
        let body = json!({"filter": {"query": query}}).to_string();
        let by_body = server.source_admin().call(Method::POST, SEARCH).body(body).await;
        assert!(by_body.at("/errors/1").starts_with(&format!("filter.query: {problem}")), "{by_body}");
    }
    for (body, problem) in [
        (json!({"filter": {"from": "yesterday"}}), "filter.from: expected a time of RFC 3339"),
        (json!({"filter": {"to": "now-1y"}}), "filter.to: expected a time of RFC 3339"),
        (json!({"filter": {"from": 5}}), "filter.from: must be a string, and not the number 5"),
        (json!({"page": {"limit": 1001}}), "page.limit: must be a whole number from 1 to 1000"),
        (json!({"page": {"limit": -1}}), "page.limit: must be a whole number from 1 to 1000"),
        (json!({"page": {"cursor": "abc"}}), "page.cursor: expected meta.page.after"),
        (json!({"sort": "time"}), "sort: must be one of -timestamp, timestamp"),
        (json!({"page": []}), "page: must be an object, and not an array"),
    ] {
        let reply = server.source_admin().call(Method::POST, SEARCH).body(body.to_string()).await;
        assert_eq!(reply.status(), 400, "{body}");
        assert!(reply.at("/errors/1").starts_with(problem), "{body}: {reply}");
    }
}

#[tokio::test]
async fn a_search_that_finds_little_ends_and_goes_on_where_it_ended() {
    let server = TestServer::builder().without_rate_limits().start().await;
    let rename = |names: std::ops::Range<u32>| {
        server.operate(move |session, now| {
            let mut draft = Draft::new(session);
            for number in names.clone() {
                let name = format!("Name {number}").parse().unwrap();
                draft.run(|session| org::rename(&session.authorize_in(TestOrg::Source.id())?, name, now))?;
            }
            Ok(draft.finish(()))
        })
    };
    rename(0..7_000).await;
    server.clock().advance(Duration::from_secs(1));
    rename(7_000..11_000).await;
    let (mut path, mut pages, mut found) = (
        events(&[("filter[query]", "asset.name:(\"Name 9000\" OR \"Name 6000\" OR \"Name 5\")")]),
        0,
        Vec::new(),
    );
    loop {
        let reply = server.source_admin().get(path).await;
        found.extend(each(&reply, "/attributes/attributes/asset/name"));
        pages += 1;
        if reply.json()["links"].is_null() {
            assert_eq!(reply.at("/meta/status"), "done");
            break;
        }
        assert_eq!(reply.at("/meta/status"), "timeout");
        assert_eq!(reply.at("/meta/warnings/0/code"), "search_ended");
        path = reply.at("/links/next");
    }
    assert_eq!(found, ["Name 9000", "Name 6000", "Name 5"]);
    assert_eq!(pages, 4, "each looks at 3,000 of 11,000 events");
}

/// Refused attempts, the oldest first, as soon as there are so many: they are kept beside the answers.
async fn refused(caller: Caller<'_>, count: usize) -> Reply {
    let path =
        events(&[("filter[query]", "evt.outcome:refused"), ("sort", "timestamp"), ("page[limit]", "100")]);
    let began = Instant::now();
    loop {
        let reply = caller.get(path.as_str()).await;
        if each(&reply, "/id").len() >= count {
            return reply;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "{reply}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_refused_attempt_is_in_the_trail_of_whoever_made_it_and_in_no_other() {
    let server = TestServer::start().await;
    let shared = server.connection().of(["logs"]).create().await;
    let foreign = server.connection().from(TestOrg::Stranger).to(TestOrg::Faraway).create().await;
    let admin = server.source_admin();
    let sink = TestOrg::Sink.id();
    let without_right = server.caller(Persona::ReadOnly);
    let without_scope = server.caller(Persona::ScopedToRead);
    for (call, status) in [
        (without_right.create(TestOrg::Onlooker.id(), ["logs"]), 403),
        (without_scope.update(shared, ["metrics"]), 403),
        (admin.update(foreign, ["metrics"]), 404),
        (admin.create(sink, ["logs"]), 409),
        (admin.create(TestOrg::Source.id(), ["logs"]), 400),
        (server.sink_admin().update(shared, ["metrics"]), 403),
    ] {
        assert_eq!(call.await.status(), status);
    }
    // None of these is kept: what can't be read, what only reads, and what nobody in particular tried.
    for call in [
        admin.create_from("{"),
        admin.create(sink, ["traces"]),
        admin.update("example", ["logs"]),
        admin.read(foreign),
        server.caller(Persona::NoPermission).get(EVENTS),
        server.anonymous().create(sink, ["logs"]),
        server.caller(Persona::RevokedApplicationKey).create(sink, ["logs"]),
    ] {
        assert!((400..500).contains(&call.await.status()));
    }
    let reply = refused(admin, 5).await;
    let told: Vec<_> = each(&reply, "/attributes/message");
    assert_snapshot!(told.join("\n"), @"
    Reader tried to create org connection and was refused: Forbidden; Failed permission authorization checks; no role of the user who owns DD-APPLICATION-KEY has the permission org_connections_write; an administrator of the organization can give one that has it
    Jane Doe tried to modify org connection 00000000-0000-4000-8000-000000000001 and was refused: Forbidden; Failed permission authorization checks; the scopes of DD-APPLICATION-KEY do not include org_connections_write; use a key whose scopes do, or one without scopes
    Jane Doe tried to modify org connection 00000000-0000-4000-8000-000000000002 and was refused: Org connection with id:00000000-0000-4000-8000-000000000002 not found not found; no connection of your organization has this id; the list of connections shows those that there are
    Jane Doe tried to create org connection and was refused: connection between orgs 4dee724d-00cc-11ea-a77b-570c9d03c6c5 and 83999dcd-7f97-11f0-8de1-1ecf66f1aa85 already exists; update the connection that is there instead; the list of connections shows its id to whoever may see it
    Jane Doe tried to create org connection and was refused: connection between orgs 4dee724d-00cc-11ea-a77b-570c9d03c6c5 and 4dee724d-00cc-11ea-a77b-570c9d03c6c5 is not allowed; data.relationships.sink_org.data.id: an organization can't be connected with itself
    ");
    assert_eq!(each(&reply, "/attributes/attributes/http/status_code"), ["403", "403", "404", "409", "400"]);
    assert_eq!(actions(&reply), ["created", "modified", "modified", "created", "created"]);
    let shown = &reply.json()["data"][2]["attributes"]["attributes"];
    assert_snapshot!(serde_json::to_string_pretty(shown).unwrap(), @r#"
    {
      "action": "modified",
      "asset": {
        "id": "00000000-0000-4000-8000-000000000002",
        "type": "org_connection"
      },
      "credential": "keys:ca570000-0000-4000-8000-000000000400,ca570000-0000-4000-8000-000000000512",
      "evt": {
        "actor": {
          "type": "USER"
        },
        "outcome": "refused"
      },
      "http": {
        "status_code": 404
      },
      "org": {
        "id": "4dee724d-00cc-11ea-a77b-570c9d03c6c5",
        "name": "Source Org"
      },
      "refusal": {
        "reason": "Org connection with id:00000000-0000-4000-8000-000000000002 not found not found; no connection of your organization has this id; the list of connections shows those that there are",
        "unrecorded": 0
      },
      "request_id": "a-test",
      "usr": {
        "email": "jane.doe@example.com",
        "id": "ca570000-0000-4000-8000-000000000100",
        "name": "Jane Doe"
      }
    }
    "#);
    assert_eq!(
        each(&refused(server.sink_admin(), 1).await, "/attributes/attributes/asset/id"),
        [shared.to_string()]
    );
    for persona in [Persona::StrangerAdmin, Persona::BystanderAdmin] {
        assert_eq!(each(&refused(server.caller(persona), 0).await, "/id"), Vec::<String>::new(), "{persona}");
    }
    let by_reader = admin.get(events(&[("filter[query]", "usr.name:reader http.status_code:403")])).await;
    assert_eq!(each(&by_reader, "/attributes/attributes/usr/email"), ["reader@example.com"]);
    assert!(server.metrics().contains("orgbridge_audit_refused_attempts_total{kept=\"yes\"} 6"));
}

#[tokio::test]
async fn changes_and_refused_attempts_come_in_one_order() {
    let server = TestServer::builder().without_rate_limits().start().await;
    let admin = server.source_admin();
    for number in 0..4 {
        server.clock().advance(Duration::from_secs(1));
        assert_eq!(admin.create(TestOrg::Source.id(), ["logs"]).await.status(), 400);
        refused(admin, number + 1).await;
        server.clock().advance(Duration::from_secs(1));
        let body = named_body("api_keys", "new").to_string();
        assert_eq!(admin.call(Method::POST, "/api/v2/api_keys").body(body).await.status(), 201);
    }
    let mut path = events(&[("filter[from]", "now-7s"), ("sort", "timestamp"), ("page[limit]", "3")]);
    let mut outcomes = Vec::new();
    loop {
        let reply = admin.get(path).await;
        outcomes.extend(each(&reply, "/attributes/attributes/evt/outcome"));
        // What is refused meanwhile belongs to no page of this search.
        assert_eq!(admin.create(TestOrg::Source.id(), ["logs"]).await.status(), 400);
        if reply.json()["links"].is_null() {
            break;
        }
        path = reply.at("/links/next");
    }
    assert_eq!(outcomes, ["refused", "success"].repeat(4));
}

#[tokio::test]
async fn refused_attempts_are_bounded_in_number() {
    let server = TestServer::builder().without_rate_limits().keeping_attempts(5, 8).start().await;
    let admin = server.source_admin();
    let fail = async |times: u32| {
        for _ in 0..times {
            assert_eq!(admin.create(TestOrg::Source.id(), ["logs"]).await.status(), 400);
        }
    };
    fail(20).await;
    refused(admin, 5).await;
    server.clock().advance(Duration::from_secs(60));
    fail(4).await;
    let reply = refused(admin, 8).await;
    let unrecorded = each(&reply, "/attributes/attributes/refusal/unrecorded");
    assert_eq!(unrecorded, ["0", "0", "0", "0", "15", "0", "0", "0"]);
    assert!(server.metrics().contains("orgbridge_audit_refused_attempts_total{kept=\"no\"} 15"));
    // Another org has its own number.
    assert_eq!(server.sink_admin().create(TestOrg::Sink.id(), ["logs"]).await.status(), 400);
    assert_eq!(
        each(&refused(server.sink_admin(), 1).await, "/attributes/attributes/refusal/unrecorded"),
        ["0"]
    );
}
