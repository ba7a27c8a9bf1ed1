//! What a test's server is made from.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use http::Request;
use orgbridge_api::{
    ApiOptions, ClientAddress, ExternalIssuer, Issuer, IssuerLogin, IssuerUrl, LimitName,
    MonotonicClock as _, Quota, RateLimits, RateStore, RequestMetrics, ScopesClaim, Sites, Split,
    SubjectClaim, router,
};
use orgbridge_domain::CrossSite;
use orgbridge_domain::org_connection::Limits;
use orgbridge_domain::user::CreatorDisabled;
use orgbridge_edge::{Edge, EdgeSettings, PeerAddress};
use orgbridge_issuer::{IssuerOptions, LoginIssuer, LoginOptions, Uptime, WebClient};
use orgbridge_ledger::{
    AttemptLimits, Attendance, DatabaseAddress, Ledger, LedgerOptions, MAX_STALENESS, Replicas,
};
use prometheus_client::registry::Registry;
use reqwest::redirect::Policy;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::{CountingIds, Persona, TestApi, TestClock, TestOrg, TestServer, cast, panics, tokens};

/// How long after the cast a test begins, so that it can tell its own times from theirs.
const PROLOGUE: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a server that is dropped waits for requests under way: a test that left some behind is over.
const DRAIN: Duration = Duration::from_millis(200);

/// A server to be, with the program's defaults unless a test says otherwise.
#[derive(Debug, Clone, Default)]
#[must_use = "nothing is there before `start`"]
pub struct TestServerBuilder {
    rate_limits: RateLimits,
    split: Planned,
    rate_store: Option<Arc<RateStore>>,
    limits: Limits,
    creator_disabled: CreatorDisabled,
    sites: Sites,
    attempts: AttemptLimits,
    believed: Option<(IssuerOptions, SubjectClaim, ScopesClaim)>,
    asked_who_logs_in: Option<(LoginOptions, SubjectClaim)>,
    is_called_over_http2: bool,
    places: Places,
    beside: Option<Neighbour>,
}

/// A server whose ledger another serves, too.
#[derive(Debug, Clone)]
struct Neighbour {
    database: DatabaseAddress,
    clock: Arc<TestClock>,
    ids: Arc<CountingIds>,
}

/// How many connections a server takes at the same time.
#[derive(Debug, Clone, Copy)]
struct Places(usize);

impl Default for Places {
    fn default() -> Self {
        Self(EdgeSettings::default().max_connections)
    }
}

/// Among how many replicas a server shares its limits, if it is not alone.
#[derive(Debug, Clone, Default)]
struct Planned(Option<(u32, Arc<AtomicU32>)>);

impl Planned {
    fn among(self, limits: RateLimits) -> Split {
        let Some((rank, count)) = self.0 else { return Split::alone(limits) };
        let seat = uuid::Uuid::from_u128(rank.into());
        let planned = NonZeroU32::new(count.load(Ordering::SeqCst)).expect("somebody is there");
        let replicas = move || Replicas { seat, rank, count: count.load(Ordering::SeqCst) };
        Split::new(limits, planned, MAX_STALENESS, replicas)
    }
}

impl TestServerBuilder {
    /// Takes so many requests in so many seconds for one limit.
    pub fn limiting(self, name: LimitName, requests: u32, seconds: u32) -> Self {
        let quota = Quota::new(requests, seconds).expect("a limit that opens");
        Self { rate_limits: self.rate_limits.with(name, Some(quota)), ..self }
    }

    /// Takes any number of requests.
    pub fn without_rate_limits(self) -> Self {
        Self { rate_limits: RateLimits::off(), ..self }
    }

    /// Has it count in a store that it may share with others.
    pub fn counting_in(self, store: Arc<RateStore>) -> Self {
        Self { rate_store: Some(store), ..self }
    }

    /// Has it believe that there are as many replicas as `count` says at any time, of which it is the one with `rank`.
    pub fn one_of(self, rank: u32, count: Arc<AtomicU32>) -> Self {
        Self { split: Planned(Some((rank, count))), ..self }
    }

    /// Lets a source share with so many sinks.
    pub fn sinks_per_source(self, sinks: u32) -> Self {
        Self { limits: Limits { sinks_per_source: Some(sinks), ..self.limits }, ..self }
    }

    /// Has it answer for these sites alone, each at an API host of its own.
    pub fn answering_for<'t>(self, sites: impl IntoIterator<Item = &'t str>) -> Self {
        let sites = sites.into_iter().map(|site| site.parse().expect("a site"));
        Self { sites: sites.collect(), ..self }
    }

    /// Lets connections cross sites.
    pub fn letting_connections_cross_sites(self) -> Self {
        Self { limits: Limits { cross_site: CrossSite::Allowed, ..self.limits }, ..self }
    }

    /// Has it delete the connections of a user who is disabled.
    pub fn deleting_connections_of_the_disabled(self) -> Self {
        Self { creator_disabled: CreatorDisabled::Delete, ..self }
    }

    /// Keeps so many refused attempts of each org in a minute, and so many at all.
    pub fn keeping_attempts(self, per_minute: u32, per_org: u32) -> Self {
        let number = |number| NonZeroU32::new(number).expect("a limit that keeps something");
        Self { attempts: AttemptLimits { per_minute: number(per_minute), per_org: number(per_org) }, ..self }
    }

    /// Has it take access tokens of this issuer for users of the source.
    pub fn believing(self, issuer: IssuerOptions) -> Self {
        self.believing_claims(issuer, SubjectClaim::Sub, ScopesClaim::Scope)
    }

    /// The same by other claims.
    pub fn believing_claims(self, issuer: IssuerOptions, subject: SubjectClaim, scopes: ScopesClaim) -> Self {
        Self { believed: Some((issuer, subject, scopes)), ..self }
    }

    /// Has users of the source log in at this issuer.
    pub fn logging_in_at(self, issuer: LoginOptions, claim: SubjectClaim) -> Self {
        Self { asked_who_logs_in: Some((issuer, claim)), ..self }
    }

    /// Has it called over HTTP/2, every request on one connection.
    pub fn called_over_http2(self) -> Self {
        Self { is_called_over_http2: true, ..self }
    }

    /// Takes no more than so many connections at the same time.
    pub fn with_places(self, places: usize) -> Self {
        Self { places: Places(places), ..self }
    }

    /// Has it serve the ledger of `other`, as a replica that lives by the same clock.
    pub fn beside(self, other: &TestServer) -> Self {
        let database = DatabaseAddress::Sqlite(database_in(other.folder()));
        let (clock, ids) = (Arc::clone(&other.clock), Arc::clone(&other.ids));
        Self { beside: Some(Neighbour { database, clock, ids }), ..self }
    }

    /// Starts it, with the cast in its ledger.
    pub async fn start(self) -> TestServer {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("a port");
        let (is_called_over_http2, Places(places)) = (self.is_called_over_http2, self.places);
        let TestApi { router, ledger, clock, ids, registry, folder } = self.furnish(address).await;
        let stop = CancellationToken::new();
        let thread = Some(serve(listener, router, places, stop.clone()));

        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .dns_resolver(Arc::new(EveryNameIsHere));
        let client = if is_called_over_http2 { client.http2_prior_knowledge() } else { client };
        let client = client.build().expect("a client");
        TestServer { address, ledger, clock, ids, registry, client, stop, thread, folder }
    }

    /// The same without a socket, for whoever has very many requests.
    pub async fn start_in_memory(self) -> TestApi {
        self.furnish((Ipv4Addr::LOCALHOST, 80).into()).await
    }

    /// The API that would listen at `address`, with the cast in its ledger.
    async fn furnish(self, address: SocketAddr) -> TestApi {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let is_first = self.beside.is_none();
        let Neighbour { database, clock, ids } = self.beside.unwrap_or_else(|| Neighbour {
            database: DatabaseAddress::Sqlite(database_in(folder.path())),
            clock: Arc::default(),
            ids: Arc::default(),
        });
        let options = LedgerOptions {
            clock: Arc::clone(&clock) as _,
            attempts: self.attempts,
            attendance: Attendance::Serves,
            ..LedgerOptions::default()
        };
        let open = if is_first { Ledger::create } else { Ledger::open };
        let ledger = open(&database, options).expect("a ledger");

        let metrics = Arc::new(RequestMetrics::default());
        let mut registry = Registry::with_prefix("orgbridge");
        metrics.register(&mut registry);
        let router = router(ApiOptions {
            ledger: ledger.clone(),
            sites: self.sites,
            issuer: Issuer::OfSite(IssuerUrl::of_listener("http", address)),
            external_issuer: self.believed.map(|believed| external(believed, &clock)),
            issuer_login: self.asked_who_logs_in.map(|asked| login(asked, &clock)),
            limits: self.limits,
            creator_disabled: self.creator_disabled,
            rate_limits: Arc::new(self.split.among(self.rate_limits)),
            rate_store: self.rate_store,
            metrics,
            clock: Arc::clone(&clock) as _,
            ids: Arc::clone(&ids) as _,
        });
        let api = TestApi { router, ledger, clock, ids, registry, folder };
        if is_first {
            play_the_prologue(&api).await;
        }
        api
    }
}

fn database_in(folder: &Path) -> PathBuf {
    folder.join("ledger.db")
}

/// Has the cast enter.
async fn play_the_prologue(api: &TestApi) {
    api.operate(cast::enter).await;
    tokens::register(api).await;
    tokens::issue(&api.ledger, Persona::ExpiredToken).await;
    api.clock.advance(PROLOGUE);
    for persona in [Persona::Token, Persona::RevokedToken] {
        tokens::issue(&api.ledger, persona).await;
    }
    tokens::revoke(&api.ledger, Persona::RevokedToken).await;
}

/// The issuer outside, whose keys grow old by the clock of the test, and are fetched when they are asked for.
fn external(
    (options, subject_claim, scopes_claim): (IssuerOptions, SubjectClaim, ScopesClaim),
    clock: &Arc<TestClock>,
) -> ExternalIssuer {
    let issuer = orgbridge_issuer::Issuer::new(options, WebClient::new(), uptime(clock));
    ExternalIssuer { issuer: Arc::new(issuer), org: TestOrg::Source.id(), subject_claim, scopes_claim }
}

/// The issuer at which users log in, likewise.
fn login((options, user_claim): (LoginOptions, SubjectClaim), clock: &Arc<TestClock>) -> IssuerLogin {
    let issuer = LoginIssuer::new(options, WebClient::new(), uptime(clock));
    IssuerLogin { issuer: Arc::new(issuer), org: TestOrg::Source.id(), user_claim }
}

fn uptime(clock: &Arc<TestClock>) -> Uptime {
    let clock = Arc::clone(clock);
    Arc::new(move || clock.elapsed())
}

/// Any host is this machine, so that a test may ask for whichever it likes.
struct EveryNameIsHere;

impl reqwest::dns::Resolve for EveryNameIsHere {
    fn resolve(&self, _name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let addresses: reqwest::dns::Addrs = Box::new(std::iter::once((Ipv4Addr::LOCALHOST, 0).into()));
        Box::pin(std::future::ready(Ok(addresses)))
    }
}

/// Serves `api` on a thread of its own, so that a panic of the server is not one of the test.
fn serve(
    listener: TcpListener,
    api: axum::Router,
    max_connections: usize,
    stop: CancellationToken,
) -> thread::JoinHandle<()> {
    static SERVERS: AtomicU64 = AtomicU64::new(0);
    let name = panics::watched_name(SERVERS.fetch_add(1, Ordering::SeqCst));
    listener.set_nonblocking(true).expect("a socket that can wait");
    let run = async move {
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
        let settings = EdgeSettings { max_connections, drain_timeout: DRAIN, ..EdgeSettings::default() };
        Edge::new(listener, None, settings).serve(api.map_request(with_client_address), stop).await;
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    thread::Builder::new().name(name).spawn(move || runtime.block_on(run)).expect("a thread")
}

/// The client of the API is whoever is at the other end of the edge's socket.
fn with_client_address<B>(mut request: Request<B>) -> Request<B> {
    let PeerAddress(peer) = *request.extensions().get().expect("the edge names the peer");
    request.extensions_mut().insert(ClientAddress(peer.ip()));
    request
}
