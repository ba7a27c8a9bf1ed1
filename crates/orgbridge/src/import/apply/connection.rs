//! Connections, and what either side says about them.

use orgbridge_domain::org_connection::{self, NewOrgConnection};
use orgbridge_domain::restriction_policy::{self, Binding, Bindings, Relation, SelfLockout, Subject};
use orgbridge_domain::user::CreatorDisabled;
use orgbridge_domain::{ConnectionId, OrgConnection, OrgId, RestrictionPolicyId, UserId};

use super::super::index::{Found, OrgIndex};
use super::super::outcome::Kind;
use super::super::wishes::{ConnectionWish, Identity, PolicyWish, Reference};
use super::{Applying, Fate};
use crate::names::{self, NotNamed};

impl Applying<'_> {
    /// Makes a connection what it should be. Where not `all_orgs_there`, a missing one was reported already.
    pub(super) fn connection(&mut self, index: &OrgIndex, all_orgs_there: bool, wish: &ConnectionWish) {
        let source = self.find_mentioned_org(index, all_orgs_there, &wish.source);
        let sink = self.find_mentioned_org(index, all_orgs_there, &wish.sink);
        let Some(source) = source else { return };
        let created_by = self.find_creator(source, &wish.created_by);
        let (Some(sink), Some(created_by)) = (sink, created_by) else { return };
        let Some(connection) = self.settle_connection(wish, source, sink, created_by) else { return };
        for (org, policy) in [(source, &wish.source_policy), (sink, &wish.sink_policy)] {
            if let Some(policy) = policy {
                self.policy(org, connection, policy);
            }
        }
    }

    /// Lets an org say what it should about a connection.
    fn policy(&mut self, org: OrgId, connection: ConnectionId, wish: &PolicyWish) -> Option<()> {
        let editors = self.binding(org, Relation::Editor, wish.editors.as_deref());
        let viewers = self.binding(org, Relation::Viewer, wish.viewers.as_deref());
        let bindings = Bindings::new(editors.into_iter().chain(viewers).collect())
            .map_err(|problem| self.outcome.problems.push(wish.at.problem(problem.in_words())))
            .ok()?;
        let before = self.state().restriction_policy_of(org, connection).cloned();
        let after = self.run(&wish.at, |session| {
            let grant = session.authorize_in(org)?;
            restriction_policy::replace(&grant, connection, bindings, SelfLockout::Allowed)
        })?;
        let fate = before.map_or(Fate::Created, |before| Fate::of_existing(&before.bindings, &after));
        let id = RestrictionPolicyId::of(org, connection);
        self.settled(Kind::RestrictionPolicies, id.uuid(), &wish.at, fate);
        Some(())
    }

    fn binding(
        &mut self,
        org: OrgId,
        relation: Relation,
        references: Option<&[Reference]>,
    ) -> Option<Binding> {
        let subjects = references?.iter().filter_map(|reference| self.find_bound(org, reference)).collect();
        Some(Binding { relation, subjects })
    }

    fn find_bound(&mut self, org: OrgId, reference: &Reference) -> Option<Subject> {
        match names::subject(self.state(), org, &reference.named) {
            Ok(subject) => Some(subject),
            // Why something of the org is not there has been said already.
            Err(NotNamed::Absent { what: "role", .. }) if self.whole_roles.get(&org) == Some(&false) => None,
            Err(NotNamed::Absent { what: "user", .. }) if self.whole_orgs.get(&org) == Some(&false) => None,
            Err(problem) => {
                let message = match problem {
                    NotNamed::Absent { what, named } => format!("the organization has no {what} {named:?}"),
                    other => other.to_string(),
                };
                self.outcome.problems.push(reference.at.problem(message));
                None
            }
        }
    }

    fn settle_connection(
        &mut self,
        wish: &ConnectionWish,
        source: OrgId,
        sink: OrgId,
        created_by: UserId,
    ) -> Option<ConnectionId> {
        let (now, limits, types) = (self.now, self.policies.limits, wish.types);
        let found = match wish.id {
            Identity::Given(id) => self.state().connection(id),
            Identity::ByName(_) => self.state().connection_between(source, sink),
        };
        let (connection, fate): (OrgConnection, Fate) = if let Some(before) = found.cloned() {
            if (before.source, before.sink) != (source, sink) {
                let message = "the connection with this id is between other organizations; leave the id out, or give \
                               the right one";
                self.fixed(&wish.at, "id", message);
                return None;
            }
            if before.created_by != created_by {
                let message = "somebody else made this connection, and that stays so; name them here";
                self.fixed(&wish.at, "created_by", message);
            }
            let after = self.run(&wish.at, |session| {
                org_connection::update(&session.authorize_in(source)?, before.id, types, now)
            })?;
            let fate = Fate::of_existing(&*before, &after);
            (after, fate)
        } else if self.would_be_deleted_with(created_by) {
            let message = "the creator is disabled, and by policy.creator_disabled their connections are deleted; name another \
                           user, or take the connection out";
            self.fixed(&wish.at, "created_by", message);
            return None;
        } else {
            let new = NewOrgConnection { id: wish.id.to_make(), sink, types, created_by };
            let made = self.run(&wish.at, |session| {
                org_connection::create(&session.authorize_in(source)?, new, limits, now)
            })?;
            (made, Fate::Created)
        };
        self.settled(Kind::Connections, connection.id.uuid(), &wish.at, fate);
        Some(connection.id)
    }

    /// Whether the operator wants no connection of this user. What was deleted with them must not come back without what
    /// narrowed it.
    fn would_be_deleted_with(&self, creator: UserId) -> bool {
        self.policies.creator_disabled == CreatorDisabled::Delete
            && self.state().user(creator).is_some_and(|creator| creator.disabled)
    }

    fn find_mentioned_org(
        &mut self,
        index: &OrgIndex,
        all_orgs_there: bool,
        reference: &Reference,
    ) -> Option<OrgId> {
        let named = &reference.named;
        let message = match index.find(self.state(), named) {
            Found::Only(org) => return Some(org),
            Found::Nothing if !all_orgs_there => return None,
            Found::Nothing => format!("the account has no organization {named:?}"),
            Found::Several => {
                format!("several organizations of the account are called {named:?}; give the id of one")
            }
        };
        self.outcome.problems.push(reference.at.problem(message));
        None
    }

    fn find_creator(&mut self, source: OrgId, reference: &Reference) -> Option<UserId> {
        match names::user(self.state(), source, &reference.named) {
            Ok(user) => Some(user.id),
            // Why one of the users is not there has been said already.
            Err(_) if self.whole_orgs.get(&source) == Some(&false) => None,
            Err(_) => {
                let message = format!("the source organization has no user {:?}", reference.named);
                self.outcome.problems.push(reference.at.problem(message));
                None
            }
        }
    }
}
