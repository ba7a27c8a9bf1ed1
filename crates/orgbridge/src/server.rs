//! A server: the ledger, the API on its edge, and the admin listener beside it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;

use http::Request;
use orgbridge_api::{
    ApiOptions, ClientAddress, ExternalIssuer, IdSource, Issuer, IssuerLogin, IssuerUrl, MonotonicClock,
    NotAStore, RandomIds, RateLimits, RateStore, RequestMetrics, ScopesClaim, Sites, Split, StoreAddress,
    SubjectClaim, SystemMonotonicClock,
};
use orgbridge_domain::org_connection::Limits;
use orgbridge_domain::user::CreatorDisabled;
use orgbridge_domain::{OrgId, PublicId, State};
use orgbridge_edge::{Edge, EdgeSettings, PeerAddress, Tls};
use orgbridge_issuer::{IssuerOptions, LoginIssuer, LoginOptions, Uptime, WebClient};
use orgbridge_ledger::{
    AttemptLimits, Attendance, Clock, DatabaseAddress, Ledger, LedgerOptions, MaxStaleness, OpenError,
    SystemClock,
};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::admin::{self, Admin};
use crate::housekeeping::clear_away_what_is_over;
use crate::metrics::{CommitMetrics, Metrics};
use crate::rate_counting::RateCounting;
use crate::settings::{FileProblems, Files, Settings};

/// How many connections the admin listener serves at the same time.
const ADMIN_CONNECTIONS: usize = 64;

/// What a server is made from.
#[derive(Clone)]
pub struct ServerOptions {
    /// The database, which must exist.
    pub database: DatabaseAddress,
    /// Where the API listens.
    pub listen: SocketAddr,
    /// Where `/livez`, `/readyz` and `/metrics` are served, if anywhere.
    pub admin_listen: Option<SocketAddr>,
    /// What the API identifies itself with; without it, it speaks cleartext.
    pub tls: Option<Tls>,
    /// How the edge serves.
    pub edge: EdgeSettings,
    /// The sites that it answers for.
    pub sites: Sites,
    /// What it is called as an authorization server; without it, the API host of the site that is asked, or where it
    /// listens.
    pub issuer: Option<IssuerUrl>,
    /// The issuer outside whose access tokens are taken, if there is one.
    pub external_issuer: Option<ExternalIssuerOptions>,
    /// The issuer outside at which users log in to decide about OAuth2 clients, if there is one.
    pub issuer_login: Option<IssuerLoginOptions>,
    /// How many requests are taken, and in how long.
    pub rate_limits: RateLimits,
    /// Among how many replicas these are divided at the least.
    pub planned_replicas: NonZeroU32,
    /// Where all replicas count requests, if there is such a store.
    pub rate_store: Option<RateStoreOptions>,
    /// The operator's bounds on connections.
    pub limits: Limits,
    /// What becomes of the connections of a user who is switched off.
    pub creator_disabled: CreatorDisabled,
    /// How many refused attempts the audit trail keeps.
    pub attempts: AttemptLimits,
    /// How old the knowledge may be that anything is answered by.
    pub max_staleness: MaxStaleness,
    /// Where the times of changes come from.
    pub clock: Arc<dyn Clock>,
    /// What rate limits and latencies are measured with.
    pub monotonic_clock: Arc<dyn MonotonicClock>,
    /// Where the ids of new things and of requests come from.
    pub ids: Arc<dyn IdSource>,
}

impl ServerOptions {
    /// A server of the ledger in `database` on a port that the system chooses, with the default of all else.
    pub fn new(database: DatabaseAddress) -> Self {
        Self {
            database,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            admin_listen: None,
            tls: None,
            edge: EdgeSettings::default(),
            sites: Sites::default(),
            issuer: None,
            external_issuer: None,
            issuer_login: None,
            rate_limits: RateLimits::default(),
            planned_replicas: NonZeroU32::MIN,
            rate_store: None,
            limits: Limits::default(),
            creator_disabled: CreatorDisabled::default(),
            attempts: AttemptLimits::default(),
            max_staleness: MaxStaleness::default(),
            clock: Arc::new(SystemClock),
            monotonic_clock: Arc::new(SystemMonotonicClock::default()),
            ids: Arc::new(RandomIds),
        }
    }

    /// A server of the ledger in `database`, as it is configured.
    ///
    /// # Errors
    /// [`FileProblems`] if files that the configuration names can't be used.
    pub fn from_settings(database: DatabaseAddress, settings: &Settings) -> Result<Self, FileProblems> {
        let Files { tls, issuer_login, rate_store } = Files::read(settings)?;
        Ok(Self {
            listen: settings.listen,
            admin_listen: settings.admin_listen,
            tls,
            edge: settings.edge(),
            sites: settings.sites.clone(),
            issuer: settings.issuer.clone(),
            external_issuer: settings.external_issuer(),
            issuer_login,
            rate_limits: settings.rate_limits(),
            planned_replicas: settings.planned_replicas,
            rate_store,
            limits: settings.limits(),
            creator_disabled: settings.creator_disabled,
            attempts: settings.attempts(),
            max_staleness: settings.max_staleness,
            ..Self::new(database)
        })
    }
}

/// An issuer outside whose access tokens are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalIssuerOptions {
    /// Which it is, and what is believed of it.
    pub issuer: IssuerOptions,
    /// The org whose users its subjects are.
    pub org: PublicId,
    /// Which claim says who is meant.
    pub subject_claim: SubjectClaim,
    /// Which claim says what is let through.
    pub scopes_claim: ScopesClaim,
}

/// An issuer outside at which users log in to decide about OAuth2 clients.
#[derive(Debug, Clone)]
pub struct IssuerLoginOptions {
    /// Which it is, and as whom it is asked.
    pub issuer: LoginOptions,
    /// The org whose users log in there.
    pub org: PublicId,
    /// Which claim says who they are.
    pub user_claim: SubjectClaim,
}

/// A store in which all replicas count.
#[derive(Debug, Clone)]
pub struct RateStoreOptions {
    /// Where it is.
    pub address: StoreAddress,
    /// Its password, if it asks for one.
    pub password: Option<SecretString>,
}

/// Why a server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// An address could not be listened on.
    #[error("can't listen on {address}: {source}; see --listen and --admin-listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The org whose users an issuer outside names is not there.
    #[error("{setting}: there is no organization {org}; `orgbridge org list` shows those that there are")]
    NoSuchOrg {
        /// Where the configuration names it.
        setting: &'static str,
        /// How it is named there.
        org: PublicId,
    },
    /// The store of the rate limits is none that can be used.
    #[error("rate_limits.store: {0}")]
    Store(#[from] NotAStore),
    /// The task that opens the database was cut off.
    #[error("the start was cut off before the database was open; start the server again")]
    CutOff,
}

/// The server that `orgbridge serve` runs.
#[derive(Debug)]
pub struct Server;

impl Server {
    /// Opens the ledger, listens, and serves in the background until [`RunningServer::stop`].
    ///
    /// # Errors
    /// [`StartError`]. Nothing is left running then.
    pub async fn start(options: ServerOptions) -> Result<RunningServer, StartError> {
        let commits = Arc::new(CommitMetrics::default());
        let ledger = open(&options, Arc::clone(&commits)).await?;
        let external_issuer = match &options.external_issuer {
            Some(external) => Some(meet(external, &ledger, &options.monotonic_clock)?),
            None => None,
        };
        let issuer_login = match &options.issuer_login {
            Some(login) => Some(meet_for_logins(login, &ledger, &options.monotonic_clock)?),
            None => None,
        };
        let rate_limits = RateCounting::begin(
            Split::among_those_who_serve(ledger.clone(), options.rate_limits, options.planned_replicas),
            match &options.rate_store {
                Some(RateStoreOptions { address, password }) => {
                    Some(RateStore::new(address.clone(), password.as_ref())?)
                }
                None => None,
            },
            options.monotonic_clock.clone(),
        );
        // Only now: whoever can connect is answered, and not kept waiting for a large ledger to be read.
        let (listener, address) = listen(options.listen).await?;
        let admin_listener = match options.admin_listen {
            Some(address) => Some(listen(address).await?),
            None => None,
        };

        let requests = Arc::new(RequestMetrics::default());
        let scheme = if options.tls.is_some() { "https" } else { "http" };
        let edge = Edge::new(listener, options.tls, options.edge.clone());
        let store = rate_limits.store.clone();
        let metrics = Arc::new(Metrics::new(&requests, &commits, edge.stats(), ledger.clone(), store));
        let stop = CancellationToken::new();
        if let Some(external) = &external_issuer {
            tokio::spawn(Arc::clone(&external.issuer).keep_fresh(stop.clone()));
        }
        if let Some(login) = &issuer_login {
            tokio::spawn(login.issuer.keep_fresh(stop.clone()));
        }
        rate_limits.keep_up(&stop);
        tokio::spawn(clear_away_what_is_over(
            ledger.clone(),
            options.clock,
            Arc::clone(&options.ids),
            stop.clone(),
        ));
        let api = orgbridge_api::router(ApiOptions {
            ledger: ledger.clone(),
            external_issuer,
            issuer_login,
            sites: options.sites,
            issuer: options
                .issuer
                .map_or_else(|| Issuer::OfSite(IssuerUrl::of_listener(scheme, address)), Issuer::Fixed),
            limits: options.limits,
            creator_disabled: options.creator_disabled,
            rate_limits: Arc::clone(&rate_limits.split),
            rate_store: rate_limits.store.clone(),
            metrics: requests,
            clock: options.monotonic_clock,
            ids: options.ids,
        });

        let stop_admin = CancellationToken::new();
        let admin_address = admin_listener.as_ref().map(|(_, address)| *address);
        let admin_task = admin_listener.map(|(listener, _)| {
            let settings = EdgeSettings { max_connections: ADMIN_CONNECTIONS, ..options.edge };
            let admin = Admin { ledger: ledger.clone(), rate_limits, metrics, stopping: stop.clone() };
            tokio::spawn(Edge::new(listener, None, settings).serve(admin::router(admin), stop_admin.clone()))
        });
        let api_task = tokio::spawn(edge.serve(api.map_request(with_client_address), stop.clone()));
        Ok(RunningServer { address, admin_address, scheme, ledger, stop, stop_admin, api_task, admin_task })
    }
}

/// A server that is answering. Dropping it stops it without waiting for the end; [`Self::stop`] waits.
#[derive(Debug)]
pub struct RunningServer {
    address: SocketAddr,
    admin_address: Option<SocketAddr>,
    scheme: &'static str,
    ledger: Ledger,
    stop: CancellationToken,
    stop_admin: CancellationToken,
    api_task: JoinHandle<()>,
    admin_task: Option<JoinHandle<()>>,
}

impl RunningServer {
    /// Where the API listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the admin listener listens.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin_address
    }

    /// What callers put before the path, such as `http://127.0.0.1:8080`.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// The ledger behind the API.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Stops: is no longer ready, answers what is under way, closes the ledger, and closes the admin listener
    /// last, so that whoever watches can see it through.
    pub async fn stop(mut self) {
        self.stop.cancel();
        joined("the API", (&mut self.api_task).await);
        let ledger = self.ledger.clone();
        joined("the ledger", tokio::task::spawn_blocking(move || ledger.close()).await);
        self.stop_admin.cancel();
        if let Some(admin) = &mut self.admin_task {
            joined("the admin listener", admin.await);
        }
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        self.stop.cancel();
        self.stop_admin.cancel();
    }
}

fn joined<T>(what: &str, outcome: Result<T, tokio::task::JoinError>) {
    if let Err(error) = outcome {
        tracing::error!(%error, "{what} did not end by itself");
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// The issuer of which nothing is known yet but what the operator says.
fn meet(
    options: &ExternalIssuerOptions,
    ledger: &Ledger,
    clock: &Arc<dyn MonotonicClock>,
) -> Result<ExternalIssuer, StartError> {
    let ExternalIssuerOptions { issuer, org, subject_claim, scopes_claim } = options.clone();
    let org = known_org(&ledger.view().state, "oauth.external_issuer.org", &org)?;
    let issuer = orgbridge_issuer::Issuer::new(issuer, WebClient::new(), uptime(clock));
    Ok(ExternalIssuer { issuer: Arc::new(issuer), org, subject_claim, scopes_claim })
}

/// The same of the issuer at which users log in.
fn meet_for_logins(
    options: &IssuerLoginOptions,
    ledger: &Ledger,
    clock: &Arc<dyn MonotonicClock>,
) -> Result<IssuerLogin, StartError> {
    let IssuerLoginOptions { issuer, org, user_claim } = options.clone();
    let org = known_org(&ledger.view().state, "oauth.login.org", &org)?;
    let issuer = LoginIssuer::new(issuer, WebClient::new(), uptime(clock));
    Ok(IssuerLogin { issuer: Arc::new(issuer), org, user_claim })
}

/// The org that `setting` names.
pub(crate) fn known_org(state: &State, setting: &'static str, org: &PublicId) -> Result<OrgId, StartError> {
    let known = state.org_by_public_id(org).map(|org| org.id);
    known.ok_or_else(|| StartError::NoSuchOrg { setting, org: org.clone() })
}

fn uptime(clock: &Arc<dyn MonotonicClock>) -> Uptime {
    let clock = Arc::clone(clock);
    Arc::new(move || clock.elapsed())
}

async fn open(options: &ServerOptions, observer: Arc<CommitMetrics>) -> Result<Ledger, StartError> {
    let (database, clock) = (options.database.clone(), Arc::clone(&options.clock));
    let options = LedgerOptions {
        clock,
        observer,
        attempts: options.attempts,
        attendance: Attendance::Serves,
        max_staleness: options.max_staleness,
        ..LedgerOptions::default()
    };
    let open = move || Ledger::open(&database, options);
    Ok(tokio::task::spawn_blocking(open).await.map_err(|_| StartError::CutOff)??)
}

/// The edge knows sockets, the API knows clients: here the one is taken for the other. Behind a proxy that is
/// the proxy, since anybody can write a forwarding header.
fn with_client_address<B>(mut request: Request<B>) -> Request<B> {
    if let Some(PeerAddress(peer)) = request.extensions().get().copied() {
        request.extensions_mut().insert(ClientAddress(peer.ip()));
    }
    request
}
