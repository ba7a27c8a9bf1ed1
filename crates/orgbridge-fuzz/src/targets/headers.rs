//! Heads of requests: credentials, the host, names of requests, revisions.

use http::{HeaderName, HeaderValue, Request};
use orgbridge_testkit::{Persona, Reply, TestServerBuilder};

use crate::Target;
use crate::in_memory::{InMemory, assert_explains};
use crate::target::Prepared;

/// Each line is a header. `@api`, `@app` and `@token` are what is good for the list of connections.
pub(crate) const TARGET: Target = Target {
    name: "headers",
    about: "headers: credentials, the host, names of requests, revisions",
    prepare,
};

/// The headers that say who somebody is.
const CREDENTIALS: [&str; 3] = ["dd-api-key", "dd-application-key", "authorization"];

const SITE_HOST: &str = "api.datadoghq.com";

/// A revision that is asked for within these is there already. Others would be waited for.
const KNOWN_REVISION: u64 = 20;

fn prepare() -> Prepared {
    let api = InMemory::with(TestServerBuilder::default().answering_for(["datadoghq.com"]));
    let of = |persona: Persona, name: &str| {
        persona
            .credentials()
            .into_iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
            .unwrap_or_default()
    };
    let (api_key, application_key) =
        (of(Persona::SourceAdmin, "dd-api-key"), of(Persona::SourceAdmin, "dd-application-key"));
    let token = of(Persona::Token, "authorization").replace("Bearer ", "");
    Box::new(move |bytes| {
        let text: Vec<u8> = [("@api", &api_key), ("@app", &application_key), ("@token", &token)]
            .into_iter()
            .fold(bytes.to_vec(), |text, (short, long)| replaced(&text, short.as_bytes(), long.as_bytes()));
        let headers: Vec<_> = text.split(|byte| *byte == b'\n').filter_map(header).collect();
        let values = |wanted: &str| -> Vec<&[u8]> {
            let wanted = headers.iter().filter(|(name, _)| name == wanted);
            wanted.map(|(_, value)| value.as_bytes()).collect()
        };
        if let [asked] = values("x-orgbridge-at-least")[..] {
            let number = std::str::from_utf8(asked).ok().and_then(|text| text.parse::<u64>().ok());
            if number.is_some_and(|number| number > KNOWN_REVISION) {
                return;
            }
        }
        let mut request = Request::get("/api/v2/org_connections");
        for (name, value) in &headers {
            request = request.header(name, value);
        }
        let Some(reply) = api.send(request.body(Vec::new()).expect("a request")) else { return };
        if reply.status() >= 400 {
            assert_explains(&reply);
        }
        check_name(&reply, &values("x-request-id"));
        let good = |name: &str, expected: &str| matches!(values(name)[..], [only] if only.trim_ascii() == expected.as_bytes());
        let is_asked = matches!(values("host")[..], [host] if is_site(host));
        let is_once = CREDENTIALS.iter().all(|name| values(name).len() < 2);
        let has_keys = good("dd-api-key", &api_key) && good("dd-application-key", &application_key);
        let is_bearer = matches!(values("authorization")[..], [only] if is_bearer_of(only, &token));
        assert!(is_asked || reply.status() == 421, "another host was answered for: {reply}");
        if reply.status() == 200 {
            assert!(is_once && (has_keys || is_bearer), "somebody was let in by something else: {reply}");
        } else if is_asked && is_once && has_keys && values("x-orgbridge-at-least").is_empty() {
            panic!("somebody was kept out by something else: {reply}");
        }
    })
}

fn header(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = HeaderName::from_bytes(&line[..colon]).ok()?;
    Some((name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?))
}

fn replaced(text: &[u8], short: &[u8], long: &[u8]) -> Vec<u8> {
    let mut result = Vec::new();
    let mut rest = text;
    while let Some(place) = rest.windows(short.len()).position(|part| part == short) {
        result.extend_from_slice(&rest[..place]);
        result.extend_from_slice(long);
        rest = &rest[place + short.len()..];
    }
    result.extend_from_slice(rest);
    result
}

fn is_site(host: &[u8]) -> bool {
    let host = String::from_utf8_lossy(host);
    let (name, port) = host.split_once(':').unwrap_or((&host, ""));
    name.eq_ignore_ascii_case(SITE_HOST) && port.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_bearer_of(value: &[u8], token: &str) -> bool {
    let value = String::from_utf8_lossy(value);
    let behind = value.trim_ascii().split_at_checked("Bearer ".len());
    behind
        .is_some_and(|(word, rest)| word.eq_ignore_ascii_case("Bearer ") && rest.trim_ascii_start() == token)
}

/// A request has a name that no header and no log line minds, and it is the caller's where that is such a name.
fn check_name(reply: &Reply, given: &[&[u8]]) {
    let name = reply.header("x-request-id").expect("a name");
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    assert!(!name.is_empty() && name.len() <= 128 && name.bytes().all(is_plain), "{name}");
    if let [only] = given
        && !only.is_empty()
        && only.len() <= 32
        && only.iter().all(|byte| is_plain(*byte))
    {
        assert_eq!(name.as_bytes(), *only);
    }
}
