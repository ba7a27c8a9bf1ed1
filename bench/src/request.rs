//! The bytes that a client sends.

use orgbridge_domain::{ConnectionId, ConnectionType, OrgId, TokenSecret};

use crate::population::{Keys, Question};

const CONNECTIONS: &str = "/api/v2/org_connections";

/// A request for a connection.
pub(crate) fn read(keys: &Keys, id: ConnectionId) -> Vec<u8> {
    request(&with_keys(keys), "GET", &format!("{CONNECTIONS}/{id}"), "")
}

/// The same by an access token.
pub(crate) fn read_with_token(token: &TokenSecret, id: ConnectionId) -> Vec<u8> {
    let credentials = format!("Authorization: Bearer {}\r\n", token.expose());
    request(&credentials, "GET", &format!("{CONNECTIONS}/{id}"), "")
}

/// A request for all connections of the org whose keys these are.
pub(crate) fn list(keys: &Keys) -> Vec<u8> {
    request(&with_keys(keys), "GET", CONNECTIONS, "")
}

/// A search of the audit trail.
pub(crate) fn audit(keys: &Keys, query: &str) -> Vec<u8> {
    request(&with_keys(keys), "GET", &format!("/api/v2/audit/events?{query}"), "")
}

/// A request that makes a connection share logs and one type more.
pub(crate) fn update(keys: &Keys, id: ConnectionId, other: ConnectionType) -> Vec<u8> {
    let body = format!(
        r#"{{"data":{{"type":"org_connection","id":"{id}","attributes":{{"connection_types":["logs","{other}"]}}}}}}"#
    );
    request(&with_keys(keys), "PATCH", &format!("{CONNECTIONS}/{id}"), &body)
}

/// A request for a decision.
pub(crate) fn evaluate(keys: &Keys, question: &Question) -> Vec<u8> {
    let Question { sink, source, wanted, .. } = question;
    let body = format!(
        r#"{{"subject":{{"type":"org","id":"{sink}"}},"action":{{"name":"read"}},"resource":{{"type":"{wanted}","id":"{source}"}}}}"#
    );
    request(&with_keys(keys), "POST", "/access/v1/evaluation", &body)
}

/// The same for Cerbos, which is told with whom logs are shared.
pub(crate) fn evaluate_at_peer(question: &Question, sinks: &[OrgId]) -> Vec<u8> {
    let Question { sink, source, .. } = question;
    let sinks: Vec<_> = sinks.iter().map(|sink| format!(r#""{sink}""#)).collect();
    let body = format!(
        r#"{{"principal":{{"id":"{sink}","roles":["org"]}},"resources":[{{"actions":["read"],"resource":{{"kind":"logs","id":"{source}","attr":{{"sinks":[{}]}}}}}}]}}"#,
        sinks.join(",")
    );
    request("", "POST", "/api/check/resources", &body)
}

/// Lines of a head that show keys.
pub(crate) fn with_keys(keys: &Keys) -> String {
    let (api_key, application_key) = (keys.api_key.expose(), keys.application_key.expose());
    format!("DD-API-KEY: {api_key}\r\nDD-APPLICATION-KEY: {application_key}\r\n")
}

fn request(credentials: &str, method: &str, path: &str, body: &str) -> Vec<u8> {
    let entity = match body.len() {
        0 => String::new(),
        length => format!("Content-Type: application/json\r\nContent-Length: {length}\r\n"),
    };
    format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\
         {credentials}{entity}\r\n{body}"
    )
    .into_bytes()
}
