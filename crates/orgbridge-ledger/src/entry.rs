//! Entries of the audit log, and the chain that vouches for them.

use orgbridge_domain::{Credential, OrgId, Principal, Timestamp};
use sha2::{Digest, Sha256};

use crate::audit::RESTORED;
use crate::{ChainDigest, Position, Revision};

/// One change, as the audit log records it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Which change of the history it is.
    pub revision: Revision,
    /// When it was decided.
    pub at: Timestamp,
    /// Who made it.
    pub actor: Actor,
    /// By which request.
    pub request_id: String,
    /// What kind of thing was changed: the name of its table.
    pub entity: String,
    /// Which one.
    pub entity_id: String,
    /// Its row before, as a JSON object; `None` where it was made.
    pub before: Option<String>,
    /// Its row after, as a JSON object; `None` where it was deleted.
    pub after: Option<String>,
    /// What vouches for this entry and all before it.
    pub digest: ChainDigest,
}

/// Who made a change, in words that outlive what they name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// `user` or `operator`.
    pub kind: String,
    /// The org that a user acted in.
    pub org_id: Option<String>,
    /// The user.
    pub user_id: Option<String>,
    /// What the user showed: `keys:` with the ids of an API key and an application key, `token:` with the id of an access
    /// token, `external:` with the name of an access token of an issuer outside and that of the issuer, `login:` with the
    /// id of a login, or `client:` with the id of an OAuth2 client that came for what the user had allowed it.
    pub credential: Option<String>,
}

impl Actor {
    /// The org that a user acted in.
    pub fn org(&self) -> Option<OrgId> {
        self.org_id.as_deref()?.parse().ok()
    }
}

impl From<Principal> for Actor {
    fn from(principal: Principal) -> Self {
        match principal {
            Principal::Operator => {
                Self { kind: "operator".to_owned(), org_id: None, user_id: None, credential: None }
            }
            Principal::User { org, user, credential, asked: _ } => {
                let shown = match credential {
                    Credential::Keys { api_key, application_key } => {
                        format!("keys:{api_key},{application_key}")
                    }
                    Credential::Token(token) => format!("token:{token}"),
                    Credential::External(token) => {
                        format!("external:{},{}", token.name.as_str(), token.issuer.as_str())
                    }
                    Credential::Login(login) => format!("login:{login}"),
                    Credential::Client(client) => format!("client:{client}"),
                };
                Self {
                    kind: "user".to_owned(),
                    org_id: Some(org.to_string()),
                    user_id: Some(user.to_string()),
                    credential: Some(shown),
                }
            }
        }
    }
}

impl Entry {
    /// Says that a ledger goes on at `new` in another epoch, where one stood at `old`: restored, or copied.
    pub(crate) fn of_replacement(request: &str, old: Position, new: Position, now: Timestamp) -> Self {
        let position = |position: Position| {
            let Position { epoch, revision, digest } = position;
            format!(r#"{{"epoch":{epoch},"revision":{revision},"digest":"{digest}"}}"#)
        };
        let mut entry = Self {
            revision: new.revision.next(),
            at: now,
            actor: Actor::from(Principal::Operator),
            request_id: request.to_owned(),
            entity: RESTORED.to_owned(),
            entity_id: new.epoch.to_string(),
            before: Some(position(old)),
            after: Some(position(new)),
            digest: new.digest,
        };
        entry.digest = entry.digest_after(new.digest);
        entry
    }

    /// The digest that this entry has if it follows one with the digest `previous`.
    ///
    /// SHA-256 over `previous` and then each field in the order of the table's columns: its length in bytes
    /// as 8 bytes, the highest first, and its text; 2^64 − 1 stands for an absent field.
    pub fn digest_after(&self, previous: ChainDigest) -> ChainDigest {
        let mut hash = Sha256::new();
        hash.update(previous.as_bytes());
        let mut field = |text: Option<&str>| match text {
            None => hash.update(u64::MAX.to_be_bytes()),
            Some(text) => {
                hash.update((text.len() as u64).to_be_bytes());
                hash.update(text);
            }
        };
        field(Some(&self.revision.to_string()));
        field(Some(&self.at.micros().to_string()));
        field(Some(&self.actor.kind));
        field(self.actor.org_id.as_deref());
        field(self.actor.user_id.as_deref());
        field(self.actor.credential.as_deref());
        field(Some(&self.request_id));
        field(Some(&self.entity));
        field(Some(&self.entity_id));
        field(self.before.as_deref());
        field(self.after.as_deref());
        ChainDigest::from_bytes(hash.finalize().into())
    }
}
