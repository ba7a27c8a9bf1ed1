//! The whole description from its parts.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use orgbridge_domain::{ApiKeyId, ApplicationKeyId, ConnectionId, Permission, RoleId, UserId};
use orgbridge_ledger::{Revision, Unavailable};
use schemars::{Schema, json_schema};
use serde_json::{Value, json};

use super::headers::{self, Origin};
use super::model::{
    Components, Content, Document, Example, Flow, Info, License, Link, NeededPermission, Operation, Place,
    RequestBody, Response, SecurityScheme, Server, Tag as TagText,
};
use super::outline::{Answer, Outline, Said, Schemas};
use super::{Tag, sample};
use crate::authorize::HTML;
use crate::dialect::{Dialect, OauthErrors, RegistrationErrors};
use crate::error::{ApiError, Errors};
use crate::extract::InPath as _;
use crate::freshness::{self, AT_LEAST, MAX_REVISION};
use crate::rate_limit::Exhausted;
use crate::reply::JSON;
use crate::router::{AUTHORIZE, Route, TOKEN};
use crate::wire::{Resource as _, RestrictedConnection};
use crate::{Access, LimitName, RateLimits};

/// The version of OpenAPI.
pub(super) const VERSION: &str = "3.1.0";

const API_KEY: &str = "apiKeyAuth";
const APPLICATION_KEY: &str = "appKeyAuth";
const OAUTH: &str = "oauth2";

const DESCRIPTION: &str = "\
Every error is `{\"errors\": [\"what\", \"where and why\"]}`. One slash at the end of a path changes nothing, and HEAD \
is answered wherever GET is. Parameters of the query and members of a body that are not described are ignored, except \
that credentials in a query are refused. What is no path is answered with 404, what is no method of a path with 405, \
too many of these with 429, and a host that the server does not answer for with 421: `NoSuchPath`, `NoSuchMethod`, \
`TooManyRequests` and `Misdirected` among the components. A request that is no valid HTTP is refused with 400, and one connection too many with 503, before it is counted or given a name.";

/// The description of the calls of a table.
pub(super) fn document(routes: &'static [Route]) -> Document {
    let mut schemas = Schemas::new();
    let errors = ErrorSchemas::of(&mut schemas);
    let said: Vec<_> = routes.iter().map(|route| (route, said_of(route, &mut schemas))).collect();
    let named = named(schemas);
    let operations = said.into_iter().map(|(route, said)| operation(route, said, &errors, &named));
    let mut operations: Vec<_> = operations.collect();
    link(&mut operations);
    Document {
        openapi: VERSION,
        info: Info {
            title: "Orgbridge",
            version: env!("CARGO_PKG_VERSION"),
            summary: "Connections between organizations: which may query what of whose telemetry.",
            description: DESCRIPTION,
            license: License { name: "Apache-2.0 OR MIT", identifier: "Apache-2.0 OR MIT" },
        },
        servers: [Server { url: "/" }],
        tags: Tag::ALL.map(|tag| TagText { name: tag.name(), description: tag.description() }).into(),
        operations,
        components: Components {
            responses: outside(&errors),
            headers: headers::components(),
            security_schemes: security_schemes(),
            schemas: named,
        },
    }
}

/// What the types of a call's handler say, and what stands beside it.
fn said_of(route: &Route, schemas: &mut Schemas) -> Said {
    let mut outline = Outline::new(schemas);
    (route.outline)(&mut outline);
    if freshness::is_asked_for_at(route.info.path) {
        ask_for_revisions(&mut outline);
    }
    let mut said = outline.finish();
    said.refusals.extend((route.prose.refusals)());
    said.refusals.extend(anywhere(route.info.limit));
    said
}

/// What every call of the API asks and refuses besides what its handler does.
fn ask_for_revisions(outline: &mut Outline<'_>) {
    let schema = json_schema!({"type": "integer", "minimum": 0, "maximum": MAX_REVISION});
    outline.header(
        AT_LEAST,
        "A revision that the answer has to know, as `x-orgbridge-revision` of another answer gives it. The server waits \
         as long as anything may be decided by old knowledge, two seconds unless the operator says otherwise.",
        schema,
    );
    outline.refusal(freshness::not_a_revision());
    let (asked, known) = (Revision::new(42), Revision::new(41));
    outline.refusal(ApiError::Unavailable(Unavailable::Behind { asked, known }));
}

fn operation(
    route: &'static Route,
    said: Said,
    errors: &ErrorSchemas,
    named: &BTreeMap<String, Schema>,
) -> Operation {
    let Route { info, prose, .. } = route;
    let Said { parameters, body, may_lack_body, refusals, answers } = said;
    let mut responses = refused(refusals, info.dialect, errors);
    responses.extend(answers.into_iter().map(|answer| (answer.status.as_u16(), succeeded(answer, named))));
    Operation {
        method: info.method.clone(),
        path: info.path,
        id: prose.id,
        tags: [prose.tag.name()],
        summary: prose.summary,
        description: prose.description,
        security: security(info.access),
        permission: needed(info.access),
        parameters,
        request_body: body.map(|(media_type, schema)| RequestBody {
            required: !may_lack_body,
            content: BTreeMap::from([(media_type, Content::with_example(schema, named))]),
        }),
        responses,
    }
}

fn succeeded(answer: Answer, named: &BTreeMap<String, Schema>) -> Response {
    let etag = answer.has_etag.then(|| (header::ETAG, HeaderValue::from_static("version")));
    let location = answer.has_location.then(|| (header::LOCATION, HeaderValue::from_static("elsewhere")));
    let content = answer.content.into_iter();
    Response {
        description: answer.description.to_owned(),
        headers: headers::of(Origin::Api, &[etag.into_iter().chain(location).collect()]),
        content: content
            .map(|(media_type, schema)| (media_type, Content::with_example(close(schema), named)))
            .collect(),
        links: BTreeMap::new(),
    }
}

/// The schemas with names. Nothing is shown but what is described, so what is shown is closed.
fn named(schemas: Schemas) -> BTreeMap<String, Schema> {
    let [taken, shown] = schemas.finish();
    let schema = |value: Value| Schema::try_from(value).unwrap_or_default();
    let taken = taken.into_iter().map(|(name, value)| (name, schema(value)));
    let shown = shown.into_iter().map(|(name, value)| (name, close(schema(value))));
    taken.chain(shown).collect()
}

/// Says of each object in a schema that it has no other members than those that are described.
fn close(mut schema: Schema) -> Schema {
    let says_nothing = schema.get("additionalProperties").is_none();
    if schema.get("type").is_some_and(|kind| kind == "object") && says_nothing {
        schema.insert("additionalProperties".to_owned(), false.into());
    }
    schemars::transform::transform_subschemas(
        &mut |inner: &mut Schema| *inner = close(std::mem::take(inner)),
        &mut schema,
    );
    schema
}

/// What every request may be refused with: that it asks the wrong host, that it is one too many, and a failure.
fn anywhere(limit: LimitName) -> Vec<ApiError> {
    let quota = RateLimits::default().quota(limit);
    let exhausted = quota.map(|quota| Exhausted::new(limit, quota, quota.period_seconds.get()));
    exhausted.map(ApiError::from).into_iter().chain([ApiError::Misdirected, ApiError::Panicked]).collect()
}

/// Whether the edge gives answers with this status, too.
fn origin(status: u16) -> Origin {
    let of_the_edge = [StatusCode::BAD_REQUEST, StatusCode::SERVICE_UNAVAILABLE];
    if of_the_edge.iter().any(|known| known.as_u16() == status) { Origin::ApiOrEdge } else { Origin::Api }
}

/// The schema of errors in each dialect.
struct ErrorSchemas(BTreeMap<Dialect, Schema>);

impl ErrorSchemas {
    fn of(schemas: &mut Schemas) -> Self {
        Self(BTreeMap::from([
            (Dialect::Api, schemas.shown::<Errors>()),
            (Dialect::Oauth, schemas.shown::<OauthErrors>()),
            (Dialect::Registration, schemas.shown::<RegistrationErrors>()),
        ]))
    }

    /// The schema of what is in any of `dialects`.
    fn in_any(&self, dialects: &BTreeSet<Dialect>) -> Schema {
        let mut schemas: Vec<_> =
            dialects.iter().filter_map(|dialect| self.0.get(dialect)).cloned().collect();
        if schemas.len() == 1 { schemas.remove(0) } else { json_schema!({"anyOf": schemas}) }
    }
}

/// All that is said of refusals with one status.
#[derive(Default)]
struct Refused {
    dialects: BTreeSet<Dialect>,
    headers: Vec<HeaderMap>,
    shown: Vec<Value>,
}

/// The answers that refusals become, by status.
fn refused(
    refusals: impl IntoIterator<Item = ApiError>,
    dialect: Dialect,
    errors: &ErrorSchemas,
) -> BTreeMap<u16, Response> {
    let mut by_status = BTreeMap::<u16, Refused>::new();
    for refusal in refusals {
        let headers = refusal.answer(dialect).headers().clone();
        let shown = refusal.body(dialect).and_then(|body| serde_json::from_slice(&body));
        let said = by_status.entry(refusal.status().as_u16()).or_default();
        said.dialects.insert(refusal.dialect(dialect));
        said.headers.push(headers);
        if dialect != Dialect::Page {
            said.shown.extend(shown);
        }
    }
    for (status, shown) in [
        (StatusCode::BAD_REQUEST, json!({"errors": ["Bad Request", "the Host header is missing"]})),
        (
            StatusCode::SERVICE_UNAVAILABLE,
            json!({"errors": ["Service Unavailable", "too many connections; close some, or try again later"]}),
        ),
    ] {
        let said = by_status.entry(status.as_u16()).or_default();
        said.dialects.insert(Dialect::Api);
        said.shown.push(shown);
    }
    let response = |(status, Refused { dialects, headers, shown }): (u16, Refused)| {
        let (pages, data): (BTreeSet<_>, BTreeSet<_>) =
            dialects.into_iter().partition(|dialect| *dialect == Dialect::Page);
        let mut content = BTreeMap::new();
        if !pages.is_empty() {
            content.insert(HTML, Content::with_examples(json_schema!({"type": "string"})));
        }
        if !data.is_empty() {
            let mut data = Content::with_examples(errors.in_any(&data));
            let numbered = shown.into_iter().zip(1..);
            data.examples = numbered.map(|(value, number)| (number.to_string(), Example { value })).collect();
            content.insert(JSON, data);
        }
        let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
        let response = Response {
            description: reason.unwrap_or_default().to_owned(),
            headers: headers::of(origin(status), &headers),
            content,
            links: BTreeMap::new(),
        };
        (status, response)
    };
    by_status.into_iter().map(response).collect()
}

/// The answers to what is no call.
fn outside(errors: &ErrorSchemas) -> BTreeMap<&'static str, Response> {
    let refusals = [ApiError::NoSuchPath, ApiError::NoSuchMethod("GET, HEAD".to_owned())].into_iter();
    let mut responses = refused(refusals.chain(anywhere(LimitName::UnknownRoute)), Dialect::Api, errors);
    let mut take = |status: StatusCode| responses.remove(&status.as_u16()).unwrap_or_default();
    let (no_path, mut no_method) = (take(StatusCode::NOT_FOUND), take(StatusCode::METHOD_NOT_ALLOWED));
    // The router adds it.
    let allow = HeaderMap::from_iter([(header::ALLOW, HeaderValue::from_static("GET,HEAD"))]);
    no_method.headers.extend(headers::of(Origin::Api, &[allow]));
    let too_many = take(StatusCode::TOO_MANY_REQUESTS);
    let misdirected = take(StatusCode::MISDIRECTED_REQUEST);
    BTreeMap::from([
        ("NoSuchPath", no_path),
        ("NoSuchMethod", no_method),
        ("TooManyRequests", too_many),
        ("Misdirected", misdirected),
    ])
}

/// What a caller has to show.
fn security(access: Access) -> Vec<BTreeMap<&'static str, Vec<&'static str>>> {
    let keys = || BTreeMap::from([(API_KEY, Vec::new()), (APPLICATION_KEY, Vec::new())]);
    match access {
        Access::Anyone => Vec::new(),
        Access::ApiKey => vec![BTreeMap::from([(API_KEY, Vec::new())])],
        Access::Credentials => vec![keys(), BTreeMap::from([(OAUTH, Vec::new())])],
        Access::Permission(permission) => vec![keys(), BTreeMap::from([(OAUTH, vec![permission.as_str()])])],
        Access::AnyOf(permissions) => {
            let tokens =
                permissions.iter().map(|permission| BTreeMap::from([(OAUTH, vec![permission.as_str()])]));
            std::iter::once(keys()).chain(tokens).collect()
        }
    }
}

/// The permissions of which a caller has to hold one.
fn needed(access: Access) -> Option<NeededPermission> {
    let permissions = match access {
        Access::Permission(permission) => vec![permission.as_str()],
        Access::AnyOf(permissions) => permissions.iter().map(|permission| permission.as_str()).collect(),
        Access::Anyone | Access::ApiKey | Access::Credentials => return None,
    };
    Some(NeededPermission { operator: "OR", permissions })
}

fn security_schemes() -> BTreeMap<&'static str, SecurityScheme> {
    let header = |name, description| SecurityScheme::ApiKey { place: "header", name, description };
    let scopes =
        || Permission::ALL.iter().map(|permission| (permission.as_str(), permission.description())).collect();
    let flow = |authorization_url| Flow {
        authorization_url,
        token_url: TOKEN,
        refresh_url: authorization_url.map(|_| TOKEN),
        scopes: scopes(),
    };
    BTreeMap::from([
        (API_KEY, header("DD-API-KEY", "A key of an organization.")),
        (
            APPLICATION_KEY,
            header(
                "DD-APPLICATION-KEY",
                "A key of a user of the same organization. Its scopes, where it has any, cut the user's permissions.",
            ),
        ),
        (
            OAUTH,
            SecurityScheme::Oauth2 {
                description: "An access token in the header `Authorization`, behind the word `Bearer`. Its scopes cut the \
                              permissions of the user whom it stands for.",
                flows: BTreeMap::from([
                    ("authorizationCode", flow(Some(AUTHORIZE))),
                    ("clientCredentials", flow(None)),
                ]),
            },
        ),
    ])
}

/// What the id of a thing of a type is called in paths.
const NAMED_IN_PATHS: [(&str, &str); 6] = [
    (ConnectionId::TYPE, ConnectionId::PARAMETER),
    (ApiKeyId::TYPE, ApiKeyId::PARAMETER),
    (ApplicationKeyId::TYPE, ApplicationKeyId::PARAMETER),
    (RoleId::TYPE, RoleId::PARAMETER),
    (UserId::TYPE, UserId::PARAMETER),
    (RestrictedConnection::TYPE, RestrictedConnection::PARAMETER),
];

/// Where in an answer what it shows may stand, and where its id does then.
const SHOWN: [(&str, &str); 2] = [("/data", "/data/id"), ("/data/0", "/data/0/id")];

/// What is taken from lists as well: whoever follows the links of the description must not delete the key that they
/// show, or disable themselves.
const TAKEN_FROM_LISTS: [&str; 1] = [ConnectionId::PARAMETER];

/// Says of each answer that shows something which calls of the same collection take its id.
fn link(operations: &mut [Operation]) {
    let followers: Vec<_> = operations.iter().filter_map(Follower::of).collect();
    for operation in operations {
        for status in [StatusCode::OK, StatusCode::CREATED] {
            let Some(response) = operation.responses.get_mut(&status.as_u16()) else { continue };
            let Some((parameter, pointer)) = response.shown() else { continue };
            let others = followers.iter().filter(|follower| {
                follower.operation_id != operation.id
                    && follower.parameter == parameter
                    && follower.collection == collection(operation.path)
            });
            response.links = others.map(|follower| (follower.operation_id, follower.link(pointer))).collect();
        }
    }
}

/// A path as far as its first variable segment.
fn collection(path: &str) -> &str {
    path.split_once("/{").map_or(path, |(collection, _)| collection)
}

impl Response {
    /// What is shown, as paths call its id, and where that id stands.
    fn shown(&self) -> Option<(&'static str, &'static str)> {
        let example = self.content.get(JSON)?.example.as_ref()?;
        let kind_at = |place: &str| example.pointer(place).and_then(|data| data.get("type"));
        SHOWN.into_iter().find_map(|(place, pointer)| {
            let kind = kind_at(place)?;
            let (_, parameter) = NAMED_IN_PATHS.into_iter().find(|(known, _)| kind == known)?;
            let is_taken = place == "/data" || TAKEN_FROM_LISTS.contains(&parameter);
            is_taken.then_some((parameter, pointer))
        })
    }
}

/// A call that takes the id of something in a collection, in its path and perhaps once more in its body.
struct Follower {
    operation_id: &'static str,
    collection: &'static str,
    parameter: &'static str,
    repeats_id: bool,
}

impl Follower {
    fn of(operation: &Operation) -> Option<Self> {
        let parameter = operation.parameters.iter().find(|parameter| parameter.place == Place::Path)?.name;
        let body = operation.request_body.as_ref().and_then(|body| body.content.get(JSON));
        let data = body.and_then(|content| content.example.as_ref()).and_then(|example| example.get("data"));
        // A body may also name something else than its path does.
        let repeats_id = data.is_some_and(|data| {
            let is_named = |(kind, name): &(&str, &str)| *name == parameter && data["type"] == **kind;
            data.get("id").is_some() && NAMED_IN_PATHS.iter().any(is_named)
        });
        let collection = collection(operation.path);
        Some(Self { operation_id: operation.id, collection, parameter, repeats_id })
    }

    fn link(&self, pointer: &str) -> Link {
        let id = format!("$response.body#{pointer}");
        Link {
            operation_id: self.operation_id,
            request_body: self.repeats_id.then(|| json!({"data": {"id": &id}})),
            parameters: BTreeMap::from([(self.parameter, id)]),
        }
    }
}

impl Content {
    fn with_example(schema: Schema, named: &BTreeMap<String, Schema>) -> Self {
        let example = Some(sample::of(schema.as_value(), named));
        Self { schema, example, examples: BTreeMap::new() }
    }

    fn with_examples(schema: Schema) -> Self {
        Self { schema, example: None, examples: BTreeMap::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::router::ROUTES;

    #[test]
    fn nothing_that_is_taken_has_the_name_of_something_that_is_shown() {
        let mut schemas = Schemas::new();
        for route in &ROUTES {
            said_of(route, &mut schemas);
        }
        let [taken, shown] = schemas.finish();
        assert!(taken.keys().all(|name| !shown.contains_key(name)), "{:?}", taken.keys());
        assert!(!taken.is_empty() && !shown.is_empty());
    }

    #[test]
    fn an_object_that_says_nothing_of_other_members_has_none() {
        let schema = json!({"type": "object", "properties": {
            "list": {"type": "array", "items": {"type": "object"}},
            "open": {"type": "object", "additionalProperties": true},
        }});
        let closed = close(Schema::try_from(schema).unwrap());
        assert_eq!(
            closed.as_value(),
            &json!({"type": "object", "additionalProperties": false, "properties": {
                "list": {"type": "array", "items": {"type": "object", "additionalProperties": false}},
                "open": {"type": "object", "additionalProperties": true},
            }})
        );
    }
}
