//! Targets of requests: paths, ids in them, and authorities before them.

use http::{Method, Uri};
use orgbridge_api::{Access, routes};
use orgbridge_testkit::{Persona, Reply, is_path};

use super::first_line;
use crate::Target;
use crate::in_memory::{InMemory, assert_explains};
use crate::target::Prepared;

/// The first line is a method, the rest the target. `@` is the id of a connection.
pub(crate) const TARGET: Target =
    Target { name: "paths", about: "targets of requests, and ids in them", prepare };

const CONNECTIONS: &str = "/api/v2/org_connections/";

fn prepare() -> Prepared {
    let api = InMemory::start();
    let connection = api.connect();
    Box::new(move |bytes| {
        let (method, target) = first_line(bytes);
        let Ok(method) = Method::from_bytes(method) else { return };
        let target = String::from_utf8_lossy(target).replace('@', &connection);
        let Ok(target) = Uri::try_from(target.into_bytes()) else { return };
        // `CONNECT` and `OPTIONS *` come with no path; the edge lets neither through.
        if !target.path().starts_with('/') {
            return;
        }
        let known: Vec<_> = routes().filter(|route| is_path(route.path, target.path())).collect();
        let before = api.revision();
        if let Some(reply) = api.call(Persona::Anonymous, method.clone(), target.clone(), b"") {
            assert_eq!(api.revision(), before, "a stranger changed something: {reply}");
            let is_open = known.iter().any(|route| route.access == Access::Anyone);
            assert!(is_open || reply.status() >= 400, "a stranger was answered: {reply}");
            check(&reply, known.is_empty());
        }
        if method != Method::GET {
            return;
        }
        if let Some(reply) = api.call(Persona::SourceAdmin, method, target.clone(), b"") {
            check(&reply, known.is_empty());
            check_connection(&reply, target.path(), &connection);
        }
    })
}

fn check(reply: &Reply, is_nowhere: bool) {
    if is_nowhere {
        assert_eq!(reply.status(), 404, "{reply}");
    }
    let is_json = reply.header("content-type") == Some("application/json") && !reply.body().is_empty();
    if is_json && reply.status() >= 400 {
        assert_explains(reply);
    }
}

/// A connection is found by its id in the one form that ids have, in either case, and in no other.
fn check_connection(reply: &Reply, path: &str, connection: &str) {
    let Some(segment) = path.strip_prefix(CONNECTIONS) else { return };
    let segment = segment.strip_suffix('/').unwrap_or(segment);
    if segment.is_empty() || segment.contains('/') {
        return;
    }
    assert_eq!(reply.status() == 200, segment.eq_ignore_ascii_case(connection), "{segment}: {reply}");
    if reply.status() == 200 {
        assert_eq!(reply.at("/data/id"), connection);
    }
}
