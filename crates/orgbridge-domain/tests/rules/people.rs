//! Orgs, users, roles and keys.

use orgbridge_domain::org_connection::{self, Limits, NewOrgConnection};
use orgbridge_domain::right::OrgAppKeysWrite;
use orgbridge_domain::user::CreatorDisabled;
use orgbridge_domain::{
    ApplicationKeySecret, Change, Edit, ManagedRole, PermissionSet, Principal, Refusal, RoleId, Session,
    Site, User, UserKind, account, api_key, application_key, org, role, user,
};

use crate::world::{
    FOREIGN, Persona, World, api_secret, connection_id, id, make_role, org_id, types, user_id,
};

/// Gives `Persona::Nobody` of org 0 a role that manages people and reads connections.
fn with_a_people_manager() -> World {
    let mut world = World::new();
    let manager = make_role(
        &mut world,
        0x500,
        "user_access_manage,user_access_read,org_app_keys_write,org_connections_read",
    );
    world.operate(|draft, now| {
        let nobody = user_id(0, Persona::Nobody);
        draft
            .run(|session| user::set_roles(&session.authorize_in(org_id(0))?, nobody, vec![manager], now))
            .map(drop)
    });
    world
}

fn role_edit(name: &str, permissions: PermissionSet) -> role::RoleEdit {
    role::RoleEdit { name: Some(name.parse().unwrap()), permissions: Some(permissions) }
}

#[test]
fn nobody_gives_away_a_right_that_they_do_not_hold() {
    let mut world = with_a_people_manager();
    let beyond = |refused| assert!(matches!(refused, Refusal::BeyondOwnRights(_)), "{refused:?}");

    beyond(
        world
            .run(0, Persona::Nobody, |session, now| {
                let all = PermissionSet::all();
                role::create(&session.authorize()?, id(0x501), "Mighty".parse().unwrap(), all, now)
            })
            .unwrap_err(),
    );
    beyond(
        world
            .run(0, Persona::Nobody, |session, now| {
                let own = user_id(0, Persona::Nobody);
                user::set_roles(&session.authorize()?, own, vec![ManagedRole::Admin.id()], now)
            })
            .unwrap_err(),
    );
    beyond(
        world
            .run(0, Persona::Nobody, |session, now| {
                let new = application_key::NewApplicationKey {
                    id: id(0x601),
                    owner: user_id(0, Persona::Admin),
                    name: "borrowed".parse().unwrap(),
                    secret: ApplicationKeySecret::from_random([0xaa; 20]),
                    scopes: None,
                };
                application_key::create(&session.authorize()?, new, now)
            })
            .unwrap_err(),
    );
    // Someone who may do little now may do more later; the key would grow with them.
    let refused = world.run(0, Persona::Nobody, |session, now| {
        let new = application_key::NewApplicationKey {
            id: id(0x602),
            owner: user_id(0, Persona::ReadOnly),
            name: "patient".parse().unwrap(),
            secret: ApplicationKeySecret::from_random([0xab; 20]),
            scopes: None,
        };
        application_key::create(&session.authorize()?, new, now)
    });
    assert_eq!(refused, Err(Refusal::OnlyTheOwnerMakesKeys));
    let admin = user_id(0, Persona::ScopedToRead);
    world.operate(|draft, now| {
        draft
            .run(|session| {
                user::set_disabled(&session.authorize_in(org_id(0))?, admin, true, CreatorDisabled::Keep, now)
            })
            .map(drop)
    });
    beyond(
        world
            .run(0, Persona::Nobody, |session, now| {
                user::set_disabled(&session.authorize()?, admin, false, CreatorDisabled::Keep, now)
            })
            .unwrap_err(),
    );
    world
        .run(0, Persona::Nobody, |session, now| {
            let read = "org_connections_read".parse().unwrap();
            role::create(&session.authorize()?, id(0x502), "Reader".parse().unwrap(), read, now)
        })
        .unwrap();
}

#[test]
fn a_user_holds_so_many_roles_and_no_more() {
    let mut world = World::new();
    let roles: Vec<RoleId> =
        (0..=User::MAX_ROLES).map(|number| make_role(&mut world, 0x1000 + number as u128, "")).collect();
    let (most, one_more) = (&roles[..User::MAX_ROLES], roles[User::MAX_ROLES]);
    let mut number = 0;
    let mut create = |world: &mut World, roles: &[RoleId]| {
        number += 1;
        let new = user::NewUser {
            id: id(0x2000 + number),
            name: "New".parse().unwrap(),
            email: format!("{number}@org0.example").parse().unwrap(),
            kind: UserKind::Person,
            roles: roles.to_vec(),
        };
        world.run(0, Persona::Admin, |session, now| user::create(&session.authorize()?, new, now))
    };
    assert_eq!(create(&mut world, &roles), Err(Refusal::TooManyRoles));
    // What is named again is no other role.
    let repeated: Vec<RoleId> = [most, most].concat();
    let full = create(&mut world, &repeated).unwrap();
    assert_eq!(full.roles.as_slice(), most);
    let add = |world: &mut World, user, role| {
        world.run(0, Persona::Admin, |session, now| user::add_role(&session.authorize()?, user, role, now))
    };
    assert_eq!(add(&mut world, full.id, one_more), Err(Refusal::TooManyRoles));
    assert_eq!(add(&mut world, full.id, most[0]), Ok(full.clone()));
    let set = |world: &mut World, roles: &[RoleId]| {
        let roles = roles.to_vec();
        world.run(0, Persona::Admin, |session, now| {
            user::set_roles(&session.authorize()?, full.id, roles, now)
        })
    };
    assert_eq!(set(&mut world, &roles), Err(Refusal::TooManyRoles));

    // Whoever held more before there was a bound keeps them, and may be changed and lose some.
    let before = set(&mut world, most).unwrap();
    let kept = User { roles: roles.iter().copied().collect(), ..before.clone() };
    world.apply(&[Change::User(Edit::Replace { before, after: kept.clone() })]);
    let renamed = world.run(0, Persona::Admin, |session, now| {
        user::rename(&session.authorize()?, full.id, "Renamed".parse().unwrap(), now)
    });
    assert_eq!(renamed.unwrap().roles, kept.roles);
    assert_eq!(add(&mut world, full.id, roles[0]).unwrap().roles, kept.roles);
    let fewer = world.run(0, Persona::Admin, |session, now| {
        user::remove_role(&session.authorize()?, full.id, one_more, now)
    });
    assert_eq!(fewer.unwrap().roles.as_slice(), most);
}

#[test]
fn the_last_enabled_admin_stays() {
    let mut world = World::new();
    let grant_to = |world: &mut World, persona, roles: Vec<_>| {
        world.run(0, Persona::Admin, move |session, now| {
            user::set_roles(&session.authorize()?, user_id(0, persona), roles, now)
        })
    };
    // The two whose keys are scoped are admins as well.
    grant_to(&mut world, Persona::ScopedToRead, vec![]).unwrap();
    grant_to(&mut world, Persona::ScopedToNothing, vec![]).unwrap();
    assert_eq!(grant_to(&mut world, Persona::Admin, vec![]), Err(Refusal::LastAdmin));
    let disabled = world.run(0, Persona::Admin, |session, now| {
        user::set_disabled(
            &session.authorize()?,
            user_id(0, Persona::Admin),
            true,
            CreatorDisabled::Keep,
            now,
        )
    });
    assert_eq!(disabled, Err(Refusal::LastAdmin));
}

#[test]
fn a_creator_who_is_disabled_takes_their_connections_along_where_the_operator_wants_that() {
    let scoped = user_id(0, Persona::ScopedToRead);
    for (creators, left) in [(CreatorDisabled::Keep, vec![1, 2, 3]), (CreatorDisabled::Delete, vec![2, 3])] {
        let mut world = World::new();
        for (number, source, sink, created_by) in [
            (1, 0, 1, scoped),
            (2, 0, 2, user_id(0, Persona::Admin)),
            (3, 1, 0, user_id(1, Persona::ScopedToRead)),
        ] {
            let new = NewOrgConnection {
                id: connection_id(number),
                sink: org_id(sink),
                types: types("logs"),
                created_by,
            };
            world.operate(|draft, now| {
                let create = |session: &Session<'_>| {
                    org_connection::create(
                        &session.authorize_in(org_id(source))?,
                        new,
                        Limits::default(),
                        now,
                    )
                };
                draft.run(create).map(drop)
            });
        }
        let disable = |world: &mut World, disabled| {
            world.run(0, Persona::Admin, move |session, now| {
                user::set_disabled(&session.authorize()?, scoped, disabled, creators, now)
            })
        };
        assert!(disable(&mut world, true).unwrap().disabled);
        let is_left = |number: &u8| world.state.connection(connection_id(*number)).is_some();
        assert_eq!((1..=3).filter(is_left).collect::<Vec<_>>(), left);
        disable(&mut world, false).unwrap();
        assert_eq!(world.state.connection_count(), left.len());
    }
}

#[test]
fn a_user_who_stays_as_they_are_takes_nothing_along() {
    let mut world = World::new();
    world.connect(0, Persona::Admin, 1, org_id(1), types("logs")).unwrap();
    let admin = user_id(0, Persona::Admin);
    let change = |world: &mut World, edit| {
        world.run(0, Persona::ScopedToRead, move |session, now| {
            user::update(&session.authorize()?, admin, edit, CreatorDisabled::Delete, now)
        })
    };
    // Whoever may not switch them off takes nothing from them either.
    let off = user::UserEdit { disabled: Some(true), ..user::UserEdit::default() };
    assert!(matches!(change(&mut world, off), Err(Refusal::Forbidden { .. })));
    let renamed = world.run(0, Persona::Admin, |session, now| {
        let edit = user::UserEdit {
            name: Some("Renamed".parse().unwrap()),
            disabled: Some(false),
            ..user::UserEdit::default()
        };
        user::update(&session.authorize()?, admin, edit, CreatorDisabled::Delete, now)
    });
    assert_eq!(renamed.unwrap().name.as_str(), "Renamed");
    assert_eq!(world.state.connection_count(), 1);
}

#[test]
fn what_is_of_another_org_is_absent() {
    let mut world = World::new();
    for org in [1, FOREIGN] {
        let refused = world.run(0, Persona::Admin, |session, now| {
            user::set_disabled(
                &session.authorize()?,
                user_id(org, Persona::Admin),
                true,
                CreatorDisabled::Keep,
                now,
            )
        });
        assert!(matches!(refused, Err(Refusal::Absent { .. })), "{refused:?}");
        let refused = world.run(0, Persona::Admin, |session, _| {
            api_key::revoke(&session.authorize()?, id(0x300 + u128::from(org)))
        });
        assert_eq!(refused, Err(Refusal::NoApiKey));
        let refused = world.run(0, Persona::Admin, |session, _| {
            let key = id(0x2000 + 0x10 * u128::from(org));
            application_key::revoke(&session.authorize::<OrgAppKeysWrite>()?, key)
        });
        assert_eq!(refused, Err(Refusal::NoApplicationKey));
    }
}

#[test]
fn ids_names_and_secrets_are_nobody_elses() {
    let mut world = World::new();
    let taken = |refused: Result<(), Refusal>| {
        assert!(matches!(refused, Err(Refusal::Taken { .. })), "{refused:?}");
    };
    let now = world.tick();
    let session = Session::new(&world.state, Principal::Operator, world.now());
    let deployment = session.deployment().unwrap();
    taken(account::create(&deployment, id(1), "New".parse().unwrap(), now).map(drop));
    taken(account::create(&deployment, id(3), "First".parse().unwrap(), now).map(drop));
    let new_org = |org_id, public_id: Option<&str>| org::NewOrg {
        id: org_id,
        account: id(1),
        site: Site::DEFAULT,
        public_id: public_id.map(|text| text.parse().unwrap()),
        name: "Org".parse().unwrap(),
    };
    taken(org::create(&deployment, new_org(org_id(0), None), now).map(drop));
    let of_another = org_id(FOREIGN).to_string();
    taken(org::create(&deployment, new_org(id(0x777), Some(&of_another)), now).map(drop));

    let new_user = |user, email: &str| user::NewUser {
        id: user,
        name: "Twin".parse().unwrap(),
        email: email.parse().unwrap(),
        kind: UserKind::ServiceAccount,
        roles: vec![],
    };
    let grant = session.authorize_in(org_id(0)).unwrap();
    taken(user::create(&grant, new_user(user_id(1, Persona::Admin), "new@example.com"), now).map(drop));
    taken(user::create(&grant, new_user(id(0x778), "ADMIN@org0.example"), now).map(drop));
    assert!(user::create(&grant, new_user(id(0x778), "admin@org1.example"), now).is_ok());
    let admin = "Admin".parse().unwrap();
    taken(role::create(&grant, id(0x779), admin, PermissionSet::EMPTY, now).map(drop));

    let grant = session.authorize_in(org_id(0)).unwrap();
    let again = api_key::create(&grant, id(0x77a), "again".parse().unwrap(), &api_secret(1), now);
    taken(again.map(drop));
}

#[test]
fn a_new_name_is_nobody_elses() {
    let mut world = with_a_people_manager();
    let now = world.tick();
    let session = Session::new(&world.state, Principal::Operator, world.now());
    let deployment = session.deployment().unwrap();
    let taken = account::rename(&deployment, id(1), "Second".parse().unwrap());
    assert!(matches!(taken, Err(Refusal::Taken { .. })), "{taken:?}");
    assert_eq!(
        account::rename(&deployment, id(1), "Own".parse().unwrap()).unwrap().value.name.as_str(),
        "Own"
    );
    assert!(account::rename(&deployment, id(1), "First".parse().unwrap()).unwrap().changes.is_empty());

    let grant = session.authorize_in(org_id(0)).unwrap();
    let read: PermissionSet = "org_connections_read".parse().unwrap();
    let taken = role::update(&grant, id(0x500), role_edit("Read Only", read));
    assert!(matches!(taken, Err(Refusal::Taken { .. })), "{taken:?}");
    let managed = role::update(&grant, ManagedRole::Admin.id(), role_edit("Mine", read));
    assert_eq!(managed, Err(Refusal::Managed(ManagedRole::Admin)));
    let role = role::update(&grant, id(0x500), role_edit("Reader", read)).unwrap().value;
    assert_eq!((role.name.as_str(), role.permissions), ("Reader", read));

    let twin = user::rename(&grant, user_id(1, Persona::Admin), "Twin".parse().unwrap(), now);
    assert!(matches!(twin, Err(Refusal::Absent { .. })), "{twin:?}");
    let own = user::rename(&grant, user_id(0, Persona::Admin), "Twin".parse().unwrap(), now).unwrap().value;
    assert_eq!((own.name.as_str(), own.modified_at), ("Twin", now));
}

#[test]
fn a_role_is_not_widened_beyond_what_its_editor_holds() {
    let mut world = with_a_people_manager();
    let refused = world.run(0, Persona::Nobody, |session, _| {
        role::update(&session.authorize()?, id(0x500), role_edit("Mighty", PermissionSet::all()))
    });
    assert!(matches!(refused, Err(Refusal::BeyondOwnRights(_))), "{refused:?}");
}

#[test]
fn a_role_that_somebody_holds_is_not_deleted() {
    let mut world = with_a_people_manager();
    let delete = |world: &mut World| {
        world.run(0, Persona::Admin, |session, _| role::delete(&session.authorize()?, id(0x500)))
    };
    assert!(matches!(delete(&mut world), Err(Refusal::InUse { .. })));
    world
        .run(0, Persona::Admin, |session, now| {
            user::set_roles(&session.authorize()?, user_id(0, Persona::Nobody), vec![], now)
        })
        .unwrap();
    delete(&mut world).unwrap();
    assert!(matches!(delete(&mut world), Err(Refusal::Absent { .. })));
}

#[test]
fn the_first_org_of_an_account_manages_the_others_and_no_other_account() {
    let world = World::new();
    let managed = |number| {
        let session = world.session(number, Persona::Admin);
        org::managed(&session.authorize().unwrap()).map(|org| org.id).collect::<Vec<_>>()
    };
    assert_eq!(managed(0), [0, 1, 2, 3].map(org_id));
    assert_eq!(managed(1), [org_id(1)]);
    assert_eq!(managed(FOREIGN), [org_id(FOREIGN)]);
}
