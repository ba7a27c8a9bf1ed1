
#![allow(warnings)]
use std::sync::Arc; use std::time::*;
use axum::body::Body; use axum::http::{Method,Request}; use http_body_util::BodyExt as _;
use orgbridge_api::*; use orgbridge_domain::*; use orgbridge_ledger::*; use tower::ServiceExt as _; use tower::Service as _; use uuid::Uuid;
const SOURCE: Uuid = Uuid::from_u128(0x50);
const SINK: Uuid = Uuid::from_u128(0x51);
const CONNECTION: &str = "f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a";
const PATH: &str = "/api/v2/org_connections/f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a";
/// Two orgs of one account with an admin each, a reader in the source, and a connection between them.
fn set_up(
    session: &Session<'_>,
    now: orgbridge_domain::Timestamp,
) -> std::result::Result<orgbridge_domain::Decided<()>, Refusal> {
    let mut draft = Draft::new(session);
    let account = AccountId::new(Uuid::from_u128(1));
    draft.run(|session| account::create(&session.deployment()?, account, "Account".parse().unwrap(), now))?;
    for (number, id, name) in [(1, SOURCE, "Source Org"), (2, SINK, "Sink Org")] {
        let (id, name) = (OrgId::new(id), name.parse().unwrap());
        let new = org::NewOrg { id, account, public_id: None, name };
        draft.run(|session| org::create(&session.deployment()?, new, now))?;
        let secret = format!("{number:032x}").parse().unwrap();
        let (key, name) = (ApiKeyId::new(Uuid::from_u128(number)), "ci".parse().unwrap());
        draft.run(|session| api_key::create(&session.authorize_in(id)?, key, name, &secret, now))?;
    }
    for (number, org, role) in
        [(1, SOURCE, ManagedRole::Admin), (2, SINK, ManagedRole::Admin), (3, SOURCE, ManagedRole::ReadOnly)]
    {
        let (org, owner) = (OrgId::new(org), UserId::new(Uuid::from_u128(0x70 + number)));
        let new = user::NewUser {
            id: owner,
            name: format!("User {number}").parse().unwrap(),
            email: format!("user{number}@example.com").parse().unwrap(),
            kind: UserKind::Person,
            roles: vec![role.id()],
        };
        draft.run(|session| user::create(&session.authorize_in(org)?, new, now))?;
        let new = application_key::NewApplicationKey {
            id: ApplicationKeyId::new(Uuid::from_u128(number)),
            owner,
            name: "ci".parse().unwrap(),
            secret: format!("{number:040x}").parse().unwrap(),
            scopes: None,
        };
        draft.run(|session| application_key::create(&session.authorize_in(org)?, new, now))?;
    }
    let new = org_connection::NewOrgConnection {
        id: CONNECTION.parse().unwrap(),
        sink: OrgId::new(SINK),
        types: "logs".parse().unwrap(),
        created_by: UserId::new(Uuid::from_u128(0x71)),
    };
    let limits = org_connection::Limits::default();
    draft.run(|session| {
        org_connection::create(&session.authorize_in(OrgId::new(SOURCE))?, new, limits, now)
    })?;
    Ok(draft.finish(()))
}


fn request(method: Method, body: Body) -> Request<Body> {
 Request::builder().method(method).uri(PATH).header("host","127.0.0.1:8080").header("accept","*/*").header("content-type","application/json").header("dd-api-key", format!("{:032x}",1)).header("dd-application-key", format!("{:040x}",1)).body(body).unwrap()
}
async fn run(name: &str, router: axum::Router) -> f64 {
  let n = 300_000;
  let mut best = f64::MAX;
  for _ in 0..5 {
  let requests: Vec<_> = (0..n/5).map(|_| request(Method::GET, Body::empty())).collect();
  let t = Instant::now();
  for r in requests { let resp = router.clone().oneshot(r).await.unwrap(); assert!(resp.status()==200); let b = resp.into_body().collect().await.unwrap(); std::hint::black_box(b); }
  best = best.min(t.elapsed().as_nanos() as f64 / (n/5) as f64);
  }
  println!("{name}: {best:.0} ns"); best
}
#[tokio::main(flavor="current_thread")]
async fn main() {
  let folder = tempfile::tempdir().unwrap();
  let ledger = Ledger::create(&DatabaseAddress::Sqlite(folder.path().join("l.db")), LedgerOptions::default()).unwrap();
  ledger.commit(Principal::Operator, "s".parse().unwrap(), set_up).await.unwrap();
  let limits = LimitName::ALL.iter().fold(RateLimits::off(), |l, n| l.with(*n, Quota::new(1_000_000_000, 60)));
  let ours = router(ApiOptions { rate_limits: limits, ..ApiOptions::new(ledger.clone()) });
  let body = ours.clone().oneshot(request(Method::GET, Body::empty())).await.unwrap().into_body().collect().await.unwrap().to_bytes();
  let text: &'static str = Box::leak(String::from_utf8(body.to_vec()).unwrap().into_boxed_str());
  println!("{} bytes", text.len());
  let bare = axum::Router::new().route("/api/v2/org_connections/{id}", axum::routing::get(move || async move { ([("content-type","application/json")], text) }));
  run("bare", bare.clone()).await; run("ours", ours.clone()).await; 
  if std::env::var("LOOP").is_ok() { loop { run("ours", ours.clone()).await; } }
  let state = ledger.view(); 
  let (a,k) = (KeyDigest::of(format!("{:032x}",1).as_bytes()), KeyDigest::of(format!("{:040x}",1).as_bytes()));
  let t = Instant::now(); for _ in 0..100_000 { std::hint::black_box((KeyDigest::of(std::hint::black_box(b"0123456789abcdef0123456789abcdef")),KeyDigest::of(std::hint::black_box(b"0123456789abcdef0123456789abcdef01234567")))); } println!("2 digests {:?}", t.elapsed()/100_000);
  let t = Instant::now(); for _ in 0..100_000 { std::hint::black_box(authenticate(&state.state, &a, &k).unwrap()); } println!("authenticate {:?}", t.elapsed()/100_000);
  let p = authenticate(&state.state, &a, &k).unwrap();
  let t = Instant::now(); for _ in 0..100_000 { std::hint::black_box(Session::new(&state.state, p).authorize::<right::OrgConnectionsRead>().unwrap()); } println!("authorize {:?}", t.elapsed()/100_000);
  let t = Instant::now(); for _ in 0..100_000 { std::hint::black_box(Timestamp::from_micros(1_756_239_576_177_236).to_string()); } println!("timestamp {:?}", t.elapsed()/100_000);
  let t = Instant::now(); for _ in 0..100_000 { std::hint::black_box(Uuid::new_v4()); } println!("uuid {:?}", t.elapsed()/100_000);
  let t = Instant::now(); for _ in 0..100_000 { std::hint::black_box(ledger.view()); } println!("view {:?}", t.elapsed()/100_000);
}
