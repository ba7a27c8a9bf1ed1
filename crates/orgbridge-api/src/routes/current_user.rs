//! Who is calling.

use crate::error::ApiError;
use crate::extract::SignedIn;
use crate::openapi::{Prose, Tag};
use crate::reply::Reply;
use crate::wire::CurrentUser;

pub(crate) const READ: Prose = Prose {
    id: "GetCurrentUser",
    tag: Tag::Users,
    summary: "Get the calling user",
    description: "Shows the user whose application key it is, with their roles and their org. It needs no permission.",
    refusals: Vec::new,
};

/// Shows the caller with their roles and their org.
pub(crate) async fn read(caller: SignedIn) -> Result<Reply<CurrentUser<'static>>, ApiError> {
    let (_, user) = caller.session().whoami()?;
    Reply::of(&CurrentUser::of(&caller.view.state, user))
}
