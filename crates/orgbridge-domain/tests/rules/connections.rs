//! Org connections, row by row of the contract.

use orgbridge_domain::org_connection::{self, Filter, Limits, NewOrgConnection, OrgFilter};
use orgbridge_domain::{
    ConnectionType, CrossSite, Page, Principal, Refusal, Session, TypesProblem, Verb, WhyNotAllowed,
};

use crate::world::{FOREIGN, Persona::Admin, World, connection_id, id, org_id, types, user_id};

const EVERYTHING: Page = Page { offset: 0, limit: 1000 };

#[test]
fn a_new_connection_is_the_callers_orgs_and_the_callers_work() {
    let mut world = World::new();
    let connection = world.connect(0, Admin, 1, org_id(1), types("logs")).unwrap();
    assert_eq!(connection.source, org_id(0));
    assert_eq!(connection.sink, org_id(1));
    assert_eq!(connection.created_by, user_id(0, Admin));
    assert_eq!(connection.created_at, connection.modified_at);
}

#[test]
fn nobody_creates_a_connection_in_anothers_name() {
    let mut world = World::new();
    let new = NewOrgConnection {
        id: connection_id(1),
        sink: org_id(1),
        types: types("logs"),
        created_by: user_id(1, Admin),
    };
    let refused = world.run(0, Admin, |session, now| {
        org_connection::create(&session.authorize()?, new, Limits::default(), now)
    });
    assert_eq!(refused, Err(Refusal::CreatorIsNoUserOfTheSource));
}

#[test]
fn an_org_is_never_connected_with_itself() {
    let refused = World::new().connect(0, Admin, 1, org_id(0), types("logs")).unwrap_err();
    assert_eq!(refused.to_string(), format!("connection between orgs {0} and {0} is not allowed", org_id(0)));
    assert_eq!(
        refused.details(),
        ["data.relationships.sink_org.data.id: an organization can't be connected with itself"]
    );
}

#[test]
fn a_sink_that_is_unknown_and_one_of_another_account_are_told_apart_by_nobody() {
    let mut world = World::new();
    let unknown = world.connect(0, Admin, 1, id(0xdead), types("logs")).unwrap_err();
    let foreign = world.connect(0, Admin, 1, org_id(FOREIGN), types("logs")).unwrap_err();
    assert_eq!(unknown, Refusal::NoSink);
    assert_eq!(foreign, unknown);
    assert_eq!(foreign.to_string(), "Not found");
}

#[test]
fn a_pair_is_connected_once_in_each_direction() {
    let mut world = World::new();
    world.connect(0, Admin, 1, org_id(1), types("logs")).unwrap();
    let again = world.connect(0, Admin, 2, org_id(1), types("audit")).unwrap_err();
    assert_eq!(
        again.to_string(),
        format!("connection between orgs {} and {} already exists", org_id(0), org_id(1))
    );
    world.connect(1, Admin, 3, org_id(0), types("logs")).unwrap();
}

#[test]
fn a_deleted_pair_can_be_connected_again() {
    let mut world = World::new();
    world.connect(0, Admin, 1, org_id(1), types("logs")).unwrap();
    world.delete(0, Admin, 1).unwrap();
    world.connect(0, Admin, 2, org_id(1), types("logs")).unwrap();
}

#[test]
fn a_source_has_as_many_sinks_as_the_operator_allows() {
    let mut world = World::new();
    // Being shown something counts for nothing.
    world.connect(3, Admin, 9, org_id(0), types("logs")).unwrap();
    world.connect(0, Admin, 1, org_id(1), types("logs")).unwrap();
    let limits = Limits { sinks_per_source: Some(1), ..Limits::default() };
    let new = NewOrgConnection {
        id: connection_id(2),
        sink: org_id(2),
        types: types("logs"),
        created_by: user_id(0, Admin),
    };
    let refused = world
        .run(0, Admin, |session, now| org_connection::create(&session.authorize()?, new, limits, now))
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!("organization {} already shares with 1 organizations, the most allowed", org_id(0))
    );
}

#[test]
fn an_update_changes_the_types_and_when_and_nothing_else() {
    let mut world = World::new();
    let before = world.connect(0, Admin, 1, org_id(1), types("logs")).unwrap();
    let after = world.update(0, Admin, 1, types("metrics,logs")).unwrap();
    assert_eq!(after.types, types("metrics,logs"));
    assert!(after.modified_at > before.modified_at);
    assert_eq!(
        orgbridge_domain::OrgConnection { types: before.types, modified_at: before.modified_at, ..after },
        before
    );
}

#[test]
fn an_update_to_the_same_types_changes_nothing() {
    let mut world = World::new();
    let before = world.connect(0, Admin, 1, org_id(1), types("logs")).unwrap();
    assert_eq!(world.update(0, Admin, 1, types("logs")), Ok(before));
}

#[test]
fn the_sink_may_not_update_but_may_delete() {
    let mut world = World::new();
    world.connect(0, Admin, 1, org_id(1), types("logs")).unwrap();
    let refused = world.update(1, Admin, 1, types("logs,metrics")).unwrap_err();
    assert_eq!(refused.to_string(), "Forbidden");
    assert_eq!(
        refused.details(),
        [
            "only the source organization can update a connection, with keys of its own; the sink can delete it"
        ]
    );
    world.delete(1, Admin, 1).unwrap();
}

#[test]
fn a_stranger_is_told_of_a_connection_what_is_said_of_an_absent_one() {
    let mut world = World::new();
    world.connect(0, Admin, 1, org_id(1), types("logs")).unwrap();
    let absent = |verb| Refusal::NoConnection { id: connection_id(1), verb };
    assert_eq!(world.update(2, Admin, 1, types("audit")), Err(absent(Verb::Update)));
    assert_eq!(world.delete(2, Admin, 1), Err(absent(Verb::Delete)));
    let session = world.session(2, Admin);
    let grant = session.authorize().unwrap();
    assert_eq!(org_connection::read(&grant, connection_id(1)), Err(absent(Verb::Read)));

    let id = connection_id(1);
    assert_eq!(absent(Verb::Update).to_string(), format!("Org connection with id:{id} not found not found"));
    assert_eq!(absent(Verb::Delete).to_string(), format!("org connection with id:{id} not found not found"));
}

#[test]
fn a_list_is_ordered_by_creation_and_paged_within_what_the_filter_admits() {
    let mut world = World::new();
    world.connect(0, Admin, 5, org_id(1), types("logs")).unwrap();
    world.connect(2, Admin, 3, org_id(0), types("logs")).unwrap();
    world.connect(0, Admin, 4, org_id(3), types("logs")).unwrap();
    world.connect(1, Admin, 1, org_id(2), types("logs")).unwrap();
    let session = world.session(0, Admin);
    let grant = session.authorize().unwrap();
    let list = |source, sink, page| {
        let listing = org_connection::list(&grant, Filter { source, sink }, page);
        let ids: Vec<_> = listing.items.iter().map(|connection| connection.id).collect();
        (ids, listing.total, listing.total_filtered)
    };
    let ids = |numbers: &[u8]| numbers.iter().copied().map(connection_id).collect::<Vec<_>>();
    let (any, own) = (OrgFilter::Any, OrgFilter::Only(org_id(0)));

    assert_eq!(list(any, any, EVERYTHING), (ids(&[5, 3, 4]), 3, 3));
    assert_eq!(list(own, any, EVERYTHING), (ids(&[5, 4]), 3, 2));
    assert_eq!(list(any, own, EVERYTHING), (ids(&[3]), 3, 1));
    assert_eq!(list(any, OrgFilter::Nothing, EVERYTHING), (ids(&[]), 3, 0));
    assert_eq!(list(OrgFilter::Only(org_id(1)), any, EVERYTHING), (ids(&[]), 3, 0));
    assert_eq!(list(own, any, Page { offset: 1, limit: 1 }), (ids(&[4]), 3, 2));
    assert_eq!(list(any, any, Page { offset: 9, limit: 1 }), (ids(&[]), 3, 3));
}

#[test]
fn a_decision_is_yes_for_the_pair_the_direction_and_the_types_alone() {
    let mut world = World::new();
    world.connect(0, Admin, 1, org_id(1), types("logs,audit")).unwrap();
    let decide = |world: &World, sink, source, wanted| {
        org_connection::decide(&world.state, org_id(sink), org_id(source), wanted, CrossSite::Refused)
            .is_some()
    };
    assert!(decide(&world, 1, 0, ConnectionType::Logs));
    assert!(decide(&world, 1, 0, ConnectionType::Audit));
    assert!(!decide(&world, 1, 0, ConnectionType::Metrics));
    assert!(!decide(&world, 0, 1, ConnectionType::Logs));
    assert!(!decide(&world, 2, 0, ConnectionType::Logs));
    for org in [0, 1] {
        world.set_org_disabled(org, true);
        assert!(!decide(&world, 1, 0, ConnectionType::Logs), "org {org} is disabled");
        world.set_org_disabled(org, false);
        assert!(decide(&world, 1, 0, ConnectionType::Logs));
    }
    world.delete(1, Admin, 1).unwrap();
    assert!(!decide(&world, 1, 0, ConnectionType::Logs));
}

#[test]
fn an_operator_acts_in_an_org_that_they_name() {
    let mut world = World::new();
    world.connect(0, Admin, 1, org_id(1), types("logs")).unwrap();
    let session = Session::new(&world.state, Principal::Operator, world.now());
    assert!(matches!(
        session.authorize::<orgbridge_domain::right::OrgConnectionsWrite>(),
        Err(Refusal::OperatorOnly)
    ));
    let grant = session.authorize_in(org_id(0)).unwrap();
    let decided = org_connection::update(&grant, connection_id(1), types("audit"), World::new().tick());
    assert_eq!(decided.unwrap().value.types, types("audit"));
}

#[test]
fn a_repeated_type_is_named_with_its_place() {
    let problem = TypesProblem::Repeated { position: 1, repeated: ConnectionType::Logs };
    assert_eq!(
        WhyNotAllowed::Types(problem).to_string(),
        r#"data.attributes.connection_types[1]: "logs" is repeated"#
    );
}

#[test]
fn whoever_leaves_a_type_out_says_so_to_everybody() {
    let mut world = World::new();
    world.connect(0, Admin, 1, org_id(1), types("logs,metrics")).unwrap();
    for (wanted, is_told_when_known) in
        [("metrics", true), ("metrics,audit", true), ("metrics,audit,logs", false), ("logs", true)]
    {
        world.took_away = false;
        world.update(0, Admin, 1, types(wanted)).unwrap();
        assert_eq!(world.took_away, is_told_when_known, "{wanted}");
    }
}
