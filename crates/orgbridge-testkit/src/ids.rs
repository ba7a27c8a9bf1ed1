//! Ids that a test knows beforehand.

use std::sync::atomic::{AtomicU64, Ordering};

use orgbridge_api::{IdSource, NoRandomness};
use uuid::Uuid;

/// Counts from `00000000-0000-4000-8000-000000000001`.
#[derive(Debug, Default)]
pub struct CountingIds(AtomicU64);

impl IdSource for CountingIds {
    fn next(&self) -> Uuid {
        let number = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        Uuid::from_u128(0x4000_8000_0000_0000_0000 + u128::from(number))
    }

    /// With the next id, over and over, so that no secret is another's.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        let id = self.next().into_bytes();
        for (place, byte) in bytes.iter_mut().zip(id.into_iter().cycle()) {
            *place = byte;
        }
        Ok(())
    }
}
