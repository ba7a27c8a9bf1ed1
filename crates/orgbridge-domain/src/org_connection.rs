//! Org connections: which org lets which other org query what.

use std::sync::Arc;

use crate::restriction_policy::{self, Sight};
use crate::right::{OrgConnectionsRead, OrgConnectionsWrite};
use crate::{
    Change, ConnectionId, ConnectionType, ConnectionTypes, CrossSite, Decided, Edit, Grant, Listing, OrgId,
    Page, Principal, Refusal, State, Timestamp, User, UserId, Verb, WhyNotAllowed,
};

/// The permission of a source org that a sink org may query some of its telemetry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgConnection {
    /// Its id.
    pub id: ConnectionId,
    /// The org that owns the data and grants.
    pub source: OrgId,
    /// The org that may query; another one of the same account.
    pub sink: OrgId,
    /// What it may query.
    pub types: ConnectionTypes,
    /// The user of the source org who made it.
    pub created_by: UserId,
    /// When it was made. An update never changes it.
    pub created_at: Timestamp,
    /// When its types last changed.
    pub modified_at: Timestamp,
}

impl OrgConnection {
    /// Whether `org` is on either side.
    pub fn involves(&self, org: OrgId) -> bool {
        self.source == org || self.sink == org
    }
}

/// Bounds that the operator sets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// With how many sinks one source may share; `None` for as many as it likes.
    pub sinks_per_source: Option<u32>,
    /// Whether a source may share with a sink on another site.
    pub cross_site: CrossSite,
}

/// What a new connection is made from. Its source is the grant's org.
#[derive(Debug, Clone, Copy)]
pub struct NewOrgConnection {
    /// Its id.
    pub id: ConnectionId,
    /// The org that is to be shown something.
    pub sink: OrgId,
    /// What.
    pub types: ConnectionTypes,
    /// The user of the source org who makes it.
    pub created_by: UserId,
}

/// Connects the grant's org, as source, with a sink of the same account.
///
/// # Errors
/// [`Refusal::NotAllowed`] if the sink is the source, [`Refusal::NoSink`] if it is no org of the account, or
/// one of a site that connections may not reach; of that, an operator is told by [`Refusal::CrossesSites`].
/// [`Refusal::AlreadyConnected`] if the pair is, [`Refusal::TooManySinks`] past the operator's limit,
/// [`Refusal::CreatorIsNoUserOfTheSource`] if a principal speaks for somebody else.
pub fn create(
    grant: &Grant<'_, OrgConnectionsWrite>,
    new: NewOrgConnection,
    limits: Limits,
    now: Timestamp,
) -> Result<Decided<OrgConnection>, Refusal> {
    let (state, source) = (grant.state(), grant.org());
    let NewOrgConnection { id, sink, types, created_by } = new;
    if sink == source.id {
        let why = WhyNotAllowed::SinkIsTheSource;
        return Err(Refusal::NotAllowed { source_org: source.id, sink_org: sink, why });
    }
    let sink_org = state.org(sink).filter(|org| org.account == source.account).ok_or(Refusal::NoSink)?;
    if !limits.cross_site.admits(source.site, sink_org.site) {
        return Err(match grant.principal() {
            Principal::User { .. } => Refusal::NoSink,
            Principal::Operator => {
                Refusal::CrossesSites { source_site: source.site, sink_site: sink_org.site }
            }
        });
    }
    let speaks_for = match grant.principal() {
        Principal::User { user, .. } => user == created_by,
        Principal::Operator => state.user(created_by).is_some_and(|creator| creator.org == source.id),
    };
    if !speaks_for {
        return Err(Refusal::CreatorIsNoUserOfTheSource);
    }
    if state.connection_between(source.id, sink).is_some() {
        return Err(Refusal::AlreadyConnected { source_org: source.id, sink_org: sink });
    }
    if state.connection(id).is_some() {
        return Err(Refusal::taken("connection id", id));
    }
    if let Some(limit) = limits.sinks_per_source
        && state.connections_of(source.id).filter(|place| place.pair.source == source.id).count()
            >= limit as usize
    {
        return Err(Refusal::TooManySinks { source_org: source.id, limit });
    }
    let connection =
        OrgConnection { id, source: source.id, sink, types, created_by, created_at: now, modified_at: now };
    Ok(Decided::one(connection.clone(), Change::OrgConnection(Edit::Create(connection))))
}

/// Replaces what the connection `id` shares. Only its source may.
///
/// # Errors
/// [`Refusal::NoConnection`] if the principal may not know of it, [`Refusal::OnlyTheSourceMayUpdate`] if the grant's
/// org is the sink, [`Refusal::NoEditor`] if the policy of the grant's org does not let the principal edit it.
pub fn update(
    grant: &Grant<'_, OrgConnectionsWrite>,
    id: ConnectionId,
    types: ConnectionTypes,
    now: Timestamp,
) -> Result<Decided<OrgConnection>, Refusal> {
    let before = known_to(grant, id, Verb::Update)?;
    if before.source != grant.org().id {
        return Err(Refusal::OnlyTheSourceMayUpdate);
    }
    restriction_policy::may_edit(grant, id)?;
    let before = OrgConnection::clone(before);
    if before.types == types {
        return Ok(Decided::unchanged(before));
    }
    let after = OrgConnection { types, modified_at: now, ..before.clone() };
    Ok(Decided::one(after.clone(), Change::OrgConnection(Edit::Replace { before, after })))
}

/// Deletes the connection `id`, and what either side says about it. Either side may.
///
/// # Errors
/// [`Refusal::NoConnection`] if the principal may not know of it, [`Refusal::NoEditor`] if the policy of the grant's
/// org does not let the principal edit it.
pub fn delete(
    grant: &Grant<'_, OrgConnectionsWrite>,
    id: ConnectionId,
) -> Result<Decided<OrgConnection>, Refusal> {
    let connection = OrgConnection::clone(known_to(grant, id, Verb::Delete)?);
    restriction_policy::may_edit(grant, id)?;
    Ok(Decided { changes: deletion(grant.state(), &connection).collect(), value: connection })
}

/// What it takes to delete `connection`. Nothing is left that refers to it.
pub(crate) fn deletion(state: &State, connection: &OrgConnection) -> impl Iterator<Item = Change> {
    let connection_itself = Change::OrgConnection(Edit::Delete(connection.clone()));
    restriction_policy::deletions_with(state, connection).chain(std::iter::once(connection_itself))
}

/// The connection `id`, if the principal may know of it.
///
/// # Errors
/// [`Refusal::NoConnection`] if not: the grant's org is on neither side of it, or keeps it from the principal.
pub fn read<'s>(
    grant: &Grant<'s, OrgConnectionsRead>,
    id: ConnectionId,
) -> Result<&'s Arc<OrgConnection>, Refusal> {
    known_to(grant, id, Verb::Read)
}

/// The same by any right.
pub(crate) fn known_to<'s, R>(
    grant: &Grant<'s, R>,
    id: ConnectionId,
    verb: Verb,
) -> Result<&'s Arc<OrgConnection>, Refusal> {
    let org = grant.org().id;
    grant
        .state()
        .connection(id)
        .filter(|connection| connection.involves(org) && Sight::of(grant).admits(id))
        .ok_or(Refusal::NoConnection { id, verb })
}

/// Which connections a list is narrowed to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filter {
    /// By who shares.
    pub source: OrgFilter,
    /// By who is shown.
    pub sink: OrgFilter,
}

/// Narrows one side of a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OrgFilter {
    /// Any org.
    #[default]
    Any,
    /// This org.
    Only(OrgId),
    /// No org at all: what was asked for is no org's id.
    Nothing,
}

impl OrgFilter {
    fn admits(self, org: OrgId) -> bool {
        match self {
            Self::Any => true,
            Self::Only(wanted) => wanted == org,
            Self::Nothing => false,
        }
    }
}

/// The connections in which the grant's org is source or sink, ordered by creation, then id. What the org keeps from
/// the principal is not counted either.
pub fn list<'s>(
    grant: &Grant<'s, OrgConnectionsRead>,
    filter: Filter,
    page: Page,
) -> Listing<&'s Arc<OrgConnection>> {
    let state = grant.state();
    let sight = Sight::of(grant);
    let mut listing = Listing { items: Vec::new(), total: 0, total_filtered: 0 };
    for place in state.connections_of(grant.org().id).filter(|place| sight.admits(place.id)) {
        listing.total += 1;
        if !filter.source.admits(place.pair.source) || !filter.sink.admits(place.pair.sink) {
            continue;
        }
        if listing.total_filtered >= page.offset && listing.items.len() < page.limit {
            listing.items.extend(state.connection_between(place.pair.source, place.pair.sink));
        }
        listing.total_filtered += 1;
    }
    listing
}

/// The connections that `creator` made, oldest first.
pub(crate) fn made_by<'s>(state: &'s State, creator: &User) -> impl Iterator<Item = &'s Arc<OrgConnection>> {
    // Whoever makes a connection is a user of its source.
    let (source, id) = (creator.org, creator.id);
    let shared = state.connections_of(source).filter(move |place| place.pair.source == source);
    let connections = shared.filter_map(|place| state.connection_between(place.pair.source, place.pair.sink));
    connections.filter(move |connection| connection.created_by == id)
}

/// May `sink` read telemetry of type `wanted` that `source` owns, now?
///
/// Returns the connection by which it may. An org that does not exist or is disabled may nothing, and nobody
/// may read what it owns. A connection that crosses sites grants only while `cross_site` allows that. This says
/// nothing about an org's own telemetry, which needs no connection, and nothing about which users of the sink may:
/// [`decide_for`] does.
pub fn decide(
    state: &State,
    sink: OrgId,
    source: OrgId,
    wanted: ConnectionType,
    cross_site: CrossSite,
) -> Option<&Arc<OrgConnection>> {
    state
        .connection_sharing(wanted, source, sink, cross_site)
        .filter(|_| !state.is_disabled(source) && !state.is_disabled(sink))
}

/// May `user`, in the name of their org, read telemetry of type `wanted` that `source` owns, now?
///
/// Returns the connection by which they may: one by which their org [may](decide), unless the org keeps it from them.
/// Who does not exist or is disabled may nothing. To manage who may do what is not to be bound: it lets nobody read.
pub fn decide_for(
    state: &State,
    user: UserId,
    source: OrgId,
    wanted: ConnectionType,
    cross_site: CrossSite,
) -> Option<&Arc<OrgConnection>> {
    let user = state.user(user).filter(|user| !user.disabled)?;
    let connection = decide(state, user.org, source, wanted, cross_site)?;
    restriction_policy::may_use(state, user, connection.id).then_some(connection)
}
