//! What the demo's ledger holds, and what its call must answer.

use indicatif::ProgressBar;
use orgbridge_domain::{OrgConnection, State, Timestamp};
use orgbridge_ledger::DatabaseAddress;
use serde_json::{Value, json};

use super::DemoKeys;
use crate::failure::Failure;
use crate::import::{Policies, Wishes, apply};
use crate::new_database;
use crate::operator::Operator;

/// The demo's data: two orgs of one account, and the connection between them.
#[derive(Debug)]
pub(crate) struct Sample;

impl Sample {
    pub(crate) const CONNECTION: &str = "f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a";
    const SOURCE: &str = "4dee724d-00cc-11ea-a77b-570c9d03c6c5";
    const SINK: &str = "83999dcd-7f97-11f0-8de1-1ecf66f1aa85";
    const USER: &str = "3ad549bf-eba0-11e9-a77a-0705486660d0";

    /// Makes the ledger at `database` hold the sample, as if nothing had been done to it, and returns its
    /// connection.
    pub(crate) fn put_into(database: &DatabaseAddress, keys: &DemoKeys) -> Result<OrgConnection, Failure> {
        let fill = |operator: &Operator| Self::fill(operator, keys);
        if new_database::is_there(database)? {
            fill(&Operator::open(database)?)
        } else {
            new_database::make(database, fill)
        }
    }

    fn fill(operator: &Operator, keys: &DemoKeys) -> Result<OrgConnection, Failure> {
        let (wishes, mut problems) = Wishes::read(&Self::document(keys))?;
        if problems.is_empty() {
            let hidden = ProgressBar::hidden();
            let outcome = operator
                .commit(move |session, now| Ok(apply(&wishes, session, Policies::default(), now, &hidden)))?;
            problems = outcome.problems;
        }
        let connection = Self::connection(&operator.view().state);
        connection.filter(|_| problems.is_empty()).ok_or_else(|| {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            Failure::Failed(format!(
                "the folder was altered so that the sample does not fit into it any more; \
                 delete it, or choose another with --directory\n{}",
                problems.join("\n")
            ))
        })
    }

    /// The sample's connection as it is kept now.
    pub(crate) fn connection(state: &State) -> Option<OrgConnection> {
        let connection = state.connection(Self::CONNECTION.parse().ok()?)?;
        Some(OrgConnection::clone(connection))
    }

    fn document(keys: &DemoKeys) -> String {
        let (api_key, application_key) = (keys.api_key.expose(), keys.application_key.expose());
        let (source, sink, user, connection) = (Self::SOURCE, Self::SINK, Self::USER, Self::CONNECTION);
        format!(
            "accounts:
- name: Example Account
  orgs:
  - id: {source}
    name: Example Org
    disabled: false
    api_keys: [{{name: demo, key: {api_key}}}]
    users:
    - id: {user}
      name: John Doe
      email: john@example.com
      roles: [Admin]
      disabled: false
      application_keys: [{{name: demo, key: {application_key}}}]
  - {{id: {sink}, name: Partner Org, disabled: false}}
  connections:
  - {{id: {connection}, source: {source}, sink: {sink}, types: [logs], created_by: {user}}}
"
        )
    }

    /// The body of the call: the connection is to share metrics too.
    pub(crate) fn request() -> String {
        let id = Self::CONNECTION;
        let attributes = r#"{"connection_types":["logs","metrics"]}"#;
        format!(r#"{{"data":{{"type":"org_connection","id":"{id}","attributes":{attributes}}}}}"#)
    }

    /// What the call must answer. `modified_at` is when it changed the connection.
    pub(crate) fn answer(created_at: Timestamp, modified_at: Timestamp) -> Value {
        let org = |id, name| json!({"data": {"type": "orgs", "id": id, "name": name}});
        json!({
            "data": {
                "type": "org_connection",
                "id": Self::CONNECTION,
                "attributes": {
                    "connection_types": ["logs", "metrics"],
                    "created_at": created_at.to_string(),
                    "modified_at": modified_at.to_string(),
                },
                "relationships": {
                    "source_org": org(Self::SOURCE, "Example Org"),
                    "sink_org": org(Self::SINK, "Partner Org"),
                    "created_by": {"data": {"type": "users", "id": Self::USER, "name": "John Doe"}},
                },
            }
        })
    }
}
