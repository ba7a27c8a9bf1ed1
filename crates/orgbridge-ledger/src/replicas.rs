//! Who else serves the same ledger.

use uuid::Uuid;

/// The processes that serve one ledger, and which of them this one is.
///
/// What it says may be as old as anything may be that is decided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replicas {
    /// Names this process among them. It is another one after the others could have taken it for gone.
    pub seat: Uuid,
    /// How many of them come before this one, in an order that all agree on.
    pub rank: u32,
    /// How many there are, with this one.
    pub count: u32,
}

impl Replicas {
    /// A process that shares its ledger with no other that serves it.
    pub const ALONE: Self = Self { seat: Uuid::nil(), rank: 0, count: 1 };
}
