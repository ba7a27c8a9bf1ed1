//! The building blocks of JSON:API, and no more of them than are used.

use std::borrow::Cow;
use std::fmt::Display;
use std::marker::PhantomData;

use orgbridge_domain::{
    ApiKeyId, ApplicationKeyId, ConnectionId, OrgId, PermissionId, RoleId, Timestamp, UserId,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

/// Something that has a name for its type on the wire.
pub(crate) trait Resource {
    /// The name.
    const TYPE: &'static str;
}

impl Resource for ConnectionId {
    const TYPE: &'static str = "org_connection";
}

impl Resource for OrgId {
    const TYPE: &'static str = "orgs";
}

impl Resource for ApiKeyId {
    const TYPE: &'static str = "api_keys";
}

impl Resource for ApplicationKeyId {
    const TYPE: &'static str = "application_keys";
}

impl Resource for RoleId {
    const TYPE: &'static str = "roles";
}

impl Resource for PermissionId {
    const TYPE: &'static str = "permissions";
}

impl Resource for UserId {
    const TYPE: &'static str = "users";
}

/// Something that people give a name.
pub(crate) trait Nameable {
    /// One such name, for the description of the API.
    const EXAMPLE_NAME: &'static str;
}

impl Nameable for OrgId {
    const EXAMPLE_NAME: &'static str = "Example Org";
}

impl Nameable for ApiKeyId {
    const EXAMPLE_NAME: &'static str = "Example API Key";
}

impl Nameable for ApplicationKeyId {
    const EXAMPLE_NAME: &'static str = "Example Application Key";
}

impl Nameable for RoleId {
    const EXAMPLE_NAME: &'static str = "Standard";
}

impl Nameable for UserId {
    const EXAMPLE_NAME: &'static str = "Jane Doe";
}

/// The member `type` of what is, or is named by the id of, an `R`.
#[derive(Debug)]
pub(crate) struct TypeName<R>(PhantomData<fn() -> R>);

impl<R> TypeName<R> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<R: Resource> Serialize for TypeName<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(R::TYPE)
    }
}

impl<R: Resource> JsonSchema for TypeName<R> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        R::TYPE.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "enum": [R::TYPE]})
    }
}

/// What is shown as a string, and what can be said of that string.
pub(crate) trait Textual: Display {
    /// The format of the string, as JSON Schema names it.
    const FORMAT: &'static str;
    /// One such string, for the description of the API.
    const EXAMPLE: &'static str;
}

impl Textual for ConnectionId {
    const FORMAT: &'static str = "uuid";
    const EXAMPLE: &'static str = "f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a";
}

impl Textual for OrgId {
    const FORMAT: &'static str = "uuid";
    const EXAMPLE: &'static str = "4dee724d-00cc-11ea-a77b-570c9d03c6c5";
}

impl Textual for ApiKeyId {
    const FORMAT: &'static str = "uuid";
    const EXAMPLE: &'static str = "5a1c3d2e-7b8f-4c6d-9e0f-1a2b3c4d5e6f";
}

impl Textual for ApplicationKeyId {
    const FORMAT: &'static str = "uuid";
    const EXAMPLE: &'static str = "6b2d4e3f-8c90-4d7e-af10-2b3c4d5e6f70";
}

impl Textual for RoleId {
    const FORMAT: &'static str = "uuid";
    const EXAMPLE: &'static str = "0b1d6e00-0000-4000-8000-000000000001";
}

impl Textual for PermissionId {
    const FORMAT: &'static str = "uuid";
    const EXAMPLE: &'static str = "0616a900-69b9-8894-ac41-3365d29c2d81";
}

impl Textual for UserId {
    const FORMAT: &'static str = "uuid";
    const EXAMPLE: &'static str = "a7b2c1d0-5e4f-4a3b-8c2d-1e0f9a8b7c6d";
}

impl Textual for Timestamp {
    const FORMAT: &'static str = "date-time";
    const EXAMPLE: &'static str = "2025-08-26T20:19:36.177236+00:00";
}

/// A value that is shown as the string it displays as: ids and times, which don't know the wire.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<T>(pub(crate) T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<T: Textual> JsonSchema for Text<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::FORMAT.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": T::FORMAT, "examples": [T::EXAMPLE]})
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

impl<T: JsonSchema> JsonSchema for Document<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{}Document", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let data = generator.subschema_for::<T>();
        json_schema!({"type": "object", "properties": {"data": data}, "required": ["data"]})
    }
}

/// Nothing more than that it is done.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(crate) struct Empty {}

/// Names a resource that is shown elsewhere, or not at all.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(bound = "Id: Resource + Display")]
#[schemars(inline, bound = "Id: Resource + Textual")]
pub(crate) struct Identifier<Id> {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    kind: TypeName<Id>,
    /// Its id.
    id: Text<Id>,
}

impl<Id> Identifier<Id> {
    pub(crate) const fn new(id: Id) -> Self {
        Self { kind: TypeName::new(), id: Text(id) }
    }
}
