//! Restriction policies as they are shown and taken.
//!
//! Members that are not named here are ignored.

use std::fmt;
use std::str::FromStr;

use orgbridge_domain::restriction_policy::{Binding, Bindings, Relation};
use orgbridge_domain::{ConnectionId, NotAnId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::input::{expect_id, expect_type, text};
use super::resource::{Document, Resource, Text, TypeName};
use super::schema;
use crate::error::ApiError;
use crate::json::Object;

/// A connection as the calls about restriction policies name it: `cross-org-connection:` and its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RestrictedConnection(pub(crate) ConnectionId);

impl RestrictedConnection {
    /// What stands before the colon: the only kind of thing here for which there are policies.
    pub(crate) const KIND: &'static str = "cross-org-connection";
}

impl Resource for RestrictedConnection {
    const TYPE: &'static str = "restriction_policy";
}

impl fmt::Display for RestrictedConnection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", Self::KIND, self.0)
    }
}

impl FromStr for RestrictedConnection {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        match text.split_once(':') {
            Some((Self::KIND, id)) => id.parse().map(Self),
            _ => Err(NotAnId),
        }
    }
}

// Source: contract, section 4.
/// What an org says about a connection, and whose policy it is.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RestrictionPolicy")]
pub(crate) struct RestrictionPolicyResource {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    kind: TypeName<RestrictedConnection>,
    /// What it is about, the same as in the path.
    #[schemars(schema_with = "schema::restricted_connection")]
    id: Text<RestrictedConnection>,
    attributes: Attributes,
}

/// What is said.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Attributes {
    /// Who may do what. Where there are none, permissions are all that is asked for.
    #[schemars(length(max = 2))]
    bindings: Vec<ShownBinding>,
}

/// Those who stand to the connection in one way.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct ShownBinding {
    /// In which.
    #[schemars(schema_with = "schema::relation")]
    relation: &'static str,
    /// Who they are. Where there are none, nobody is.
    #[schemars(schema_with = "schema::principals")]
    principals: Vec<String>,
}

impl RestrictionPolicyResource {
    /// Shows what is said about a connection.
    pub(crate) fn of(connection: RestrictedConnection, bindings: &Bindings) -> Document<Self> {
        let shown = |binding: &Binding| ShownBinding {
            relation: binding.relation.as_str(),
            principals: binding.subjects.iter().map(ToString::to_string).collect(),
        };
        let bindings = bindings.as_slice().iter().map(shown).collect();
        Document::of(Self {
            kind: TypeName::new(),
            id: Text(connection),
            attributes: Attributes { bindings },
        })
    }
}

/// All that is to be said about a connection. Members that are not named here are ignored.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "RestrictionPolicyUpdateRequest")]
pub(crate) struct UpdateRestrictionPolicy {
    data: Object<UpdateData>,
}

/// The policy as it is to be.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct UpdateData {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    #[schemars(with = "TypeName<RestrictedConnection>")]
    kind: String,
    /// What it is about, the same as in the path.
    #[schemars(schema_with = "schema::restricted_connection")]
    id: String,
    attributes: Object<UpdateAttributes>,
}

/// What is to be said.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct UpdateAttributes {
    /// Who is to be able to do what, each relation once. They replace those before; without any, there is no policy.
    #[schemars(length(max = 2))]
    bindings: Vec<Object<NamedBinding>>,
}

/// Those who are to stand to the connection in one way.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct NamedBinding {
    /// In which.
    #[schemars(schema_with = "schema::relation")]
    relation: String,
    /// Who they are, none twice: the org itself, or a role or user of it. All bindings together name at most 100.
    #[schemars(schema_with = "schema::new_principals")]
    principals: Vec<String>,
}

impl NamedBinding {
    /// The binding that stands at `place`.
    fn read(&self, place: &str) -> Result<Binding, ApiError> {
        let relation: Relation = text(&format!("{place}.relation"), &self.relation)?;
        let principals = self.principals.iter().enumerate();
        let subjects = principals
            .map(|(position, named)| text(&format!("{place}.principals[{position}]"), named))
            .collect::<Result<_, _>>()?;
        Ok(Binding { relation, subjects })
    }
}

impl UpdateRestrictionPolicy {
    /// What is to be said about `connection`, which the path names.
    ///
    /// # Errors
    /// [`ApiError::Invalid`], also if the body names another connection.
    pub(crate) fn bindings_for(self, connection: RestrictedConnection) -> Result<Bindings, ApiError> {
        let Object(UpdateData { kind, id, attributes: Object(attributes) }) = self.data;
        expect_type::<RestrictedConnection>("data", &kind)?;
        expect_id(connection, &id)?;
        let bindings =
            attributes.bindings.iter().enumerate().map(|(position, Object(named))| {
                named.read(&format!("data.attributes.bindings[{position}]"))
            });
        let bindings = Bindings::new(bindings.collect::<Result<_, _>>()?);
        bindings.map_err(|problem| ApiError::Invalid(format!("data.attributes.bindings{problem}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a";

    fn read(kind: &str, id: &str, bindings: &str) -> Result<Bindings, String> {
        let body =
            format!(r#"{{"data":{{"type":"{kind}","id":"{id}","attributes":{{"bindings":{bindings}}}}}}}"#);
        let body: UpdateRestrictionPolicy = serde_json::from_str(&body).unwrap();
        body.bindings_for(RestrictedConnection(ID.parse().unwrap())).map_err(|error| match error {
            ApiError::Invalid(problem) => problem,
            other => format!("{other:?}"),
        })
    }

    #[test]
    fn what_is_right_converts() {
        let id = format!("cross-org-connection:{}", ID.to_uppercase());
        let bindings = format!(
            r#"[{{"relation":"viewer","principals":["org:{ID}","role:{ID}"]}},{{"relation":"editor","principals":[]}}]"#
        );
        let read = read("restriction_policy", &id, &bindings).unwrap();
        assert_eq!(read.to_string(), format!("viewer=org:{ID},role:{ID};editor="));
        assert_eq!(self::read("restriction_policy", &id, "[]"), Ok(Bindings::default()));
    }

    #[test]
    fn what_is_wrong_is_named_by_its_place() {
        let id = format!("cross-org-connection:{ID}");
        let wrong = |bindings| read("restriction_policy", &id, bindings).unwrap_err();
        for (bindings, problem) in [
            (
                r#"[{"relation":"owner","principals":[]}]"#,
                "data.attributes.bindings[0].relation: must be viewer",
            ),
            (
                r#"[{"relation":"viewer","principals":["org:me"]}]"#,
                "data.attributes.bindings[0].principals[0]: behind the colon: expected a UUID",
            ),
            (
                r#"[{"relation":"viewer","principals":["team:me"]}]"#,
                "data.attributes.bindings[0].principals[0]: must be org:, role: or user: with an id behind it; \
                 there are no teams here",
            ),
            (
                r#"[{"relation":"viewer","principals":[]},{"relation":"viewer","principals":[]}]"#,
                "data.attributes.bindings[1].relation: \"viewer\" is repeated",
            ),
        ] {
            assert!(wrong(bindings).starts_with(problem), "{}", wrong(bindings));
        }
        for (kind, id) in
            [("org_connection", &*id), ("restriction_policy", ID), ("restriction_policy", "dashboard:abc")]
        {
            assert!(read(kind, id, "[]").is_err(), "{kind} {id}");
        }
    }
}
