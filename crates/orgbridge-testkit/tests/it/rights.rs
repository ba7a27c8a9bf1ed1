//! Everybody on everything. Source: hardening list, 6; contract, sections 1, 2 and 4.
//!
//! What should happen is derived from two tables here, one of calls and one of personas, and compared with what does
//! happen, for every route that there is. The outcome is written down as text, to be read as policy.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::str::FromStr as _;

use http::Method;
use insta::assert_snapshot;
use orgbridge_api::{Access, RouteInfo, routes};
use orgbridge_domain::application_key::{self, ApplicationKeyEdit, NewApplicationKey, ScopesEdit};
use orgbridge_domain::right::OrgAppKeysWrite;
use orgbridge_domain::{
    ApiKeyId, ApiKeySecret, ApplicationKeyId, ApplicationKeySecret, Decided, Draft, ManagedRole, Name,
    Permission, PermissionSet, Refusal, Session, Timestamp, api_key, org,
};
use orgbridge_testkit::{Caller, Persona, Reply, TestOrg, TestServer, TestUser, fitting_body, path_of};

use crate::{access, restriction_policies};

const OWN: &str = "00000000-0000-4000-a000-000000000001";
const FOREIGN: &str = "00000000-0000-4000-a000-000000000002";
const ABSENT: &str = "00000000-0000-4000-a000-000000000003";

/// What a call should do.
struct Policy {
    call: &'static str,
    access: Access,
    outcome: Outcome,
}

/// The status for whoever may make the call at all.
enum Outcome {
    /// It names nothing.
    Always(u16),
    /// It names a connection, to which the caller's org is the source, the sink, or a stranger.
    BySide { source: u16, sink: u16, neither: u16 },
    /// It names a sink, which is of the caller's account and on their site, or not.
    ByAccount { same: u16, other: u16 },
    /// It names an org, or a key, a user or a role of one, which is the caller's, or not.
    ByOrg { own: u16, other: u16 },
    /// It names a key of a user, who is the caller, or not.
    ByOwner { own: u16, other: u16 },
    /// It names nothing, and is for who manages an account on its site.
    ByManager { managing: u16, managed: u16 },
}

const OPEN: Access = Access::Anyone;
const READ: Access = Access::Permission(Permission::OrgConnectionsRead);
const WRITE: Access = Access::Permission(Permission::OrgConnectionsWrite);
const MANAGE: Access = Access::Permission(Permission::OrgManagement);
const READ_API_KEYS: Access = Access::Permission(Permission::ApiKeysRead);
const WRITE_API_KEYS: Access = Access::Permission(Permission::ApiKeysWrite);
const READ_APP_KEYS: Access = Access::Permission(Permission::OrgAppKeysRead);
const WRITE_APP_KEYS: Access = Access::Permission(Permission::OrgAppKeysWrite);
const OWN_APP_KEYS: Access = Access::Permission(Permission::UserAppKeys);
const SEE_USERS: Access = Access::Permission(Permission::UserAccessRead);
const MANAGE_USERS: Access = Access::Permission(Permission::UserAccessManage);
const SEE_AUDIT: Access = Access::Permission(Permission::AuditLogsRead);
const WRITE_CLIENTS: Access = Access::Permission(Permission::OauthClientsWrite);
const EVALUATE: Access = Access::AnyOf(&[Permission::OrgConnectionsRead, Permission::OrgConnectionsEvaluate]);
const MAKE_SERVICE_ACCOUNTS: Access = Access::Permission(Permission::ServiceAccountWrite);

#[rustfmt::skip]
const POLICIES: &[Policy] = &[
    Policy { call: "GET /api/v2/org_connections", access: READ, outcome: Outcome::Always(200) },
    Policy { call: "POST /api/v2/org_connections", access: WRITE,
        outcome: Outcome::ByAccount { same: 200, other: 404 } },
    Policy { call: "GET /api/v2/org_connections/{connection_id}", access: READ,
        outcome: Outcome::BySide { source: 200, sink: 200, neither: 404 } },
    Policy { call: "PATCH /api/v2/org_connections/{connection_id}", access: WRITE,
        outcome: Outcome::BySide { source: 200, sink: 403, neither: 404 } },
    Policy { call: "DELETE /api/v2/org_connections/{connection_id}", access: WRITE,
        outcome: Outcome::BySide { source: 200, sink: 200, neither: 404 } },
    Policy { call: "GET /api/v2/restriction_policy/{resource_id}", access: READ,
        outcome: Outcome::BySide { source: 200, sink: 200, neither: 404 } },
    Policy { call: "POST /api/v2/restriction_policy/{resource_id}", access: WRITE,
        outcome: Outcome::BySide { source: 200, sink: 200, neither: 404 } },
    Policy { call: "DELETE /api/v2/restriction_policy/{resource_id}", access: WRITE,
        outcome: Outcome::BySide { source: 204, sink: 204, neither: 404 } },
    Policy { call: "GET /api/v1/validate", access: Access::ApiKey, outcome: Outcome::Always(200) },
    Policy { call: "GET /api/v2/validate_keys", access: Access::Credentials, outcome: Outcome::Always(200) },
    Policy { call: "GET /api/v2/current_user", access: Access::Credentials, outcome: Outcome::Always(200) },
    Policy { call: "GET /api/v1/org", access: MANAGE, outcome: Outcome::Always(200) },
    Policy { call: "GET /api/v2/org", access: MANAGE, outcome: Outcome::Always(200) },
    Policy { call: "POST /api/v1/org", access: MANAGE, outcome: Outcome::ByManager { managing: 200, managed: 403 } },
    Policy { call: "GET /api/v1/org/{public_id}", access: MANAGE, outcome: Outcome::ByOrg { own: 200, other: 400 } },
    Policy { call: "PUT /api/v1/org/{public_id}", access: MANAGE, outcome: Outcome::ByOrg { own: 200, other: 400 } },
    Policy { call: "GET /api/v2/api_keys", access: READ_API_KEYS, outcome: Outcome::Always(200) },
    Policy { call: "POST /api/v2/api_keys", access: WRITE_API_KEYS, outcome: Outcome::Always(201) },
    Policy { call: "GET /api/v2/api_keys/{api_key_id}", access: READ_API_KEYS,
        outcome: Outcome::ByOrg { own: 200, other: 404 } },
    Policy { call: "PATCH /api/v2/api_keys/{api_key_id}", access: WRITE_API_KEYS,
        outcome: Outcome::ByOrg { own: 200, other: 404 } },
    Policy { call: "DELETE /api/v2/api_keys/{api_key_id}", access: WRITE_API_KEYS,
        outcome: Outcome::ByOrg { own: 204, other: 404 } },
    Policy { call: "GET /api/v2/application_keys", access: READ_APP_KEYS, outcome: Outcome::Always(200) },
    Policy { call: "GET /api/v2/application_keys/{app_key_id}", access: READ_APP_KEYS,
        outcome: Outcome::ByOrg { own: 200, other: 404 } },
    Policy { call: "PATCH /api/v2/application_keys/{app_key_id}", access: WRITE_APP_KEYS,
        outcome: Outcome::ByOrg { own: 200, other: 404 } },
    Policy { call: "DELETE /api/v2/application_keys/{app_key_id}", access: WRITE_APP_KEYS,
        outcome: Outcome::ByOrg { own: 204, other: 404 } },
    Policy { call: "GET /api/v2/current_user/application_keys", access: OWN_APP_KEYS, outcome: Outcome::Always(200) },
    Policy { call: "POST /api/v2/current_user/application_keys", access: OWN_APP_KEYS, outcome: Outcome::Always(201) },
    Policy { call: "GET /api/v2/current_user/application_keys/{app_key_id}", access: OWN_APP_KEYS,
        outcome: Outcome::ByOwner { own: 200, other: 404 } },
    Policy { call: "PATCH /api/v2/current_user/application_keys/{app_key_id}", access: OWN_APP_KEYS,
        outcome: Outcome::ByOwner { own: 200, other: 404 } },
    Policy { call: "DELETE /api/v2/current_user/application_keys/{app_key_id}", access: OWN_APP_KEYS,
        outcome: Outcome::ByOwner { own: 204, other: 404 } },
    Policy { call: "GET /api/v2/openapi.json", access: OPEN, outcome: Outcome::Always(200) },
    Policy { call: "GET /docs", access: OPEN, outcome: Outcome::Always(200) },
    Policy { call: "GET /api/v2/permissions", access: SEE_USERS, outcome: Outcome::Always(200) },
    Policy { call: "GET /api/v2/roles", access: SEE_USERS, outcome: Outcome::Always(200) },
    Policy { call: "POST /api/v2/roles", access: MANAGE_USERS, outcome: Outcome::Always(200) },
    Policy { call: "GET /api/v2/roles/{role_id}", access: SEE_USERS,
        outcome: Outcome::ByOrg { own: 200, other: 404 } },
    Policy { call: "PATCH /api/v2/roles/{role_id}", access: MANAGE_USERS,
        outcome: Outcome::ByOrg { own: 200, other: 404 } },
    Policy { call: "DELETE /api/v2/roles/{role_id}", access: MANAGE_USERS,
        outcome: Outcome::ByOrg { own: 204, other: 404 } },
    Policy { call: "GET /api/v2/roles/{role_id}/permissions", access: SEE_USERS,
        outcome: Outcome::ByOrg { own: 200, other: 404 } },
    Policy { call: "POST /api/v2/roles/{role_id}/permissions", access: MANAGE_USERS,
        outcome: Outcome::ByOrg { own: 200, other: 404 } },
    Policy { call: "DELETE /api/v2/roles/{role_id}/permissions", access: MANAGE_USERS,
        outcome: Outcome::ByOrg { own: 200, other: 404 } },
    Policy { call: "GET /api/v2/roles/{role_id}/users", access: SEE_USERS,
        outcome: Outcome::ByOrg { own: 200, other: 404 } },
    Policy { call: "POST /api/v2/roles/{role_id}/users", access: MANAGE_USERS,
        outcome: Outcome::ByOrg { own: 200, other: 404 } },
    Policy { call: "DELETE /api/v2/roles/{role_id}/users", access: MANAGE_USERS,
        outcome: Outcome::ByOrg { own: 200, other: 404 } },
    Policy { call: "GET /api/v2/users", access: SEE_USERS, outcome: Outcome::Always(200) },
    Policy { call: "POST /api/v2/users", access: MANAGE_USERS, outcome: Outcome::Always(201) },
    Policy { call: "GET /api/v2/users/{user_id}", access: SEE_USERS,
        outcome: Outcome::ByOrg { own: 200, other: 404 } },
    Policy { call: "PATCH /api/v2/users/{user_id}", access: MANAGE_USERS,
        outcome: Outcome::ByOrg { own: 200, other: 404 } },
    Policy { call: "DELETE /api/v2/users/{user_id}", access: MANAGE_USERS,
        outcome: Outcome::ByOrg { own: 204, other: 404 } },
    Policy { call: "GET /api/v2/users/{user_id}/permissions", access: SEE_USERS,
        outcome: Outcome::ByOrg { own: 200, other: 404 } },
    Policy { call: "GET /api/v2/users/{user_id}/orgs", access: SEE_USERS,
        outcome: Outcome::ByOrg { own: 200, other: 404 } },
    Policy { call: "GET /api/v2/audit/events", access: SEE_AUDIT, outcome: Outcome::Always(200) },
    Policy { call: "POST /api/v2/audit/events/search", access: SEE_AUDIT, outcome: Outcome::Always(200) },
    Policy { call: "POST /api/v2/service_accounts", access: MAKE_SERVICE_ACCOUNTS,
        outcome: Outcome::Always(201) },
    Policy { call: "GET /api/v2/service_accounts/{service_account_id}/application_keys", access: MAKE_SERVICE_ACCOUNTS,
        outcome: Outcome::ByOrg { own: 200, other: 404 } },
    Policy { call: "POST /api/v2/service_accounts/{service_account_id}/application_keys", access: MAKE_SERVICE_ACCOUNTS,
        outcome: Outcome::ByOrg { own: 201, other: 404 } },
    Policy { call: "GET /api/v2/service_accounts/{service_account_id}/application_keys/{app_key_id}", access: MAKE_SERVICE_ACCOUNTS,
        outcome: Outcome::ByOrg { own: 200, other: 404 } },
    Policy { call: "PATCH /api/v2/service_accounts/{service_account_id}/application_keys/{app_key_id}", access: MAKE_SERVICE_ACCOUNTS,
        outcome: Outcome::ByOrg { own: 200, other: 404 } },
    Policy { call: "DELETE /api/v2/service_accounts/{service_account_id}/application_keys/{app_key_id}", access: MAKE_SERVICE_ACCOUNTS,
        outcome: Outcome::ByOrg { own: 204, other: 404 } },
    Policy { call: "POST /api/v2/oauth2/register", access: WRITE_CLIENTS, outcome: Outcome::Always(201) },
    Policy { call: "GET /oauth2/v1/authorize", access: OPEN, outcome: Outcome::Always(400) },
    Policy { call: "POST /oauth2/v1/authorize", access: OPEN, outcome: Outcome::Always(400) },
    Policy { call: "POST /oauth2/v1/login", access: OPEN, outcome: Outcome::Always(400) },
    Policy { call: "POST /oauth2/v1/login/elsewhere", access: OPEN, outcome: Outcome::Always(400) },
    Policy { call: "GET /oauth2/v1/callback", access: OPEN, outcome: Outcome::Always(400) },
    Policy { call: "POST /oauth2/v1/token", access: OPEN, outcome: Outcome::Always(401) },
    Policy { call: "POST /oauth2/v1/revoke", access: OPEN, outcome: Outcome::Always(401) },
    Policy { call: "GET /.well-known/oauth-authorization-server", access: OPEN, outcome: Outcome::Always(200) },
    Policy { call: "POST /access/v1/evaluation", access: EVALUATE, outcome: Outcome::Always(200) },
    Policy { call: "POST /access/v1/evaluations", access: EVALUATE, outcome: Outcome::Always(200) },
    Policy { call: "GET /.well-known/authzen-configuration", access: OPEN, outcome: Outcome::Always(200) },
];

/// Calls that ask something and change nothing, although they are a POST.
pub(crate) const QUESTIONS: &[&str] =
    &["/api/v2/audit/events/search", "/access/v1/evaluation", "/access/v1/evaluations"];

/// Who a persona should be taken for.
enum Standing {
    Nobody,
    /// Their API key is live, and that is all.
    ApiKeyHolder,
    User {
        of: TestOrg,
        may: PermissionSet,
    },
}

fn standing(persona: Persona) -> Standing {
    let user = |of, may| Standing::User { of, may };
    let of_source = |may| user(TestOrg::Source, may);
    let all = PermissionSet::all();
    match persona {
        Persona::Anonymous
        | Persona::ApplicationKeyAlone
        | Persona::WrongApiKey
        | Persona::RevokedApiKey
        | Persona::DisabledOrg
        | Persona::ExpiredToken
        | Persona::RevokedToken => Standing::Nobody,
        Persona::ApiKeyAlone
        | Persona::WrongApplicationKey
        | Persona::MixedKeys
        | Persona::RevokedApplicationKey
        | Persona::DisabledUser => Standing::ApiKeyHolder,
        Persona::NoPermission | Persona::ScopedToNothing => of_source(PermissionSet::EMPTY),
        Persona::ScopedToRead | Persona::ScopedBeyondRights | Persona::Token => {
            of_source(PermissionSet::of(&[Permission::OrgConnectionsRead]))
        }
        Persona::ReadOnly => of_source(ManagedRole::ReadOnly.permissions()),
        Persona::ScopedToWrite => of_source(PermissionSet::of(&[Permission::OrgConnectionsWrite])),
        Persona::Standard => of_source(ManagedRole::Standard.permissions()),
        Persona::ServiceAccount | Persona::SourceAdmin => of_source(all),
        Persona::SinkAdmin => user(TestOrg::Sink, all),
        Persona::BystanderAdmin => user(TestOrg::Bystander, all),
        Persona::StrangerAdmin => user(TestOrg::Stranger, all),
        Persona::OverseasAdmin => user(TestOrg::Overseas, all),
    }
}

/// What a call names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Nothing,
    /// The connection of the source with the sink; to be the sink, an org of their account; the source, a key, a user
    /// or a role of it, or a key of its admin.
    Own,
    /// A connection within the other account; to be the sink, an org of that account; the org that manages that
    /// account, a key, a user or a role of it, or a key of its admin.
    Foreign,
    /// What is not there.
    Absent,
}

impl Policy {
    fn of(route: &RouteInfo) -> &'static Self {
        let call = format!("{} {}", route.method, route.path);
        let policy = POLICIES.iter().find(|policy| policy.call == call);
        policy.unwrap_or_else(|| panic!("{call} has no row in the table of policies"))
    }

    fn targets(&self) -> &'static [Target] {
        match self.outcome {
            Outcome::Always(_) | Outcome::ByManager { .. } => &[Target::Nothing],
            Outcome::BySide { .. }
            | Outcome::ByAccount { .. }
            | Outcome::ByOrg { .. }
            | Outcome::ByOwner { .. } => &[Target::Own, Target::Foreign, Target::Absent],
        }
    }

    /// The status that `persona` should get.
    fn expects(&self, persona: Persona, target: Target) -> u16 {
        match (self.access, standing(persona)) {
            (Access::ApiKey, Standing::Nobody) => 403,
            // A token is no API key.
            (Access::ApiKey, _) if persona == Persona::Token => 403,
            (Access::Anyone | Access::ApiKey, _) => self.outcome_for(persona, TestOrg::Source, target),
            (_, Standing::Nobody | Standing::ApiKeyHolder) => 401,
            (Access::Permission(needed), Standing::User { may, .. }) if !may.contains(needed) => 403,
            (Access::AnyOf(needed), Standing::User { may, .. })
                if !needed.iter().any(|needed| may.contains(*needed)) =>
            {
                403
            }
            (_, Standing::User { of, .. }) => self.outcome_for(persona, of, target),
        }
    }

    fn outcome_for(&self, persona: Persona, org: TestOrg, target: Target) -> u16 {
        match (&self.outcome, target) {
            (Outcome::Always(status), _) => *status,
            (Outcome::ByOrg { own, .. }, Target::Own) if org == TestOrg::Source => *own,
            (Outcome::ByOrg { own, .. }, Target::Foreign) if org == TestOrg::Stranger => *own,
            (Outcome::ByOwner { own, .. }, Target::Own) if persona == Persona::SourceAdmin => *own,
            (Outcome::ByOwner { own, .. }, Target::Foreign) if persona == Persona::StrangerAdmin => *own,
            (Outcome::ByManager { managing, .. }, _)
                if [TestOrg::Source, TestOrg::Stranger, TestOrg::Overseas].contains(&org) =>
            {
                *managing
            }
            (Outcome::ByManager { managed, .. }, _) => *managed,
            (Outcome::BySide { source, .. }, Target::Own) if org == TestOrg::Source => *source,
            (Outcome::BySide { sink, .. }, Target::Own) if org == TestOrg::Sink => *sink,
            (Outcome::BySide { source, .. }, Target::Foreign) if org == TestOrg::Stranger => *source,
            (Outcome::BySide { neither, .. }, _) => *neither,
            (Outcome::ByAccount { same, .. }, Target::Own)
                if org != TestOrg::Stranger && org != TestOrg::Overseas =>
            {
                *same
            }
            (Outcome::ByAccount { same, .. }, Target::Foreign) if org == TestOrg::Stranger => *same,
            (
                Outcome::ByAccount { other, .. }
                | Outcome::ByOrg { other, .. }
                | Outcome::ByOwner { other, .. },
                _,
            ) => *other,
        }
    }
}

/// A server on which the same calls can be made again and again.
async fn set_the_stage() -> TestServer {
    let server = TestServer::builder().without_rate_limits().start().await;
    put(&server, OWN).await;
    put(&server, FOREIGN).await;
    put_back(&server).await;
    for (org, id) in SPARES {
        access::prepare(&server, org, id, &Method::GET, "").await;
    }
    server
}

/// Whose user and role have which id.
const SPARES: [(TestOrg, &str); 2] = [(TestOrg::Source, OWN), (TestOrg::Stranger, FOREIGN)];

/// Sees to it that both keys of each kind are there, and that orgs and keys have the names that they began with.
async fn put_back(server: &TestServer) {
    for (id, org, owner) in
        [(OWN, TestOrg::Source, TestUser::Jane), (FOREIGN, TestOrg::Stranger, TestUser::StrangerAdmin)]
    {
        server.operate(move |session, now| put_all_back(session, id, org, owner, now)).await;
    }
}

fn put_all_back(
    session: &Session<'_>,
    id: &str,
    org: TestOrg,
    owner: TestUser,
    now: Timestamp,
) -> Result<Decided<()>, Refusal> {
    let mut draft = Draft::new(session);
    let of = org.id();
    let digit = if org == TestOrg::Source { 0xe1 } else { 0xe2 };
    let (api_key, application_key): (ApiKeyId, ApplicationKeyId) = (id.parse().unwrap(), id.parse().unwrap());
    let named = || Name::from_str("began").unwrap();
    draft.run(|session| org::rename(&session.authorize_in(of)?, org.name().parse().unwrap(), now))?;
    if draft.state().api_key(api_key).is_some() {
        draft.run(|session| api_key::rename(&session.authorize_in(of)?, api_key, named(), now))?;
    } else {
        let secret = ApiKeySecret::from_random([digit; 16]);
        draft.run(|session| api_key::create(&session.authorize_in(of)?, api_key, named(), &secret, now))?;
    }
    if draft.state().application_key(application_key).is_some() {
        let edit = ApplicationKeyEdit { name: Some(named()), scopes: ScopesEdit::Keep };
        draft.run(|session| {
            application_key::edit(&session.authorize_in::<OrgAppKeysWrite>(of)?, application_key, edit)
        })?;
    } else {
        let secret = ApplicationKeySecret::from_random([digit; 20]);
        let new =
            NewApplicationKey { id: application_key, owner: owner.id(), name: named(), secret, scopes: None };
        draft.run(|session| application_key::create(&session.authorize_in(of)?, new, now))?;
    }
    Ok(draft.finish(()))
}

async fn put(server: &TestServer, id: &str) {
    let connection = server.connection().with_id(id);
    if id == OWN {
        connection.create().await;
    } else {
        connection.from(TestOrg::Stranger).to(TestOrg::Disabled).create().await;
    }
}

/// Makes the call, holds that it changed something exactly if it said so, and undoes that.
async fn try_out(server: &TestServer, persona: Persona, route: &RouteInfo, target: Target) -> u16 {
    let names_an_org = route.path.ends_with("{public_id}");
    let id = match target {
        Target::Own if names_an_org => "fasjyydbcgwwc2uc".to_owned(),
        Target::Foreign if names_an_org => TestOrg::Stranger.id().to_string(),
        Target::Own => OWN.to_owned(),
        Target::Foreign => FOREIGN.to_owned(),
        Target::Nothing | Target::Absent => ABSENT.to_owned(),
    };
    let caller = server.caller(persona);
    let is_write = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE].contains(&route.method)
        && !QUESTIONS.contains(&route.path);
    let is_about_access = access::is_about_access(route.path);
    if is_write && is_about_access {
        for (org, id) in SPARES {
            access::prepare(server, org, id, &route.method, route.path).await;
        }
    }
    let is_about_policies = restriction_policies::is_about_policies(route.path);
    if is_about_policies {
        prepare_policies(server, &route.method).await;
    }
    let call = caller.call(route.method.clone(), path_of(route.path, &id));
    let before = server.revision();
    let body = fitting_body(&route.method, route.path, &id, sink(target), before.get());
    let reply = match body {
        Some(body) => call.fitting(&body).await,
        None => call.await,
    };
    let should_change = is_write && reply.status() < 300;
    assert_eq!(server.revision() != before, should_change, "{persona}: {} {target:?}", route.path);
    if is_about_policies {
        // Others would see less of the connections.
        prepare_policies(server, &Method::POST).await;
    } else if should_change && !is_about_access {
        undo(server, caller, route, &id, &reply).await;
    }
    reply.status()
}

/// Sees to it that a call about the policies of either connection finds something to do.
async fn prepare_policies(server: &TestServer, method: &Method) {
    for (org, id) in [(TestOrg::Source, OWN), (TestOrg::Sink, OWN), (TestOrg::Stranger, FOREIGN)] {
        restriction_policies::prepare(server, org, id, method).await;
    }
}

async fn undo(server: &TestServer, caller: Caller<'_>, route: &RouteInfo, id: &str, reply: &Reply) {
    let of_connections = route.path.starts_with("/api/v2/org_connections");
    match route.method {
        // Nothing else comes of these.
        Method::POST if ["/api/v1/org", "/api/v2/oauth2/register"].contains(&route.path) => {}
        Method::POST => {
            let made = format!("{}/{}", route.path, reply.at("/data/id"));
            // An ordinary user may make connections and keys, and so may delete them.
            assert!([200, 204].contains(&caller.call(Method::DELETE, made).await.status()));
        }
        Method::PATCH if of_connections => drop(caller.update(id, ["logs"]).await),
        Method::DELETE if of_connections => put(server, id).await,
        _ => put_back(server).await,
    }
}

/// The org to connect with: never one that anybody calls from.
fn sink(target: Target) -> String {
    match target {
        Target::Own => TestOrg::Onlooker.id().to_string(),
        Target::Foreign => TestOrg::Faraway.id().to_string(),
        Target::Nothing | Target::Absent => ABSENT.to_owned(),
    }
}

fn needs(access: Access) -> String {
    match access {
        Access::Anyone => "nothing".to_owned(),
        Access::ApiKey => "a live API key".to_owned(),
        Access::Credentials => "live credentials".to_owned(),
        Access::Permission(permission) => permission.to_string(),
        Access::AnyOf(permissions) => {
            permissions.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
        }
    }
}

/// What the words of the matrix mean.
const LEGEND: &str = "\
own: the connection of the source with the sink; in POST, a sink of their account; the source, or a key, a user or a role of it
foreign: a connection within the other account; in POST, a sink of that account; the org that manages it, or a key, a user or a role of that
absent: what is not there
";

/// One status where it is the same for all targets.
fn outcome(targets: &[Target], statuses: &[u16]) -> String {
    if statuses.iter().all(|status| *status == statuses[0]) {
        return statuses[0].to_string();
    }
    let each =
        targets.iter().zip(statuses).map(|(target, status)| format!("{target:?} {status}").to_lowercase());
    each.collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn everybody_may_do_what_the_policy_says_and_nothing_else() {
    let server = set_the_stage().await;
    let mut matrix = LEGEND.to_owned();
    for route in routes() {
        let policy = Policy::of(route);
        assert_eq!(route.access, policy.access, "{}", policy.call);
        let mut callers: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for persona in Persona::ALL {
            let mut statuses = Vec::new();
            for target in policy.targets() {
                let status = try_out(&server, persona, route, *target).await;
                assert_eq!(
                    status,
                    policy.expects(persona, *target),
                    "{}: {persona}, {target:?}",
                    policy.call
                );
                statuses.push(status);
            }
            callers.entry(outcome(policy.targets(), &statuses)).or_default().push(persona.name());
        }
        writeln!(matrix, "\n{} needs {}", policy.call, needs(policy.access)).unwrap();
        for (outcome, personas) in callers {
            writeln!(matrix, "  {outcome}: {}", personas.join(", ")).unwrap();
        }
    }
    assert_snapshot!("matrix", matrix);
}

#[tokio::test]
async fn head_needs_what_get_needs() {
    let server = set_the_stage().await;
    for route in routes().filter(|route| route.method == Method::GET) {
        let (policy, head) = (Policy::of(route), RouteInfo { method: Method::HEAD, ..route.clone() });
        for persona in Persona::ALL {
            for target in policy.targets() {
                let status = try_out(&server, persona, &head, *target).await;
                assert_eq!(
                    status,
                    policy.expects(persona, *target),
                    "{}: {persona}, {target:?}",
                    policy.call
                );
            }
        }
    }
}

#[test]
fn every_policy_is_of_a_route_that_is_there() {
    for policy in POLICIES {
        let is_there = routes().any(|route| format!("{} {}", route.method, route.path) == policy.call);
        assert!(is_there, "{}", policy.call);
    }
}
