//! The headers of answers.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, header};
use schemars::{Schema, json_schema};

use super::model::{Header, Reference};
use crate::LimitName;
use crate::freshness::{MAX_REVISION, REVISION};

const ETAG: &str = "ETag";
const ALLOW: &str = "Allow";
const LOCATION: &str = "Location";
const RETRY_AFTER: &str = "Retry-After";
const WWW_AUTHENTICATE: &str = "WWW-Authenticate";

/// Those that the API puts on each of its answers.
const COMMON: [&str; 7] = [
    REVISION,
    "x-ratelimit-limit",
    "x-ratelimit-name",
    "x-ratelimit-period",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-request-id",
];

/// What stands before the name of a header that may be missing.
const PERHAPS: &str = "optional-";

/// Whether only the API gives an answer with a certain status, or also the edge before it, which knows neither
/// limits nor the names of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Api,
    ApiOrEdge,
}

/// The headers of answers with one status: those that all have, and those of `others` that are described. What not each
/// of `others` has may be missing.
pub(super) fn of(origin: Origin, others: &[HeaderMap]) -> BTreeMap<&'static str, Reference> {
    let special = [
        (header::ALLOW, ALLOW),
        (header::ETAG, ETAG),
        (header::LOCATION, LOCATION),
        (header::RETRY_AFTER, RETRY_AFTER),
        (header::WWW_AUTHENTICATE, WWW_AUTHENTICATE),
    ];
    let special = special.into_iter().filter_map(|(name, shown)| {
        let having = others.iter().filter(|headers| headers.contains_key(&name)).count();
        (having > 0).then_some((shown, having == others.len()))
    });
    COMMON
        .into_iter()
        .map(|name| (name, true))
        .chain(special)
        .map(|(name, is_certain)| {
            let prefix = if origin == Origin::Api && is_certain { "" } else { PERHAPS };
            (name, Reference::to_header(&format!("{prefix}{name}")))
        })
        .collect()
}

/// Every header that [`of`] refers to.
pub(super) fn components() -> BTreeMap<String, Header> {
    let described = all();
    let perhaps = described
        .iter()
        .filter(|(name, ..)| COMMON.contains(name) || [RETRY_AFTER, WWW_AUTHENTICATE].contains(name));
    let perhaps = perhaps.map(|(name, description, schema)| {
        (format!("{PERHAPS}{name}"), Header { description, required: false, schema: schema.clone() })
    });
    let always = described.iter().map(|(name, description, schema)| {
        ((*name).to_owned(), Header { description, required: true, schema: schema.clone() })
    });
    always.chain(perhaps).collect()
}

fn all() -> [(&'static str, &'static str, Schema); 12] {
    let whole = |minimum: u32| json_schema!({"type": "integer", "minimum": minimum, "maximum": u32::MAX});
    let limits: Vec<_> = LimitName::ALL.iter().map(|name| name.as_str()).collect();
    [
        (
            REVISION,
            "The revision by which the answer was made: how many changes it knows. After a change it knows the change. \
             Sent as x-orgbridge-at-least, it makes any server of the deployment answer from a state that knows as many.",
            json_schema!({"type": "integer", "minimum": 0, "maximum": MAX_REVISION}),
        ),
        ("x-ratelimit-limit", "How many requests the limit takes in each period.", whole(1)),
        (
            "x-ratelimit-name",
            "The limit that the request was charged to.",
            json_schema!({"type": "string", "enum": limits}),
        ),
        ("x-ratelimit-period", "How long a period is, in seconds.", whole(1)),
        ("x-ratelimit-remaining", "How many more requests the limit takes in this period.", whole(0)),
        ("x-ratelimit-reset", "Seconds until the next period begins, rounded up.", whole(0)),
        (
            "x-request-id",
            "The name of the request in logs and in the audit log: the x-request-id that the request itself \
             carries, where that is 1 to 64 letters, digits, hyphens, dots and underscores, and otherwise a new one.",
            json_schema!({"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"}),
        ),
        (
            ALLOW,
            "The methods that the path takes.",
            json_schema!({"type": "string", "examples": ["GET,HEAD,POST"]}),
        ),
        (
            ETAG,
            "The version of the document. A request that carries it as If-None-Match is answered with 304 for as \
             long as there is no other.",
            json_schema!({"type": "string", "pattern": "^\"[0-9a-f]{32}\"$"}),
        ),
        (LOCATION, "Where the browser is sent.", json_schema!({"type": "string", "minLength": 1})),
        (RETRY_AFTER, "Seconds after which the same call may succeed.", whole(0)),
        (
            WWW_AUTHENTICATE,
            "The kinds of credentials that are taken.",
            json_schema!({"type": "string", "minLength": 1}),
        ),
    ]
}
