//! Runs the rules that make wishes true.
//!
//! What is wished for is found by its id, or else by what it is called. If it is there, what differs is
//! altered; if not, it is made. Nothing is ever deleted. Whatever can't be made true is reported, and then
//! nothing is.

mod connection;
mod key;
mod oauth_client;
mod org;
mod user;

use std::collections::HashMap;

use indicatif::ProgressBar;
use orgbridge_domain::org_connection::Limits;
use orgbridge_domain::user::CreatorDisabled;
use orgbridge_domain::{AccountId, Decided, Draft, OrgId, Refusal, Session, State, Timestamp, account};
use uuid::Uuid;

use super::index::OrgIndex;
use super::location::{Location, Place};
use super::outcome::{Kind, Outcome};
use super::wishes::{AccountWish, Identity, Wishes};
use crate::failure::Explained;

/// What the operator has configured.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Policies {
    /// The bounds on connections.
    pub(crate) limits: Limits,
    /// What becomes of the connections of a user who is switched off.
    pub(crate) creator_disabled: CreatorDisabled,
}

/// Makes `wishes` true, or says why they can't be: what a rule refuses is among the problems of the outcome, with
/// its place in the file.
pub(crate) fn apply(
    wishes: &Wishes,
    session: &Session<'_>,
    policies: Policies,
    now: Timestamp,
    progress: &ProgressBar,
) -> Decided<Outcome> {
    let draft = Draft::new(session);
    let mut applying = Applying {
        draft,
        policies,
        now,
        outcome: Outcome::default(),
        claimed: HashMap::new(),
        whole_orgs: HashMap::new(),
        whole_roles: HashMap::new(),
        progress,
    };
    progress.set_position(0);
    for wish in &wishes.accounts {
        applying.account(wish);
    }
    applying.finish()
}

struct Applying<'w> {
    draft: Draft,
    policies: Policies,
    now: Timestamp,
    outcome: Outcome,
    /// Where the file mentions each thing, so that none is mentioned twice.
    claimed: HashMap<(Kind, Uuid), Place>,
    /// Of each org in the file, whether every user of it could be made.
    whole_orgs: HashMap<OrgId, bool>,
    /// The same of every role.
    whole_roles: HashMap<OrgId, bool>,
    progress: &'w ProgressBar,
}

/// What became of a wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Created,
    Updated,
    Unchanged,
}

impl Fate {
    /// The fate of something that was there before.
    fn of_existing<T: PartialEq>(before: &T, after: &T) -> Self {
        if before == after { Self::Unchanged } else { Self::Updated }
    }
}

impl Applying<'_> {
    fn finish(mut self) -> Decided<Outcome> {
        if self.outcome.problems.is_empty() {
            self.draft.finish(self.outcome)
        } else {
            self.outcome.problems.sort_by_key(super::Problem::place);
            Decided::unchanged(self.outcome)
        }
    }

    fn state(&self) -> &State {
        self.draft.state()
    }

    fn account(&mut self, wish: &AccountWish) {
        let Some(id) = self.settle_account(wish) else { return };
        let mut index = OrgIndex::of(self.state(), id);
        let mut all_there = wish.orgs.complete;
        for org in &wish.orgs.wishes {
            all_there &= self.org(id, &mut index, org);
        }
        for connection in &wish.connections.wishes {
            self.connection(&index, all_there, connection);
        }
    }

    fn settle_account(&mut self, wish: &AccountWish) -> Option<AccountId> {
        let found = match wish.id {
            Identity::Given(id) => self.state().account(id),
            Identity::ByName(_) => self.state().account_by_name(&wish.name),
        };
        let (id, name) = (wish.id.to_make(), wish.name.clone());
        let (account, fate) = if let Some(before) = found.cloned() {
            let renamed = |session: &Session<'_>| account::rename(&session.deployment()?, before.id, name);
            let after = self.run(&wish.at, renamed)?;
            let fate = Fate::of_existing(&*before, &after);
            (after, fate)
        } else {
            let now = self.now;
            let made =
                self.run(&wish.at, |session| account::create(&session.deployment()?, id, name, now))?;
            (made, Fate::Created)
        };
        self.settled(Kind::Accounts, account.id.uuid(), &wish.at, fate);
        Some(account.id)
    }

    /// Runs a rule; what it refuses is a problem of the wish at `at`.
    fn run<T>(
        &mut self,
        at: &Location,
        rule: impl FnOnce(&Session<'_>) -> Result<Decided<T>, Refusal>,
    ) -> Option<T> {
        match self.draft.run(rule) {
            Ok(value) => Some(value),
            Err(refusal) => {
                self.refused(at, &refusal);
                None
            }
        }
    }

    fn refused(&mut self, at: &Location, refusal: &Refusal) {
        self.outcome.problems.push(at.problem(Explained(refusal)));
    }

    /// Counts a wish that came true, and sees to it that no two wishes are about one thing.
    fn settled(&mut self, kind: Kind, id: Uuid, at: &Location, fate: Fate) {
        if let Some(Place { line, column }) = self.claimed.insert((kind, id), at.place) {
            let message = format!("this is what {line}:{column} is about already");
            self.outcome.problems.push(at.problem(message));
        }
        let tally = self.outcome.tally.entry(kind).or_default();
        match fate {
            Fate::Created => tally.created += 1,
            Fate::Updated => tally.updated += 1,
            Fate::Unchanged => tally.unchanged += 1,
        }
        self.progress.inc(1);
    }

    /// Says that an attribute of what is wished for has another value, and that no rule changes it.
    fn fixed(&mut self, at: &Location, member: &str, message: impl std::fmt::Display) {
        self.outcome.problems.push(at.problem_in(member, message));
    }
}
