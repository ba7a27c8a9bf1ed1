//! Logging in at an issuer outside.

use std::sync::Arc;

use orgbridge_domain::{OrgId, State, UserId};
use orgbridge_issuer::{LoginIssuer, Token};

use crate::SubjectClaim;

/// An issuer at which users log in to decide about OAuth2 clients, and who they are then.
#[derive(Debug, Clone)]
pub struct IssuerLogin {
    /// The issuer. Whoever makes this keeps what is known of it fresh.
    pub issuer: Arc<LoginIssuer>,
    /// The org whose users log in there.
    pub org: OrgId,
    /// Which claim says who they are.
    pub user_claim: SubjectClaim,
}

impl IssuerLogin {
    /// Who is meant, if the issuer says so by the claim that counts, and if they are a user of the org.
    pub(crate) fn user(&self, state: &State, said: &Token) -> Option<UserId> {
        self.user_claim.subject(said)?.find(state, self.org).map(|user| user.id)
    }
}
