//! What somebody tries to do, for the real rules and for the model alike.

use orgbridge_domain::org_connection::{self, Filter, Limits, NewOrgConnection, OrgFilter};
use orgbridge_domain::restriction_policy::{self, Binding, Bindings, Relation, SelfLockout, Subject};
use orgbridge_domain::{
    ConnectionTypes, CrossSite, Decided, ManagedRole, NotAuthenticated, Principal, Refusal, RoleId, Session,
    State, Timestamp, org,
};
use proptest::prelude::*;

use crate::Outcome;
use crate::world::{ORGS, Persona, connection_id, org_id, principal_of, types, user_id, writer_role};

/// How many connections there can be.
pub const NUMBERS: u8 = 8;

/// What somebody tries to do.
#[derive(Debug, Clone)]
pub enum Command {
    /// Somebody of an org connects it with a sink.
    Connect {
        /// The org, by its number.
        org: u8,
        /// Who of it.
        persona: Persona,
        /// The connection, by its number.
        number: u8,
        /// The sink, by its number; there may be none of it.
        sink: u8,
        /// What is shared.
        types: ConnectionTypes,
        /// The operator's policy.
        cross_site: CrossSite,
    },
    /// Somebody has a connection share something else.
    Update {
        /// The org, by its number.
        org: u8,
        /// Who of it.
        persona: Persona,
        /// The connection, by its number.
        number: u8,
        /// What is shared.
        types: ConnectionTypes,
    },
    /// Somebody deletes a connection.
    Delete {
        /// The org, by its number.
        org: u8,
        /// Who of it.
        persona: Persona,
        /// The connection, by its number.
        number: u8,
    },
    /// The operator switches an org off or on.
    SetOrgDisabled {
        /// The org, by its number.
        org: u8,
        /// Whether it is off from then on.
        disabled: bool,
    },
    /// Somebody says who of their org may see and use a connection.
    Restrict {
        /// The org, by its number.
        org: u8,
        /// Who of it.
        persona: Persona,
        /// The connection, by its number.
        number: u8,
        /// Who may do what.
        bindings: Vec<(Relation, Vec<Who>)>,
        /// Whether they may lock themselves out.
        lockout: SelfLockout,
    },
    /// Somebody takes that back.
    Unrestrict {
        /// The org, by its number.
        org: u8,
        /// Who of it.
        persona: Persona,
        /// The connection, by its number.
        number: u8,
    },
}

impl Command {
    /// Who gives it.
    ///
    /// # Errors
    /// [`NotAuthenticated`] if they are nobody any more.
    pub fn principal(&self, state: &State) -> Result<Principal, NotAuthenticated> {
        match *self {
            Self::SetOrgDisabled { .. } => Ok(Principal::Operator),
            Self::Connect { org, persona, .. }
            | Self::Update { org, persona, .. }
            | Self::Delete { org, persona, .. }
            | Self::Restrict { org, persona, .. }
            | Self::Unrestrict { org, persona, .. } => principal_of(state, org, persona),
        }
    }

    /// What the real rules decide.
    ///
    /// # Errors
    /// As the rules.
    pub fn decide(&self, session: &Session<'_>, now: Timestamp) -> Result<Decided<Outcome>, Refusal> {
        match *self {
            Self::Connect { org, persona, number, sink, types, cross_site } => {
                let (id, created_by) = (connection_id(number), user_id(org, persona));
                let new = NewOrgConnection { id, sink: org_id(sink), types, created_by };
                let limits = Limits { cross_site, ..Limits::default() };
                let decided = org_connection::create(&session.authorize()?, new, limits, now)?;
                Ok(shown(decided, Outcome::Done))
            }
            Self::Update { number, types, .. } => {
                let decided =
                    org_connection::update(&session.authorize()?, connection_id(number), types, now)?;
                Ok(shown(decided, Outcome::Done))
            }
            Self::Delete { number, .. } => {
                let decided = org_connection::delete(&session.authorize()?, connection_id(number))?;
                Ok(shown(decided, Outcome::Done))
            }
            Self::Restrict { number, bindings: ref plain, lockout, .. } => {
                let grant = session.authorize()?;
                let decided =
                    restriction_policy::replace(&grant, connection_id(number), bindings(plain), lockout)?;
                Ok(shown(decided, Outcome::Said))
            }
            Self::Unrestrict { number, .. } => {
                let decided = restriction_policy::delete(&session.authorize()?, connection_id(number))?;
                Ok(shown(decided, |()| Outcome::Said(Bindings::default())))
            }
            Self::SetOrgDisabled { org, disabled } => {
                let decided = org::set_disabled(&session.authorize_in(org_id(org))?, disabled, now)?;
                Ok(shown(decided, |_| Outcome::Switched))
            }
        }
    }
}

fn shown<T>(decided: Decided<T>, show: impl FnOnce(T) -> Outcome) -> Decided<Outcome> {
    Decided { value: show(decided.value), changes: decided.changes }
}

/// Whom a policy of an org binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Everybody of this org.
    Everybody(u8),
    /// Admins, of whichever org.
    Admins,
    /// Those of this org who write connections.
    Writers(u8),
    /// This one, of this org.
    One(u8, Persona),
}

impl Who {
    /// The org that it names, if it names one.
    pub(crate) fn of(self) -> Option<u8> {
        match self {
            Self::Everybody(org) | Self::Writers(org) | Self::One(org, _) => Some(org),
            Self::Admins => None,
        }
    }

    pub(crate) fn includes(self, persona: Persona) -> bool {
        let holds = |role: RoleId| persona.roles(0).contains(&role);
        match self {
            Self::Everybody(_) => true,
            Self::Admins => holds(ManagedRole::Admin.id()),
            Self::Writers(_) => persona == Persona::Writer,
            Self::One(_, one) => one == persona,
        }
    }

    fn subject(self) -> Subject {
        match self {
            Self::Everybody(org) => Subject::Org(org_id(org)),
            Self::Admins => Subject::Role(ManagedRole::Admin.id()),
            Self::Writers(org) => Subject::Role(writer_role(org)),
            Self::One(org, persona) => Subject::User(user_id(org, persona)),
        }
    }
}

pub(crate) fn bindings(plain: &[(Relation, Vec<Who>)]) -> Bindings {
    let binding = |(relation, who): &(Relation, Vec<Who>)| Binding {
        relation: *relation,
        subjects: who.iter().map(|who| who.subject()).collect(),
    };
    Bindings::new(plain.iter().map(binding).collect()).unwrap()
}

fn any_bindings(org: u8) -> impl Strategy<Value = Vec<(Relation, Vec<Who>)>> {
    // Now and then somebody of another org.
    let of = prop_oneof![9 => Just(org), 1 => 0..ORGS];
    let who =
        (of, 0..4_usize, proptest::sample::select(&Persona::ALL[..])).prop_map(|(of, kind, persona)| {
            [Who::Everybody(of), Who::Admins, Who::Writers(of), Who::One(of, persona)][kind]
        });
    let some = || {
        proptest::collection::vec(who.clone(), 0..3).prop_map(|mut some| {
            some.dedup();
            some
        })
    };
    (proptest::option::of(some()), proptest::option::of(some())).prop_map(|(editors, viewers)| {
        let editors = editors.map(|who| (Relation::Editor, who));
        editors.into_iter().chain(viewers.map(|who| (Relation::Viewer, who))).collect()
    })
}

fn any_persona() -> impl Strategy<Value = Persona> {
    prop_oneof![4 => Just(Persona::Admin), 3 => Just(Persona::Writer), 1 => proptest::sample::select(&Persona::ALL[..])]
}

fn any_types() -> impl Strategy<Value = ConnectionTypes> {
    proptest::sample::select(&["logs", "metrics", "audit", "logs,metrics", "metrics,logs,audit"][..])
        .prop_map(types)
}

fn any_cross_site() -> impl Strategy<Value = CrossSite> {
    prop_oneof![Just(CrossSite::Refused), Just(CrossSite::Allowed)]
}

/// A command of any kind, by anybody, about anything.
pub fn any_command() -> impl Strategy<Value = Command> {
    let org = 0..ORGS;
    let number = 0..NUMBERS;
    let restrict = (org.clone(), any_persona(), number.clone(), any::<bool>());
    prop_oneof![
        4 => (org.clone(), any_persona(), number.clone(), 0..=ORGS, any_types(), any_cross_site()).prop_map(
            |(org, persona, number, sink, types, cross_site)| {
                Command::Connect { org, persona, number, sink, types, cross_site }
            }
        ),
        3 => (org.clone(), any_persona(), number.clone(), any_types())
            .prop_map(|(org, persona, number, types)| Command::Update { org, persona, number, types }),
        2 => (org.clone(), any_persona(), number.clone())
            .prop_map(|(org, persona, number)| Command::Delete { org, persona, number }),
        4 => restrict.prop_flat_map(|(org, persona, number, locks_out)| {
            let lockout = if locks_out { SelfLockout::Allowed } else { SelfLockout::Refused };
            any_bindings(org)
                .prop_map(move |bindings| Command::Restrict { org, persona, number, bindings, lockout })
        }),
        1 => (org.clone(), any_persona(), number)
            .prop_map(|(org, persona, number)| Command::Unrestrict { org, persona, number }),
        1 => (org, any::<bool>()).prop_map(|(org, disabled)| Command::SetOrgDisabled { org, disabled }),
    ]
}

/// A narrowing of a list.
pub fn any_filter() -> impl Strategy<Value = Filter> {
    let side = || {
        prop_oneof![
            Just(OrgFilter::Any),
            (0..ORGS).prop_map(|org| OrgFilter::Only(org_id(org))),
            Just(OrgFilter::Nothing)
        ]
    };
    (side(), side()).prop_map(|(source, sink)| Filter { source, sink })
}
