//! What every command works with.

use orgbridge_domain::org_connection::Limits;
use orgbridge_domain::user::CreatorDisabled;
use orgbridge_ledger::DatabaseAddress;

use crate::failure::Failure;
use crate::operator::Operator;
use crate::printer::Printer;
use crate::settings::{Resolved, Settings};

/// What every command works with.
#[derive(Debug)]
pub(crate) struct Context {
    /// Where it shows what it did.
    pub(crate) printer: Printer,
    /// What is configured.
    pub(crate) resolved: Resolved,
}

impl Context {
    /// What is configured.
    pub(crate) const fn settings(&self) -> &Settings {
        &self.resolved.settings
    }

    /// The database that was named.
    pub(crate) fn database(&self) -> Result<&DatabaseAddress, Failure> {
        self.settings().database.as_ref().ok_or_else(|| {
            Failure::Usage(
                "no database is named; give --database sqlite:PATH, or set ORGBRIDGE_DATABASE".to_owned(),
            )
        })
    }

    /// The database, opened to be read and changed.
    pub(crate) fn operator(&self) -> Result<Operator, Failure> {
        Operator::open(self.database()?)
    }

    /// The operator's bounds on connections.
    pub(crate) fn limits(&self) -> Limits {
        self.settings().limits()
    }

    /// What becomes of the connections of a user who is switched off.
    pub(crate) fn creator_disabled(&self) -> CreatorDisabled {
        self.settings().creator_disabled
    }
}
