//! What is wrong with a configuration beyond what no command takes.

use orgbridge_ledger::doctor::Observation;

use super::{fine, remark, wrong};
use crate::settings::{Exposure, FileProblems, Settings};

const SUBJECT: &str = "configuration";

/// Says what is wrong with the files that `settings` name, and what they leave open.
pub(super) fn look(settings: &Settings, unusable: Option<&FileProblems>) -> Vec<Observation> {
    let problems = unusable.into_iter().flat_map(|problems| &problems.0);
    let mut found: Vec<_> = problems
        .map(|problem| wrong(SUBJECT, problem.to_string(), "a server does not start with it"))
        .collect();
    let exposures = settings.exposures().into_iter();
    found.extend(exposures.map(|Exposure { says, advice }| remark(SUBJECT, says, advice)));
    if settings.admin_listen.is_none() {
        found.push(remark(
            SUBJECT,
            "nobody is told whether the server is ready",
            "set admin_listen, and have what balances the load ask /readyz there",
        ));
    }
    if found.is_empty() { vec![fine(SUBJECT, "it is whole")] } else { found }
}
