//! The program that is measured, as its users run it.

use std::env;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Failure;
use crate::machine::Memory;

/// More than any client could ask in a period: limits are kept, and refuse nothing.
const UNREACHED_LIMIT: &str = "4000000000";

/// A process that serves. Dropping it kills it, so what it acknowledged has to survive that.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// How long it took from the start of the process until it said so.
    pub(crate) ready_after: Duration,
}

impl Server {
    /// Starts a process and waits until it says where it listens.
    pub(crate) fn start(command: &mut Command) -> Result<Self, Failure> {
        let began = Instant::now();
        let mut process =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut line = String::new();
        let output = process.stdout.take().ok_or("the output of the server is not to be had")?;
        BufReader::new(output).read_line(&mut line)?;
        let ready_after = began.elapsed();
        let address = line.trim().strip_prefix("listening on http://").ok_or("the server did not start")?;
        Ok(Self { address: address.parse()?, process, ready_after })
    }

    /// How much memory it holds.
    pub(crate) fn memory(&self) -> Result<Memory, Failure> {
        Memory::of(self.process.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to be done about either failure.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// `orgbridge` with some arguments. It is built beside this program.
pub(crate) fn orgbridge<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Result<Command, Failure> {
    let program: PathBuf = env::current_exe()?.with_file_name("orgbridge");
    if !program.exists() {
        return Err(format!("{} has to be built first", program.display()).into());
    }
    let mut command = Command::new(program);
    command.args(arguments);
    Ok(command)
}

/// The address of a database in a file.
pub(crate) fn database(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

/// A server of Orgbridge, with an admin listener.
#[derive(Debug)]
pub(crate) struct Orgbridge {
    /// Its process.
    pub(crate) server: Server,
    admin: SocketAddr,
}

impl Orgbridge {
    /// Serves the ledger in `database`, with everything on that a user would have on.
    pub(crate) fn serve(database: &str) -> Result<Self, Failure> {
        Self::serve_with(database, &[])
    }

    /// The same with some variables in its environment.
    pub(crate) fn serve_with(database: &str, variables: &[(&str, &str)]) -> Result<Self, Failure> {
        // Free now, and with luck still free in a moment.
        let admin = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let admin_text = admin.to_string();
        let arguments =
            ["serve", "--database", database, "--listen", "127.0.0.1:0", "--admin-listen", &admin_text];
        let mut command = orgbridge(arguments)?;
        for limit in ["ORG_CONNECTIONS_READ", "ORG_CONNECTIONS_WRITE", "AUDIT_READ", "EVALUATIONS"] {
            let name = format!("ORGBRIDGE_RATE_LIMITS_{limit}_REQUESTS");
            command.env(name, UNREACHED_LIMIT);
        }
        // As many as share a database in any measure: none of them is to wait for its share.
        command.env("ORGBRIDGE_RATE_LIMITS_REPLICAS", "3").envs(variables.iter().copied());
        Ok(Self { server: Server::start(&mut command)?, admin })
    }

    /// What the server has counted under a name.
    pub(crate) fn metric(&self, name: &str) -> Result<f64, Failure> {
        let mut stream = TcpStream::connect(self.admin)?;
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let value = answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        Ok(value.ok_or_else(|| format!("the server does not count {name}"))?.trim().parse()?)
    }
}
