//! Roles: what they allow, who holds them, and who may change that.

use orgbridge_domain::role::{self, RoleEdit, RoleView};
use orgbridge_domain::user::{self, CreatorDisabled, StandingFilter, UserEdit};
use orgbridge_domain::{
    Decided, Direction, Grant, ManagedRole, Page, Part, Permission, PermissionSet, Refusal, RoleId, User,
    right,
};

use crate::world::{FOREIGN, Persona, World, id, make_role, org_id, user_id};

const MANAGER: u128 = 0x500;

/// Gives `Persona::Nobody` of org 0 a role that manages people and does nothing else, and `Persona::ReadOnly` one
/// that they may hold as well.
fn world() -> (World, RoleId) {
    let mut world = World::new();
    let manager = make_role(&mut world, MANAGER, "user_access_manage,user_access_read");
    let shared = make_role(&mut world, 0x501, "user_access_read");
    world.operate(|draft, now| {
        for (persona, roles) in
            [(Persona::Nobody, vec![manager]), (Persona::ReadOnly, vec![ManagedRole::ReadOnly.id(), shared])]
        {
            draft.run(|session| {
                user::set_roles(&session.authorize_in(org_id(0))?, user_id(0, persona), roles, now)
            })?;
        }
        Ok(())
    });
    (world, shared)
}

/// Has a persona of org 0 change something about users or roles.
fn manage<T>(
    world: &mut World,
    persona: Persona,
    rule: impl FnOnce(&Grant<'_, right::UserAccessManage>) -> Result<Decided<T>, Refusal>,
) -> Result<T, Refusal> {
    world.run(0, persona, |session, _| rule(&session.authorize()?))
}

#[test]
fn whoever_may_do_less_changes_nothing_about_somebody_who_may_do_more() {
    let (mut world, shared) = world();
    let beyond = Err(Refusal::BeyondReach(Permission::OrgConnectionsRead));
    let reader = user_id(0, Persona::ReadOnly);
    let now = world.tick();
    for change in [
        UserEdit { name: Some("Other".parse().unwrap()), ..UserEdit::default() },
        UserEdit { disabled: Some(true), ..UserEdit::default() },
        UserEdit::default(),
    ] {
        let refused = manage(&mut world, Persona::Nobody, |grant| {
            user::update(grant, reader, change, CreatorDisabled::Keep, now)
        });
        assert_eq!(refused, beyond);
    }
    let mut manage = |rule: fn(&Grant<'_, _>, _, _, _) -> Result<Decided<User>, Refusal>| {
        self::manage(&mut world, Persona::Nobody, |grant| rule(grant, reader, shared, now))
    };
    assert_eq!(manage(user::add_role), beyond);
    assert_eq!(manage(user::remove_role), beyond);
    assert_eq!(manage(|grant, user, _, now| user::set_roles(grant, user, vec![], now)), beyond);
}

#[test]
fn nobody_is_stripped_by_way_of_a_role_that_they_hold() {
    let (mut world, shared) = world();
    let read = Permission::UserAccessRead;
    let beyond = Err(Refusal::BeyondReach(Permission::OrgConnectionsRead));
    let manager = Persona::Nobody;
    assert_eq!(
        manage(&mut world, manager, |grant| role::remove_permission(grant, shared, read)).map(drop),
        beyond.clone()
    );
    let nothing = RoleEdit { permissions: Some(PermissionSet::EMPTY), ..RoleEdit::default() };
    assert_eq!(manage(&mut world, manager, |grant| role::update(grant, shared, nothing)).map(drop), beyond);
    // What takes nothing away is no stripping.
    let renamed = RoleEdit { name: Some("Shared".parse().unwrap()), ..RoleEdit::default() };
    manage(&mut world, manager, |grant| role::update(grant, shared, renamed)).unwrap();
    manage(&mut world, manager, |grant| role::add_permission(grant, shared, Permission::UserAccessManage))
        .unwrap();
    manage(&mut world, Persona::Admin, |grant| role::remove_permission(grant, shared, read)).unwrap();
}

#[test]
fn a_role_that_allows_more_than_its_editor_may_stays_as_it_is() {
    let (mut world, _) = world();
    let mighty = make_role(&mut world, 0x502, "audit_logs_read");
    let beyond = Err(Refusal::BeyondReach(Permission::AuditLogsRead));
    let manager = Persona::Nobody;
    let renamed = RoleEdit { name: Some("Weak".parse().unwrap()), ..RoleEdit::default() };
    assert_eq!(
        manage(&mut world, manager, |grant| role::update(grant, mighty, renamed)).map(drop),
        beyond.clone()
    );
    assert_eq!(manage(&mut world, manager, |grant| role::delete(grant, mighty)).map(drop), beyond.clone());
    let removed = manage(&mut world, manager, |grant| {
        role::remove_permission(grant, mighty, Permission::AuditLogsRead)
    });
    assert_eq!(removed.map(drop), beyond);
    let given = manage(&mut world, manager, |grant| {
        role::add_permission(grant, id(MANAGER), Permission::AuditLogsRead)
    });
    assert_eq!(given.map(drop), Err(Refusal::BeyondOwnRights(Permission::AuditLogsRead)));
}

#[test]
fn a_managed_role_is_given_and_taken_but_never_changed() {
    let (mut world, _) = world();
    let now = world.tick();
    let admin = ManagedRole::Admin;
    let reader = user_id(0, Persona::ReadOnly);
    let managed = Err(Refusal::Managed(admin));
    let read = Permission::OrgConnectionsRead;
    let as_admin = Persona::Admin;
    for refused in [
        manage(&mut world, as_admin, |grant| role::delete(grant, admin.id())),
        manage(&mut world, as_admin, |grant| role::update(grant, admin.id(), RoleEdit::default())),
        manage(&mut world, as_admin, |grant| role::add_permission(grant, admin.id(), read)),
        manage(&mut world, as_admin, |grant| role::remove_permission(grant, admin.id(), read)),
    ] {
        assert_eq!(refused, managed);
    }
    let given = manage(&mut world, as_admin, |grant| user::add_role(grant, reader, admin.id(), now)).unwrap();
    assert!(given.roles.contains(&admin.id()));
    let again = manage(&mut world, as_admin, |grant| {
        let decided = user::add_role(grant, reader, admin.id(), now)?;
        assert!(decided.changes.is_empty(), "they hold it already");
        Ok(decided)
    });
    assert_eq!(again, Ok(given));
    let taken =
        manage(&mut world, as_admin, |grant| user::remove_role(grant, reader, admin.id(), now)).unwrap();
    assert!(!taken.roles.contains(&admin.id()));
}

#[test]
fn roles_and_users_of_another_org_are_absent() {
    let (mut world, shared) = world();
    let now = world.tick();
    let reader = user_id(0, Persona::ReadOnly);
    let stranger = user_id(FOREIGN, Persona::Admin);
    let of_stranger = world.run(FOREIGN, Persona::Admin, |session, now| {
        let name = "Theirs".parse().unwrap();
        role::create(&session.authorize()?, id(0x510), name, PermissionSet::EMPTY, now)
    });
    let theirs = of_stranger.unwrap().id;
    let as_admin = Persona::Admin;
    for refused in [
        manage(&mut world, as_admin, |grant| user::add_role(grant, stranger, shared, now)),
        manage(&mut world, as_admin, |grant| user::add_role(grant, reader, theirs, now)),
        manage(&mut world, as_admin, |grant| user::remove_role(grant, stranger, shared, now)),
        manage(&mut world, as_admin, |grant| user::remove_role(grant, reader, theirs, now)),
    ] {
        assert!(matches!(refused, Err(Refusal::Absent { .. })), "{refused:?}");
    }
    for refused in [
        manage(&mut world, as_admin, |grant| role::update(grant, theirs, RoleEdit::default())),
        manage(&mut world, as_admin, |grant| role::delete(grant, theirs)),
    ] {
        assert!(matches!(refused, Err(Refusal::Absent { .. })), "{refused:?}");
    }
    let session = world.session(0, Persona::Admin);
    let grant: Grant<'_, right::UserAccessRead> = session.authorize().unwrap();
    assert!(matches!(role::read(&grant, theirs), Err(Refusal::Absent { .. })));
    assert!(matches!(user::read(&grant, stranger), Err(Refusal::Absent { .. })));
}

#[test]
fn an_email_address_stays() {
    let (mut world, _) = world();
    let now = world.tick();
    let reader = user_id(0, Persona::ReadOnly);
    let mut with_email = |email: &str| {
        let edit = UserEdit { email: Some(email.parse().unwrap()), ..UserEdit::default() };
        manage(&mut world, Persona::Admin, |grant| {
            user::update(grant, reader, edit, CreatorDisabled::Keep, now)
        })
        .map(drop)
    };
    assert_eq!(with_email("READONLY@org0.example"), Ok(()));
    assert_eq!(with_email("other@org0.example"), Err(Refusal::EmailStays));
}

#[test]
fn roles_are_listed_with_how_many_hold_them() {
    let (world, shared) = world();
    let session = world.session(0, Persona::Admin);
    let grant: Grant<'_, right::UserAccessRead> = session.authorize().unwrap();
    let all = Page { offset: 0, limit: 100 };
    let list = |filter: &role::Filter, order, page| {
        let listing = role::list(&grant, filter, order, page);
        let rows = |(role, count): &(RoleView<'_>, usize)| format!("{role} {count}");
        (listing.items.iter().map(rows).collect::<Vec<_>>().join(", "), listing.total_filtered, listing.total)
    };
    let by_name = (role::Order::Name, Direction::Ascending);
    let everything = role::Filter::default();
    assert_eq!(
        list(&everything, by_name, all),
        ("Admin 3, Read Only 1, Role 1280 1, Role 1281 1, Standard 0, Writer 1".to_owned(), 6, 6)
    );
    assert_eq!(
        list(&everything, (role::Order::UserCount, Direction::Descending), Page { offset: 0, limit: 1 }),
        ("Admin 3".to_owned(), 6, 6)
    );
    let named = role::Filter { name: Part::new("ROLE"), ..everything.clone() };
    assert_eq!(list(&named, by_name, all), ("Role 1280 1, Role 1281 1".to_owned(), 2, 6));
    let one = role::Filter { id: role::IdFilter::Only(shared), ..everything.clone() };
    assert_eq!(list(&one, by_name, all), ("Role 1281 1".to_owned(), 1, 6));
    let none = role::Filter { id: role::IdFilter::Nothing, ..everything };
    assert_eq!(list(&none, by_name, all), (String::new(), 0, 6));
}

#[test]
fn users_are_listed_as_they_are_asked_for() {
    let (mut world, shared) = world();
    let dismissed = UserEdit { disabled: Some(true), ..UserEdit::default() };
    let now = world.tick();
    let scoped = user_id(0, Persona::ScopedToRead);
    manage(&mut world, Persona::Admin, |grant| {
        user::update(grant, scoped, dismissed, CreatorDisabled::Keep, now)
    })
    .unwrap();
    let session = world.session(0, Persona::Admin);
    let grant: Grant<'_, right::UserAccessRead> = session.authorize().unwrap();
    let list = |filter: &user::Filter, order| {
        let listing = user::list(&grant, filter, order, Page { offset: 0, limit: 2 });
        let names: Vec<_> = listing.items.iter().map(|user| user.name.as_str()).collect();
        (names.join(", "), listing.total_filtered, listing.total)
    };
    let by_name = (user::Order::Name, Direction::Ascending);
    let everything = user::Filter::default();
    assert_eq!(list(&everything, by_name), ("Admin, Nobody".to_owned(), 6, 6));
    let last_changed = (user::Order::ModifiedAt, Direction::Descending);
    assert_eq!(list(&everything, last_changed).0, "ScopedToRead, ReadOnly");
    let by_email = (user::Order::Email, Direction::Descending);
    assert_eq!(list(&everything, by_email).0, "Writer, ScopedToRead");
    let text = user::Filter { text: Part::new("READONLY@"), ..everything.clone() };
    assert_eq!(list(&text, by_name), ("ReadOnly".to_owned(), 1, 6));
    let role = user::Filter { role: Some(shared), ..everything.clone() };
    assert_eq!(list(&role, by_name), ("ReadOnly".to_owned(), 1, 6));
    for (standing, count) in [
        (StandingFilter::Active, 5),
        (StandingFilter::Disabled, 1),
        (StandingFilter::Nobody, 0),
        (StandingFilter::Any, 6),
    ] {
        assert_eq!(list(&user::Filter { standing, ..everything.clone() }, by_name).1, count, "{standing:?}");
    }
}
