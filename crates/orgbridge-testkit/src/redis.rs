//! A store of a test's own.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a store may take to start.
const PATIENCE: Duration = Duration::from_secs(20);

/// A Redis server on a free port of the loopback that keeps nothing on disk. It is gone when it is dropped.
#[derive(Debug)]
pub struct TestStore {
    address: SocketAddr,
    password: Option<&'static str>,
    process: Option<Child>,
    folder: TempDir,
}

impl TestStore {
    /// Starts one that asks nobody for a password.
    pub fn start() -> Self {
        Self::start_with(None)
    }

    /// Starts one that asks for a password.
    pub fn start_asking_for(password: &'static str) -> Self {
        Self::start_with(Some(password))
    }

    fn start_with(password: Option<&'static str>) -> Self {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = free.local_addr().expect("a port");
        drop(free);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut store = Self { address, password, process: None, folder };
        store.start_again();
        store
    }

    /// What a server is told of it.
    pub fn url(&self) -> String {
        format!("redis://{}/0", self.address)
    }

    /// Kills it at once, with all that it has counted.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("a process to kill");
            process.wait().expect("its end");
        }
    }

    /// Starts it again where it was.
    pub fn start_again(&mut self) {
        let port = self.address.port().to_string();
        let mut command = Command::new("redis-server");
        command.args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        command.arg("--dir").arg(self.folder.path());
        if let Some(password) = self.password {
            command.args(["--requirepass", password]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn();
        self.process = Some(process.expect("redis-server, which Debian has in a package of this name"));
        let began = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            assert!(began.elapsed() < PATIENCE, "the store at {} does not start", self.address);
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Stops it, so that it is connected to and answers nothing, or lets it go on.
    pub fn signal(&self, name: &str) {
        let id = self.process.as_ref().expect("a process").id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().expect("kill").success());
    }

    /// What it answers to a command.
    pub fn ask(&self, command: &str) -> String {
        let mut stream = TcpStream::connect(self.address).expect("a store");
        write!(stream, "{command}\r\nQUIT\r\n").expect("a store that reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer in UTF-8");
        answer
    }
}

impl Drop for TestStore {
    fn drop(&mut self) {
        self.kill();
    }
}
