//! Runs replicas under faults, and checks what they answered.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use orgbridge_chaos::{Failure, Outcome, Setting};
use orgbridge_postgres_server::PostgresServer;

/// How many violations of a run are told.
const TOLD: usize = 10;

/// Fewer acknowledged changes in a run than this, on average, and nothing was shown.
const LEAST_CHANGES: usize = 20;

/// Runs replicas under faults, and checks that no answer broke a promise.
///
/// Each run has a seed of its own, from which it can be made again: the plan is the same then, and the rest as alike as
/// processes are.
#[derive(Debug, Parser)]
struct Arguments {
    /// The `orgbridge` program that serves.
    #[arg(long)]
    program: PathBuf,
    /// How many runs there are.
    #[arg(long, default_value_t = 20, conflicts_with = "minutes")]
    runs: u64,
    /// Runs for so long instead.
    #[arg(long)]
    minutes: Option<u64>,
    /// The seed of the first run; each run has the next one. By default, by chance.
    #[arg(long)]
    seed: Option<u64>,
    /// How many replicas there are.
    #[arg(long, default_value_t = 3)]
    replicas: usize,
    /// How many clients call.
    #[arg(long, default_value_t = 10)]
    clients: usize,
    /// Keeps the ledger in a file instead of on a PostgreSQL server.
    #[arg(long)]
    sqlite: bool,
    /// Says what the replicas complained of.
    #[arg(long)]
    logs: bool,
}

fn main() -> Result<ExitCode, Failure> {
    let arguments = Arguments::parse();
    let server = if arguments.sqlite { None } else { Some(PostgresServer::start()?) };
    let setting = Setting {
        program: arguments.program.clone(),
        server: server.as_ref(),
        replicas: arguments.replicas,
        clients: arguments.clients,
        variables: Vec::new(),
    };
    let first = arguments.seed.unwrap_or_else(|| fastrand::u64(..1_000_000_000));
    let began = Instant::now();
    let (mut runs, mut changes, mut violations) = (0, 0, 0);
    for seed in first.. {
        let goes_on = match arguments.minutes {
            Some(minutes) => began.elapsed() < Duration::from_secs(60 * minutes),
            None => seed - first < arguments.runs,
        };
        if !goes_on {
            break;
        }
        let outcome = setting.run(seed)?;
        tell(seed, &outcome, arguments.logs)?;
        runs += 1;
        changes += outcome.acknowledged;
        violations += outcome.violations.len();
    }
    let seconds = began.elapsed().as_secs();
    writeln!(io::stdout(), "{runs} runs in {seconds} s: {changes} changes, {violations} violations")?;
    if violations > 0 {
        return Ok(ExitCode::FAILURE);
    }
    if changes < LEAST_CHANGES * runs {
        return Err("the replicas were hardly under load".into());
    }
    Ok(ExitCode::SUCCESS)
}

/// Says what came of a run.
fn tell(seed: u64, outcome: &Outcome, logs: bool) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    writeln!(output, "seed {seed}: {outcome}")?;
    for violation in outcome.violations.iter().take(TOLD) {
        writeln!(output, "  {violation}")?;
    }
    if logs {
        writeln!(output, "{}", outcome.logs)?;
    }
    Ok(())
}
