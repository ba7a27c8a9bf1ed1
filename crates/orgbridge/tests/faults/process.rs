//! The binary as a process, and a client as plain as can be.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

pub(crate) const API_KEY: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const APPLICATION_KEY: &str = "0123456789abcdef0123456789abcdef01234567";
pub(crate) const SOURCE: &str = "4dee724d-00cc-11ea-a77b-570c9d03c6c5";

/// No wait is longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A folder with a database in which one org may share with `sinks` others.
pub(crate) struct Deployment {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) binary: PathBuf,
}

/// The id of a sink.
pub(crate) fn sink(number: usize) -> String {
    format!("83999dcd-7f97-11f0-8de1-{number:012}")
}

impl Deployment {
    pub(crate) fn with_sinks(sinks: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut file = format!(
            "accounts:\n- name: Account\n  orgs:\n  - id: {SOURCE}\n    name: Source Org\n    api_keys:\n    \
             - {{name: key, key: {API_KEY}}}\n    users:\n    - name: Jane Doe\n      email: jane@example.com\n      \
             roles: [Admin]\n      application_keys:\n      - {{name: key, key: {APPLICATION_KEY}}}\n"
        );
        for number in 0..sinks {
            writeln!(file, "  - {{id: {}, name: Sink {number}}}", sink(number)).unwrap();
        }
        let deployment = Self { folder, binary: PathBuf::from(env!("CARGO_BIN_EXE_orgbridge")) };
        let import = deployment.path("organizations.yaml");
        fs::write(&import, file).unwrap();
        let import = import.to_str().unwrap();
        deployment.must_run(&["import", import, "--create", "--database", &deployment.database()]);
        deployment
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn database(&self) -> String {
        format!("sqlite:{}", self.path("ledger.db").display())
    }

    pub(crate) fn must_run(&self, arguments: &[&str]) -> Output {
        let output = Command::new(&self.binary).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        output
    }

    pub(crate) fn serve(&self) -> Server {
        Server::start(Command::new(&self.binary), &self.database())
    }
}

/// A running server. Killed when it goes out of scope.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: String,
    pub(crate) admin_address: String,
    log: PathBuf,
    _log_folder: tempfile::TempDir,
}

impl Server {
    /// Starts a server by a command that ends in the path of the binary. It logs as much as it can.
    pub(crate) fn start(command: Command, database: &str) -> Self {
        Self::start_logging(command, database, "trace")
    }

    /// The same, logging what `filter` lets through.
    pub(crate) fn start_logging(mut command: Command, database: &str, filter: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let admin_address = free_address();
        let mut process = command
            .args(["serve", "--listen", "127.0.0.1:0", "--admin-listen", &admin_address])
            .args(["--database", database, "--log", filter])
            .env("ORGBRIDGE_RATE_LIMIT", "off")
            .stdout(Stdio::piped())
            .stderr(fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").map(str::to_owned);
        let address = address.unwrap_or_else(|| panic!("{line:?}, {}", fs::read_to_string(&log).unwrap()));
        Self { process, address, admin_address, log, _log_folder: folder }
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Sends the process a signal, such as `STOP`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Memory that the process has, in KiB: what it is now, and the most that it ever was.
    pub(crate) fn memory(&self) -> (u64, u64) {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let of = |name: &str| between(&status, &format!("{name}:"), "kB").unwrap().trim().parse().unwrap();
        (of("VmRSS"), of("VmHWM"))
    }

    /// What `/metrics` says of `name`.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let text = Client::connect(&self.admin_address).call("GET", "/metrics", "").unwrap().body;
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(&self.address)
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Waits until `/readyz` answers `status`.
    pub(crate) fn wait_until_ready_is(&self, status: u16) {
        let began = Instant::now();
        loop {
            let answer = Client::connect(&self.admin_address).call("GET", "/readyz", "").unwrap();
            if answer.status == status {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{answer:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A port that nobody has had a moment ago.
fn free_address() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// One connection of HTTP/1.1.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    pub(crate) headers: String,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Client {
    pub(crate) fn connect(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let headers = format!("DD-API-KEY: {API_KEY}\r\nDD-APPLICATION-KEY: {APPLICATION_KEY}\r\n");
        Self { stream: BufReader::new(stream), headers }
    }

    /// Makes a call. An error means that nobody knows whether it was made.
    pub(crate) fn call(&mut self, method: &str, target: &str, body: &str) -> std::io::Result<Answer> {
        self.ask(method, target, body)?;
        self.answer()
    }

    /// Sends a request, without waiting for its answer.
    pub(crate) fn ask(&mut self, method: &str, target: &str, body: &str) -> std::io::Result<()> {
        let (headers, length) = (&self.headers, body.len());
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        self.stream.get_mut().write_all(request.as_bytes())
    }

    /// Reads the next answer.
    pub(crate) fn answer(&mut self) -> std::io::Result<Answer> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or(std::io::ErrorKind::UnexpectedEof)?;
        let mut length = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            match line.trim_end().split_once(": ") {
                Some(("content-length", value)) => length = value.parse().unwrap(),
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(Answer { status, body: String::from_utf8(body).unwrap() })
    }

    pub(crate) fn create(&mut self, sink: &str, types: &str) -> std::io::Result<Answer> {
        let body = format!(
            r#"{{"data":{{"type":"org_connection","attributes":{{"connection_types":{types}}},"relationships":{{"sink_org":{{"data":{{"type":"orgs","id":"{sink}"}}}}}}}}}}"#
        );
        self.call("POST", "/api/v2/org_connections", &body)
    }

    pub(crate) fn update(&mut self, id: &str, types: &str) -> std::io::Result<Answer> {
        let body = format!(
            r#"{{"data":{{"type":"org_connection","id":"{id}","attributes":{{"connection_types":{types}}}}}}}"#
        );
        self.call("PATCH", &format!("/api/v2/org_connections/{id}"), &body)
    }

    pub(crate) fn delete(&mut self, id: &str) -> std::io::Result<Answer> {
        self.call("DELETE", &format!("/api/v2/org_connections/{id}"), "")
    }

    /// The types of the connection with `sink`, if there is one.
    pub(crate) fn types_for(&mut self, sink: &str) -> Option<String> {
        let answer = self.call("GET", &format!("/api/v2/org_connections?sink_org_id={sink}"), "").unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.types()
    }
}

impl Answer {
    /// The id of the connection that was answered.
    pub(crate) fn id(&self) -> String {
        between(&self.body, r#""type":"org_connection","id":""#, "\"").unwrap()
    }

    /// The types of the first connection that was answered, as they stand in the JSON.
    pub(crate) fn types(&self) -> Option<String> {
        between(&self.body, r#""connection_types":["#, "]").map(|types| format!("[{types}]"))
    }
}

fn between(text: &str, before: &str, after: &str) -> Option<String> {
    text.split_once(before)?.1.split_once(after).map(|(found, _)| found.to_owned())
}

/// The bytes of every file in a folder and in those that are in it, with its name.
pub(crate) fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let paths = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let read = |path: PathBuf| {
        if path.is_dir() {
            files(&path)
        } else {
            vec![(path.display().to_string(), fs::read(&path).unwrap())]
        }
    };
    paths.flat_map(read).collect()
}
