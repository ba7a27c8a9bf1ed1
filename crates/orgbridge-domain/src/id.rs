//! Ids of everything that is kept. Each kind has a type of its own, so that none passes for another.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// The text is not a UUID in its hyphenated form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a UUID in its hyphenated form, such as f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a")]
pub struct NotAnId;

/// Parses the 36-character form in either case and nothing else.
///
/// The `uuid` crate also takes braces, URNs and bare digits; one id with many spellings would slip past
/// whatever compares text, such as caches, limits and searches of the audit log.
fn parse_hyphenated(text: &str) -> Result<Uuid, NotAnId> {
    if text.len() != uuid::fmt::Hyphenated::LENGTH {
        return Err(NotAnId);
    }
    Uuid::try_parse(text).map_err(|_| NotAnId)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID that is known to name such a thing.
            pub const fn new(id: Uuid) -> Self {
                Self(id)
            }

            /// The UUID inside.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                parse_hyphenated(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self.0.as_hyphenated(), formatter)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, concat!(stringify!($name), "({})"), self.0)
            }
        }
    )+};
}

ids! {
    /// Names an account.
    AccountId
    /// Names an org.
    OrgId
    /// Names a user or a service account.
    UserId
    /// Names a role.
    RoleId
    /// Names a permission.
    PermissionId
    /// Names an API key. Not secret.
    ApiKeyId
    /// Names an application key. Not secret.
    ApplicationKeyId
    /// Names an org connection.
    ConnectionId
    /// Names a restriction policy.
    RestrictionPolicyId
    /// Names an OAuth2 client: its `client_id`.
    OauthClientId
    /// Names what a user once allowed an OAuth2 client.
    AuthorizationId
    /// Names a token. Not secret.
    TokenId
    /// Names a login. Not secret.
    LoginId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_taken_in_either_case_and_shown_in_lower_case() {
        let id: ConnectionId = "F9EC96B0-8C8A-4B0A-9B0A-1B2C3D4E5F6A".parse().unwrap();
        assert_eq!(id.to_string(), "f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a");
    }

    #[test]
    fn no_other_spelling_of_a_uuid_is_taken() {
        for text in [
            "",
            "f9ec96b08c8a4b0a9b0a1b2c3d4e5f6a",
            "{f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a}",
            "urn:uuid:f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a",
            " f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a",
            "f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a ",
            "f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6",
            "f9ec96b08c8a-4b0a-9b0a-1b2c3d4e5f6a0",
            "f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6g",
            "{9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6}",
        ] {
            assert_eq!(text.parse::<ConnectionId>(), Err(NotAnId), "{text:?}");
        }
    }
}
