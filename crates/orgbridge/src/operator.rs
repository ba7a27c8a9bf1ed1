//! The operator of a deployment: whoever has its database in their hands.

use std::sync::Arc;

use orgbridge_domain::{Decided, Principal, Refusal, Session, Timestamp};
use orgbridge_ledger::{DatabaseAddress, Ledger, LedgerOptions, View};

use crate::failure::Failure;
use crate::random;

/// A ledger that the command line has opened for itself. A server may be using the same database.
pub(crate) struct Operator {
    ledger: Ledger,
    runtime: tokio::runtime::Runtime,
}

impl Operator {
    /// Opens the ledger at `address`.
    pub(crate) fn open(address: &DatabaseAddress) -> Result<Self, Failure> {
        Self::holding(Ledger::open(address, LedgerOptions::default())?)
    }

    /// Makes an empty ledger at `address`, where there is none.
    pub(crate) fn create(address: &DatabaseAddress) -> Result<Self, Failure> {
        Self::holding(Ledger::create(address, LedgerOptions::default())?)
    }

    fn holding(ledger: Ledger) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .map_err(|error| Failure::Failed(format!("no runtime can be started: {error}")))?;
        Ok(Self { ledger, runtime })
    }

    /// What is kept.
    pub(crate) fn view(&self) -> Arc<View> {
        self.ledger.view()
    }

    /// Makes durable what `rule` decides for the operator.
    pub(crate) fn commit<T, F>(&self, rule: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: Fn(&Session<'_>, Timestamp) -> Result<Decided<T>, Refusal> + Send + 'static,
    {
        let commit = self.ledger.commit(Principal::Operator, random::request_id()?, rule);
        Ok(self.runtime.block_on(commit)?)
    }
}

/// What was committed is durable already; closing puts the database into one file again.
impl Drop for Operator {
    fn drop(&mut self) {
        self.ledger.close();
    }
}
