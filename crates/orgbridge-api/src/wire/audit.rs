//! A page of the audit trail.

use orgbridge_domain::Timestamp;
use orgbridge_ledger::RequestId;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::{Map, Value};

use super::resource::Text;
use super::schema;
use crate::audit::{AuditEvent, Found};
use crate::extract::AuditQuery;

/// The path at which the pages of a search follow each other.
const PATH: &str = "/api/v2/audit/events";

/// Who wrote the events.
const SERVICE: &str = "orgbridge";

// Source: contract, section 4.
/// A page of the audit trail.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AuditLogsEventsResponse")]
pub(crate) struct AuditEvents {
    /// The events of the page.
    #[schemars(length(max = 1000))]
    data: Vec<EventResource>,
    /// Where the next page is, if there may be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    links: Option<Links>,
    meta: Meta,
}

/// An event.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AuditLogsEvent")]
struct EventResource {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    #[schemars(schema_with = "kind")]
    kind: &'static str,
    /// Its id.
    #[schemars(schema_with = "uuid")]
    id: String,
    attributes: EventAttributes,
}

/// An event, in a sentence and in parts.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct EventAttributes {
    /// When it happened.
    timestamp: Text<Timestamp>,
    /// What happened, in a sentence.
    message: String,
    /// What the event comes from.
    service: &'static str,
    /// The labels of the event.
    tags: Vec<String>,
    /// What happened, in parts.
    attributes: Parts,
}

// The names are those of the real service where it has them.
/// What happened. The names of the members are those that queries ask for.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Parts {
    /// What was done, or tried.
    #[schemars(schema_with = "action")]
    action: &'static str,
    asset: Asset,
    evt: Evt,
    /// The user who did it, where they are one of the organization that is shown this.
    #[serde(skip_serializing_if = "Option::is_none")]
    usr: Option<Usr>,
    /// The organization in which it was done; an operator belongs to none.
    #[serde(skip_serializing_if = "Option::is_none")]
    org: Option<Org>,
    /// What the user showed: which keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<String>,
    /// What a user of the organization called the request by which they did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    /// What was changed, if anything was.
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Changes>,
    /// How it was answered, if it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    http: Option<Http>,
    /// Why it was refused, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<Refusal>,
}

/// What it was done to.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Asset {
    /// What kind of thing.
    #[serde(rename = "type")]
    #[schemars(schema_with = "asset_type")]
    kind: String,
    /// Which one.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// About the event itself.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Evt {
    /// Whether it was done or refused.
    #[schemars(schema_with = "outcome")]
    outcome: &'static str,
    actor: EvtActor,
}

/// Who did it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct EvtActor {
    /// A user, or whoever operates the server.
    #[serde(rename = "type")]
    #[schemars(schema_with = "actor_type")]
    kind: &'static str,
}

/// A user.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Usr {
    /// Their id.
    #[schemars(schema_with = "uuid")]
    id: String,
    /// What people call them.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Their email address.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
}

/// An organization.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Org {
    /// Its id.
    #[schemars(schema_with = "uuid")]
    id: String,
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// A thing before and after it was changed.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Changes {
    /// As it was, if it was there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "row")]
    before: Option<Map<String, Value>>,
    /// As it is, if it is still there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "row")]
    after: Option<Map<String, Value>>,
}

/// An answer.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Http {
    /// Its status.
    #[schemars(schema_with = "status_code")]
    status_code: u16,
}

/// A refusal.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Refusal {
    /// What the caller was told.
    reason: String,
    /// How many attempts of the organization before this one were refused and not kept, since there were too many.
    #[schemars(schema_with = "schema::count")]
    unrecorded: u64,
}

/// Where the next page is.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Links {
    /// Its path and query on this server.
    #[schemars(schema_with = "link")]
    next: String,
}

/// About the search.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Meta {
    /// How long it took, in milliseconds.
    #[schemars(schema_with = "schema::count")]
    elapsed: u64,
    /// Where to go on, if there may be more.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<PageMeta>,
    /// What the request is called in logs.
    request_id: String,
    /// `timeout` where the search ended before the page was full, and there may be more.
    #[schemars(schema_with = "status")]
    status: &'static str,
    /// What is to be known of the answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
}

/// Where to go on.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct PageMeta {
    /// `page[cursor]` of the next page. Everything else is to be asked as before.
    after: String,
}

/// Something to be known of the answer.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Warning {
    /// What it is, for programs.
    code: &'static str,
    /// What it is, in a few words.
    title: &'static str,
    /// What to do about it.
    detail: &'static str,
}

const SEARCH_ENDED: Warning = Warning {
    code: "search_ended",
    title: "Search ended",
    detail: "the search has looked at as many events as one call may; go on with meta.page.after, or narrow the times",
};

fn kind(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": ["audit"]})
}

fn uuid(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "format": "uuid", "examples": ["3c1e2a5b-6d7f-4a80-9b1c-0d2e4f6a8b9c"]})
}

fn action(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": ["created", "modified", "deleted"]})
}

fn asset_type(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "examples": ["org_connection"]})
}

fn outcome(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": ["success", "refused"]})
}

fn actor_type(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": ["USER", "OPERATOR"]})
}

fn status_code(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "integer", "minimum": 400, "maximum": 499, "examples": [403]})
}

fn status(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": ["done", "timeout"]})
}

fn link(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "format": "uri-reference", "examples": [format!("{PATH}?page%5Bcursor%5D=AAAA&page%5Blimit%5D=10")]})
}

/// The columns differ with what was changed.
fn row(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "additionalProperties": true})
}

impl AuditEvents {
    /// Shows a page that took so many milliseconds.
    pub(crate) fn of(found: Found, elapsed: u64, request_id: &RequestId) -> Self {
        let Found { asked, events, after, has_given_up } = found;
        let next = after.as_ref().map(|after| format!("{PATH}?{}", AuditQuery::continued(&asked, after)));
        Self {
            data: events.into_iter().map(EventResource::of).collect(),
            links: next.map(|next| Links { next }),
            meta: Meta {
                elapsed,
                page: after.map(|after| PageMeta { after }),
                request_id: request_id.to_string(),
                status: if has_given_up { "timeout" } else { "done" },
                warnings: has_given_up.then_some(SEARCH_ENDED).into_iter().collect(),
            },
        }
    }
}

impl EventResource {
    fn of(event: AuditEvent) -> Self {
        let changes = match (event.before, event.after) {
            (None, None) => None,
            (before, after) => Some(Changes { before, after }),
        };
        let parts = Parts {
            action: event.action,
            asset: Asset { kind: event.asset_type, id: event.asset_id, name: event.asset_name },
            evt: Evt { outcome: event.outcome.as_str(), actor: EvtActor { kind: event.actor_type } },
            usr: event.user.map(|user| Usr { id: user.id, name: user.name, email: user.email }),
            org: event.org.map(|org| Org { id: org.id, name: org.name }),
            credential: event.credential,
            request_id: event.request_id,
            changes,
            http: event.refusal.as_ref().map(|refusal| Http { status_code: refusal.status }),
            refusal: event
                .refusal
                .map(|refusal| Refusal { reason: refusal.reason, unrecorded: refusal.unrecorded }),
        };
        let (timestamp, message) = (Text(event.at), event.message);
        let tags = vec![format!("outcome:{}", parts.evt.outcome)];
        let attributes = EventAttributes { timestamp, message, service: SERVICE, tags, attributes: parts };
        Self { kind: "audit", id: event.id.to_string(), attributes }
    }
}
