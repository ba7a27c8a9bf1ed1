//! What the replicas keep their ledger in.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

use orgbridge_postgres_server::{Database, PostgresServer, Standby};

use crate::Failure;

/// What the replicas keep.
#[derive(Debug)]
pub(crate) enum Store<'s> {
    File(PathBuf),
    Server(Box<Place<'s>>),
}

/// A database, and where it is.
#[derive(Debug)]
pub(crate) struct Place<'s> {
    database: Database<'s>,
    standby: Mutex<Option<Standby>>,
    /// What the copy has become.
    promoted: OnceLock<PostgresServer>,
}

impl<'s> Store<'s> {
    /// A new database on a server.
    pub(crate) fn on(server: &'s PostgresServer) -> Result<Self, Failure> {
        Self::with(server, None)
    }

    /// The same with a copy that each commit waits for.
    pub(crate) fn with_a_copy(server: &'s PostgresServer) -> Result<Self, Failure> {
        let standby = Standby::of(server)?;
        standby.be_waited_for(server)?;
        Self::with(server, Some(standby))
    }

    fn with(server: &'s PostgresServer, standby: Option<Standby>) -> Result<Self, Failure> {
        let database = server.database()?;
        let place = Place { database, standby: Mutex::new(standby), promoted: OnceLock::new() };
        Ok(Self::Server(Box::new(place)))
    }

    /// By what the program finds it.
    pub(crate) fn address(&self) -> String {
        match self {
            Self::File(path) => format!("sqlite:{}", path.display()),
            Self::Server(place) => place.address_through(place.server()),
        }
    }
}

impl Place<'_> {
    /// Where the server is that takes writes.
    pub(crate) fn server(&self) -> SocketAddr {
        let server = self.promoted.get().unwrap_or_else(|| self.database.server());
        (Ipv4Addr::LOCALHOST, server.port()).into()
    }

    /// By what the program finds it where `port` leads there.
    pub(crate) fn address_through(&self, port: SocketAddr) -> String {
        self.database.address_at(port.port())
    }

    /// Kills the server that there was at first.
    pub(crate) fn lose(&self) -> Result<(), Failure> {
        Ok(self.database.server().kill()?)
    }

    /// Has the copy take its place, where there is one.
    pub(crate) fn promote(&self) -> Result<(), Failure> {
        let standby = self.standby.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(standby) = standby {
            let promoted = standby.promote()?;
            self.promoted.get_or_init(|| promoted);
        }
        Ok(())
    }
}
