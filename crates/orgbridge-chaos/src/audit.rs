//! The audit log, as the program lists it.

use serde_json::Value;

use crate::fleet::Fleet;
use crate::operator;
use crate::world::{ROLE, World};
use crate::{Effect, Entry, Fact, Failure, Kind};

/// More than any run makes.
const ALL: &str = "1000000000";

/// How many changes there are.
pub(crate) fn revision(fleet: &Fleet<'_>) -> Result<u64, Failure> {
    let revision = records(fleet, 0)?.last().map_or(Some(0), |latest| latest.get("revision")?.as_u64());
    revision.ok_or_else(|| "an entry of the audit log has no revision".into())
}

/// Everything after a revision, oldest first.
pub(crate) fn entries(fleet: &Fleet<'_>, world: &World, after: u64) -> Result<Vec<Entry>, Failure> {
    let records = records(fleet, after)?;
    let entries = records.iter().map(|record| {
        entry(record, world).ok_or_else(|| format!("what is this in the audit log: {record}").into())
    });
    entries.collect()
}

fn records(fleet: &Fleet<'_>, after: u64) -> Result<Vec<Value>, Failure> {
    match fleet.command(&["audit", "list", "--after", &after.to_string(), "--limit", ALL])? {
        Value::Array(records) => Ok(records),
        other => Err(format!("the audit log is no list: {other}").into()),
    }
}

fn entry(record: &Value, world: &World) -> Option<Entry> {
    let revision = record.get("revision")?.as_u64()?;
    let by_operator = record.get("actor")?.get("kind")?.as_str()? == "operator";
    let request = if by_operator {
        operator::request(record.get("entity_id")?.as_str()?)
    } else {
        record.get("request_id")?.as_str()?.to_owned()
    };
    let after = record.get("after").filter(|after| !after.is_null());
    let id = || Some(record.get("entity_id")?.as_str()?.to_owned());
    let effects = match record.get("entity")?.as_str()? {
        "org_connection" => {
            let row = after.or_else(|| record.get("before"))?;
            let org = |column| row.get(column)?.as_str();
            let pair = world.pair_of(org("source_org_id")?, org("sink_org_id")?)?;
            let types = after.and_then(|after| after.get("connection_types")?.as_str()).unwrap_or_default();
            let kinds = Kind::ALL.into_iter().filter(|kind| types.split(',').any(|name| name == kind.name()));
            let connection = Effect { fact: Fact::Connection(id()?), holds: after.is_some() };
            Effect::of_sharing(pair, &kinds.collect::<Vec<_>>()).chain([connection]).collect()
        }
        "application_key" => vec![Effect { fact: Fact::Key(id()?), holds: after.is_some() }],
        "app_user" => {
            let org = world.org_of(&id()?)?;
            let user = after?;
            let is_on = user.get("disabled")?.as_i64()? == 0;
            let has_role = user.get("role_ids")?.as_str()?.split(',').any(|role| role == ROLE);
            vec![
                Effect { fact: Fact::User(org), holds: is_on },
                Effect { fact: Fact::Role(org), holds: has_role },
            ]
        }
        _ => vec![],
    };
    Some(Entry { revision, request, effects })
}
