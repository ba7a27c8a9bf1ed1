//! Runs the program in a folder of its own. Every wait has an end.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use orgbridge_postgres_server::{Database, PostgresServer};
use serde_json::Value;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(30);

/// A folder with a database, and the program run on it.
pub(crate) struct Program {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

/// How a run of the program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// What was printed, as JSON.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// What was printed by a run that went well.
    pub(crate) fn text(&self) -> &str {
        assert_eq!(self.code, 0, "{self:?}");
        self.stdout.trim_end()
    }

    /// What was complained about by a run that ended with `code`.
    pub(crate) fn complaint(&self, code: i32) -> &str {
        assert_eq!(self.code, code, "{self:?}");
        self.stderr.trim_end()
    }
}

/// The keys of an admin.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    pub(crate) api_key: String,
    pub(crate) application_key: String,
}

impl Keys {
    pub(crate) fn headers(&self) -> String {
        format!("dd-api-key: {}\r\ndd-application-key: {}\r\n", self.api_key, self.application_key)
    }
}

impl Program {
    /// An empty folder, in which the database is `ledger.db`.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = format!("sqlite:{}", folder.path().join("ledger.db").display());
        Self { folder, variables: vec![("ORGBRIDGE_DATABASE".to_owned(), database)] }
    }

    /// An empty folder, and an empty database of a server that the tests share.
    pub(crate) fn on_postgres() -> (Self, Database<'static>) {
        let database = PostgresServer::shared().database().unwrap();
        let program = Self::new().with_variable("ORGBRIDGE_DATABASE", &database.address_by_port());
        (program, database)
    }

    /// The same with a database that has "Source Org" and its admin, jane@example.com.
    pub(crate) fn initialized() -> (Self, Keys) {
        let program = Self::new();
        let keys = program.init();
        (program, keys)
    }

    /// Makes a database with "Source Org" and its admin, jane@example.com.
    pub(crate) fn init(&self) -> Keys {
        let made = self
            .run(&["init", "--org", "Source Org", "--admin", "jane@example.com", "--output", "json"])
            .json();
        let text = |member: &str| made[member].as_str().unwrap().to_owned();
        Keys { api_key: text("api_key"), application_key: text("application_key") }
    }

    /// From now on, `name` is `value` in the environment.
    pub(crate) fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// The names of the files in the folder.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Runs the program to its end.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Ended {
        let mut child = self.command(arguments).stdin(Stdio::null()).spawn().unwrap();
        let stdout = reader(child.stdout.take().unwrap());
        let stderr = reader(child.stderr.take().unwrap());
        let status = wait(&mut child);
        Ended {
            code: status.code().unwrap_or(-1),
            stdout: stdout.join().unwrap(),
            stderr: stderr.join().unwrap(),
        }
    }

    /// Starts `orgbridge serve` on a port that the system chooses, and waits until it is ready.
    pub(crate) fn serve(&self, arguments: &[&str]) -> Serving {
        let log = self.path("serve.log");
        let mut all = vec!["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
        all.extend(arguments);
        let mut child =
            self.command(&all).stderr(fs::File::create(&log).unwrap()).stdin(Stdio::null()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let Some(url) = line.trim_end().strip_prefix("listening on ") else {
            panic!("{line:?}; {}", fs::read_to_string(&log).unwrap())
        };
        Serving { url: url.to_owned(), child, stdout, log }
    }

    fn command<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orgbridge"));
        command.args(arguments).env_clear().envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// A server that runs.
pub(crate) struct Serving {
    pub(crate) url: String,
    child: Child,
    stdout: BufReader<std::process::ChildStdout>,
    log: PathBuf,
}

impl Serving {
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    pub(crate) fn address(&self) -> String {
        self.url.split_once("://").unwrap().1.to_owned()
    }

    /// Where the admin listener is, as the log says.
    pub(crate) fn admin_address(&self) -> String {
        let log = self.log();
        let after = log.split_once("address=").unwrap().1;
        after.split_whitespace().next().unwrap().to_owned()
    }

    pub(crate) fn get(&self, path: &str, keys: &Keys) -> (u16, String) {
        call(&self.address(), &format!("GET {path} HTTP/1.1\r\n{}", keys.headers()), "")
    }

    pub(crate) fn get_admin(&self, path: &str) -> (u16, String) {
        call(&self.admin_address(), &format!("GET {path} HTTP/1.1\r\n"), "")
    }

    /// Sends a signal, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Waits for the end, and returns its code and what was printed after the first line.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let status = wait(&mut self.child);
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        (status.code(), rest)
    }

    pub(crate) fn stop(self) {
        self.signal("TERM");
        assert_eq!(self.end(), (Some(0), String::new()));
    }
}

/// Sends a request whose head is complete but for `host` and what describes the body, and returns status and body.
pub(crate) fn call(address: &str, head: &str, body: &str) -> (u16, String) {
    let mut stream = connect(address);
    let length = body.len();
    let described = format!("host: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n");
    write!(stream, "{head}{described}\r\n{body}").unwrap();
    answer(stream)
}

pub(crate) fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Reads an answer to its end.
pub(crate) fn answer(mut stream: TcpStream) -> (u16, String) {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// Waits until `check` holds; it is asked again and again, because nobody says when to look.
pub(crate) fn eventually(what: &str, mut check: impl FnMut() -> bool) {
    let started = Instant::now();
    while !check() {
        assert!(started.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Everything that a file holds, as far as it is text.
pub(crate) fn contents(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()
}

fn wait(child: &mut Child) -> ExitStatus {
    let mut ended = None;
    eventually("the program ends", || {
        ended = child.try_wait().unwrap();
        ended.is_some()
    });
    ended.unwrap()
}

fn reader(mut stream: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    })
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
