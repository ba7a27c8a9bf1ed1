//! Restriction policies: what an org keeps from its own users, and what stays open.

use orgbridge_domain::org_connection::{self, Filter};
use orgbridge_domain::restriction_policy::{self, Bindings, SelfLockout};
use orgbridge_domain::right::OrgAppKeysWrite;
use orgbridge_domain::{
    ApplicationKeySecret, ClientAuthentication, ConnectionType, CrossSite, KeyDigest, NewOauthClient,
    OauthClientEdit, OauthClientId, Page, Principal, Refusal, RestrictionPolicyId, Session, UserId, Verb,
    application_key, oauth_client, role, user,
};

use crate::world::{Persona, World, connection_id, id, make_role, org_id, types, user_id, writer_role};

const EVERYTHING: Page = Page { offset: 0, limit: 1000 };

fn user_text(org: u8, persona: Persona) -> String {
    format!("user:{}", user_id(org, persona))
}

fn bindings(text: &str) -> Bindings {
    text.parse().unwrap()
}

/// Org 0 shares with orgs 1 and 2.
fn world() -> World {
    let mut world = World::new();
    world.connect(0, Persona::Admin, 1, org_id(1), types("logs")).unwrap();
    world.connect(0, Persona::Admin, 2, org_id(2), types("logs")).unwrap();
    world
}

fn say(world: &mut World, org: u8, persona: Persona, text: &str) -> Result<Bindings, Refusal> {
    say_where(SelfLockout::Refused, world, org, persona, text)
}

fn say_where(
    lockout: SelfLockout,
    world: &mut World,
    org: u8,
    persona: Persona,
    text: &str,
) -> Result<Bindings, Refusal> {
    let said = bindings(text);
    world.run(org, persona, |session, _| {
        restriction_policy::replace(&session.authorize()?, connection_id(1), said, lockout)
    })
}

/// Which connections somebody sees, and how many they are told that there are.
fn seen(world: &World, org: u8, persona: Persona) -> (Vec<u8>, usize, usize) {
    let session = world.session(org, persona);
    let listing = org_connection::list(&session.authorize().unwrap(), Filter::default(), EVERYTHING);
    let number = |id| (0..8).find(|number| connection_id(*number) == id).unwrap();
    let numbers = listing.items.iter().map(|connection| number(connection.id)).collect();
    (numbers, listing.total, listing.total_filtered)
}

fn may_use(world: &World, persona: Persona) -> bool {
    let (user, source) = (user_id(1, persona), org_id(0));
    let state = &world.state;
    org_connection::decide_for(state, user, source, ConnectionType::Logs, CrossSite::Refused).is_some()
}

#[test]
fn without_a_policy_permissions_are_all_that_is_asked_for() {
    let mut world = world();
    assert_eq!(seen(&world, 0, Persona::ReadOnly), (vec![1, 2], 2, 2));
    assert!(may_use(&world, Persona::Nobody));
    assert!(world.update(0, Persona::Writer, 1, types("audit")).is_ok());
}

#[test]
fn whoever_is_not_bound_is_told_of_nothing() {
    let mut world = world();
    say(&mut world, 0, Persona::Writer, &format!("editor={}", user_text(0, Persona::Writer))).unwrap();

    let id = connection_id(1);
    assert_eq!(seen(&world, 0, Persona::ReadOnly), (vec![2], 1, 1));
    let session = world.session(0, Persona::ReadOnly);
    let grant = session.authorize().unwrap();
    let absent = Refusal::NoConnection { id, verb: Verb::Read };
    assert_eq!(org_connection::read(&grant, id).unwrap_err(), absent);
    assert_eq!(restriction_policy::read(&grant, id).unwrap_err(), absent);
    // What one side says is nothing to the other.
    assert_eq!(seen(&world, 1, Persona::ReadOnly), (vec![1], 1, 1));
    assert!(may_use(&world, Persona::Nobody));
}

#[test]
fn whoever_writes_connections_and_is_not_bound_is_told_of_nothing_either() {
    let mut world = world();
    say(&mut world, 0, Persona::Admin, &format!("editor={}", user_text(0, Persona::Admin))).unwrap();
    let id = connection_id(1);
    let absent = |verb| Refusal::NoConnection { id, verb };
    assert_eq!(world.update(0, Persona::Writer, 1, types("audit")), Err(absent(Verb::Update)));
    assert_eq!(world.delete(0, Persona::Writer, 1), Err(absent(Verb::Delete)));
    assert_eq!(say(&mut world, 0, Persona::Writer, "editor="), Err(absent(Verb::Update)));
    let deleted =
        world.run(0, Persona::Writer, |session, _| restriction_policy::delete(&session.authorize()?, id));
    assert_eq!(deleted, Err(absent(Verb::Delete)));
}

#[test]
fn a_viewer_sees_and_edits_nothing() {
    let mut world = world();
    let text = format!("editor={};viewer=role:{}", user_text(0, Persona::Admin), writer_role(0));
    say(&mut world, 0, Persona::Admin, &text).unwrap();
    assert_eq!(seen(&world, 0, Persona::Writer), (vec![1, 2], 2, 2));
    assert_eq!(world.update(0, Persona::Writer, 1, types("audit")), Err(Refusal::NoEditor));
    assert_eq!(world.delete(0, Persona::Writer, 1), Err(Refusal::NoEditor));
    assert_eq!(say(&mut world, 0, Persona::Writer, "viewer="), Err(Refusal::NoEditor));
    assert!(world.update(0, Persona::Admin, 1, types("audit")).is_ok());
}

#[test]
fn the_sink_says_who_of_it_sees_uses_and_ends_a_connection() {
    let mut world = world();
    let text = format!("viewer={};editor={}", user_text(1, Persona::Nobody), user_text(1, Persona::Writer));
    say(&mut world, 1, Persona::Writer, &text).unwrap();
    // Who may not read connections may all the same use what they let the org query.
    assert!(may_use(&world, Persona::Nobody));
    assert!(may_use(&world, Persona::Writer));
    assert!(!may_use(&world, Persona::ReadOnly));
    assert_eq!(seen(&world, 1, Persona::ReadOnly), (vec![], 0, 0));
    assert_eq!(seen(&world, 0, Persona::ReadOnly), (vec![1, 2], 2, 2));
    let decided =
        org_connection::decide(&world.state, org_id(1), org_id(0), ConnectionType::Logs, CrossSite::Refused);
    assert!(decided.is_some(), "the source shares with the org, whoever of it may look");
    assert_eq!(world.delete(1, Persona::Admin, 1), Err(Refusal::NoEditor));
    world.delete(1, Persona::Writer, 1).unwrap();
    assert_eq!(world.state.restriction_policies().count(), 0);
}

#[test]
fn whoever_manages_access_is_never_locked_out_for_good() {
    let mut world = world();
    let only_writer = format!("editor={}", user_text(1, Persona::Writer));
    say(&mut world, 1, Persona::Writer, &only_writer).unwrap();
    // They see it and may not touch it, until they say so.
    assert_eq!(seen(&world, 1, Persona::Admin), (vec![1], 1, 1));
    assert!(!may_use(&world, Persona::Admin));
    assert_eq!(world.delete(1, Persona::Admin, 1), Err(Refusal::NoEditor));
    // A key that is cut down governs nothing.
    assert_eq!(seen(&world, 1, Persona::ScopedToRead), (vec![], 0, 0));
    // That they stay outside is no lockout.
    say(&mut world, 1, Persona::Admin, "editor=").unwrap();
    assert_eq!(seen(&world, 1, Persona::Writer), (vec![], 0, 0));
    say(&mut world, 1, Persona::Admin, &format!("editor={}", user_text(1, Persona::Admin))).unwrap();
    assert!(may_use(&world, Persona::Admin));
    world.delete(1, Persona::Admin, 1).unwrap();
}

#[test]
fn nobody_locks_themselves_out_by_a_slip() {
    let mut world = world();
    for text in
        ["editor=", &format!("viewer=org:{}", org_id(0)), &format!("editor={}", user_text(0, Persona::Admin))]
    {
        assert_eq!(say(&mut world, 0, Persona::Writer, text), Err(Refusal::LocksItselfOut), "{text}");
    }
    for text in [format!("editor=org:{}", org_id(0)), format!("editor=role:{}", writer_role(0))] {
        assert_eq!(say(&mut world, 0, Persona::Writer, &text), Ok(bindings(&text)));
    }
    say_where(SelfLockout::Allowed, &mut world, 0, Persona::Writer, "editor=").unwrap();
    assert_eq!(seen(&world, 0, Persona::Writer), (vec![2], 1, 1));
}

#[test]
fn only_what_is_of_the_org_is_bound() {
    let mut world = world();
    let unknown = |place, subject: &str| -> Result<Bindings, Refusal> {
        Err(Refusal::UnknownSubject { binding: 0, place, subject: subject.parse().unwrap() })
    };
    let admin = user_text(0, Persona::Admin);
    for subject in [
        user_text(1, Persona::Admin),
        format!("org:{}", org_id(1)),
        format!("role:{}", writer_role(1)),
        "user:00000000-0000-0000-0000-00000000dead".to_owned(),
        "role:00000000-0000-0000-0000-00000000dead".to_owned(),
    ] {
        let said = say(&mut world, 0, Persona::Admin, &format!("editor={admin},{subject}"));
        assert_eq!(said, unknown(1, &subject));
    }
    let refusal = unknown(1, &user_text(1, Persona::Admin)).unwrap_err();
    assert!(
        refusal.details()[0].starts_with("data.attributes.bindings[0].principals[1]: user:"),
        "{refusal:?}"
    );
}

#[test]
fn a_policy_is_replaced_as_a_whole_and_taken_back() {
    let mut world = world();
    let (first, second) =
        (format!("editor=org:{}", org_id(0)), format!("viewer=;editor={}", user_text(0, Persona::Admin)));
    for text in [&first, &second, &second] {
        assert_eq!(say(&mut world, 0, Persona::Admin, text), Ok(bindings(text)));
        let policy = world.state.restriction_policy_of(org_id(0), connection_id(1)).unwrap();
        assert_eq!(policy.bindings.to_string(), *text);
        assert_eq!(policy.id, RestrictionPolicyId::of(org_id(0), connection_id(1)));
    }
    // Nothing said is no policy, and not one that keeps everybody out.
    for _ in 0..2 {
        say(&mut world, 0, Persona::Admin, "").unwrap();
        assert_eq!(world.state.restriction_policies().count(), 0);
        world
            .run(0, Persona::Writer, |session, _| {
                restriction_policy::delete(&session.authorize()?, connection_id(1))
            })
            .unwrap();
    }
    assert_eq!(seen(&world, 0, Persona::ReadOnly), (vec![1, 2], 2, 2));
}

#[test]
fn a_role_that_is_deleted_leaves_bindings_of_nobody() {
    let mut world = world();
    let spare = make_role(&mut world, 0x600, "org_connections_read");
    let text = format!("viewer=role:{spare};editor=role:{spare},{}", user_text(0, Persona::Admin));
    say(&mut world, 0, Persona::Admin, &text).unwrap();
    world.run(0, Persona::Admin, |session, _| role::delete(&session.authorize()?, spare)).unwrap();
    let policy = world.state.restriction_policy_of(org_id(0), connection_id(1)).unwrap();
    assert_eq!(policy.bindings.to_string(), format!("viewer=;editor={}", user_text(0, Persona::Admin)));
    assert_eq!(seen(&world, 0, Persona::ReadOnly), (vec![2], 1, 1));
}

#[test]
fn whoever_is_disabled_stays_bound_and_uses_nothing_until_they_are_back() {
    let mut world = world();
    let text = format!("editor={}", user_text(1, Persona::Writer));
    say(&mut world, 1, Persona::Writer, &text).unwrap();
    for disabled in [true, false] {
        world
            .run(1, Persona::Admin, |session, now| {
                let creators = user::CreatorDisabled::Delete;
                user::set_disabled(
                    &session.authorize()?,
                    user_id(1, Persona::Writer),
                    disabled,
                    creators,
                    now,
                )
            })
            .unwrap();
        assert_eq!(may_use(&world, Persona::Writer), !disabled);
        assert!(!may_use(&world, Persona::ReadOnly));
    }
}

#[test]
fn policies_of_both_sides_go_with_the_connection_whatever_ends_it() {
    for by_creator in [false, true] {
        let mut world = world();
        for org in [0, 1] {
            say(&mut world, org, Persona::Admin, &format!("editor=org:{}", org_id(org))).unwrap();
        }
        assert_eq!(world.state.restriction_policies().count(), 2);
        if by_creator {
            world.operate(|draft, now| {
                let spare = user::NewUser {
                    id: id(0x900),
                    name: "Second Admin".parse().unwrap(),
                    email: "second@org0.example".parse().unwrap(),
                    kind: orgbridge_domain::UserKind::Person,
                    roles: vec![orgbridge_domain::ManagedRole::Admin.id()],
                };
                draft.run(|session| user::create(&session.authorize_in(org_id(0))?, spare, now))?;
                let (creator, creators) = (user_id(0, Persona::Admin), user::CreatorDisabled::Delete);
                draft.run(|session| {
                    user::set_disabled(&session.authorize_in(org_id(0))?, creator, true, creators, now)
                })?;
                Ok(())
            });
        } else {
            world.delete(1, Persona::Admin, 1).unwrap();
        }
        assert_eq!(world.state.restriction_policies().count(), 0);
    }
}

/// A role that makes service accounts and their keys, and writes connections, for `Persona::Nobody` of org 0.
fn with_a_maker_of_programs() -> World {
    let mut world = world();
    let allowed = "service_account_write,org_app_keys_write,oauth_clients_write,org_connections_read,\
                   org_connections_write";
    let maker = make_role(&mut world, 0x601, allowed);
    world.operate(|draft, now| {
        let nobody = user_id(0, Persona::Nobody);
        draft
            .run(|session| user::set_roles(&session.authorize_in(org_id(0))?, nobody, vec![maker], now))
            .map(drop)
    });
    world
}

/// A service account of org 0 that writes connections.
fn make_robot(world: &mut World, robot: UserId) {
    world.operate(|draft, now| {
        let new = user::NewUser {
            id: robot,
            name: "Robot".parse().unwrap(),
            email: "robot@org0.example".parse().unwrap(),
            kind: orgbridge_domain::UserKind::ServiceAccount,
            roles: vec![writer_role(0)],
        };
        draft.run(|session| user::create(&session.authorize_in(org_id(0))?, new, now)).map(drop)
    });
}

#[test]
fn nobody_gives_a_role_that_a_policy_binds_more_closely_than_themselves() {
    let mut world = with_a_maker_of_programs();
    let make = |world: &mut World| {
        world.run(0, Persona::Nobody, |session, now| {
            let new = user::NewUser {
                id: id(0x901),
                name: "Robot".parse().unwrap(),
                email: "robot@org0.example".parse().unwrap(),
                kind: orgbridge_domain::UserKind::ServiceAccount,
                roles: vec![writer_role(0)],
            };
            user::create_service_account(&session.authorize()?, new, now)
        })
    };
    let bound = format!("role:{}", writer_role(0));
    for (others, refused) in [("", true), ("viewer=", true), ("editor=", false)] {
        let own = user_text(0, Persona::Nobody);
        let text = match others {
            "" => format!("editor={bound}"),
            "viewer=" => format!("editor={bound};viewer={own}"),
            _ => format!("editor={own};viewer={bound}"),
        };
        say_where(SelfLockout::Allowed, &mut world, 0, Persona::Admin, &text).unwrap();
        assert_eq!(make(&mut world).err(), refused.then_some(Refusal::BeyondOwnStanding), "{text}");
    }
}

#[test]
fn nobody_makes_a_key_of_somebody_whom_a_policy_binds_more_closely() {
    let mut world = with_a_maker_of_programs();
    let (robot, own) = (id(0x902), user_text(0, Persona::Nobody));
    make_robot(&mut world, robot);
    let mut number = 0;
    let mut make = |world: &mut World, scopes: Option<&str>| {
        number += 1;
        world.run(0, Persona::Nobody, |session, now| {
            let new = application_key::NewApplicationKey {
                id: id(0x910 + u128::from(number)),
                owner: robot,
                name: "key".parse().unwrap(),
                secret: ApplicationKeySecret::from_random([0xd0 + number; 20]),
                scopes: scopes.map(|scopes| scopes.parse().unwrap()),
            };
            application_key::create(&session.authorize()?, new, now)
        })
    };
    say_where(SelfLockout::Allowed, &mut world, 0, Persona::Admin, &format!("editor=user:{robot}")).unwrap();
    // Whoever has a key that lets nothing through is its owner all the same, to whoever asks who that is.
    for scopes in [None, Some("org_connections_read"), Some("service_account_write"), Some("")] {
        assert_eq!(make(&mut world, scopes), Err(Refusal::BeyondOwnStanding), "{scopes:?}");
    }
    say(&mut world, 0, Persona::Admin, "").unwrap();
    let narrow = make(&mut world, Some("service_account_write")).unwrap();
    say_where(SelfLockout::Allowed, &mut world, 0, Persona::Admin, &format!("editor=user:{robot}")).unwrap();
    let widened = world.run(0, Persona::Nobody, |session, _| {
        let scopes = application_key::ScopesEdit::Replace(Some("org_connections_write".parse().unwrap()));
        let edit = application_key::ApplicationKeyEdit { name: None, scopes };
        application_key::edit(&session.authorize::<OrgAppKeysWrite>()?, narrow.id, edit)
    });
    assert_eq!(widened, Err(Refusal::BeyondOwnStanding));
    say(
        &mut world,
        0,
        Persona::Admin,
        &format!("editor=user:{robot},{own},{}", user_text(0, Persona::Admin)),
    )
    .unwrap();
    assert!(make(&mut world, None).is_ok());
}

#[test]
fn nobody_registers_a_client_that_acts_as_somebody_whom_a_policy_binds_more_closely() {
    let mut world = with_a_maker_of_programs();
    let (robot, own) = (id(0x902), user_text(0, Persona::Nobody));
    make_robot(&mut world, robot);
    let mut number = 0;
    let mut register = |world: &mut World, scopes: &str| {
        number += 1;
        let scopes = scopes.parse().unwrap();
        let client = NewOauthClient {
            id: id(0x920 + number),
            name: format!("Client {number}").parse().unwrap(),
            redirect_uris: Vec::new(),
            refreshes: false,
            service_account: Some(robot),
            scopes,
            authentication: ClientAuthentication::Post(KeyDigest::from_bytes([0xc5; 32])),
        };
        world.run(0, Persona::Nobody, |session, now| {
            oauth_client::register(&session.authorize()?, client, now)
        })
    };
    let widen = |world: &mut World, client: OauthClientId, scopes: &str| {
        let edit = OauthClientEdit { scopes: Some(scopes.parse().unwrap()), ..OauthClientEdit::default() };
        world.run(0, Persona::Nobody, |session, _| oauth_client::edit(&session.authorize()?, client, edit))
    };
    // It gets no token as long as it may ask for nothing.
    let silent = register(&mut world, "").unwrap().id;
    let narrow = register(&mut world, "service_account_write").unwrap().id;
    let text = format!("editor=user:{robot}");
    say_where(SelfLockout::Allowed, &mut world, 0, Persona::Admin, &text).unwrap();
    for scopes in ["org_connections_read", "service_account_write", ""] {
        assert_eq!(register(&mut world, scopes), Err(Refusal::BeyondOwnStanding), "{scopes:?}");
    }
    assert_eq!(widen(&mut world, silent, "service_account_write"), Err(Refusal::BeyondOwnStanding));
    // What acts as the account already may be let do more there, as far as that is nothing about connections.
    let more = "service_account_write,org_app_keys_write";
    assert!(widen(&mut world, narrow, more).is_ok());
    assert_eq!(widen(&mut world, narrow, "org_connections_read"), Err(Refusal::BeyondOwnStanding));
    let text = format!("editor=user:{robot},{own},{}", user_text(0, Persona::Admin));
    say(&mut world, 0, Persona::Admin, &text).unwrap();
    assert!(register(&mut world, "org_connections_read").is_ok());
    assert!(widen(&mut world, silent, "service_account_write").is_ok());
}

#[test]
fn an_operator_is_bound_by_no_policy() {
    let mut world = world();
    say(&mut world, 0, Persona::Admin, &format!("editor={}", user_text(0, Persona::Admin))).unwrap();
    let session = Session::new(&world.state, Principal::Operator, world.now());
    let grant = session.authorize_in(org_id(0)).unwrap();
    assert!(org_connection::update(&grant, connection_id(1), types("audit"), world.now()).is_ok());
    let grant = session.authorize_in(org_id(0)).unwrap();
    let said =
        restriction_policy::replace(&grant, connection_id(1), bindings("editor="), SelfLockout::Refused);
    assert!(said.is_ok());
    assert!(restriction_policy::delete(&grant, connection_id(1)).is_ok());
    let grant = session.authorize_in(org_id(0)).unwrap();
    assert_eq!(org_connection::list(&grant, Filter::default(), EVERYTHING).total, 2);
}
