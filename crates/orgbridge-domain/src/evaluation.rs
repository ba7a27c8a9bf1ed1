//! The decision call: may an org, or one of its users, read what another org owns, now? And who may ask that about whom?

use std::sync::Arc;

use crate::restriction_policy::Sight;
use crate::right::{OrgConnectionsEvaluate, OrgConnectionsRead};
use crate::{
    ConnectionType, CrossSite, Grant, Org, OrgConnection, OrgId, Refusal, Session, State, User, UserId,
    org_connection,
};

/// May `reader` read telemetry of type `wanted` that `owner` owns?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// Who wants to read.
    pub reader: Reader,
    /// Whose telemetry.
    pub owner: OrgId,
    /// Of which type.
    pub wanted: ConnectionType,
}

/// Who wants to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// An org, whichever of its users it is.
    Org(OrgId),
    /// A user, in the name of their org: what a restriction policy keeps from them, they may not read.
    User(UserId),
}

/// What is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<'s> {
    /// It may not.
    Refused,
    /// It may: an org may always read its own.
    Own,
    /// It may, by this connection.
    Connected(&'s Arc<OrgConnection>),
}

/// Proof that a principal may ask for decisions, and about whom.
///
/// Only [`Evaluator::of`] makes one.
#[derive(Debug)]
pub struct Evaluator<'s> {
    state: &'s State,
    org: &'s Org,
    reach: Reach<'s>,
}

#[derive(Debug, Clone, Copy)]
enum Reach<'s> {
    /// The pairs that its org is part of, by connections that it may know of.
    OwnPairs(Sight<'s>),
    /// Every pair of its account that has an org on its site.
    Account,
}

impl<'s> Evaluator<'s> {
    /// Proves that the principal may ask: about every pair of its account with `org_connections_evaluate`, and about
    /// the pairs that its own org is part of with `org_connections_read`.
    ///
    /// # Errors
    /// As [`Session::authorize`], if it holds neither.
    pub fn of(session: &Session<'s>) -> Result<Self, Refusal> {
        match session.authorize::<OrgConnectionsEvaluate>() {
            Ok(grant) => Ok(Self::with(&grant, Reach::Account)),
            Err(Refusal::Forbidden { .. }) => session
                .authorize::<OrgConnectionsRead>()
                .map(|grant| Self::with(&grant, Reach::OwnPairs(Sight::of(&grant)))),
            Err(refusal) => Err(refusal),
        }
    }

    fn with<R>(grant: &Grant<'s, R>, reach: Reach<'s>) -> Self {
        Self { state: grant.state(), org: grant.org(), reach }
    }

    /// Whether the principal may be told about this pair, and about this user of the one who reads. What an org keeps from
    /// its users is no business of the other side's.
    fn may_ask(&self, reader: &Org, user: Option<&Arc<User>>, owner: &Org) -> bool {
        match self.reach {
            Reach::OwnPairs(_) if user.is_some() => reader.id == self.org.id,
            Reach::OwnPairs(_) => [reader.id, owner.id].contains(&self.org.id),
            Reach::Account => {
                [reader, owner].iter().all(|org| org.account == self.org.account)
                    && [reader, owner].iter().any(|org| org.site == self.org.site)
            }
        }
    }
}

/// Decides. Who does not exist, is disabled, or is nobody whom the principal may ask about may nothing, and nobody may
/// read what such an org owns: which of these it is, nobody is told.
pub fn evaluate<'s>(evaluator: &Evaluator<'s>, question: Question, cross_site: CrossSite) -> Verdict<'s> {
    let (state, Question { reader, owner, wanted }) = (evaluator.state, question);
    let (reader, user) = match reader {
        Reader::Org(id) => (state.org(id), None),
        Reader::User(id) => {
            let user = state.user(id).filter(|user| !user.disabled);
            (user.and_then(|user| state.org(user.org)), user)
        }
    };
    let (Some(reader), Some(owner)) = (reader, state.org(owner)) else { return Verdict::Refused };
    if !evaluator.may_ask(reader, user, owner) || reader.disabled || owner.disabled {
        return Verdict::Refused;
    }
    if reader.id == owner.id {
        return Verdict::Own;
    }
    let connection = match user {
        None => org_connection::decide(state, reader.id, owner.id, wanted, cross_site),
        Some(user) => org_connection::decide_for(state, user.id, owner.id, wanted, cross_site),
    };
    let may_know = |connection: &&Arc<OrgConnection>| match evaluator.reach {
        Reach::OwnPairs(sight) => sight.admits(connection.id),
        Reach::Account => true,
    };
    connection.filter(may_know).map_or(Verdict::Refused, Verdict::Connected)
}
