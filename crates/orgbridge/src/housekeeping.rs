//! What a server does without being asked.

use std::sync::Arc;
use std::time::Duration;

use orgbridge_api::IdSource;
use orgbridge_domain::{Principal, sweep};
use orgbridge_ledger::{Clock, Ledger, RequestId};
use tokio_util::sync::CancellationToken;

/// How often a server looks whether anything is over.
const PERIOD: Duration = Duration::from_secs(30);

/// Deletes tokens, authorizations and logins that are over, as the operator, until it is told to stop. Where the ledger
/// can't keep that now, it tries again: what is over is good for nothing meanwhile.
pub(crate) async fn clear_away_what_is_over(
    ledger: Ledger,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    stop: CancellationToken,
) {
    while stop.run_until_cancelled(tokio::time::sleep(PERIOD)).await.is_some() {
        while !stop.is_cancelled() && sweep::is_due(&ledger.view().state, clock.now()) {
            let cleared = ledger.commit(Principal::Operator, RequestId::from(ids.next()), |session, now| {
                Ok(sweep::clear(&session.deployment()?, now))
            });
            if let Err(error) = cleared.await {
                tracing::warn!(%error, "what is over could not be cleared away; it is tried again");
                break;
            }
        }
    }
}
