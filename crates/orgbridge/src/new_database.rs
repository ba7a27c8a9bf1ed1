//! Databases that are made here, and not left behind half-made.

use orgbridge_ledger::DatabaseAddress;

use crate::failure::Failure;
use crate::operator::Operator;

/// Whether there is a ledger at `address` already, or something else that stands in its place.
pub(crate) fn is_there(address: &DatabaseAddress) -> Result<bool, Failure> {
    Ok(address.is_taken()?)
}

/// Makes a ledger at `address`, where there must be none, and has `fill` put the first things into it. If that
/// fails, there is nothing at `address` again.
pub(crate) fn make<T>(
    address: &DatabaseAddress,
    fill: impl FnOnce(&Operator) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let operator = Operator::create(address)?;
    let filled = fill(&operator);
    drop(operator);
    if filled.is_err() {
        address.discard();
    }
    filled
}
