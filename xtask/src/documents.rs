//! Documents that are written from the code. What they hold is in `crates/orgbridge-api/tests/documents.rs`: a chore that knew
//! would have to be built with half of Orgbridge.

use crate::shell::{Result, cargo_command, run_command};

/// Writes every generated document.
pub(crate) fn write() -> Result {
    run_command(test().env("ORGBRIDGE_WRITE_DOCUMENTS", "1"))
}

/// Fails where a document is not what the code would write.
pub(crate) fn check() -> Result {
    run_command(&mut test())
}

fn test() -> std::process::Command {
    cargo_command(&["test", "--quiet", "--locked", "--package", "orgbridge-api", "--test", "documents"])
}
