//! Application keys as they are shown.

use std::sync::Arc;

use orgbridge_domain::{
    ApplicationKey, ApplicationKeyId, ApplicationKeySecret, Listing, Permission, PermissionSet, State,
    Timestamp, UserId,
};
use orgbridge_ledger::LastUses;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::api_key::KeysMeta;
use super::connection_list::{IncludedUser, once_each};
use super::resource::{Document, Identifier, Text, TypeName};
use super::schema;
use crate::extract::ApplicationKeyInclude;

/// An application key.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ApplicationKeyResponse")]
pub(crate) struct ApplicationKeyDocument<'s> {
    data: ApplicationKeyResource<'s>,
    /// The owner, if asked for. It is left out otherwise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    included: Vec<IncludedUser<'s>>,
}

/// Application keys.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ListApplicationKeysResponse")]
pub(crate) struct ApplicationKeyList<'s> {
    /// The keys.
    data: Vec<ApplicationKeyResource<'s>>,
    /// The owners, if asked for. It is left out otherwise, and where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    included: Vec<IncludedUser<'s>>,
    meta: KeysMeta,
}

/// An application key.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ApplicationKey")]
struct ApplicationKeyResource<'s> {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    kind: TypeName<ApplicationKeyId>,
    /// Its id.
    id: Text<ApplicationKeyId>,
    attributes: Attributes<'s>,
    relationships: Relationships,
}

/// What is shown of an application key.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Attributes<'s> {
    /// What people call it.
    #[schemars(schema_with = "schema::name::<ApplicationKeyId>")]
    name: &'s str,
    /// The last characters of its secret.
    #[schemars(schema_with = "schema::last4")]
    last4: &'s str,
    /// The secret itself, in the answer of its creation and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::application_key")]
    key: Option<&'s str>,
    /// When it was made.
    created_at: Text<Timestamp>,
    /// When it was last used, to the second; null if it never was. What another server of the same ledger saw is shown
    /// two minutes later at the latest.
    last_used_at: Option<Text<Timestamp>>,
    /// What the owner's permissions are cut down to; null where nothing is.
    #[schemars(schema_with = "schema::scopes")]
    scopes: Option<Scopes>,
}

/// Whose an application key is.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Relationships {
    /// The user whose permissions it carries.
    owned_by: Document<Identifier<UserId>>,
}

#[derive(Debug)]
struct Scopes(PermissionSet);

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Permission::as_str))
    }
}

impl<'s> ApplicationKeyDocument<'s> {
    /// Shows `key`, with its owner from `state` if `include` asks for them.
    pub(crate) fn of(
        state: &'s State,
        uses: &LastUses,
        key: &'s ApplicationKey,
        include: ApplicationKeyInclude,
    ) -> Self {
        let data = ApplicationKeyResource::of(key, None, uses.of(key.id));
        Self { data, included: owners(state, [key], include) }
    }

    /// Shows `key` with its secret, this once.
    pub(crate) fn made(key: &'s ApplicationKey, secret: &'s ApplicationKeySecret) -> Self {
        Self { data: ApplicationKeyResource::of(key, Some(secret), None), included: Vec::new() }
    }
}

impl<'s> ApplicationKeyList<'s> {
    /// Shows `listing`, with the owners from `state` if `include` asks for them.
    pub(crate) fn of(
        state: &'s State,
        uses: &LastUses,
        listing: &Listing<&'s Arc<ApplicationKey>>,
        include: ApplicationKeyInclude,
    ) -> Self {
        let keys = listing.items.iter().map(|key| &***key);
        Self {
            data: keys.clone().map(|key| ApplicationKeyResource::of(key, None, uses.of(key.id))).collect(),
            included: owners(state, keys, include),
            meta: KeysMeta::of(listing.total_filtered),
        }
    }
}

impl<'s> ApplicationKeyResource<'s> {
    fn of(
        key: &'s ApplicationKey,
        secret: Option<&'s ApplicationKeySecret>,
        last_used: Option<Timestamp>,
    ) -> Self {
        Self {
            kind: TypeName::new(),
            id: Text(key.id),
            attributes: Attributes {
                name: key.name.as_str(),
                last4: key.last4.as_str(),
                key: secret.map(ApplicationKeySecret::expose),
                created_at: Text(key.created_at),
                last_used_at: last_used.map(Text),
                scopes: key.scopes.map(Scopes),
            },
            relationships: Relationships { owned_by: Document::of(Identifier::new(key.owner)) },
        }
    }
}

/// The owners of `keys`, each once, if `include` asks for them.
fn owners<'s>(
    state: &'s State,
    keys: impl IntoIterator<Item = &'s ApplicationKey>,
    include: ApplicationKeyInclude,
) -> Vec<IncludedUser<'s>> {
    let named = keys.into_iter().map(|key| key.owner).filter(|_| include.owned_by);
    once_each(named).filter_map(|id| state.user(id)).map(|user| IncludedUser::of(user)).collect()
}
