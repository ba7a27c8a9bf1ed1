//! A server of a test's own.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use orgbridge_domain::right::OrgAppKeysWrite;
use orgbridge_domain::{Decided, Principal, Refusal, Session, Timestamp, application_key};
use orgbridge_ledger::{Ledger, Revision};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::cast::application_key_id;
use crate::{
    Caller, ConnectionBuilder, CountingIds, Persona, RawClient, RawReply, TestClock, TestServerBuilder,
    panics,
};

/// A server that is answering, with its ledger in a folder of its own. Both are gone when it is dropped.
pub struct TestServer {
    pub(crate) address: SocketAddr,
    pub(crate) ledger: Ledger,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) ids: Arc<CountingIds>,
    pub(crate) registry: Registry,
    pub(crate) client: reqwest::Client,
    pub(crate) stop: CancellationToken,
    /// There until it is waited for.
    pub(crate) thread: Option<JoinHandle<()>>,
    pub(crate) folder: TempDir,
}

impl TestServer {
    /// Starts one with the program's defaults.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// Begins to describe one that differs from the defaults.
    pub fn builder() -> TestServerBuilder {
        TestServerBuilder::default()
    }

    /// The clock that it lives by.
    pub fn clock(&self) -> &TestClock {
        &self.clock
    }

    /// Anybody, before this server.
    pub fn caller(&self, persona: Persona) -> Caller<'_> {
        Caller::new(self, persona)
    }

    /// The admin of the source.
    pub fn source_admin(&self) -> Caller<'_> {
        self.caller(Persona::SourceAdmin)
    }

    /// The admin of the sink.
    pub fn sink_admin(&self) -> Caller<'_> {
        self.caller(Persona::SinkAdmin)
    }

    /// The admin of another org of their account.
    pub fn bystander_admin(&self) -> Caller<'_> {
        self.caller(Persona::BystanderAdmin)
    }

    /// The admin of an org of another account.
    pub fn stranger_admin(&self) -> Caller<'_> {
        self.caller(Persona::StrangerAdmin)
    }

    /// The admin of an org of the source's account on another site.
    pub fn overseas_admin(&self) -> Caller<'_> {
        self.caller(Persona::OverseasAdmin)
    }

    /// Somebody who shows nothing.
    pub fn anonymous(&self) -> Caller<'_> {
        self.caller(Persona::Anonymous)
    }

    /// Begins to describe a connection that a test wants to find.
    pub fn connection(&self) -> ConnectionBuilder<'_> {
        ConnectionBuilder::new(self)
    }

    /// Connects to it, to say exactly what a test wants.
    pub async fn raw(&self) -> RawClient {
        self.raw_from(Ipv4Addr::LOCALHOST.into()).await
    }

    /// The same, from another address of this machine.
    pub async fn raw_from(&self, address: IpAddr) -> RawClient {
        RawClient::connect(self.address, address).await
    }

    /// Sends `request` on a connection of its own, which ends with the answer.
    pub async fn exchange(&self, request: impl AsRef<[u8]>) -> RawReply {
        let mut client = self.raw().await;
        client.send(request).await;
        RawReply::only(&client.read_to_end().await)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The folder that holds its database and nothing else.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// How many changes it has kept.
    pub fn revision(&self) -> Revision {
        self.ledger.view().position.revision
    }

    /// What it has counted, as Prometheus reads it.
    pub fn metrics(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).unwrap();
        text
    }

    /// Runs a rule past the API, as the operator.
    pub async fn operate<T: Send + 'static>(
        &self,
        rule: impl Fn(&Session<'_>, Timestamp) -> Result<Decided<T>, Refusal> + Send + 'static,
    ) -> T {
        let request = "the-operator".parse().unwrap();
        self.ledger.commit(Principal::Operator, request, rule).await.expect("what the operator wants")
    }

    /// Revokes the application key of a persona.
    pub async fn revoke_application_key_of(&self, persona: Persona) {
        let org = persona.user().expect("a persona with a key").org().id();
        let key = application_key_id(persona);
        self.operate(move |session, _| {
            application_key::revoke(&session.authorize_in::<OrgAppKeysWrite>(org)?, key)
        })
        .await;
    }

    pub(crate) fn ids(&self) -> &CountingIds {
        &self.ids
    }

    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.client
    }
}

/// Stops the server, and fails the test if it broke on the way.
impl Drop for TestServer {
    fn drop(&mut self) {
        self.stop.cancel();
        let health = self.ledger.health();
        let Some(thread) = self.thread.take() else { return };
        let name = thread.thread().name().unwrap_or_default().to_owned();
        let end = thread.join();
        self.ledger.close();
        // A test that fails already says more than what follows from it.
        if !thread::panicking() {
            let panics = panics::of(&name);
            assert!(end.is_ok() && panics.is_empty(), "the server panicked: {panics:?}");
            assert!(health.is_ok(), "the ledger broke: {health:?}");
        }
    }
}

impl fmt::Debug for TestServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TestServer").field("address", &self.address).finish_non_exhaustive()
    }
}
