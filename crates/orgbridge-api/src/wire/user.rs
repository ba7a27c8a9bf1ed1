//! A user as they are shown or included in an answer.

use orgbridge_domain::role::{self, RoleView};
use orgbridge_domain::{Listing, OrgId, RoleId, State, Timestamp, User, UserId, UserKind};
use schemars::JsonSchema;
use serde::Serialize;

use super::connection_list::once_each;
use super::list_meta::ListMeta;
use super::org::OrgResource;
use super::resource::{Document, Identifier, Text, TypeName};
use super::role::RoleResource;
use super::schema;

/// A user with their roles and their org.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "UserResponse")]
pub(crate) struct UserDocument<'s> {
    data: UserResource<'s>,
    /// The roles of the user, and then their org.
    included: Vec<Included<'s>>,
}

/// A page of users with their roles and their org.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "UsersResponse")]
pub(crate) struct UserList<'s> {
    /// The users of the page.
    #[schemars(length(max = 100))]
    data: Vec<UserResource<'s>>,
    /// The roles that `data` names, each once, and then the org. It is empty where `data` is.
    included: Vec<Included<'s>>,
    meta: ListMeta,
}

/// A user.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "User")]
pub(super) struct UserResource<'s> {
    /// What kind of thing it is.
    #[serde(rename = "type")]
    kind: TypeName<UserId>,
    /// Their id.
    id: Text<UserId>,
    attributes: UserAttributes<'s>,
    relationships: Relationships,
}

/// Where the user belongs.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Relationships {
    /// Their roles.
    roles: Document<Vec<Identifier<RoleId>>>,
    /// The org in which they act.
    org: Document<Identifier<OrgId>>,
}

/// A role or an org.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
enum Included<'s> {
    Role(RoleResource<'s>),
    Org(OrgResource<'s>),
}

impl<'s> UserDocument<'s> {
    /// Shows `user`, with their roles and their org from `state`.
    pub(crate) fn of(state: &'s State, user: &'s User) -> Self {
        Self { data: UserResource::of(state, user), included: included(state, &[user]) }
    }
}

impl<'s> UserList<'s> {
    /// Shows `listing`, with the roles and the org of everyone on it from `state`.
    pub(crate) fn of(state: &'s State, listing: &Listing<&'s User>) -> Self {
        Self {
            data: listing.items.iter().map(|user| UserResource::of(state, user)).collect(),
            included: included(state, &listing.items),
            meta: ListMeta::of(listing),
        }
    }
}

impl<'s> UserResource<'s> {
    pub(super) fn of(state: &'s State, user: &'s User) -> Self {
        Self {
            kind: TypeName::new(),
            id: Text(user.id),
            attributes: UserAttributes::of(user),
            relationships: Relationships {
                roles: Document::of(roles(state, user).map(|role| Identifier::new(role.id())).collect()),
                org: Document::of(Identifier::new(user.org)),
            },
        }
    }
}

/// The roles that a user holds.
pub(super) fn roles<'s>(state: &'s State, user: &User) -> impl Iterator<Item = RoleView<'s>> {
    user.roles.iter().filter_map(move |id| role::find(state, user.org, *id))
}

/// The roles of users of one org, each once, and the org.
fn included<'s>(state: &'s State, users: &[&'s User]) -> Vec<Included<'s>> {
    let Some(org) = users.first().and_then(|user| state.org(user.org)) else { return Vec::new() };
    let roles = once_each(users.iter().flat_map(|user| user.roles.iter().copied()))
        .filter_map(|id| role::find(state, org.id, id))
        .map(|role| Included::Role(RoleResource::included(role)));
    roles.chain([Included::Org(OrgResource::of(org))]).collect()
}

// Source: contract, section 1, "Shapes".
/// What is shown of a user.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "UserAttributes")]
pub(crate) struct UserAttributes<'s> {
    /// What people call them.
    #[schemars(schema_with = "schema::name::<UserId>")]
    name: &'s str,
    /// Their email address once more.
    #[schemars(schema_with = "schema::email")]
    handle: &'s str,
    /// When they were made.
    created_at: Text<Timestamp>,
    /// When they last changed.
    modified_at: Text<Timestamp>,
    /// Their email address.
    #[schemars(schema_with = "schema::email")]
    email: &'s str,
    /// Users have none.
    #[schemars(schema_with = "schema::empty")]
    icon: &'static str,
    /// Users have none.
    #[schemars(schema_with = "schema::null")]
    title: Option<&'static str>,
    /// Always true: users are made by admins, who vouch for them.
    #[schemars(extend("enum" = [true]))]
    verified: bool,
    /// Whether a program acts as them, and no person.
    service_account: bool,
    /// Whether they may not act.
    disabled: bool,
    /// There are none: users show keys and don't log in.
    #[schemars(extend("maxItems" = 0))]
    allowed_login_methods: [&'static str; 0],
    /// Whether they may act.
    #[schemars(extend("enum" = ["Active", "Disabled"]))]
    status: &'static str,
}

impl<'s> UserAttributes<'s> {
    pub(crate) fn of(user: &'s User) -> Self {
        Self {
            name: user.name.as_str(),
            handle: user.email.as_str(),
            created_at: Text(user.created_at),
            modified_at: Text(user.modified_at),
            email: user.email.as_str(),
            icon: "",
            title: None,
            // Users are made by admins, who vouch for them; nobody is invited, so nobody is pending.
            verified: true,
            service_account: user.kind == UserKind::ServiceAccount,
            disabled: user.disabled,
            allowed_login_methods: [],
            status: if user.disabled { "Disabled" } else { "Active" },
        }
    }
}
