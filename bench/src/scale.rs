//! What does a million orgs cost?

use std::env;
use std::hint::black_box;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use orgbridge_domain::org_connection::{self, Filter};
use orgbridge_domain::right::OrgConnectionsRead;
use orgbridge_domain::{CrossSite, Page, Principal, Session, Timestamp};
use orgbridge_ledger::{DatabaseAddress, Ledger, LedgerOptions, View};
use serde::{Deserialize, Serialize};

use crate::load::{self, Client};
use crate::machine::{Memory, bytes};
use crate::population::Population;
use crate::report::{Row, count, time};
use crate::samples::Samples;
use crate::server::{Orgbridge, database};
use crate::{Effort, Failure, request};

/// What the larger population is compared with.
const SMALL: Population = Population { orgs: 1_000 };

/// How many decisions are timed, each on its own.
const DECISIONS: usize = 1_000_000;

/// How many lists are timed, each on its own.
const LISTS: usize = 100_000;

/// The longest page there is.
const PAGE: Page = Page { offset: 0, limit: 1_000 };

/// What the rules alone take, in nanoseconds.
#[derive(Debug, Serialize, Deserialize)]
struct Rules {
    decision: u64,
    slow_decision: u64,
    list: u64,
}

/// What a population costs.
struct Costs {
    rules: Rules,
    /// From the start of a server's process until it listens.
    loaded_in: Duration,
    memory: Memory,
    /// A list over HTTP, when nobody else asks.
    list: Duration,
    /// A decision likewise.
    decision: Duration,
}

pub(crate) fn measure(effort: Effort) -> Result<Vec<Row>, Failure> {
    let small = costs(SMALL, effort)?;
    let large = costs(effort.large, effort)?;
    let (orgs, connections) = (count(effort.large.orgs), count(effort.large.connections()));
    let few = format!("at {} orgs", count(SMALL.orgs));
    let nanoseconds = |large: u64, small: u64| (Duration::from_nanos(large), Duration::from_nanos(small));
    let compared = |what: &str, (large, small): (Duration, Duration)| {
        let ratio = large.as_secs_f64() / small.as_secs_f64();
        Row {
            measure: format!("{what} at {orgs} orgs, p50"),
            figure: time(large),
            peer: format!("{few}: {}", time(small)),
            ratio: Some(ratio),
            target: "at most 3 ×".to_owned(),
            met: ratio <= 3.0,
        }
    };
    let limited = |what: &str, figure: String, target: &str, met: bool| Row {
        measure: format!("{orgs} orgs and {connections} connections: {what}"),
        figure,
        peer: String::new(),
        ratio: None,
        target: target.to_owned(),
        met,
    };
    let (decision, slow) = nanoseconds(large.rules.decision, large.rules.slow_decision);
    Ok(vec![
        Row {
            measure: format!("one decision, rule alone, at {connections} connections"),
            figure: format!("p50 {}, p99 {}", time(decision), time(slow)),
            peer: String::new(),
            ratio: None,
            target: "p50 under 500 ns".to_owned(),
            met: decision.as_nanos() < 500,
        },
        limited("server loaded in", time(large.loaded_in), "under 15 s", large.loaded_in.as_secs() < 15),
        limited(
            "memory",
            format!("{} (at the start {})", bytes(large.memory.resident), bytes(large.memory.peak)),
            "under 4 GB",
            large.memory.peak < 4_000_000_000,
        ),
        compared("a list of ten over HTTP", (large.list, small.list)),
        compared("a decision over HTTP", (large.decision, small.decision)),
        compared("a list of ten, rule alone,", nanoseconds(large.rules.list, small.rules.list)),
        compared("a decision, rule alone,", nanoseconds(large.rules.decision, small.rules.decision)),
    ])
}

fn costs(population: Population, effort: Effort) -> Result<Costs, Failure> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger.db");
    population.write(&path)?;
    let rules = ask_another_process(&path, population)?;

    let orgbridge = Orgbridge::serve(&database(&path))?;
    let memory = orgbridge.server.memory()?;
    let alone = |requests| {
        let mut client = vec![Client::new(requests)];
        Ok::<_, Failure>(load::run(orgbridge.server.address, &mut client, effort.turn)?.latencies.median())
    };
    let list = alone(population.keyed().map(|org| request::list(&Population::keys(org))).collect())?;
    let questions =
        population.keyed().flat_map(|org| population.pairs_of(org).map(move |asked| (org, asked)));
    let decision =
        alone(questions.map(|(org, asked)| request::evaluate(&Population::keys(org), &asked)).collect())?;
    Ok(Costs { rules, loaded_in: orgbridge.server.ready_after, memory, list, decision })
}

/// Asks the rules in a process that has done nothing else.
fn ask_another_process(path: &Path, population: Population) -> Result<Rules, Failure> {
    let mut command = Command::new(env::current_exe()?);
    let output = command.arg("examine").arg(path).arg(population.orgs.to_string()).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Opens the ledger in a file and asks the rules.
pub(crate) fn examine(path: PathBuf, population: Population) -> Result<(), Failure> {
    let ledger = Ledger::open(&DatabaseAddress::Sqlite(path), LedgerOptions::default())?;
    let view = ledger.view();
    let mut decisions = decisions(&view, population)?;
    let rules = Rules {
        decision: nanoseconds(decisions.median()),
        slow_decision: nanoseconds(decisions.percentile(99)),
        list: nanoseconds(lists(&view, population)?.median()),
    };
    Ok(writeln!(io::stdout(), "{}", serde_json::to_string(&rules)?)?)
}

fn decisions(view: &View, population: Population) -> Result<Samples, Failure> {
    let mut random = fastrand::Rng::with_seed(1);
    let questions: Vec<_> = (0..DECISIONS).map(|_| population.question(&mut random)).collect();
    let mut wrong = 0;
    let samples = questions.iter().map(|question| {
        let asked = Instant::now();
        let by = org_connection::decide(
            &view.state,
            question.sink,
            question.source,
            question.wanted,
            CrossSite::Refused,
        );
        let took = asked.elapsed();
        wrong += usize::from(by.is_some() != question.allowed);
        took
    });
    let samples = samples.collect();
    if wrong == 0 { Ok(samples) } else { Err(format!("{wrong} decisions were wrong").into()) }
}

fn lists(view: &View, population: Population) -> Result<Samples, Failure> {
    let mut random = fastrand::Rng::with_seed(2);
    let session = Session::new(&view.state, Principal::Operator, Timestamp::from_micros(0));
    (0..LISTS)
        .map(|_| {
            let org = Population::org(random.u64(..population.orgs));
            let grant = session.authorize_in::<OrgConnectionsRead>(org)?;
            let asked = Instant::now();
            black_box(org_connection::list(&grant, Filter::default(), PAGE));
            Ok(asked.elapsed())
        })
        .collect()
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
