//! Nobody comes by a right but through somebody who holds it, whatever they call and in whatever order.

use std::collections::HashMap;

use orgbridge_domain::application_key::{ApplicationKeyEdit, NewApplicationKey, ScopesEdit};
use orgbridge_domain::login::{NewLogin, Shown};
use orgbridge_domain::restriction_policy::{self, Binding, Bindings, Relation, SelfLockout, Subject};
use orgbridge_domain::right::{OrgAppKeysWrite, OrgConnectionsWrite};
use orgbridge_domain::role::{self, RoleEdit};
use orgbridge_domain::token::{NewTokens, Presented};
use orgbridge_domain::user::{self, CreatorDisabled, NewUser};
use orgbridge_domain::{
    ApplicationKey, ApplicationKeyId, ApplicationKeySecret, ClientAuthentication, ClientProof, CodeChallenge,
    Credential, Decided, Draft, Grant, KeyDigest, ManagedRole, NewAuthorization, NewOauthClient,
    NotAuthenticated, Permission, PermissionSet, Principal, Refusal, RoleId, Session, SiteScope, Timestamp,
    TokenId, TokenKind, User, UserId, UserKind, application_key, authenticate, authenticate_token,
    authorization, login, oauth_client, service_account_key, token,
};
use proptest::prelude::*;

use crate::world::{Persona, World, api_secret, connection_id, id, org_id, types};

/// The connection of org 0 with org 1, for which there may be a policy.
const CONNECTION: u8 = 1;

/// What somebody tries. Numbers choose among the users, roles and keys that are there.
#[derive(Debug, Clone)]
enum Call {
    CreateRole(PermissionSet),
    UpdateRole(usize, PermissionSet),
    AddPermission(usize, Permission),
    RemovePermission(usize, Permission),
    DeleteRole(usize),
    CreateUser(Vec<usize>),
    CreateServiceAccount(Vec<usize>),
    SetRoles(usize, Vec<usize>),
    AddRole(usize, usize),
    RemoveRole(usize, usize),
    Rename(usize),
    SetDisabled(usize, bool),
    CreateKey(usize, Option<PermissionSet>),
    CreateKeyOfServiceAccount(usize, Option<PermissionSet>),
    EditKeyOfServiceAccount(usize, Option<PermissionSet>),
    RevokeKey(usize),
    /// Registers a client that acts as somebody, and takes up its token.
    ActAs(usize, PermissionSet),
    /// Logs in, lets a client do this much, and takes up the token that it gets.
    Allow(PermissionSet),
    /// Who are to be editors and who viewers of the connection.
    Restrict(Vec<usize>, Vec<usize>),
    Unrestrict,
}

/// Who is there at the start: what a role of their own allows, and the scopes of their key.
type Cast = Vec<(PermissionSet, Option<PermissionSet>)>;

fn permission() -> impl Strategy<Value = Permission> {
    proptest::sample::select(Permission::ALL)
}

/// Sets of permissions. Most manage people, or service accounts and connections, since others can do little.
fn permissions() -> impl Strategy<Value = PermissionSet> {
    let people = "user_access_manage,org_app_keys_write,service_account_write";
    let programs = "service_account_write,org_app_keys_write,org_connections_read,org_connections_write";
    let usual = prop_oneof![5 => Just(people), 2 => Just(programs), 3 => Just("")];
    let some = proptest::collection::vec(permission(), 0..6);
    (some, usual).prop_map(|(some, usual)| {
        let usual: PermissionSet = usual.parse().unwrap();
        some.into_iter().collect::<PermissionSet>().union(usual)
    })
}

/// What a credential is cut down to. One that lets nothing through still says who its owner is.
fn scopes() -> impl Strategy<Value = PermissionSet> {
    prop_oneof![1 => Just(PermissionSet::EMPTY), 3 => permissions()]
}

fn cast() -> impl Strategy<Value = Cast> {
    proptest::collection::vec((permissions(), proptest::option::weighted(0.3, permissions())), 2..5)
}

fn call() -> impl Strategy<Value = Call> {
    let roles = || proptest::collection::vec(any::<usize>(), 0..3);
    let one = any::<usize>;
    prop_oneof![
        permissions().prop_map(Call::CreateRole),
        (one(), permissions()).prop_map(|(role, allowed)| Call::UpdateRole(role, allowed)),
        (one(), permission()).prop_map(|(role, added)| Call::AddPermission(role, added)),
        (one(), permission()).prop_map(|(role, removed)| Call::RemovePermission(role, removed)),
        one().prop_map(Call::DeleteRole),
        roles().prop_map(Call::CreateUser),
        roles().prop_map(Call::CreateServiceAccount),
        (one(), roles()).prop_map(|(user, roles)| Call::SetRoles(user, roles)),
        (one(), one()).prop_map(|(user, role)| Call::AddRole(user, role)),
        (one(), one()).prop_map(|(user, role)| Call::RemoveRole(user, role)),
        one().prop_map(Call::Rename),
        (one(), any::<bool>()).prop_map(|(user, disabled)| Call::SetDisabled(user, disabled)),
        (one(), proptest::option::of(scopes())).prop_map(|(owner, scopes)| Call::CreateKey(owner, scopes)),
        (one(), proptest::option::of(scopes()))
            .prop_map(|(owner, scopes)| Call::CreateKeyOfServiceAccount(owner, scopes)),
        (one(), proptest::option::of(permissions()))
            .prop_map(|(key, scopes)| Call::EditKeyOfServiceAccount(key, scopes)),
        one().prop_map(Call::RevokeKey),
        (one(), scopes()).prop_map(|(account, scopes)| Call::ActAs(account, scopes)),
        permissions().prop_map(Call::Allow),
        (roles(), roles()).prop_map(|(editors, viewers)| Call::Restrict(editors, viewers)),
        Just(Call::Unrestrict),
    ]
}

/// What somebody calls with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum By {
    Key(ApplicationKeyId),
    Token(TokenId),
}

/// The client that everybody may let act for them.
const CLIENT: u128 = 0xc11e;

/// What clients prove themselves by.
const CLIENT_SECRET: ClientAuthentication = ClientAuthentication::Post(KeyDigest::from_bytes([0xc5; 32]));

const CALLBACK: &str = "https://app.example.com/callback";
const VERIFIER: &str = "a-verifier-that-is-long-enough-to-be-one-0123456789";

/// Org 0 of a [`World`], and every key and token with which somebody may act there.
struct Org {
    world: World,
    secrets: HashMap<ApplicationKeyId, ApplicationKeySecret>,
    made: u128,
}

impl Org {
    /// Lets the cast in: each with a role, and with a key as the first that is theirs.
    fn new(cast: &Cast, editors: &[usize]) -> (Self, Vec<By>) {
        let mut org = Self { world: World::new(), secrets: HashMap::new(), made: 0x1_0000 };
        let mut keys = Vec::new();
        for (allowed, scopes) in cast {
            let [role, user, key] = [(); 3].map(|()| org.next());
            let secret = secret(key);
            let new = NewUser { roles: vec![id(role)], ..Self::user(user, UserKind::Person) };
            let new_key = NewApplicationKey {
                id: id(key),
                owner: new.id,
                name: "key".parse().unwrap(),
                secret: self::secret(key),
                scopes: *scopes,
            };
            let name = format!("Role {role}").parse().unwrap();
            org.world.operate(|draft: &mut Draft, now| {
                let here = org_id(0);
                draft.run(|session| {
                    role::create(&session.authorize_in(here)?, id(role), name, *allowed, now)
                })?;
                draft.run(|session| user::create(&session.authorize_in(here)?, new, now))?;
                draft.run(|session| application_key::create(&session.authorize_in(here)?, new_key, now))?;
                Ok(())
            });
            org.secrets.insert(id(key), secret);
            keys.push(By::Key(id(key)));
        }
        // Mightier than most, and with no key of its own.
        let robot = NewUser {
            roles: vec![ManagedRole::Admin.id()],
            ..Self::user(org.next(), UserKind::ServiceAccount)
        };
        org.world.operate(|draft, now| {
            draft.run(|session| user::create(&session.authorize_in(org_id(0))?, robot, now)).map(drop)
        });
        org.world.operate(|draft, now| {
            let client =
                NewOauthClient { redirect_uris: vec![CALLBACK.parse().unwrap()], ..new_client(CLIENT, None) };
            draft
                .run(|session| oauth_client::register(&session.authorize_in(org_id(0))?, client, now))
                .map(drop)
        });
        org.world.connect(0, Persona::Admin, CONNECTION, org_id(1), types("logs")).unwrap();
        if !editors.is_empty() {
            let bindings = org.bindings(editors, &[]);
            org.world.operate(|draft, _| {
                let here = org_id(0);
                let restrict = |session: &Session<'_>| restrict(&session.authorize_in(here)?, bindings);
                draft.run(restrict).map(drop)
            });
        }
        (org, keys)
    }

    fn next(&mut self) -> u128 {
        self.made += 1;
        self.made
    }

    fn user(number: u128, kind: UserKind) -> NewUser {
        NewUser {
            id: id(number),
            name: format!("User {number}").parse().unwrap(),
            email: format!("{number}@example.com").parse().unwrap(),
            kind,
            roles: Vec::new(),
        }
    }

    fn role(&self, chosen: usize) -> RoleId {
        let roles: Vec<_> = role::all(&self.world.state, org_id(0)).map(|role| role.id()).collect();
        roles[chosen % roles.len()]
    }

    /// Users, roles, and the org itself.
    fn bindings(&self, editors: &[usize], viewers: &[usize]) -> Bindings {
        let roles = role::all(&self.world.state, org_id(0)).map(|role| Subject::Role(role.id()));
        let users = self.users().into_keys().map(Subject::User);
        let all: Vec<_> = roles.chain(users).chain([Subject::Org(org_id(0))]).collect();
        let binding = |relation, chosen: &[usize]| {
            let mut subjects: Vec<Subject> = Vec::new();
            for subject in chosen.iter().map(|chosen| all[chosen % all.len()]) {
                if !subjects.contains(&subject) {
                    subjects.push(subject);
                }
            }
            Binding { relation, subjects }
        };
        let bindings = vec![binding(Relation::Editor, editors), binding(Relation::Viewer, viewers)];
        Bindings::new(bindings).unwrap()
    }

    /// How a user stands to the connection by the policy that there is.
    fn bound(&self, user: UserId) -> Option<Relation> {
        let state = &self.world.state;
        let policy = state.restriction_policy_of(org_id(0), connection_id(CONNECTION));
        policy.map_or(Some(Relation::Editor), |policy| policy.relation_of(state.user(user)?))
    }

    /// How a user with these rights stands to the connection.
    fn stands(&self, user: UserId, may: PermissionSet) -> Standing {
        let bound = self.bound(user);
        Standing {
            uses: bound.is_some() && self.world.state.user(user).is_some_and(|user| !user.disabled),
            sees: bound.is_some() && may.contains(Permission::OrgConnectionsRead),
            edits: bound == Some(Relation::Editor) && may.contains(Permission::OrgConnectionsWrite),
        }
    }

    fn key_stands(&self, by: By) -> Standing {
        let state = &self.world.state;
        let owner = match by {
            By::Key(key) => state.application_key(key).map(|key| key.owner),
            By::Token(token) => state.token(token).map(|token| token.user),
        };
        owner.map_or_else(Standing::default, |owner| self.stands(owner, self.key_may(by)))
    }

    fn someone(&self, chosen: usize) -> UserId {
        let users: Vec<_> = self.users().keys().copied().collect();
        users[chosen % users.len()]
    }

    fn users(&self) -> std::collections::BTreeMap<UserId, User> {
        self.world.state.users_of(org_id(0)).map(|user| (user.id, User::clone(user))).collect()
    }

    fn keys(&self) -> Vec<ApplicationKey> {
        let state = &self.world.state;
        let of_user = |user: UserId| state.application_keys_of(user).map(|key| ApplicationKey::clone(key));
        self.users().into_keys().flat_map(of_user).collect()
    }

    /// What a user may do now, by keys without scopes.
    fn may(&self, user: UserId) -> PermissionSet {
        let state = &self.world.state;
        match state.user(user) {
            Some(user) if !user.disabled => user::permissions(state, user),
            _ => PermissionSet::EMPTY,
        }
    }

    /// What somebody with this key or token may do now.
    fn key_may(&self, by: By) -> PermissionSet {
        let state = &self.world.state;
        let known = match by {
            By::Key(key) => state.application_key(key).map(|key| (key.owner, key.scopes)),
            By::Token(token) => state.token(token).map(|token| (token.user, Some(token.scopes))),
        };
        let Some((owner, scopes)) = known else { return PermissionSet::EMPTY };
        let owners = self.may(owner);
        scopes.map_or(owners, |scopes| owners.intersection(scopes))
    }

    /// Every key, and every access token.
    fn credentials(&self) -> Vec<By> {
        let tokens = self.world.state.tokens().filter(|token| token.kind == TokenKind::Access);
        let keys = self.keys().into_iter().map(|key| By::Key(key.id));
        keys.chain(tokens.map(|token| By::Token(token.id))).collect()
    }

    /// Makes a call with a key or a token. Returns the one that it made, if it made one.
    fn call(&mut self, by: By, call: &Call) -> Result<Option<By>, Refusal> {
        let number = self.next();
        let mut made = None;
        let roles =
            |org: &Self, chosen: &[usize]| chosen.iter().map(|one| org.role(*one)).collect::<Vec<_>>();
        let name = || format!("New {number}").parse().unwrap();
        match call {
            Call::CreateRole(allowed) => self.run(by, |session, now| {
                role::create(&session.authorize()?, id(number), name(), *allowed, now).map(drop_value)
            }),
            Call::UpdateRole(role, allowed) => {
                let (role, edit) = (self.role(*role), RoleEdit { name: None, permissions: Some(*allowed) });
                self.run(by, |session, _| role::update(&session.authorize()?, role, edit).map(drop_value))
            }
            Call::AddPermission(role, added) => {
                let role = self.role(*role);
                self.run(by, |session, _| {
                    role::add_permission(&session.authorize()?, role, *added).map(drop_value)
                })
            }
            Call::RemovePermission(role, removed) => {
                let role = self.role(*role);
                self.run(by, |session, _| {
                    role::remove_permission(&session.authorize()?, role, *removed).map(drop_value)
                })
            }
            Call::DeleteRole(role) => {
                let role = self.role(*role);
                self.run(by, |session, _| role::delete(&session.authorize()?, role).map(drop_value))
            }
            Call::CreateUser(chosen) => {
                let new = NewUser { roles: roles(self, chosen), ..Self::user(number, UserKind::Person) };
                self.run(by, |session, now| user::create(&session.authorize()?, new, now).map(drop_value))
            }
            Call::CreateServiceAccount(chosen) => {
                let new =
                    NewUser { roles: roles(self, chosen), ..Self::user(number, UserKind::ServiceAccount) };
                self.run(by, |session, now| {
                    user::create_service_account(&session.authorize()?, new, now).map(drop_value)
                })
            }
            Call::SetRoles(user, chosen) => {
                let (user, roles) = (self.someone(*user), roles(self, chosen));
                self.run(by, |session, now| {
                    user::set_roles(&session.authorize()?, user, roles, now).map(drop_value)
                })
            }
            Call::AddRole(user, role) => {
                let (user, role) = (self.someone(*user), self.role(*role));
                self.run(by, |session, now| {
                    user::add_role(&session.authorize()?, user, role, now).map(drop_value)
                })
            }
            Call::RemoveRole(user, role) => {
                let (user, role) = (self.someone(*user), self.role(*role));
                self.run(by, |session, now| {
                    user::remove_role(&session.authorize()?, user, role, now).map(drop_value)
                })
            }
            Call::Rename(user) => {
                let user = self.someone(*user);
                self.run(by, |session, now| {
                    user::rename(&session.authorize()?, user, name(), now).map(drop_value)
                })
            }
            Call::SetDisabled(user, disabled) => {
                let user = self.someone(*user);
                self.run(by, |session, now| {
                    user::set_disabled(&session.authorize()?, user, *disabled, CreatorDisabled::Keep, now)
                        .map(drop_value)
                })
            }
            Call::Restrict(editors, viewers) => self.restrict(by, editors, viewers),
            Call::Unrestrict => self.unrestrict(by),
            Call::ActAs(account, scopes) => {
                made = Some(self.act_as(by, number, *account, *scopes)?);
                Ok(())
            }
            Call::Allow(scopes) => {
                made = Some(self.allow(by, number, *scopes)?);
                Ok(())
            }
            of_keys => {
                made = self.call_about_keys(by, number, of_keys)?;
                Ok(())
            }
        }?;
        if let Some(By::Key(key)) = made {
            self.secrets.insert(key, secret(number));
        }
        Ok(made)
    }

    /// The same for the calls about keys.
    fn call_about_keys(&mut self, by: By, number: u128, call: &Call) -> Result<Option<By>, Refusal> {
        let new = |owner, scopes| NewApplicationKey {
            id: id(number),
            owner,
            name: format!("New {number}").parse().unwrap(),
            secret: secret(number),
            scopes,
        };
        let keys = self.keys();
        // Whoever is alone may have revoked the last of them.
        let chosen = |chosen: &usize| keys.get(chosen % keys.len().max(1));
        match call {
            Call::CreateKey(owner, scopes) => {
                let new = new(self.someone(*owner), *scopes);
                self.run(by, |session, now| {
                    application_key::create(&session.authorize()?, new, now).map(drop_value)
                })?;
                return Ok(Some(By::Key(id(number))));
            }
            Call::CreateKeyOfServiceAccount(owner, scopes) => {
                let new = new(self.someone(*owner), *scopes);
                self.run(by, |session, now| {
                    service_account_key::create(&session.authorize()?, new, now).map(drop_value)
                })?;
                return Ok(Some(By::Key(id(number))));
            }
            Call::EditKeyOfServiceAccount(key, scopes) => {
                let Some(key) = chosen(key) else { return Ok(None) };
                let edit = ApplicationKeyEdit { name: None, scopes: ScopesEdit::Replace(*scopes) };
                self.run(by, |session, _| {
                    service_account_key::edit(&session.authorize()?, key.owner, key.id, edit).map(drop_value)
                })?;
            }
            Call::RevokeKey(key) => {
                let Some(key) = chosen(key) else { return Ok(None) };
                self.run(by, |session, _| {
                    application_key::revoke(&session.authorize::<OrgAppKeysWrite>()?, key.id).map(drop_value)
                })?;
            }
            _ => {}
        }
        Ok(None)
    }

    fn restrict(&mut self, by: By, editors: &[usize], viewers: &[usize]) -> Result<(), Refusal> {
        let bindings = self.bindings(editors, viewers);
        self.run(by, |session, _| restrict(&session.authorize()?, bindings).map(drop_value))
    }

    fn unrestrict(&mut self, by: By) -> Result<(), Refusal> {
        self.run(by, |session, _| {
            restriction_policy::delete(&session.authorize()?, connection_id(CONNECTION))
        })
    }

    fn run(
        &mut self,
        by: By,
        rule: impl FnOnce(&Session<'_>, Timestamp) -> Result<Decided<()>, Refusal>,
    ) -> Result<(), Refusal> {
        let principal = self.principal(by)?;
        self.run_as(principal, rule)
    }

    fn principal(&self, by: By) -> Result<Principal, NotAuthenticated> {
        let (state, any) = (&self.world.state, SiteScope::Any);
        match by {
            By::Key(key) => authenticate(state, &api_secret(0).digest(), &self.secrets[&key].digest(), any),
            By::Token(token) => {
                let digest = state.token(token).map(|token| token.digest).ok_or(NotAuthenticated::Token)?;
                authenticate_token(state, &digest, any, self.world.now())
            }
        }
    }

    /// Registers a client that acts as somebody. Whoever does knows its secret, and can take up its token.
    fn act_as(&mut self, by: By, number: u128, account: usize, scopes: PermissionSet) -> Result<By, Refusal> {
        let account = self.someone(account);
        let client = NewOauthClient { scopes, ..new_client(number, Some(account)) };
        self.run(by, |session, now| {
            oauth_client::register(&session.authorize()?, client, now).map(drop_value)
        })?;
        self.take_up(number, &Presented::Nothing(None))
    }

    /// Logs in with a key, lets the client do this much, and takes up the token that it gets.
    fn allow(&mut self, by: By, number: u128, scopes: PermissionSet) -> Result<By, Refusal> {
        // Nobody logs in with a token.
        let By::Key(key) = by else { return Err(Refusal::OperatorOnly) };
        let Principal::User { org, user, asked, .. } = self.principal(by)? else {
            return Err(Refusal::OperatorOnly);
        };
        let login = id(number);
        let principal = Principal::User { org, user, credential: Credential::Login(login), asked };
        let digest = KeyDigest::of(&number.to_be_bytes());
        let new = NewLogin { id: login, user, shown: Shown::ApplicationKey(key), digest };
        self.run_as(principal, |session, now| login::start(session, new, now).map(drop_value))?;
        let challenge = CodeChallenge::of(VERIFIER).unwrap();
        let new = NewAuthorization {
            id: id(number),
            client: id(CLIENT),
            scopes,
            code: digest,
            redirect_uri: CALLBACK.parse().unwrap(),
            challenge,
        };
        self.run_as(principal, |session, now| authorization::allow(session, new, now).map(drop_value))?;
        let redirect_uri = CALLBACK.to_owned();
        self.take_up(CLIENT, &Presented::Code { digest, redirect_uri, answer: challenge })
    }

    fn take_up(&mut self, client: u128, presented: &Presented) -> Result<By, Refusal> {
        let proof = ClientProof { client: id(client), authentication: CLIENT_SECRET };
        let (access, refresh) = (self.next(), self.next());
        let digest = |number: u128| KeyDigest::of(&number.to_be_bytes());
        let new = NewTokens { access: (id(access), digest(access)), refresh: (id(refresh), digest(refresh)) };
        let state = &self.world.state;
        let client = oauth_client::authenticate(state, &proof, SiteScope::Any)?;
        let principal = token::acting_for(state, client, presented, SiteScope::Any)?;
        self.run_as(principal, |session, now| {
            let Decided { value, changes } = token::issue(&session.client(&proof)?, presented, new, now)?;
            value?;
            Ok(Decided { value: (), changes })
        })?;
        Ok(By::Token(id(access)))
    }

    fn run_as(
        &mut self,
        principal: Principal,
        rule: impl FnOnce(&Session<'_>, Timestamp) -> Result<Decided<()>, Refusal>,
    ) -> Result<(), Refusal> {
        let now = self.world.tick();
        let decided = rule(&Session::new(&self.world.state, principal, now), now)?;
        self.world.apply(&decided.changes);
        Ok(())
    }
}

fn restrict(
    grant: &Grant<'_, OrgConnectionsWrite>,
    bindings: Bindings,
) -> Result<Decided<Bindings>, Refusal> {
    restriction_policy::replace(grant, connection_id(CONNECTION), bindings, SelfLockout::Allowed)
}

/// A client of this number, which may ask for everything.
fn new_client(number: u128, service_account: Option<UserId>) -> NewOauthClient {
    NewOauthClient {
        id: id(number),
        name: format!("Client {number}").parse().unwrap(),
        redirect_uris: Vec::new(),
        refreshes: false,
        service_account,
        scopes: PermissionSet::all(),
        authentication: CLIENT_SECRET,
    }
}

fn drop_value<T>(decided: Decided<T>) -> Decided<()> {
    Decided { value: (), changes: decided.changes }
}

fn secret(number: u128) -> ApplicationKeySecret {
    let mut bytes = [0xee; 20];
    bytes[..16].copy_from_slice(&number.to_be_bytes());
    ApplicationKeySecret::from_random(bytes)
}

fn is_within(rights: PermissionSet, bounds: PermissionSet) -> bool {
    rights.without(bounds) == PermissionSet::EMPTY
}

/// How somebody stands to the connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Standing {
    /// Whether they may use it, in the sink: no permission is asked for that, and no scope.
    uses: bool,
    sees: bool,
    edits: bool,
}

impl Standing {
    /// Whether whoever uses it, sees it or edits it in this way does so in the other, too.
    fn is_within(self, other: Self) -> bool {
        self.uses <= other.uses && self.sees <= other.sees && self.edits <= other.edits
    }

    /// What either lets somebody do.
    fn or(self, other: Self) -> Self {
        Self {
            uses: self.uses || other.uses,
            sees: self.sees || other.sees,
            edits: self.edits || other.edits,
        }
    }

    /// What whoever stands like this may let others do: who sees may let a program see, and who edits says who sees.
    fn reach(self) -> Self {
        Self { sees: self.sees || self.edits, ..self }
    }
}

proptest! {
    /// Whatever anybody gains in a call, its caller held; whoever loses something, or is changed in any way, held
    /// nothing that the caller did not; and somebody is left to undo it. Where somebody loses something, the changes say
    /// so of themselves.
    #[test]
    fn each_call_gives_and_takes_what_its_caller_holds(
        cast in cast(),
        editors in proptest::collection::vec(any::<usize>(), 0..3),
        calls in proptest::collection::vec((any::<usize>(), call()), 1..40),
    ) {
        let (mut org, mut keys) = Org::new(&cast, &editors);
        for (caller, call) in calls {
            let by = keys[caller % keys.len()];
            let held = org.key_may(by);
            let (users, known) = (org.users(), org.credentials());
            let may: HashMap<_, _> = users.keys().map(|user| (*user, org.may(*user))).collect();
            let keys_may: HashMap<_, _> = known.iter().map(|known| (*known, org.key_may(*known))).collect();
            let allowed: HashMap<_, _> =
                users.values().map(|user| (user.id, user::permissions(&org.world.state, user))).collect();
            let governs = held.contains(Permission::UserAccessManage);
            let own = org.key_stands(by);
            let stood: HashMap<_, _> = users.keys().map(|user| (*user, org.stands(*user, may[user]))).collect();
            let keys_stood: HashMap<_, _> = known.iter().map(|known| (*known, org.key_stands(*known))).collect();
            org.world.took_away = false;
            if let Ok(made) = org.call(by, &call) {
                keys.extend(made);
            }
            if !org.world.took_away {
                for (id, before) in &may {
                    prop_assert!(is_within(*before, org.may(*id)), "{call:?} took from {id}");
                    prop_assert!(stood[id].is_within(org.stands(*id, org.may(*id))), "{call:?} took from {id}");
                }
                for (key, before) in &keys_may {
                    prop_assert!(is_within(*before, org.key_may(*key)), "{call:?} took from {key:?}");
                    prop_assert!(keys_stood[key].is_within(org.key_stands(*key)), "{call:?} took from {key:?}");
                }
            }
            for id in org.users().into_keys() {
                let allowed = stood.get(&id).copied().unwrap_or_default().or(own.reach());
                let stands = org.stands(id, org.may(id));
                prop_assert!(stands.is_within(allowed) || governs, "{call:?}: {id} {stands:?}");
            }
            for (id, user) in org.users() {
                let gained = org.may(id).without(may.get(&id).copied().unwrap_or_default());
                prop_assert!(is_within(gained, held), "{call:?}: {id} gained {gained:?}");
                let Some(before) = users.get(&id) else { continue };
                let lost = allowed[&id].without(user::permissions(&org.world.state, &user));
                if *before != user || lost != PermissionSet::EMPTY {
                    prop_assert!(is_within(allowed[&id], held), "{call:?}: {id} is mightier");
                }
            }
            for key in org.credentials() {
                let gained = org.key_may(key).without(keys_may.get(&key).copied().unwrap_or_default());
                let is_new = !keys_may.contains_key(&key);
                let stands = org.key_stands(key);
                let is_allowed = stands.is_within(own.reach()) || governs;
                prop_assert!(!is_new || is_allowed, "{call:?}: {key:?} {stands:?}");
                prop_assert!(is_within(gained, held), "{call:?}: {:?} gained {gained:?}", key);
            }
            let is_admin = |user: &User| !user.disabled && user.roles.contains(&ManagedRole::Admin.id());
            prop_assert!(org.users().values().any(is_admin), "{call:?}: nobody is left");
        }
    }

    /// Somebody alone, with every key and token that they come by, ends with no right that they did not begin with.
    #[test]
    fn alone_nobody_comes_by_a_right(
        cast in cast(),
        editors in proptest::collection::vec(any::<usize>(), 0..3),
        calls in proptest::collection::vec((any::<usize>(), call()), 1..60),
    ) {
        let (mut org, cast_keys) = Org::new(&cast, &editors);
        let own = cast_keys[0];
        let By::Key(key) = own else { panic!("the cast has keys") };
        let owner = org.world.state.application_key(key).unwrap().owner;
        let (held, may) = (org.key_may(own), org.may(owner));
        let (began, governs) = (org.key_stands(own), held.contains(Permission::UserAccessManage));
        let mut keys = vec![own];
        for (caller, call) in calls {
            let by = keys[caller % keys.len()];
            if let Ok(made) = org.call(by, &call) {
                keys.extend(made);
            }
            prop_assert!(is_within(org.may(owner), may), "{call:?}");
            for key in &keys {
                prop_assert!(is_within(org.key_may(*key), held), "{call:?}: {key:?}");
                let stands = org.key_stands(*key);
                prop_assert!(stands.is_within(began.reach()) || governs, "{call:?}: {key:?} {stands:?}");
            }
        }
    }
}
