//! Everybody on everything. Source: hardening list, 6; contract, sections 1, 2 and 4.
//!
//! What should happen is derived from two tables here, one of calls and one of personas, and compared with what does
//! happen, for every route that there is. The outcome is written down as text, to be read as policy.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use http::Method;
use insta::assert_snapshot;
use orgbridge_api::{Access, RouteInfo, routes};
use orgbridge_domain::{ManagedRole, Permission, PermissionSet};
use orgbridge_testkit::{Persona, TestOrg, TestServer, create_body, update_body};

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
}

const OPEN: Access = Access::Anyone;
const READ: Access = Access::Permission(Permission::OrgConnectionsRead);
const WRITE: Access = Access::Permission(Permission::OrgConnectionsWrite);
const MANAGE: Access = Access::Permission(Permission::OrgManagement);

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
    Policy { call: "GET /api/v1/validate", access: Access::ApiKey, outcome: Outcome::Always(200) },
    Policy { call: "GET /api/v2/validate_keys", access: Access::Credentials, outcome: Outcome::Always(200) },
    Policy { call: "GET /api/v2/current_user", access: Access::Credentials, outcome: Outcome::Always(200) },
    Policy { call: "GET /api/v1/org", access: MANAGE, outcome: Outcome::Always(200) },
    Policy { call: "GET /api/v2/org", access: MANAGE, outcome: Outcome::Always(200) },
    Policy { call: "GET /api/v2/openapi.json", access: OPEN, outcome: Outcome::Always(200) },
    Policy { call: "GET /docs", access: OPEN, outcome: Outcome::Always(200) },
];

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
        | Persona::DisabledOrg => Standing::Nobody,
        Persona::ApiKeyAlone
        | Persona::WrongApplicationKey
        | Persona::MixedKeys
        | Persona::RevokedApplicationKey
        | Persona::DisabledUser => Standing::ApiKeyHolder,
        Persona::NoPermission | Persona::ScopedToNothing => of_source(PermissionSet::EMPTY),
        Persona::ScopedToRead | Persona::ScopedBeyondRights | Persona::ReadOnly => {
            of_source(PermissionSet::of(&[Permission::OrgConnectionsRead]))
        }
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
    /// The connection of the source with the sink; to be the sink, an org of their account.
    Own,
    /// A connection within the other account; to be the sink, an org of that account.
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
            Outcome::Always(_) => &[Target::Nothing],
            Outcome::BySide { .. } | Outcome::ByAccount { .. } => {
                &[Target::Own, Target::Foreign, Target::Absent]
            }
        }
    }

    /// The status that `persona` should get.
    fn expects(&self, persona: Persona, target: Target) -> u16 {
        match (self.access, standing(persona)) {
            (Access::ApiKey, Standing::Nobody) => 403,
            (Access::Anyone | Access::ApiKey, _) => self.outcome_for(TestOrg::Source, target),
            (_, Standing::Nobody | Standing::ApiKeyHolder) => 401,
            (Access::Permission(needed), Standing::User { may, .. }) if !may.contains(needed) => 403,
            (_, Standing::User { of, .. }) => self.outcome_for(of, target),
        }
    }

    fn outcome_for(&self, org: TestOrg, target: Target) -> u16 {
        match (&self.outcome, target) {
            (Outcome::Always(status), _) => *status,
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
            (Outcome::ByAccount { other, .. }, _) => *other,
        }
    }
}

/// A server on which the same calls can be made again and again.
async fn set_the_stage() -> TestServer {
    let server = TestServer::builder().without_rate_limits().start().await;
    put(&server, OWN).await;
    put(&server, FOREIGN).await;
    server
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
    let id = match target {
        Target::Own => OWN,
        Target::Foreign => FOREIGN,
        Target::Nothing | Target::Absent => ABSENT,
    };
    let caller = server.caller(persona);
    let call = caller.call(route.method.clone(), route.path.replace("{connection_id}", id));
    let before = server.revision();
    let reply = match route.method {
        Method::POST => call.body(create_body(sink(target), ["logs"]).to_string()).await,
        Method::PATCH => call.body(update_body(id, ["metrics"]).to_string()).await,
        _ => call.await,
    };
    let is_write = [Method::POST, Method::PATCH, Method::DELETE].contains(&route.method);
    let should_change = is_write && reply.status() == 200;
    assert_eq!(server.revision() != before, should_change, "{persona}: {} {target:?}", route.path);
    match route.method {
        Method::POST if should_change => drop(caller.delete(reply.at("/data/id")).await),
        Method::PATCH if should_change => drop(caller.update(id, ["logs"]).await),
        Method::DELETE if should_change => put(server, id).await,
        _ => {}
    }
    reply.status()
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
    }
}

/// What the words of the matrix mean.
const LEGEND: &str = "\
own: the connection of the source with the sink; in POST, a sink of their account
foreign: a connection within the other account; in POST, a sink of that account
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
