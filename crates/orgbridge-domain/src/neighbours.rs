//! Where each org lives, and which connections it has.
//!
//! Both are kept in one place because whoever puts a connection in needs both: among millions, each look-up is a
//! walk to memory that no cache holds.

use std::sync::Arc;

use crate::layered::LayeredMap;
use crate::state::Place;
use crate::{OrgId, Site};

/// The connections of each org, by creation, then id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Neighbours(LayeredMap<OrgId, Arc<Neighbour>>);

#[derive(Debug, Clone, Default)]
struct Neighbour {
    /// `None` where there is no such org.
    site: Option<Site>,
    connections: Vec<Place>,
}

impl Neighbours {
    /// The connections of `org`, in order.
    pub(crate) fn connections_of(&self, org: OrgId) -> &[Place] {
        self.0.get(&org).map_or(&[], |neighbour| &neighbour.connections)
    }

    /// Where `org` lives; `None` where there is no such org.
    pub(crate) fn site_of(&self, org: OrgId) -> Option<Site> {
        self.0.get(&org).and_then(|neighbour| neighbour.site)
    }

    /// Has `org` live on `site`, or be no more.
    pub(crate) fn settle(&mut self, org: OrgId, site: Option<Site>) {
        self.alter(org, |neighbour| neighbour.site = site);
    }

    /// Puts `connection` among those of `org`, and returns where the org lives.
    pub(crate) fn connect(&mut self, org: OrgId, connection: Place) -> Option<Site> {
        self.alter(org, |neighbour| {
            if let Err(position) = neighbour.connections.binary_search(&connection) {
                neighbour.connections.insert(position, connection);
            }
            neighbour.site
        })
    }

    /// Takes `connection` from among those of `org`.
    pub(crate) fn disconnect(&mut self, org: OrgId, connection: &Place) {
        self.alter(org, |neighbour| {
            if let Ok(position) = neighbour.connections.binary_search(connection) {
                neighbour.connections.remove(position);
            }
        });
    }

    /// Makes room for `additional` orgs more.
    pub(crate) fn reserve(&mut self, additional: usize) {
        self.0.reserve(additional);
    }

    fn alter<T>(&mut self, org: OrgId, alter: impl FnOnce(&mut Neighbour) -> T) -> T {
        self.0.alter(org, |neighbour| alter(Arc::make_mut(neighbour)))
    }
}
