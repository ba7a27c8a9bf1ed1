//! Where new ids come from.

use uuid::Uuid;

/// Makes ids that nothing else has. Tests bring one whose ids they know.
pub trait IdSource: Send + Sync + 'static {
    /// A new id.
    fn next(&self) -> Uuid;
}

/// Random UUIDs (version 4) from a generator that the operating system seeds: a system call for each would
/// cost every request as much as deciding it.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomIds;

impl IdSource for RandomIds {
    fn next(&self) -> Uuid {
        Uuid::new_v4()
    }
}
