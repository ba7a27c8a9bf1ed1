//! How many decisions a second, next to a server that does nothing, and to one that decides the same?

use std::env;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::durable::{CLIENTS, POPULATION};
use crate::load::{self, Client};
use crate::population::Population;
use crate::report::{Row, per_second, time};
use crate::samples::{Samples, median};
use crate::server::{self, Orgbridge, Server};
use crate::{Effort, Failure, request};

/// Says in which program the peer is; without it there is no such peer.
pub(crate) const CERBOS: &str = "ORGBRIDGE_BENCH_CERBOS";

/// Lets the sinks that a resource is shared with read it. What the resource is shared with comes with each question: this
/// peer keeps nothing.
const POLICY: &str = r#"apiVersion: api.cerbos.dev/v1
resourcePolicy:
  resource: logs
  version: default
  rules:
    - actions: ["read"]
      effect: EFFECT_ALLOW
      roles: ["org"]
      condition:
        match:
          expr: P.id in R.attr.sinks
"#;

pub(crate) fn measure(effort: Effort) -> Result<Vec<Row>, Failure> {
    let folder = tempfile::tempdir()?;
    let database = server::database(&folder.path().join("ledger.db"));
    POPULATION.import(&database)?;

    let orgbridge = Orgbridge::serve(&database)?;
    let mut clients: Vec<_> = (0..CLIENTS).map(asker).collect();
    let size = load::run(orgbridge.server.address, &mut clients, effort.turn / 2)?.body;
    let constant = Server::start(Command::new(env::current_exe()?).args(["constant", &size.to_string()]))?;
    load::run(constant.address, &mut clients, effort.turn / 2)?;
    let peer = env::var_os(CERBOS).map(|program| Cerbos::start(&PathBuf::from(program))).transpose()?;
    let mut peer_clients: Vec<_> = (0..CLIENTS).map(asker_of_peer).collect();

    let (mut rates, mut constant_rates, mut peer_rates) = (Vec::new(), Vec::new(), Vec::new());
    let mut latencies = Samples::default();
    for _ in 0..effort.turns {
        let load = load::run(orgbridge.server.address, &mut clients, effort.turn)?;
        rates.push(load.rate());
        latencies.extend(load.latencies);
        constant_rates.push(load::run(constant.address, &mut clients, effort.turn)?.rate());
        if let Some(peer) = &peer {
            peer_rates.push(load::run(peer.address, &mut peer_clients, effort.turn)?.rate());
        }
    }

    let (rate, constant_rate) = (median(rates), median(constant_rates));
    let ratio = rate / constant_rate;
    let measure = format!("decision call, {CLIENTS} connections");
    let figure = format!(
        "{} (p50 {}, p99 {})",
        per_second(rate),
        time(latencies.median()),
        time(latencies.percentile(99))
    );
    let mut rows = vec![Row {
        measure: measure.clone(),
        figure: figure.clone(),
        peer: format!("bare axum, a constant of {size} bytes: {}", per_second(constant_rate)),
        ratio: Some(ratio),
        target: "at least 0.5 ×".to_owned(),
        met: ratio >= 0.5,
    }];
    if peer.is_some() {
        let peer_rate = median(peer_rates);
        let ratio = rate / peer_rate;
        rows.push(Row {
            measure,
            figure,
            peer: format!("Cerbos, the same rule, told who shares what: {}", per_second(peer_rate)),
            ratio: Some(ratio),
            target: "at least 5 ×".to_owned(),
            met: ratio >= 5.0,
        });
    }
    Ok(rows)
}

/// A client of an org that asks whether its sinks may read what they are shown.
fn asker(org: u64) -> Client {
    let keys = Population::keys(org);
    let questions = POPULATION.pairs_of(org);
    Client::new(questions.map(|question| request::evaluate(&keys, &question)).collect())
}

/// The same for the peer, which is told the answer.
fn asker_of_peer(org: u64) -> Client {
    let questions = POPULATION.pairs_of(org);
    let sinks: Vec<_> = POPULATION.pairs_of(org).map(|question| question.sink).collect();
    Client::new(questions.map(|question| request::evaluate_at_peer(&question, &sinks)).collect())
}

/// A server of Cerbos. Dropping it kills it.
struct Cerbos {
    process: Child,
    address: SocketAddr,
    _policies: tempfile::TempDir,
}

impl Cerbos {
    fn start(program: &Path) -> Result<Self, Failure> {
        const PATIENCE: Duration = Duration::from_secs(20);
        let policies = tempfile::tempdir()?;
        fs::write(policies.path().join("logs.yaml"), POLICY)?;
        // Free now, and with luck still free in a moment.
        let free = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        let (address, other) = (free()?, free()?);
        let settings = [
            format!("server.httpListenAddr={address}"),
            format!("server.grpcListenAddr={other}"),
            "storage.driver=disk".to_owned(),
            format!("storage.disk.directory={}", policies.path().display()),
            "telemetry.disabled=true".to_owned(),
        ];
        let mut command = Command::new(program);
        command.arg("server").arg("--log-level=error");
        command.args(settings.iter().map(|setting| format!("--set={setting}")));
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let cerbos = Self { process, address, _policies: policies };
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            if began.elapsed() > PATIENCE {
                return Err("Cerbos does not listen".into());
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(cerbos)
    }
}

impl Drop for Cerbos {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to be done about either failure.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
