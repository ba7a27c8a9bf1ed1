//! Access tokens of an issuer outside. Source: hardening list, 3 and 7.

use orgbridge_domain::right::{OrgConnectionsRead, OrgConnectionsWrite};
use orgbridge_domain::{
    Credential, ExternalToken, IssuerName, MissingFrom, NotAuthenticated, Permission, PermissionSet,
    Principal, Refusal, Session, SiteScope, Subject, Timestamp, TokenName, authenticate_external,
};

use crate::world::{Persona, World, org_id, user_id};

const ENDS: Timestamp = Timestamp::MAX;

fn token(scopes: &[Permission], ends_at: Timestamp) -> ExternalToken {
    ExternalToken {
        issuer: IssuerName::of_operator("https://login.example.com"),
        name: TokenName::of(Some("token-1"), b""),
        scopes: PermissionSet::of(scopes),
        ends_at,
    }
}

fn sign_in(
    world: &World,
    subject: Option<&Subject>,
    token: ExternalToken,
) -> Result<Principal, NotAuthenticated> {
    authenticate_external(&world.state, (org_id(0), subject), token, SiteScope::Any, world.now())
}

fn admin() -> Subject {
    Subject::Id(user_id(0, Persona::Admin))
}

#[test]
fn a_token_lets_through_what_its_scopes_and_the_user_have_in_common() {
    let world = World::new();
    let read = token(&[Permission::OrgConnectionsRead], ENDS);
    let principal = sign_in(&world, Some(&admin()), read).unwrap();
    let session = Session::new(&world.state, principal, world.now());
    assert!(session.authorize::<OrgConnectionsRead>().is_ok());
    let permission = Permission::OrgConnectionsWrite;
    let missing_from = MissingFrom::ScopesOfToken;
    assert_eq!(
        session.authorize::<OrgConnectionsWrite>().unwrap_err(),
        Refusal::Forbidden { permission, missing_from }
    );
    let nothing = sign_in(&world, Some(&admin()), token(&[], ENDS)).unwrap();
    assert_eq!(Session::new(&world.state, nothing, world.now()).rights(), Ok(PermissionSet::EMPTY));
}

#[test]
fn a_token_that_has_ended_is_nobodys_at_the_commit_too() {
    let world = World::new();
    let ends = Timestamp::from_micros(world.now().micros() + 1);
    let principal = sign_in(&world, Some(&admin()), token(&[Permission::OrgConnectionsRead], ends)).unwrap();
    let authorize =
        |now| Session::new(&world.state, principal, now).authorize::<OrgConnectionsRead>().map(drop);
    assert_eq!(authorize(world.now()), Ok(()));
    assert_eq!(authorize(ends), Err(Refusal::Unauthorized(NotAuthenticated::Token)));
    let ended = token(&[], world.now());
    assert_eq!(sign_in(&world, Some(&admin()), ended), Err(NotAuthenticated::Token));
}

#[test]
fn only_users_of_the_org_are_meant() {
    let world = World::new();
    let stranger = Subject::Id(user_id(1, Persona::Admin));
    for nobody in [None, Some(&stranger), Subject::parse("nobody@example.com").as_ref()] {
        assert_eq!(sign_in(&world, nobody, token(&[], ENDS)), Err(NotAuthenticated::Token), "{nobody:?}");
    }
    let user = world.state.user(user_id(0, Persona::Admin)).unwrap();
    let by_email = Subject::Email(user.email.clone());
    let principal = sign_in(&world, Some(&by_email), token(&[], ENDS)).unwrap();
    let Principal::User { user: found, credential: Credential::External(_), .. } = principal else {
        panic!("{principal:?} is no user by a token from outside");
    };
    assert_eq!(found, user.id);
}

#[test]
fn whoever_is_switched_off_is_nobody_from_then_on() {
    let mut world = World::new();
    let principal = sign_in(&world, Some(&admin()), token(&[Permission::OrgConnectionsRead], ENDS)).unwrap();
    world.set_org_disabled(0, true);
    let refused = Err(NotAuthenticated::Token);
    assert_eq!(sign_in(&world, Some(&admin()), token(&[], ENDS)), refused);
    assert_eq!(
        Session::new(&world.state, principal, world.now()).whoami().map(drop),
        refused.map(drop).map_err(Refusal::from)
    );
}
