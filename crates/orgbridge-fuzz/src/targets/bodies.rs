//! Bodies of JSON, for every call that takes one.

use http::{Method, Uri};
use orgbridge_api::{RouteInfo, routes};
use orgbridge_testkit::{Description, Persona, Reply, path_of};
use serde_json::Value;

use super::first_line;
use crate::Target;
use crate::in_memory::{InMemory, assert_explains};
use crate::oracle::is_strict_json;
use crate::target::Prepared;

/// The first line is a method and the template of a path, the rest a body.
pub(crate) const TARGET: Target =
    Target { name: "bodies", about: "bodies of JSON, for every call that takes one", prepare };

const CREATE: &str = "/api/v2/org_connections";

fn prepare() -> Prepared {
    let api = InMemory::start();
    let connection = api.connect();
    Box::new(move |bytes| {
        let (call, body) = first_line(bytes);
        let Some(route) = routes().find(|route| is(route, call) && takes_json(route)) else { return };
        let target: Uri = path_of(route.path, &connection).parse().expect("a path");
        let before = api.revision();
        let Some(reply) = api.call(Persona::SourceAdmin, route.method.clone(), target, body) else { return };
        if reply.status() >= 400 {
            assert_explains(&reply);
            assert_eq!(api.revision(), before, "refused, and yet something was changed: {reply}");
        }
        if body.is_empty() {
            return;
        }
        if !is_strict_json(body) {
            assert_eq!(reply.status(), 400, "{reply}");
            assert!(reply.body().contains("line ") || reply.body().contains("the body is empty"), "{reply}");
        } else if route.path == CREATE && reply.status() == 200 {
            check_created(&api, body, &reply);
        }
    })
}

fn is(route: &RouteInfo, call: &[u8]) -> bool {
    call == format!("{} {}", route.method, route.path).as_bytes()
}

fn takes_json(route: &RouteInfo) -> bool {
    let operation = Description::of_the_program().operation(&route.method, route.path);
    operation.is_some_and(|operation| operation["requestBody"]["content"].get("application/json").is_some())
}

/// What was created is what was asked for, is shown again, and is there for good. It is taken away then, so that others
/// can be created.
fn check_created(api: &InMemory, body: &[u8], reply: &Reply) {
    let asked: Value = serde_json::from_slice(body).expect("JSON");
    let asked = &asked["data"];
    assert_eq!(
        reply.json().pointer("/data/attributes/connection_types"),
        Some(&asked["attributes"]["connection_types"])
    );
    let sink = asked.pointer("/relationships/sink_org/data/id").and_then(Value::as_str).expect("a sink");
    assert_eq!(reply.at("/data/relationships/sink_org/data/id"), sink.to_ascii_lowercase());
    let path = format!("{CREATE}/{}", reply.at("/data/id"));
    if let Some(shown) = api.get(&path) {
        assert_eq!(shown.json()["data"], reply.json()["data"]);
    }
    let create = Uri::from_static(CREATE);
    if let Some(again) = api.call(Persona::SourceAdmin, Method::POST, create, body) {
        assert_eq!(again.status(), 409, "{again}");
    }
    if let Some(deleted) = api.call(Persona::SourceAdmin, Method::DELETE, path.parse().expect("a path"), b"")
    {
        assert_eq!(deleted.status(), 200, "{deleted}");
    }
}
