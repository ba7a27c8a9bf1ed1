//! Where in its history a ledger stands.

use std::fmt;

/// How many changes a ledger has kept. Each change raises it by one, without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Revision(u64);

impl Revision {
    /// The revision after `count` changes.
    pub const fn new(count: u64) -> Self {
        Self(count)
    }

    /// How many changes there were.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The revision of the change after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

/// Which history it is. Restoring a backup begins a new one, so that nobody takes it for the one they knew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(u64);

impl Epoch {
    /// The history that a new ledger begins.
    pub const FIRST: Self = Self(1);

    /// The history with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The history that comes after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

/// SHA-256 over an audit entry and the digest of the entry before it: it vouches for the whole history up to
/// there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ChainDigest([u8; 32]);

impl ChainDigest {
    /// What the first entry of a ledger follows.
    pub const START: Self = Self([0; 32]);

    /// Wraps a digest that was kept.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to keep.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// In hexadecimal.
impl fmt::Display for ChainDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for ChainDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ChainDigest({self})")
    }
}

/// Where in its history a ledger stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Which history.
    pub epoch: Epoch,
    /// How far along it.
    pub revision: Revision,
    /// What vouches for it.
    pub digest: ChainDigest,
}

impl Position {
    /// Whether whoever stands at `revision` of `epoch` has come as far.
    pub(crate) fn is_reached_at(&self, epoch: Epoch, revision: Revision) -> bool {
        (epoch, revision) >= (self.epoch, self.revision)
    }
}
