//! Bindings of restriction policies.

use http::{Method, Uri};
use orgbridge_domain::ManagedRole;
use orgbridge_testkit::{Persona, TestOrg, TestUser, resource_of};
use serde_json::Value;

use crate::Target;
use crate::in_memory::{InMemory, assert_explains};
use crate::target::Prepared;

/// The value of `bindings`. `@org`, `@role` and `@user` are ids of the caller's org.
pub(crate) const TARGET: Target =
    Target { name: "policies", about: "bindings of restriction policies", prepare };

fn prepare() -> Prepared {
    let api = InMemory::start();
    let resource = resource_of(api.connect());
    let path: Uri =
        format!("/api/v2/restriction_policy/{resource}?allow_self_lockout=true").parse().expect("a path");
    Box::new(move |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        let text = text
            .replace("@org", &TestOrg::Source.id().to_string())
            .replace("@role", &ManagedRole::Admin.id().to_string())
            .replace("@user", &TestUser::Reader.id().to_string());
        let set = |bindings: &str| {
            let body = format!(
                r#"{{"data":{{"type":"restriction_policy","id":"{resource}","attributes":{{"bindings":{bindings}}}}}}}"#
            );
            api.call(Persona::SourceAdmin, Method::POST, path.clone(), body.as_bytes())
        };
        let Some(reply) = set(&text) else { return };
        if reply.status() != 200 {
            assert_explains(&reply);
            return;
        }
        // Whoever closes the braces early and says something else in their own words is not asked about.
        let Ok(asked) = serde_json::from_str::<Value>(&text) else { return };
        let shown = reply.json()["data"]["attributes"]["bindings"].clone();
        let count = |bindings: &Value| bindings.as_array().map(Vec::len);
        assert_eq!(count(&shown), count(&asked), "{reply}");
        if let Some(read) = api.get(path.path()) {
            assert_eq!(read.json()["data"]["attributes"]["bindings"], shown);
        }
        if let Some(again) = set(&shown.to_string()) {
            assert_eq!(
                again.json()["data"]["attributes"]["bindings"],
                shown,
                "what was shown was not taken: {again}"
            );
        }
    })
}
