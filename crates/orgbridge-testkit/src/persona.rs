//! Everything that a caller may show.

use std::fmt;

use orgbridge_domain::{Permission, PermissionSet};

use crate::cast::{random_digits, revoked_api_key};
use crate::{TestOrg, TestUser, tokens};

/// Somebody who calls, with the credentials that they show. Each has an application key of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Persona {
    /// Shows nothing.
    Anonymous,
    /// Shows the API key of the source and no more.
    ApiKeyAlone,
    /// Shows Jane's application key and no more.
    ApplicationKeyAlone,
    /// Shows an API key that never was, with a live application key.
    WrongApiKey,
    /// Shows an application key that never was, with a live API key.
    WrongApplicationKey,
    /// Shows the API key of the source with the application key of the sink's admin.
    MixedKeys,
    /// Shows an API key of the source that was revoked.
    RevokedApiKey,
    /// Shows an application key of Jane's that was revoked.
    RevokedApplicationKey,
    /// Is disabled.
    DisabledUser,
    /// Belongs to a disabled org.
    DisabledOrg,
    /// A user of the source whose role allows nothing.
    NoPermission,
    /// Jane, with a key whose scopes are none.
    ScopedToNothing,
    /// Jane, with a key that may read connections.
    ScopedToRead,
    /// Jane, with a key that may write connections, which includes no reading.
    ScopedToWrite,
    /// The read-only user, with a key whose scopes name writing as well.
    ScopedBeyondRights,
    /// The read-only user of the source.
    ReadOnly,
    /// The ordinary user of the source.
    Standard,
    /// The service account of the source, an admin.
    ServiceAccount,
    /// Jane, the admin of the source.
    SourceAdmin,
    /// The admin of the sink.
    SinkAdmin,
    /// The admin of another org of the account.
    BystanderAdmin,
    /// The admin of an org of another account.
    StrangerAdmin,
    /// The admin of an org of the account on another site.
    OverseasAdmin,
    /// An OAuth2 client of the source with an access token of its service account, which may read connections.
    Token,
    /// The same, with a token that has expired.
    ExpiredToken,
    /// The same, with a token that was given back.
    RevokedToken,
}

impl Persona {
    /// Everybody.
    pub const ALL: [Self; 26] = [
        Self::Anonymous,
        Self::ApiKeyAlone,
        Self::ApplicationKeyAlone,
        Self::WrongApiKey,
        Self::WrongApplicationKey,
        Self::MixedKeys,
        Self::RevokedApiKey,
        Self::RevokedApplicationKey,
        Self::DisabledUser,
        Self::DisabledOrg,
        Self::NoPermission,
        Self::ScopedToNothing,
        Self::ScopedToRead,
        Self::ScopedToWrite,
        Self::ScopedBeyondRights,
        Self::ReadOnly,
        Self::Standard,
        Self::ServiceAccount,
        Self::SourceAdmin,
        Self::SinkAdmin,
        Self::BystanderAdmin,
        Self::StrangerAdmin,
        Self::OverseasAdmin,
        Self::Token,
        Self::ExpiredToken,
        Self::RevokedToken,
    ];

    /// What they are called in a sentence.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::ApiKeyAlone => "API key alone",
            Self::ApplicationKeyAlone => "application key alone",
            Self::WrongApiKey => "wrong API key",
            Self::WrongApplicationKey => "wrong application key",
            Self::MixedKeys => "keys of two orgs",
            Self::RevokedApiKey => "revoked API key",
            Self::RevokedApplicationKey => "revoked application key",
            Self::DisabledUser => "disabled user",
            Self::DisabledOrg => "disabled org",
            Self::NoPermission => "user without permissions",
            Self::ScopedToNothing => "admin's key without scopes",
            Self::ScopedToRead => "admin's key scoped to read",
            Self::ScopedToWrite => "admin's key scoped to write",
            Self::ScopedBeyondRights => "read-only user's key scoped to write",
            Self::ReadOnly => "read-only user",
            Self::Standard => "standard user",
            Self::ServiceAccount => "service account",
            Self::SourceAdmin => "admin of the source",
            Self::SinkAdmin => "admin of the sink",
            Self::BystanderAdmin => "admin of a bystander",
            Self::StrangerAdmin => "admin of another account",
            Self::OverseasAdmin => "admin on another site",
            Self::Token => "service account's token scoped to read",
            Self::ExpiredToken => "expired token",
            Self::RevokedToken => "revoked token",
        }
    }

    /// The headers that they send.
    pub fn credentials(self) -> Vec<(&'static str, String)> {
        let keys = [("dd-api-key", self.api_key()), ("dd-application-key", self.application_key())];
        let token = tokens::access_token(self).map(|token| format!("Bearer {}", token.expose()));
        let headers = keys.into_iter().chain([("authorization", token)]);
        headers.filter_map(|(name, value)| Some((name, value?))).collect()
    }

    /// The same as lines of a request's head.
    pub fn header_lines(self) -> String {
        self.credentials()
            .into_iter()
            .fold(String::new(), |lines, (name, value)| lines + name + ": " + &value + "\r\n")
    }

    fn api_key(self) -> Option<String> {
        match self {
            Self::Anonymous
            | Self::ApplicationKeyAlone
            | Self::Token
            | Self::ExpiredToken
            | Self::RevokedToken => None,
            Self::WrongApiKey => Some(random_digits(32, 0x300)),
            Self::RevokedApiKey => Some(revoked_api_key()),
            _ => Some(self.user().map_or(TestOrg::Source, TestUser::org).api_key()),
        }
    }

    fn application_key(self) -> Option<String> {
        match self {
            Self::Anonymous | Self::ApiKeyAlone | Self::Token | Self::ExpiredToken | Self::RevokedToken => {
                None
            }
            Self::MixedKeys => Some(Self::SinkAdmin.own_application_key()),
            // Of a persona without a user nobody has the key.
            _ => Some(self.own_application_key()),
        }
    }

    /// The application key that this persona alone shows.
    pub(crate) fn own_application_key(self) -> String {
        random_digits(40, 0x400 + self as u128)
    }

    /// Who owns the key, if anybody does.
    pub(crate) const fn user(self) -> Option<TestUser> {
        match self {
            Self::Anonymous
            | Self::ApiKeyAlone
            | Self::WrongApplicationKey
            | Self::MixedKeys
            | Self::Token
            | Self::ExpiredToken
            | Self::RevokedToken => None,
            Self::ApplicationKeyAlone
            | Self::WrongApiKey
            | Self::RevokedApiKey
            | Self::RevokedApplicationKey
            | Self::ScopedToNothing
            | Self::ScopedToRead
            | Self::ScopedToWrite
            | Self::SourceAdmin => Some(TestUser::Jane),
            Self::DisabledUser => Some(TestUser::Dismissed),
            Self::DisabledOrg => Some(TestUser::DisabledOrgAdmin),
            Self::NoPermission => Some(TestUser::Powerless),
            Self::ScopedBeyondRights | Self::ReadOnly => Some(TestUser::Reader),
            Self::Standard => Some(TestUser::Ordinary),
            Self::ServiceAccount => Some(TestUser::Robot),
            Self::SinkAdmin => Some(TestUser::SinkAdmin),
            Self::BystanderAdmin => Some(TestUser::BystanderAdmin),
            Self::StrangerAdmin => Some(TestUser::StrangerAdmin),
            Self::OverseasAdmin => Some(TestUser::OverseasAdmin),
        }
    }

    /// What the key's owner's rights are cut down to.
    pub(crate) const fn scopes(self) -> Option<PermissionSet> {
        match self {
            Self::ScopedToNothing => Some(PermissionSet::EMPTY),
            Self::ScopedToRead => Some(PermissionSet::of(&[Permission::OrgConnectionsRead])),
            Self::ScopedToWrite => Some(PermissionSet::of(&[Permission::OrgConnectionsWrite])),
            Self::ScopedBeyondRights => {
                Some(PermissionSet::of(&[Permission::OrgConnectionsRead, Permission::OrgConnectionsWrite]))
            }
            _ => None,
        }
    }
}

impl fmt::Display for Persona {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}
