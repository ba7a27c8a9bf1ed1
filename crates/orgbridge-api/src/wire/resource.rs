//! The building blocks of JSON:API, and no more of them than are used.

use std::fmt::Display;

use serde::{Serialize, Serializer};

pub(crate) const CONNECTION_TYPE: &str = "org_connection";
pub(crate) const ORG_TYPE: &str = "orgs";
pub(crate) const ROLE_TYPE: &str = "roles";
pub(crate) const USER_TYPE: &str = "users";

/// A value that is shown as the string it displays as: ids and times, which don't know the wire.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<T>(pub(crate) T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// An answer that is about one thing; also a relationship to one thing, or to several.
#[derive(Debug, Serialize)]
pub(crate) struct Document<T> {
    data: T,
}

impl<T> Document<T> {
    pub(crate) const fn of(data: T) -> Self {
        Self { data }
    }
}

/// `{}`.
#[derive(Debug, Serialize)]
pub(crate) struct Empty {}

/// Names a resource that is shown elsewhere, or not at all.
#[derive(Debug, Serialize)]
#[serde(bound = "Id: Display")]
pub(crate) struct Identifier<Id> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: Text<Id>,
}

impl<Id> Identifier<Id> {
    pub(crate) const fn new(kind: &'static str, id: Id) -> Self {
        Self { kind, id: Text(id) }
    }
}
