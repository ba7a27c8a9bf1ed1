//! A server: how it starts, and how it is brought down.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::folder::ServerFolder;
use crate::processes::{self, family, first_of};
use crate::programs::{Person, Programs, at, run};
use crate::{Database, ServerError};

/// How long the server may take for anything. The machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How often another port is tried: between our finding one free and the server's taking it, somebody else may.
const ATTEMPTS: u32 = 5;

/// The user that databases belong to. It may do nothing else.
pub(crate) const OWNER: &str = "orgbridge";

/// What is said to the server. Nobody is asked for a password on the socket, which only its folder's owner can reach;
/// everybody is on the port, which all users of the machine can.
const CONFIGURATION: &str = "\
listen_addresses = '127.0.0.1'
max_connections = 200
fsync = on
synchronous_commit = on
log_lock_waits = on
timezone = 'UTC'
";

/// A server that has been started. It is stopped and its files are removed when it is dropped, and when the process ends,
/// however it does.
#[derive(Debug)]
pub struct PostgresServer {
    programs: Programs,
    person: Person,
    port: u16,
    databases: AtomicU32,
    /// What is frozen, to be thawed.
    frozen: Mutex<Vec<u32>>,
    folder: ServerFolder,
}

impl PostgresServer {
    /// The server that all tests of this process share.
    ///
    /// # Panics
    /// If there is none, saying why: a test that needs it fails.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Result<PostgresServer, ServerError>> = OnceLock::new();
        match SHARED.get_or_init(Self::start) {
            Ok(server) => server,
            #[expect(clippy::panic, reason = "a test fails by panicking")]
            Err(error) => panic!("{error}"),
        }
    }

    /// Starts a server of the caller's own.
    ///
    /// # Errors
    /// Why there is none. Where PostgreSQL is not installed, it says what to install.
    pub fn start() -> Result<Self, ServerError> {
        let mut server = Self::in_folder_of_its_own(Programs::find()?)?;
        server.lay_out()?;
        server.start_on_a_free_port()?;
        let password = server.password();
        server.sql("postgres", &format!("CREATE ROLE {OWNER} LOGIN PASSWORD '{password}'"))?;
        Ok(server)
    }

    /// Another of the same version, which has no files yet.
    pub(crate) fn beside(&self) -> Result<Self, ServerError> {
        Self::in_folder_of_its_own(self.programs.clone())
    }

    fn in_folder_of_its_own(programs: Programs) -> Result<Self, ServerError> {
        let (folder, person) = ServerFolder::make(&programs)?;
        Ok(Self { programs, person, port: 0, databases: AtomicU32::new(0), frozen: Mutex::default(), folder })
    }

    /// Starts it for the first time.
    pub(crate) fn start_on_a_free_port(&mut self) -> Result<(), ServerError> {
        let mut started = Err(ServerError::new("no attempt was made"));
        for _ in 0..ATTEMPTS {
            self.port = free_port()?;
            started = self.go_on();
            if started.is_ok() {
                break;
            }
        }
        started
    }

    /// Makes the server's files.
    fn lay_out(&self) -> Result<(), ServerError> {
        let password = self.password_file();
        self.write(&password, &self.password())?;
        let mut initdb = self.programs.command_as(self.person, "initdb");
        initdb.arg("--pgdata").arg(self.folder.data()).arg("--pwfile").arg(&password);
        initdb.args(["--username=postgres", "--auth-local=trust", "--auth-host=scram-sha-256"]);
        run(initdb.args(["--encoding=UTF8", "--no-locale", "--no-sync"]))?;

        let path = self.folder.data().join("postgresql.conf");
        let file = fs::File::options().append(true).open(&path);
        let text = format!("{CONFIGURATION}{}", self.own_configuration());
        file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| at(&path, &error))
    }

    /// What is said to this server and to no other.
    pub(crate) fn own_configuration(&self) -> String {
        format!("unix_socket_directories = '{}'\n", self.folder.path().display())
    }

    /// Writes a file that nobody but the server can read.
    pub(crate) fn write(&self, path: &Path, text: &str) -> Result<(), ServerError> {
        let mut options = fs::File::options();
        let file = options.write(true).create_new(true).mode(0o600).open(path);
        file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| at(path, &error))?;
        self.person.own(path)
    }

    /// Starts the server on the files that it has, as after [`Self::kill`] and [`Self::stop`].
    ///
    /// # Errors
    /// Why it does not start, with what it wrote into its log.
    pub fn go_on(&self) -> Result<(), ServerError> {
        let log = self.log_file();
        let mut start = self.programs.command_as(self.person, "pg_ctl");
        start.args(["start", "--silent", "--wait"]).arg("--pgdata").arg(self.folder.data());
        start.arg("--timeout").arg(PATIENCE.as_secs().to_string()).arg("--log").arg(&log);
        start.arg("--options").arg(format!("-p {}", self.port));
        run(&mut start).map(drop).map_err(|error| {
            let log = fs::read_to_string(&log).unwrap_or_default();
            ServerError::new(format!("{error}\n{log}"))
        })
    }

    /// Stops the server, which breaks its connections off and finishes what it writes.
    ///
    /// # Errors
    /// Why it does not stop.
    pub fn stop(&self) -> Result<(), ServerError> {
        let mut stop = self.programs.command_as(self.person, "pg_ctl");
        stop.args(["stop", "--silent", "--wait", "--mode=fast"]).arg("--pgdata").arg(self.folder.data());
        run(&mut stop).map(drop)
    }

    /// Kills all of its processes at once, and waits until they are gone.
    ///
    /// # Errors
    /// Where they can't be killed.
    pub fn kill(&self) -> Result<(), ServerError> {
        let first = first_of(&self.folder.data())?;
        // While the first stands still, none is added.
        processes::signal("STOP", &[first])?;
        let family = family(first);
        processes::signal("KILL", &family)?;
        let began = Instant::now();
        while family.iter().any(|process| processes::is_alive(*process)) {
            if began.elapsed() > PATIENCE {
                return Err(ServerError::new("the server does not end although it was killed"));
            }
            thread::sleep(Duration::from_millis(5));
        }
        // Both would be believed for as long as nobody has taken notice of the end of the first.
        let lock = format!("{}.lock", self.socket().display());
        for file in [self.folder.data().join("postmaster.pid"), PathBuf::from(lock)] {
            fs::remove_file(&file).map_err(|error| at(&file, &error))?;
        }
        Ok(())
    }

    /// Has all of its processes stand still: connections stay, and nobody answers.
    ///
    /// # Errors
    /// Where they can't be told.
    pub fn freeze(&self) -> Result<(), ServerError> {
        let first = first_of(&self.folder.data())?;
        processes::signal("STOP", &[first])?;
        let family = family(first);
        let stopped = processes::signal("STOP", &family);
        *self.frozen.lock().unwrap_or_else(PoisonError::into_inner) = family;
        stopped
    }

    /// Whether they stand still.
    pub(crate) fn is_frozen(&self) -> bool {
        !self.frozen.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Has them go on after [`Self::freeze`].
    ///
    /// # Errors
    /// Where they can't be told.
    pub fn thaw(&self) -> Result<(), ServerError> {
        let frozen = std::mem::take(&mut *self.frozen.lock().unwrap_or_else(PoisonError::into_inner));
        processes::signal("CONT", &frozen)
    }

    /// From now on it speaks TLS to those who want it, with this certificate and key, both in PEM.
    ///
    /// # Errors
    /// Where the server does not take them.
    pub fn use_tls(&self, certificate: &str, key: &str) -> Result<(), ServerError> {
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            self.write(&self.folder.data().join(name), text)?;
        }
        self.set("ssl", "on")
    }

    /// Has it go by another setting in a moment.
    pub(crate) fn set(&self, setting: &str, value: &str) -> Result<(), ServerError> {
        self.sql("postgres", &format!("ALTER SYSTEM SET {setting} = '{value}'"))?;
        self.sql("postgres", "SELECT pg_reload_conf()").map(drop)
    }

    /// Has it follow nobody any more and take writes.
    pub(crate) fn take_over(&self) -> Result<(), ServerError> {
        let mut promote = self.programs.command_as(self.person, "pg_ctl");
        promote.args(["promote", "--silent", "--wait"]).arg("--pgdata").arg(self.folder.data());
        run(promote.arg("--timeout").arg(PATIENCE.as_secs().to_string())).map(drop)
    }

    /// A new database with nothing in it, of which nobody else knows.
    ///
    /// # Errors
    /// Where the server does not make it.
    pub fn database(&self) -> Result<Database<'_>, ServerError> {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("ledger_{number}");
        // Nobody is ever connected to this template, which would keep it from being copied.
        self.sql("postgres", &format!("CREATE DATABASE {name} OWNER {OWNER} TEMPLATE template0"))?;
        Ok(Database::new(self, name))
    }

    /// Runs statements as the server's administrator, and returns their rows: a line for each, columns separated by `|`.
    ///
    /// # Errors
    /// What the server says against it.
    pub fn sql(&self, database: &str, statements: &str) -> Result<String, ServerError> {
        let mut psql = Command::new(self.programs.client("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
        psql.arg("--host").arg(self.socket_folder()).arg("--port").arg(self.port.to_string());
        psql.args(["--username=postgres", "--dbname", database, "--command", statements]);
        // What the user has set for their own servers is nothing to this one, and an administrator waits for no copy.
        psql.env_clear().env("PGOPTIONS", "-c synchronous_commit=local");
        run(&mut psql).map(|rows| rows.trim_end().to_owned())
    }

    /// The port of the loopback on which it listens.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The folder in which its socket is.
    pub fn socket_folder(&self) -> &Path {
        self.folder.path()
    }

    /// The file of its socket.
    pub fn socket(&self) -> PathBuf {
        self.socket_folder().join(format!(".s.PGSQL.{}", self.port))
    }

    /// The file in which the password stands that the port asks for.
    pub fn password_file(&self) -> PathBuf {
        self.folder.path().join("password")
    }

    /// The password itself: as hard to guess as the name of the folder, and it opens nothing but a server for tests.
    pub fn password(&self) -> String {
        let name = self.folder.path().file_name().unwrap_or_default();
        format!("secret-of-{}", name.to_string_lossy())
    }

    /// What the server has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// The path of another program that speaks to servers, such as `pgbench`.
    pub fn program(&self, name: &str) -> PathBuf {
        self.programs.client(name)
    }

    /// Its files.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.data()
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

fn free_port() -> Result<u16, ServerError> {
    let address = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    address.map(|address| address.port()).map_err(|error| ServerError::new(format!("a port: {error}")))
}
