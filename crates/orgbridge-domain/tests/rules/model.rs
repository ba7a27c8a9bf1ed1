//! Any sequence of commands does to [`State`](orgbridge_domain::State) what it does to a model that keeps
//! connections in a plain list and has no index that could be wrong.

use orgbridge_domain::org_connection::{self, Filter, OrgFilter};
use orgbridge_domain::{ConnectionType, ConnectionTypes, CrossSite, OrgConnection, Page, Refusal, Timestamp};
use proptest::prelude::*;

use crate::world::{FOREIGN, ORGS, OVERSEAS, Persona, World, connection_id, org_id, types, user_id};

#[derive(Debug, Clone)]
enum Command {
    Connect { org: u8, persona: Persona, number: u8, sink: u8, types: ConnectionTypes, cross_site: CrossSite },
    Update { org: u8, persona: Persona, number: u8, types: ConnectionTypes },
    Delete { org: u8, persona: Persona, number: u8 },
    SetOrgDisabled { org: u8, disabled: bool },
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
            Err(other) => unreachable!("no command is refused so: {other:?}"),
        }
    }
}

#[derive(Default)]
struct Model {
    connections: Vec<OrgConnection>,
    disabled: Vec<u8>,
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

    fn known(&self, org: u8, number: u8) -> Result<usize, Outcome> {
        let involved = |connection: &OrgConnection| {
            connection.id == connection_id(number)
                && (connection.source == org_id(org) || connection.sink == org_id(org))
        };
        self.connections.iter().position(involved).ok_or(Outcome::Unknown)
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
        let at = self.known(org, number)?;
        let connection = &mut self.connections[at];
        if connection.source != org_id(org) {
            return Err(Outcome::OnlyTheSource);
        }
        if connection.types != types {
            connection.types = types;
            connection.modified_at = now;
        }
        Ok(connection.clone())
    }

    fn delete(&mut self, org: u8, persona: Persona, number: u8) -> Result<OrgConnection, Outcome> {
        self.may_write(org, persona)?;
        let at = self.known(org, number)?;
        Ok(self.connections.remove(at))
    }

    fn list(&self, org: u8, filter: Filter, page: Page) -> (Vec<OrgConnection>, usize, usize) {
        let admits = |wanted, side| match wanted {
            OrgFilter::Any => true,
            OrgFilter::Only(id) => id == side,
            OrgFilter::Nothing => false,
        };
        let of_org =
            |connection: &&OrgConnection| connection.source == org_id(org) || connection.sink == org_id(org);
        let mut all: Vec<_> = self.connections.iter().filter(of_org).cloned().collect();
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

fn any_persona() -> impl Strategy<Value = Persona> {
    prop_oneof![4 => Just(Persona::Admin), 1 => proptest::sample::select(&Persona::ALL[..])]
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
    let number = 0..8_u8;
    prop_oneof![
        4 => (org.clone(), any_persona(), number.clone(), 0..=ORGS, any_types(), any_cross_site()).prop_map(
            |(org, persona, number, sink, types, cross_site)| {
                Command::Connect { org, persona, number, sink, types, cross_site }
            }
        ),
        3 => (org.clone(), any_persona(), number.clone(), any_types())
            .prop_map(|(org, persona, number, types)| Command::Update { org, persona, number, types }),
        2 => (org.clone(), any_persona(), number)
            .prop_map(|(org, persona, number)| Command::Delete { org, persona, number }),
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

proptest! {
    #[test]
    fn any_sequence_of_commands_does_the_same_to_state_and_model(
        commands in proptest::collection::vec(any_command(), 1..60),
        filter in any_filter(),
        (offset, limit) in (0..4_usize, 1..5_usize),
    ) {
        let mut world = World::new();
        let mut model = Model::default();
        for command in commands {
            let (real, expected) = run(&mut world, &mut model, &command);
            prop_assert_eq!(real, expected, "{:?}", command);
        }

        prop_assert_eq!(world.state.connection_count(), model.connections.len());
        for source in 0..ORGS {
            for sink in 0..ORGS {
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
            let session = world.session(org, Persona::ReadOnly);
            let grant = session.authorize().unwrap();
            for page in [Page { offset: 0, limit: 1000 }, Page { offset, limit }] {
                let listing = org_connection::list(&grant, filter, page);
                let connections: Vec<_> =
                    listing.items.iter().map(|connection| OrgConnection::clone(connection)).collect();
                prop_assert_eq!(
                    (connections, listing.total, listing.total_filtered),
                    model.list(org, filter, page)
                );
            }
        }
    }
}
