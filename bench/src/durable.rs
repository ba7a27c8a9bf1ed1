//! How many durable updates a second?

use std::path::Path;
use std::time::Duration;

use orgbridge_domain::ConnectionType;
use orgbridge_ledger::audit::AuditLog;
use orgbridge_ledger::{DatabaseAddress, backup};

use crate::bare::Bare;
use crate::load::{self, Client};
use crate::population::Population;
use crate::report::{Row, per_second, time};
use crate::samples::{Samples, median};
use crate::server::{Orgbridge, database};
use crate::{Effort, Failure, request};

/// How many clients update at the same time.
pub(crate) const CLIENTS: u64 = 32;

/// Everyone whose connections are updated.
pub(crate) const POPULATION: Population = Population { orgs: 1_000 };

pub(crate) fn measure(effort: Effort) -> Result<Vec<Row>, Failure> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger.db");
    POPULATION.import(&database(&path))?;
    let unchanged = revision(&path)?;

    let orgbridge = Orgbridge::serve(&database(&path))?;
    let mut clients: Vec<_> = (0..CLIENTS).map(updater).collect();
    let mut answers = load::run(orgbridge.server.address, &mut clients, effort.turn / 2)?.latencies.count();
    let copy = folder.path().join("bare.db");
    backup::backup(&DatabaseAddress::Sqlite(path.clone()), &copy)?;
    let mut bare = Bare::open(&copy)?;

    let (mut rates, mut bare_rates, mut batches) = (Vec::new(), Vec::new(), Vec::new());
    let mut latencies = Samples::default();
    for _ in 0..effort.turns {
        let commits = orgbridge.metric("orgbridge_commit_changes_count")?;
        let load = load::run(orgbridge.server.address, &mut clients, effort.turn)?;
        let commits = orgbridge.metric("orgbridge_commit_changes_count")? - commits;
        let batch = (load.latencies.count() as f64 / commits).round();
        rates.push(load.rate());
        batches.push(batch);
        answers += load.latencies.count();
        latencies.extend(load.latencies);
        bare_rates.push(batch * commit_rate(&mut bare, batch as usize, effort.turn)?);
    }
    // Killed, not stopped: what was answered must be there all the same.
    drop(orgbridge);
    let kept = revision(&path)? - unchanged;
    if kept != answers as u64 {
        return Err(format!("{answers} updates were answered, and the log holds {kept}").into());
    }

    let (rate, bare_rate, batch) = (median(rates), median(bare_rates), median(batches));
    let ratio = rate / bare_rate;
    let (middle, slow) = (latencies.median(), latencies.percentile(99));
    Ok(vec![Row {
        measure: format!("durable PATCH, authorized, audited, limited, {CLIENTS} connections"),
        figure: format!("{} (p50 {}, p99 {})", per_second(rate), time(middle), time(slow)),
        peer: format!("bare SQLite, same rows, {batch} a commit: {}", per_second(bare_rate)),
        ratio: Some(ratio),
        target: "15,000/s and 0.5 ×".to_owned(),
        met: rate >= 15_000.0 && ratio >= 0.5,
    }])
}

/// A client that updates each connection that its org is the source of, and never to what it is already.
pub(crate) fn updater(org: u64) -> Client {
    let keys = Population::keys(org);
    let all_with = |other| POPULATION.shared_by(org).map(move |id| (id, other));
    let updates = all_with(ConnectionType::Metrics).chain(all_with(ConnectionType::Audit));
    Client::new(updates.map(|(id, other)| request::update(&keys, id, other)).collect())
}

/// How many commits a second a bare loop makes.
fn commit_rate(bare: &mut Bare, batch: usize, lasting: Duration) -> Result<f64, Failure> {
    let commits = bare.commit(batch, Duration::ZERO, lasting)?;
    let count = commits.count() as f64;
    let took: Duration = commits.into_iter().sum();
    Ok(count / took.as_secs_f64())
}

/// How many changes the log in a file holds, if nothing is wrong with it.
fn revision(path: &Path) -> Result<u64, Failure> {
    let verdict = AuditLog::open(&DatabaseAddress::Sqlite(path.to_owned()))?.verify(None)?;
    match verdict.findings.first() {
        None => Ok(verdict.position.revision.get()),
        Some(finding) => Err(finding.clone().into()),
    }
}
