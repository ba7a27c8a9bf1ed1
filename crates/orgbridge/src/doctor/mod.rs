//! What is wrong with a deployment, as `orgbridge serve` would find it. The ledger says what is wrong with its database.

mod certificate;
mod configuration;
mod organizations;

use orgbridge_domain::Timestamp;
use orgbridge_ledger::DatabaseAddress;
use orgbridge_ledger::doctor::{self, Judgement, Observation};

use crate::settings::{Files, Settings};

/// Looks at what `settings` say and name, and at `database`.
pub(crate) fn examine(settings: &Settings, database: &DatabaseAddress, now: Timestamp) -> Vec<Observation> {
    let files = Files::read(settings);
    let mut found = configuration::look(settings, files.as_ref().err());
    let tls = files.ok().and_then(|files| files.tls);
    found.extend(tls.map(|tls| certificate::look(tls.validity(), now)));
    let of_database = doctor::examine(database, settings.max_staleness);
    let has_our_schema =
        of_database.iter().any(|one| one.subject == "schema" && one.judgement == Judgement::Fine);
    found.extend(of_database);
    found.extend(organizations::look(settings, has_our_schema.then_some(database)));
    found
}

fn fine(subject: &'static str, says: impl Into<String>) -> Observation {
    Observation { subject, judgement: Judgement::Fine, says: says.into(), advice: "" }
}

fn remark(subject: &'static str, says: impl Into<String>, advice: &'static str) -> Observation {
    Observation { subject, judgement: Judgement::Remark, says: says.into(), advice }
}

fn wrong(subject: &'static str, says: impl Into<String>, advice: &'static str) -> Observation {
    Observation { subject, judgement: Judgement::Wrong, says: says.into(), advice }
}
