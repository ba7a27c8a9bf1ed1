//! Query strings, for every call that reads.

use http::{Method, Uri};
use orgbridge_api::{Access, routes};
use orgbridge_testkit::{Description, Persona, Reply, path_of};
use serde_json::Value;

use super::first_line;
use crate::Target;
use crate::in_memory::{InMemory, assert_explains};
use crate::target::Prepared;

/// The first line is the template of a path, the rest a query.
pub(crate) const TARGET: Target =
    Target { name: "queries", about: "query strings, for every call that reads", prepare };

/// What bounds a page.
const LIMITS: [&str; 3] = ["limit", "page[limit]", "page[size]"];

fn prepare() -> Prepared {
    let api = InMemory::start();
    let connection = api.connect();
    Box::new(move |bytes| {
        let (template, query) = first_line(bytes);
        let is_asked = |route: &&orgbridge_api::RouteInfo| {
            route.method == Method::GET
                && route.path.as_bytes() == template
                && route.path.starts_with("/api/v")
        };
        let Some(route) = routes().find(is_asked) else { return };
        let path = path_of(route.path, &connection);
        let Ok(target) = Uri::try_from([path.as_bytes(), b"?", query].concat()) else { return };
        let parameters: Vec<_> =
            form_urlencoded::parse(target.query().unwrap_or_default().as_bytes()).into_owned().collect();
        let Some(reply) = api.call(Persona::SourceAdmin, Method::GET, target.clone(), b"") else { return };
        match reply.status() {
            200 => check_page(&reply, route.path, &parameters),
            400 => check_names_a_parameter(&reply, route.path),
            401 => assert!(parameters.iter().any(|(name, _)| is_of_credentials(name)), "{reply}"),
            _ => assert_explains(&reply),
        }
        if route.access != Access::Anyone && parameters.iter().any(|(name, _)| name == "api_key") {
            assert_eq!(reply.status(), 401, "{reply}");
        }
        // To read is to change nothing. Of an answer, only the data is no matter of the request's.
        if let Some(again) = api.call(Persona::SourceAdmin, Method::GET, target, b"") {
            assert_eq!(again.status(), reply.status(), "{again}");
            if reply.status() == 200 && reply.header("content-type") == Some("application/json") {
                assert_eq!(again.json()["data"], reply.json()["data"]);
            }
        }
    })
}

/// No more is listed than was asked for, by a parameter that the call has.
fn check_page(reply: &Reply, path: &str, parameters: &[(String, String)]) {
    let json = if reply.header("content-type") == Some("application/json") { reply.json() } else { return };
    let Some(data) = json.get("data").and_then(Value::as_array) else { return };
    let known = parameters_of(path);
    let is_limit = |name: &str| LIMITS.contains(&name) && known.contains(&name);
    for (name, value) in parameters.iter().filter(|(name, _)| is_limit(name)) {
        if let Ok(limit) = value.parse::<usize>() {
            assert!(data.len() <= limit, "{name}={value}: {reply}");
        }
    }
}

fn check_names_a_parameter(reply: &Reply, path: &str) {
    assert_explains(reply);
    let is_named = parameters_of(path).iter().any(|name| reply.body().contains(name));
    assert!(is_named || reply.body().contains("id"), "{reply}");
}

/// The names of the parameters that a call is described with.
fn parameters_of(path: &str) -> Vec<&'static str> {
    let description = Description::of_the_program();
    let operation = description.operation(&Method::GET, path).expect("a call");
    let described = operation["parameters"].as_array().into_iter().flatten();
    described.filter_map(|parameter| description.target(parameter)["name"].as_str()).collect()
}

fn is_of_credentials(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.contains("key") || name.contains("token")
}
