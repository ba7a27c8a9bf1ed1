//! Access tokens of an issuer outside: somebody else says who is calling.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::kept_names::KeptNames;
use crate::{Email, PermissionSet, State, Timestamp, User, UserId};

/// The name of an issuer: the claim `iss` of its tokens.
///
/// It is kept for as long as the process lives. Whoever makes one must therefore have it from the operator.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct IssuerName(&'static str);

static NAMES: KeptNames = KeptNames::new();

impl IssuerName {
    /// The name that an operator has given.
    pub fn of_operator(name: &str) -> Self {
        Self(NAMES.keep(name))
    }

    /// The name.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Debug for IssuerName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "IssuerName({})", self.0)
    }
}

/// How many bytes the name of a token has at the most.
const MAX_TOKEN_NAME: usize = 64;

/// What the audit log calls a token, in place: a principal is copied often. It is no secret, and lets nobody in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenName {
    bytes: [u8; MAX_TOKEN_NAME],
    len: u8,
}

impl TokenName {
    /// The id that its issuer has given it, where that is short and plain. Otherwise what begins a digest of the id; of
    /// the token, where it has none.
    pub fn of(id: Option<&str>, token: &[u8]) -> Self {
        let is_plain = |id: &&str| {
            (1..=MAX_TOKEN_NAME).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        };
        if let Some(id) = id.filter(is_plain) {
            return Self::from_plain(id);
        }
        let digest = Sha256::digest(id.map_or(token, str::as_bytes));
        let digits = digest.iter().take(16).map(|byte| format!("{byte:02x}"));
        Self::from_plain(&format!("sha256.{}", digits.collect::<String>()))
    }

    fn from_plain(text: &str) -> Self {
        let mut bytes = [0; MAX_TOKEN_NAME];
        let len = text.len().min(MAX_TOKEN_NAME);
        bytes[..len].copy_from_slice(&text.as_bytes()[..len]);
        Self { bytes, len: u8::try_from(len).unwrap_or_default() }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        // Only ASCII is ever put in.
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or_default()
    }
}

impl fmt::Debug for TokenName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "TokenName({})", self.as_str())
    }
}

/// An access token of an issuer outside that was found to be its word, and what it lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExternalToken {
    /// Whose word it is.
    pub issuer: IssuerName,
    /// What it is called.
    pub name: TokenName,
    /// What the user's permissions are cut down to.
    pub scopes: PermissionSet,
    /// From when on it is good no longer.
    pub ends_at: Timestamp,
}

/// Whom an issuer outside means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The user with this id.
    Id(UserId),
    /// The user with this email address.
    Email(Email),
}

impl Subject {
    /// Whom the text names.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().map(Self::Id).ok().or_else(|| text.parse().map(Self::Email).ok())
    }

    /// The user of `org` who is meant.
    pub fn find<'s>(&self, state: &'s State, org: crate::OrgId) -> Option<&'s User> {
        let user = match self {
            Self::Id(id) => state.user(*id),
            Self::Email(email) => state.user_by_email(org, email),
        };
        user.map(|user| &**user).filter(|user| user.org == org)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_id_is_the_name_and_any_other_is_shortened() {
        let name = |id: Option<&str>| TokenName::of(id, b"a.b.c").as_str().to_owned();
        assert_eq!(
            name(Some("f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a")),
            "f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a"
        );
        assert_eq!(name(Some(&"x".repeat(64))), "x".repeat(64));
        for odd in ["", "a b", "a,b", "a\nb", "ä", "a:b", &"x".repeat(65)] {
            let shortened = name(Some(odd));
            assert!(shortened.starts_with("sha256.") && shortened.len() == 39, "{odd:?}: {shortened}");
        }
        assert_ne!(name(Some("a b")), name(Some("a c")));
        // The first half of SHA-256 of "a.b.c": not enough of it to find a token by.
        assert_eq!(name(None).len(), 39);
        assert_ne!(name(None), TokenName::of(None, b"a.b.d").as_str());
    }

    #[test]
    fn a_subject_is_an_id_or_an_email_address() {
        let id = "f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a";
        assert_eq!(Subject::parse(id), Some(Subject::Id(id.parse().unwrap())));
        let email = "jane@example.com";
        assert_eq!(Subject::parse(email), Some(Subject::Email(email.parse().unwrap())));
        assert_eq!(Subject::parse("google-oauth2|1234"), None);
        assert_eq!(Subject::parse("jac\u{212a}@example.com"), None, "nobody, and not jack");
    }
}
