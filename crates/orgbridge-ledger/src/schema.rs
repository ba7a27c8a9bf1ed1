//! Versions of the schema, and which programs can work with which.
//!
//! Programs of two releases work side by side on one database. The newer one applies its migrations when it starts; the
//! earlier one goes on for as long as the ledger says that programs like it can.

use std::fmt::Display;

use crate::{OpenError, Unavailable};

/// The version of the schema that brought the least version that a program has to know.
pub(crate) const LEAST_SINCE: u32 = 9;

/// The newest version to which migrations lead.
pub(crate) fn newest_of(migrations: &refinery::Runner) -> u32 {
    let versions = migrations.get_migrations().iter().map(refinery::Migration::version);
    versions.max().and_then(|version| u32::try_from(version).ok()).unwrap_or(0)
}

/// Refuses a ledger whose programs have to know version `needed` at the least, where this one knows no more than `known`.
pub(crate) const fn admit(needed: u32, known: u32) -> Result<(), OpenError> {
    if needed > known { Err(OpenError::NewerSchema { needed, known }) } else { Ok(()) }
}

/// Refuses a ledger of any version but the one that this program knows: what is moved row by row needs each table and column
/// that there is, and no other.
pub(crate) fn require(address: impl Display, found: u32, known: u32) -> Result<(), OpenError> {
    let address = || address.to_string();
    match found {
        _ if found < known => Err(OpenError::OlderSchema { address: address(), found, known }),
        _ if found > known => Err(OpenError::AdvancedSchema { address: address(), found, known }),
        _ => Ok(()),
    }
}

/// Refuses a kind of change that this program does not know, rather than go on without it.
pub(crate) fn unknown_to_us(kind: &str) -> Unavailable {
    tracing::warn!(kind, "a newer program has kept what this one does not know");
    Unavailable::NewerSchema
}

/// What came of reading a ledger of version `found`, where this program knows no more than `known`. What it can't read there a
/// newer one has written, for those who understand it.
pub(crate) fn refuse_unread<T>(
    read: Result<T, Unavailable>,
    found: u32,
    known: u32,
) -> Result<T, Unavailable> {
    match read {
        Err(Unavailable::Storage { cause }) if found > known => {
            tracing::warn!(cause, found, known, "a newer program has written what this one can't read");
            Err(Unavailable::NewerSchema)
        }
        read => read,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_works_with_whatever_needs_no_more_than_it_knows() {
        assert!(admit(9, 9).is_ok());
        assert!(admit(9, 12).is_ok());
        assert!(matches!(admit(10, 9), Err(OpenError::NewerSchema { needed: 10, known: 9 })));
    }

    #[test]
    fn what_is_moved_row_by_row_needs_the_version_of_the_program() {
        assert!(require("here", 9, 9).is_ok());
        assert!(matches!(require("here", 8, 9), Err(OpenError::OlderSchema { found: 8, known: 9, .. })));
        assert!(matches!(require("here", 10, 9), Err(OpenError::AdvancedSchema { found: 10, known: 9, .. })));
    }
}
