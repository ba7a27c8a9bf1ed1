//! PostgreSQL's programs: where they are, and as whom they run.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::ServerError;

/// Where Debian's packages put each version, in a folder of its own.
const DEBIAN: &str = "/usr/lib/postgresql";

/// What has to be in a folder for us to use it.
const NEEDED: [&str; 4] = ["initdb", "pg_ctl", "postgres", "psql"];

/// The programs of one version of PostgreSQL.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// Those that stand in `PATH`, or else the newest that Debian has installed.
    pub(crate) fn find() -> Result<Self, ServerError> {
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = env::split_paths(&path).chain(installed());
        let is_whole = |folder: &PathBuf| NEEDED.iter().all(|program| folder.join(program).is_file());
        folders.into_iter().find(is_whole).map(|folder| Self { folder }).ok_or_else(|| {
            ServerError::new(format!(
                "there is no PostgreSQL here: none of the folders in PATH and none of {DEBIAN}/*/bin has {}; \
                 install Debian's package postgresql, or put those programs into PATH",
                NEEDED.join(", ")
            ))
        })
    }

    /// A command line of one of them.
    pub(crate) fn command(&self, program: &str) -> Command {
        Command::new(self.path(program))
    }

    /// The same, as [`Person`] where the server won't run as who we are.
    pub(crate) fn command_as(&self, person: Person, program: &str) -> Command {
        person.command(&self.path(program))
    }

    pub(crate) fn path(&self, program: &str) -> PathBuf {
        self.folder.join(program)
    }
}

/// The folders of Debian's versions, the newest first.
fn installed() -> Vec<PathBuf> {
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
