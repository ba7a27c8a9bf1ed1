//! `orgbridge doctor`: what is wrong with a deployment.

use clap::Args;
use orgbridge_ledger::doctor::{Judgement, Observation};
use orgbridge_ledger::{Clock, SystemClock};
use serde::Serialize;

use super::context::Context;
use crate::arguments::ServerArguments;
use crate::doctor;
use crate::failure::Failure;
use crate::settings::Flag;

/// Looks at a deployment as `orgbridge serve` would find it, and says what is wrong and what to do.
///
/// It looks at the configuration, the files and the organizations that it names, at the database and what it loses in a
/// crash, and at whoever serves from it. It changes nothing that is kept, and servers go on meanwhile.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  orgbridge doctor --database sqlite:ledger.db
  orgbridge doctor --config /etc/orgbridge.toml --output json

Exit code 1 if anything is wrong; remarks are nothing wrong.")]
pub(crate) struct Doctor {
    #[command(flatten)]
    server: ServerArguments,
}

/// Something that was looked at.
#[derive(Debug, Serialize)]
struct ObservationRecord {
    subject: &'static str,
    judgement: &'static str,
    says: String,
    advice: &'static str,
}

/// All of it.
#[derive(Debug, Serialize)]
struct DoctorRecord {
    healthy: bool,
    observations: Vec<ObservationRecord>,
}

impl Doctor {
    pub(crate) fn flags(&self) -> Vec<Flag> {
        self.server.flags()
    }

    pub(crate) fn run(context: &Context) -> Result<(), Failure> {
        let found = doctor::examine(context.settings(), context.database()?, SystemClock.now());
        let wrong = found.iter().filter(|one| one.judgement == Judgement::Wrong).count();
        let observations = found.into_iter().map(ObservationRecord::from).collect();
        let record = DoctorRecord { healthy: wrong == 0, observations };
        context.printer.report(&record, &in_words(&record))?;
        match wrong {
            0 => Ok(()),
            1 => Err(Failure::Failed("one thing is wrong".to_owned())),
            _ => Err(Failure::Failed(format!("{wrong} things are wrong"))),
        }
    }
}

impl From<Observation> for ObservationRecord {
    fn from(one: Observation) -> Self {
        let Observation { subject, judgement, says, advice } = one;
        let judgement = match judgement {
            Judgement::Fine => "fine",
            Judgement::Remark => "remark",
            Judgement::Wrong => "wrong",
        };
        Self { subject, judgement, says, advice }
    }
}

fn in_words(record: &DoctorRecord) -> String {
    let lines = record.observations.iter().map(|one| {
        let ObservationRecord { subject, judgement, says, advice } = one;
        if advice.is_empty() {
            format!("{judgement:<6}  {subject}: {says}")
        } else {
            format!("{judgement:<6}  {subject}: {says}; {advice}")
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}
