//! What a connection is made or updated from.
//!
//! Members that are not named here are ignored: neither the source nor the creator, the id or a time is
//! ever taken from a body.

use orgbridge_domain::{ConnectionId, ConnectionTypes, OrgId, Refusal, TypesProblem, WhyNotAllowed};
use schemars::JsonSchema;
use serde::Deserialize;

use super::input::{expect_id, expect_type};
use super::resource::{Text, TypeName};
use super::schema;
use crate::error::ApiError;
use crate::json::Object;

/// What a connection is made from. Members that are not named here are ignored.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "OrgConnectionCreateRequest")]
pub(crate) struct CreateConnection {
    data: Object<CreateData>,
}

/// The connection to be.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct CreateData {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    #[schemars(with = "TypeName<ConnectionId>")]
    kind: String,
    attributes: Object<Attributes>,
    relationships: Object<Relationships>,
}

/// What a connection is to share from now on. Members that are not named here are ignored.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "OrgConnectionUpdateRequest")]
pub(crate) struct UpdateConnection {
    data: Object<UpdateData>,
}

/// The connection as it is to be.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct UpdateData {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    #[schemars(with = "TypeName<ConnectionId>")]
    kind: String,
    /// Its id, the same as in the path.
    #[schemars(with = "Text<ConnectionId>")]
    id: String,
    attributes: Object<Attributes>,
}

/// What is shared.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct Attributes {
    /// What the sink may query. It replaces what was shared before, and the order is kept.
    #[schemars(schema_with = "schema::connection_types")]
    connection_types: Vec<String>,
}

/// With whom.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct Relationships {
    sink_org: Object<SinkOrg>,
}

/// The org that is to be shown something.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct SinkOrg {
    data: Object<SinkOrgData>,
}

/// Names the org.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
struct SinkOrgData {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    #[schemars(with = "Option<TypeName<OrgId>>")]
    kind: Option<String>,
    /// Its id: another org of the same account.
    #[schemars(with = "Text<OrgId>", extend("examples" = ["83999dcd-7f97-11f0-8de1-1ecf66f1aa85"]))]
    id: String,
}

impl CreateConnection {
    /// The sink of the connection and what `source` is to share with it.
    ///
    /// # Errors
    /// [`ApiError::Invalid`], [`Refusal::NoSink`] if the sink's id is no id, and [`Refusal::NotAllowed`] if
    /// a type is repeated: here, unlike on update, the real service blames the pair for it.
    pub(crate) fn sink_and_types(self, source: OrgId) -> Result<(OrgId, ConnectionTypes), ApiError> {
        let Object(CreateData { kind, attributes, relationships: Object(relationships) }) = self.data;
        let Object(SinkOrg { data: Object(sink) }) = relationships.sink_org;
        expect_type::<ConnectionId>("data", &kind)?;
        if let Some(kind) = &sink.kind {
            expect_type::<OrgId>("data.relationships.sink_org.data", kind)?;
        }
        let types = match attributes.0.parse() {
            Err(problem @ (TypesProblem::Empty | TypesProblem::Unknown { .. })) => {
                return Err(invalid_types(&problem));
            }
            types => types,
        };
        let sink = sink.id.parse().map_err(|_| Refusal::NoSink)?;
        let not_allowed = |problem| {
            let why = WhyNotAllowed::Types(problem);
            Refusal::NotAllowed { source_org: source, sink_org: sink, why }
        };
        Ok((sink, types.map_err(not_allowed)?))
    }
}

impl UpdateConnection {
    /// What the connection `id`, which the path names, is to share.
    ///
    /// # Errors
    /// [`ApiError::Invalid`], also if the body names another connection.
    pub(crate) fn types_for(self, id: ConnectionId) -> Result<ConnectionTypes, ApiError> {
        let Object(UpdateData { kind, id: named, attributes }) = self.data;
        expect_type::<ConnectionId>("data", &kind)?;
        expect_id(id, &named)?;
        attributes.0.parse().map_err(|problem| invalid_types(&problem))
    }
}

impl Attributes {
    fn parse(&self) -> Result<ConnectionTypes, TypesProblem> {
        ConnectionTypes::parse(self.connection_types.iter().map(String::as_str))
    }
}

fn invalid_types(problem: &TypesProblem) -> ApiError {
    ApiError::Invalid(format!("data.attributes.connection_types{problem}"))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const SINK: &str = "83999dcd-7f97-11f0-8de1-1ecf66f1aa85";
    const CONNECTION: &str = "f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a";

    fn source() -> OrgId {
        OrgId::new(Uuid::from_u128(1))
    }

    fn create(kind: &str, types: &str, sink: &str) -> Result<(OrgId, ConnectionTypes), String> {
        let body = format!(
            r#"{{"data":{{"type":"{kind}","attributes":{{"connection_types":{types}}},
                "relationships":{{"sink_org":{{"data":{sink}}}}}}}}}"#
        );
        let body: CreateConnection = serde_json::from_str(&body).unwrap();
        body.sink_and_types(source()).map_err(|error| format!("{error:?}"))
    }

    fn update(kind: &str, id: &str, types: &str) -> Result<ConnectionTypes, String> {
        let body = format!(
            r#"{{"data":{{"type":"{kind}","id":"{id}","attributes":{{"connection_types":{types}}}}}}}"#
        );
        let body: UpdateConnection = serde_json::from_str(&body).unwrap();
        body.types_for(CONNECTION.parse().unwrap()).map_err(|error| format!("{error:?}"))
    }

    #[test]
    fn what_is_right_converts() {
        let types = ConnectionTypes::parse(["metrics", "logs"]).unwrap();
        let sink = (SINK.parse().unwrap(), types);
        for data in [
            format!(r#"{{"id":"{SINK}"}}"#),
            format!(r#"{{"id":"{}","type":"orgs","name":""}}"#, SINK.to_uppercase()),
            format!(r#"{{"id":"{SINK}","type":null}}"#),
        ] {
            assert_eq!(create("org_connection", r#"["metrics","logs"]"#, &data), Ok(sink), "{data}");
        }
        for id in [CONNECTION.to_owned(), CONNECTION.to_uppercase()] {
            assert_eq!(update("org_connection", &id, r#"["metrics","logs"]"#), Ok(types));
        }
    }

    #[test]
    fn what_is_wrong_is_named_by_its_place() {
        let sink = format!(r#"{{"id":"{SINK}"}}"#);
        let kind = |kind, sink: &str| create(kind, r#"["logs"]"#, sink).unwrap_err();
        assert_eq!(kind("orgs", &sink), r#"Invalid("data.type: must be \"org_connection\"")"#);
        assert_eq!(
            kind("org_connection", &format!(r#"{{"id":"{SINK}","type":"users"}}"#)),
            r#"Invalid("data.relationships.sink_org.data.type: must be \"orgs\"")"#
        );
        assert_eq!(kind("org_connection", r#"{"id":"me"}"#), "Refused(NoSink)");
        let types = |types| create("org_connection", types, &sink).unwrap_err();
        assert!(types("[]").starts_with(r#"Invalid("data.attributes.connection_types: at least one"#));
        assert!(types(r#"["Logs"]"#).starts_with(r#"Invalid("data.attributes.connection_types[0]: "#));
        assert!(types(r#"["logs","logs"]"#).starts_with("Refused(NotAllowed"));

        let update = |kind, id, types| update(kind, id, types).unwrap_err();
        assert_eq!(
            update("org_connections", CONNECTION, r#"["logs"]"#),
            r#"Invalid("data.type: must be \"org_connection\"")"#
        );
        assert_eq!(
            update("org_connection", SINK, r#"["logs"]"#),
            format!(r#"Invalid("data.id: must be {CONNECTION}, as in the path")"#)
        );
        assert_eq!(
            update("org_connection", CONNECTION, r#"["logs","logs"]"#),
            r#"Invalid("data.attributes.connection_types[1]: \"logs\" is repeated")"#
        );
    }
}
