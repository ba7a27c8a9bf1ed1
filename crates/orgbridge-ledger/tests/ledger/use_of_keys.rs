//! When keys were last used. Source: hardening list, 20.

use std::sync::Arc;
use std::time::{Duration, Instant};

use orgbridge_domain::right::OrgAppKeysWrite;
use orgbridge_domain::{
    ApiKeyId, ApiKeySecret, ApplicationKeyId, Draft, Timestamp, api_key, application_key,
};
use orgbridge_ledger::audit::AuditLog;
use orgbridge_ledger::{Clock, Ledger, LedgerOptions, backup};

use crate::backend::{Backend, Sqlite};
use crate::story::{self, OPERATOR, Story};

/// More than any test takes.
const NEVER: Duration = Duration::from_secs(600);

/// As often as the writer looks up.
const ALWAYS: Duration = Duration::from_millis(1);

/// A clock that stands at so many seconds.
struct At(i64);

impl Clock for At {
    fn now(&self) -> Timestamp {
        seconds(self.0)
    }
}

fn seconds(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn options(now: i64, use_interval: Duration) -> LedgerOptions {
    LedgerOptions { clock: Arc::new(At(now)), use_interval, ..LedgerOptions::default() }
}

fn keys() -> (ApiKeyId, ApplicationKeyId) {
    (story::id(30), story::id(31))
}

fn use_keys(ledger: &Ledger) {
    let (api_key, application_key) = keys();
    ledger.note_use([api_key.into(), application_key.into()]);
}

fn last_uses(ledger: &Ledger) -> (Option<Timestamp>, Option<Timestamp>) {
    let (api_key, application_key) = keys();
    (ledger.last_uses().of(api_key), ledger.last_uses().of(application_key))
}

fn both(now: i64) -> (Option<Timestamp>, Option<Timestamp>) {
    (Some(seconds(now)), Some(seconds(now)))
}

fn wait_until(what: impl Fn() -> bool) {
    let began = Instant::now();
    while !what() {
        assert!(began.elapsed() < Duration::from_secs(10), "waited for too long");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn kept_rows(place: &impl Backend) -> u64 {
    place.number("SELECT (SELECT count(*) FROM api_key_use) + (SELECT count(*) FROM application_key_use)")
}

fn a_use_is_known_at_once_and_is_there_after_a_restart<B: Backend>() {
    let place = B::default();
    let ledger = Story::begin(Ledger::create(&place.address(), options(100, NEVER)).unwrap()).ledger;
    assert_eq!(last_uses(&ledger), (None, None));
    use_keys(&ledger);
    assert_eq!(last_uses(&ledger), both(100));
    assert_eq!(kept_rows(&place), 0, "no request waits for a write");
    ledger.close();
    let reopened = Ledger::open(&place.address(), options(500, NEVER)).unwrap();
    assert_eq!(last_uses(&reopened), both(100));
}

fn a_use_is_no_change<B: Backend>() {
    let place = B::default();
    let ledger = Story::begin(Ledger::create(&place.address(), options(100, ALWAYS)).unwrap()).ledger;
    let before = ledger.view().position;
    use_keys(&ledger);
    wait_until(|| kept_rows(&place) == 2);
    assert_eq!(ledger.view().position, before);
    ledger.close();
    assert_eq!(AuditLog::open(&place.address()).unwrap().verify(None).unwrap().findings, []);
}

fn of_several_processes_the_latest_use_is_kept_and_each_learns_of_it<B: Backend>() {
    let place = B::default();
    let early = Story::begin(Ledger::create(&place.address(), options(100, ALWAYS)).unwrap()).ledger;
    let late = Ledger::open(&place.address(), options(200, ALWAYS)).unwrap();
    use_keys(&late);
    wait_until(|| last_uses(&early) == both(200));
    use_keys(&early);
    let third = Ledger::open(&place.address(), options(150, NEVER)).unwrap();
    assert_eq!(last_uses(&third), both(200));
    early.close();
    late.close();
    assert_eq!(last_uses(&Ledger::open(&place.address(), options(300, NEVER)).unwrap()), both(200));
}

fn whoever_knows_of_an_earlier_use_moves_none_back<B: Backend>() {
    let place = B::default();
    let early = Story::begin(Ledger::create(&place.address(), options(100, NEVER)).unwrap()).ledger;
    let late = Ledger::open(&place.address(), options(200, NEVER)).unwrap();
    use_keys(&early);
    use_keys(&late);
    late.close();
    early.close();
    assert_eq!(last_uses(&Ledger::open(&place.address(), options(300, NEVER)).unwrap()), both(200));
}

fn a_key_that_is_deleted_takes_its_last_use_with_it<B: Backend>() {
    let place = B::default();
    let story = Story::begin(Ledger::create(&place.address(), options(100, ALWAYS)).unwrap());
    use_keys(&story.ledger);
    wait_until(|| kept_rows(&place) == 2);
    let source = story.source.id;
    let (api_key, application_key) = keys();
    story
        .commit_as(OPERATOR, move |session, _| {
            application_key::revoke(&session.authorize_in::<OrgAppKeysWrite>(source)?, application_key)
        })
        .unwrap();
    assert_eq!(kept_rows(&place), 1);
    story
        .commit_as(OPERATOR, move |session, _| api_key::revoke(&session.authorize_in(source)?, api_key))
        .unwrap();
    // A request may have been under way.
    use_keys(&story.ledger);
    wait_until(|| last_uses(&story.ledger) == (None, None));
    story.ledger.close();
    assert_eq!(kept_rows(&place), 0);
    assert_eq!(AuditLog::open(&place.address()).unwrap().verify(None).unwrap().findings, []);
}

fn more_keys_than_one_transaction_takes_are_all_kept<B: Backend>() {
    const KEYS: u64 = 5000;
    let place = B::default();
    let story = Story::begin(Ledger::create(&place.address(), options(100, NEVER)).unwrap());
    let source = story.source.id;
    let number_of = |key: u64| u128::from(key) + 0x1000;
    story
        .commit_as(OPERATOR, move |session, now| {
            let mut draft = Draft::new(session);
            for key in 0..KEYS {
                let mut bytes = [0; 16];
                bytes[..8].copy_from_slice(&key.to_le_bytes());
                let secret = ApiKeySecret::from_random(bytes);
                let id = story::id(number_of(key));
                let name = "many".parse().unwrap();
                draft
                    .run(|session| api_key::create(&session.authorize_in(source)?, id, name, &secret, now))?;
            }
            Ok(draft.finish(()))
        })
        .unwrap();
    let id = |key| story::id::<ApiKeyId>(number_of(key));
    story.ledger.note_use((0..KEYS).map(|key| id(key).into()));
    story.ledger.close();
    assert_eq!(kept_rows(&place), KEYS);
    let reopened = Ledger::open(&place.address(), options(200, NEVER)).unwrap();
    assert!((0..KEYS).all(|key| reopened.last_uses().of(id(key)) == Some(seconds(100))));
}

#[test]
fn a_backup_holds_the_last_uses() {
    let (place, other) = (Sqlite::default(), Sqlite::default());
    let ledger = Story::begin(Ledger::create(&place.address(), options(100, NEVER)).unwrap()).ledger;
    use_keys(&ledger);
    ledger.close();
    let path = place.path();
    let file = path.with_file_name("backup.db");
    backup::backup(&place.address(), &file).unwrap();
    backup::restore(&other.address(), &file, &At(300)).unwrap();
    assert_eq!(last_uses(&Ledger::open(&other.address(), options(400, NEVER)).unwrap()), both(100));
}

crate::backend::on_each_database! {
    a_use_is_known_at_once_and_is_there_after_a_restart
    a_use_is_no_change
    of_several_processes_the_latest_use_is_kept_and_each_learns_of_it
    whoever_knows_of_an_earlier_use_moves_none_back
    a_key_that_is_deleted_takes_its_last_use_with_it
    more_keys_than_one_transaction_takes_are_all_kept
}
