//! Ledgers that go from one database into another, whole or not at all.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use orgbridge_domain::{ApiKeyId, State, org};
use orgbridge_ledger::audit::{AuditLog, Query};
use orgbridge_ledger::backup::{self, BackupError, Copied};
use orgbridge_ledger::{
    Attendance, Ledger, LedgerOptions, OpenError, Position, Progress, Revision, SystemClock,
};

use crate::backend::{Backend, Postgres, Sqlite};
use crate::story::{OPERATOR, Story, id, types};

/// Runs each test on every way from one kind of database into another.
macro_rules! on_each_way {
    ($($test:ident)+) => {
        mod sqlite_to_postgres {
            $(#[test] fn $test() { super::$test::<crate::backend::Sqlite, crate::backend::Postgres>(); })+
        }

        mod postgres_to_sqlite {
            $(#[test] fn $test() { super::$test::<crate::backend::Postgres, crate::backend::Sqlite>(); })+
        }

        mod sqlite_to_sqlite {
            $(#[test] fn $test() { super::$test::<crate::backend::Sqlite, crate::backend::Sqlite>(); })+
        }

        mod postgres_to_postgres {
            $(#[test] fn $test() { super::$test::<crate::backend::Postgres, crate::backend::Postgres>(); })+
        }
    };
}

fn begin(place: &impl Backend) -> Story {
    Story::begin(Ledger::create(&place.address(), LedgerOptions::default()).unwrap())
}

fn open(place: &impl Backend) -> Ledger {
    Ledger::open(&place.address(), LedgerOptions::default()).unwrap()
}

fn copy(from: &impl Backend, to: &impl Backend) -> Result<Copied, BackupError> {
    backup::copy(&from.address(), &to.address(), &SystemClock, &mut |_| {})
}

/// A story with something in most tables, and an org that comes before the one above it.
fn rich(place: &impl Backend) -> Story {
    let story = begin(place);
    let shared = story.connect(types("logs"));
    story.restrict(shared.id, &format!("editor=user:{}", story.jane.id)).unwrap();
    rename(&story, "Renamed Source");
    let key: ApiKeyId = id(30);
    story.ledger.note_use([key.into()]);
    story
}

fn rename(story: &Story, name: &str) {
    let (source, name) = (story.source.id, name.to_owned());
    let renamed = story.commit_as(OPERATOR, move |session, now| {
        org::rename(&session.authorize_in(source)?, name.parse().unwrap(), now)
    });
    renamed.unwrap();
}

/// Everything that is kept, in words.
fn contents(state: &State) -> Vec<String> {
    let mut all: Vec<String> = state.orgs().map(|org| format!("{org:?}")).collect();
    all.extend(state.users().map(|user| format!("{user:?}")));
    all.extend(state.api_keys().map(|key| format!("{key:?}")));
    all.extend(state.application_keys().map(|key| format!("{key:?}")));
    all.extend(state.connections().map(|connection| format!("{connection:?}")));
    all.extend(state.restriction_policies().map(|policy| format!("{policy:?}")));
    all.sort();
    all
}

fn assert_whole(place: &impl Backend) {
    assert_eq!(AuditLog::open(&place.address()).unwrap().verify(None).unwrap().findings, []);
}

fn a_copy_holds_everything_and_is_another_ledger<A: Backend, B: Backend>() {
    let (from, to) = (A::default(), B::default());
    let story = rich(&from);
    story.ledger.close();
    let before = story.ledger.view();
    let mut seen = Vec::new();

    let copied =
        backup::copy(&from.address(), &to.address(), &SystemClock, &mut |progress| seen.push(progress));

    let Copied { from: stood, to: stands } = copied.unwrap();
    assert_eq!(stood, before.position);
    assert_eq!((stands.epoch, stands.revision), (stood.epoch.next(), stood.revision.next()));
    let Progress { done, total } = seen[seen.len() - 1];
    assert!(done == total && total > stood.revision.get(), "{seen:?}");
    let copy = story.through(open(&to));
    let view = copy.ledger.view();
    assert_eq!(contents(&view.state), contents(&before.state));
    assert_eq!(view.position, stands);
    let key: ApiKeyId = id(30);
    assert!(copy.ledger.last_uses().of(key).is_some());
    let log = AuditLog::open(&to.address()).unwrap();
    let last = log.entries(&Query { after: stood.revision, ..Query::default() }).unwrap();
    assert_eq!((last.len(), last[0].request_id.as_str()), (1, "copy"));
    assert_whole(&to);

    // Both go on, each by itself.
    rename(&copy, "Renamed There");
    let other = story.through(open(&from));
    rename(&other, "Renamed Here");
    assert_eq!(&*other.ledger.view().state.org(story.source.id).unwrap().name.to_string(), "Renamed Here");
    assert_whole(&from);
    assert_whole(&to);
}

fn a_ledger_that_is_there_already_is_not_copied_over<A: Backend, B: Backend>() {
    let (from, to) = (A::default(), B::default());
    let _story = rich(&from);
    let there = begin(&to).ledger.view().position;
    let error = copy(&from, &to).unwrap_err();
    assert!(matches!(error, BackupError::Open(OpenError::Exists(_))), "{error}");
    assert_eq!(open(&to).view().position, there);
}

fn what_is_not_as_its_log_says_is_not_copied<A: Backend, B: Backend>() {
    let (from, to) = (A::default(), B::default());
    rich(&from).ledger.close();
    from.tamper("UPDATE org_connection SET connection_types = 'logs,metrics,audit'");
    let error = copy(&from, &to).unwrap_err();
    assert!(matches!(error, BackupError::NotWhole(_)), "{error}");
    assert_nothing_in(&to);
}

/// There is no ledger, or an empty one.
fn assert_nothing_in(place: &impl Backend) {
    match Ledger::open(&place.address(), LedgerOptions::default()) {
        Ok(ledger) => {
            assert_eq!(ledger.view().position.revision, Revision::default());
            assert_eq!(contents(&ledger.view().state), Vec::<String>::new());
        }
        Err(OpenError::Missing(_)) => {}
        Err(other) => panic!("{other}"),
    }
}

fn what_is_written_meanwhile_leaves_a_copy_whole<A: Backend, B: Backend>() {
    let (from, to) = (A::default(), B::default());
    let story = rich(&from);
    let stop = AtomicBool::new(false);
    let copied = thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0.. {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                rename(&story, &format!("Source {number}"));
            }
        });
        let copied = copy(&from, &to);
        stop.store(true, Ordering::Relaxed);
        copied.unwrap()
    });
    assert!(copied.from.revision <= story.ledger.view().position.revision);
    assert_whole(&to);
}

on_each_way! {
    a_copy_holds_everything_and_is_another_ledger
    a_ledger_that_is_there_already_is_not_copied_over
    what_is_not_as_its_log_says_is_not_copied
    what_is_written_meanwhile_leaves_a_copy_whole
    a_backup_of_one_is_restored_into_the_other
}

#[test]
fn a_copy_that_is_broken_off_leaves_an_empty_ledger_on_a_server_and_can_be_made_again() {
    let (from, to) = (Sqlite::default(), Postgres::default());
    let story = rich(&from);
    Ledger::create(&to.address(), LedgerOptions::default()).unwrap().close();
    to.refuse("INSERT", "restriction_policy");
    let error = copy(&from, &to).unwrap_err();
    assert!(matches!(error, BackupError::NotWritten(_)), "{error}");
    assert_nothing_in(&to);
    to.take_again("restriction_policy");
    let copied = copy(&from, &to).unwrap();
    assert_eq!(copied.from, story.ledger.view().position);
    assert_whole(&to);
}

#[test]
fn a_copy_that_is_broken_off_leaves_no_file() {
    let (from, to) = (Postgres::default(), Sqlite::default());
    rich(&from).ledger.close();
    from.tamper("DROP TABLE refused_attempt");
    assert!(copy(&from, &to).is_err());
    let left = std::fs::read_dir(to.path().parent().unwrap()).unwrap().count();
    assert_eq!(left, 0);
}

#[test]
fn a_database_of_an_earlier_version_is_not_copied_before_it_is_brought_up_to_date() {
    let (from, to) = (Sqlite::default(), Sqlite::default());
    rich(&from).ledger.close();
    from.tamper("DELETE FROM refinery_schema_history WHERE version = 9");
    let error = copy(&from, &to).unwrap_err();
    assert!(matches!(error, BackupError::Open(OpenError::OlderSchema { found: 7, .. })), "{error}");
}

/// Restores a backup from before a connection was made, and says how long that took.
fn take_back(place: &impl Backend, meanwhile: impl FnOnce(&Story)) -> (Position, Duration) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup");
    let story = begin(place);
    backup::backup(&place.address(), &file).unwrap();
    story.connect(types("logs"));
    meanwhile(&story);
    let began = Instant::now();
    let restored = backup::restore(&place.address(), &file, &SystemClock).unwrap();
    (restored.position, began.elapsed())
}

fn whoever_serves_goes_by_what_was_restored_when_the_restoration_returns<B: Backend>() {
    let place = B::default();
    let mut serving = None;
    let (position, _) = take_back(&place, |_| {
        let options = LedgerOptions { attendance: Attendance::Serves, ..LedgerOptions::default() };
        let ledger = Ledger::open(&place.address(), options).unwrap();
        assert_eq!(ledger.view().state.connection_count(), 1);
        serving = Some(ledger);
    });
    if let Ok(view) = serving.unwrap().fresh_view() {
        assert_eq!(view.position, position);
        assert_eq!(view.state.connection_count(), 0);
    }
}

crate::backend::on_each_database! {
    whoever_serves_goes_by_what_was_restored_when_the_restoration_returns
}

#[test]
fn a_restoration_waits_for_one_that_says_nothing_until_it_answers_no_more() {
    let place = Postgres::default();
    let (_, took) = take_back(&place, |_| {
        place.tamper(
            "INSERT INTO replica (id, turn, lease_us, epoch, revision)
             VALUES ('00000000-0000-0000-0000-000000000009', 0, 1500000, 1, 0)",
        );
    });
    assert!(took >= Duration::from_millis(1500), "{took:?}");
}

fn a_backup_of_one_is_restored_into_the_other<A: Backend, B: Backend>() {
    let (from, to) = (A::default(), B::default());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup");
    let story = rich(&from);
    story.ledger.close();
    let position = backup::backup(&from.address(), &file).unwrap();
    assert_eq!(position, story.ledger.view().position);
    let lost = begin(&to).ledger.view().position.revision;

    // What is there has nothing to do with it, and goes.
    let restored = backup::restore(&to.address(), &file, &SystemClock).unwrap();

    assert_eq!(restored.lost, lost.get());
    assert_eq!(restored.position.revision, position.revision.next());
    assert_eq!(contents(&open(&to).view().state), contents(&story.ledger.view().state));
    assert_whole(&to);
}
