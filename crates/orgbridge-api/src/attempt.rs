//! Attempts to change something that a rule refused, for the audit trail of whoever made them.
//!
//! Kept is what was refused to somebody who is known: for want of a right or a scope, since the thing is not there or
//! not theirs to know of, or since a rule forbids it. What can't be read is not kept, nor are limits and failures of
//! the server. What nobody in particular tried is only counted, as any answer is.

use axum::extract::Request;
use axum::http::{Method, Uri};
use orgbridge_domain::{OrgId, Principal, PublicId, Reach};
use orgbridge_ledger::{Action, Actor, Attempt, RequestId};
use uuid::Uuid;

use crate::api::Api;
use crate::{Access, RouteInfo};

/// Why a rule refused a call, as its caller was told. It travels as an extension of the response.
#[derive(Debug, Clone)]
pub(crate) struct Refused(pub(crate) String);

/// A call that would change something, on its way.
pub(crate) struct Tried {
    route: &'static RouteInfo,
    uri: Uri,
    principal: Principal,
    org: OrgId,
    request_id: RequestId,
}

impl Tried {
    /// The call, if it is one that would change something.
    pub(crate) fn of(
        route: &'static RouteInfo,
        request: &Request,
        (principal, org): (Principal, OrgId),
        request_id: &RequestId,
    ) -> Option<Self> {
        let would_change = route.method != Method::GET
            && matches!(route.access, Access::Permission(permission) if permission.reach() == Reach::Write);
        would_change.then(|| Self {
            route,
            uri: request.uri().clone(),
            principal,
            org,
            request_id: request_id.clone(),
        })
    }

    /// Has it kept that the call was refused.
    pub(crate) fn note(self, api: &Api, status: u16, Refused(reason): Refused) {
        let Self { route, uri, principal, org, request_id } = self;
        let target = Target::of(route.path);
        let noted = api.ledger.note_refusal(Attempt {
            org,
            actor: Actor::from(principal),
            request_id: request_id.to_string(),
            action: target.action(&route.method),
            entity: target.entity.into(),
            entity_id: target.named_in(uri.path()),
            status,
            reason,
        });
        api.metrics.count_refused_attempt(noted);
    }
}

/// What the path of a call names.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    /// What kind of thing it is, as the trail calls it.
    entity: &'static str,
    /// Which segment names it, counted from 0, and what the template calls that.
    variable: Option<(usize, &'static str)>,
    /// Whether the path goes on behind that: to a part of the thing.
    is_part: bool,
}

impl Target {
    /// What a template names: keys within whatever holds them, and else the first thing in it.
    fn of(template: &'static str) -> Self {
        const VERSION: usize = 2;
        let segments: Vec<&'static str> = template.split('/').skip(1).collect();
        let keys = segments.iter().position(|segment| *segment == "application_keys");
        let at = keys.unwrap_or(VERSION);
        let collection = segments.get(at).copied().unwrap_or_default();
        let entity = match collection {
            "service_accounts" => "user",
            "oauth2" => "oauth_client",
            plural => plural.strip_suffix('s').unwrap_or(plural),
        };
        let variable = segments.get(at + 1).filter(|segment| segment.starts_with('{'));
        let is_part = segments.len() > at + 1 + usize::from(variable.is_some());
        Self { entity, variable: variable.map(|name| (at + 1, *name)), is_part }
    }

    fn action(&self, method: &Method) -> Action {
        match *method {
            Method::POST if self.variable.is_none() => Action::Create,
            Method::DELETE if !self.is_part => Action::Delete,
            _ => Action::Update,
        }
    }

    /// The id in a path, in its one form; what is none is not kept.
    fn named_in(&self, path: &str) -> Option<String> {
        let (at, name) = self.variable?;
        let segment = path.split('/').skip(1).nth(at)?;
        if name == "{public_id}" {
            return segment.parse::<PublicId>().ok().map(|id| id.to_string());
        }
        let (kind, id) = match segment.split_once(':') {
            Some((kind, id)) => (Some(kind), id),
            None => (None, segment),
        };
        let is_word = |kind: &str| {
            kind.len() <= 64 && kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        };
        // The hyphenated form alone has this length.
        let id = Uuid::try_parse(id).ok().filter(|_| id.len() == 36)?;
        match kind {
            None => Some(id.to_string()),
            Some(kind) => is_word(kind).then(|| format!("{kind}:{id}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a";

    #[test]
    fn the_path_says_what_was_tried_on_what() {
        for (method, template, entity, action, names) in [
            (Method::POST, "/api/v2/org_connections", "org_connection", Action::Create, false),
            (
                Method::PATCH,
                "/api/v2/org_connections/{connection_id}",
                "org_connection",
                Action::Update,
                true,
            ),
            (
                Method::DELETE,
                "/api/v2/org_connections/{connection_id}",
                "org_connection",
                Action::Delete,
                true,
            ),
            (Method::POST, "/api/v1/org", "org", Action::Create, false),
            (Method::POST, "/api/v2/roles/{role_id}/users", "role", Action::Update, true),
            (Method::DELETE, "/api/v2/roles/{role_id}/permissions", "role", Action::Update, true),
            (Method::DELETE, "/api/v2/users/{user_id}", "user", Action::Delete, true),
            (Method::POST, "/api/v2/service_accounts", "user", Action::Create, false),
            (
                Method::POST,
                "/api/v2/service_accounts/{a}/application_keys",
                "application_key",
                Action::Create,
                false,
            ),
            (Method::POST, "/api/v2/current_user/application_keys", "application_key", Action::Create, false),
            (
                Method::DELETE,
                "/api/v2/current_user/application_keys/{key}",
                "application_key",
                Action::Delete,
                true,
            ),
            (
                Method::POST,
                "/api/v2/restriction_policy/{resource_id}",
                "restriction_policy",
                Action::Update,
                true,
            ),
        ] {
            let target = Target::of(template);
            assert_eq!((target.entity, target.action(&method)), (entity, action), "{template}");
            let path = template.split('/').map(|segment| if segment.starts_with('{') { ID } else { segment });
            let named = target.named_in(&path.collect::<Vec<_>>().join("/"));
            assert_eq!(named.is_some(), names, "{template}");
        }
    }

    #[test]
    fn what_is_no_id_is_not_kept() {
        let connection = Target::of("/api/v2/org_connections/{connection_id}");
        let at = |segment: &str| connection.named_in(&format!("/api/v2/org_connections/{segment}"));
        assert_eq!(at(&ID.to_uppercase()).as_deref(), Some(ID));
        assert_eq!(at(&format!("cross-org-connection:{ID}")), Some(format!("cross-org-connection:{ID}")));
        for segment in [
            "",
            "example",
            "%00",
            &ID.replace('-', ""),
            &format!("{{{ID}}}"),
            &format!("A:{ID}"),
            &format!(":{ID}:"),
        ] {
            assert_eq!(at(segment), None, "{segment}");
        }
        let org = Target::of("/api/v1/org/{public_id}");
        assert_eq!(org.named_in("/api/v1/org/fasjyydbcgwwc2uc/").as_deref(), Some("fasjyydbcgwwc2uc"));
        assert_eq!(org.named_in("/api/v1/org/A%20B"), None);
    }
}
