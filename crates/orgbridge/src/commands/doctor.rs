//! `orgbridge doctor`: what is wrong with a deployment.

use clap::Args;
use orgbridge_ledger::doctor::{self, Judgement, Observation};
use serde::Serialize;

use super::context::Context;
use crate::arguments::ServerArguments;
use crate::failure::Failure;
use crate::settings::{Files, Flag, Settings, Switch};

/// Looks at a deployment as `orgbridge serve` would find it, and says what is wrong and what to do.
///
/// It looks at the database and what it loses in a crash, at whoever serves from it, and at the configuration. It changes
/// nothing, and servers go on meanwhile.
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
        let settings = context.settings();
        let mut found = of_configuration(settings);
        found.extend(doctor::examine(context.database()?, settings.max_staleness));
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

/// What is wrong with the configuration beyond what no command takes.
fn of_configuration(settings: &Settings) -> Vec<Observation> {
    let mut found = Vec::new();
    let mut note = |judgement, says: String, advice| {
        found.push(Observation { subject: "configuration", judgement, says, advice });
    };
    for problem in Files::read(settings).err().into_iter().flat_map(|problems| problems.0) {
        note(Judgement::Wrong, problem.to_string(), "a server does not start with it");
    }
    if settings.tls_cert.is_none() && !settings.listen.ip().is_loopback() {
        note(
            Judgement::Remark,
            "keys pass in clear between the server and whoever calls it".to_owned(),
            "set tls_cert and tls_key, or see to it that nobody but a proxy reaches it",
        );
    }
    if settings.admin_listen.is_some_and(|address| !address.ip().is_loopback()) {
        note(
            Judgement::Remark,
            "the admin listener answers whoever reaches it".to_owned(),
            "see to it that nobody but your monitoring does",
        );
    }
    if settings.admin_listen.is_none() {
        note(
            Judgement::Remark,
            "nobody is told whether the server is ready".to_owned(),
            "set admin_listen, and have what balances the load ask /readyz there",
        );
    }
    if settings.rate_limit == Switch::Off {
        note(
            Judgement::Remark,
            "any caller may call as often as it likes".to_owned(),
            "set rate_limit to on, unless this is a test",
        );
    }
    if found.is_empty() {
        let says = "it is whole".to_owned();
        found.push(Observation { subject: "configuration", judgement: Judgement::Fine, says, advice: "" });
    }
    found
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
