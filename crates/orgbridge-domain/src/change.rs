//! What a rule decided: the only way in which state is altered.

use smallvec::{SmallVec, smallvec};

use crate::{
    Account, ApiKey, ApplicationKey, Authorization, ConnectionType, Login, OauthClient, Org, OrgConnection,
    OrgId, PermissionSet, RestrictionPolicy, Role, State, Token, User, UserId,
};

/// One entity made, replaced or deleted. Each becomes an entry of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Of an account.
    Account(Edit<Account>),
    /// Of an org.
    Org(Edit<Org>),
    /// Of a user.
    User(Edit<User>),
    /// Of a role.
    Role(Edit<Role>),
    /// Of an API key.
    ApiKey(Edit<ApiKey>),
    /// Of an application key.
    ApplicationKey(Edit<ApplicationKey>),
    /// Of an org connection.
    OrgConnection(Edit<OrgConnection>),
    /// Of a restriction policy.
    RestrictionPolicy(Edit<RestrictionPolicy>),
    /// Of an OAuth2 client.
    OauthClient(Edit<OauthClient>),
    /// Of what a user allowed a client.
    Authorization(Edit<Authorization>),
    /// Of a token.
    Token(Edit<Token>),
    /// Of a login.
    Login(Edit<Login>),
}

impl Change {
    /// The orgs whose own it is: each finds it in its audit trail. An account is nobody's but the operator's.
    ///
    /// `state` knows every user whom the change names.
    pub fn orgs(&self, state: &State) -> SmallVec<[OrgId; 2]> {
        let of_user = |user: UserId| state.user(user).map(|user| user.org).into_iter().collect();
        match self {
            Self::Account(_) => smallvec![],
            Self::Org(edit) => smallvec![edit.entity().id],
            Self::User(edit) => smallvec![edit.entity().org],
            Self::Role(edit) => smallvec![edit.entity().org],
            Self::ApiKey(edit) => smallvec![edit.entity().org],
            Self::ApplicationKey(edit) => of_user(edit.entity().owner),
            Self::OrgConnection(edit) => smallvec![edit.entity().source, edit.entity().sink],
            Self::RestrictionPolicy(edit) => smallvec![edit.entity().org],
            Self::OauthClient(edit) => smallvec![edit.entity().org],
            Self::Authorization(edit) => of_user(edit.entity().user),
            Self::Token(edit) => of_user(edit.entity().user),
            Self::Login(edit) => of_user(edit.entity().user),
        }
    }

    /// Whether it may take something from somebody: a right, or sight of something. Where it is not sure, it may.
    ///
    /// Whoever makes such a change is answered only when nobody anywhere goes by the old state any more.
    pub fn takes_away(&self) -> bool {
        match self {
            Self::Account(edit) => edit.narrows(|_, _| false),
            Self::Org(edit) => edit.narrows(|before, after| after.disabled && !before.disabled),
            Self::User(edit) => edit.narrows(|before, after| {
                let lost = before.roles.iter().any(|role| !after.roles.contains(role));
                lost || (after.disabled && !before.disabled)
            }),
            Self::Role(edit) => edit.narrows(|before, after| lost(before.permissions, after.permissions)),
            Self::ApiKey(edit) => edit.narrows(|_, _| false),
            Self::ApplicationKey(edit) => edit.narrows(|before, after| {
                let reach = |scopes: Option<PermissionSet>| scopes.unwrap_or(PermissionSet::all());
                lost(reach(before.scopes), reach(after.scopes))
            }),
            // Whoever names the types says that no other is shown, though somebody else may have taken it away a moment
            // ago, and wait.
            Self::OrgConnection(edit) => edit
                .narrows(|_, after| ConnectionType::ALL.into_iter().any(|kind| !after.types.contains(kind))),
            // Where there is none, nobody is bound: one that is made binds, and one that goes sets free.
            Self::RestrictionPolicy(edit) => edit.after().is_some(),
            Self::OauthClient(edit) => edit.narrows(|before, after| {
                let away = before.redirect_uris.iter().any(|uri| !after.redirect_uris.contains(uri));
                away || lost(before.scopes, after.scopes) || (before.refreshes && !after.refreshes)
            }),
            Self::Authorization(edit) => edit.narrows(|before, after| {
                lost(before.scopes, after.scopes) || after.expires_at < before.expires_at
            }),
            // What is spent gives nothing any more.
            Self::Token(Edit::Delete(token)) => !token.is_spent,
            Self::Token(edit) => edit.narrows(|before, after| {
                lost(before.scopes, after.scopes) || after.expires_at < before.expires_at
            }),
            Self::Login(edit) => edit.narrows(|_, _| true),
        }
    }

    /// Whether it is also found by the org whose user made it, where that is another one. What one side of a connection
    /// says of its own users is not, though it goes when a user of the other side deletes the connection.
    pub const fn is_shown_to_its_actor(&self) -> bool {
        !matches!(self, Self::RestrictionPolicy(_))
    }
}

fn lost(before: PermissionSet, after: PermissionSet) -> bool {
    before.without(after) != PermissionSet::EMPTY
}

/// What happened to one entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit<T> {
    /// It was made.
    Create(T),
    /// It was replaced by another version of itself.
    Replace {
        /// As it was.
        before: T,
        /// As it is.
        after: T,
    },
    /// It was deleted.
    Delete(T),
}

impl<T> Edit<T> {
    /// Whether the entity is gone, or is less than it was.
    fn narrows(&self, is_less: impl FnOnce(&T, &T) -> bool) -> bool {
        match self {
            Self::Create(_) => false,
            Self::Replace { before, after } => is_less(before, after),
            Self::Delete(_) => true,
        }
    }

    /// The entity in its latest version.
    pub const fn entity(&self) -> &T {
        match self {
            Self::Create(entity) | Self::Replace { after: entity, .. } | Self::Delete(entity) => entity,
        }
    }

    /// The entity as it was, if it was.
    pub const fn before(&self) -> Option<&T> {
        match self {
            Self::Create(_) => None,
            Self::Replace { before, .. } | Self::Delete(before) => Some(before),
        }
    }

    /// The entity as it is, if it is.
    pub const fn after(&self) -> Option<&T> {
        match self {
            Self::Create(after) | Self::Replace { after, .. } => Some(after),
            Self::Delete(_) => None,
        }
    }
}

/// The answer of a rule, with the changes that make it true.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "nothing has changed until the ledger has committed it"]
pub struct Decided<T> {
    /// What to tell the caller once the changes are kept.
    pub value: T,
    /// What to keep, in order. Most calls change one thing.
    pub changes: SmallVec<[Change; 1]>,
}

impl<T> Decided<T> {
    /// A decision that changes one thing.
    pub fn one(value: T, change: Change) -> Self {
        Self { value, changes: smallvec![change] }
    }

    /// A decision that all is as it should be already.
    pub fn unchanged(value: T) -> Self {
        Self { value, changes: SmallVec::new() }
    }
}
