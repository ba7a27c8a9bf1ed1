//! Whether the organizations are there that the configuration names.

use orgbridge_ledger::DatabaseAddress;
use orgbridge_ledger::doctor::Observation;

use super::{fine, remark, wrong};
use crate::operator::Operator;
use crate::server::known_org;
use crate::settings::Settings;

const SUBJECT: &str = "organizations";

/// Says whether those whose users come from issuers outside are in `database`: `None` where it can't be read as this program
/// reads it.
pub(super) fn look(settings: &Settings, database: Option<&DatabaseAddress>) -> Vec<Observation> {
    let settings_with_orgs = [
        ("oauth.external_issuer.org", &settings.external_issuer_org),
        ("oauth.login.org", &settings.login_org),
    ];
    let named: Vec<_> =
        settings_with_orgs.into_iter().filter_map(|(setting, org)| Some((setting, org.as_ref()?))).collect();
    if named.is_empty() {
        return Vec::new();
    }
    let Some(database) = database else {
        return vec![remark(
            SUBJECT,
            "those that issuers outside name were not looked for",
            "see what is said of the database and its schema, and look again",
        )];
    };
    let operator = match Operator::open(database) {
        Ok(operator) => operator,
        Err(failure) => return vec![wrong(SUBJECT, failure.to_string(), "")],
    };
    let view = operator.view();
    let unknown = named.into_iter().filter_map(|(setting, org)| known_org(&view.state, setting, org).err());
    let found: Vec<_> =
        unknown.map(|error| wrong(SUBJECT, error.to_string(), "a server does not start with it")).collect();
    if found.is_empty() { vec![fine(SUBJECT, "those that issuers outside name are there")] } else { found }
}
