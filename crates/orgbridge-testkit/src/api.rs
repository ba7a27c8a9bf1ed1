//! The API of a test's own, without a socket.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use http::Request;
use orgbridge_api::ClientAddress;
use orgbridge_domain::{Decided, Principal, Refusal, Session, Timestamp};
use orgbridge_ledger::{Ledger, Revision};
use prometheus_client::registry::Registry;
use tempfile::TempDir;
use tower::ServiceExt as _;

use crate::{CountingIds, Reply, TestClock};

/// The API with its ledger in a folder of its own, which is gone when it is dropped. Its
/// [builder](crate::TestServerBuilder::start_in_memory) makes it with the cast in its ledger.
pub struct TestApi {
    pub(crate) router: axum::Router,
    pub(crate) ledger: Ledger,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) ids: Arc<CountingIds>,
    pub(crate) registry: Registry,
    pub(crate) folder: TempDir,
}

impl TestApi {
    /// Sends exactly this. The answer is held to the description, like that to any [`Call`](crate::Call).
    pub async fn send(&self, mut request: Request<Vec<u8>>) -> Reply {
        request.extensions_mut().insert(ClientAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let Ok(response) = self.router.clone().oneshot(request.map(Body::from)).await;
        let (head, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a whole answer");
        let reply = Reply::new(head.status.as_u16(), head.headers, &body);
        reply.check(&method, &path);
        reply
    }

    /// How many changes it has kept.
    pub fn revision(&self) -> Revision {
        self.ledger.view().position.revision
    }

    /// Runs a rule past the API, as the operator.
    pub async fn operate<T: Send + 'static>(
        &self,
        rule: impl Fn(&Session<'_>, Timestamp) -> Result<Decided<T>, Refusal> + Send + 'static,
    ) -> T {
        let request = "the-operator".parse().unwrap();
        self.ledger.commit(Principal::Operator, request, rule).await.expect("what the operator wants")
    }
}

impl fmt::Debug for TestApi {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TestApi").field("folder", &self.folder).finish_non_exhaustive()
    }
}
