//! API keys as they are shown.

use std::sync::Arc;

use orgbridge_domain::{ApiKey, ApiKeyId, ApiKeySecret, Listing, State, Timestamp, UserId};
use orgbridge_ledger::LastUses;
use schemars::JsonSchema;
use serde::Serialize;

use super::connection_list::{IncludedUser, once_each};
use super::resource::{Document, Identifier, Text, TypeName};
use super::schema;
use crate::extract::ApiKeyInclude;

/// An API key.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "APIKeyResponse")]
pub(crate) struct ApiKeyDocument<'s> {
    data: ApiKeyResource<'s>,
    /// The users that were asked for. It is left out where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    included: Vec<IncludedUser<'s>>,
}

/// API keys of the caller's org.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "APIKeysResponse")]
pub(crate) struct ApiKeyList<'s> {
    /// The keys.
    data: Vec<ApiKeyResource<'s>>,
    /// The users that were asked for. It is left out where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    included: Vec<IncludedUser<'s>>,
    meta: KeysMeta,
}

/// An API key.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "APIKey")]
struct ApiKeyResource<'s> {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    kind: TypeName<ApiKeyId>,
    /// Its id.
    id: Text<ApiKeyId>,
    attributes: Attributes<'s>,
    relationships: Relationships,
}

/// What is shown of an API key.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Attributes<'s> {
    /// What people call it.
    #[schemars(schema_with = "schema::name::<ApiKeyId>")]
    name: &'s str,
    /// The last characters of its secret.
    #[schemars(schema_with = "schema::last4")]
    last4: &'s str,
    /// The secret itself, in the answer of its creation and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::api_key")]
    key: Option<&'s str>,
    /// When it was made.
    created_at: Text<Timestamp>,
    /// When it was last changed; when it was made, if it never was.
    modified_at: Text<Timestamp>,
    /// When it was last used, to the second; null if it never was. What another server of the same ledger saw is shown
    /// two minutes later at the latest.
    date_last_used: Option<Text<Timestamp>>,
}

/// Who had to do with an API key.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Relationships {
    /// The user who made it. It is left out where an operator did, or where nobody knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Document<Identifier<UserId>>")]
    created_by: Option<Document<Identifier<UserId>>>,
    /// The user who last changed it. It is left out where an operator did, or nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Document<Identifier<UserId>>")]
    modified_by: Option<Document<Identifier<UserId>>>,
}

/// About a list of keys as a whole.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct KeysMeta {
    page: KeysPage,
}

/// How much there is beyond the page.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct KeysPage {
    /// How many keys the filters admit.
    #[schemars(schema_with = "schema::count")]
    total_filtered_count: usize,
}

impl KeysMeta {
    pub(super) const fn of(total_filtered_count: usize) -> Self {
        Self { page: KeysPage { total_filtered_count } }
    }
}

impl<'s> ApiKeyDocument<'s> {
    /// Shows `key`, with those from `state` whom `include` asks for.
    pub(crate) fn of(state: &'s State, uses: &LastUses, key: &'s ApiKey, include: ApiKeyInclude) -> Self {
        Self { data: ApiKeyResource::of(key, None, uses.of(key.id)), included: users(state, [key], include) }
    }

    /// Shows `key` with its secret, this once.
    pub(crate) fn made(key: &'s ApiKey, secret: &'s ApiKeySecret) -> Self {
        Self { data: ApiKeyResource::of(key, Some(secret), None), included: Vec::new() }
    }
}

impl<'s> ApiKeyList<'s> {
    /// Shows `listing`, with those from `state` whom `include` asks for.
    pub(crate) fn of(
        state: &'s State,
        uses: &LastUses,
        listing: &Listing<&'s Arc<ApiKey>>,
        include: ApiKeyInclude,
    ) -> Self {
        let keys = listing.items.iter().map(|key| &***key);
        Self {
            data: keys.clone().map(|key| ApiKeyResource::of(key, None, uses.of(key.id))).collect(),
            included: users(state, keys, include),
            meta: KeysMeta::of(listing.total_filtered),
        }
    }
}

impl<'s> ApiKeyResource<'s> {
    fn of(key: &'s ApiKey, secret: Option<&'s ApiKeySecret>, last_used: Option<Timestamp>) -> Self {
        let user = |id: Option<UserId>| id.map(|id| Document::of(Identifier::new(id)));
        Self {
            kind: TypeName::new(),
            id: Text(key.id),
            attributes: Attributes {
                name: key.name.as_str(),
                last4: key.last4.as_str(),
                key: secret.map(ApiKeySecret::expose),
                created_at: Text(key.created_at),
                modified_at: Text(key.modified_at.unwrap_or(key.created_at)),
                date_last_used: last_used.map(Text),
            },
            relationships: Relationships {
                created_by: user(key.created_by),
                modified_by: user(key.modified_by),
            },
        }
    }
}

/// The users whom `include` asks for, each once.
fn users<'s>(
    state: &'s State,
    keys: impl IntoIterator<Item = &'s ApiKey>,
    include: ApiKeyInclude,
) -> Vec<IncludedUser<'s>> {
    let named = keys.into_iter().flat_map(|key| {
        let creator = key.created_by.filter(|_| include.created_by);
        creator.into_iter().chain(key.modified_by.filter(|_| include.modified_by))
    });
    once_each(named).filter_map(|id| state.user(id)).map(|user| IncludedUser::of(user)).collect()
}
