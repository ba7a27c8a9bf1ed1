//! API keys, application keys, and orgs that come with both.

use orgbridge_domain::application_key::{
    self, ApplicationKeyEdit, NewApplicationKey, OwnerFilter, ScopesEdit,
};
use orgbridge_domain::key_list::{KeyOrder, KeyQuery, TimeRange};
use orgbridge_domain::org::{self, ChildOrg, NewChildOrg};
use orgbridge_domain::right::{OrgAppKeysRead, OrgAppKeysWrite, UserAppKeys};
use orgbridge_domain::{
    ApiKeyId, ApiKeySecret, ApplicationKey, ApplicationKeyId, ApplicationKeySecret, Direction, Page, Part,
    Permission, PermissionSet, Refusal, Site, SiteScope, Timestamp, UserKind, api_key, authenticate, user,
};

use crate::world::{
    FOREIGN, OVERSEAS, Persona, World, api_secret, application_secret, id, make_role, org_id, user_id,
};

fn key_of(org: u8, persona: Persona) -> ApplicationKeyId {
    id(0x2000 + 0x10 * u128::from(org) + persona as u128)
}

fn api_key_of(org: u8) -> ApiKeyId {
    id(0x300 + u128::from(org))
}

fn everything() -> KeyQuery {
    KeyQuery {
        part: Part::default(),
        created: TimeRange::default(),
        modified: TimeRange::default(),
        order: KeyOrder::Name,
        direction: Direction::Ascending,
        page: Page { offset: 0, limit: 100 },
    }
}

fn new_key(number: u128, owner: Persona, scopes: Option<&str>) -> NewApplicationKey {
    NewApplicationKey {
        id: id(number),
        owner: user_id(0, owner),
        name: "new".parse().unwrap(),
        secret: ApplicationKeySecret::from_random([u8::try_from(number).unwrap(); 20]),
        scopes: scopes.map(|scopes| scopes.parse().unwrap()),
    }
}

fn create_own(
    world: &mut World,
    by: Persona,
    number: u128,
    scopes: Option<&str>,
) -> Result<ApplicationKey, Refusal> {
    world.run(0, by, |session, now| {
        application_key::create_own(&session.authorize()?, new_key(number, by, scopes), now)
    })
}

/// Gives a persona of org 0 a role with these permissions and no other.
fn with_permissions(persona: Persona, permissions: &str) -> World {
    let mut world = World::new();
    let role = make_role(&mut world, 0x500, permissions);
    world.operate(|draft, now| {
        let holder = user_id(0, persona);
        draft
            .run(|session| user::set_roles(&session.authorize_in(org_id(0))?, holder, vec![role], now))
            .map(drop)
    });
    world
}

fn rescope(after: Option<&str>) -> ApplicationKeyEdit {
    let scopes = ScopesEdit::Replace(after.map(|scopes| scopes.parse().unwrap()));
    ApplicationKeyEdit { name: None, scopes }
}

#[test]
fn an_api_key_remembers_who_made_it_and_who_renamed_it() {
    let mut world = World::new();
    let made = world
        .run(0, Persona::Admin, |session, now| {
            let secret = ApiKeySecret::from_random([0xa1; 16]);
            api_key::create(&session.authorize()?, id(0x801), "first".parse().unwrap(), &secret, now)
        })
        .unwrap();
    assert_eq!(made.created_by, Some(user_id(0, Persona::Admin)));
    assert_eq!((made.modified_at, made.modified_by), (None, None));
    let rename = |world: &mut World| {
        world.run(0, Persona::Admin, |session, now| {
            api_key::rename(&session.authorize()?, id(0x801), "second".parse().unwrap(), now)
        })
    };
    let renamed = rename(&mut world).unwrap();
    assert_eq!(renamed.name.as_str(), "second");
    assert_eq!(renamed.modified_at, Some(world.now()));
    assert_eq!(renamed.modified_by, Some(user_id(0, Persona::Admin)));
    assert_eq!(rename(&mut world).unwrap(), renamed, "the same name again changes nothing");
    let by_operator = world.state.api_key(api_key_of(0)).unwrap();
    assert_eq!(by_operator.created_by, None);
}

#[test]
fn the_api_keys_of_another_org_are_absent() {
    let mut world = World::new();
    for key in [api_key_of(1), api_key_of(FOREIGN), id(0x999)] {
        let read =
            api_key::read(&world.session(0, Persona::Admin).authorize().unwrap(), key).map(|key| key.id);
        assert_eq!(read, Err(Refusal::NoApiKey));
        let renamed = world.run(0, Persona::Admin, |session, now| {
            api_key::rename(&session.authorize()?, key, "mine".parse().unwrap(), now)
        });
        assert_eq!(renamed, Err(Refusal::NoApiKey));
    }
    let session = world.session(0, Persona::Admin);
    let listing = api_key::list(&session.authorize().unwrap(), &everything());
    assert_eq!(listing.items.iter().map(|key| key.id).collect::<Vec<_>>(), [api_key_of(0)]);
}

#[test]
fn two_api_keys_live_side_by_side_until_one_is_revoked() {
    let mut world = World::new();
    let secret = ApiKeySecret::from_random([0xa1; 16]);
    let new = secret.digest();
    world
        .run(0, Persona::Admin, |session, now| {
            api_key::create(&session.authorize()?, id(0x801), "next".parse().unwrap(), &secret, now)
        })
        .unwrap();
    let old = api_secret(0).digest();
    let application_key = application_secret(0, Persona::Admin).digest();
    let live =
        |world: &World, digest| authenticate(&world.state, digest, &application_key, SiteScope::Any).is_ok();
    assert!(live(&world, &old) && live(&world, &new));
    world.run(0, Persona::Admin, |session, _| api_key::revoke(&session.authorize()?, api_key_of(0))).unwrap();
    assert!(!live(&world, &old) && live(&world, &new));
}

#[test]
fn the_right_over_ones_own_keys_reaches_no_other_key() {
    let mut world = World::new();
    let other = key_of(0, Persona::ReadOnly);
    let session = world.session(0, Persona::Admin);
    let own = session.authorize::<UserAppKeys>().unwrap();
    assert_eq!(application_key::read(&own, other).map(|key| key.id), Err(Refusal::NoApplicationKey));
    assert!(application_key::read(&own, key_of(0, Persona::Admin)).is_ok());
    let listed = |owner| {
        let listing = application_key::list(&own, owner, &everything());
        listing.items.iter().map(|key| key.id).collect::<Vec<_>>()
    };
    assert_eq!(listed(OwnerFilter::Any), [key_of(0, Persona::Admin)]);
    assert_eq!(listed(OwnerFilter::Only(user_id(0, Persona::ReadOnly))), []);
    assert_eq!(listed(OwnerFilter::Nothing), []);
    for refused in [
        world
            .run(0, Persona::Admin, |session, _| {
                application_key::revoke(&session.authorize::<UserAppKeys>()?, other)
            })
            .map(drop),
        world
            .run(0, Persona::Admin, |session, _| {
                application_key::edit(&session.authorize::<UserAppKeys>()?, other, rescope(Some("")))
            })
            .map(drop),
    ] {
        assert_eq!(refused, Err(Refusal::NoApplicationKey));
    }
    let made = world.run(0, Persona::Admin, |session, now| {
        let new = new_key(0x81, Persona::ReadOnly, None);
        application_key::create_own(&session.authorize()?, new, now)
    });
    assert_eq!(made, Err(Refusal::OnlyTheOwnerMakesKeys));
}

#[test]
fn the_right_over_the_keys_of_the_org_ends_at_the_org() {
    let world = World::new();
    let session = world.session(0, Persona::Admin);
    let grant = session.authorize::<OrgAppKeysRead>().unwrap();
    for foreign in [key_of(1, Persona::Admin), key_of(FOREIGN, Persona::Admin), id(0x999)] {
        let read = application_key::read(&grant, foreign).map(|key| key.id);
        assert_eq!(read, Err(Refusal::NoApplicationKey));
    }
    let counted = |owner| application_key::list(&grant, owner, &everything()).total_filtered;
    assert_eq!(counted(OwnerFilter::Any), Persona::ALL.len());
    assert_eq!(counted(OwnerFilter::Only(user_id(0, Persona::Nobody))), 1);
    assert_eq!(counted(OwnerFilter::Only(user_id(1, Persona::Admin))), 0);
}

#[test]
fn a_key_is_never_wider_than_the_key_that_made_it() {
    let mut world = with_permissions(Persona::Nobody, "user_app_keys,org_connections_read");
    let narrow = create_own(&mut world, Persona::Nobody, 0x81, Some("user_app_keys")).unwrap();
    let beyond = |outcome: Result<ApplicationKey, Refusal>| {
        assert!(matches!(outcome, Err(Refusal::BeyondOwnRights(_))), "{outcome:?}");
    };
    let secret = ApplicationKeySecret::from_random([0x81; 20]).digest();
    let principal = authenticate(&world.state, &api_secret(0).digest(), &secret, SiteScope::Any).unwrap();
    let session = orgbridge_domain::Session::new(&world.state, principal, world.now());
    let now = Timestamp::from_micros(1);
    let make = |scopes| {
        let new = new_key(0x82, Persona::Nobody, scopes);
        application_key::create_own(&session.authorize().unwrap(), new, now).map(|decided| decided.value)
    };
    // The last of these is what the user can't do yet: one day an administrator may let them.
    for scopes in [None, Some("org_connections_read"), Some("user_app_keys,org_connections_write")] {
        beyond(make(scopes));
        let grant = session.authorize::<UserAppKeys>().unwrap();
        beyond(application_key::edit(&grant, narrow.id, rescope(scopes)).map(|decided| decided.value));
    }
    assert!(make(Some("user_app_keys")).is_ok());
    assert!(make(Some("")).is_ok());
    // Without scopes of its own, a key may name what its owner can't do: it adds nothing.
    let idle = create_own(&mut world, Persona::Nobody, 0x83, Some("org_connections_write")).unwrap();
    assert_eq!(idle.scopes, Some(PermissionSet::of(&[Permission::OrgConnectionsWrite])));
}

#[test]
fn a_key_of_a_person_is_widened_by_that_person_alone() {
    let mut world = World::new();
    let key = key_of(0, Persona::ScopedToRead);
    let edit = |world: &mut World, by, scopes: Option<&str>| {
        let edit = rescope(scopes);
        world.run(0, by, |session, _| {
            application_key::edit(&session.authorize::<OrgAppKeysWrite>()?, key, edit)
        })
    };
    let wider = Some("org_connections_read,org_connections_write");
    assert_eq!(edit(&mut world, Persona::Admin, wider), Err(Refusal::OnlyTheOwnerWidensKeys));
    assert_eq!(edit(&mut world, Persona::Admin, None), Err(Refusal::OnlyTheOwnerWidensKeys));
    assert_eq!(edit(&mut world, Persona::Admin, Some("")).unwrap().scopes, Some(PermissionSet::EMPTY));
    let renamed = world.run(0, Persona::Admin, |session, _| {
        let edit = ApplicationKeyEdit { name: Some("other".parse().unwrap()), scopes: ScopesEdit::Keep };
        application_key::edit(&session.authorize::<OrgAppKeysWrite>()?, key, edit)
    });
    assert_eq!(renamed.unwrap().name.as_str(), "other");

    let own = create_own(&mut world, Persona::Admin, 0x81, Some("org_connections_read")).unwrap();
    let widened = world.run(0, Persona::Admin, |session, _| {
        application_key::edit(&session.authorize::<UserAppKeys>()?, own.id, rescope(None))
    });
    assert_eq!(widened.unwrap().scopes, None);
}

#[test]
fn a_key_of_a_service_account_is_widened_by_those_who_may_do_as_much() {
    let mut world = with_permissions(Persona::Nobody, "org_app_keys_write,org_connections_read");
    let robot = id(0x701);
    world.operate(|draft, now| {
        draft.run(|session| {
            let new = user::NewUser {
                id: robot,
                name: "Robot".parse().unwrap(),
                email: "robot@org0.example".parse().unwrap(),
                kind: UserKind::ServiceAccount,
                roles: vec![orgbridge_domain::ManagedRole::Admin.id()],
            };
            user::create(&session.authorize_in(org_id(0))?, new, now)
        })?;
        draft
            .run(|session| {
                let new = NewApplicationKey { owner: robot, ..new_key(0x81, Persona::Admin, Some("")) };
                application_key::create(&session.authorize_in(org_id(0))?, new, now)
            })
            .map(drop)
    });
    let edit = |world: &mut World, scopes| {
        world.run(0, Persona::Nobody, |session, _| {
            application_key::edit(&session.authorize::<OrgAppKeysWrite>()?, id(0x81), rescope(scopes))
        })
    };
    assert!(edit(&mut world, Some("org_connections_read")).is_ok());
    for beyond in [Some("org_connections_read,org_connections_write"), None] {
        let refused = edit(&mut world, beyond);
        assert!(matches!(refused, Err(Refusal::BeyondOwnRights(_))), "{refused:?}");
    }
}

#[test]
fn a_list_is_narrowed_ordered_and_cut_into_pages() {
    let mut world = World::new();
    for (number, name) in [(0x81_u8, "beta"), (0x82, "Alpha"), (0x83, "gamma")] {
        world
            .run(0, Persona::Admin, |session, now| {
                let secret = ApiKeySecret::from_random([number; 16]);
                let key = id(u128::from(number));
                api_key::create(&session.authorize()?, key, name.parse().unwrap(), &secret, now)
            })
            .unwrap();
    }
    let start = world.now();
    world
        .run(0, Persona::Admin, |session, now| {
            api_key::rename(&session.authorize()?, api_key_of(0), "delta".parse().unwrap(), now)
        })
        .unwrap();
    let session = world.session(0, Persona::Admin);
    let grant = session.authorize().unwrap();
    let names = |query: &KeyQuery| {
        let listing = api_key::list(&grant, query);
        (
            listing.items.iter().map(|key| key.name.to_string()).collect::<Vec<_>>().join(" "),
            listing.total_filtered,
        )
    };
    let of = |names: &str, total| (names.to_owned(), total);
    assert_eq!(names(&everything()), of("Alpha beta delta gamma", 4));
    let by = |order, direction| KeyQuery { order, direction, ..everything() };
    assert_eq!(names(&by(KeyOrder::Name, Direction::Descending)), of("gamma delta beta Alpha", 4));
    assert_eq!(names(&by(KeyOrder::Last4, Direction::Ascending)), of("delta beta Alpha gamma", 4));
    assert_eq!(names(&by(KeyOrder::CreatedAt, Direction::Ascending)), of("delta beta Alpha gamma", 4));
    assert_eq!(names(&by(KeyOrder::ModifiedAt, Direction::Descending)), of("delta gamma Alpha beta", 4));
    let part = |part: &str| KeyQuery { part: Part::new(part), ..everything() };
    assert_eq!(names(&part("ALPH")), of("Alpha", 1));
    assert_eq!(names(&part("8282")), of("Alpha", 1));
    assert_eq!(names(&part("nowhere")), of("", 0));
    let page = |offset, limit| KeyQuery { page: Page { offset, limit }, ..everything() };
    assert_eq!(names(&page(1, 2)), of("beta delta", 4));
    assert_eq!(names(&page(4, 2)), of("", 4));
    let made_last = TimeRange { start: Some(start), end: None };
    assert_eq!(names(&KeyQuery { created: made_last, ..everything() }), of("gamma", 1));
    assert_eq!(names(&KeyQuery { modified: made_last, ..everything() }), of("delta gamma", 2));
    let before = TimeRange { start: None, end: Some(Timestamp::from_micros(start.micros() - 1)) };
    assert_eq!(names(&KeyQuery { created: before, ..everything() }), of("Alpha beta delta", 3));
}

fn child(world: &mut World, org: u8, by: Persona) -> Result<ChildOrg, Refusal> {
    let new = NewChildOrg {
        id: id(0x180),
        name: "Child".parse().unwrap(),
        admin: id(0x181),
        api_key: id(0x182),
        api_key_secret: ApiKeySecret::from_random([0xc1; 16]),
        application_key: id(0x183),
        application_key_secret: ApplicationKeySecret::from_random([0xc2; 20]),
    };
    world.run(org, by, |session, now| org::create_child(&session.authorize()?, new.clone(), now))
}

#[test]
fn a_child_org_begins_with_its_makers_counterpart_and_keys_that_work() {
    let mut world = World::new();
    let made = child(&mut world, 0, Persona::Admin).unwrap();
    let creator = world.state.user(user_id(0, Persona::Admin)).unwrap();
    assert_eq!((&made.admin.name, &made.admin.email), (&creator.name, &creator.email));
    assert_eq!(made.org.parent, Some(org_id(0)));
    assert_eq!((made.org.account, made.org.site), (id(1), Site::DEFAULT));
    let api_key = ApiKeySecret::from_random([0xc1; 16]).digest();
    let application_key = ApplicationKeySecret::from_random([0xc2; 20]).digest();
    let principal = authenticate(&world.state, &api_key, &application_key, SiteScope::Any).unwrap();
    let session = orgbridge_domain::Session::new(&world.state, principal, world.now());
    assert_eq!(session.whoami().unwrap().0.id, made.org.id);
    let managed = |org, by| {
        let session = world.session(org, by);
        let grant = session.authorize().unwrap();
        org::find_managed(&grant, &made.org.public_id).map(|org| org.id)
    };
    assert_eq!(managed(0, Persona::Admin), Ok(made.org.id));
    for org in [1, FOREIGN, OVERSEAS] {
        assert_eq!(managed(org, Persona::Admin), Err(Refusal::NoManagedOrg));
    }
}

#[test]
fn a_child_org_is_made_by_who_manages_and_may_do_as_much_as_its_admin() {
    let mut world = World::new();
    assert_eq!(child(&mut world, 1, Persona::Admin), Err(Refusal::OnlyTheManagingOrgCreates));
    let mut world = with_permissions(Persona::Nobody, "org_management");
    let refused = child(&mut world, 0, Persona::Nobody);
    assert!(matches!(refused, Err(Refusal::BeyondOwnRights(_))), "{refused:?}");
    assert_eq!(child(&mut World::new(), OVERSEAS, Persona::Admin).unwrap().org.site.as_str(), "datadoghq.eu");
    let mut world = World::new();
    child(&mut world, 0, Persona::Admin).unwrap();
    let again = child(&mut world, 0, Persona::Admin);
    assert!(matches!(again, Err(Refusal::Taken { .. })), "{again:?}");
}

#[test]
fn an_org_renames_itself_and_those_that_it_manages() {
    let mut world = World::new();
    let rename = |world: &mut World, by, org: u8| {
        let public_id = org_id(org).into();
        world.run(by, Persona::Admin, |session, now| {
            org::rename_managed(&session.authorize()?, &public_id, "Renamed".parse().unwrap(), now)
        })
    };
    for (by, renamed) in [(0, 0), (0, 1), (2, 2), (FOREIGN, FOREIGN)] {
        let renamed = rename(&mut world, by, renamed).unwrap();
        assert_eq!((renamed.name.as_str(), renamed.modified_at), ("Renamed", world.now()));
    }
    for (by, foreign) in [(1, 0), (1, 2), (0, FOREIGN), (0, OVERSEAS), (OVERSEAS, 0)] {
        assert_eq!(rename(&mut world, by, foreign), Err(Refusal::NoManagedOrg));
    }
}
