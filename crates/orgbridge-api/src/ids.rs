//! Where new ids and secrets come from.

use uuid::Uuid;

/// Makes ids that nothing else has, and secrets that nobody can guess. Tests bring one whose ids they know.
pub trait IdSource: Send + Sync + 'static {
    /// A new id.
    fn next(&self) -> Uuid;

    /// Fills `bytes` with what a secret is made of.
    ///
    /// # Errors
    /// [`NoRandomness`] if there is nothing that would be secret.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness>;
}

/// The operating system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no random bytes: {0}")]
pub struct NoRandomness(#[from] getrandom::Error);

/// Random UUIDs (version 4) from a generator that the operating system seeds: a system call for each would
/// cost every request as much as deciding it. Secrets come from the operating system itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomIds;

impl IdSource for RandomIds {
    fn next(&self) -> Uuid {
        Uuid::new_v4()
    }

    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        Ok(getrandom::fill(bytes)?)
    }
}
