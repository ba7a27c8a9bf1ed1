//! What takes long to build, built while tests wait for something: many of them wait for leases and timers, more than they
//! compute.

use std::thread::{self, JoinHandle};

use crate::shell::Result;
use crate::{clients, supply_chain};

/// Builds that go on beside, with what time of the processors is left.
pub(crate) struct Beside(JoinHandle<std::result::Result<(), String>>);

impl Beside {
    /// Begins to build the programs on every client, and the tools.
    pub(crate) fn begin() -> Self {
        Self(thread::spawn(|| {
            let built =
                give_way().and_then(|()| supply_chain::prepare()).and_then(|()| clients::prepare_all());
            built.map_err(|error| error.to_string())
        }))
    }

    /// Waits until all is built.
    pub(crate) fn end(self) -> Result {
        Ok(self.0.join().map_err(|_| "the builds beside panicked")??)
    }
}

/// Has this thread, and what it starts, come after all others.
#[cfg(target_os = "linux")]
fn give_way() -> Result {
    // On Linux every thread has a priority of its own.
    rustix::process::nice(19)?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn give_way() -> Result {
    Ok(())
}
