//! Connections between orgs.

use orgbridge_domain::ConnectionId;
use orgbridge_domain::org_connection::{self, NewOrgConnection};
use orgbridge_domain::right::{OrgConnectionsRead, OrgConnectionsWrite};

use axum::extract::State;

use crate::api::Api;
use crate::error::ApiError;
use crate::extract::{ConnectionPath, Granted, JsonBody, ListQuery};
use crate::reply::Reply;
use crate::wire::{ConnectionList, ConnectionResource, CreateConnection, Document, Empty, UpdateConnection};

/// Lists the connections in which the caller's org is source or sink.
pub(crate) async fn list(
    granted: Granted<OrgConnectionsRead>,
    ListQuery { filter, page }: ListQuery,
) -> Result<Reply, ApiError> {
    let grant = granted.grant()?;
    let listing = org_connection::list(&grant, filter, page);
    Reply::of(&ConnectionList::of(grant.state(), &listing))
}

/// Connects the caller's org, as source, with a sink. Answers 200, as the real service does, and not 201.
pub(crate) async fn create(
    granted: Granted<OrgConnectionsWrite>,
    State(api): State<Api>,
    JsonBody(body): JsonBody<CreateConnection>,
) -> Result<Reply, ApiError> {
    let (sink, types) = body.sink_and_types(granted.org())?;
    let id = ConnectionId::new(api.ids.next());
    let (limits, created_by) = (api.limits, granted.user());
    let new = NewOrgConnection { id, sink, types, created_by };
    let (view, connection) =
        granted.commit(move |grant, now| org_connection::create(grant, new, limits, now)).await?;
    Reply::of(&Document::of(ConnectionResource::of(&view.state, &connection)))
}

/// Shows one connection. The real service has no such call.
pub(crate) async fn read(
    granted: Granted<OrgConnectionsRead>,
    ConnectionPath(id): ConnectionPath,
) -> Result<Reply, ApiError> {
    let grant = granted.grant()?;
    let connection = org_connection::read(&grant, id)?;
    Reply::of(&Document::of(ConnectionResource::of(grant.state(), connection)))
}

/// Replaces what a connection shares.
pub(crate) async fn update(
    granted: Granted<OrgConnectionsWrite>,
    ConnectionPath(id): ConnectionPath,
    JsonBody(body): JsonBody<UpdateConnection>,
) -> Result<Reply, ApiError> {
    let types = body.types_for(id)?;
    let (view, connection) =
        granted.commit(move |grant, now| org_connection::update(grant, id, types, now)).await?;
    Reply::of(&Document::of(ConnectionResource::of(&view.state, &connection)))
}

/// Deletes a connection. Answers 200 with an empty object, as the real service does, and not 204.
pub(crate) async fn delete(
    granted: Granted<OrgConnectionsWrite>,
    ConnectionPath(id): ConnectionPath,
) -> Result<Reply, ApiError> {
    granted.commit(move |grant, _| org_connection::delete(grant, id)).await?;
    Reply::of(&Empty {})
}
