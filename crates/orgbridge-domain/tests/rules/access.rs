//! Who is somebody, and what they may do.

use orgbridge_domain::right::OrgAppKeysWrite;
use orgbridge_domain::right::{OrgConnectionsRead, OrgConnectionsWrite, OrgManagement, UserAccessManage};
use orgbridge_domain::user::CreatorDisabled;
use orgbridge_domain::{
    KeyDigest, MissingFrom, NotAuthenticated, Permission, Refusal, SiteScope, api_key, application_key,
    authenticate, authenticate_api_key, user,
};

use crate::world::{FOREIGN, Persona, World, api_secret, application_secret, id, make_role, org_id, user_id};

#[test]
fn keys_of_two_orgs_are_nobodys() {
    let world = World::new();
    for other in [1, FOREIGN] {
        let mixed = authenticate(
            &world.state,
            &api_secret(0).digest(),
            &application_secret(other, Persona::Admin).digest(),
            SiteScope::Any,
        );
        assert_eq!(mixed, Err(NotAuthenticated::ApplicationKey));
    }
}

#[test]
fn an_unknown_key_is_nobodys() {
    let world = World::new();
    let unknown = KeyDigest::of(b"no such key");
    assert_eq!(authenticate_api_key(&world.state, &unknown, SiteScope::Any), Err(NotAuthenticated::ApiKey));
    assert_eq!(
        authenticate(&world.state, &api_secret(0).digest(), &unknown, SiteScope::Any),
        Err(NotAuthenticated::ApplicationKey)
    );
}

#[test]
fn a_disabled_org_is_nobody_until_it_is_enabled_again() {
    let mut world = World::new();
    let stale = world.principal(0, Persona::Admin).unwrap();
    world.set_org_disabled(0, true);
    assert_eq!(world.principal(0, Persona::Admin), Err(NotAuthenticated::ApiKey));
    // Nor does it help to have been let in before.
    let session = orgbridge_domain::Session::new(&world.state, stale, world.now());
    assert!(matches!(session.authorize::<OrgConnectionsRead>(), Err(Refusal::Unauthorized(_))));
    world.set_org_disabled(0, false);
    assert_eq!(world.principal(0, Persona::Admin), Ok(stale));
}

#[test]
fn a_disabled_user_and_a_revoked_key_end_what_was_let_in_before() {
    let set_disabled = |world: &mut World, disabled| {
        let id = user_id(0, Persona::ReadOnly);
        world.operate(|draft, now| {
            draft
                .run(|session| {
                    user::set_disabled(
                        &session.authorize_in(org_id(0))?,
                        id,
                        disabled,
                        CreatorDisabled::Keep,
                        now,
                    )
                })
                .map(drop)
        });
    };
    let refused = |world: &World, stale| {
        let session = orgbridge_domain::Session::new(&world.state, stale, world.now());
        matches!(session.authorize::<OrgConnectionsRead>(), Err(Refusal::Unauthorized(_)))
    };
    let mut world = World::new();
    let stale = world.principal(0, Persona::ReadOnly).unwrap();
    set_disabled(&mut world, true);
    assert!(refused(&world, stale));
    set_disabled(&mut world, false);
    assert!(!refused(&world, stale));

    world.operate(|draft, _| {
        let key = id(0x2000 + Persona::ReadOnly as u128);
        draft
            .run(|session| application_key::revoke(&session.authorize_in::<OrgAppKeysWrite>(org_id(0))?, key))
            .map(drop)
    });
    assert!(refused(&world, stale));
    assert!(world.principal(0, Persona::ReadOnly).is_err());

    let stale = world.principal(0, Persona::Admin).unwrap();
    world.operate(|draft, _| {
        draft.run(|session| api_key::revoke(&session.authorize_in(org_id(0))?, id(0x300))).map(drop)
    });
    assert!(refused(&world, stale));
    assert_eq!(world.principal(0, Persona::Admin), Err(NotAuthenticated::ApiKey));
}

#[test]
fn rights_are_the_roles_cut_by_the_scopes() {
    let world = World::new();
    for persona in Persona::ALL {
        let session = world.session(0, persona);
        assert_eq!(session.authorize::<OrgConnectionsRead>().is_ok(), persona.may_read(), "{persona:?}");
        assert_eq!(session.authorize::<OrgConnectionsWrite>().is_ok(), persona.may_write(), "{persona:?}");
        assert_eq!(session.authorize::<OrgManagement>().is_ok(), persona.governs(), "{persona:?}");
        assert!(session.whoami().is_ok(), "{persona:?}");
    }
}

#[test]
fn a_refusal_says_whether_a_role_or_a_scope_is_missing() {
    let world = World::new();
    let refusal = |persona| world.session(0, persona).authorize::<OrgConnectionsWrite>().unwrap_err();
    let permission = Permission::OrgConnectionsWrite;
    assert_eq!(
        refusal(Persona::ReadOnly),
        Refusal::Forbidden { permission, missing_from: MissingFrom::Roles }
    );
    assert_eq!(
        refusal(Persona::ScopedToRead),
        Refusal::Forbidden { permission, missing_from: MissingFrom::Scopes }
    );
    assert_eq!(refusal(Persona::ReadOnly).to_string(), "Forbidden");
    assert_eq!(refusal(Persona::ReadOnly).details()[0], "Failed permission authorization checks");
}

#[test]
fn nobody_is_granted_anything_in_another_org() {
    let world = World::new();
    for org in [1, FOREIGN, 99] {
        let refused = world.session(0, Persona::Admin).authorize_in::<OrgConnectionsRead>(org_id(org));
        assert!(matches!(refused, Err(Refusal::Absent { .. })), "org {org}");
    }
}

#[test]
fn only_an_operator_runs_the_deployment() {
    let world = World::new();
    assert!(matches!(world.session(0, Persona::Admin).deployment(), Err(Refusal::OperatorOnly)));
}

#[test]
fn a_scope_never_adds_what_the_roles_lack() {
    let mut world = World::new();
    world.operate(|draft, now| {
        let new = application_key::NewApplicationKey {
            id: id(0x9999),
            owner: user_id(0, Persona::ReadOnly),
            name: "greedy".parse().unwrap(),
            secret: orgbridge_domain::ApplicationKeySecret::from_random([0xee; 20]),
            scopes: Some("org_connections_read,org_connections_write".parse().unwrap()),
        };
        draft.run(|session| application_key::create(&session.authorize_in(org_id(0))?, new, now)).map(drop)
    });
    let greedy = orgbridge_domain::ApplicationKeySecret::from_random([0xee; 20]);
    let principal =
        authenticate(&world.state, &api_secret(0).digest(), &greedy.digest(), SiteScope::Any).unwrap();
    let session = orgbridge_domain::Session::new(&world.state, principal, world.now());
    assert!(session.authorize::<OrgConnectionsRead>().is_ok());
    assert!(session.authorize::<OrgConnectionsWrite>().is_err());
}

#[test]
fn a_custom_role_allows_what_it_lists() {
    let mut world = World::new();
    let manager = make_role(&mut world, 0x500, "user_access_manage,org_connections_read");
    world.operate(|draft, now| {
        let nobody = user_id(0, Persona::Nobody);
        draft
            .run(|session| user::set_roles(&session.authorize_in(org_id(0))?, nobody, vec![manager], now))
            .map(drop)
    });
    let session = world.session(0, Persona::Nobody);
    assert!(session.authorize::<UserAccessManage>().is_ok());
    assert!(session.authorize::<OrgConnectionsWrite>().is_err());
}
