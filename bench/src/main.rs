//! How fast is Orgbridge?
//!
//! Everything is measured in one run, side by side with a peer or against a limit: figures of different days
//! or machines say little, ratios within a run say more. Whatever has a peer takes turns with it, and medians
//! of the turns are compared. Every answer is checked; a wrong one ends the run.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "counts and times are far from where that would show in a figure"
)]

mod audit;
mod bare;
mod constant;
mod crowd;
mod decision;
mod durable;
mod load;
mod machine;
mod population;
mod postgres;
mod read;
mod report;
mod request;
mod samples;
mod scale;
mod server;
mod single;
mod soak;
mod start;
mod token;

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

use crate::population::Population;
use crate::report::Row;

/// Why nothing could be measured, or what was wrong with an answer.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Measures Orgbridge, and prints a table in Markdown.
///
/// Needs the `orgbridge` program beside this one, and 5 GB of memory and of disk unless `--quick`.
#[derive(Debug, Parser)]
struct Arguments {
    /// Measures this alone; may be repeated.
    #[arg(long, value_name = "NAME")]
    only: Vec<Measure>,
    /// Takes shorter turns, and a tenth of the orgs: under a minute, and less certain.
    #[arg(long)]
    quick: bool,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Measure {
    /// Updates on 32 connections.
    Durable,
    /// Updates on 32 connections, on PostgreSQL.
    Postgres,
    /// Revocations with three servers on PostgreSQL.
    Revocation,
    /// Decisions on 32 connections.
    Decision,
    /// Updates on one connection.
    Single,
    /// Reads on 32 connections.
    Read,
    /// Reads with an access token, next to the same with keys.
    Token,
    /// A million orgs.
    Scale,
    /// Searches of a long audit trail.
    Audit,
    /// The start of an empty server.
    Start,
}

/// What else there is to do, or what a process does that this program starts for itself.
#[derive(Debug, Subcommand)]
enum Role {
    /// Measures a server beside 5,000 idle connections and under attack. Ends with 1 if its memory goes on growing.
    Soak {
        /// How long it is attacked.
        #[arg(long)]
        minutes: u32,
    },
    /// Serves bodies of a constant size.
    #[command(hide = true)]
    Constant { size: usize },
    /// Opens the ledger of a population, and asks it.
    #[command(hide = true)]
    Examine { database: PathBuf, orgs: u64 },
}

/// How much is done for each measure.
#[derive(Debug, Clone, Copy)]
struct Effort {
    /// How often a measure and its peer take turns.
    turns: usize,
    /// How long each turn of either is.
    turn: Duration,
    /// The largest population.
    large: Population,
}

impl Effort {
    const FULL: Self =
        Self { turns: 7, turn: Duration::from_millis(1500), large: Population { orgs: 1_000_000 } };
    const QUICK: Self =
        Self { turns: 3, turn: Duration::from_millis(700), large: Population { orgs: 100_000 } };
}

fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    match arguments.role {
        Some(Role::Soak { minutes }) => {
            let rows = soak::soak(minutes)?;
            show(&rows)?;
            let [_, memory] = rows;
            if memory.met { Ok(()) } else { Err("memory went on growing".into()) }
        }
        Some(Role::Constant { size }) => constant::serve(size),
        Some(Role::Examine { database, orgs }) => scale::examine(database, Population { orgs }),
        None => measure(&arguments),
    }
}

fn measure(arguments: &Arguments) -> Result<(), Failure> {
    let effort = if arguments.quick { Effort::QUICK } else { Effort::FULL };
    let wanted = |measure| arguments.only.is_empty() || arguments.only.contains(&measure);
    let mut rows: Vec<Row> = Vec::new();
    for measure in Measure::value_variants().iter().copied().filter(|measure| wanted(*measure)) {
        rows.extend(match measure {
            Measure::Durable => durable::measure(effort)?,
            Measure::Postgres => postgres::durable(effort)?,
            Measure::Revocation => postgres::revocation(effort)?,
            Measure::Decision => decision::measure(effort)?,
            Measure::Single => single::measure(effort)?,
            Measure::Read => read::measure(effort)?,
            Measure::Token => token::measure(effort)?,
            Measure::Scale => scale::measure(effort)?,
            Measure::Audit => audit::measure(effort)?,
            Measure::Start => start::measure(effort)?,
        });
    }
    show(&rows)
}

fn show(rows: &[Row]) -> Result<(), Failure> {
    Ok(write!(io::stdout(), "{}\n{}", machine::describe()?, report::table(rows))?)
}
