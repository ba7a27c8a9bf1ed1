//! A copy of a server, and what becomes of it.

use std::fs;
use std::io::Write;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::programs::{at, run};
use crate::server::PATIENCE;
use crate::{PostgresServer, ServerError};

/// As what a copy is known to the server that it follows.
const NAME: &str = "standby";

/// A server that follows another, its primary: it takes over what that one writes, its users and their passwords among it,
/// and answers who only reads.
#[derive(Debug)]
pub struct Standby {
    server: PostgresServer,
}

impl Standby {
    /// Makes one of a server's own files, and waits until it follows. The server is stopped for as long as it is copied, and
    /// what is connected to it has to connect anew.
    ///
    /// # Errors
    /// Why there is none.
    pub fn of(primary: &PostgresServer) -> Result<Self, ServerError> {
        let mut standby = Self { server: primary.beside()? };
        primary.stop()?;
        let copied = standby.copy(primary);
        primary.go_on()?;
        copied?;
        standby.server.start_on_a_free_port()?;
        let streams = format!(
            "SELECT count(*) FROM pg_stat_replication WHERE application_name = '{NAME}' AND state = 'streaming'"
        );
        wait_until(primary, &streams, "1", "the copy does not follow")?;
        Ok(standby)
    }

    /// Takes over the files of its primary, and is told whose copy it is.
    fn copy(&self, primary: &PostgresServer) -> Result<(), ServerError> {
        let data = self.server.data();
        run(Command::new("cp").arg("-a").arg(primary.data()).arg(&data))?;
        let said = format!(
            "primary_conninfo = 'host={} port={} user=postgres application_name={NAME}'\n",
            primary.socket_folder().display(),
            primary.port()
        );
        let path = data.join("postgresql.conf");
        let file = fs::File::options().append(true).open(&path);
        let text = format!("{said}{}", self.server.own_configuration());
        file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| at(&path, &error))?;
        self.server.write(&data.join("standby.signal"), "")
    }

    /// The server itself.
    pub const fn server(&self) -> &PostgresServer {
        &self.server
    }

    /// Waits until it has taken over what its primary has written by now.
    ///
    /// # Errors
    /// Where it does not.
    pub fn catch_up(&self, primary: &PostgresServer) -> Result<(), ServerError> {
        let written = primary.sql("postgres", "SELECT pg_current_wal_lsn()")?;
        let question = format!("SELECT pg_last_wal_replay_lsn() >= '{written}'");
        wait_until(&self.server, &question, "t", "the copy does not catch up")
    }

    /// From now on its primary has each commit wait until the copy has it, too.
    ///
    /// # Errors
    /// Where the primary does not.
    pub fn be_waited_for(&self, primary: &PostgresServer) -> Result<(), ServerError> {
        primary.set("synchronous_standby_names", NAME)?;
        let question = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
        wait_until(primary, question, "1", "nobody waits for the copy")
    }

    /// From now on it learns nothing more of what its primary writes.
    ///
    /// # Errors
    /// Where it does not let go.
    pub fn cut_off(&self) -> Result<(), ServerError> {
        self.server.set("primary_conninfo", "")?;
        let question = "SELECT count(*) FROM pg_stat_wal_receiver";
        wait_until(&self.server, question, "0", "the copy does not let go of its primary")
    }

    /// Makes it a server that takes writes and follows nobody.
    ///
    /// # Errors
    /// Why it does not become one.
    pub fn promote(self) -> Result<PostgresServer, ServerError> {
        self.server.take_over()?;
        Ok(self.server)
    }
}

/// Waits until a server answers a question as it is to.
fn wait_until(
    server: &PostgresServer,
    question: &str,
    answer: &str,
    otherwise: &str,
) -> Result<(), ServerError> {
    let began = Instant::now();
    loop {
        let said = server.sql("postgres", question)?;
        if said == answer {
            return Ok(());
        }
        if began.elapsed() > PATIENCE {
            return Err(ServerError::new(format!("{otherwise}: {said}\n{}", server.log())));
        }
        thread::sleep(Duration::from_millis(10));
    }
}
