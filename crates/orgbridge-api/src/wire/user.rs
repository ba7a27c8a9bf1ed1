//! A user as they are shown or included in an answer.

use orgbridge_domain::{Timestamp, User, UserId, UserKind};
use schemars::JsonSchema;
use serde::Serialize;

use super::resource::Text;
use super::schema;

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
