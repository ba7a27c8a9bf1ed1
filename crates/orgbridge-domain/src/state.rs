//! All that decisions need, in memory.
//!
//! [`State`] is a persistent value: a copy costs a few pointers, and a copy that is altered leaves the
//! original as it was. So readers hold one consistent version for as long as they like while the writer
//! prepares the next, and a batch that could not be committed is dropped and was never seen.

use std::sync::Arc;

use imbl::OrdSet;

use crate::layered::{Groups, LayeredMap};
use crate::neighbours::Neighbours;
use crate::{
    Account, AccountId, ApiKey, ApiKeyId, ApplicationKey, ApplicationKeyId, Authorization, AuthorizationId,
    Change, ConnectionId, ConnectionType, ConnectionTypes, CrossSite, Edit, Email, KeyDigest, Login, LoginId,
    Name, OauthClient, OauthClientId, Org, OrgConnection, OrgId, PublicId, RestrictionPolicy,
    RestrictionPolicyId, Role, RoleId, Site, Timestamp, Token, TokenId, User, UserId,
};

/// Everything that is kept, at one revision.
#[derive(Debug, Clone, Default)]
pub struct State {
    accounts: LayeredMap<AccountId, Arc<Account>>,
    orgs: LayeredMap<OrgId, Arc<Org>>,
    users: LayeredMap<UserId, Arc<User>>,
    roles: LayeredMap<RoleId, Arc<Role>>,
    api_keys: LayeredMap<ApiKeyId, Arc<ApiKey>>,
    application_keys: LayeredMap<ApplicationKeyId, Arc<ApplicationKey>>,
    connections: LayeredMap<ConnectionId, Arc<OrgConnection>>,
    restriction_policies: LayeredMap<RestrictionPolicyId, Arc<RestrictionPolicy>>,
    oauth_clients: LayeredMap<OauthClientId, Arc<OauthClient>>,
    authorizations: LayeredMap<AuthorizationId, Arc<Authorization>>,
    tokens: LayeredMap<TokenId, Arc<Token>>,
    logins: LayeredMap<LoginId, Arc<Login>>,

    /// Few as a rule, so that a decision need not look the orgs themselves up.
    disabled_orgs: LayeredMap<OrgId, ()>,
    account_with_name: LayeredMap<Name, AccountId>,
    orgs_of_account: Groups<AccountId, (Timestamp, OrgId)>,
    org_with_public_id: LayeredMap<PublicId, OrgId>,
    users_of_org: Groups<OrgId, UserId>,
    user_with_email: LayeredMap<(OrgId, Email), UserId>,
    roles_of_org: Groups<OrgId, RoleId>,
    api_keys_of_org: Groups<OrgId, ApiKeyId>,
    api_key_with_digest: LayeredMap<KeyDigest, Arc<ApiKey>>,
    application_keys_of_user: Groups<UserId, ApplicationKeyId>,
    application_key_with_digest: LayeredMap<KeyDigest, Arc<ApplicationKey>>,
    connection_of_pair: LayeredMap<Pair, Connected>,
    neighbours: Neighbours,
    restriction_policy_of_side: LayeredMap<(OrgId, ConnectionId), Arc<RestrictionPolicy>>,
    /// Few as a rule, so that a list of connections need not look for the policy of each.
    restricted_by_org: Groups<OrgId, ConnectionId>,
    oauth_clients_of_org: Groups<OrgId, OauthClientId>,
    authorization_with_code: LayeredMap<KeyDigest, Arc<Authorization>>,
    token_with_digest: LayeredMap<KeyDigest, Arc<Token>>,
    /// No more of each than [`token::MOST_SPENT`](crate::token::MOST_SPENT).
    spent_tokens_of_authorization: Groups<AuthorizationId, TokenId>,
    login_with_digest: LayeredMap<KeyDigest, Arc<Login>>,
    /// What ends by itself, by when.
    expiring: OrdSet<(Timestamp, Expiring)>,
}

/// Something that ends by itself. What comes of another is before it, so that of two that end at once it goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Expiring {
    Token(TokenId),
    Authorization(AuthorizationId),
    Login(LoginId),
}

/// The two orgs of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair {
    /// Who shares.
    pub source: OrgId,
    /// Who is shown.
    pub sink: OrgId,
}

/// How two orgs are connected. What a decision needs is repeated here, so that it need not follow the pointer
/// nor look the orgs up.
#[derive(Debug, Clone)]
struct Connected {
    types: ConnectionTypes,
    /// Whether the two orgs live on different sites, or one of them is not there.
    crosses_sites: bool,
    by: Arc<OrgConnection>,
}

/// Where a connection stands in the list of an org: by creation, then id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    created_at: Timestamp,
    /// Which connection.
    pub id: ConnectionId,
    /// Its two orgs.
    pub pair: Pair,
}

impl State {
    /// How many connections there are.
    pub fn connection_count(&self) -> usize {
        self.connections.len()
    }

    /// How many orgs there are.
    pub fn org_count(&self) -> usize {
        self.orgs.len()
    }

    /// Every account, in no order.
    pub fn accounts(&self) -> impl Iterator<Item = &Arc<Account>> {
        self.accounts.values()
    }

    /// Every org, in no order.
    pub fn orgs(&self) -> impl Iterator<Item = &Arc<Org>> {
        self.orgs.values()
    }

    /// Every user, in no order.
    pub fn users(&self) -> impl Iterator<Item = &Arc<User>> {
        self.users.values()
    }

    /// Every custom role, in no order.
    pub fn roles(&self) -> impl Iterator<Item = &Arc<Role>> {
        self.roles.values()
    }

    /// Every API key, in no order.
    pub fn api_keys(&self) -> impl Iterator<Item = &Arc<ApiKey>> {
        self.api_keys.values()
    }

    /// Every application key, in no order.
    pub fn application_keys(&self) -> impl Iterator<Item = &Arc<ApplicationKey>> {
        self.application_keys.values()
    }

    /// Every connection, in no order.
    pub fn connections(&self) -> impl Iterator<Item = &Arc<OrgConnection>> {
        self.connections.values()
    }

    /// Every restriction policy, in no order.
    pub fn restriction_policies(&self) -> impl Iterator<Item = &Arc<RestrictionPolicy>> {
        self.restriction_policies.values()
    }

    /// The account `id`.
    pub fn account(&self, id: AccountId) -> Option<&Arc<Account>> {
        self.accounts.get(&id)
    }

    /// The account called `name`.
    pub fn account_by_name(&self, name: &Name) -> Option<&Arc<Account>> {
        self.account_with_name.get(name).and_then(|id| self.account(*id))
    }

    /// The org `id`.
    pub fn org(&self, id: OrgId) -> Option<&Arc<Org>> {
        self.orgs.get(&id)
    }

    /// The org with the short id `public_id`.
    pub fn org_by_public_id(&self, public_id: &PublicId) -> Option<&Arc<Org>> {
        self.org_with_public_id.get(public_id).and_then(|id| self.org(*id))
    }

    /// The orgs of an account, oldest first.
    pub fn orgs_of(&self, account: AccountId) -> impl Iterator<Item = &Arc<Org>> {
        self.orgs_of_account.of(&account).iter().filter_map(|(_, id)| self.org(*id))
    }

    /// Whether the org `id` is switched off. One that does not exist is not.
    pub fn is_disabled(&self, id: OrgId) -> bool {
        self.disabled_orgs.contains_key(&id)
    }

    /// The user `id`.
    pub fn user(&self, id: UserId) -> Option<&Arc<User>> {
        self.users.get(&id)
    }

    /// The user of `org` with this email address.
    pub fn user_by_email(&self, org: OrgId, email: &Email) -> Option<&Arc<User>> {
        self.user_with_email.get(&(org, email.clone())).and_then(|id| self.user(*id))
    }

    /// The users of an org, by id.
    pub fn users_of(&self, org: OrgId) -> impl Iterator<Item = &Arc<User>> {
        self.users_of_org.of(&org).iter().filter_map(|id| self.user(*id))
    }

    /// The custom role `id`.
    pub fn role(&self, id: RoleId) -> Option<&Arc<Role>> {
        self.roles.get(&id)
    }

    /// The custom roles of an org, by id.
    pub fn roles_of(&self, org: OrgId) -> impl Iterator<Item = &Arc<Role>> {
        self.roles_of_org.of(&org).iter().filter_map(|id| self.role(*id))
    }

    /// The API key `id`.
    pub fn api_key(&self, id: ApiKeyId) -> Option<&Arc<ApiKey>> {
        self.api_keys.get(&id)
    }

    /// The API key whose secret has this digest.
    pub fn api_key_by_digest(&self, digest: &KeyDigest) -> Option<&Arc<ApiKey>> {
        self.api_key_with_digest.get(digest)
    }

    /// The API keys of an org, by id.
    pub fn api_keys_of(&self, org: OrgId) -> impl Iterator<Item = &Arc<ApiKey>> {
        self.api_keys_of_org.of(&org).iter().filter_map(|id| self.api_key(*id))
    }

    /// The application key `id`.
    pub fn application_key(&self, id: ApplicationKeyId) -> Option<&Arc<ApplicationKey>> {
        self.application_keys.get(&id)
    }

    /// The application key whose secret has this digest.
    pub fn application_key_by_digest(&self, digest: &KeyDigest) -> Option<&Arc<ApplicationKey>> {
        self.application_key_with_digest.get(digest)
    }

    /// The application keys of a user, by id.
    pub fn application_keys_of(&self, owner: UserId) -> impl Iterator<Item = &Arc<ApplicationKey>> {
        self.application_keys_of_user.of(&owner).iter().filter_map(|id| self.application_key(*id))
    }

    /// The connection `id`.
    pub fn connection(&self, id: ConnectionId) -> Option<&Arc<OrgConnection>> {
        self.connections.get(&id)
    }

    /// The connection by which `source` shares with `sink`.
    pub fn connection_between(&self, source: OrgId, sink: OrgId) -> Option<&Arc<OrgConnection>> {
        self.connection_of_pair.get(&Pair { source, sink }).map(|connected| &connected.by)
    }

    /// The connection by which `source` shares telemetry of type `wanted` with `sink`, if it crosses no sites or
    /// may.
    pub fn connection_sharing(
        &self,
        wanted: ConnectionType,
        source: OrgId,
        sink: OrgId,
        cross_site: CrossSite,
    ) -> Option<&Arc<OrgConnection>> {
        let connected = self.connection_of_pair.get(&Pair { source, sink })?;
        let may_cross = !connected.crosses_sites || cross_site == CrossSite::Allowed;
        (may_cross && connected.types.contains(wanted)).then_some(&connected.by)
    }

    /// Every OAuth2 client, in no order.
    pub fn oauth_clients(&self) -> impl Iterator<Item = &Arc<OauthClient>> {
        self.oauth_clients.values()
    }

    /// The OAuth2 client `id`.
    pub fn oauth_client(&self, id: OauthClientId) -> Option<&Arc<OauthClient>> {
        self.oauth_clients.get(&id)
    }

    /// The OAuth2 clients of an org, by id.
    pub fn oauth_clients_of(&self, org: OrgId) -> impl Iterator<Item = &Arc<OauthClient>> {
        self.oauth_clients_of_org.of(&org).iter().filter_map(|id| self.oauth_client(*id))
    }

    /// Every authorization, in no order.
    pub fn authorizations(&self) -> impl Iterator<Item = &Arc<Authorization>> {
        self.authorizations.values()
    }

    /// The authorization `id`.
    pub fn authorization(&self, id: AuthorizationId) -> Option<&Arc<Authorization>> {
        self.authorizations.get(&id)
    }

    /// The authorization that the code with this digest was given for, spent or not.
    pub fn authorization_by_code(&self, digest: &KeyDigest) -> Option<&Arc<Authorization>> {
        self.authorization_with_code.get(digest)
    }

    /// Every token, in no order.
    pub fn tokens(&self) -> impl Iterator<Item = &Arc<Token>> {
        self.tokens.values()
    }

    /// The token `id`.
    pub fn token(&self, id: TokenId) -> Option<&Arc<Token>> {
        self.tokens.get(&id)
    }

    /// The token whose secret has this digest.
    pub fn token_by_digest(&self, digest: &KeyDigest) -> Option<&Arc<Token>> {
        self.token_with_digest.get(digest)
    }

    /// How many tokens of an authorization were exchanged for others and are kept, so that they are known when they come
    /// again.
    pub(crate) fn spent_tokens_of(&self, authorization: AuthorizationId) -> usize {
        self.spent_tokens_of_authorization.of(&authorization).len()
    }

    /// Every login, in no order.
    pub fn logins(&self) -> impl Iterator<Item = &Arc<Login>> {
        self.logins.values()
    }

    /// The login `id`.
    pub fn login(&self, id: LoginId) -> Option<&Arc<Login>> {
        self.logins.get(&id)
    }

    /// The login whose secret has this digest.
    pub fn login_by_digest(&self, digest: &KeyDigest) -> Option<&Arc<Login>> {
        self.login_with_digest.get(digest)
    }

    /// What is over by `now`, the longest first.
    pub(crate) fn expired(&self, now: Timestamp) -> impl Iterator<Item = Expiring> {
        self.expiring.iter().take_while(move |(end, _)| *end <= now).map(|(_, over)| *over)
    }

    /// The connections in which `org` is source or sink, by creation, then id.
    pub fn connections_of(&self, org: OrgId) -> impl Iterator<Item = &Place> {
        self.neighbours.connections_of(org).iter()
    }

    /// The restriction policy `id`.
    pub fn restriction_policy(&self, id: RestrictionPolicyId) -> Option<&Arc<RestrictionPolicy>> {
        self.restriction_policies.get(&id)
    }

    /// What `org` says about `connection`.
    pub fn restriction_policy_of(
        &self,
        org: OrgId,
        connection: ConnectionId,
    ) -> Option<&Arc<RestrictionPolicy>> {
        self.restriction_policy_of_side.get(&(org, connection))
    }

    /// What `org` says about connections, by their ids.
    pub fn restriction_policies_of(&self, org: OrgId) -> impl Iterator<Item = &Arc<RestrictionPolicy>> {
        self.restricted_by(org).iter().filter_map(move |id| self.restriction_policy_of(org, *id))
    }

    /// The connections for which `org` has a policy, in order.
    pub(crate) fn restricted_by(&self, org: OrgId) -> &[ConnectionId] {
        self.restricted_by_org.of(&org)
    }

    /// Makes `change` true.
    ///
    /// What to take out is found by id in this state and not taken from the change, so that a replay can't
    /// leave an index behind.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Account(edit) => self.edit(edit),
            Change::Org(edit) => self.edit(edit),
            Change::User(edit) => self.edit(edit),
            Change::Role(edit) => self.edit(edit),
            Change::ApiKey(edit) => self.edit(edit),
            Change::ApplicationKey(edit) => self.edit(edit),
            Change::OrgConnection(edit) => self.edit(edit),
            Change::RestrictionPolicy(edit) => self.edit(edit),
            Change::OauthClient(edit) => self.edit(edit),
            Change::Authorization(edit) => self.edit(edit),
            Change::Token(edit) => self.edit(edit),
            Change::Login(edit) => self.edit(edit),
        }
    }

    fn edit<E: Kept>(&mut self, edit: &Edit<E>) {
        match edit {
            Edit::Create(entity) | Edit::Replace { after: entity, .. } => self.put(entity.clone()),
            Edit::Delete(entity) => entity.take_out(self),
        }
    }

    /// Puts an entity in, or in the place of its former version.
    pub fn put<E: Kept>(&mut self, entity: E) {
        entity.put_into(self);
    }

    /// Keeps where `org` lives, or that it is no more, and looks again which of its connections cross sites where that
    /// is new. No rule moves an org, but no index may depend on that.
    fn settle(&mut self, org: OrgId, site: Option<Site>) {
        if self.neighbours.site_of(org) == site {
            return;
        }
        self.neighbours.settle(org, site);
        for place in self.neighbours.connections_of(org).to_vec() {
            let Pair { source, sink } = place.pair;
            let crosses_sites = crosses(self.neighbours.site_of(source), self.neighbours.site_of(sink));
            if let Some(connected) = self.connection_of_pair.get(&place.pair) {
                let connected = Connected { crosses_sites, ..connected.clone() };
                self.connection_of_pair.insert(place.pair, connected);
            }
        }
    }
}

/// Whether a connection between orgs on these sites crosses sites. It does where an org is not there, so that
/// nothing is shared with it.
fn crosses(source: Option<Site>, sink: Option<Site>) -> bool {
    source.is_none() || source != sink
}

/// What [`State`] keeps: each kind of entity with the indexes that lead to it.
pub trait Kept: Clone {
    /// Makes room for `additional` entities more that are about to be put in.
    fn make_room(state: &mut State, additional: usize);

    /// Puts the entity in, or in the place of its former version.
    fn put_into(self, state: &mut State);

    /// Takes the entity with the id of this one out.
    fn take_out(&self, state: &mut State);
}

impl Kept for Account {
    fn make_room(state: &mut State, additional: usize) {
        state.accounts.reserve(additional);
        state.account_with_name.reserve(additional);
    }

    fn put_into(self, state: &mut State) {
        self.take_out(state);
        state.account_with_name.insert(self.name.clone(), self.id);
        state.accounts.insert(self.id, Arc::new(self));
    }

    fn take_out(&self, state: &mut State) {
        if let Some(account) = state.accounts.remove(&self.id) {
            state.account_with_name.remove(&account.name);
        }
    }
}

impl Kept for Org {
    fn make_room(state: &mut State, additional: usize) {
        state.orgs.reserve(additional);
        state.neighbours.reserve(additional);
        state.org_with_public_id.reserve(additional);
    }

    fn put_into(self, state: &mut State) {
        let (id, site) = (self.id, Some(self.site));
        self.take_out_of_indexes(state);
        state.orgs_of_account.insert(self.account, (self.created_at, id));
        state.org_with_public_id.insert(self.public_id.clone(), id);
        if self.disabled {
            state.disabled_orgs.insert(id, ());
        }
        state.orgs.insert(id, Arc::new(self));
        state.settle(id, site);
    }

    fn take_out(&self, state: &mut State) {
        self.take_out_of_indexes(state);
        state.settle(self.id, None);
    }
}

impl Org {
    /// Takes the org with the id of this one out, but for what its connections know of it.
    fn take_out_of_indexes(&self, state: &mut State) {
        if let Some(org) = state.orgs.remove(&self.id) {
            state.orgs_of_account.remove(&org.account, &(org.created_at, org.id));
            state.org_with_public_id.remove(&org.public_id);
            state.disabled_orgs.remove(&org.id);
        }
    }
}

impl Kept for User {
    fn make_room(state: &mut State, additional: usize) {
        state.users.reserve(additional);
        state.users_of_org.reserve(additional);
        state.user_with_email.reserve(additional);
    }

    fn put_into(self, state: &mut State) {
        self.take_out(state);
        state.users_of_org.insert(self.org, self.id);
        state.user_with_email.insert((self.org, self.email.clone()), self.id);
        state.users.insert(self.id, Arc::new(self));
    }

    fn take_out(&self, state: &mut State) {
        if let Some(user) = state.users.remove(&self.id) {
            state.users_of_org.remove(&user.org, &user.id);
            state.user_with_email.remove(&(user.org, user.email.clone()));
        }
    }
}

impl Kept for Role {
    fn make_room(state: &mut State, additional: usize) {
        state.roles.reserve(additional);
    }

    fn put_into(self, state: &mut State) {
        self.take_out(state);
        state.roles_of_org.insert(self.org, self.id);
        state.roles.insert(self.id, Arc::new(self));
    }

    fn take_out(&self, state: &mut State) {
        if let Some(role) = state.roles.remove(&self.id) {
            state.roles_of_org.remove(&role.org, &role.id);
        }
    }
}

impl Kept for ApiKey {
    fn make_room(state: &mut State, additional: usize) {
        state.api_keys.reserve(additional);
        state.api_key_with_digest.reserve(additional);
    }

    fn put_into(self, state: &mut State) {
        self.take_out(state);
        let key = Arc::new(self);
        state.api_keys_of_org.insert(key.org, key.id);
        state.api_key_with_digest.insert(key.digest, Arc::clone(&key));
        state.api_keys.insert(key.id, key);
    }

    fn take_out(&self, state: &mut State) {
        if let Some(key) = state.api_keys.remove(&self.id) {
            state.api_keys_of_org.remove(&key.org, &key.id);
            state.api_key_with_digest.remove(&key.digest);
        }
    }
}

impl Kept for ApplicationKey {
    fn make_room(state: &mut State, additional: usize) {
        state.application_keys.reserve(additional);
        state.application_key_with_digest.reserve(additional);
    }

    fn put_into(self, state: &mut State) {
        self.take_out(state);
        let key = Arc::new(self);
        state.application_keys_of_user.insert(key.owner, key.id);
        state.application_key_with_digest.insert(key.digest, Arc::clone(&key));
        state.application_keys.insert(key.id, key);
    }

    fn take_out(&self, state: &mut State) {
        if let Some(key) = state.application_keys.remove(&self.id) {
            state.application_keys_of_user.remove(&key.owner, &key.id);
            state.application_key_with_digest.remove(&key.digest);
        }
    }
}

impl OrgConnection {
    fn pair(&self) -> Pair {
        Pair { source: self.source, sink: self.sink }
    }

    fn place(&self) -> Place {
        Place { created_at: self.created_at, id: self.id, pair: self.pair() }
    }
}

impl Kept for OrgConnection {
    fn make_room(state: &mut State, additional: usize) {
        state.connections.reserve(additional);
        state.connection_of_pair.reserve(additional);
    }

    fn put_into(self, state: &mut State) {
        let place = self.place();
        let kept = state.connection(self.id).map(|kept| kept.place());
        // The hot path: an update changes types alone, and no list of an org's connections holds those.
        let former = if kept == Some(place) { state.connection_of_pair.get(&place.pair) } else { None };
        let crosses_sites = if let Some(former) = former {
            former.crosses_sites
        } else {
            if kept.is_some() {
                self.take_out(state);
            }
            crosses(state.neighbours.connect(self.source, place), state.neighbours.connect(self.sink, place))
        };
        let by = Arc::new(self);
        let connected = Connected { types: by.types, crosses_sites, by: Arc::clone(&by) };
        state.connection_of_pair.insert(place.pair, connected);
        state.connections.insert(place.id, by);
    }

    fn take_out(&self, state: &mut State) {
        if let Some(connection) = state.connections.remove(&self.id) {
            let place = connection.place();
            state.neighbours.disconnect(connection.source, &place);
            state.neighbours.disconnect(connection.sink, &place);
            state.connection_of_pair.remove(&place.pair);
        }
    }
}

impl Kept for RestrictionPolicy {
    fn make_room(state: &mut State, additional: usize) {
        state.restriction_policies.reserve(additional);
        state.restriction_policy_of_side.reserve(additional);
    }

    fn put_into(self, state: &mut State) {
        self.take_out(state);
        let policy = Arc::new(self);
        state.restricted_by_org.insert(policy.org, policy.connection);
        state.restriction_policy_of_side.insert((policy.org, policy.connection), Arc::clone(&policy));
        state.restriction_policies.insert(policy.id, policy);
    }

    fn take_out(&self, state: &mut State) {
        if let Some(policy) = state.restriction_policies.remove(&self.id) {
            state.restricted_by_org.remove(&policy.org, &policy.connection);
            state.restriction_policy_of_side.remove(&(policy.org, policy.connection));
        }
    }
}

impl Kept for OauthClient {
    fn make_room(state: &mut State, additional: usize) {
        state.oauth_clients.reserve(additional);
    }

    fn put_into(self, state: &mut State) {
        self.take_out(state);
        state.oauth_clients_of_org.insert(self.org, self.id);
        state.oauth_clients.insert(self.id, Arc::new(self));
    }

    fn take_out(&self, state: &mut State) {
        if let Some(client) = state.oauth_clients.remove(&self.id) {
            state.oauth_clients_of_org.remove(&client.org, &client.id);
        }
    }
}

impl Kept for Authorization {
    fn make_room(state: &mut State, additional: usize) {
        state.authorizations.reserve(additional);
    }

    fn put_into(self, state: &mut State) {
        self.take_out(state);
        let authorization = Arc::new(self);
        if let Some(code) = &authorization.code {
            state.authorization_with_code.insert(code.digest, Arc::clone(&authorization));
        }
        state.expiring.insert((authorization.expires_at, Expiring::Authorization(authorization.id)));
        state.authorizations.insert(authorization.id, authorization);
    }

    fn take_out(&self, state: &mut State) {
        if let Some(authorization) = state.authorizations.remove(&self.id) {
            if let Some(code) = &authorization.code {
                state.authorization_with_code.remove(&code.digest);
            }
            state.expiring.remove(&(authorization.expires_at, Expiring::Authorization(authorization.id)));
        }
    }
}

impl Kept for Token {
    fn make_room(state: &mut State, additional: usize) {
        state.tokens.reserve(additional);
    }

    fn put_into(self, state: &mut State) {
        self.take_out(state);
        let token = Arc::new(self);
        state.token_with_digest.insert(token.digest, Arc::clone(&token));
        if token.is_spent {
            state.spent_tokens_of_authorization.insert(token.authorization, token.id);
        }
        state.expiring.insert((token.expires_at, Expiring::Token(token.id)));
        state.tokens.insert(token.id, token);
    }

    fn take_out(&self, state: &mut State) {
        if let Some(token) = state.tokens.remove(&self.id) {
            state.token_with_digest.remove(&token.digest);
            if token.is_spent {
                state.spent_tokens_of_authorization.remove(&token.authorization, &token.id);
            }
            state.expiring.remove(&(token.expires_at, Expiring::Token(token.id)));
        }
    }
}

impl Kept for Login {
    fn make_room(state: &mut State, additional: usize) {
        state.logins.reserve(additional);
    }

    fn put_into(self, state: &mut State) {
        self.take_out(state);
        let login = Arc::new(self);
        state.login_with_digest.insert(login.digest, Arc::clone(&login));
        state.expiring.insert((login.expires_at, Expiring::Login(login.id)));
        state.logins.insert(login.id, login);
    }

    fn take_out(&self, state: &mut State) {
        if let Some(login) = state.logins.remove(&self.id) {
            state.login_with_digest.remove(&login.digest);
            state.expiring.remove(&(login.expires_at, Expiring::Login(login.id)));
        }
    }
}
