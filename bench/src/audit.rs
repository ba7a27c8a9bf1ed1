//! How long does a search of a long audit trail take?

use std::path::Path;
use std::time::{Duration, Instant};

use orgbridge_domain::{ConnectionType, OrgId};
use orgbridge_ledger::{DatabaseAddress, Ledger, LedgerOptions};
use rusqlite::{Connection, params};
use serde_json::json;

use crate::load::{self, Client};
use crate::population::Population;
use crate::report::{Row, count, time};
use crate::server::{Orgbridge, database};
use crate::{Effort, Failure, request};

/// Everyone there is. One of them has the trail.
const POPULATION: Population = Population { orgs: 1_000 };

/// What no answer may take longer than.
const TARGET: Duration = Duration::from_millis(50);

/// What is asked, in words and as a query.
const SEARCHES: [(&str, &str); 4] = [
    ("the newest ten", "page%5Blimit%5D=10"),
    ("the oldest thousand", "sort=timestamp&page%5Blimit%5D=1000"),
    ("by a word that every second has", "filter%5Bquery%5D=metrics&page%5Blimit%5D=10"),
    (
        "by a word that none has, up to the bound of one call",
        "filter%5Bquery%5D=unheard-of&page%5Blimit%5D=10",
    ),
];

pub(crate) fn measure(effort: Effort) -> Result<Vec<Row>, Failure> {
    let entries = effort.large.orgs;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger.db");
    POPULATION.write(&path)?;
    write_history(&path, entries)?;
    let began = Instant::now();
    Ledger::open(&DatabaseAddress::Sqlite(path.clone()), LedgerOptions::default())?.close();
    let filled_in = began.elapsed();

    let orgbridge = Orgbridge::serve(&database(&path))?;
    let keys = Population::keys(0);
    let measure = |what: &str| format!("audit search over {} entries, first page: {what}", count(entries));
    let mut rows = Vec::new();
    for (what, query) in SEARCHES {
        let mut client = vec![Client::new(vec![request::audit(&keys, query)])];
        let mut latencies = load::run(orgbridge.server.address, &mut client, effort.turn)?.latencies;
        let (middle, slow) = (latencies.median(), latencies.percentile(99));
        rows.push(Row {
            measure: measure(what),
            figure: format!("p50 {}, p99 {}", time(middle), time(slow)),
            peer: String::new(),
            ratio: None,
            target: format!("p50 under {}", time(TARGET)),
            met: middle < TARGET,
        });
    }
    rows.push(Row {
        measure: format!("index of {} entries from before there were trails, filled once", count(entries)),
        figure: time(filled_in),
        peer: String::new(),
        ratio: None,
        target: "under 60 s".to_owned(),
        met: filled_in.as_secs() < 60,
    });
    Ok(rows)
}

/// Writes updates of the connections of one org, past the ledger's writer and without digests that follow from each
/// other: what is searched isn't verified.
fn write_history(path: &Path, entries: u64) -> Result<(), Failure> {
    let mut connection = Connection::open(path)?;
    connection.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000;",
    )?;
    let source = Population::org(0);
    let connections: Vec<_> = POPULATION.shared_by(0).collect();
    let user: String =
        connection
            .query_row("SELECT id FROM app_user WHERE org_id = $1", [source.to_string()], |row| row.get(0))?;
    let transaction = connection.transaction()?;
    let digest = "0".repeat(64);
    {
        let sql = "INSERT INTO change (revision, at_us, actor, actor_org_id, actor_user_id, actor_credential, request_id, \
                   entity, entity_id, row_before, row_after, digest) \
                   VALUES ($1, $2, 'user', $3, $4, 'keys:a,b', $5, 'org_connection', $6, $7, $8, $9)";
        let mut insert = transaction.prepare(sql)?;
        for revision in 1..=entries {
            let id = connections[revision as usize % connections.len()].to_string();
            let sink: OrgId = Population::org(1 + revision % (POPULATION.orgs - 1));
            let row = |other: ConnectionType| {
                json!({
                    "id": id, "source_org_id": source.to_string(), "sink_org_id": sink.to_string(),
                    "connection_types": format!("logs,{}", other.as_str()), "created_by": user,
                    "created_at_us": 1_700_000_000_000_000_u64, "modified_at_us": revision,
                })
                .to_string()
            };
            let (metrics, audit) = (row(ConnectionType::Metrics), row(ConnectionType::Audit));
            let (before, after) = if revision % 4 < 2 { (&audit, &audit) } else { (&audit, &metrics) };
            let at = 1_700_000_000_000_000 + revision * 1_000;
            let request = format!("request-{revision}");
            insert.execute(params![
                revision,
                at,
                source.to_string(),
                user,
                request,
                id,
                before,
                after,
                digest
            ])?;
        }
    }
    transaction.execute("UPDATE ledger SET revision = $1", [entries])?;
    Ok(transaction.commit()?)
}
