//! Connections that a test begins with.

use orgbridge_api::IdSource as _;
use orgbridge_domain::org_connection::{self, Limits, NewOrgConnection};
use orgbridge_domain::{ConnectionId, ConnectionTypes, CrossSite};

use crate::{TestOrg, TestServer};

/// A connection to be, from the source to the sink, of logs, unless a test says otherwise.
#[derive(Debug)]
#[must_use = "nothing is there before `create`"]
pub struct ConnectionBuilder<'s> {
    server: &'s TestServer,
    source: TestOrg,
    sink: TestOrg,
    types: ConnectionTypes,
    id: Option<ConnectionId>,
}

impl<'s> ConnectionBuilder<'s> {
    pub(crate) fn new(server: &'s TestServer) -> Self {
        let types = ConnectionTypes::parse(["logs"]).unwrap();
        Self { server, source: TestOrg::Source, sink: TestOrg::Sink, types, id: None }
    }

    /// Sets who shares.
    pub fn from(self, source: TestOrg) -> Self {
        Self { source, ..self }
    }

    /// Sets who is shown something.
    pub fn to(self, sink: TestOrg) -> Self {
        Self { sink, ..self }
    }

    /// Sets what is shared.
    pub fn of<'t>(self, types: impl IntoIterator<Item = &'t str>) -> Self {
        Self { types: ConnectionTypes::parse(types).unwrap(), ..self }
    }

    /// Sets its id, which otherwise is the next of the server.
    pub fn with_id(self, id: &str) -> Self {
        Self { id: Some(id.parse().unwrap()), ..self }
    }

    /// Makes it, past the API, in the name of the admin of its source.
    pub async fn create(self) -> ConnectionId {
        let id = self.id.unwrap_or_else(|| ConnectionId::new(self.server.ids().next()));
        let (source, created_by) = (self.source.id(), self.source.admin().id());
        let new = NewOrgConnection { id, sink: self.sink.id(), types: self.types, created_by };
        // Also one that crosses sites, as if that had been allowed before.
        let limits = Limits { cross_site: CrossSite::Allowed, ..Limits::default() };
        self.server
            .operate(move |session, now| {
                org_connection::create(&session.authorize_in(source)?, new, limits, now)
            })
            .await;
        id
    }
}
