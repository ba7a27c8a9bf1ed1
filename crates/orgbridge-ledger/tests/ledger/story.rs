//! Two orgs of one account and Jane, the admin of the source: what most tests begin with.

use std::cell::Cell;
use std::time::{Duration, Instant};

use orgbridge_domain::org_connection::{self, Limits, NewOrgConnection};
use orgbridge_domain::restriction_policy::{self, Bindings, SelfLockout};
use orgbridge_domain::{
    ApiKeySecret, ApplicationKeySecret, ConnectionId, ConnectionTypes, Decided, Draft, ManagedRole,
    NotAuthenticated, Org, OrgConnection, Principal, Refusal, Session, Site, SiteScope, State, Timestamp,
    User, UserKind, account, api_key, application_key, authenticate, org, user,
};
use orgbridge_ledger::{CommitError, Ledger, RequestId, View};
use uuid::Uuid;

pub(crate) const OPERATOR: Principal = Principal::Operator;
pub(crate) const API_KEY: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const APPLICATION_KEY: &str = "0123456789abcdef0123456789abcdef01234567";

pub(crate) struct Story {
    pub(crate) ledger: Ledger,
    pub(crate) source: Org,
    pub(crate) sink: Org,
    pub(crate) jane: User,
}

/// An id of any kind, easy to tell from others in a failure.
pub(crate) fn id<T: std::str::FromStr>(number: u128) -> T
where
    T::Err: std::fmt::Debug,
{
    Uuid::from_u128(number).to_string().parse().unwrap()
}

pub(crate) fn types(joined: &str) -> ConnectionTypes {
    joined.parse().unwrap()
}

pub(crate) fn request() -> RequestId {
    "a-test".parse().unwrap()
}

impl Story {
    pub(crate) fn begin(ledger: Ledger) -> Self {
        let (source, sink, jane) = commit(&ledger, OPERATOR, |session, now| {
            let mut draft = Draft::new(session);
            let account = draft.run(|session| {
                account::create(&session.deployment()?, id(1), "Example Account".parse().unwrap(), now)
            })?;
            let mut org = |number, name: &str| {
                let new = org::NewOrg {
                    id: id(number),
                    account: account.id,
                    site: Site::DEFAULT,
                    public_id: None,
                    name: name.parse().unwrap(),
                };
                draft.run(|session| org::create(&session.deployment()?, new, now))
            };
            let (source, sink) = (org(10, "Source Org")?, org(11, "Sink Org")?);
            let new = user::NewUser {
                id: id(20),
                name: "Jane Doe".parse().unwrap(),
                email: "jane@example.com".parse().unwrap(),
                kind: UserKind::Person,
                roles: vec![ManagedRole::Admin.id()],
            };
            let jane = draft.run(|session| user::create(&session.authorize_in(source.id)?, new, now))?;
            let secret: ApiKeySecret = API_KEY.parse().unwrap();
            draft.run(|session| {
                let name = "ci".parse().unwrap();
                api_key::create(&session.authorize_in(source.id)?, id(30), name, &secret, now)
            })?;
            let secret: ApplicationKeySecret = APPLICATION_KEY.parse().unwrap();
            let new = application_key::NewApplicationKey {
                id: id(31),
                owner: jane.id,
                name: "ci".parse().unwrap(),
                secret,
                scopes: None,
            };
            draft.run(|session| application_key::create(&session.authorize_in(source.id)?, new, now))?;
            Ok(draft.finish((source, sink, jane)))
        })
        .unwrap();
        Self { ledger, source, sink, jane }
    }

    /// The same orgs and people, through another ledger on the same database.
    pub(crate) fn through(&self, ledger: Ledger) -> Self {
        Self { ledger, source: self.source.clone(), sink: self.sink.clone(), jane: self.jane.clone() }
    }

    pub(crate) fn authenticate(state: &State) -> Result<Principal, NotAuthenticated> {
        let (api_key, application_key): (ApiKeySecret, ApplicationKeySecret) =
            (API_KEY.parse().unwrap(), APPLICATION_KEY.parse().unwrap());
        authenticate(state, &api_key.digest(), &application_key.digest(), SiteScope::Any)
    }

    pub(crate) fn commit_as<T: Send + 'static, F>(
        &self,
        principal: Principal,
        rule: F,
    ) -> Result<T, CommitError>
    where
        F: Fn(&Session<'_>, Timestamp) -> Result<Decided<T>, Refusal> + Send + 'static,
    {
        commit(&self.ledger, principal, rule)
    }

    fn as_jane<T: Send + 'static, F>(&self, rule: F) -> Result<T, CommitError>
    where
        F: Fn(&Session<'_>, Timestamp) -> Result<Decided<T>, Refusal> + Send + 'static,
    {
        self.commit_as(Self::authenticate(&self.ledger.view().state).unwrap(), rule)
    }

    pub(crate) fn new_connection(&self, types: ConnectionTypes) -> NewOrgConnection {
        let id = ConnectionId::new(Uuid::from_u128(0xc0));
        NewOrgConnection { id, sink: self.sink.id, types, created_by: self.jane.id }
    }

    pub(crate) fn try_connect(&self, types: ConnectionTypes) -> Result<OrgConnection, CommitError> {
        let new = self.new_connection(types);
        self.as_jane(move |session, now| {
            org_connection::create(&session.authorize()?, new, Limits::default(), now)
        })
    }

    pub(crate) fn connect(&self, types: ConnectionTypes) -> OrgConnection {
        self.try_connect(types).unwrap()
    }

    pub(crate) fn update(
        &self,
        id: ConnectionId,
        types: ConnectionTypes,
    ) -> Result<OrgConnection, CommitError> {
        self.as_jane(move |session, now| org_connection::update(&session.authorize()?, id, types, now))
    }

    pub(crate) fn delete(&self, id: ConnectionId) -> Result<OrgConnection, CommitError> {
        self.as_jane(move |session, _| org_connection::delete(&session.authorize()?, id))
    }

    /// Has the source say who may do what with a connection.
    pub(crate) fn restrict(&self, id: ConnectionId, bindings: &str) -> Result<Bindings, CommitError> {
        let bindings: Bindings = bindings.parse().unwrap();
        self.as_jane(move |session, _| {
            let grant = session.authorize()?;
            restriction_policy::replace(&grant, id, bindings.clone(), SelfLockout::Allowed)
        })
    }

    /// Waits, for at most ten seconds, until the view is as wanted.
    pub(crate) fn wait_until(&self, wanted: impl Fn(&View) -> bool) {
        let began = Instant::now();
        while !wanted(&self.ledger.view()) {
            assert!(began.elapsed() < Duration::from_secs(10), "{:?}", self.ledger.view().position);
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// How the commands of a thread reach the writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Through its inbox, as from a runtime that can't spare a thread.
    Inbox,
    /// At its desk, where that is free, as from the server's runtime.
    Desk,
}

thread_local! {
    static WAY: Cell<Way> = const { Cell::new(Way::Inbox) };
}

/// From here on the commands of this thread take this way.
pub(crate) fn take(way: Way) {
    WAY.set(way);
}

pub(crate) fn way() -> Way {
    WAY.get()
}

fn commit<T: Send + 'static, F>(ledger: &Ledger, principal: Principal, rule: F) -> Result<T, CommitError>
where
    F: Fn(&Session<'_>, Timestamp) -> Result<Decided<T>, Refusal> + Send + 'static,
{
    let mut runtime = match way() {
        Way::Inbox => tokio::runtime::Builder::new_current_thread(),
        Way::Desk => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = runtime.worker_threads(1).build().unwrap();
    runtime.block_on(ledger.commit(principal, request(), rule))
}
