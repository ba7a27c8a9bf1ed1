//! Why an OAuth2 client gets no token.

/// What is wrong with what a client asks for. `Display` is the code that programs know it by; [`OauthProblem::hint`] is
/// for people.
///
/// Source: RFC 6749, sections 4.1.2.1 and 5.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OauthProblem {
    /// It is unknown, or has not proven itself.
    #[error("invalid_client")]
    Client,
    /// It is not registered to come by tokens in this way.
    #[error("unauthorized_client")]
    GrantType,
    /// The code is none that it can exchange.
    #[error("invalid_grant")]
    Code,
    /// It names another place than the browser was sent to.
    #[error("invalid_grant")]
    RedirectUri,
    /// It can't answer the challenge.
    #[error("invalid_grant")]
    Verifier,
    /// The refresh token is none that it can exchange.
    #[error("invalid_grant")]
    RefreshToken,
    /// What came of one consent was renewed too often.
    #[error("invalid_grant")]
    Renewals,
    /// The user can no longer be acted for, or what they had shown when they allowed it has ended.
    #[error("invalid_grant")]
    UserGone,
    /// The user can't let this client act for them.
    #[error("access_denied")]
    User,
    /// It asks for more than it may have.
    #[error("invalid_scope")]
    Scope,
}

impl OauthProblem {
    /// What exactly is wrong, and what to do about it.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Client => {
                "the client is unknown here, or does not prove itself as it is registered to; check client_id, \
                 client_secret and token_endpoint_auth_method"
            }
            Self::GrantType => "the client is not registered for this grant_type",
            Self::Code => {
                "the code is unknown, expired, or another client's, or was used before, which ends all that came of it"
            }
            Self::RedirectUri => "redirect_uri is not the one that the code was sent to",
            Self::Verifier => {
                "code_verifier does not answer the code_challenge that the code was asked for with"
            }
            Self::RefreshToken => {
                "the refresh token is unknown, expired, revoked, or another client's, or was used before, which ends \
                 all that came of the same authorization"
            }
            Self::Renewals => {
                "what the user allowed was renewed too often; ask them again, and use each access token until it expires"
            }
            Self::UserGone => {
                "the user is disabled, or their organization is, or the key that they logged in with is revoked"
            }
            Self::User => {
                "only users of an organization of the account that the client belongs to, on the same site, can let it \
                 act for them"
            }
            Self::Scope => "scope names more than the client may ask for, or nothing that the user may do",
        }
    }
}
