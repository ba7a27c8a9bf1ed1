//! Who may ask whether an org may read what another one owns, and what they are told.

use orgbridge_domain::evaluation::{Evaluator, Question, Reader, Verdict, evaluate};
use orgbridge_domain::restriction_policy::{self, Bindings, SelfLockout};
use orgbridge_domain::{
    ConnectionType, CrossSite, ManagedRole, NotAuthenticated, OrgId, Permission, Refusal, RoleId, user,
};

use crate::world::{
    FOREIGN, ORGS, OVERSEAS, Persona, World, connection_id, id, make_role, org_id, types, user_id,
};

/// Answers in place of a verdict: whether it may, and by a connection.
fn ask(world: &World, asking: (u8, Persona), reader: OrgId, owner: OrgId) -> (bool, bool) {
    ask_about(world, asking, Reader::Org(reader), owner)
}

fn ask_about(world: &World, (org, persona): (u8, Persona), reader: Reader, owner: OrgId) -> (bool, bool) {
    let evaluator = Evaluator::of(&world.session(org, persona)).unwrap();
    let question = Question { reader, owner, wanted: ConnectionType::Logs };
    match evaluate(&evaluator, question, CrossSite::Refused) {
        Verdict::Refused => (false, false),
        Verdict::Own => (true, false),
        Verdict::Connected(connection) => {
            let sink = match reader {
                Reader::Org(org) => org,
                Reader::User(user) => world.state.user(user).unwrap().org,
            };
            assert_eq!((connection.sink, connection.source), (sink, owner));
            (true, true)
        }
    }
}

const NO: (bool, bool) = (false, false);
const OWN: (bool, bool) = (true, false);
const BY_A_CONNECTION: (bool, bool) = (true, true);

/// Org 0 shares logs with org 1, and org 1 with org 2; in the world, org 0 has a role that may evaluate.
fn connected() -> (World, RoleId) {
    let mut world = World::new();
    world.connect(0, Persona::Admin, 1, org_id(1), types("logs")).unwrap();
    world.connect(1, Persona::Admin, 2, org_id(2), types("logs")).unwrap();
    let role = make_role(&mut world, 0xee, "org_connections_evaluate");
    (world, role)
}

fn give_role(world: &mut World, role: RoleId) {
    world.operate(|draft, now| {
        let nobody = user_id(0, Persona::Nobody);
        draft
            .run(|session| user::set_roles(&session.authorize_in(org_id(0))?, nobody, vec![role], now))
            .map(drop)
    });
}

#[test]
fn both_sides_are_told_of_their_pair_and_nobody_else_is() {
    let (world, _) = connected();
    for persona in [Persona::Admin, Persona::ReadOnly, Persona::ScopedToRead] {
        for side in [0, 1] {
            assert_eq!(ask(&world, (side, persona), org_id(1), org_id(0)), BY_A_CONNECTION, "org {side}");
            assert_eq!(ask(&world, (side, persona), org_id(0), org_id(1)), NO, "the other way round");
        }
        for stranger in [2, 3, FOREIGN, OVERSEAS] {
            assert_eq!(ask(&world, (stranger, persona), org_id(1), org_id(0)), NO, "org {stranger}");
        }
    }
}

#[test]
fn an_org_may_always_read_its_own_and_is_alone_in_being_told_so() {
    let (world, _) = connected();
    for org in 0..ORGS {
        for asking in 0..ORGS {
            let expected = if asking == org { OWN } else { NO };
            assert_eq!(ask(&world, (asking, Persona::Admin), org_id(org), org_id(org)), expected);
        }
    }
}

#[test]
fn who_may_neither_read_connections_nor_evaluate_may_not_ask() {
    let (world, _) = connected();
    for persona in [Persona::Nobody, Persona::ScopedToNothing] {
        let refused = Evaluator::of(&world.session(0, persona)).unwrap_err();
        assert!(
            matches!(refused, Refusal::Forbidden { permission: Permission::OrgConnectionsRead, .. }),
            "{refused:?}"
        );
    }
}

#[test]
fn who_may_evaluate_is_told_of_every_pair_of_their_account_and_of_no_other() {
    let (mut world, role) = connected();
    give_role(&mut world, role);
    let service = (0, Persona::Nobody);
    assert_eq!(ask(&world, service, org_id(1), org_id(0)), BY_A_CONNECTION);
    assert_eq!(ask(&world, service, org_id(2), org_id(1)), BY_A_CONNECTION);
    assert_eq!(ask(&world, service, org_id(2), org_id(0)), NO);
    assert_eq!(ask(&world, service, org_id(3), org_id(3)), OWN);
    assert_eq!(ask(&world, service, org_id(FOREIGN), org_id(FOREIGN)), NO);
    assert_eq!(ask(&world, service, org_id(OVERSEAS), org_id(OVERSEAS)), NO, "the pair lives elsewhere");
}

#[test]
fn what_does_not_exist_or_is_disabled_may_nothing_and_is_read_by_nobody() {
    let (mut world, role) = connected();
    give_role(&mut world, role);
    let service = (0, Persona::Nobody);
    let unknown: OrgId = id(0xdead);
    for (reader, owner) in [(unknown, org_id(0)), (org_id(0), unknown), (unknown, unknown)] {
        assert_eq!(ask(&world, service, reader, owner), NO);
    }
    world.set_org_disabled(1, true);
    for (reader, owner) in [(1, 0), (2, 1), (1, 1)] {
        assert_eq!(ask(&world, service, org_id(reader), org_id(owner)), NO);
    }
    world.set_org_disabled(1, false);
    assert_eq!(ask(&world, service, org_id(1), org_id(0)), BY_A_CONNECTION);
}

#[test]
fn a_user_may_what_their_org_may_unless_it_keeps_that_from_them() {
    let (mut world, role) = connected();
    give_role(&mut world, role);
    let user = |persona| Reader::User(user_id(1, persona));
    let (service, source) = ((0, Persona::Nobody), org_id(0));
    let unknown = Reader::User(id(0xdead));
    assert_eq!(ask_about(&world, service, unknown, source), NO);
    for persona in [Persona::ReadOnly, Persona::Nobody] {
        assert_eq!(ask_about(&world, service, user(persona), source), BY_A_CONNECTION);
        assert_eq!(ask_about(&world, service, user(persona), org_id(1)), OWN);
    }

    let viewers = format!("viewer=user:{}", user_id(1, Persona::ReadOnly)).parse::<Bindings>().unwrap();
    world
        .run(1, Persona::Admin, |session, _| {
            restriction_policy::replace(
                &session.authorize()?,
                connection_id(1),
                viewers.clone(),
                SelfLockout::Allowed,
            )
        })
        .unwrap();
    assert_eq!(ask_about(&world, service, user(Persona::ReadOnly), source), BY_A_CONNECTION);
    assert_eq!(ask_about(&world, service, user(Persona::Nobody), source), NO);
    assert_eq!(ask_about(&world, service, user(Persona::Admin), source), NO, "to govern is not to use");
    assert_eq!(ask(&world, service, org_id(1), source), BY_A_CONNECTION, "the org itself may");

    let source_reader = (0, Persona::ReadOnly);
    for persona in [Persona::ReadOnly, Persona::Nobody] {
        let told = ask_about(&world, source_reader, user(persona), source);
        assert_eq!(told, NO, "the other side learns nothing of what the org keeps from its users");
    }
    assert_eq!(ask(&world, (1, Persona::ReadOnly), org_id(1), source), BY_A_CONNECTION);
    let itself = ask_about(&world, (1, Persona::ReadOnly), user(Persona::ReadOnly), source);
    assert_eq!(itself, BY_A_CONNECTION);
    assert_eq!(ask(&world, (0, Persona::ReadOnly), org_id(1), source), BY_A_CONNECTION, "the other side");
    world.operate(|draft, now| {
        let reader = user_id(1, Persona::Nobody);
        let roles = vec![ManagedRole::ReadOnly.id()];
        draft.run(|session| user::set_roles(&session.authorize_in(org_id(1))?, reader, roles, now)).map(drop)
    });
    assert_eq!(
        ask(&world, (1, Persona::Nobody), org_id(1), source),
        NO,
        "who may not know of it is not told"
    );
}

#[test]
fn a_right_to_evaluate_that_was_taken_away_reaches_own_pairs_at_most() {
    let (mut world, role) = connected();
    give_role(&mut world, role);
    give_role(&mut world, ManagedRole::ReadOnly.id());
    let reader = (0, Persona::Nobody);
    assert_eq!(ask(&world, reader, org_id(2), org_id(1)), NO);
    assert_eq!(ask(&world, reader, org_id(1), org_id(0)), BY_A_CONNECTION);
}

#[test]
fn no_admin_may_evaluate_unless_the_operator_says_so() {
    assert!(!ManagedRole::Admin.permissions().contains(Permission::OrgConnectionsEvaluate));
    let mut world = World::new();
    let role = make_role(&mut world, 0xee, "org_connections_evaluate");
    let nobody = user_id(0, Persona::Nobody);
    let refused = world.run(0, Persona::Admin, |session, now| {
        user::set_roles(&session.authorize()?, nobody, vec![role], now)
    });
    assert_eq!(refused, Err(Refusal::BeyondOwnRights(Permission::OrgConnectionsEvaluate)));
}

#[test]
fn a_session_that_has_ended_asks_nothing() {
    let (mut world, _) = connected();
    let principal = world.principal(1, Persona::Admin).unwrap();
    world.set_org_disabled(1, true);
    let refused =
        Evaluator::of(&orgbridge_domain::Session::new(&world.state, principal, world.now())).unwrap_err();
    assert_eq!(refused, NotAuthenticated::ApiKey.into());
}
