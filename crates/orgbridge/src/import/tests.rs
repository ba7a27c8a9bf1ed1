//! Files against a state in memory.

use indicatif::ProgressBar;
use orgbridge_domain::user::CreatorDisabled;
use orgbridge_domain::{
    CrossSite, Email, KeyDigest, ManagedRole, Principal, RedirectUri, Session, Site, State, Timestamp,
};

use super::{Outcome, Policies, Problem, Wishes, apply};

const DEPLOYMENT: &str = "
accounts:
- name: Example Account
  orgs:
  - id: 4dee724d-00cc-11ea-a77b-570c9d03c6c5
    public_id: fasjyydbcgwwc2uc
    name: Source Org
    api_keys:
    - {name: ci, key: 0123456789abcdef0123456789abcdef}
    - {name: made}
    roles:
    - {name: Auditor, permissions: [org_connections_read, audit_logs_read]}
    users:
    - id: 3ad549bf-eba0-11e9-a77a-0705486660d0
      name: Jane Doe
      email: Jane@Example.com
      roles: [Admin, Auditor]
      application_keys:
      - {name: ci, key: 0123456789012345678901234567890123456789}
      - {name: reader, scopes: [org_connections_read]}
    - {name: Robot, email: robot@example.com, service_account: true}
  - name: Sink Org
  connections:
  - {source: Source Org, sink: Sink Org, types: [logs], created_by: jane@example.com}
";

/// A ledger that lives as long as a test.
#[derive(Default)]
struct Kept {
    state: State,
    policies: Policies,
}

impl Kept {
    fn with(file: &str) -> Self {
        let mut kept = Self::default();
        let outcome = kept.import(file);
        assert!(outcome.problems.is_empty(), "{}", lines(&outcome.problems));
        kept
    }

    fn import(&mut self, file: &str) -> Outcome {
        let (wishes, mut problems) = Wishes::read(file).unwrap();
        let decided = apply(
            &wishes,
            &Session::new(&self.state, Principal::Operator, Timestamp::from_micros(0)),
            self.policies,
            Timestamp::from_micros(0),
            &ProgressBar::hidden(),
        );
        problems.extend(decided.value.problems);
        problems.sort_by_key(Problem::place);
        if problems.is_empty() {
            decided.changes.iter().for_each(|change| self.state.apply(change));
        }
        Outcome { problems, ..decided.value }
    }

    fn problems(&mut self, file: &str) -> String {
        let outcome = self.import(file);
        lines(&outcome.problems)
    }

    fn roles_of(&self, email: &str) -> Vec<String> {
        let email: Email = email.parse().unwrap();
        let org = self.state.orgs().find(|org| org.name.as_str() == "Source Org").unwrap().id;
        let user = self.state.user_by_email(org, &email).unwrap();
        let name = |id| orgbridge_domain::role::find(&self.state, org, id).unwrap().name().to_owned();
        user.roles.iter().map(|id| name(*id)).collect()
    }
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_file_comes_true_and_coming_true_again_changes_nothing() {
    let mut kept = Kept::default();

    let first = kept.import(DEPLOYMENT);
    assert_eq!(
        first.to_string(),
        "accounts: 1 created\norganizations: 2 created\nroles: 1 created\nusers: 2 created\n\
         API keys: 2 created\napplication keys: 2 created\nconnections: 1 created"
    );
    let made: Vec<&str> = first.made_keys.iter().map(|key| key.name.as_str()).collect();
    assert_eq!(made, ["reader", "made"]);
    assert_eq!(kept.roles_of("jane@example.com"), ["Admin", "Auditor"]);
    assert_eq!(kept.roles_of("robot@example.com"), ["Standard"]);

    let second = kept.import(DEPLOYMENT);
    assert_eq!(second.to_string(), "nothing to change");
    assert!(second.made_keys.is_empty());
}

#[test]
fn what_differs_is_updated_and_nothing_is_deleted() {
    let mut kept = Kept::with(DEPLOYMENT);
    let file = "
accounts:
- name: Example Account
  orgs:
  - id: 4dee724d-00cc-11ea-a77b-570c9d03c6c5
    name: Source Org
    roles:
    - {name: Auditor, permissions: [audit_logs_read]}
    users:
    - {name: Jane Roe, email: jane@example.com, roles: [Admin]}
  - {name: Sink Org, disabled: true}
  connections:
  - {source: fasjyydbcgwwc2uc, sink: Sink Org, types: [metrics, logs], created_by: jane@example.com}
";
    assert_eq!(
        kept.import(file).to_string(),
        "accounts: 1 unchanged\norganizations: 1 updated, 1 unchanged\nroles: 1 updated\n\
         users: 1 updated\nconnections: 1 updated"
    );
    assert_eq!(kept.state.users().count(), 2);
    assert_eq!(kept.state.api_keys().count(), 2);
    assert_eq!(kept.state.connections().next().unwrap().types.to_string(), "metrics,logs");
    assert_eq!(kept.import(file).to_string(), "nothing to change");
}

#[test]
fn the_last_admin_may_hand_over_to_somebody_further_down() {
    let mut kept = Kept::with(DEPLOYMENT);
    let file = DEPLOYMENT
        .replace("roles: [Admin, Auditor]", "roles: [Standard]")
        .replace("service_account: true", "service_account: true, roles: [Admin]");
    assert_eq!(kept.problems(&file), "");
    assert_eq!(kept.roles_of("robot@example.com"), [ManagedRole::Admin.name()]);

    let nobody_left = file.replace("roles: [Admin]", "roles: []");
    assert_eq!(
        kept.problems(&nobody_left),
        "21:7: accounts[0].orgs[0].users[1]: the last enabled admin of an organization can't be removed: make another enabled user an admin first"
    );
}

#[test]
fn everything_that_can_not_be_read_is_reported_at_once_with_its_place() {
    let file = "
accounts:
- nome: Example Account
  orgs:
  - id: 4dee724d00cc11eaa77b570c9d03c6c5
    name: ''
    disabled: yes
    api_keys: {name: ci}
    users:
    - name: Jane Doe
      email: jane
      roles: Admin
      application_keys:
      - {name: ci, key: 0123456789abcdef}
      - {name: reader, scopes: [everything]}
  connections:
  - {source: Source Org, types: [logs, logs], created_by: [jane]}
- just a name
";
    insta::assert_snapshot!(Kept::default().problems(file), @r#"
    3:3: accounts[0]: name is missing
    3:3: accounts[0]: there is no member "nome"; expected id, name, orgs, connections
    5:9: accounts[0].orgs[0].id: expected a UUID in its hyphenated form, such as f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a
    6:11: accounts[0].orgs[0].name: must not be empty
    7:15: accounts[0].orgs[0].disabled: expected true or false
    8:15: accounts[0].orgs[0].api_keys: expected a list
    11:14: accounts[0].orgs[0].users[0].email: must be an email address, such as jane@example.com
    12:14: accounts[0].orgs[0].users[0].roles: expected a list
    14:25: accounts[0].orgs[0].users[0].application_keys[0].key: expected 40 lower-case hexadecimal digits
    15:33: accounts[0].orgs[0].users[0].application_keys[1].scopes[0]: "everything" is no permission; expected one of org_connections_read, org_connections_write, org_connections_evaluate, org_management, user_access_read, user_access_manage, service_account_write, api_keys_read, api_keys_write, user_app_keys, org_app_keys_read, org_app_keys_write, audit_logs_read, oauth_clients_write
    17:5: accounts[0].connections[0]: sink is missing
    17:40: accounts[0].connections[0].types[1]: "logs" is repeated
    17:59: accounts[0].connections[0].created_by: expected text, and not a list
    18:3: accounts[1]: expected a mapping, such as {name: …}
    "#);
}

#[test]
fn everything_that_can_not_come_true_is_reported_at_once_with_its_place() {
    let mut kept = Kept::with(DEPLOYMENT);
    let file = "
accounts:
- name: Example Account
  orgs:
  - id: 4dee724d-00cc-11ea-a77b-570c9d03c6c5
    public_id: another
    name: Source Org
    api_keys:
    - {name: ci, key: ffffffffffffffffffffffffffffffff}
    roles:
    - {name: Admin, permissions: []}
    users:
    - {name: Jane Doe, email: jane@example.com, service_account: true, roles: [Admin, Butler]}
    - {id: 3ad549bf-eba0-11e9-a77a-0705486660d0, name: Jane Doe, email: jane@example.com}
  - {name: Sink Org}
  - {name: Sink Org}
  connections:
  - {source: Source Org, sink: Source Org, types: [logs], created_by: jane@example.com}
  - {source: Source Org, sink: Nobody, types: [logs], created_by: somebody@example.com}
- name: Other Account
  orgs:
  - {id: 4dee724d-00cc-11ea-a77b-570c9d03c6c5, name: Source Org}
";
    insta::assert_snapshot!(kept.problems(file), @r#"
    5:5: accounts[0].orgs[0].public_id: it is fasjyydbcgwwc2uc and can't become another
    9:7: accounts[0].orgs[0].api_keys[0].key: there is a key of this name with another secret; give the new one another name, and revoke the old one once nobody uses it
    11:7: accounts[0].orgs[0].roles[0]: role name Admin is already taken: choose another one
    13:7: accounts[0].orgs[0].users[0].service_account: it is false and can't change
    14:7: accounts[0].orgs[0].users[1]: this is what 13:7 is about already
    16:5: accounts[0].orgs[2]: this is what 15:5 is about already
    18:5: accounts[0].connections[0]: connection between orgs 4dee724d-00cc-11ea-a77b-570c9d03c6c5 and 4dee724d-00cc-11ea-a77b-570c9d03c6c5 is not allowed: data.relationships.sink_org.data.id: an organization can't be connected with itself
    19:32: accounts[0].connections[1].sink: the account has no organization "Nobody"
    19:67: accounts[0].connections[1].created_by: the source organization has no user "somebody@example.com"
    22:5: accounts[1].orgs[0].id: this organization belongs to another account; list it there, or leave the id out
    "#);
}

#[test]
fn an_org_lives_on_the_site_that_the_file_says_and_stays_there() {
    let file = "
accounts:
- name: Example Account
  orgs:
  - {name: Home Org}
  - {name: Overseas Org, site: datadoghq.eu}
";
    let mut kept = Kept::with(file);
    let site_of = |kept: &Kept, name| kept.state.orgs().find(|org| org.name.as_str() == name).unwrap().site;
    assert_eq!(site_of(&kept, "Home Org"), Site::DEFAULT);
    assert_eq!(site_of(&kept, "Overseas Org").as_str(), "datadoghq.eu");
    assert_eq!(kept.import(file).to_string(), "nothing to change");
    assert_eq!(kept.import(&file.replace(", site: datadoghq.eu", "")).to_string(), "nothing to change");

    let moved = file.replace("{name: Home Org}", "{name: Home Org, site: datadoghq.eu}");
    assert_eq!(
        kept.problems(&moved),
        "5:5: accounts[0].orgs[0].site: it lives on datadoghq.com and can't move to datadoghq.eu"
    );
    let no_site = file.replace("datadoghq.eu", "DATADOGHQ.EU");
    assert_eq!(
        kept.problems(&no_site),
        "6:32: accounts[0].orgs[1].site: must be a DNS name in lower case of at most 249 characters, such as \
         datadoghq.com"
    );
}

#[test]
fn a_connection_that_crosses_sites_is_a_problem_unless_it_may() {
    let file = "
accounts:
- name: Example Account
  orgs:
  - {name: Home Org, users: [{name: Jane Doe, email: jane@example.com, roles: [Admin]}]}
  - {name: Overseas Org, site: datadoghq.eu}
  connections:
  - {source: Home Org, sink: Overseas Org, types: [logs], created_by: jane@example.com}
";
    assert_eq!(
        Kept::default().problems(file),
        "8:5: accounts[0].connections[0]: the source lives on datadoghq.com and the sink on datadoghq.eu: \
         connections cross sites only where policy.cross_site_connections is on"
    );
    let mut kept = Kept::default();
    kept.policies.limits.cross_site = CrossSite::Allowed;
    assert_eq!(kept.problems(file), "");
}

#[test]
fn whoever_is_disabled_takes_their_connections_along_where_the_operator_wants_that() {
    let disabled = DEPLOYMENT
        .replace("service_account: true", "service_account: true, roles: [Admin]")
        .replace("      roles: [Admin, Auditor]\n", "      disabled: true\n");
    let without_connection = disabled.split("  connections:").next().unwrap();
    for (creator_disabled, left) in [(CreatorDisabled::Keep, 1), (CreatorDisabled::Delete, 0)] {
        let mut kept = Kept::with(DEPLOYMENT);
        kept.policies.creator_disabled = creator_disabled;
        assert_eq!(kept.problems(without_connection), "");
        assert_eq!(kept.state.connection_count(), left);
        // What went with them does not come back by the same file, without the policies that narrowed it.
        let problems = kept.problems(&disabled);
        let deleted = "created_by: the creator is disabled, and by policy.creator_disabled their connections are deleted";
        assert_eq!(problems.contains(deleted), creator_disabled == CreatorDisabled::Delete, "{problems}");
    }
}

#[test]
fn what_each_side_says_of_a_connection_comes_true_and_stays() {
    let policies = "created_by: jane@example.com, source_policy: {editors: ['role:Admin', 'user:robot@example.com'], \
                    viewers: [org]}, sink_policy: {editors: []}";
    let file = DEPLOYMENT.replace("created_by: jane@example.com", policies);
    let mut kept = Kept::with(&file);
    let said = |kept: &Kept, name| {
        let org = kept.state.orgs().find(|org| org.name.as_str() == name).unwrap().id;
        let policy = kept.state.restriction_policies_of(org).next();
        policy.map(|policy| policy.bindings.to_string())
    };
    let robot = kept.state.users().find(|user| user.name.as_str() == "Robot").unwrap().id;
    assert_eq!(
        said(&kept, "Source Org").unwrap(),
        format!(
            "editor=role:{},user:{robot};viewer=org:4dee724d-00cc-11ea-a77b-570c9d03c6c5",
            ManagedRole::Admin.id()
        )
    );
    assert_eq!(said(&kept, "Sink Org").unwrap(), "editor=");
    assert_eq!(kept.import(&file).to_string(), "nothing to change");
    // What a file does not mention stays as it is.
    assert_eq!(kept.import(DEPLOYMENT).to_string(), "nothing to change");

    let narrower = file.replace(", 'user:robot@example.com'], viewers: [org]", "]");
    assert_eq!(
        kept.import(&narrower).to_string().lines().last().unwrap(),
        "restriction policies: 1 updated, 1 unchanged"
    );
    assert_eq!(said(&kept, "Source Org").unwrap(), format!("editor=role:{}", ManagedRole::Admin.id()));
}

#[test]
fn everything_that_is_wrong_with_a_policy_is_reported_with_its_place() {
    let policies = "created_by: jane@example.com,
     source_policy: {editors: ['role:Butler', 'user:robot@example.com', everybody]},
     sink_policy: {viewers: ['user:jane@example.com']}";
    let file = DEPLOYMENT.replace("created_by: jane@example.com", policies);
    insta::assert_snapshot!(Kept::default().problems(&file), @r#"
    25:32: accounts[0].connections[0].source_policy.editors[0]: the organization has no role "Butler"
    25:73: accounts[0].connections[0].source_policy.editors[2]: "everybody" names nobody whom a policy can bind; expected org, role:ROLE or user:USER
    26:30: accounts[0].connections[0].sink_policy.viewers[0]: the organization has no user "jane@example.com"
    "#);
    let twice = DEPLOYMENT.replace(
        "created_by: jane@example.com",
        "created_by: jane@example.com, source_policy: {editors: [org, org]}, sink_policy: {}",
    );
    insta::assert_snapshot!(Kept::default().problems(&twice), @r#"
    24:102: accounts[0].connections[0].source_policy: somebody is named twice for one relation
    24:138: accounts[0].connections[0].sink_policy: expected editors, viewers or both
    "#);
}

#[test]
fn what_is_more_than_a_policy_binds_or_a_user_holds_is_reported_with_its_place() {
    let names: Vec<_> = (0..101).map(|number| format!("Role {number}")).collect();
    let roles = names.iter().map(|name| format!("\n    - {{name: {name}, permissions: []}}"));
    let viewers: Vec<_> = names.iter().map(|name| format!("'role:{name}'")).collect();
    let file = DEPLOYMENT
        .replace("    roles:\n", &format!("    roles:{}\n", roles.collect::<String>()))
        .replace("service_account: true", &format!("service_account: true, roles: [{}]", names.join(", ")))
        .replace(
            "created_by: jane@example.com",
            &format!("created_by: jane@example.com, source_policy: {{viewers: [{}]}}", viewers.join(", ")),
        );
    insta::assert_snapshot!(Kept::default().problems(&file), @r"
    122:7: accounts[0].orgs[0].users[1]: a user can hold at most 100 roles: let one role allow what several do, or take another one from them first
    125:102: accounts[0].connections[0].source_policy: a policy can bind at most 100 in all, and not 101
    ");
}

const CLIENTS: &str = "    oauth_clients:
    - name: Dashboards
      redirect_uris: ['https://app.example.com/callback', 'com.example.app:/']
      refresh: true
      scopes: [org_connections_read]
      authentication: client_secret_post
    - id: 0c1d2e3f-4a5b-4c6d-8e7f-8a9b0c1d2e3f
      name: Nightly Report
      service_account: robot@example.com
      secret: orgbridge_cs_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
    - {name: Phone, redirect_uris: ['com.example.phone:/'], authentication: none}
";

/// The deployment, and clients of its source org.
fn with_clients(clients: &str) -> String {
    DEPLOYMENT.replace("  - name: Sink Org\n", &format!("{clients}  - name: Sink Org\n"))
}

/// A client as it is kept: where users are sent back to, whether it refreshes, whom it acts as, what it may ask for,
/// and how it proves itself.
fn client(kept: &Kept, name: &str) -> String {
    let client = kept.state.oauth_clients().find(|client| client.name.as_str() == name).unwrap();
    let uris: Vec<&str> = client.redirect_uris.iter().map(RedirectUri::as_str).collect();
    let account = client.service_account.map(|account| kept.state.user(account).unwrap().email.to_string());
    let (refreshes, scopes) = (client.refreshes, client.scopes);
    format!("{uris:?} {refreshes} {account:?} {scopes} {}", client.authentication.as_str())
}

#[test]
fn clients_come_true_and_coming_true_again_changes_nothing() {
    let file = with_clients(CLIENTS);
    let mut kept = Kept::default();
    let first = kept.import(&file);
    assert!(first.to_string().contains("OAuth2 clients: 3 created\n"), "{first}");
    insta::assert_snapshot!(client(&kept, "Dashboards"), @r#"["https://app.example.com/callback", "com.example.app:/"] true None org_connections_read client_secret_post"#);
    insta::assert_snapshot!(client(&kept, "Nightly Report"), @r#"[] false Some("robot@example.com") org_connections_read,org_connections_write client_secret_basic"#);
    insta::assert_snapshot!(client(&kept, "Phone"), @r#"["com.example.phone:/"] false None org_connections_read,org_connections_write none"#);

    // The secret that nobody knows yet is shown, and neither that of the file nor one that there isn't.
    let made: Vec<_> = first.made_keys.iter().filter(|made| made.kind == "oauth_client").collect();
    let [made] = made.as_slice() else { panic!("{} secrets were made", made.len()) };
    let dashboards = kept.state.oauth_client(made.id.parse().unwrap()).unwrap();
    assert_eq!((made.name.as_str(), made.org.as_str()), ("Dashboards", "Source Org"));
    assert_eq!(dashboards.authentication.digest(), Some(&KeyDigest::of(made.key.as_bytes())));
    let report = kept.state.oauth_client("0c1d2e3f-4a5b-4c6d-8e7f-8a9b0c1d2e3f".parse().unwrap()).unwrap();
    let secret = format!("orgbridge_cs_{}", "0123456789abcdef".repeat(4));
    assert_eq!(report.authentication.digest(), Some(&KeyDigest::of(secret.as_bytes())));

    let second = kept.import(&file);
    assert_eq!(second.to_string(), "nothing to change");
    assert!(second.made_keys.is_empty());
}

#[test]
fn a_client_that_differs_is_brought_to_what_the_file_says() {
    let mut kept = Kept::with(&with_clients(CLIENTS));
    let secrets = |kept: &Kept| {
        let mut all: Vec<_> =
            kept.state.oauth_clients().map(|client| (client.id, client.authentication)).collect();
        all.sort_by_key(|(id, _)| *id);
        all
    };
    let before = secrets(&kept);
    let file = with_clients(
        "    oauth_clients:
    - {name: Dashboards, redirect_uris: ['https://app.example.com/'], refresh: false, scopes: [audit_logs_read]}
    - {id: 0c1d2e3f-4a5b-4c6d-8e7f-8a9b0c1d2e3f, name: Weekly Report}
    - {name: Phone}
",
    );
    let outcome = kept.import(&file);
    assert!(outcome.to_string().contains("OAuth2 clients: 2 updated, 1 unchanged\n"), "{outcome}");
    insta::assert_snapshot!(client(&kept, "Dashboards"), @r#"["https://app.example.com/"] false None audit_logs_read client_secret_post"#);
    insta::assert_snapshot!(client(&kept, "Weekly Report"), @r#"[] false Some("robot@example.com") org_connections_read,org_connections_write client_secret_basic"#);
    insta::assert_snapshot!(client(&kept, "Phone"), @r#"["com.example.phone:/"] false None org_connections_read,org_connections_write none"#);
    assert_eq!(secrets(&kept), before);
    assert_eq!(kept.import(&file).to_string(), "nothing to change");
    // A name that became free is that of another client.
    let more =
        with_clients("    oauth_clients: [{name: Nightly Report, service_account: robot@example.com}]\n");
    assert!(kept.import(&more).to_string().contains("OAuth2 clients: 1 created\n"));
    assert_eq!(kept.state.oauth_clients().count(), 4);
}

#[test]
fn everything_that_is_wrong_with_a_client_is_reported_with_its_place() {
    let unreadable = with_clients(
        "    oauth_clients:
    - {redirect_uris: ['http://app.example.com/', 'https://app.example.com/#part'], refresh: often}
    - {name: A, scopes: [everything], authentication: basic, secret: orgbridge_at_0123456789}
    - {name: B, service_account: [robot@example.com], redirect_uri: 'https://app.example.com/'}
",
    );
    insta::assert_snapshot!(Kept::default().problems(&unreadable), @r#"
    23:7: accounts[0].orgs[0].oauth_clients[0]: name is missing
    23:24: accounts[0].orgs[0].oauth_clients[0].redirect_uris[0]: must begin with https://, with http:// and 127.0.0.1, [::1] or localhost, or with a scheme that has a dot, such as com.example.app:/
    23:51: accounts[0].orgs[0].oauth_clients[0].redirect_uris[1]: must have no fragment
    23:94: accounts[0].orgs[0].oauth_clients[0].refresh: expected true or false
    24:26: accounts[0].orgs[0].oauth_clients[1].scopes[0]: "everything" is no permission; expected one of org_connections_read, org_connections_write, org_connections_evaluate, org_management, user_access_read, user_access_manage, service_account_write, api_keys_read, api_keys_write, user_app_keys, org_app_keys_read, org_app_keys_write, audit_logs_read, oauth_clients_write
    24:55: accounts[0].orgs[0].oauth_clients[1].authentication: expected none, client_secret_basic or client_secret_post
    24:70: accounts[0].orgs[0].oauth_clients[1].secret: expected orgbridge_cs_ and 64 lower-case hexadecimal digits
    25:34: accounts[0].orgs[0].oauth_clients[2].service_account: expected text, and not a list
    25:55: accounts[0].orgs[0].oauth_clients[2]: there is no member "redirect_uri"; expected id, name, redirect_uris, refresh, service_account, scopes, authentication, secret
    "#);

    let impossible = with_clients(
        "    oauth_clients:
    - {name: No Way}
    - {name: Twice, redirect_uris: ['https://app.example.com/', 'https://app.example.com/']}
    - {name: A Person, service_account: jane@example.com}
    - {name: Nobody, service_account: nobody@example.com}
    - {name: No Secret, service_account: robot@example.com, authentication: none}
    - {name: Nothing, service_account: robot@example.com, refresh: true}
    - name: Public
      redirect_uris: ['https://app.example.com/']
      authentication: none
      secret: orgbridge_cs_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
    - {name: Same, redirect_uris: ['https://app.example.com/']}
    - {name: Same}
",
    );
    let mut kept = Kept::default();
    insta::assert_snapshot!(kept.problems(&impossible), @r#"
    23:7: accounts[0].orgs[0].oauth_clients[0]: Validation failed for input.: a client needs a redirect URI, or a service account that it acts as, or both
    24:7: accounts[0].orgs[0].oauth_clients[1]: Validation failed for input.: redirect URIs: expected at most 16 of them, none twice
    25:7: accounts[0].orgs[0].oauth_clients[2]: Validation failed for input.: the user that a client acts as must be a service account
    26:39: accounts[0].orgs[0].oauth_clients[3].service_account: the organization has no user "nobody@example.com"
    27:7: accounts[0].orgs[0].oauth_clients[4]: Validation failed for input.: a client that acts as a service account needs a secret
    28:7: accounts[0].orgs[0].oauth_clients[5]: Validation failed for input.: a client that acts for no user has nothing to refresh
    29:7: accounts[0].orgs[0].oauth_clients[6].secret: a client whose authentication is none has no secret; leave it out
    34:7: accounts[0].orgs[0].oauth_clients[8]: this is what 33:7 is about already
    "#);
    assert_eq!(kept.state.oauth_clients().count(), 0);
}

#[test]
fn what_a_client_proves_itself_by_and_acts_as_stays() {
    let mut kept = Kept::with(&with_clients(CLIENTS));
    let secret = format!("orgbridge_cs_{}", "f".repeat(64));
    let file = with_clients(&format!(
        "    oauth_clients:
    - {{name: Dashboards, service_account: robot@example.com, authentication: client_secret_basic}}
    - {{name: Nightly Report, service_account: jane@example.com, secret: {secret}}}
    - {{name: Phone, secret: {secret}}}
"
    ));
    insta::assert_snapshot!(kept.problems(&file), @r#"
    23:7: accounts[0].orgs[0].oauth_clients[0].service_account: the client acts as no service account, and keeps to that; leave this out, or give the new client another name, and revoke the old one once nobody uses it
    23:7: accounts[0].orgs[0].oauth_clients[0].authentication: the authentication of the client is client_secret_post, and stays that; leave this out, or give the new client another name, and revoke the old one once nobody uses it
    24:7: accounts[0].orgs[0].oauth_clients[1].service_account: the client acts as robot@example.com, and keeps to that; leave this out, or give the new client another name, and revoke the old one once nobody uses it
    24:7: accounts[0].orgs[0].oauth_clients[1].secret: the client has another secret, and keeps it; leave this out, or give the new client another name, and revoke the old one once nobody uses it
    25:7: accounts[0].orgs[0].oauth_clients[2].secret: the client has no secret; leave it out
    "#);
}

#[test]
fn a_name_that_several_clients_have_needs_an_id() {
    let file = with_clients(
        "    oauth_clients:
    - {id: 0c1d2e3f-4a5b-4c6d-8e7f-8a9b0c1d2e30, name: Twin, redirect_uris: ['https://app.example.com/']}
    - {id: 0c1d2e3f-4a5b-4c6d-8e7f-8a9b0c1d2e31, name: Twin, redirect_uris: ['https://app.example.com/']}
",
    );
    let mut kept = Kept::with(&file);
    assert_eq!(kept.import(&file).to_string(), "nothing to change");
    insta::assert_snapshot!(kept.problems(&with_clients("    oauth_clients: [{name: Twin}]\n")), @"22:21: accounts[0].orgs[0].oauth_clients[0].name: several OAuth2 clients of the organization have this name; give the id of one");
    // An id of another org's client is taken.
    let elsewhere = "
accounts:
- name: Other Account
  orgs:
  - name: Other Org
    oauth_clients:
    - {id: 0c1d2e3f-4a5b-4c6d-8e7f-8a9b0c1d2e30, name: Twin, redirect_uris: ['https://app.example.com/']}
";
    insta::assert_snapshot!(kept.problems(elsewhere), @"7:7: accounts[0].orgs[0].oauth_clients[0]: client id 0c1d2e3f-4a5b-4c6d-8e7f-8a9b0c1d2e30 is already taken: choose another one");
}

#[test]
fn what_follows_from_a_problem_is_not_reported_as_another() {
    let file = "
accounts:
- name: Example Account
  orgs:
  - name: Source Org
    users:
    - {name: Jane Doe, email: nobody}
    oauth_clients: [{name: Report, service_account: robot@example.com}]
  - name: \"Sink\\tOrg\"
  connections:
  - {source: Source Org, sink: Sink Org, types: [logs], created_by: jane@example.com}
";
    insta::assert_snapshot!(Kept::default().problems(file), @r#"
    7:31: accounts[0].orgs[0].users[0].email: must be an email address, such as jane@example.com
    9:11: accounts[0].orgs[1].name: must not contain control characters
    "#);
}

#[test]
fn a_file_that_is_no_yaml_is_reported_with_its_place() {
    for (file, problem) in [
        ("accounts: [", "1:11: this is no YAML: unclosed bracket '['"),
        ("accounts: []\n---\naccounts: []", "3:1: expected only one document"),
        ("a: &a [1]\nb: *a", "2:4: aliases are not understood here; write the value out"),
        ("accounts: !!seq []", "1:17: tags are not understood here; leave the tag out"),
        ("accounts: []\naccounts: []", "2:1: a member of this name is there already"),
    ] {
        assert_eq!(Kept::default().problems(file), problem, "{file}");
    }
    assert!(Kept::default().problems(&"[".repeat(100_000)).contains("this is no YAML"));
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    assert!(Kept::default().problems(&deep).contains("nested more than 32 levels deep"));
}

#[test]
fn an_empty_file_and_json_are_files_too() {
    assert_eq!(Kept::default().import("").to_string(), "nothing to change");
    let json = r#"{"accounts": [{"name": "Ünïcode \u00e4", "orgs": [{"name": "Org"}]}]}"#;
    let kept = Kept::with(json);
    assert_eq!(kept.state.accounts().next().unwrap().name.as_str(), "Ünïcode ä");
}

#[test]
fn a_secret_is_in_no_problem_wherever_it_stands() {
    let secret = "0123456789abcdef0123456789abcdee";
    for line in [
        format!("api_keys: [{{name: ci, key: {secret}}}, {{name: ci, key: {secret}0}}]"),
        format!("api_keys: [{{name: ci, {secret}: key}}]"),
        format!("oauth_clients: [{{name: ci, redirect_uris: ['a.b:/'], secret: {secret}}}]"),
        format!("oauth_clients: [{{name: ci, secret: orgbridge_cs_{secret}{secret}}}]"),
        format!("api_keys: [{{name: ci, key: [{secret}]}}]"),
        format!("api_keys: {secret}"),
        format!("api_keys: [{secret}]"),
        format!(
            "users: [{{name: J, email: j@example.com, application_keys: [{{name: ci, key: {secret}}}]}}]"
        ),
    ] {
        let file = format!("accounts:\n- name: A\n  orgs:\n  - name: O\n    {line}");
        let problems = Kept::default().problems(&file);
        assert!(!problems.is_empty(), "{line}");
        assert!(!problems.contains("0123456789"), "{problems}");
    }
}
