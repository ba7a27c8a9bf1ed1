//! One answer.

use std::fmt;

use http::{HeaderMap, Method};
use serde_json::Value;

use crate::{Description, layout};

/// What every answer of the API says of its rate limit, besides the limit's name.
const NUMBERS: [&str; 4] =
    ["x-ratelimit-limit", "x-ratelimit-period", "x-ratelimit-remaining", "x-ratelimit-reset"];

/// An answer. It displays as its status and its body, broken into lines where it is long.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Reply {
    pub(crate) fn new(status: u16, headers: HeaderMap, body: &[u8]) -> Self {
        Self { status, headers, body: String::from_utf8(body.to_vec()).expect("an answer in UTF-8") }
    }

    /// Its status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Its body, byte by byte.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// Its body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// What stands in its body at a JSON pointer, as text.
    pub fn at(&self, pointer: &str) -> String {
        match self.json().pointer(pointer) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => panic!("nothing at {pointer} in {self}"),
        }
    }

    /// The types of the one connection that it shows.
    pub fn types(&self) -> Vec<String> {
        serde_json::from_str(&self.at("/data/attributes/connection_types")).expect("a list of types")
    }

    /// The ids of the connections that it lists, in order.
    pub fn ids(&self) -> Vec<String> {
        let json = self.json();
        let data = json["data"].as_array().unwrap_or_else(|| panic!("no list: {self}"));
        data.iter().map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
    }

    /// A header, where it is given once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let only = values.next()?;
        assert_eq!(values.next(), None, "{name} is given more than once");
        Some(only.to_str().expect("a header in ASCII"))
    }

    /// Every header of it.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The cookies that it gives a browser, each with what is said of it.
    pub fn cookies(&self) -> Vec<&str> {
        let values = self.headers.get_all("set-cookie").iter();
        values.map(|value| value.to_str().expect("a header in ASCII")).collect()
    }

    /// Whether it is no data but a text with versions, or says that there is no other version.
    fn is_document(&self) -> bool {
        self.header("etag").is_some()
    }

    /// What every answer of the API has in common.
    pub(crate) fn check(&self, method: &Method, path: &str) {
        assert_ne!(self.status, 500, "the server failed: {self}");
        Description::of_the_program().check(method, path, self.status, &self.headers, &self.body);
        for name in NUMBERS {
            let value = self.header(name).unwrap_or_else(|| panic!("{name} is missing: {self}"));
            assert!(value.bytes().all(|byte| byte.is_ascii_digit()), "{name}: {value}");
        }
        assert!(self.header("x-ratelimit-name").is_some_and(|name| !name.is_empty()), "{self}");
        let revision = self.header("x-orgbridge-revision").unwrap_or_else(|| panic!("no revision: {self}"));
        assert!(revision.bytes().all(|byte| byte.is_ascii_digit()), "{revision}");
        assert!(self.header("x-request-id").is_some_and(|id| !id.is_empty()), "{self}");
        if method == Method::HEAD {
            assert_eq!(self.body, "");
        } else if [204, 303].contains(&self.status) {
            assert_eq!((self.header("content-type"), self.body.as_str()), (None, ""), "{self}");
        } else if self.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
            assert!(self.body.starts_with("<!doctype html>\n"), "{self}");
        } else if !self.is_document() {
            assert_eq!(self.header("content-type"), Some("application/json"), "{self}");
            let line =
                self.body.strip_suffix('\n').unwrap_or_else(|| panic!("no newline at the end: {self}"));
            assert!(!line.contains('\n'), "more than one line: {self}");
            self.json();
        }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = self.body.trim_end_matches('\n');
        let body = if self.is_document() { body.to_owned() } else { layout::lines(body) };
        write!(formatter, "{} {body}", self.status)
    }
}
