//! Who is asking, and proof of what they may do. This file is the one place that decides it.
//!
//! Rules take a [`Grant`] and reach state only through it. A grant borrows the very state that it was proven
//! on, so none can outlive it: a command that waits for its commit has to ask again, on the state that the
//! commit will see, and a right that was taken away in between is gone.

use std::marker::PhantomData;
use std::sync::Arc;

use crate::login::Shown;
use crate::{
    ApiKey, ApiKeyId, ApplicationKeyId, ClientProof, ExternalToken, KeyDigest, LoginId, OauthClient,
    OauthClientId, Org, OrgId, Permission, PermissionSet, Refusal, Right, SiteScope, State, Subject,
    Timestamp, TokenId, TokenKind, User, UserId, oauth_client, user,
};

/// Who is asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Principal {
    /// A user of an org, by a credential.
    User {
        /// The org that the credential belongs to.
        org: OrgId,
        /// The user whose permissions are exercised.
        user: UserId,
        /// What was shown.
        credential: Credential,
        /// Which site was asked: the credential is good for orgs of this one alone.
        asked: SiteScope,
    },
    /// Whoever has the database in their hands: the command line.
    Operator,
}

/// What a principal showed. It holds ids only, and is looked up anew for each decision; of a token of an issuer outside,
/// what was read in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// An API key and an application key of one org.
    Keys {
        /// The org's key.
        api_key: ApiKeyId,
        /// The user's key.
        application_key: ApplicationKeyId,
    },
    /// An access token that the user let an OAuth2 client have, or that it has for its service account.
    Token(TokenId),
    /// An access token of an issuer outside.
    External(ExternalToken),
    /// A login, by which a user decides about OAuth2 clients and does nothing else.
    Login(LoginId),
    /// None of the user's: an OAuth2 client comes for, or gives back, what it was allowed. No right goes with it.
    Client(OauthClientId),
}

/// Why a caller is nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAuthenticated {
    /// The API key is not one of a live org of the site that was asked.
    #[error(
        "DD-API-KEY is not a live key here; check it, and that its organization lives on the site that was asked"
    )]
    ApiKey,
    /// The application key is none, or one of another org, or of a disabled user. Which of these, a stranger
    /// may not know.
    #[error("DD-APPLICATION-KEY is not a live key of the organization that DD-API-KEY belongs to")]
    ApplicationKey,
    /// The access token is none, or expired, or what it comes of has ended. Which of these, a stranger may not know.
    #[error(
        "the access token in the Authorization header is not live here: it is unknown, expired or revoked, or whom it \
         stands for is disabled or of another site"
    )]
    Token,
    /// The login is none, or over, or what was shown for it has ended; or more is asked by it than who it is.
    #[error("there is no login that is good for this; log in again")]
    Login,
}

/// Finds the org that an API key belongs to, among those of the site that was `asked`.
///
/// # Errors
/// [`NotAuthenticated::ApiKey`] if the key is unknown or revoked, or its org disabled or on another site.
pub fn authenticate_api_key<'s>(
    state: &'s State,
    digest: &KeyDigest,
    asked: SiteScope,
) -> Result<&'s Arc<ApiKey>, NotAuthenticated> {
    let key = state.api_key_by_digest(digest).ok_or(NotAuthenticated::ApiKey)?;
    if is_live(state, key.org, asked) { Ok(key) } else { Err(NotAuthenticated::ApiKey) }
}

/// Whether anybody can act in `org` on the site that was `asked`.
fn is_live(state: &State, org: OrgId, asked: SiteScope) -> bool {
    state.org(org).is_some_and(|org| !org.disabled && asked.admits(org.site))
}

/// Finds the user that an API key and an application key stand for, among those of the site that was `asked`.
///
/// # Errors
/// [`NotAuthenticated`] if either is no live key, or they are keys of different orgs.
pub fn authenticate(
    state: &State,
    api_key: &KeyDigest,
    application_key: &KeyDigest,
    asked: SiteScope,
) -> Result<Principal, NotAuthenticated> {
    let api_key = authenticate_api_key(state, api_key, asked)?;
    let application_key =
        state.application_key_by_digest(application_key).ok_or(NotAuthenticated::ApplicationKey)?;
    match state.user(application_key.owner) {
        Some(owner) if owner.org == api_key.org && !owner.disabled => Ok(Principal::User {
            org: owner.org,
            user: owner.id,
            credential: Credential::Keys { api_key: api_key.id, application_key: application_key.id },
            asked,
        }),
        _ => Err(NotAuthenticated::ApplicationKey),
    }
}

/// Finds the user that an access token stands for, among those of the site that was `asked`.
///
/// # Errors
/// [`NotAuthenticated::Token`] if it is no access token that is live `now`.
pub fn authenticate_token(
    state: &State,
    digest: &KeyDigest,
    asked: SiteScope,
    now: Timestamp,
) -> Result<Principal, NotAuthenticated> {
    let token = state.token_by_digest(digest).ok_or(NotAuthenticated::Token)?;
    let user = state.user(token.user).ok_or(NotAuthenticated::Token)?;
    let principal =
        Principal::User { org: user.org, user: user.id, credential: Credential::Token(token.id), asked };
    Session::new(state, principal, now).live().map(|_| principal)
}

/// Finds the user of `org` whom an access token of an issuer outside stands for, if that is an org of the site that was
/// `asked`.
///
/// # Errors
/// [`NotAuthenticated::Token`] if the token is good no longer `now`, or its subject no enabled user of a live org.
pub fn authenticate_external(
    state: &State,
    (org, subject): (OrgId, Option<&Subject>),
    token: ExternalToken,
    asked: SiteScope,
    now: Timestamp,
) -> Result<Principal, NotAuthenticated> {
    let user = subject.and_then(|subject| subject.find(state, org)).ok_or(NotAuthenticated::Token)?;
    let principal = Principal::User { org, user: user.id, credential: Credential::External(token), asked };
    Session::new(state, principal, now).live().map(|_| principal)
}

/// Finds the user who is logged in, among those of the site that was `asked`.
///
/// # Errors
/// [`NotAuthenticated::Login`] if it is no login that is live `now`.
pub fn authenticate_login(
    state: &State,
    digest: &KeyDigest,
    asked: SiteScope,
    now: Timestamp,
) -> Result<Principal, NotAuthenticated> {
    let login = state.login_by_digest(digest).ok_or(NotAuthenticated::Login)?;
    let user = state.user(login.user).ok_or(NotAuthenticated::Login)?;
    let principal =
        Principal::User { org: user.org, user: user.id, credential: Credential::Login(login.id), asked };
    Session::new(state, principal, now).live().map(|_| principal)
}

/// A principal before a state, at some time: what every rule is asked through.
#[derive(Debug, Clone, Copy)]
pub struct Session<'s> {
    state: &'s State,
    principal: Principal,
    now: Timestamp,
}

impl<'s> Session<'s> {
    /// Puts `principal` before `state`. Nothing is proven yet. What ends by itself has ended if it does by `now`.
    pub const fn new(state: &'s State, principal: Principal, now: Timestamp) -> Self {
        Self { state, principal, now }
    }

    /// The state before which the principal stands.
    pub(crate) const fn state(&self) -> &'s State {
        self.state
    }

    /// The time at which it is asked.
    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }

    /// Who is asking.
    pub const fn principal(&self) -> Principal {
        self.principal
    }

    /// Proves that the principal holds `R` in the org that its credential belongs to.
    ///
    /// # Errors
    /// [`Refusal::Unauthorized`] if the credential is no longer live, [`Refusal::Forbidden`] if its rights
    /// don't include `R`; the former, too, if it is a login, which gives no right. An operator belongs to no org and is refused: [`Self::authorize_in`] is theirs.
    pub fn authorize<R: Right>(&self) -> Result<Grant<'s, R>, Refusal> {
        match self.principal {
            Principal::User { org, .. } => self.authorize_in(org),
            Principal::Operator => Err(Refusal::OperatorOnly),
        }
    }

    /// Proves that the principal holds `R` in `org`. An operator holds every right in every org.
    ///
    /// # Errors
    /// As [`Self::authorize`]; [`Refusal::Absent`] if the principal may not know of such an org.
    pub fn authorize_in<R: Right>(&self, org: OrgId) -> Result<Grant<'s, R>, Refusal> {
        let unknown = || Refusal::absent("organization", org);
        let (rights, scopes) = match self.principal {
            Principal::Operator => (PermissionSet::all(), None),
            Principal::User { org: own, .. } if own != org => return Err(unknown()),
            // It is for deciding about OAuth2 clients, which takes no right.
            Principal::User { credential: Credential::Login(_), .. } => {
                return Err(Refusal::Unauthorized(NotAuthenticated::Login));
            }
            Principal::User { .. } => {
                let (_, rights) = self.standing()?;
                rights.require(R::PERMISSION)?;
                (rights.effective(), rights.scopes)
            }
        };
        let org = self.state.org(org).ok_or_else(unknown)?;
        Ok(Grant { state: self.state, org, principal: self.principal, rights, scopes, right: PhantomData })
    }

    /// The caller as a user, without asking for any permission: who am I?
    ///
    /// # Errors
    /// [`Refusal::Unauthorized`] if the credential is no longer live.
    pub fn whoami(&self) -> Result<(&'s Org, &'s User), Refusal> {
        let (user, _) = self.standing()?;
        // A live credential's org exists: `standing` has just seen it enabled.
        let org = self.state.org(user.org).ok_or_else(|| Refusal::absent("organization", user.org))?;
        Ok((org, user))
    }

    /// All that the principal may do in the org that its credential belongs to.
    ///
    /// # Errors
    /// [`Refusal::Unauthorized`] if the credential is no longer live.
    pub fn rights(&self) -> Result<PermissionSet, Refusal> {
        self.standing().map(|(_, rights)| rights.effective())
    }

    /// Proves that an OAuth2 client is what it says, for a principal that came by it.
    ///
    /// # Errors
    /// [`Refusal::Oauth`] if it is not, or no longer.
    pub fn client(&self, proof: &ClientProof) -> Result<ClientGrant<'s>, Refusal> {
        match self.principal {
            Principal::User { credential: Credential::Client(id), asked, .. } if id == proof.client => {
                let client = oauth_client::authenticate(self.state, proof, asked)?;
                Ok(ClientGrant { state: self.state, client })
            }
            _ => Err(Refusal::OperatorOnly),
        }
    }

    /// Proves that what a user has shown stands for them, and that they are the principal.
    pub(crate) fn may_log_in(&self, user: UserId, shown: Shown) -> Result<(), Refusal> {
        match self.principal {
            Principal::User { org, user: own, asked, credential: Credential::Login(_) } if own == user => {
                let live =
                    self.enabled(org, user, asked).filter(|user| shown.reach(self.state, user).is_some());
                live.map(drop).ok_or(Refusal::Unauthorized(NotAuthenticated::Login))
            }
            _ => Err(Refusal::OperatorOnly),
        }
    }

    /// What a user has shown to log in, if their login lasts.
    ///
    /// # Errors
    /// [`Refusal::Unauthorized`] if they are not logged in, or no longer.
    pub fn shown(&self) -> Result<Shown, Refusal> {
        let login = match self.principal {
            Principal::User { credential: Credential::Login(id), .. } => self.state.login(id),
            _ => None,
        };
        self.live()?;
        login.map(|login| login.shown).ok_or(Refusal::Unauthorized(NotAuthenticated::Login))
    }

    /// Proves that the principal runs the deployment and is no customer of it.
    ///
    /// # Errors
    /// [`Refusal::OperatorOnly`] if it is a user.
    pub fn deployment(&self) -> Result<Deployment<'s>, Refusal> {
        match self.principal {
            Principal::Operator => Ok(Deployment { state: self.state }),
            Principal::User { .. } => Err(Refusal::OperatorOnly),
        }
    }

    /// The user behind the credential and what it may do now; everything that could have ended it is looked
    /// up again.
    fn standing(&self) -> Result<(&'s User, Rights), Refusal> {
        match self.principal {
            Principal::User { .. } => Ok(self.live()?),
            Principal::Operator => Err(Refusal::OperatorOnly),
        }
    }

    /// The same, where only the credential can be wrong.
    fn live(&self) -> Result<(&'s User, Rights), NotAuthenticated> {
        let Principal::User { org, user, credential, asked } = self.principal else {
            return Err(NotAuthenticated::Token);
        };
        let (state, enabled) = (self.state, self.enabled(org, user, asked));
        let of = |user| user::permissions(state, user);
        match credential {
            Credential::Keys { api_key, application_key } => {
                if !is_live(state, org, asked) || state.api_key(api_key).is_none_or(|key| key.org != org) {
                    return Err(NotAuthenticated::ApiKey);
                }
                match (enabled, state.application_key(application_key)) {
                    (Some(user), Some(key)) if key.owner == user.id => {
                        Ok((user, Rights { of_roles: of(user), scopes: key.scopes, shown: Kind::Keys }))
                    }
                    _ => Err(NotAuthenticated::ApplicationKey),
                }
            }
            Credential::Token(id) => {
                let user = enabled.ok_or(NotAuthenticated::Token)?;
                let scopes = self.scopes_of_token(id, user).ok_or(NotAuthenticated::Token)?;
                Ok((user, Rights { of_roles: of(user), scopes: Some(scopes), shown: Kind::Token }))
            }
            Credential::External(token) => {
                let user = enabled.filter(|_| token.ends_at > self.now).ok_or(NotAuthenticated::Token)?;
                Ok((user, Rights { of_roles: of(user), scopes: Some(token.scopes), shown: Kind::Token }))
            }
            Credential::Login(id) => {
                let login = state.login(id).filter(|login| login.user == user && login.expires_at > self.now);
                let (user, login) = enabled.zip(login).ok_or(NotAuthenticated::Login)?;
                let scopes = login.shown.reach(self.state, user).ok_or(NotAuthenticated::Login)?;
                Ok((user, Rights { of_roles: of(user), scopes, shown: Kind::Keys }))
            }
            Credential::Client(_) => Err(NotAuthenticated::Token),
        }
    }

    /// The user, if they can act in `org` on the site that was asked.
    fn enabled(&self, org: OrgId, user: UserId, asked: SiteScope) -> Option<&'s User> {
        let user = self.state.user(user).filter(|user| user.org == org && !user.disabled)?;
        is_live(self.state, org, asked).then_some(user)
    }

    /// What an access token lets through of what `user` may do, if it is live and stands for them.
    fn scopes_of_token(&self, id: TokenId, user: &User) -> Option<PermissionSet> {
        let token = self.state.token(id).filter(|it| it.kind == TokenKind::Access && it.user == user.id)?;
        let authorization = self.state.authorization(token.authorization)?;
        let client = self.state.oauth_client(authorization.client)?;
        let is_live = token.expires_at > self.now && oauth_client::serves(self.state, client, user);
        let scopes = token.scopes.intersection(client.scopes);
        if is_live { authorization.reach_now(self.state, user, scopes) } else { None }
    }
}

/// What kind of credential a user's rights are exercised by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Keys,
    Token,
}

/// What a user's roles allow, and what the credential cuts it down to.
struct Rights {
    of_roles: PermissionSet,
    scopes: Option<PermissionSet>,
    shown: Kind,
}

impl Rights {
    fn effective(&self) -> PermissionSet {
        self.scopes.map_or(self.of_roles, |scopes| self.of_roles.intersection(scopes))
    }

    fn require(&self, permission: Permission) -> Result<(), Refusal> {
        if !self.of_roles.contains(permission) {
            let missing_from = match self.shown {
                Kind::Keys => MissingFrom::Roles,
                Kind::Token => MissingFrom::RolesOfTokensUser,
            };
            Err(Refusal::Forbidden { permission, missing_from })
        } else if !self.effective().contains(permission) {
            let missing_from = match self.shown {
                Kind::Keys => MissingFrom::Scopes,
                Kind::Token => MissingFrom::ScopesOfToken,
            };
            Err(Refusal::Forbidden { permission, missing_from })
        } else {
            Ok(())
        }
    }
}

/// What would have to hold a permission for a call to be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingFrom {
    /// The roles of the user who owns the application key.
    Roles,
    /// The scopes of the application key.
    Scopes,
    /// The roles of the user whom an access token stands for.
    RolesOfTokensUser,
    /// The scopes of an access token.
    ScopesOfToken,
}

/// Proof that a principal holds `R` in an org, on the state that it borrows.
///
/// Only [`Session`] makes one.
#[derive(Debug)]
pub struct Grant<'s, R> {
    state: &'s State,
    org: &'s Org,
    principal: Principal,
    rights: PermissionSet,
    scopes: Option<PermissionSet>,
    right: PhantomData<fn() -> R>,
}

impl<'s, R> Grant<'s, R> {
    /// The state that it was proven on.
    pub const fn state(&self) -> &'s State {
        self.state
    }

    /// The org in which it holds.
    pub const fn org(&self) -> &'s Org {
        self.org
    }

    /// Who holds it.
    pub const fn principal(&self) -> Principal {
        self.principal
    }

    /// The user who holds it, unless it is an operator.
    pub const fn user(&self) -> Option<UserId> {
        match self.principal {
            Principal::User { user, .. } => Some(user),
            Principal::Operator => None,
        }
    }

    /// Whether the principal may do what `permission` allows, by the credential that it shows.
    pub const fn holds(&self, permission: Permission) -> bool {
        self.rights.contains(permission)
    }

    /// Whether the principal is this user, or an operator, who may act in anybody's place.
    pub fn speaks_for(&self, user: UserId) -> bool {
        match self.principal {
            Principal::User { user: own, .. } => own == user,
            Principal::Operator => true,
        }
    }

    /// Nobody gives away a right that they don't hold.
    ///
    /// # Errors
    /// [`Refusal::BeyondOwnRights`] with the first of `permissions` that the principal lacks.
    pub fn may_give(&self, permissions: PermissionSet) -> Result<(), Refusal> {
        match permissions.iter().find(|permission| !self.rights.contains(*permission)) {
            Some(permission) => Err(Refusal::BeyondOwnRights(permission)),
            None => Ok(()),
        }
    }

    /// A credential that is cut down makes none that is cut down less, even by what its user can't do yet.
    ///
    /// # Errors
    /// [`Refusal::BeyondOwnRights`] with the first of `scopes` that the credential lacks.
    pub fn may_pass_on(&self, scopes: PermissionSet) -> Result<(), Refusal> {
        let lacking = self.scopes.and_then(|own| scopes.without(own).iter().next());
        lacking.map_or(Ok(()), |permission| Err(Refusal::BeyondOwnRights(permission)))
    }

    /// Nobody changes a user or a role that may do what they may not.
    ///
    /// # Errors
    /// [`Refusal::BeyondReach`] with the first of `permissions` that the principal lacks.
    pub fn may_change_what_holds(&self, permissions: PermissionSet) -> Result<(), Refusal> {
        match permissions.without(self.rights).iter().next() {
            Some(permission) => Err(Refusal::BeyondReach(permission)),
            None => Ok(()),
        }
    }
}

/// Proof that a principal runs the deployment: it may make accounts and orgs.
///
/// Only [`Session::deployment`] makes one.
#[derive(Debug)]
pub struct Deployment<'s> {
    state: &'s State,
}

impl<'s> Deployment<'s> {
    /// The state that it was proven on.
    pub const fn state(&self) -> &'s State {
        self.state
    }
}

/// Proof that an OAuth2 client is what it says, on the state that it borrows.
///
/// Only [`Session::client`] makes one.
#[derive(Debug)]
pub struct ClientGrant<'s> {
    state: &'s State,
    client: &'s OauthClient,
}

impl<'s> ClientGrant<'s> {
    /// The state that it was proven on.
    pub const fn state(&self) -> &'s State {
        self.state
    }

    /// Which client.
    pub const fn client(&self) -> &'s OauthClient {
        self.client
    }
}
