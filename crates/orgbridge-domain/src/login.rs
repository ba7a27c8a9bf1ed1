//! Logins: who sits before a browser, for as long as it takes to decide about a client.

use std::time::Duration;

use crate::{
    ApplicationKeyId, Change, Decided, Edit, KeyDigest, LoginId, PermissionSet, Refusal, Session, State,
    Timestamp, User, UserId,
};

/// Somebody's browser, after they have shown who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Its id.
    pub id: LoginId,
    /// Who it is.
    pub user: UserId,
    /// What they have shown, which has to last: a login ends with it, and may do what it may do.
    pub shown: Shown,
    /// The digest of the secret that the browser holds.
    pub digest: KeyDigest,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// What somebody has shown to say who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// An application key of theirs.
    ApplicationKey(ApplicationKeyId),
    /// An issuer outside, by its word. It cuts nothing, and it lasts, since it is heard once.
    Issuer,
}

impl Shown {
    /// What somebody who has shown this may do of what `user` may, if it is live and stands for them: the inner `None`
    /// cuts nothing.
    #[expect(clippy::option_option, reason = "a key that stands for nobody and one that cuts nothing differ")]
    pub(crate) fn reach(self, state: &State, user: &User) -> Option<Option<PermissionSet>> {
        match self {
            Self::ApplicationKey(key) => {
                state.application_key(key).filter(|key| key.owner == user.id).map(|key| key.scopes)
            }
            Self::Issuer => Some(None),
        }
    }
}

/// What a new login is made from.
#[derive(Debug, Clone, Copy)]
pub struct NewLogin {
    /// Its id.
    pub id: LoginId,
    /// Who it is.
    pub user: UserId,
    /// What they have shown.
    pub shown: Shown,
    /// The digest of the secret that the browser is given.
    pub digest: KeyDigest,
}

/// How long a login lasts.
pub const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// Keeps a login. The principal is the user, by the login that is to be.
///
/// # Errors
/// [`Refusal::Unauthorized`] if what they have shown no longer stands for them; [`Refusal::Taken`] if a login has this
/// id or secret.
pub fn start(session: &Session<'_>, new: NewLogin, now: Timestamp) -> Result<Decided<Login>, Refusal> {
    let state = session.state();
    let NewLogin { id, user, shown, digest } = new;
    if state.login(id).is_some() || state.login_by_digest(&digest).is_some() {
        return Err(Refusal::taken("login id", id));
    }
    session.may_log_in(user, shown)?;
    let login = Login { id, user, shown, digest, created_at: now, expires_at: now.plus(LIFETIME) };
    Ok(Decided::one(login.clone(), Change::Login(Edit::Create(login))))
}
