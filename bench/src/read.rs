//! How many reads a second, next to a server that does nothing?

use std::env;
use std::process::Command;

use crate::durable::POPULATION;
use crate::load::{self, Client};
use crate::population::Population;
use crate::report::{Row, per_second, time};
use crate::samples::{Samples, median};
use crate::server::{Orgbridge, Server, database};
use crate::{Effort, Failure, request};

/// How many clients read at the same time.
const CLIENTS: u64 = 32;

pub(crate) fn measure(effort: Effort) -> Result<Vec<Row>, Failure> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger.db");
    POPULATION.import(&database(&path))?;

    let orgbridge = Orgbridge::serve(&database(&path))?;
    let mut clients: Vec<_> = (0..CLIENTS).map(reader).collect();
    let size = load::run(orgbridge.server.address, &mut clients, effort.turn / 2)?.body;
    let constant = Server::start(Command::new(env::current_exe()?).args(["constant", &size.to_string()]))?;
    load::run(constant.address, &mut clients, effort.turn / 2)?;

    let (mut rates, mut constant_rates) = (Vec::new(), Vec::new());
    let mut latencies = Samples::default();
    for _ in 0..effort.turns {
        let load = load::run(orgbridge.server.address, &mut clients, effort.turn)?;
        rates.push(load.rate());
        latencies.extend(load.latencies);
        constant_rates.push(load::run(constant.address, &mut clients, effort.turn)?.rate());
    }

    let (rate, constant_rate) = (median(rates), median(constant_rates));
    let ratio = rate / constant_rate;
    let (middle, slow) = (latencies.median(), latencies.percentile(99));
    Ok(vec![Row {
        measure: format!("GET of one connection, {CLIENTS} connections"),
        figure: format!("{} (p50 {}, p99 {})", per_second(rate), time(middle), time(slow)),
        peer: format!("bare axum, a constant of {size} bytes: {}", per_second(constant_rate)),
        ratio: Some(ratio),
        target: "at least 0.6 ×".to_owned(),
        met: ratio >= 0.6,
    }])
}

/// A client that reads each connection that its org is the source of.
pub(crate) fn reader(org: u64) -> Client {
    let keys = Population::keys(org);
    Client::new(POPULATION.shared_by(org).map(|id| request::read(&keys, id)).collect())
}
