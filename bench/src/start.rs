//! How long until an empty server listens, and how much memory does it take?

use orgbridge_ledger::{DatabaseAddress, Ledger, LedgerOptions};

use crate::machine::bytes;
use crate::report::{Row, time};
use crate::samples::Samples;
use crate::server::{Orgbridge, database};
use crate::{Effort, Failure};

pub(crate) fn measure(effort: Effort) -> Result<Vec<Row>, Failure> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger.db");
    Ledger::create(&DatabaseAddress::Sqlite(path.clone()), LedgerOptions::default())?.close();

    let mut times = Samples::default();
    let mut most = 0;
    for _ in 0..3 * effort.turns {
        let orgbridge = Orgbridge::serve(&database(&path))?;
        times.push(orgbridge.server.ready_after);
        most = most.max(orgbridge.server.memory()?.resident);
    }

    let took = times.median();
    Ok(vec![
        Row {
            measure: "empty server, from the start of the process until it listens".to_owned(),
            figure: time(took),
            peer: String::new(),
            ratio: None,
            target: "under 50 ms".to_owned(),
            met: took.as_millis() < 50,
        },
        Row {
            measure: "empty server, resident memory".to_owned(),
            figure: bytes(most),
            peer: String::new(),
            ratio: None,
            target: "under 30 MB".to_owned(),
            met: most < 30_000_000,
        },
    ])
}
