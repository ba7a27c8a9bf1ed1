//! A database of one test.

use crate::server::OWNER;
use crate::{PostgresServer, ServerError};

/// A database that nobody else uses. It is gone when this is dropped.
#[derive(Debug)]
pub struct Database<'s> {
    server: &'s PostgresServer,
    name: String,
}

impl<'s> Database<'s> {
    pub(crate) const fn new(server: &'s PostgresServer, name: String) -> Self {
        Self { server, name }
    }

    /// Its server.
    pub const fn server(&self) -> &'s PostgresServer {
        self.server
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it is, through the server's socket, where no password is asked for.
    pub fn address(&self) -> String {
        self.address_on(&[self.server])
    }

    /// The same where it is on other servers, or on several: its own, and those that follow it.
    pub fn address_on(&self, servers: &[&PostgresServer]) -> String {
        let host = |server: &&PostgresServer| {
            let folder = server.socket_folder().to_string_lossy().replace('/', "%2F");
            format!("{folder}:{}", server.port())
        };
        let hosts: Vec<String> = servers.iter().map(host).collect();
        format!("postgres://{OWNER}@{}/{}", hosts.join(","), self.name)
    }

    /// Where it is, through the server's port, with the password in a file.
    pub fn address_by_port(&self) -> String {
        self.address_at(self.server.port())
    }

    /// The same through another port, where a proxy of the caller's listens.
    pub fn address_at(&self, port: u16) -> String {
        let file = self.server.password_file();
        format!("postgres://{OWNER}@127.0.0.1:{port}/{}?password_file={}", self.name, file.display())
    }

    /// Runs statements as the server's administrator, and returns their rows: a line for each, columns separated by `|`.
    ///
    /// # Errors
    /// What the server says against it.
    pub fn sql(&self, statements: &str) -> Result<String, ServerError> {
        self.server.sql(&self.name, statements)
    }
}

impl Drop for Database<'_> {
    fn drop(&mut self) {
        // It goes with the server in the end. One that stands still would never answer.
        if self.server.is_frozen() {
            return;
        }
        let _ = self.server.sql("postgres", &format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}
