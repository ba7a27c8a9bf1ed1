//! Access tokens of an issuer outside.

use std::fmt;
use std::sync::Arc;

use orgbridge_domain::{ExternalToken, IssuerName, OrgId, PermissionSet, Subject, Timestamp, TokenName};
use orgbridge_issuer::{Distrust, Issuer, Token};

/// An issuer outside whose access tokens are taken, and what is taken from them.
#[derive(Debug, Clone)]
pub struct ExternalIssuer {
    /// The issuer. Whoever makes this keeps its keys fresh.
    pub issuer: Arc<Issuer>,
    /// The org whose users its subjects are.
    pub org: OrgId,
    /// Which claim says who is meant.
    pub subject_claim: SubjectClaim,
    /// Which claim says what is let through.
    pub scopes_claim: ScopesClaim,
}

/// The claim of a token that names a user, by their id or their email address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SubjectClaim {
    /// `sub`.
    #[default]
    Sub,
    /// `email`, where `email_verified` is true.
    Email,
}

/// The claim of a token that holds names of permissions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ScopesClaim {
    /// `scope`, with spaces between, as RFC 9068 has it.
    #[default]
    Scope,
    /// `scp`.
    Scp,
}

impl ExternalIssuer {
    /// Whether `token` looks like one of an issuer outside: ours have no dots.
    pub(crate) fn may_be_of(token: &[u8]) -> bool {
        token.split(|byte| *byte == b'.').count() == 3
    }

    /// Whom `token` means, and what it lets through, if it is good `now`. A token that says nothing of scopes lets
    /// nothing through, and names that are no permissions of ours are not for us.
    ///
    /// # Errors
    /// Why it is not good.
    pub(crate) fn read(
        &self,
        token: &[u8],
        now: Timestamp,
    ) -> Result<(Option<Subject>, ExternalToken), Distrust> {
        let said = self.issuer.read(token, seconds(now))?;
        let scopes = match self.scopes_claim {
            ScopesClaim::Scope => &said.scope,
            ScopesClaim::Scp => &said.scp,
        };
        let external = ExternalToken {
            issuer: IssuerName::of_operator(self.issuer.url().as_str()),
            name: TokenName::of(said.id.as_deref(), token),
            scopes: scopes.iter().filter_map(|name| name.parse().ok()).collect::<PermissionSet>(),
            ends_at: Timestamp::from_micros(said.ends.saturating_mul(MICROS)),
        };
        Ok((self.subject_claim.subject(&said), external))
    }
}

impl SubjectClaim {
    /// Who is meant, if `said` says so by this claim.
    pub(crate) fn subject(self, said: &Token) -> Option<Subject> {
        let named = match self {
            Self::Sub => said.subject.as_deref(),
            Self::Email => said.verified_email.as_deref(),
        };
        named.and_then(Subject::parse)
    }
}

/// How many microseconds a second has.
pub(crate) const MICROS: i64 = 1_000_000;

/// The time as tokens have it.
pub(crate) const fn seconds(time: Timestamp) -> i64 {
    time.micros().div_euclid(MICROS)
}

impl fmt::Display for SubjectClaim {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Sub => "sub",
            Self::Email => "email",
        })
    }
}

impl fmt::Display for ScopesClaim {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Scope => "scope",
            Self::Scp => "scp",
        })
    }
}
