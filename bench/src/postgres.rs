//! How many durable updates a second on PostgreSQL, next to `pgbench` on the same server, and how soon what is taken away
//! is known everywhere?

use std::process::Command;
use std::time::Duration;

use orgbridge_postgres_server::PostgresServer;

use crate::durable::{CLIENTS, POPULATION, updater};
use crate::load;
use crate::report::{Row, per_second, time};
use crate::samples::{Samples, median};
use crate::server::Orgbridge;
use crate::{Effort, Failure};

/// How many servers share the database.
const REPLICAS: usize = 3;

/// One client's transaction: one row of many is updated, by its key.
const SCRIPT: &str = "\\set id random(1, 5000)\nUPDATE peer SET count = count + 1 WHERE id = :id;\n";

pub(crate) fn durable(effort: Effort) -> Result<Vec<Row>, Failure> {
    let server = PostgresServer::start()?;
    let (ledger, peer) = (server.database()?, server.database()?);
    peer.sql(
        "CREATE TABLE peer (id int PRIMARY KEY, count int NOT NULL); \
         INSERT INTO peer SELECT id, 0 FROM generate_series(1, 5000) AS id; \
         GRANT ALL ON peer TO PUBLIC;",
    )?;
    POPULATION.import(&ledger.address())?;
    let orgbridge = Orgbridge::serve(&ledger.address())?;
    let mut clients: Vec<_> = (0..CLIENTS).map(updater).collect();
    load::run(orgbridge.server.address, &mut clients, effort.turn / 2)?;

    let (mut rates, mut peer_rates) = (Vec::new(), Vec::new());
    let mut latencies = Samples::default();
    for _ in 0..effort.turns {
        let load = load::run(orgbridge.server.address, &mut clients, effort.turn)?;
        rates.push(load.rate());
        latencies.extend(load.latencies);
        peer_rates.push(pgbench(&server, &peer.address(), effort.turn)?);
    }
    let (rate, peer_rate) = (median(rates), median(peer_rates));
    let ratio = rate / peer_rate;
    let (middle, slow) = (latencies.median(), latencies.percentile(99));
    Ok(vec![Row {
        measure: format!("the same on PostgreSQL, {CLIENTS} connections"),
        figure: format!("{} (p50 {}, p99 {})", per_second(rate), time(middle), time(slow)),
        peer: format!("pgbench, one row a transaction, {CLIENTS} clients: {}", per_second(peer_rate)),
        ratio: Some(ratio),
        target: "at least 1 ×".to_owned(),
        met: ratio >= 1.0,
    }])
}

/// How many transactions a second `pgbench` makes.
fn pgbench(server: &PostgresServer, address: &str, lasting: Duration) -> Result<f64, Failure> {
    let mut script = tempfile::NamedTempFile::new()?;
    std::io::Write::write_all(&mut script, SCRIPT.as_bytes())?;
    let clients = CLIENTS.to_string();
    // It counts in whole seconds.
    let seconds = lasting.as_secs().max(1).to_string();
    let mut pgbench = Command::new(server.program("pgbench"));
    pgbench.args(["--no-vacuum", "--protocol=prepared", "--client", &clients, "--time", &seconds, "--file"]);
    let output = pgbench.arg(script.path()).arg(address).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let rate = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    rate.ok_or_else(|| format!("{text}{}", String::from_utf8_lossy(&output.stderr)).into())
}

pub(crate) fn revocation(effort: Effort) -> Result<Vec<Row>, Failure> {
    let server = PostgresServer::start()?;
    let ledger = server.database()?;
    POPULATION.import(&ledger.address())?;
    let replicas: Vec<_> =
        (0..REPLICAS).map(|_| Orgbridge::serve(&ledger.address())).collect::<Result<_, _>>()?;
    let mut latencies = Samples::default();
    // Each update takes a type away.
    let mut clients = vec![updater(0)];
    for turn in 0..effort.turns {
        let replica = &replicas[turn % REPLICAS];
        latencies.extend(load::run(replica.server.address, &mut clients, effort.turn)?.latencies);
    }
    let (middle, slow) = (latencies.median(), latencies.percentile(99));
    Ok(vec![Row {
        measure: format!("a type taken away, {REPLICAS} servers on PostgreSQL, until all of them know"),
        figure: format!("p50 {}, p99 {}", time(middle), time(slow)),
        peer: String::new(),
        ratio: None,
        target: "p50 at most 50 ms, p99 at most 300 ms".to_owned(),
        met: middle <= Duration::from_millis(50) && slow <= Duration::from_millis(300),
    }])
}
