//! Who is calling.

use crate::error::ApiError;
use crate::extract::SignedIn;
use crate::reply::Reply;
use crate::wire::CurrentUser;

/// Shows the caller with their roles and their org.
pub(crate) async fn read(caller: SignedIn) -> Result<Reply, ApiError> {
    let (_, user) = caller.session().whoami()?;
    Reply::of(&CurrentUser::of(&caller.view.state, user))
}
