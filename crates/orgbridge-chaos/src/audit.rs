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

/// Everything after a revision, oldest first. The policy of a connection goes with it, as one entry.
pub(crate) fn entries(fleet: &Fleet<'_>, world: &World, after: u64) -> Result<Vec<Entry>, Failure> {
    let mut entries: Vec<Entry> = Vec::new();
    for record in records(fleet, after)? {
        let entry = entry(&record, world);
        let entry = entry.ok_or_else(|| format!("what is this in the audit log: {record}"))?;
        // That it closes again what its policy had opened is all that counts.
        if entries.last().is_some_and(|policy| goes_with(policy, &entry)) {
            entries.pop();
        }
        entries.push(entry);
    }
    Ok(entries)
}

/// Whether this is the end of a policy, and that of its connection by the same call.
fn goes_with(policy: &Entry, connection: &Entry) -> bool {
    let [Effect { fact: Fact::Open(id), holds: true }] = policy.effects.as_slice() else { return false };
    policy.request == connection.request
        && connection.effects.contains(&Effect::ends(Fact::Connection(id.clone())))
        && connection.effects.contains(&Effect::ends(Fact::Open(id.clone())))
}

fn records(fleet: &Fleet<'_>, after: u64) -> Result<Vec<Value>, Failure> {
    match fleet.command(&["audit", "list", "--after", &after.to_string(), "--limit", ALL])? {
        Value::Array(records) => Ok(records),
        other => Err(format!("the audit log is no list: {other}").into()),
    }
}

fn entry(record: &Value, world: &World) -> Option<Entry> {
    let revision = record.get("revision")?.as_u64()?;
    let after = record.get("after").filter(|after| !after.is_null());
    let before = record.get("before").filter(|before| !before.is_null());
    let id = || Some(record.get("entity_id")?.as_str()?.to_owned());
    let connection_of_policy = || Some(after.or(before)?.get("connection_id")?.as_str()?.to_owned());
    let is_on = || Some(after?.get("disabled")?.as_i64()? == 0);
    let entity = record.get("entity")?.as_str()?;
    let by_operator = record.get("actor")?.get("kind")?.as_str()? == "operator";
    let request = match entity {
        _ if !by_operator => record.get("request_id")?.as_str()?.to_owned(),
        "org" => operator::switch(&id()?, is_on()?),
        "restriction_policy" => operator::deletion(&connection_of_policy()?),
        _ => operator::deletion(&id()?),
    };
    let effects = match entity {
        "org_connection" => {
            let row = after.or(before)?;
            let org = |column| row.get(column)?.as_str();
            let pair = world.pair_of(org("source_org_id")?, org("sink_org_id")?)?;
            let types = after.and_then(|after| after.get("connection_types")?.as_str()).unwrap_or_default();
            let kinds = Kind::ALL.into_iter().filter(|kind| types.split(',').any(|name| name == kind.name()));
            let connection = Effect { fact: Fact::Connection(id()?), holds: after.is_some() };
            let comes_or_goes = before.is_none() || after.is_none();
            let open = Effect { fact: Fact::Open(id()?), holds: after.is_some() };
            let kinds: Vec<_> = kinds.collect();
            let sharing = Effect::of_sharing(pair, &kinds);
            sharing.chain([connection]).chain(comes_or_goes.then_some(open)).collect()
        }
        "restriction_policy" => {
            let is_open = match after {
                Some(policy) => policy.get("bindings")?.as_str()?.contains("viewer=org:"),
                None => true,
            };
            vec![Effect { fact: Fact::Open(connection_of_policy()?), holds: is_open }]
        }
        "org" => vec![Effect { fact: Fact::Guest(world.guest(&id()?)?), holds: is_on()? }],
        "application_key" => vec![Effect { fact: Fact::Key(id()?), holds: after.is_some() }],
        "app_user" => {
            let org = world.org_of(&id()?)?;
            let user = after?;
            let has_role = user.get("role_ids")?.as_str()?.split(',').any(|role| role == ROLE);
            vec![
                Effect { fact: Fact::User(org), holds: is_on()? },
                Effect { fact: Fact::Role(org), holds: has_role },
            ]
        }
        _ => vec![],
    };
    Some(Entry { revision, request, effects })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(request: &str, effects: Vec<Effect>) -> Entry {
        Entry { revision: 1, request: request.to_owned(), effects }
    }

    #[test]
    fn a_policy_goes_with_its_connection_and_nothing_else_with_anything() {
        let (open, there) = (Fact::Open("id".to_owned()), Fact::Connection("id".to_owned()));
        let policy = |request| entry(request, vec![Effect::makes(open.clone())]);
        let deletion = |id: &str| {
            let facts = [Fact::Connection(id.to_owned()), Fact::Open(id.to_owned())];
            entry("one", facts.map(Effect::ends).into())
        };
        assert!(goes_with(&policy("one"), &deletion("id")));
        assert!(!goes_with(&policy("another"), &deletion("id")));
        assert!(!goes_with(&policy("one"), &deletion("other")));
        assert!(!goes_with(&policy("one"), &entry("one", vec![Effect::ends(there)])));
        // A call that was made twice is found out.
        let key = |id: &str| entry("one", vec![Effect::makes(Fact::Key(id.to_owned()))]);
        for (first, second) in
            [(key("1"), key("2")), (policy("one"), policy("one")), (deletion("id"), deletion("id"))]
        {
            assert!(!goes_with(&first, &second));
        }
    }
}
