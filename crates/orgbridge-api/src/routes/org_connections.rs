//! Connections between orgs.

use orgbridge_domain::org_connection::{self, NewOrgConnection};
use orgbridge_domain::right::{OrgConnectionsRead, OrgConnectionsWrite};
use orgbridge_domain::{ConnectionId, ConnectionType, Refusal, TypesProblem, Verb, WhyNotAllowed};
use orgbridge_ledger::Unavailable;

use axum::extract::State;

use crate::api::Api;
use crate::error::ApiError;
use crate::extract::{Granted, IdPath, JsonBody, ListQuery};
use crate::openapi::{Prose, Tag};
use crate::reply::Reply;
use crate::wire::{ConnectionList, ConnectionResource, CreateConnection, Document, Empty, UpdateConnection};

/// An answer that shows one connection.
type ConnectionReply = Reply<Document<ConnectionResource<'static>>>;

pub(crate) const LIST: Prose = Prose {
    id: "ListOrgConnections",
    tag: Tag::OrgConnections,
    summary: "List org connections",
    description: "Lists the connections in which the caller's org is source or sink, ordered by creation.",
    refusals: Vec::new,
};

/// Lists the connections in which the caller's org is source or sink.
pub(crate) async fn list(
    granted: Granted<OrgConnectionsRead>,
    ListQuery { filter, page }: ListQuery,
) -> Result<Reply<ConnectionList<'static>>, ApiError> {
    let grant = granted.grant()?;
    let listing = org_connection::list(&grant, filter, page);
    Reply::of(&ConnectionList::of(grant.state(), &listing))
}

pub(crate) const CREATE: Prose = Prose {
    id: "CreateOrgConnections",
    tag: Tag::OrgConnections,
    summary: "Create an org connection",
    description: "Lets another org of the account, the sink, query telemetry of the caller's org, the source. Two orgs \
                  have at most one connection in each direction. The answer is given when the connection is on disk.",
    refusals: || {
        let (source_org, sink_org) = (example::source(), example::sink());
        let not_allowed = |why| Refusal::NotAllowed { source_org, sink_org, why };
        let repeated = TypesProblem::Repeated { position: 1, repeated: ConnectionType::Logs };
        vec![
            not_allowed(WhyNotAllowed::Types(repeated)).into(),
            not_allowed(WhyNotAllowed::SinkIsTheSource).into(),
            Refusal::TooManySinks { source_org, limit: 100 }.into(),
            Refusal::NoSink.into(),
            Refusal::AlreadyConnected { source_org, sink_org }.into(),
            ApiError::Unavailable(Unavailable::Full),
        ]
    },
};

/// Connects the caller's org, as source, with a sink. Answers 200, as the real service does, and not 201.
pub(crate) async fn create(
    granted: Granted<OrgConnectionsWrite>,
    State(api): State<Api>,
    JsonBody(body): JsonBody<CreateConnection>,
) -> Result<ConnectionReply, ApiError> {
    let (sink, types) = body.sink_and_types(granted.org())?;
    let id = ConnectionId::new(api.ids.next());
    let (limits, created_by) = (api.limits, granted.user());
    let new = NewOrgConnection { id, sink, types, created_by };
    let (view, connection) =
        granted.commit(move |grant, now| org_connection::create(grant, new, limits, now)).await?;
    Reply::of(&Document::of(ConnectionResource::of(&view.state, &connection)))
}

pub(crate) const READ: Prose = Prose {
    id: "GetOrgConnection",
    tag: Tag::OrgConnections,
    summary: "Get an org connection",
    description: "Shows one connection in which the caller's org is source or sink.",
    refusals: || vec![example::no_connection(Verb::Read)],
};

/// Shows one connection. The real service has no such call.
pub(crate) async fn read(
    granted: Granted<OrgConnectionsRead>,
    IdPath(id): IdPath<ConnectionId>,
) -> Result<ConnectionReply, ApiError> {
    let grant = granted.grant()?;
    let connection = org_connection::read(&grant, id)?;
    Reply::of(&Document::of(ConnectionResource::of(grant.state(), connection)))
}

pub(crate) const UPDATE: Prose = Prose {
    id: "UpdateOrgConnections",
    tag: Tag::OrgConnections,
    summary: "Update an org connection",
    description: "Replaces what a connection shares. Only its source may. From the answer on, the sink is shown \
                  nothing that is no longer shared.",
    refusals: || {
        vec![
            ApiError::Invalid(format!("data.id: must be {}, as in the path", example::connection())),
            Refusal::OnlyTheSourceMayUpdate.into(),
            Refusal::NoEditor.into(),
            example::no_connection(Verb::Update),
            ApiError::Unavailable(Unavailable::Full),
        ]
    },
};

/// Replaces what a connection shares.
pub(crate) async fn update(
    granted: Granted<OrgConnectionsWrite>,
    IdPath(id): IdPath<ConnectionId>,
    JsonBody(body): JsonBody<UpdateConnection>,
) -> Result<ConnectionReply, ApiError> {
    let types = body.types_for(id)?;
    let (view, connection) =
        granted.commit(move |grant, now| org_connection::update(grant, id, types, now)).await?;
    Reply::of(&Document::of(ConnectionResource::of(&view.state, &connection)))
}

pub(crate) const DELETE: Prose = Prose {
    id: "DeleteOrgConnections",
    tag: Tag::OrgConnections,
    summary: "Delete an org connection",
    description: "Removes a connection. Its source may, and its sink may too. From the answer on, the sink is shown \
                  nothing by it.",
    refusals: || {
        vec![
            Refusal::NoEditor.into(),
            example::no_connection(Verb::Delete),
            ApiError::Unavailable(Unavailable::Full),
        ]
    },
};

/// Deletes a connection. Answers 200 with an empty object, as the real service does, and not 204.
pub(crate) async fn delete(
    granted: Granted<OrgConnectionsWrite>,
    IdPath(id): IdPath<ConnectionId>,
) -> Result<Reply<Empty>, ApiError> {
    granted.commit(move |grant, _| org_connection::delete(grant, id)).await?;
    Reply::of(&Empty {})
}

/// Who and what the description's examples of refusals are about.
pub(super) mod example {
    use orgbridge_domain::{ConnectionId, OrgId, Refusal, Verb};
    use uuid::Uuid;

    use crate::error::ApiError;

    pub(super) fn source() -> OrgId {
        OrgId::new(Uuid::from_u128(0x4dee_724d_00cc_11ea_a77b_570c_9d03_c6c5))
    }

    pub(in crate::routes) fn sink() -> OrgId {
        OrgId::new(Uuid::from_u128(0x8399_9dcd_7f97_11f0_8de1_1ecf_66f1_aa85))
    }

    pub(in crate::routes) fn connection() -> ConnectionId {
        ConnectionId::new(Uuid::from_u128(0xf9ec_96b0_8c8a_4b0a_9b0a_1b2c_3d4e_5f6a))
    }

    pub(in crate::routes) fn no_connection(verb: Verb) -> ApiError {
        Refusal::NoConnection { id: connection(), verb }.into()
    }
}
