//! PostgreSQL's programs: where they are, and as whom they run.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::ServerError;

/// Where Debian's packages put each version, in a folder of its own.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The environment variable that names the folder of the server's programs, where it is to be another version than the one
/// that is installed.
pub const VARIABLE: &str = "ORGBRIDGE_TEST_POSTGRES";

/// What makes a server and runs it.
const OF_SERVER: [&str; 3] = ["initdb", "pg_ctl", "postgres"];

/// What speaks to one, of whichever version.
const CLIENT: &str = "psql";

/// The programs of PostgreSQL.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    /// Where those of the server are, all of one version.
    server: PathBuf,
    /// Where those are that speak to it.
    clients: PathBuf,
}

impl Programs {
    /// Those in the folder that [`VARIABLE`] names. Where it names none, those that stand in `PATH`, or else the newest
    /// that Debian has installed.
    pub(crate) fn find() -> Result<Self, ServerError> {
        match env::var_os(VARIABLE) {
            Some(folder) => Self::in_folder(Path::new(&folder)),
            None => Self::installed(),
        }
    }

    /// Those in `folder`, where there may be none that speaks to a server.
    fn in_folder(folder: &Path) -> Result<Self, ServerError> {
        let missing: Vec<_> =
            OF_SERVER.into_iter().filter(|program| !folder.join(program).is_file()).collect();
        if !missing.is_empty() {
            return Err(ServerError::new(format!(
                "the folder {} that {VARIABLE} names lacks {}",
                folder.display(),
                missing.join(", ")
            )));
        }
        let server = folder.canonicalize().map_err(|error| at(folder, &error))?;
        let clients = if server.join(CLIENT).is_file() { server.clone() } else { Self::installed()?.clients };
        Ok(Self { server, clients })
    }

    fn installed() -> Result<Self, ServerError> {
        let needed = || OF_SERVER.into_iter().chain([CLIENT]);
        let path = env::var_os("PATH").unwrap_or_default();
        let mut folders = env::split_paths(&path).chain(debian());
        let found = folders.find(|folder| needed().all(|program| folder.join(program).is_file()));
        found.map(|folder| Self { server: folder.clone(), clients: folder }).ok_or_else(|| {
            ServerError::new(format!(
                "there is no PostgreSQL here: none of the folders in PATH and none of {DEBIAN}/*/bin has {}; \
                 install Debian's package postgresql, or put those programs into PATH",
                needed().collect::<Vec<_>>().join(", ")
            ))
        })
    }

    /// One of those that speak to a server.
    pub(crate) fn client(&self, program: &str) -> PathBuf {
        self.clients.join(program)
    }

    /// A command line of one of the server's own, as [`Person`] where it won't run as who we are.
    pub(crate) fn command_as(&self, person: Person, program: &str) -> Command {
        person.command(&self.of_server(program))
    }

    /// One of the server's own.
    pub(crate) fn of_server(&self, program: &str) -> PathBuf {
        self.server.join(program)
    }

    /// Makes sure that whoever is going to run the server can.
    pub(crate) fn be_run_by(&self, person: Person) -> Result<(), ServerError> {
        let program = self.of_server("postgres");
        run(person.command(&program).arg("--version")).map(drop).map_err(|error| {
            ServerError::new(format!(
                "{} does not run as whom the server is to run as; everybody has to be able to enter the folders that it \
                 is in: {error}",
                program.display()
            ))
        })
    }
}

/// The folders of Debian's versions, the newest first.
fn debian() -> Vec<PathBuf> {
    let entries = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let number_of = |path: &Path| {
        path.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse::<u32>().ok())
    };
    let mut versions: Vec<_> =
        entries.filter_map(|entry| Some((number_of(&entry.path())?, entry.path().join("bin")))).collect();
    versions.sort_unstable_by(|one, other| other.cmp(one));
    versions.into_iter().map(|(_, folder)| folder).collect()
}

/// As whom the server runs: PostgreSQL refuses to run as root.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Person {
    /// As whoever runs the tests.
    Ourselves,
    /// As a user without rights, where root runs the tests.
    Nobody {
        /// Their number.
        user: u32,
        /// That of their group.
        group: u32,
    },
}

impl Person {
    /// The one who owns what `folder` is in. Whoever makes a folder owns it.
    pub(crate) fn beside(folder: &Path) -> Result<Self, ServerError> {
        use std::os::unix::fs::MetadataExt;
        let owner = fs::metadata(folder).map_err(|error| at(folder, &error))?.uid();
        if owner != 0 {
            return Ok(Self::Ourselves);
        }
        let path = Path::new("/etc/passwd");
        let users = fs::read_to_string(path).map_err(|error| at(path, &error))?;
        let nobody = users.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            let user = fields.nth(1)?.parse().ok()?;
            let group = fields.next()?.parse().ok()?;
            (name == "nobody").then_some(Self::Nobody { user, group })
        });
        nobody.ok_or_else(|| ServerError::new("there is no user nobody, and PostgreSQL does not run as root"))
    }

    /// Makes a folder or file theirs.
    pub(crate) fn own(self, path: &Path) -> Result<(), ServerError> {
        match self {
            Self::Ourselves => Ok(()),
            Self::Nobody { user, group } => {
                std::os::unix::fs::chown(path, Some(user), Some(group)).map_err(|error| at(path, &error))
            }
        }
    }

    /// A command line that they run.
    pub(crate) fn command(self, program: &Path) -> Command {
        match self {
            Self::Ourselves => Command::new(program),
            Self::Nobody { user, group } => {
                let mut command = Command::new("setpriv");
                command.arg(format!("--reuid={user}")).arg(format!("--regid={group}"));
                command.args(["--clear-groups", "--"]).arg(program);
                command
            }
        }
    }
}

/// What went wrong with a file.
pub(crate) fn at(path: &Path, error: &std::io::Error) -> ServerError {
    ServerError::new(format!("{}: {error}", path.display()))
}

/// Runs a command to its end and returns what it printed; what it complained of is the error.
pub(crate) fn run(command: &mut Command) -> Result<String, ServerError> {
    let line = format!("{command:?}");
    // A folder that everybody may enter: ours may be closed to whom the command runs as.
    let output = command.stdin(Stdio::null()).current_dir("/").output();
    let output = output.map_err(|error| ServerError::new(format!("{line}: {error}")))?;
    let printed = String::from_utf8_lossy(&output.stdout);
    if output.status.success() {
        return Ok(printed.into_owned());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(ServerError::new(format!("{line}: {}\n{printed}{complaint}", output.status)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(programs: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for program in programs {
            fs::write(folder.path().join(program), "").unwrap();
        }
        folder
    }

    #[test]
    fn a_folder_that_is_named_and_lacks_a_program_is_refused_by_name() {
        let folder = folder_with(&["postgres"]);
        let error = Programs::in_folder(folder.path()).unwrap_err().to_string();
        let (place, missing) = (folder.path().display().to_string(), "initdb, pg_ctl");
        assert_eq!(error, format!("the folder {place} that {VARIABLE} names lacks {missing}"));
        assert!(Programs::in_folder(&folder.path().join("elsewhere")).is_err());
    }

    #[test]
    fn a_server_is_of_the_folder_that_is_named_and_may_be_spoken_to_by_another_version() {
        let folder = folder_with(&OF_SERVER);
        let programs = Programs::in_folder(folder.path()).unwrap();
        assert_eq!(programs.of_server("postgres"), folder.path().canonicalize().unwrap().join("postgres"));
        assert!(programs.client("psql").is_file());
        fs::write(folder.path().join("psql"), "").unwrap();
        let programs = Programs::in_folder(folder.path()).unwrap();
        assert_eq!(programs.client("psql"), programs.of_server("psql"));
    }

    #[test]
    fn programs_that_can_not_be_run_are_named() {
        let folder = folder_with(&OF_SERVER);
        let programs = Programs::in_folder(folder.path()).unwrap();
        let error = programs.be_run_by(Person::beside(folder.path()).unwrap()).unwrap_err().to_string();
        assert!(error.contains(&programs.of_server("postgres").display().to_string()), "{error}");
        assert!(error.contains("everybody has to be able to enter"), "{error}");
    }
}
