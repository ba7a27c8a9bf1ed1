//! Any sequence of commands does to [`State`](orgbridge_domain::State) what it does to a model that keeps
//! connections in a plain list and has no index that could be wrong.

use std::collections::HashSet;
use std::mem;

use orgbridge_domain::org_connection::{self, Filter, OrgFilter};
use orgbridge_domain::restriction_policy::{self, Binding, Bindings, Relation, SelfLockout, Subject};
use orgbridge_domain::{
    ConnectionType, ConnectionTypes, CrossSite, ManagedRole, OrgConnection, Page, Refusal, RoleId, Timestamp,
};
use proptest::prelude::*;

use crate::world::{
    FOREIGN, ORGS, OVERSEAS, Persona, World, connection_id, org_id, types, user_id, writer_role,
};

/// How many connections there can be.
const NUMBERS: u8 = 8;

#[derive(Debug, Clone)]
enum Command {
    Connect {
        org: u8,
        persona: Persona,
        number: u8,
        sink: u8,
        types: ConnectionTypes,
        cross_site: CrossSite,
    },
    Update {
        org: u8,
        persona: Persona,
        number: u8,
        types: ConnectionTypes,
    },
    Delete {
        org: u8,
        persona: Persona,
        number: u8,
    },
    SetOrgDisabled {
        org: u8,
        disabled: bool,
    },
    Restrict {
        org: u8,
        persona: Persona,
        number: u8,
        bindings: Vec<(Relation, Vec<Who>)>,
        lockout: SelfLockout,
    },
    Unrestrict {
        org: u8,
        persona: Persona,
        number: u8,
    },
}

/// Whom a policy of an org binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    /// Everybody of this org.
    Everybody(u8),
    Admins,
    /// Those of this org who write connections.
    Writers(u8),
    /// This one, of this org.
    One(u8, Persona),
}

impl Who {
    fn of(self) -> Option<u8> {
        match self {
            Self::Everybody(org) | Self::Writers(org) | Self::One(org, _) => Some(org),
            Self::Admins => None,
        }
    }

    fn includes(self, persona: Persona) -> bool {
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

fn bindings(plain: &[(Relation, Vec<Who>)]) -> Bindings {
    let binding = |(relation, who): &(Relation, Vec<Who>)| Binding {
        relation: *relation,
        subjects: who.iter().map(|who| who.subject()).collect(),
    };
    Bindings::new(plain.iter().map(binding).collect()).unwrap()
}

/// What a command came to, in as many words as the model has.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Done(OrgConnection),
    Unauthorized,
    Forbidden,
    Itself,
    NoSink,
    AlreadyConnected,
    IdTaken,
    Unknown,
    OnlyTheSource,
    NoEditor,
    LockedOut,
    UnknownSubject,
    Said(Bindings),
}

impl From<Result<OrgConnection, Refusal>> for Outcome {
    fn from(result: Result<OrgConnection, Refusal>) -> Self {
        match result {
            Ok(connection) => Self::Done(connection),
            Err(Refusal::Unauthorized(_)) => Self::Unauthorized,
            Err(Refusal::Forbidden { .. }) => Self::Forbidden,
            Err(Refusal::NotAllowed { .. }) => Self::Itself,
            Err(Refusal::NoSink) => Self::NoSink,
            Err(Refusal::AlreadyConnected { .. }) => Self::AlreadyConnected,
            Err(Refusal::Taken { .. }) => Self::IdTaken,
            Err(Refusal::NoConnection { .. }) => Self::Unknown,
            Err(Refusal::OnlyTheSourceMayUpdate) => Self::OnlyTheSource,
            Err(Refusal::NoEditor) => Self::NoEditor,
            Err(Refusal::LocksItselfOut) => Self::LockedOut,
            Err(Refusal::UnknownSubject { .. }) => Self::UnknownSubject,
            Err(other) => unreachable!("no command is refused so: {other:?}"),
        }
    }
}

#[derive(Default)]
struct Model {
    connections: Vec<OrgConnection>,
    disabled: Vec<u8>,
    policies: Vec<Policy>,
}

/// What an org says about a connection.
struct Policy {
    org: u8,
    number: u8,
    bindings: Vec<(Relation, Vec<Who>)>,
}

impl Policy {
    fn binds(&self, relation: Relation, persona: Persona) -> bool {
        let binds = |(other, who): &(Relation, Vec<Who>)| {
            *other == relation && who.iter().any(|who| who.includes(persona))
        };
        self.bindings.iter().any(binds)
    }
}

impl Model {
    fn may_write(&self, org: u8, persona: Persona) -> Result<(), Outcome> {
        if self.disabled.contains(&org) {
            Err(Outcome::Unauthorized)
        } else if persona.may_write() {
            Ok(())
        } else {
            Err(Outcome::Forbidden)
        }
    }

    fn known(&self, org: u8, persona: Persona, number: u8) -> Result<usize, Outcome> {
        let involved = |connection: &OrgConnection| {
            connection.id == connection_id(number)
                && (connection.source == org_id(org) || connection.sink == org_id(org))
                && self.sees(org, persona, number)
        };
        self.connections.iter().position(involved).ok_or(Outcome::Unknown)
    }

    fn policy(&self, org: u8, number: u8) -> Option<&Policy> {
        self.policies.iter().find(|policy| (policy.org, policy.number) == (org, number))
    }

    fn uses(&self, org: u8, persona: Persona, number: u8) -> bool {
        let bound = |policy: &Policy| Relation::ALL.iter().any(|relation| policy.binds(*relation, persona));
        self.policy(org, number).is_none_or(bound)
    }

    fn sees(&self, org: u8, persona: Persona, number: u8) -> bool {
        persona.governs() || self.uses(org, persona, number)
    }

    fn edits(&self, org: u8, persona: Persona, number: u8) -> bool {
        self.policy(org, number).is_none_or(|policy| policy.binds(Relation::Editor, persona))
    }

    fn may_govern(&self, org: u8, persona: Persona, number: u8) -> Result<(), Outcome> {
        self.may_write(org, persona)?;
        self.known(org, persona, number)?;
        if persona.governs() || self.edits(org, persona, number) { Ok(()) } else { Err(Outcome::NoEditor) }
    }

    fn restrict(
        &mut self,
        (org, persona, number): (u8, Persona, u8),
        plain: &[(Relation, Vec<Who>)],
        lockout: SelfLockout,
    ) -> Result<Bindings, Outcome> {
        self.may_govern(org, persona, number)?;
        if plain.iter().flat_map(|(_, who)| who).any(|who| who.of().is_some_and(|other| other != org)) {
            return Err(Outcome::UnknownSubject);
        }
        let policy = Policy { org, number, bindings: plain.to_vec() };
        let editor_before = self.edits(org, persona, number);
        let editor_after = plain.is_empty() || policy.binds(Relation::Editor, persona);
        if lockout == SelfLockout::Refused && editor_before && !editor_after {
            return Err(Outcome::LockedOut);
        }
        self.policies.retain(|other| (other.org, other.number) != (org, number));
        if !plain.is_empty() {
            self.policies.push(policy);
        }
        Ok(bindings(plain))
    }

    fn unrestrict(&mut self, org: u8, persona: Persona, number: u8) -> Result<Bindings, Outcome> {
        self.may_govern(org, persona, number)?;
        self.policies.retain(|other| (other.org, other.number) != (org, number));
        Ok(Bindings::default())
    }

    fn connect(
        &mut self,
        (org, persona, number, sink): (u8, Persona, u8, u8),
        types: ConnectionTypes,
        cross_site: CrossSite,
        now: Timestamp,
    ) -> Result<OrgConnection, Outcome> {
        self.may_write(org, persona)?;
        if org == sink {
            return Err(Outcome::Itself);
        }
        let crosses = (org == OVERSEAS) != (sink == OVERSEAS);
        let out_of_reach = crosses && cross_site == CrossSite::Refused;
        if sink >= ORGS || (org == FOREIGN) != (sink == FOREIGN) || out_of_reach {
            return Err(Outcome::NoSink);
        }
        let (source, sink) = (org_id(org), org_id(sink));
        if self.connections.iter().any(|other| other.source == source && other.sink == sink) {
            return Err(Outcome::AlreadyConnected);
        }
        if self.connections.iter().any(|other| other.id == connection_id(number)) {
            return Err(Outcome::IdTaken);
        }
        let connection = OrgConnection {
            id: connection_id(number),
            source,
            sink,
            types,
            created_by: user_id(org, persona),
            created_at: now,
            modified_at: now,
        };
        self.connections.push(connection.clone());
        Ok(connection)
    }

    fn update(
        &mut self,
        (org, persona, number): (u8, Persona, u8),
        types: ConnectionTypes,
        now: Timestamp,
    ) -> Result<OrgConnection, Outcome> {
        self.may_write(org, persona)?;
        let at = self.known(org, persona, number)?;
        if self.connections[at].source != org_id(org) {
            return Err(Outcome::OnlyTheSource);
        }
        if !self.edits(org, persona, number) {
            return Err(Outcome::NoEditor);
        }
        let connection = &mut self.connections[at];
        if connection.types != types {
            connection.types = types;
            connection.modified_at = now;
        }
        Ok(connection.clone())
    }

    fn delete(&mut self, org: u8, persona: Persona, number: u8) -> Result<OrgConnection, Outcome> {
        self.may_write(org, persona)?;
        let at = self.known(org, persona, number)?;
        if !self.edits(org, persona, number) {
            return Err(Outcome::NoEditor);
        }
        self.policies.retain(|policy| policy.number != number);
        Ok(self.connections.remove(at))
    }

    fn list(
        &self,
        (org, persona): (u8, Persona),
        filter: Filter,
        page: Page,
    ) -> (Vec<OrgConnection>, usize, usize) {
        let admits = |wanted, side| match wanted {
            OrgFilter::Any => true,
            OrgFilter::Only(id) => id == side,
            OrgFilter::Nothing => false,
        };
        let of_org =
            |connection: &&OrgConnection| connection.source == org_id(org) || connection.sink == org_id(org);
        let hidden: Vec<_> =
            (0..NUMBERS).filter(|number| !self.sees(org, persona, *number)).map(connection_id).collect();
        let mut all: Vec<_> = self.connections.iter().filter(of_org).cloned().collect();
        all.retain(|connection| !hidden.contains(&connection.id));
        all.sort_by_key(|connection| (connection.created_at, connection.id));
        let total = all.len();
        all.retain(|connection| {
            admits(filter.source, connection.source) && admits(filter.sink, connection.sink)
        });
        let total_filtered = all.len();
        (all.into_iter().skip(page.offset).take(page.limit).collect(), total, total_filtered)
    }

    fn decide(&self, sink: u8, source: u8, wanted: ConnectionType, cross_site: CrossSite) -> bool {
        let is_within_a_site = (sink == OVERSEAS) == (source == OVERSEAS);
        (is_within_a_site || cross_site == CrossSite::Allowed)
            && !self.disabled.contains(&sink)
            && !self.disabled.contains(&source)
            && self.connections.iter().any(|connection| {
                connection.source == org_id(source)
                    && connection.sink == org_id(sink)
                    && connection.types.contains(wanted)
            })
    }
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

fn any_command() -> impl Strategy<Value = Command> {
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

fn any_filter() -> impl Strategy<Value = Filter> {
    let side = || {
        prop_oneof![
            Just(OrgFilter::Any),
            (0..ORGS).prop_map(|org| OrgFilter::Only(org_id(org))),
            Just(OrgFilter::Nothing)
        ]
    };
    (side(), side()).prop_map(|(source, sink)| Filter { source, sink })
}

fn run(world: &mut World, model: &mut Model, command: &Command) -> (Outcome, Outcome) {
    // Each command moves the clock once, before it is decided.
    let next = |world: &World| Timestamp::from_micros(world.now().micros() + 1);
    let now = next(world);
    let flat = |result: Result<OrgConnection, Outcome>| result.map_or_else(|refused| refused, Outcome::Done);
    match *command {
        Command::Connect { org, persona, number, sink, types, cross_site } => (
            world.connect_where(cross_site, (org, persona, number, org_id(sink)), types).into(),
            flat(model.connect((org, persona, number, sink), types, cross_site, now)),
        ),
        Command::Update { org, persona, number, types } => (
            world.update(org, persona, number, types).into(),
            flat(model.update((org, persona, number), types, now)),
        ),
        Command::Delete { org, persona, number } => {
            (world.delete(org, persona, number).into(), flat(model.delete(org, persona, number)))
        }
        Command::Restrict { org, persona, number, ref bindings, lockout } => {
            let said = self::bindings(bindings);
            let real = world.run(org, persona, |session, _| {
                let grant = session.authorize()?;
                restriction_policy::replace(&grant, connection_id(number), said, lockout)
            });
            (said_or_not(real), said_by(model.restrict((org, persona, number), bindings, lockout)))
        }
        Command::Unrestrict { org, persona, number } => {
            let real = world.run(org, persona, |session, _| {
                restriction_policy::delete(&session.authorize()?, connection_id(number))
            });
            let real = real.map(|()| Bindings::default());
            (said_or_not(real), said_by(model.unrestrict(org, persona, number)))
        }
        Command::SetOrgDisabled { org, disabled } => {
            world.set_org_disabled(org, disabled);
            model.disabled.retain(|other| *other != org);
            if disabled {
                model.disabled.push(org);
            }
            (Outcome::Unknown, Outcome::Unknown)
        }
    }
}

fn said_or_not(result: Result<Bindings, Refusal>) -> Outcome {
    match result {
        Ok(bindings) => Outcome::Said(bindings),
        Err(refusal) => Outcome::from(Err(refusal)),
    }
}

fn said_by(result: Result<Bindings, Outcome>) -> Outcome {
    result.map_or_else(|refused| refused, Outcome::Said)
}

/// Which types of which source each user reads.
fn who_reads_what(world: &World) -> HashSet<(u8, Persona, u8, ConnectionType)> {
    let pairs = (0..ORGS).flat_map(|sink| (0..ORGS).map(move |source| (sink, source)));
    let pairs = pairs
        .filter(|(sink, source)| world.state.connection_between(org_id(*source), org_id(*sink)).is_some());
    let readers = pairs.flat_map(|(sink, source)| Persona::ALL.map(|persona| (sink, persona, source)));
    let all =
        readers.flat_map(|(sink, persona, source)| ConnectionType::ALL.map(|of| (sink, persona, source, of)));
    let reads = |(sink, persona, source, of): &(u8, Persona, u8, ConnectionType)| {
        let user = user_id(*sink, *persona);
        org_connection::decide_for(&world.state, user, org_id(*source), *of, CrossSite::Allowed).is_some()
    };
    all.filter(reads).collect()
}

/// Whom the sink lets use what it is shown, and nobody else.
fn check_who_reads(world: &World, model: &Model, source: u8, sink: u8) {
    for persona in Persona::ALL {
        let (user, source_id) = (user_id(sink, persona), org_id(source));
        for wanted in ConnectionType::ALL {
            let decided =
                org_connection::decide_for(&world.state, user, source_id, wanted, CrossSite::Allowed);
            let connected = world.state.connection_between(source_id, org_id(sink));
            let number = connected.and_then(|by| (0..NUMBERS).find(|number| connection_id(*number) == by.id));
            let is_let = number.is_some_and(|number| model.uses(sink, persona, number));
            assert_eq!(decided.is_some(), is_let && model.decide(sink, source, wanted, CrossSite::Allowed));
        }
    }
}

/// What an org says is what those read who may know of the connection.
fn check_what_is_said(world: &World, model: &Model, org: u8, persona: Persona) {
    let session = world.session(org, persona);
    let grant = session.authorize().unwrap();
    for number in 0..NUMBERS {
        let real = restriction_policy::read(&grant, connection_id(number))
            .map(|policy| policy.map(|policy| policy.bindings.clone()).unwrap_or_default());
        let said = model.policy(org, number).map(|policy| bindings(&policy.bindings)).unwrap_or_default();
        let expected = model.known(org, persona, number).map(|_| said);
        assert_eq!(said_or_not(real), said_by(expected));
    }
}

proptest! {
    #[test]
    fn any_sequence_of_commands_does_the_same_to_state_and_model(
        commands in proptest::collection::vec(any_command(), 1..60),
        filter in any_filter(),
        (offset, limit) in (0..4_usize, 1..5_usize),
    ) {
        let mut world = World::new();
        let mut model = Model::default();
        let mut readers = HashSet::new();
        for command in commands {
            world.took_away = false;
            let (real, expected) = run(&mut world, &mut model, &command);
            prop_assert_eq!(real, expected, "{:?}", command);
            let before = mem::replace(&mut readers, who_reads_what(&world));
            let lost = before.difference(&readers).next();
            prop_assert!(world.took_away || lost.is_none(), "{command:?} took {lost:?} and does not say so");
        }

        prop_assert_eq!(world.state.connection_count(), model.connections.len());
        prop_assert_eq!(world.state.restriction_policies().count(), model.policies.len());
        for source in 0..ORGS {
            for sink in 0..ORGS {
                check_who_reads(&world, &model, source, sink);
                for wanted in ConnectionType::ALL {
                    for cross_site in [CrossSite::Refused, CrossSite::Allowed] {
                        let (sink_id, source_id) = (org_id(sink), org_id(source));
                        let decided =
                            org_connection::decide(&world.state, sink_id, source_id, wanted, cross_site);
                        prop_assert_eq!(decided.is_some(), model.decide(sink, source, wanted, cross_site));
                    }
                }
            }
        }
        for org in (0..ORGS).filter(|org| !model.disabled.contains(org)) {
            for persona in Persona::ALL.into_iter().filter(|persona| persona.may_read()) {
            check_what_is_said(&world, &model, org, persona);
            let session = world.session(org, persona);
            let grant = session.authorize().unwrap();
            for page in [Page { offset: 0, limit: 1000 }, Page { offset, limit }] {
                let listing = org_connection::list(&grant, filter, page);
                let connections: Vec<_> =
                    listing.items.iter().map(|connection| OrgConnection::clone(connection)).collect();
                prop_assert_eq!(
                    (connections, listing.total, listing.total_filtered),
                    model.list((org, persona), filter, page)
                );
            }
            }
        }
    }
}
