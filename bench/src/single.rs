//! How long does one update take, when nobody else asks?

use std::time::Duration;

use orgbridge_ledger::{DatabaseAddress, backup};

use crate::bare::Bare;
use crate::durable::{POPULATION, updater};
use crate::report::{Row, time};
use crate::samples::Samples;
use crate::server::{Orgbridge, database};
use crate::{Effort, Failure, load};

pub(crate) fn measure(effort: Effort) -> Result<Vec<Row>, Failure> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger.db");
    POPULATION.import(&database(&path))?;

    let orgbridge = Orgbridge::serve(&database(&path))?;
    let mut clients = vec![updater(0)];
    load::run(orgbridge.server.address, &mut clients, effort.turn / 2)?;
    let copy = folder.path().join("bare.db");
    backup::backup(&DatabaseAddress::Sqlite(path.clone()), &copy)?;
    let mut bare = Bare::open(&copy)?;

    let (mut updates, mut commits, mut spaced_commits) = <(Samples, Samples, Samples)>::default();
    for _ in 0..effort.turns {
        let turn = effort.turn / 2;
        let update = load::run(orgbridge.server.address, &mut clients, turn)?.latencies.median();
        let commit = bare.commit(1, Duration::ZERO, turn)?.median();
        let pause = update.saturating_sub(commit);
        updates.push(update);
        commits.push(commit);
        spaced_commits.push(bare.commit(1, pause, turn)?.median());
    }

    let (update, commit, spaced_commit) = (updates.median(), commits.median(), spaced_commits.median());
    let ratio = update.as_secs_f64() / commit.as_secs_f64();
    let (commit, spaced_commit) = (time(commit), time(spaced_commit));
    Ok(vec![Row {
        measure: "PATCH, 1 connection, p50".to_owned(),
        figure: time(update),
        peer: format!(
            "one bare SQLite commit of the same rows: {commit} ({spaced_commit} with pauses like a client's)"
        ),
        ratio: Some(ratio),
        target: "at most 2 ×".to_owned(),
        met: ratio <= 2.0,
    }])
}
