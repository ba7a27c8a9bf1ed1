//! Service accounts: users that are programs.

use axum::extract::State;
use orgbridge_domain::right::ServiceAccountWrite;
use orgbridge_domain::{UserId, user};

use super::users::creation_refusals;
use crate::api::Api;
use crate::error::ApiError;
use crate::extract::{Granted, JsonBody};
use crate::openapi::{Prose, Tag};
use crate::reply::Created;
use crate::wire::{CreateServiceAccount, UserDocument};

pub(crate) const CREATE: Prose = Prose {
    id: "CreateServiceAccount",
    tag: Tag::ServiceAccounts,
    summary: "Create a service account",
    description: "Makes a service account of the organization. Without roles it may do nothing, and with roles nothing \
                  that the caller may not do.",
    refusals: creation_refusals,
};

/// Makes a service account.
pub(crate) async fn create(
    granted: Granted<ServiceAccountWrite>,
    State(api): State<Api>,
    JsonBody(body): JsonBody<CreateServiceAccount>,
) -> Result<Created<UserDocument<'static>>, ApiError> {
    let new = body.user(UserId::new(api.ids.next()))?;
    let (view, user) =
        granted.commit(move |grant, now| user::create_service_account(grant, new.clone(), now)).await?;
    Created::of(&UserDocument::of(&view.state, &user))
}
