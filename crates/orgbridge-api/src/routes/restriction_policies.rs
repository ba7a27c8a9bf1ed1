//! Restriction policies: who of the caller's org may see, use and edit a connection.

use orgbridge_domain::restriction_policy::{self, Bindings, BindingsProblem, Subject};
use orgbridge_domain::right::{OrgConnectionsRead, OrgConnectionsWrite};
use orgbridge_domain::{Refusal, Verb};

use super::org_connections::example as connections;
use super::roles::example as roles;
use crate::error::ApiError;
use crate::extract::{Granted, IdPath, JsonBody, LockoutQuery};
use crate::openapi::{Prose, Tag};
use crate::reply::{NoContent, Reply};
use crate::wire::{Document, RestrictedConnection, RestrictionPolicyResource, UpdateRestrictionPolicy};

/// An answer that shows what an org says about a connection.
type PolicyReply = Reply<Document<RestrictionPolicyResource>>;

pub(crate) const READ: Prose = Prose {
    id: "GetRestrictionPolicy",
    tag: Tag::RestrictionPolicies,
    summary: "Get a restriction policy",
    description: "Shows who of the caller's org may see, use and edit a connection. Where the org says nothing, there \
                  are no bindings. What the other side says is not shown.",
    refusals: || vec![connections::no_connection(Verb::Read)],
};

/// Shows what the caller's org says about a connection.
pub(crate) async fn read(
    granted: Granted<OrgConnectionsRead>,
    IdPath(resource): IdPath<RestrictedConnection>,
) -> Result<PolicyReply, ApiError> {
    let grant = granted.grant()?;
    let policy = restriction_policy::read(&grant, resource.0)?;
    let nothing = Bindings::default();
    let bindings = policy.map_or(&nothing, |policy| &policy.bindings);
    Reply::of(&RestrictionPolicyResource::of(resource, bindings))
}

pub(crate) const UPDATE: Prose = Prose {
    id: "UpdateRestrictionPolicy",
    tag: Tag::RestrictionPolicies,
    summary: "Update a restriction policy",
    description: "Says who of the caller's org may see, use and edit a connection, and replaces all that the org said \
                  before. From then on, nobody of the org sees the connection but those who are bound, and nobody \
                  edits it but its editors. An editor may say so, and whoever has `user_access_manage`.",
    refusals: || {
        let other = RestrictedConnection(connections::connection());
        vec![
            ApiError::Invalid(format!("data.id: must be {other}, as in the path")),
            ApiError::Invalid(format!("data.attributes.bindings{}", BindingsProblem::TooMany { count: 101 })),
            Refusal::UnknownSubject { binding: 0, place: 0, subject: Subject::Org(connections::sink()) }
                .into(),
            Refusal::LocksItselfOut.into(),
            Refusal::NoEditor.into(),
            connections::no_connection(Verb::Update),
            roles::FULL,
        ]
    },
};

/// Replaces what the caller's org says about a connection. Answers 200, as the real service does, also the first time.
pub(crate) async fn update(
    granted: Granted<OrgConnectionsWrite>,
    IdPath(resource): IdPath<RestrictedConnection>,
    LockoutQuery(lockout): LockoutQuery,
    JsonBody(body): JsonBody<UpdateRestrictionPolicy>,
) -> Result<PolicyReply, ApiError> {
    let bindings = body.bindings_for(resource)?;
    let (_, bindings) = granted
        .commit(move |grant, _| restriction_policy::replace(grant, resource.0, bindings.clone(), lockout))
        .await?;
    Reply::of(&RestrictionPolicyResource::of(resource, &bindings))
}

pub(crate) const DELETE: Prose = Prose {
    id: "DeleteRestrictionPolicy",
    tag: Tag::RestrictionPolicies,
    summary: "Delete a restriction policy",
    description: "Takes back all that the caller's org says about a connection. From then on, permissions are all that \
                  is asked for. An editor may do so, and whoever has `user_access_manage`.",
    refusals: || vec![Refusal::NoEditor.into(), connections::no_connection(Verb::Delete), roles::FULL],
};

/// Takes back what the caller's org says about a connection.
pub(crate) async fn delete(
    granted: Granted<OrgConnectionsWrite>,
    IdPath(resource): IdPath<RestrictedConnection>,
) -> Result<NoContent, ApiError> {
    granted.commit(move |grant, _| restriction_policy::delete(grant, resource.0)).await?;
    Ok(NoContent)
}
