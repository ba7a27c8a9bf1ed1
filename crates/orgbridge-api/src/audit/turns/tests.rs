//! Searches that wait, and what they are answered.

use std::pin::Pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use orgbridge_domain::right::OrgAppKeysWrite;
use orgbridge_domain::user::{self, NewUser};
use orgbridge_domain::{
    AccountId, ApiKeyId, ApplicationKey, ApplicationKeyId, Decided, Draft, ManagedRole, OrgId, Principal,
    Refusal, Session, Site, Timestamp, UserId, UserKind, account, api_key, application_key, org,
};
use orgbridge_ledger::{DatabaseAddress, Ledger, LedgerOptions};
use tempfile::TempDir;
use tower::ServiceExt as _;
use uuid::Uuid;

use super::{AT_ONCE, Turn, Turns};
use crate::api::Api;
use crate::error::ApiError;
use crate::{ApiOptions, router};

const SEARCHES: [(Method, &str); 2] =
    [(Method::GET, "/api/v2/audit/events"), (Method::POST, "/api/v2/audit/events/search")];

fn org_of(number: u128) -> OrgId {
    OrgId::new(Uuid::from_u128(number))
}

/// A server for two orgs, each with an admin whose keys have the number of the org in them.
struct Server {
    api: Api,
    router: Router,
    _folder: TempDir,
}

type Answer = Pin<Box<dyn Future<Output = u16>>>;

impl Server {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = DatabaseAddress::Sqlite(folder.path().join("ledger.db"));
        let ledger = Ledger::create(&address, LedgerOptions::default()).unwrap();
        let api = Api::from(ApiOptions::new(ledger));
        let server = Self { router: router::of(&api), api, _folder: folder };
        server.operate(set_up).await;
        server
    }

    async fn operate<T: Send + 'static, F>(&self, rule: F)
    where
        F: Fn(&Session<'_>, Timestamp) -> Result<Decided<T>, Refusal> + Send + 'static,
    {
        self.api.ledger.commit(Principal::Operator, "operator".parse().unwrap(), rule).await.unwrap();
    }

    /// The status of a search by the admin of an org.
    fn search(&self, number: u128, (method, path): &(Method, &str)) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(*path)
            .header("dd-api-key", format!("{number:032x}"))
            .header("dd-application-key", format!("{number:040x}"))
            .body(Body::empty())
            .unwrap();
        let answer = self.router.clone().oneshot(request);
        Box::pin(async { answer.await.unwrap().status().as_u16() })
    }
}

fn set_up(session: &Session<'_>, now: Timestamp) -> Result<Decided<()>, Refusal> {
    let mut draft = Draft::new(session);
    let account = AccountId::new(Uuid::from_u128(1));
    draft.run(|session| account::create(&session.deployment()?, account, "Account".parse().unwrap(), now))?;
    for number in [1, 2] {
        let (id, uuid, name) = (org_of(number), Uuid::from_u128(number), format!("Org {number}"));
        let new =
            org::NewOrg { id, account, site: Site::DEFAULT, public_id: None, name: name.parse().unwrap() };
        draft.run(|session| org::create(&session.deployment()?, new, now))?;
        let new = NewUser {
            id: UserId::new(uuid),
            name: "Admin".parse().unwrap(),
            email: format!("admin{number}@example.com").parse().unwrap(),
            kind: UserKind::Person,
            roles: vec![ManagedRole::Admin.id()],
        };
        draft.run(|session| user::create(&session.authorize_in(id)?, new, now))?;
        let secret = format!("{number:032x}").parse().unwrap();
        let name = "ci".parse().unwrap();
        draft.run(|session| {
            api_key::create(&session.authorize_in(id)?, ApiKeyId::new(uuid), name, &secret, now)
        })?;
        let new = application_key::NewApplicationKey {
            id: ApplicationKeyId::new(uuid),
            owner: UserId::new(uuid),
            name: "ci".parse().unwrap(),
            secret: format!("{number:040x}").parse().unwrap(),
            scopes: None,
        };
        draft.run(|session| application_key::create(&session.authorize_in(id)?, new, now))?;
    }
    Ok(draft.finish(()))
}

fn revoke(
    number: u128,
) -> impl Fn(&Session<'_>, Timestamp) -> Result<Decided<ApplicationKey>, Refusal> + Send {
    move |session, _| {
        let grant = session.authorize_in::<OrgAppKeysWrite>(org_of(number))?;
        application_key::revoke(&grant, ApplicationKeyId::new(Uuid::from_u128(number)))
    }
}

/// Every turn there is, of orgs that are none of the server's.
async fn all_of(turns: &Turns) -> Vec<Turn> {
    let mut held = Vec::new();
    for number in 0..AT_ONCE {
        held.push(turns.turn(org_of(100 + number as u128)).await.unwrap());
    }
    held
}

#[tokio::test]
async fn who_lost_their_right_while_their_search_waited_is_answered_so() {
    for search in &SEARCHES {
        let server = Server::start().await;
        let turns = all_of(&server.api.searches).await;
        let (mut lost, mut kept) = (server.search(1, search), server.search(2, search));
        assert!(lost.as_mut().now_or_never().is_none(), "it waits");
        assert!(kept.as_mut().now_or_never().is_none(), "it waits");
        server.operate(revoke(1)).await;
        drop(turns);
        assert_eq!((lost.await, kept.await), (401, 200), "{search:?}");
    }
}

#[tokio::test]
async fn nobody_waits_for_ever_and_who_gave_up_is_in_nobodys_way() {
    let turns = Turns::with_patience(Duration::from_millis(20));
    let held = all_of(&turns).await;
    let refused = turns.turn(org_of(1)).await.unwrap_err();
    assert!(matches!(refused, ApiError::SearchesUnderWay), "{refused:?}");
    assert_eq!((refused.status().as_u16(), refused.retry_seconds()), (503, Some(5)));
    drop(held);
    turns.turn(org_of(1)).await.unwrap();
}

#[tokio::test]
async fn an_org_that_searches_again_and_again_is_in_the_way_of_no_other() {
    for search in &SEARCHES {
        let server = Server::start().await;
        let turn = server.api.searches.turn(org_of(1)).await.unwrap();
        let mut waiting: Vec<_> = (0..3 * AT_ONCE).map(|_| server.search(1, search)).collect();
        for answer in &mut waiting {
            assert!(answer.now_or_never().is_none(), "an org waits for itself");
        }
        assert_eq!(server.search(2, search).await, 200, "{search:?}");
        drop(turn);
        assert_eq!(join_all(waiting).await, [200; 3 * AT_ONCE], "{search:?}");
    }
}

#[tokio::test]
async fn nothing_is_kept_of_who_has_searched_or_gave_up() {
    let turns = Turns::with_patience(Duration::from_millis(20));
    let turn = turns.turn(org_of(1)).await.unwrap();
    assert!(turns.turn(org_of(1)).now_or_never().is_none(), "it waits");
    turns.turn(org_of(1)).await.unwrap_err();
    turns.turn(org_of(2)).await.unwrap();
    let orgs = || turns.lines.lock().unwrap().keys().copied().collect::<Vec<_>>();
    assert_eq!(orgs(), [org_of(1)]);
    drop(turn);
    assert_eq!(orgs(), []);
}
