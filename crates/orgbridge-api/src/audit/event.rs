//! What an org is shown of an event in its trail.
//!
//! The two sides of a connection both see its changes, whichever side made them. Of somebody in another org, an org is
//! shown which org that is, and nothing else: no id, name or address of a user, no credential, and not what they called
//! their request. Of its own users it is shown what it may read elsewhere. An operator is no user. Digests are shown to nobody.
//!
//! Queries are asked of what is shown. So nothing can be found out by asking that isn't in the answer.

use std::borrow::Cow;
use std::fmt::Write as _;

use orgbridge_domain::{OrgId, State, Timestamp, UserId};
use orgbridge_ledger::trail::Event;
use orgbridge_ledger::{Action, Actor, Entry, RefusedAttempt};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::query::{Field, Values};

/// Parts of the names of columns that are shown to nobody.
const SECRET: [&str; 6] = ["digest", "secret", "password", "token", "challenge", "verifier"];

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was done.
    Success,
    /// It was refused.
    Refused,
}

impl Outcome {
    /// Its name on the wire.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Refused => "refused",
        }
    }
}

/// An event as one org is shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AuditEvent {
    pub(crate) id: Uuid,
    pub(crate) at: Timestamp,
    pub(crate) action: &'static str,
    pub(crate) asset_type: String,
    pub(crate) asset_id: Option<String>,
    pub(crate) asset_name: Option<String>,
    pub(crate) outcome: Outcome,
    pub(crate) actor_type: &'static str,
    pub(crate) user: Option<ShownUser>,
    pub(crate) org: Option<ShownOrg>,
    /// What the user showed.
    pub(crate) credential: Option<String>,
    pub(crate) request_id: Option<String>,
    /// The row before and after a change.
    pub(crate) before: Option<Map<String, Value>>,
    pub(crate) after: Option<Map<String, Value>>,
    pub(crate) refusal: Option<ShownRefusal>,
    /// The event in a sentence.
    pub(crate) message: String,
}

/// A user of the org that is shown the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShownUser {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) email: Option<String>,
}

/// The org in which somebody acted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShownOrg {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
}

/// How an attempt was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShownRefusal {
    pub(crate) status: u16,
    pub(crate) reason: String,
    /// How many attempts before it were not kept.
    pub(crate) unrecorded: u64,
}

/// Shows events to one org.
#[derive(Debug, Clone, Copy)]
pub(super) struct Viewer<'s> {
    pub(super) org: OrgId,
    pub(super) state: &'s State,
}

impl Viewer<'_> {
    /// What is shown of an event.
    pub(super) fn show(&self, event: Event) -> AuditEvent {
        let mut shown = match event {
            Event::Change(entry) => self.change(entry),
            Event::Refusal(refused) => self.refusal(refused),
        };
        shown.message = shown.in_words();
        shown
    }

    fn change(&self, entry: Entry) -> AuditEvent {
        let id = id_of(&[entry.digest.as_bytes()]);
        let (before, after) = (row(entry.before.as_deref()), row(entry.after.as_deref()));
        let action = match (&before, &after) {
            (None, _) => Action::Create,
            (Some(_), Some(_)) => Action::Update,
            (Some(_), None) => Action::Delete,
        };
        let name = after.as_ref().or(before.as_ref()).and_then(|row| row.get("name"));
        let asset_name = name.and_then(Value::as_str).map(str::to_owned);
        AuditEvent {
            asset_id: Some(entry.entity_id),
            asset_name,
            before,
            after,
            ..self.common(id, entry.at, action, &entry.entity, &entry.actor, entry.request_id)
        }
    }

    fn refusal(&self, refused: RefusedAttempt) -> AuditEvent {
        let RefusedAttempt { number, at, unrecorded, attempt } = refused;
        let numbers = [number.to_be_bytes(), at.micros().to_be_bytes()];
        let id = id_of(&[attempt.org.uuid().as_bytes(), &numbers.concat(), attempt.request_id.as_bytes()]);
        let common = self.common(id, at, attempt.action, &attempt.entity, &attempt.actor, attempt.request_id);
        AuditEvent {
            asset_id: attempt.entity_id,
            outcome: Outcome::Refused,
            refusal: Some(ShownRefusal { status: attempt.status, reason: attempt.reason, unrecorded }),
            ..common
        }
    }

    fn common(
        &self,
        id: Uuid,
        at: Timestamp,
        action: Action,
        entity: &str,
        actor: &Actor,
        request_id: String,
    ) -> AuditEvent {
        let is_own = actor.org() == Some(self.org);
        let user = actor.user_id.as_ref().filter(|_| is_own).map(|id| self.user(id));
        let org = actor.org_id.as_ref().map(|id| self.org(id));
        AuditEvent {
            id,
            at,
            action: match action {
                Action::Create => "created",
                Action::Update => "modified",
                Action::Delete => "deleted",
            },
            asset_type: entity.strip_prefix("app_").unwrap_or(entity).to_owned(),
            asset_id: None,
            asset_name: None,
            outcome: Outcome::Success,
            actor_type: if actor.org_id.is_some() { "USER" } else { "OPERATOR" },
            user,
            org,
            credential: actor.credential.clone().filter(|_| is_own),
            request_id: Some(request_id).filter(|_| is_own),
            before: None,
            after: None,
            refusal: None,
            message: String::new(),
        }
    }

    fn user(&self, id: &str) -> ShownUser {
        let user = id.parse::<UserId>().ok().and_then(|id| self.state.user(id));
        ShownUser {
            id: id.to_owned(),
            name: user.map(|user| user.name.to_string()),
            email: user.map(|user| user.email.to_string()),
        }
    }

    fn org(&self, id: &str) -> ShownOrg {
        let org = id.parse::<OrgId>().ok().and_then(|id| self.state.org(id));
        ShownOrg { id: id.to_owned(), name: org.map(|org| org.name.to_string()) }
    }
}

/// An id that tells nothing but which event it is.
fn id_of(parts: &[&[u8]]) -> Uuid {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    let digest: [u8; 32] = hash.finalize().into();
    uuid::Builder::from_custom_bytes(std::array::from_fn(|at| digest[at])).into_uuid()
}

/// A row without what is shown to nobody. One that somebody has spoilt is left out; verifying the log reports it.
fn row(text: Option<&str>) -> Option<Map<String, Value>> {
    let mut row: Map<String, Value> = serde_json::from_str(text?).unwrap_or_default();
    row.retain(|column, _| !SECRET.iter().any(|part| column.contains(part)));
    Some(row)
}

impl AuditEvent {
    fn in_words(&self) -> String {
        let who = match (&self.user, &self.org) {
            (Some(user), _) => user.name.clone().unwrap_or_else(|| user.id.clone()),
            (None, Some(org)) => format!("A user of {}", org.name.as_ref().unwrap_or(&org.id)),
            (None, None) => "An operator".to_owned(),
        };
        let mut what = self.asset_type.replace('_', " ");
        for part in [&self.asset_name, &self.asset_id].into_iter().flatten() {
            // Writing to a string can't fail.
            let _ = write!(what, " {part}");
        }
        match &self.refusal {
            None => format!("{who} {} {what}", self.action),
            Some(ShownRefusal { reason, .. }) => {
                let tried = match self.action {
                    "created" => "create",
                    "deleted" => "delete",
                    _ => "modify",
                };
                format!("{who} tried to {tried} {what} and was refused: {reason}")
            }
        }
    }
}

impl Values for AuditEvent {
    fn value(&self, field: Field) -> Option<Cow<'_, str>> {
        let user = self.user.as_ref();
        let text = match field {
            Field::Action => Some(self.action),
            Field::AssetType => Some(self.asset_type.as_str()),
            Field::AssetId => self.asset_id.as_deref(),
            Field::AssetName => self.asset_name.as_deref(),
            Field::Outcome => Some(self.outcome.as_str()),
            Field::ActorType => Some(self.actor_type),
            Field::UserId => user.map(|user| user.id.as_str()),
            Field::UserEmail => user.and_then(|user| user.email.as_deref()),
            Field::UserName => user.and_then(|user| user.name.as_deref()),
            Field::OrgId => self.org.as_ref().map(|org| org.id.as_str()),
            Field::OrgName => self.org.as_ref().and_then(|org| org.name.as_deref()),
            Field::RequestId => self.request_id.as_deref(),
            Field::StatusCode => {
                return self.refusal.as_ref().map(|refusal| Cow::Owned(refusal.status.to_string()));
            }
        };
        text.map(Cow::Borrowed)
    }

    fn each(&self, see: &mut dyn FnMut(&str)) {
        // The sentence has the reason of a refusal in it.
        see(&self.message);
        self.credential.as_deref().into_iter().for_each(&mut *see);
        for value in Field::ALL.iter().filter_map(|field| self.value(*field)) {
            see(&value);
        }
        for value in [&self.before, &self.after].into_iter().flatten().flat_map(Map::values) {
            match value {
                Value::String(text) => see(text),
                Value::Null => {}
                other => see(&other.to_string()),
            }
        }
    }
}
