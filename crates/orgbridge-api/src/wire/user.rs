//! A user as they are shown or included in an answer.

use orgbridge_domain::{Timestamp, User, UserKind};
use serde::Serialize;

use super::resource::Text;

/// What is shown of a user. Source: contract, section 1, "Shapes".
#[derive(Debug, Serialize)]
pub(crate) struct UserAttributes<'s> {
    name: &'s str,
    handle: &'s str,
    created_at: Text<Timestamp>,
    modified_at: Text<Timestamp>,
    email: &'s str,
    icon: &'static str,
    title: Option<&'static str>,
    verified: bool,
    service_account: bool,
    disabled: bool,
    allowed_login_methods: [&'static str; 0],
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
