//! What an operator is told where a database does not hold what was known.

use std::io::{self, Write};
use std::sync::{Mutex, Once, PoisonError};
use std::time::Duration;

use orgbridge_ledger::{CommitObserver, Unavailable};

/// How much was not as it was known, each time that another history was found.
#[derive(Default)]
pub(crate) struct Losses(Mutex<Vec<usize>>);

impl Losses {
    pub(crate) fn found(&self) -> Vec<usize> {
        self.0.lock().unwrap().clone()
    }
}

impl CommitObserver for Losses {
    fn committed(&self, _commands: usize, _changes: usize, _took: Duration) {}

    fn failed(&self, _trouble: &Unavailable) {}

    fn found_another_history(&self, differing: usize) {
        self.0.lock().unwrap().push(differing);
    }
}

/// What all tests have logged as an error since one of them asked for it.
static LOGGED: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// From here on it is kept what is logged as an error.
pub(crate) fn keep_log() {
    struct Log;

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            LOGGED.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::ERROR)
            .with_ansi(false)
            .with_writer(|| Log)
            .init();
    });
}

/// The lines that were logged of something.
pub(crate) fn logged_of(what: &str) -> Vec<String> {
    let logged = LOGGED.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let logged = String::from_utf8(logged).unwrap();
    logged.lines().filter(|line| line.contains(what)).map(str::to_owned).collect()
}
