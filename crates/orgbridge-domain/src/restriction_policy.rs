//! Restriction policies: who of an org may see, use and edit one of its connections.
//!
//! A permission is about every connection of an org. A policy narrows it for one of them, and never adds to it. Each
//! side of a connection keeps a policy of its own, about its own users alone. Where there is one, nobody may see the
//! connection but those whom it binds, and nobody may edit it but its editors; from the sink, seeing includes the use
//! of what is shared. Where there is none, permissions are all that is asked for.
//!
//! Whoever manages who may do what in an org (`user_access_manage`) is never locked out of its policies: they see its
//! connections and may replace the policies, and so bind themselves. Until they do, they neither use nor edit what a
//! policy keeps from them. An org always keeps an enabled admin. That may be a service account or somebody without a
//! key: then an operator mends its policies, whom none binds.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::right::{OrgConnectionsRead, OrgConnectionsWrite};
use crate::{
    Change, ConnectionId, Decided, Edit, Grant, NotAnId, OrgConnection, OrgId, Permission, Refusal,
    RestrictionPolicyId, RoleId, State, User, UserId, Verb, org_connection, role,
};

/// What one side of a connection says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestrictionPolicy {
    /// Its id.
    pub id: RestrictionPolicyId,
    /// The org whose users it is about: the source or the sink of the connection.
    pub org: OrgId,
    /// The connection that it narrows.
    pub connection: ConnectionId,
    /// Who may do what. There is at least one.
    pub bindings: Bindings,
}

impl RestrictionPolicyId {
    /// The id of the policy of `org` for `connection`, of which there is one at the most.
    pub fn of(org: OrgId, connection: ConnectionId) -> Self {
        let mut bytes = [0; 16];
        let text = Sha256::new().chain_update("orgbridge restriction policy ");
        let digest = text.chain_update(org.uuid()).chain_update(connection.uuid()).finalize();
        bytes.copy_from_slice(&digest[..16]);
        Self::new(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}

impl RestrictionPolicy {
    /// How `user`, who is one of its org, stands to the connection; `None` if it binds them in no way.
    pub fn relation_of(&self, user: &User) -> Option<Relation> {
        self.relation_where(|subject| subject.includes(user))
    }

    /// The greatest relation of which a binding has such a subject.
    fn relation_where(&self, is_such: impl Fn(Subject) -> bool) -> Option<Relation> {
        let binds = |binding: &&Binding| binding.subjects.iter().any(|subject| is_such(*subject));
        self.bindings.as_slice().iter().filter(binds).map(|binding| binding.relation).max()
    }
}

/// How somebody stands to a connection. The greater includes the lesser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// They may see it, and in the sink use it.
    Viewer,
    /// They may change and delete it, and its policy, too.
    Editor,
}

impl Relation {
    /// Every relation, the least first.
    pub const ALL: [Self; 2] = [Self::Viewer, Self::Editor];

    /// The name on the wire and in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
        }
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// The text names no relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be viewer or editor")]
pub struct NotARelation;

impl FromStr for Relation {
    type Err = NotARelation;

    fn from_str(text: &str) -> Result<Self, NotARelation> {
        Self::ALL.into_iter().find(|relation| relation.as_str() == text).ok_or(NotARelation)
    }
}

/// Whom a policy can bind. On the wire it is called a principal, which here is who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Every user of the org.
    Org(OrgId),
    /// Whoever holds the role.
    Role(RoleId),
    /// The user.
    User(UserId),
}

impl Subject {
    fn includes(self, user: &User) -> bool {
        self.includes_where(user, |role| user.roles.contains(&role))
    }

    /// The same by another way to tell whether they hold a role.
    fn includes_where(self, user: &User, holds: impl Fn(RoleId) -> bool) -> bool {
        match self {
            Self::Org(id) => user.org == id,
            Self::Role(id) => holds(id),
            Self::User(id) => user.id == id,
        }
    }

    /// Whether it is something of `org`.
    fn is_of(self, state: &State, org: OrgId) -> bool {
        match self {
            Self::Org(id) => id == org,
            Self::Role(id) => role::find(state, org, id).is_some(),
            Self::User(id) => state.user(id).is_some_and(|user| user.org == org),
        }
    }
}

/// The form on the wire and in storage.
impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Org(id) => write!(formatter, "org:{id}"),
            Self::Role(id) => write!(formatter, "role:{id}"),
            Self::User(id) => write!(formatter, "user:{id}"),
        }
    }
}

/// The text names nobody whom a policy can bind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotASubject {
    /// It does not begin as it should.
    #[error("must be org:, role: or user: with an id behind it")]
    Kind,
    /// There are no teams here.
    #[error(
        "must be org:, role: or user: with an id behind it; there are no teams here, bind a role instead"
    )]
    Team,
    /// What stands behind the colon is no id.
    #[error("behind the colon: {0}")]
    Id(#[from] NotAnId),
}

impl FromStr for Subject {
    type Err = NotASubject;

    fn from_str(text: &str) -> Result<Self, NotASubject> {
        match text.split_once(':') {
            Some(("org", id)) => Ok(Self::Org(id.parse()?)),
            Some(("role", id)) => Ok(Self::Role(id.parse()?)),
            Some(("user", id)) => Ok(Self::User(id.parse()?)),
            Some(("team", _)) => Err(NotASubject::Team),
            _ => Err(NotASubject::Kind),
        }
    }
}

/// Those who stand to a connection in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// In which.
    pub relation: Relation,
    /// Who they are, none twice. Without any, nobody is.
    pub subjects: Vec<Subject>,
}

/// Bindings of which no two are of one relation, in the order given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bindings(Vec<Binding>);

impl Bindings {
    /// The most that a policy may bind, by all of its bindings: each is looked at by every decision about the connection.
    pub const MAX_SUBJECTS: usize = 100;

    /// Takes `bindings` for those of a policy.
    ///
    /// # Errors
    /// [`BindingsProblem`] names what is given twice, or says that there are too many.
    pub fn new(bindings: Vec<Binding>) -> Result<Self, BindingsProblem> {
        let count = bindings.iter().map(|binding| binding.subjects.len()).sum();
        if count > Self::MAX_SUBJECTS {
            return Err(BindingsProblem::TooMany { count });
        }
        Self::kept(bindings)
    }

    /// The same of what is kept, which may be more than is taken now.
    fn kept(bindings: Vec<Binding>) -> Result<Self, BindingsProblem> {
        for (position, Binding { relation, subjects }) in bindings.iter().enumerate() {
            if bindings[..position].iter().any(|before| before.relation == *relation) {
                return Err(BindingsProblem::RelationRepeated { binding: position, relation: *relation });
            }
            let is_repeated = |place: &usize| subjects[..*place].contains(&subjects[*place]);
            if let Some(subject) = (0..subjects.len()).find(is_repeated) {
                return Err(BindingsProblem::SubjectRepeated { binding: position, subject });
            }
        }
        Ok(Self(bindings))
    }

    /// The bindings.
    pub fn as_slice(&self) -> &[Binding] {
        &self.0
    }

    /// Whether there are none: then nothing is narrowed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn name(&self, subject: Subject) -> bool {
        self.0.iter().any(|binding| binding.subjects.contains(&subject))
    }

    /// These without `subject`. A binding of nobody else stays, of nobody: what was narrowed never opens.
    fn without(&self, subject: Subject) -> Self {
        let others =
            |binding: &Binding| binding.subjects.iter().copied().filter(|other| *other != subject).collect();
        let bindings = self.0.iter();
        Self(
            bindings
                .map(|binding| Binding { relation: binding.relation, subjects: others(binding) })
                .collect(),
        )
    }
}

/// Something is given twice, or too much. The text goes behind the place of the bindings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BindingsProblem {
    /// More are named than a policy can bind.
    #[error(": must name at most {} principals in all, and not {count}", Bindings::MAX_SUBJECTS)]
    TooMany {
        /// How many.
        count: usize,
    },
    /// A relation has two bindings.
    #[error("[{binding}].relation: {relation:?} is repeated; list all of its principals in one binding", relation = .relation.as_str())]
    RelationRepeated {
        /// Which binding is the second, counted from 0.
        binding: usize,
        /// The relation.
        relation: Relation,
    },
    /// A binding names somebody twice.
    #[error("[{binding}].principals[{subject}]: is repeated")]
    SubjectRepeated {
        /// In which binding, counted from 0.
        binding: usize,
        /// Which of those in it is the second, counted from 0.
        subject: usize,
    },
}

impl BindingsProblem {
    /// The same for whoever gives no list of bindings.
    pub fn in_words(&self) -> String {
        match self {
            Self::TooMany { count } => {
                format!("a policy can bind at most {} in all, and not {count}", Bindings::MAX_SUBJECTS)
            }
            Self::RelationRepeated { .. } | Self::SubjectRepeated { .. } => {
                "somebody is named twice for one relation".to_owned()
            }
        }
    }
}

/// The text is not what storage holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected relations with their principals, such as viewer=org:ID;editor=role:ID,user:ID")]
pub struct NotBindings;

/// The form in storage: `viewer=org:ID;editor=role:ID,user:ID`.
impl fmt::Display for Bindings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, Binding { relation, subjects }) in self.0.iter().enumerate() {
            write!(formatter, "{}{relation}=", if position == 0 { "" } else { ";" })?;
            for (position, subject) in subjects.iter().enumerate() {
                write!(formatter, "{}{subject}", if position == 0 { "" } else { "," })?;
            }
        }
        Ok(())
    }
}

impl FromStr for Bindings {
    type Err = NotBindings;

    fn from_str(text: &str) -> Result<Self, NotBindings> {
        let binding = |text: &str| {
            let (relation, subjects) = text.split_once('=').ok_or(NotBindings)?;
            let subjects = subjects.split(',').filter(|subject| !subject.is_empty());
            let subjects = subjects.map(|subject| subject.parse().map_err(|_| NotBindings));
            let relation = relation.parse().map_err(|_| NotBindings)?;
            Ok(Binding { relation, subjects: subjects.collect::<Result<_, _>>()? })
        };
        let bindings = text.split(';').filter(|binding| !binding.is_empty()).map(binding);
        Self::kept(bindings.collect::<Result<_, _>>()?).map_err(|_| NotBindings)
    }
}

/// Whether somebody may take from themselves that they may edit a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SelfLockout {
    /// They may not: as a rule it is a slip.
    #[default]
    Refused,
    /// They say that they mean it.
    Allowed,
}

/// What the grant's org says about `connection`; `None` where it has no policy.
///
/// # Errors
/// [`Refusal::NoConnection`] if the principal may not know of the connection.
pub fn read<'s>(
    grant: &Grant<'s, OrgConnectionsRead>,
    connection: ConnectionId,
) -> Result<Option<&'s Arc<RestrictionPolicy>>, Refusal> {
    org_connection::known_to(grant, connection, Verb::Read)?;
    Ok(grant.state().restriction_policy_of(grant.org().id, connection))
}

/// Lets `bindings` be all that the grant's org says about `connection`. Without any, it says nothing any more.
///
/// # Errors
/// [`Refusal::NoConnection`] if the principal may not know of the connection; [`Refusal::NoEditor`] if the policy that
/// there is does not let them edit it; [`Refusal::UnknownSubject`] if somebody who is bound is not of the org;
/// [`Refusal::LocksItselfOut`] if the principal could edit it no more, and does not say that this is meant.
pub fn replace(
    grant: &Grant<'_, OrgConnectionsWrite>,
    connection: ConnectionId,
    bindings: Bindings,
    lockout: SelfLockout,
) -> Result<Decided<Bindings>, Refusal> {
    if bindings.is_empty() {
        return Ok(Decided { value: bindings, changes: remove(grant, connection, Verb::Update)?.changes });
    }
    may_govern(grant, connection, Verb::Update)?;
    let (state, org) = (grant.state(), grant.org().id);
    for (position, binding) in bindings.as_slice().iter().enumerate() {
        let is_unknown = |subject: &Subject| !subject.is_of(state, org);
        if let Some(place) = binding.subjects.iter().position(is_unknown) {
            let subject = binding.subjects[place];
            return Err(Refusal::UnknownSubject { binding: position, place, subject });
        }
    }
    let after = RestrictionPolicy { id: RestrictionPolicyId::of(org, connection), org, connection, bindings };
    if lockout == SelfLockout::Refused && edits(grant, connection) && !is_editor(grant, &after) {
        return Err(Refusal::LocksItselfOut);
    }
    let value = after.bindings.clone();
    Ok(match state.restriction_policy_of(org, connection) {
        None => Decided::one(value, Change::RestrictionPolicy(Edit::Create(after))),
        Some(before) if **before == after => Decided::unchanged(value),
        Some(before) => {
            let before = RestrictionPolicy::clone(before);
            Decided::one(value, Change::RestrictionPolicy(Edit::Replace { before, after }))
        }
    })
}

/// Takes back all that the grant's org says about `connection`.
///
/// # Errors
/// As [`replace`].
pub fn delete(
    grant: &Grant<'_, OrgConnectionsWrite>,
    connection: ConnectionId,
) -> Result<Decided<()>, Refusal> {
    remove(grant, connection, Verb::Delete)
}

fn remove(
    grant: &Grant<'_, OrgConnectionsWrite>,
    connection: ConnectionId,
    verb: Verb,
) -> Result<Decided<()>, Refusal> {
    may_govern(grant, connection, verb)?;
    let policy = grant.state().restriction_policy_of(grant.org().id, connection);
    Ok(policy.map_or_else(|| Decided::unchanged(()), |policy| Decided::one((), deletion(policy))))
}

/// Editors may say who else may do what, and so may whoever manages that in the org.
fn may_govern<R>(grant: &Grant<'_, R>, connection: ConnectionId, verb: Verb) -> Result<(), Refusal> {
    org_connection::known_to(grant, connection, verb)?;
    if governs(grant) || edits(grant, connection) { Ok(()) } else { Err(Refusal::NoEditor) }
}

/// Whether no policy of the grant's org is out of the principal's reach.
fn governs<R>(grant: &Grant<'_, R>) -> bool {
    grant.holds(Permission::UserAccessManage)
}

/// Whether the principal may edit `connection`, as far as the policy of the grant's org goes.
///
/// # Errors
/// [`Refusal::NoEditor`] if it may not.
pub(crate) fn may_edit<R>(grant: &Grant<'_, R>, connection: ConnectionId) -> Result<(), Refusal> {
    if edits(grant, connection) { Ok(()) } else { Err(Refusal::NoEditor) }
}

fn edits<R>(grant: &Grant<'_, R>, connection: ConnectionId) -> bool {
    let policy = grant.state().restriction_policy_of(grant.org().id, connection);
    policy.is_none_or(|policy| is_editor(grant, policy))
}

fn is_editor<R>(grant: &Grant<'_, R>, policy: &RestrictionPolicy) -> bool {
    match grant.user() {
        None => true,
        Some(id) => {
            grant.state().user(id).and_then(|user| policy.relation_of(user)) == Some(Relation::Editor)
        }
    }
}

/// Nobody makes others holders of roles of which a policy binds one more closely than themselves.
///
/// # Errors
/// [`Refusal::BeyondOwnStanding`] if one does.
pub(crate) fn may_give_roles<R>(grant: &Grant<'_, R>, roles: &[RoleId]) -> Result<(), Refusal> {
    let is_given = finder(roles);
    is_within_own_standing(grant, |subject| matches!(subject, Subject::Role(role) if is_given(role)))
}

/// Nobody comes to act as somebody whom a policy binds more closely than themselves.
///
/// # Errors
/// [`Refusal::BeyondOwnStanding`] if one does.
pub(crate) fn may_act_as<R>(grant: &Grant<'_, R>, user: &User) -> Result<(), Refusal> {
    let holds = finder(&user.roles);
    is_within_own_standing(grant, |subject| subject.includes_where(user, &holds))
}

/// No policy may bind those whom the principal would give away more closely than the principal.
fn is_within_own_standing<R>(
    grant: &Grant<'_, R>,
    is_given_away: impl Fn(Subject) -> bool,
) -> Result<(), Refusal> {
    let (state, Some(id)) = (grant.state(), grant.user()) else { return Ok(()) };
    if governs(grant) {
        return Ok(());
    }
    let user = state.user(id).ok_or(Refusal::BeyondOwnStanding)?;
    let holds = finder(&user.roles);
    let is_beyond = |policy: &Arc<RestrictionPolicy>| {
        let own = policy.relation_where(|subject| subject.includes_where(user, &holds));
        policy.relation_where(&is_given_away) > own
    };
    let mut policies = state.restriction_policies_of(grant.org().id);
    if policies.any(is_beyond) { Err(Refusal::BeyondOwnStanding) } else { Ok(()) }
}

/// Tells whether a role is one of `roles`. An org may have as many policies as it has connections, and each principal of
/// each is asked about: so none is sought among all of the roles.
fn finder(roles: &[RoleId]) -> impl Fn(RoleId) -> bool + use<> {
    let mut roles = roles.to_vec();
    roles.sort_unstable();
    move |role| roles.binary_search(&role).is_ok()
}

/// Whether `user` may use what `connection` lets their org query.
pub(crate) fn may_use(state: &State, user: &User, connection: ConnectionId) -> bool {
    let policy = state.restriction_policy_of(user.org, connection);
    policy.is_none_or(|policy| policy.relation_of(user).is_some())
}

/// Which connections of the grant's org the principal may know of. It is made once for a whole list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sight<'s> {
    state: &'s State,
    /// Whose eyes these are.
    user: Option<&'s User>,
    /// What the org may keep from them, by id. Nothing as a rule, and a list then costs no more than without policies.
    restricted: &'s [ConnectionId],
}

impl<'s> Sight<'s> {
    /// What the principal of `grant` sees.
    pub(crate) fn of<R>(grant: &Grant<'s, R>) -> Self {
        let state = grant.state();
        let user = grant.user();
        let sees_all = user.is_none() || governs(grant);
        let restricted = if sees_all { &[] } else { state.restricted_by(grant.org().id) };
        Self { state, user: user.and_then(|id| state.user(id)).map(|user| &**user), restricted }
    }

    /// Whether the connection `id`, which is one of the org, may be known.
    pub(crate) fn admits(&self, id: ConnectionId) -> bool {
        let has_no_policy = self.restricted.is_empty() || self.restricted.binary_search(&id).is_err();
        has_no_policy || self.user.is_some_and(|user| may_use(self.state, user, id))
    }
}

/// What goes with `connection`: the policies of both sides.
pub(crate) fn deletions_with(state: &State, connection: &OrgConnection) -> impl Iterator<Item = Change> {
    let sides = [connection.source, connection.sink];
    let policies =
        sides.map(|side| state.restriction_policy_of(side, connection.id).map(|policy| deletion(policy)));
    policies.into_iter().flatten()
}

/// What goes with a role of `org`: nobody is bound by it any more.
pub(crate) fn changes_without_role(state: &State, org: OrgId, role: RoleId) -> impl Iterator<Item = Change> {
    let subject = Subject::Role(role);
    let policies = state.restriction_policies_of(org).filter(move |policy| policy.bindings.name(subject));
    policies.map(move |policy| {
        let before = RestrictionPolicy::clone(policy);
        let after = RestrictionPolicy { bindings: before.bindings.without(subject), ..before.clone() };
        Change::RestrictionPolicy(Edit::Replace { before, after })
    })
}

fn deletion(policy: &RestrictionPolicy) -> Change {
    Change::RestrictionPolicy(Edit::Delete(policy.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0b1d6e00-0000-4000-8000-000000000001";

    #[test]
    fn bindings_read_their_own_text() {
        for text in [
            String::new(),
            "editor=".to_owned(),
            format!("viewer=org:{ID}"),
            format!("editor=role:{ID},user:{ID};viewer="),
        ] {
            assert_eq!(text.parse::<Bindings>().map(|bindings| bindings.to_string()), Ok(text));
        }
        for text in ["editor", "owner=", "editor=;editor=", "editor=me", "editor=user:me"] {
            assert_eq!(text.parse::<Bindings>(), Err(NotBindings), "{text}");
        }
    }

    #[test]
    fn a_subject_is_an_org_a_role_or_a_user() {
        assert!(format!("user:{ID}").parse::<Subject>().is_ok());
        for (text, problem) in [
            (ID.to_owned(), NotASubject::Kind),
            (format!("group:{ID}"), NotASubject::Kind),
            (format!("USER:{ID}"), NotASubject::Kind),
            (format!("team:{ID}"), NotASubject::Team),
            ("user:jane".to_owned(), NotASubject::Id(NotAnId)),
        ] {
            assert_eq!(text.parse::<Subject>(), Err(problem), "{text}");
        }
    }

    #[test]
    fn what_is_given_twice_is_named_by_its_place() {
        let subject: Subject = format!("user:{ID}").parse().unwrap();
        let binding =
            |subjects: &[Subject]| Binding { relation: Relation::Editor, subjects: subjects.to_vec() };
        let problem = |bindings: &[&[Subject]]| {
            Bindings::new(bindings.iter().map(|subjects| binding(subjects)).collect())
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            problem(&[&[subject], &[]]),
            "[1].relation: \"editor\" is repeated; list all of its principals in one binding"
        );
        assert_eq!(problem(&[&[subject, subject]]), "[0].principals[1]: is repeated");
    }

    #[test]
    fn a_policy_binds_so_many_and_no_more_but_what_is_kept_is_read() {
        let subjects = |from: u128, count: usize| -> Vec<_> {
            (from..)
                .take(count)
                .map(|number| Subject::User(UserId::new(uuid::Uuid::from_u128(number))))
                .collect()
        };
        let binding = |relation, subjects| Binding { relation, subjects };
        let both = |viewers, editors| {
            let editors = binding(Relation::Editor, subjects(1000, editors));
            vec![binding(Relation::Viewer, subjects(0, viewers)), editors]
        };
        assert!(Bindings::new(both(60, 40)).is_ok());
        assert!(Bindings::new(both(0, 100)).is_ok());
        let problem = Bindings::new(both(60, 41)).unwrap_err();
        assert_eq!(problem.to_string(), ": must name at most 100 principals in all, and not 101");
        assert_eq!(problem.in_words(), "a policy can bind at most 100 in all, and not 101");
        let kept = Bindings(both(60, 41));
        assert_eq!(kept.to_string().parse(), Ok(kept));
    }

    #[test]
    fn a_policy_has_one_id_for_each_side_of_each_connection() {
        let (one, other) = (ID.parse().unwrap(), "0b1d6e00-0000-4000-8000-000000000002".parse().unwrap());
        let [connection, another]: [ConnectionId; 2] =
            [ID.parse().unwrap(), "0b1d6e00-0000-4000-8000-000000000002".parse().unwrap()];
        let id = RestrictionPolicyId::of(one, connection);
        assert_eq!(id, RestrictionPolicyId::of(one, connection));
        assert_ne!(id, RestrictionPolicyId::of(other, connection));
        assert_ne!(id, RestrictionPolicyId::of(one, another));
    }
}
