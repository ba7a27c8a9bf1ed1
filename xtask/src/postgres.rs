//! PostgreSQL's programs, by which tests start servers of their own.

use std::fs;
use std::io::Write;

use crate::shell::{Result, need, works};

/// Works where `orgbridge-postgres-server` finds what it needs.
const LOOK: [&str; 3] = ["sh", "-c", "command -v initdb || ls /usr/lib/postgresql/*/bin/initdb"];

/// Where Debian's packages read whether to set up a server of the machine's.
const SETTINGS: &str = "/etc/postgresql-common/createcluster.conf";

/// Makes sure that the programs are there. Where they have to be installed, no server comes with them: tests never use
/// the machine's, and so it needs none.
pub(crate) fn need_programs() -> Result {
    if !works(&LOOK) {
        need(&["test", "-e", SETTINGS], &["postgresql-common"])?;
        let mut settings = fs::File::options().append(true).open(SETTINGS)?;
        settings.write_all(b"create_main_cluster = false\n")?;
    }
    need(&LOOK, &["postgresql"])
}
