//! OAuth2: how programs come by tokens, and how those end. Source: hardening list, 3, 19 and 21.

use std::time::Duration;

use orgbridge_domain::application_key::{ApplicationKeyEdit, ScopesEdit};
use orgbridge_domain::authorization::{self, CODE_LIFETIME};
use orgbridge_domain::login::{self, NewLogin, Shown};
use orgbridge_domain::right::{OrgAppKeysWrite, OrgConnectionsRead, OrgConnectionsWrite};
use orgbridge_domain::token::{
    self, ACCESS_LIFETIME, AUTHORIZATION_LIFETIME, Issued, MOST_SPENT, NewTokens, Presented, REFRESH_LIFETIME,
};
use orgbridge_domain::user::NewUser;
use orgbridge_domain::{
    ClientAuthentication, ClientProblem, ClientProof, CodeChallenge, Credential, Decided, KeyDigest,
    MissingFrom, NewAuthorization, NewOauthClient, NotAuthenticated, OauthClientEdit, OauthClientId,
    OauthProblem, Permission, PermissionSet, Principal, Refusal, Session, SiteScope, Timestamp, UserKind,
    application_key, authenticate_login, authenticate_token, oauth_client, sweep, user,
};

use crate::world::{FOREIGN, OVERSEAS, Persona, World, application_secret, id, make_role, org_id, user_id};

const CLIENT: u128 = 0xa0;
const SECRET: &[u8] = b"client secret";
const REDIRECT: &str = "https://app.example.com/callback";
const VERIFIER: &str = "a-verifier-that-is-long-enough-to-be-one-0123456789";

fn scopes(joined: &str) -> PermissionSet {
    joined.parse().unwrap()
}

fn both() -> PermissionSet {
    scopes("org_connections_read,org_connections_write")
}

/// A client of org 0, whatever a test says differently.
fn new_client() -> NewOauthClient {
    NewOauthClient {
        id: id(CLIENT),
        name: "Dashboards".parse().unwrap(),
        redirect_uris: vec![REDIRECT.parse().unwrap()],
        refreshes: true,
        service_account: None,
        scopes: both(),
        authentication: ClientAuthentication::Basic(KeyDigest::of(SECRET)),
    }
}

fn proof() -> ClientProof {
    ClientProof { client: id(CLIENT), authentication: ClientAuthentication::Basic(KeyDigest::of(SECRET)) }
}

fn digest(number: u128) -> KeyDigest {
    KeyDigest::of(&number.to_be_bytes())
}

/// A world in which org 0 has registered a client.
struct Story {
    world: World,
    number: u128,
}

impl Story {
    fn begin() -> Self {
        Self::with(&new_client())
    }

    fn with(client: &NewOauthClient) -> Self {
        let mut world = World::new();
        world
            .run(0, Persona::Admin, |session, now| {
                oauth_client::register(&session.authorize()?, client.clone(), now)
            })
            .unwrap();
        Self { world, number: 0x1_0000 }
    }

    fn number(&mut self) -> u128 {
        self.number += 1;
        self.number
    }

    fn act<T>(
        &mut self,
        principal: Principal,
        rule: impl FnOnce(&Session<'_>, Timestamp) -> Result<Decided<T>, Refusal>,
    ) -> Result<T, Refusal> {
        let now = self.world.tick();
        let decided = rule(&Session::new(&self.world.state, principal, now), now)?;
        decided.changes.iter().for_each(|change| self.world.state.apply(change));
        Ok(decided.value)
    }

    fn log_in(&mut self, org: u8, persona: Persona) -> Result<Principal, Refusal> {
        let number = self.number();
        let key = application_secret(org, persona).digest();
        let key = self.world.state.application_key_by_digest(&key).unwrap().id;
        let user = user_id(org, persona);
        let (login, digest) = (id(number), digest(number));
        let principal = Principal::User {
            org: org_id(org),
            user,
            credential: Credential::Login(login),
            asked: SiteScope::Any,
        };
        let new = NewLogin { id: login, user, shown: Shown::ApplicationKey(key), digest };
        self.act(principal, |session, now| login::start(session, new, now))?;
        Ok(authenticate_login(&self.world.state, &digest, SiteScope::Any, self.world.now())?)
    }

    /// Has somebody allow the client this, and returns the digest of the code.
    fn allow(&mut self, org: u8, persona: Persona, scopes: PermissionSet) -> Result<KeyDigest, Refusal> {
        let login = self.log_in(org, persona)?;
        let number = self.number();
        let new = NewAuthorization {
            id: id(number),
            client: id(CLIENT),
            scopes,
            code: digest(number),
            redirect_uri: REDIRECT.parse().unwrap(),
            challenge: CodeChallenge::of(VERIFIER).unwrap(),
        };
        self.act(login, |session, now| authorization::allow(session, new, now))?;
        Ok(digest(number))
    }

    fn redeem(&mut self, code: KeyDigest) -> Result<Issued, OauthProblem> {
        self.present(&Presented::Code {
            digest: code,
            redirect_uri: REDIRECT.to_owned(),
            answer: CodeChallenge::of(VERIFIER).unwrap(),
        })
    }

    fn refresh(&mut self, token: &Issued) -> Result<Issued, OauthProblem> {
        self.present(&Presented::Refresh(token.refresh.as_ref().unwrap().digest, None))
    }

    fn present(&mut self, presented: &Presented) -> Result<Issued, OauthProblem> {
        self.present_as(proof(), presented)
    }

    fn present_as(&mut self, proof: ClientProof, presented: &Presented) -> Result<Issued, OauthProblem> {
        let client = oauth_client::authenticate(&self.world.state, &proof, SiteScope::Any)?;
        let principal = token::acting_for(&self.world.state, client, presented, SiteScope::Any)?;
        let (access, refresh) = (self.number(), self.number());
        let new = NewTokens { access: (id(access), digest(access)), refresh: (id(refresh), digest(refresh)) };
        self.act(principal, |session, now| token::issue(&session.client(&proof)?, presented, new, now))
            .unwrap()
    }

    fn tokens_of(&mut self, org: u8, persona: Persona, scopes: PermissionSet) -> Issued {
        let code = self.allow(org, persona, scopes).unwrap();
        self.redeem(code).unwrap()
    }

    fn authenticate(&self, issued: &Issued) -> Result<Principal, NotAuthenticated> {
        authenticate_token(&self.world.state, &issued.access.digest, SiteScope::Any, self.world.now())
    }

    fn is_live(&self, issued: &Issued) -> bool {
        self.authenticate(issued).is_ok()
    }

    fn pass(&mut self, time: Duration) {
        self.world.pass(time);
    }
}

#[test]
fn a_code_becomes_tokens_that_may_do_what_was_allowed() {
    let mut story = Story::begin();
    let issued = story.tokens_of(1, Persona::Admin, scopes("org_connections_read"));
    let principal = story.authenticate(&issued).unwrap();
    let session = Session::new(&story.world.state, principal, story.world.now());
    assert!(session.authorize::<OrgConnectionsRead>().is_ok());
    assert_eq!(
        session.authorize::<OrgConnectionsWrite>().unwrap_err(),
        Refusal::Forbidden {
            permission: orgbridge_domain::Permission::OrgConnectionsWrite,
            missing_from: MissingFrom::ScopesOfToken
        }
    );
    assert_eq!(session.whoami().unwrap().1.id, user_id(1, Persona::Admin));
}

#[test]
fn nobody_allows_more_than_they_may_by_what_they_have_shown() {
    let mut story = Story::begin();
    let read = scopes("org_connections_read");
    for (persona, granted) in [
        (Persona::Admin, Ok(both())),
        (Persona::ScopedToRead, Ok(read)),
        (Persona::ReadOnly, Ok(read)),
        (Persona::ScopedToNothing, Err(OauthProblem::Scope.into())),
        (Persona::Nobody, Err(OauthProblem::Scope.into())),
    ] {
        let code = story.allow(0, persona, both());
        let allowed = code.map(|code| story.world.state.authorization_by_code(&code).unwrap().scopes);
        assert_eq!(allowed, granted, "{persona:?}");
    }
    assert_eq!(story.allow(0, Persona::Admin, scopes("audit_logs_read")), Err(OauthProblem::Scope.into()));
}

#[test]
fn a_token_loses_what_its_user_loses() {
    let mut story = Story::begin();
    let issued = story.tokens_of(0, Persona::Admin, both());
    let role = make_role(&mut story.world, 0xf700, "org_connections_read");
    story.world.operate(|draft, now| {
        let admin = user::NewUser {
            id: id(0xf701),
            name: "Another".parse().unwrap(),
            email: "another@org0.example".parse().unwrap(),
            kind: UserKind::Person,
            roles: vec![orgbridge_domain::ManagedRole::Admin.id()],
        };
        draft.run(|session| user::create(&session.authorize_in(org_id(0))?, admin, now))?;
        let changed = user_id(0, Persona::Admin);
        draft
            .run(|session| user::set_roles(&session.authorize_in(org_id(0))?, changed, vec![role], now))
            .map(drop)
    });
    let principal = story.authenticate(&issued).unwrap();
    let session = Session::new(&story.world.state, principal, story.world.now());
    assert!(session.authorize::<OrgConnectionsRead>().is_ok());
    assert_eq!(
        session.authorize::<OrgConnectionsWrite>().unwrap_err(),
        Refusal::Forbidden {
            permission: orgbridge_domain::Permission::OrgConnectionsWrite,
            missing_from: MissingFrom::RolesOfTokensUser
        }
    );
}

#[test]
fn a_client_serves_users_of_its_account_on_its_site_and_nobody_else() {
    let mut story = Story::begin();
    assert!(story.allow(1, Persona::Admin, both()).is_ok());
    for org in [FOREIGN, OVERSEAS] {
        assert_eq!(story.allow(org, Persona::Admin, both()), Err(OauthProblem::User.into()), "org {org}");
    }
}

#[test]
fn a_code_that_comes_again_ends_all_that_came_of_it() {
    let mut story = Story::begin();
    let code = story.allow(0, Persona::Admin, both()).unwrap();
    let first = story.redeem(code).unwrap();
    assert!(story.is_live(&first));
    assert_eq!(story.redeem(code), Err(OauthProblem::Code));
    assert!(!story.is_live(&first));
    assert_eq!(story.refresh(&first), Err(OauthProblem::RefreshToken));
    assert_eq!(story.world.state.authorizations().count(), 0);
}

#[test]
fn a_code_that_comes_again_after_days_still_does() {
    let mut story = Story::begin();
    let code = story.allow(0, Persona::Admin, both()).unwrap();
    let first = story.redeem(code).unwrap();
    story.pass(REFRESH_LIFETIME / 2);
    let second = story.refresh(&first).unwrap();
    assert!(story.is_live(&second));
    assert_eq!(story.redeem(code), Err(OauthProblem::Code));
    assert!(!story.is_live(&second));
}

#[test]
fn a_code_is_good_for_a_minute_for_its_client_at_its_place_with_its_verifier() {
    let mut story = Story::begin();
    let code = story.allow(0, Persona::Admin, both()).unwrap();
    let present = |redirect_uri: &str, verifier: &str| Presented::Code {
        digest: code,
        redirect_uri: redirect_uri.to_owned(),
        answer: CodeChallenge::of(verifier).unwrap(),
    };
    let other_verifier = "another-verifier-that-is-long-enough-to-be-one-01";
    for (presented, problem) in [
        (present(&format!("{REDIRECT}/"), VERIFIER), OauthProblem::RedirectUri),
        (present(REDIRECT, other_verifier), OauthProblem::Verifier),
    ] {
        assert_eq!(story.present(&presented), Err(problem));
    }
    let mut other = new_client();
    other.id = id(CLIENT + 1);
    story
        .world
        .run(0, Persona::Admin, |session, now| oauth_client::register(&session.authorize()?, other, now))
        .unwrap();
    let others_proof = ClientProof { client: id(CLIENT + 1), ..proof() };
    assert_eq!(story.present_as(others_proof, &present(REDIRECT, VERIFIER)), Err(OauthProblem::Code));

    story.pass(CODE_LIFETIME);
    assert_eq!(story.redeem(code), Err(OauthProblem::Code));
    let code = story.allow(0, Persona::Admin, both()).unwrap();
    assert!(story.redeem(code).is_ok());
}

#[test]
fn a_refresh_token_that_comes_again_ends_its_family() {
    let mut story = Story::begin();
    let first = story.tokens_of(0, Persona::Admin, both());
    let second = story.refresh(&first).unwrap();
    assert!(story.is_live(&first) && story.is_live(&second));
    assert_eq!(story.refresh(&first), Err(OauthProblem::RefreshToken));
    assert!(!story.is_live(&first) && !story.is_live(&second));
    assert_eq!(story.refresh(&second), Err(OauthProblem::RefreshToken));
}

#[test]
fn what_was_renewed_too_often_is_asked_for_again_and_no_spent_token_is_forgotten() {
    let mut story = Story::begin();
    let first = story.tokens_of(0, Persona::Admin, both());
    let mut latest = first.clone();
    for _ in 0..MOST_SPENT {
        latest = story.refresh(&latest).unwrap();
    }
    let kept = story.world.state.tokens().count();
    assert_eq!(story.refresh(&latest), Err(OauthProblem::Renewals));
    assert_eq!(story.world.state.tokens().count(), kept);
    let again = story.tokens_of(0, Persona::Admin, both());
    assert!(story.refresh(&again).is_ok(), "each consent by itself");
    assert!(story.is_live(&latest));
    assert_eq!(story.refresh(&first), Err(OauthProblem::RefreshToken));
    assert!(!story.is_live(&latest), "the oldest one still ends its family");
}

#[test]
fn scopes_only_narrow() {
    let mut story = Story::begin();
    let first = story.tokens_of(0, Persona::Admin, both());
    let read = scopes("org_connections_read");
    let refresh =
        |issued: &Issued, wanted| Presented::Refresh(issued.refresh.as_ref().unwrap().digest, wanted);
    let wider = refresh(&first, Some(scopes("audit_logs_read,org_connections_read")));
    assert_eq!(story.present(&wider), Err(OauthProblem::Scope));
    let narrow = story.present(&refresh(&first, Some(read))).unwrap();
    assert_eq!(narrow.access.scopes, read);
    // The next one may have as much as the first again. Source: RFC 6749, section 6.
    let whole = story.present(&refresh(&narrow, None)).unwrap();
    assert_eq!(whole.access.scopes, both());
}

#[test]
fn what_expires_does_so_by_the_clock_and_again_at_the_commit() {
    let mut story = Story::begin();
    let first = story.tokens_of(0, Persona::Admin, both());
    let principal = story.authenticate(&first).unwrap();
    let end = first.access.expires_at;
    assert_eq!(end.since(first.access.created_at), ACCESS_LIFETIME);
    let at = |now| Session::new(&story.world.state, principal, now).authorize::<OrgConnectionsRead>().is_ok();
    assert!(at(Timestamp::from_micros(end.micros() - 1)));
    assert!(!at(end));
    story.pass(ACCESS_LIFETIME);
    assert_eq!(story.authenticate(&first), Err(NotAuthenticated::Token));
    let second = story.refresh(&first).unwrap();
    assert!(story.is_live(&second));
    story.pass(REFRESH_LIFETIME);
    assert_eq!(story.refresh(&second), Err(OauthProblem::RefreshToken));
}

#[test]
fn what_is_allowed_once_is_not_renewed_for_ever() {
    let mut story = Story::begin();
    let mut tokens = story.tokens_of(0, Persona::Admin, both());
    let mut lived = Duration::ZERO;
    let step = REFRESH_LIFETIME.saturating_sub(Duration::from_secs(60));
    while lived + step < AUTHORIZATION_LIFETIME {
        story.pass(step);
        lived += step;
        tokens = story.refresh(&tokens).unwrap();
    }
    story.pass(AUTHORIZATION_LIFETIME.saturating_sub(lived));
    assert!(!story.is_live(&tokens));
    assert_eq!(story.refresh(&tokens), Err(OauthProblem::RefreshToken));
}

#[test]
fn a_client_that_does_not_refresh_gets_nothing_to_refresh_with() {
    let mut story = Story::with(&NewOauthClient { refreshes: false, ..new_client() });
    let issued = story.tokens_of(0, Persona::Admin, both());
    assert_eq!(issued.refresh, None);
}

#[test]
fn whatever_a_token_rests_on_ends_it_at_once() {
    type End = fn(&mut World);
    let ends: [(&str, End); 5] = [
        ("the key that the user logged in with is revoked", |world| revoke_key(world, 1, Persona::ReadOnly)),
        ("the client is revoked", |world| {
            world
                .run(0, Persona::Admin, |session, _| {
                    oauth_client::revoke(&session.authorize()?, id::<OauthClientId>(CLIENT))
                })
                .map(drop)
                .unwrap();
        }),
        ("the user is disabled", |world| {
            world.operate(|draft, now| {
                let user = user_id(1, Persona::ReadOnly);
                draft
                    .run(|session| {
                        let edit = user::UserEdit { disabled: Some(true), ..user::UserEdit::default() };
                        user::update(
                            &session.authorize_in(org_id(1))?,
                            user,
                            edit,
                            user::CreatorDisabled::default(),
                            now,
                        )
                    })
                    .map(drop)
            });
        }),
        ("the user's org is disabled", |world| world.set_org_disabled(1, true)),
        ("the client's org is disabled", |world| world.set_org_disabled(0, true)),
    ];
    for (what, end) in ends {
        let mut story = Story::begin();
        let issued = story.tokens_of(1, Persona::ReadOnly, scopes("org_connections_read"));
        let code = story.allow(1, Persona::ReadOnly, scopes("org_connections_read")).unwrap();
        let principal = story.authenticate(&issued).unwrap();
        end(&mut story.world);
        assert!(!story.is_live(&issued), "{what}");
        let session = Session::new(&story.world.state, principal, story.world.now());
        assert!(session.authorize::<OrgConnectionsRead>().is_err(), "{what}");
        assert!(story.refresh(&issued).is_err(), "{what}");
        assert!(story.redeem(code).is_err(), "{what}");
    }
}

#[test]
fn a_token_is_narrowed_with_the_key_that_its_user_logged_in_with() {
    let mut story = Story::begin();
    let read = scopes("org_connections_read");
    let issued = story.tokens_of(0, Persona::Admin, both());
    let code = story.allow(0, Persona::Admin, both()).unwrap();
    let principal = story.authenticate(&issued).unwrap();
    set_key_scopes(&mut story.world, Some(read));
    let session = Session::new(&story.world.state, principal, story.world.now());
    assert_eq!(session.rights(), Ok(read));
    assert_eq!(
        session.authorize::<OrgConnectionsWrite>().unwrap_err(),
        Refusal::Forbidden {
            permission: orgbridge_domain::Permission::OrgConnectionsWrite,
            missing_from: MissingFrom::ScopesOfToken
        }
    );
    let exchanged = story.redeem(code).unwrap();
    assert_eq!(exchanged.access.scopes, read, "what was allowed and not yet taken up");
    let refreshed = story.refresh(&issued).unwrap();
    assert_eq!(refreshed.access.scopes, read);

    let code = story.allow(0, Persona::Admin, both()).unwrap();
    set_key_scopes(&mut story.world, Some(scopes("audit_logs_read")));
    assert_eq!(story.redeem(code), Err(OauthProblem::Scope), "nothing would be left");
    assert_eq!(story.refresh(&refreshed), Err(OauthProblem::Scope));
    let session = Session::new(&story.world.state, principal, story.world.now());
    assert_eq!(session.rights(), Ok(PermissionSet::EMPTY));

    // What its owner lets the key do again, it may again; what it may do besides, the client was never allowed.
    set_key_scopes(&mut story.world, None);
    assert_eq!(story.refresh(&refreshed).unwrap().access.scopes, both());
    let narrow = story.redeem(code).unwrap();
    assert_eq!(narrow.access.scopes, read, "the login was narrow when it was allowed");
}

/// Revokes the application key of somebody.
fn revoke_key(world: &mut World, org: u8, persona: Persona) {
    let key = application_secret(org, persona).digest();
    let key = world.state.application_key_by_digest(&key).unwrap().id;
    world.operate(|draft, _| {
        draft
            .run(|session| {
                let grant = session.authorize_in::<OrgAppKeysWrite>(org_id(org))?;
                application_key::revoke(&grant, key)
            })
            .map(drop)
    });
}

/// Cuts the key of the admin of org 0 down to these scopes; `None` cuts nothing.
fn set_key_scopes(world: &mut World, scopes: Option<PermissionSet>) {
    let key = application_secret(0, Persona::Admin).digest();
    let key = world.state.application_key_by_digest(&key).unwrap().id;
    world.operate(|draft, _| {
        let edit = ApplicationKeyEdit { name: None, scopes: ScopesEdit::Replace(scopes) };
        draft
            .run(|session| {
                let grant = session.authorize_in::<OrgAppKeysWrite>(org_id(0))?;
                application_key::edit(&grant, key, edit)
            })
            .map(drop)
    });
}

#[test]
fn a_login_ends_with_what_was_shown_for_it_and_by_itself() {
    let mut story = Story::begin();
    let login = story.log_in(0, Persona::Admin).unwrap();
    let offer = |story: &Story| {
        let session = Session::new(&story.world.state, login, story.world.now());
        authorization::offer(&session, id(CLIENT), both())
    };
    assert_eq!(offer(&story), Ok(both()));
    story.pass(login::LIFETIME);
    assert_eq!(offer(&story), Err(Refusal::Unauthorized(NotAuthenticated::Login)));

    let mut story = Story::begin();
    let login = story.log_in(0, Persona::Admin).unwrap();
    revoke_key(&mut story.world, 0, Persona::Admin);
    let session = Session::new(&story.world.state, login, story.world.now());
    assert_eq!(
        authorization::offer(&session, id(CLIENT), both()),
        Err(Refusal::Unauthorized(NotAuthenticated::Login))
    );
}

#[test]
fn a_token_is_revoked_by_its_client_alone_and_a_refresh_token_takes_all_with_it() {
    let mut story = Story::begin();
    let first = story.tokens_of(0, Persona::Admin, both());
    let revoke = |story: &mut Story, proof: ClientProof, digest: KeyDigest| {
        let client = oauth_client::authenticate(&story.world.state, &proof, SiteScope::Any).unwrap();
        if let Some(principal) = token::acting_by(&story.world.state, client, &digest, SiteScope::Any) {
            story.act(principal, |session, _| Ok(token::revoke(&session.client(&proof)?, &digest))).unwrap();
        }
    };
    let mut other = new_client();
    other.id = id(CLIENT + 1);
    story
        .world
        .run(0, Persona::Admin, |session, now| oauth_client::register(&session.authorize()?, other, now))
        .unwrap();
    revoke(&mut story, ClientProof { client: id(CLIENT + 1), ..proof() }, first.access.digest);
    assert!(story.is_live(&first));
    revoke(&mut story, proof(), digest(0));
    revoke(&mut story, proof(), first.access.digest);
    assert!(!story.is_live(&first));
    let second = story.refresh(&first).unwrap();
    assert!(story.is_live(&second));
    revoke(&mut story, proof(), second.refresh.as_ref().unwrap().digest);
    assert!(!story.is_live(&second));
}

#[test]
fn a_client_proves_itself_in_the_way_that_it_is_registered_to() {
    let story = Story::begin();
    let digest = KeyDigest::of(SECRET);
    for authentication in [
        ClientAuthentication::Public,
        ClientAuthentication::Post(digest),
        ClientAuthentication::Basic(KeyDigest::of(b"another")),
    ] {
        let wrong = ClientProof { authentication, ..proof() };
        let refused = oauth_client::authenticate(&story.world.state, &wrong, SiteScope::Any);
        assert_eq!(refused.unwrap_err(), OauthProblem::Client, "{authentication:?}");
    }
    let elsewhere = SiteScope::Only("datadoghq.eu".parse().unwrap());
    assert!(oauth_client::authenticate(&story.world.state, &proof(), elsewhere).is_err());
}

#[test]
fn a_client_itself_may_do_nothing() {
    let mut story = Story::begin();
    story.tokens_of(0, Persona::Admin, both());
    let principal = Principal::User {
        org: org_id(0),
        user: user_id(0, Persona::Admin),
        credential: Credential::Client(id(CLIENT)),
        asked: SiteScope::Any,
    };
    let session = Session::new(&story.world.state, principal, story.world.now());
    assert!(session.authorize::<OrgConnectionsRead>().is_err());
    assert!(session.whoami().is_err());
    assert!(session.client(&ClientProof { client: id(CLIENT + 1), ..proof() }).is_err());
}

#[test]
fn a_login_itself_gives_no_right() {
    let mut story = Story::begin();
    let login = story.log_in(0, Persona::Admin).unwrap();
    let session = Session::new(&story.world.state, login, story.world.now());
    let refused = || Refusal::Unauthorized(NotAuthenticated::Login);
    assert_eq!(session.authorize::<OrgConnectionsRead>().map(drop), Err(refused()));
    assert_eq!(session.authorize_in::<OrgConnectionsRead>(org_id(0)).map(drop), Err(refused()));
    // Who they are and what they can allow is asked by no right.
    assert!(session.whoami().is_ok() && session.rights().unwrap().contains(Permission::OrgConnectionsRead));
    assert_eq!(authorization::offer(&session, id(CLIENT), both()), Ok(both()));
}

/// A service account of org 0 with these permissions.
fn service_account(world: &mut World, permissions: &str) -> orgbridge_domain::UserId {
    let role = make_role(world, 0xf800, permissions);
    world.operate(|draft, now| {
        let new = NewUser {
            id: id(0xf801),
            name: "Robot".parse().unwrap(),
            email: "robot@org0.example".parse().unwrap(),
            kind: UserKind::ServiceAccount,
            roles: vec![role],
        };
        draft.run(|session| user::create(&session.authorize_in(org_id(0))?, new, now)).map(drop)
    });
    id(0xf801)
}

#[test]
fn a_client_that_acts_alone_is_its_service_account() {
    let mut story = Story { world: World::new(), number: 0x1_0000 };
    let account = service_account(&mut story.world, "org_connections_read");
    let new = NewOauthClient {
        redirect_uris: Vec::new(),
        refreshes: false,
        service_account: Some(account),
        ..new_client()
    };
    story
        .world
        .run(0, Persona::Admin, |session, now| oauth_client::register(&session.authorize()?, new, now))
        .unwrap();
    let issued = story.present(&Presented::Nothing(None)).unwrap();
    let principal = story.authenticate(&issued).unwrap();
    let session = Session::new(&story.world.state, principal, story.world.now());
    assert_eq!(session.rights(), Ok(scopes("org_connections_read")));
    assert_eq!(session.whoami().unwrap().1.id, account);
    assert_eq!(story.present(&Presented::Nothing(Some(scopes("audit_logs_read")))), Err(OauthProblem::Scope));
    assert_eq!(story.allow(0, Persona::Admin, both()), Err(OauthProblem::RedirectUri.into()));

    let mut story = Story::begin();
    assert_eq!(story.present(&Presented::Nothing(None)), Err(OauthProblem::GrantType));
}

#[test]
fn a_client_that_can_not_be_is_not_registered() {
    let mut world = World::new();
    let account = service_account(&mut world, "org_connections_read");
    let twice = vec![REDIRECT.parse().unwrap(), REDIRECT.parse().unwrap()];
    let many = (0..=16).map(|number| format!("{REDIRECT}/{number}").parse().unwrap()).collect();
    let none = Vec::new();
    let alone = NewOauthClient { service_account: Some(account), ..new_client() };
    for (new, problem) in [
        (NewOauthClient { redirect_uris: none.clone(), ..new_client() }, ClientProblem::NoWay),
        (NewOauthClient { redirect_uris: twice, ..new_client() }, ClientProblem::RedirectUris),
        (NewOauthClient { redirect_uris: many, ..new_client() }, ClientProblem::RedirectUris),
        (NewOauthClient { redirect_uris: none, ..alone.clone() }, ClientProblem::NothingToRefresh),
        (
            NewOauthClient { authentication: ClientAuthentication::Public, ..alone.clone() },
            ClientProblem::NoSecret,
        ),
        (
            NewOauthClient { service_account: Some(user_id(0, Persona::ReadOnly)), ..alone },
            ClientProblem::NoServiceAccount,
        ),
    ] {
        let refused = world
            .run(0, Persona::Admin, |session, now| oauth_client::register(&session.authorize()?, new, now));
        assert_eq!(refused, Err(Refusal::BadClient(problem)));
    }
    let foreign = NewOauthClient { service_account: Some(account), ..new_client() };
    let refused = world
        .run(1, Persona::Admin, |session, now| oauth_client::register(&session.authorize()?, foreign, now));
    assert!(matches!(refused, Err(Refusal::Absent { .. })), "{refused:?}");
}

#[test]
fn what_a_client_loses_its_tokens_lose_too() {
    let change = |story: &mut Story, edit: OauthClientEdit| {
        story
            .world
            .run(0, Persona::Admin, |session, _| oauth_client::edit(&session.authorize()?, id(CLIENT), edit))
            .unwrap();
    };
    let mut story = Story::begin();
    let first = story.tokens_of(0, Persona::Admin, both());
    let read = scopes("org_connections_read");
    change(&mut story, OauthClientEdit { scopes: Some(read), ..OauthClientEdit::default() });
    let principal = story.authenticate(&first).unwrap();
    let rights = Session::new(&story.world.state, principal, story.world.now()).rights();
    assert_eq!(rights, Ok(read));
    let second = story.refresh(&first).unwrap();
    assert_eq!(second.access.scopes, read);

    let code = story.allow(0, Persona::Admin, read).unwrap();
    let elsewhere = Some(vec!["https://elsewhere.example.com/".parse().unwrap()]);
    change(&mut story, OauthClientEdit { redirect_uris: elsewhere, ..OauthClientEdit::default() });
    assert_eq!(story.redeem(code), Err(OauthProblem::RedirectUri));

    change(&mut story, OauthClientEdit { refreshes: Some(false), ..OauthClientEdit::default() });
    assert_eq!(story.refresh(&second), Err(OauthProblem::RefreshToken));
    assert!(story.is_live(&second));
}

#[test]
fn a_client_is_changed_as_it_could_be_registered() {
    let mut story = Story { world: World::new(), number: 0x1_0000 };
    let account = service_account(&mut story.world, "audit_logs_read");
    let new = NewOauthClient { service_account: Some(account), ..new_client() };
    let edit = |story: &mut Story, org: u8, persona: Persona, edit: OauthClientEdit| {
        story
            .world
            .run(org, persona, |session, _| oauth_client::edit(&session.authorize()?, id(CLIENT), edit))
    };
    let nothing = OauthClientEdit::default;
    let absent = Err(Refusal::absent("OAuth2 client", id::<OauthClientId>(CLIENT)));
    assert_eq!(edit(&mut story, 0, Persona::Admin, nothing()), absent);
    story
        .world
        .run(0, Persona::Admin, |session, now| oauth_client::register(&session.authorize()?, new, now))
        .unwrap();
    assert_eq!(edit(&mut story, 1, Persona::Admin, nothing()), absent);
    let refreshing = OauthClientEdit { redirect_uris: Some(Vec::new()), ..nothing() };
    let refused = edit(&mut story, 0, Persona::Admin, refreshing);
    assert_eq!(refused, Err(Refusal::BadClient(ClientProblem::NothingToRefresh)));

    // Two who may change clients, one of them those of service accounts, but not do what this one may.
    for (number, persona, permissions) in [
        (0xf900, Persona::ReadOnly, "service_account_write,oauth_clients_write"),
        (0xf901, Persona::Nobody, "oauth_clients_write"),
    ] {
        let role = make_role(&mut story.world, number, permissions);
        story.world.operate(|draft, now| {
            let changed = user_id(0, persona);
            draft
                .run(|session| user::set_roles(&session.authorize_in(org_id(0))?, changed, vec![role], now))
                .map(drop)
        });
    }
    let named = OauthClientEdit { name: Some("Boards".parse().unwrap()), ..nothing() };
    let refused = edit(&mut story, 0, Persona::Nobody, named.clone());
    assert_eq!(refused, Err(Refusal::BeyondOwnRights(Permission::ServiceAccountWrite)));
    let renamed = edit(&mut story, 0, Persona::ReadOnly, named.clone()).unwrap();
    assert_eq!((renamed.name.as_str(), renamed.scopes), ("Boards", both()));
    let wider = OauthClientEdit { scopes: Some(scopes("audit_logs_read")), ..nothing() };
    let refused = edit(&mut story, 0, Persona::ReadOnly, wider.clone());
    assert_eq!(refused, Err(Refusal::BeyondOwnRights(Permission::AuditLogsRead)));
    assert!(edit(&mut story, 0, Persona::Admin, wider).is_ok());

    let (state, now) = (&story.world.state, story.world.now());
    let again = oauth_client::edit(
        &Session::new(state, Principal::Operator, now).authorize_in(org_id(0)).unwrap(),
        id(CLIENT),
        named,
    );
    assert!(again.unwrap().changes.is_empty());
}

#[test]
fn what_is_over_is_cleared_away_by_the_operator_and_by_nobody_else() {
    let mut story = Story::begin();
    for _ in 0..20 {
        story.tokens_of(0, Persona::Admin, both());
    }
    story.pass(AUTHORIZATION_LIFETIME);
    let kept = |story: &Story| {
        let state = &story.world.state;
        state.tokens().count() + state.authorizations().count() + state.logins().count()
    };
    let before = kept(&story);
    assert_eq!(before, 20 * 4, "each had a login, an authorization and two tokens");
    story.log_in(0, Persona::Admin).unwrap();
    story.tokens_of(0, Persona::Admin, both());
    let with_new = before + 1 + 4;
    assert_eq!(kept(&story), with_new, "whoever comes deletes nothing of anybody");
    let now = story.world.now();
    assert!(sweep::is_due(&story.world.state, now));
    story.world.operate(|draft, now| draft.run(|session| Ok(sweep::clear(&session.deployment()?, now))));
    assert_eq!(kept(&story), 5);
    assert!(!sweep::is_due(&story.world.state, now));
    let refused = story.world.session(0, Persona::Admin).deployment().map(drop);
    assert_eq!(refused, Err(Refusal::OperatorOnly));
}
