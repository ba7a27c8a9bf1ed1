//! Each call there is, and what its texts and numbers may be. Source: hardening list, 9, 11, 12 and 24.

use http::Method;
use orgbridge_api::{RouteInfo, routes};
use orgbridge_testkit::{Description, Persona, TestOrg, TestServer, fitting_body, path_of};
use serde_json::Value;

const ABSENT: &str = "00000000-0000-4000-a000-000000000003";

/// A number of [`fitting_body`] by which its texts are found.
const NUMBER: u64 = 4711;

/// The parameters of the query that a call takes.
fn parameters(route: &RouteInfo) -> Vec<&'static Value> {
    let operation = Description::of_the_program().operation(&route.method, &path_of(route.path, ABSENT));
    let parameters = operation.and_then(|operation| operation["parameters"].as_array());
    parameters.into_iter().flatten().filter(|parameter| parameter["in"] == "query").collect()
}

#[tokio::test]
async fn a_number_in_a_query_is_one_within_its_range_whatever_the_call() {
    let server = TestServer::builder().without_rate_limits().start().await;
    let mut tried = 0;
    for route in routes() {
        for parameter in parameters(route).into_iter().filter(|one| one["schema"]["type"] == "integer") {
            let (name, schema) = (parameter["name"].as_str().unwrap(), &parameter["schema"]);
            let (least, most) = (schema["minimum"].as_u64().unwrap(), schema["maximum"].as_u64().unwrap());
            let path = path_of(route.path, ABSENT);
            let answer = |value: String| {
                let path = format!("{path}?{name}={value}");
                async { server.source_admin().get(path).await }
            };
            let mut wrong = vec![format!("{}", u128::from(most) + 1), format!("{}", i128::from(least) - 1)];
            let others =
                ["-1", "", "%2B1", "1.5", "1e2", "0x10", "ten", "%20", "1%00", "%D9%A1", "NaN", "-0"];
            wrong.extend(others.map(str::to_owned));
            wrong.push("9".repeat(1000));
            for value in wrong {
                let reply = answer(value.clone()).await;
                assert_eq!(reply.status(), 400, "{path}?{name}={value}: {reply}");
                assert!(reply.at("/errors/1").starts_with(&format!("{name}: ")), "{reply}");
            }
            for value in [least, most] {
                let reply = answer(value.to_string()).await;
                assert!([200, 404].contains(&reply.status()), "{path}?{name}={value}: {reply}");
            }
            tried += 1;
        }
    }
    assert!(tried > 10, "{tried} numbers were tried");
}

/// That an answer is none of 500, and one that the description has, is held of every reply.
#[tokio::test]
async fn no_text_in_a_query_takes_a_call_down() {
    let server = TestServer::builder().without_rate_limits().start().await;
    let long = "x".repeat(6_000);
    let mut tried = 0;
    for route in routes().filter(|route| route.method == Method::GET) {
        for parameter in parameters(route) {
            let name = parameter["name"].as_str().unwrap();
            for value in
                ["%00", "%FF%FE", "%", "%zz", "'%22%3B--", "%E2%80%AE", "..%2F..", "%0D%0Aa:b", &long]
            {
                let path = format!("{}?{name}={value}", path_of(route.path, ABSENT));
                let reply = server.source_admin().get(path).await;
                assert!(reply.status() < 500, "{name}: {reply}");
                tried += 1;
            }
        }
    }
    assert!(tried > 200, "{tried} texts were tried");
}

/// Whatever database the server is on: PostgreSQL, for one, can't keep a NUL.
#[tokio::test]
async fn no_control_character_comes_into_a_text_that_is_kept() {
    let server = TestServer::builder().without_rate_limits().start().await;
    let before = server.revision();
    let mut tried = 0;
    for route in routes() {
        let body = fitting_body(&route.method, route.path, ABSENT, TestOrg::Sink.id(), NUMBER);
        let Some(body) = body.map(|body| body.to_string()) else { continue };
        for text in [format!("Another {NUMBER}"), format!("another.{NUMBER}@example.com")] {
            if !body.contains(&text) {
                continue;
            }
            for hostile in [r"\u0000", r"\n", r"\r\n", r"\u001b[2J", r"\u007f", r"\u0085", r"\u009b2J"] {
                let body = body.replace(&text, &text.replace("4711", hostile));
                let call = server.source_admin().call(route.method.clone(), path_of(route.path, ABSENT));
                let reply = call.body(body.clone()).await;
                assert_eq!(reply.status(), 400, "{} {} {body}: {reply}", route.method, route.path);
                assert!(reply.body().contains("must not contain control characters"), "{body}: {reply}");
                let raw = |text: char| text.is_control() && text != '\n';
                assert!(!reply.body().contains(raw), "{body}: {:?}", reply.body());
                tried += 1;
            }
        }
    }
    assert!(tried > 80, "{tried} texts were tried");
    assert_eq!(server.revision(), before);
}

/// What an id leaves its mark on behind the edge: the answer, the row, the trail, and the window of a limit.
#[tokio::test]
async fn an_id_in_capitals_is_the_same_id_everywhere() {
    let server = TestServer::start().await;
    let id = "f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a";
    server.connection().from(TestOrg::Sink).to(TestOrg::Source).with_id(id).create().await;
    let sent = id.to_uppercase();

    let updated = server.sink_admin().update(&sent, ["audit"]).await;
    assert_eq!((updated.status(), updated.at("/data/id").as_str()), (200, id));
    assert_eq!(server.caller(Persona::SourceAdmin).update(&sent, ["logs"]).await.status(), 403);
    let gone = server.stranger_admin().read(&sent).await;
    assert!(gone.body().contains(id) && !gone.body().contains(&sent), "{gone}");

    let trail = |caller: Persona, outcome: &'static str| {
        let query = format!("asset.type:org_connection action:modified evt.outcome:{outcome}");
        let query: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
        let path = format!("/api/v2/audit/events?filter[query]={query}");
        let server = &server;
        async move {
            loop {
                let reply = server.caller(caller).get(path.clone()).await;
                if reply.json()["data"].as_array().unwrap().len() == 1 {
                    return reply.at("/data/0/attributes/attributes/asset/id");
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        }
    };
    assert_eq!(trail(Persona::SinkAdmin, "success").await, id);
    assert_eq!(trail(Persona::SourceAdmin, "refused").await, id);
}
