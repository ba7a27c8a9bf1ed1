//! Storage that fails, and comes back. Hardening, 18, 25 to 27.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use orgbridge_ledger::{
    CommitError, Ledger, LedgerOptions, MAX_STALENESS, OpenError, SystemClock, Unavailable, backup,
};
use rusqlite::Connection;

use crate::backend::{Backend, Sqlite};
use crate::losses::Losses;
use crate::story::{API_KEY, APPLICATION_KEY, Story, types};

fn path_of(place: &Sqlite) -> PathBuf {
    place.path()
}

fn open(place: &Sqlite) -> Result<Ledger, OpenError> {
    Ledger::open(&place.address(), LedgerOptions::default())
}

fn create(place: &Sqlite) -> Ledger {
    Ledger::create(&place.address(), LedgerOptions::default()).unwrap()
}

fn a_database_that_is_gone_is_refused_and_found_again_when_it_is_back() {
    let place = Sqlite::default();
    let path = path_of(&place);
    let story = Story::begin(create(&place));
    let shared = story.connect(types("logs"));

    let elsewhere = path.with_extension("moved");
    fs::rename(&path, &elsewhere).unwrap();
    let refused = story.update(shared.id, types("audit"));
    assert!(matches!(refused, Err(CommitError::Unavailable(Unavailable::Gone))), "{refused:?}");
    assert_eq!(story.ledger.health(), Err(Unavailable::Gone));

    fs::rename(&elsewhere, &path).unwrap();
    story.update(shared.id, types("metrics")).unwrap();
    assert_eq!(story.ledger.health(), Ok(()));
}

fn a_database_that_takes_the_place_of_another_is_not_touched() {
    let (here, there) = (Sqlite::default(), Sqlite::default());
    let story = Story::begin(create(&here));
    let shared = story.connect(types("logs"));
    let other = Story::begin(create(&there));
    other.connect(types("audit"));
    other.ledger.close();
    let (path, foreign) = (path_of(&here), fs::read(path_of(&there)).unwrap());

    // Our log still lies beside it: SQLite would play it into the other database.
    let own = path.with_extension("own");
    fs::rename(&path, &own).unwrap();
    fs::rename(path_of(&there), &path).unwrap();
    let refused = story.update(shared.id, types("metrics"));
    assert!(matches!(refused, Err(CommitError::Unavailable(Unavailable::Gone))), "{refused:?}");
    assert_eq!(story.ledger.health(), Err(Unavailable::Gone));
    assert_eq!(fs::read(&path).unwrap(), foreign);

    fs::rename(&own, &path).unwrap();
    story.update(shared.id, types("metrics")).unwrap();
}

fn what_can_not_be_read_for_a_while_is_decided_by_no_more() {
    let place = Sqlite::default();
    let path = path_of(&place);
    let story = Story::begin(create(&place));
    assert!(story.ledger.fresh_view().is_ok());

    fs::rename(&path, path.with_extension("moved")).unwrap();
    let began = Instant::now();
    while story.ledger.fresh_view().is_ok() {
        assert!(began.elapsed() < MAX_STALENESS * 3, "it is decided by what nobody could see any more");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(story.ledger.fresh_view().unwrap_err(), Unavailable::Stale);

    fs::rename(path.with_extension("moved"), &path).unwrap();
    story.connect(types("logs"));
    assert!(story.ledger.fresh_view().is_ok());
}

fn readers_stay_fresh_while_another_process_holds_the_lock() {
    let place = Sqlite::default();
    let story = Story::begin(create(&place));
    let other = Connection::open(path_of(&place)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let began = Instant::now();
    let waiting = {
        let story = story.through(story.ledger.clone());
        std::thread::spawn(move || story.try_connect(types("logs")))
    };
    // Longer than a command waits, and then longer than knowledge may be old.
    let stay_fresh = |lasting: Duration| {
        let began = Instant::now();
        while began.elapsed() < lasting {
            assert!(story.ledger.fresh_view().is_ok(), "after {:?}", began.elapsed());
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    while !waiting.is_finished() {
        assert!(began.elapsed() < Duration::from_secs(20), "the command waits for ever");
        stay_fresh(Duration::from_millis(100));
    }
    let refused = waiting.join().unwrap();
    assert!(matches!(refused, Err(CommitError::Unavailable(Unavailable::Locked))), "{refused:?}");
    stay_fresh(MAX_STALENESS + Duration::from_millis(500));
    assert_eq!(story.ledger.health(), Err(Unavailable::Locked));

    other.execute_batch("ROLLBACK").unwrap();
    story.connect(types("logs"));
    assert_eq!(story.ledger.health(), Ok(()));
}

fn a_copy_that_lacks_the_last_commits_is_read_anew_and_the_operator_is_told() {
    let place = Sqlite::default();
    let losses = Arc::new(Losses::default());
    let options = LedgerOptions { observer: Arc::<Losses>::clone(&losses), ..LedgerOptions::default() };
    let story = Story::begin(Ledger::create(&place.address(), options).unwrap());
    let shared = story.connect(types("logs,metrics"));
    let before = story.ledger.view().position;
    story.update(shared.id, types("logs")).unwrap();
    // As the copy that a failover puts in the place of the database.
    Connection::open(path_of(&place))
        .unwrap()
        .execute_batch(&format!(
            "BEGIN;
             UPDATE org_connection SET connection_types = 'logs,metrics';
             DELETE FROM change WHERE revision > {0};
             UPDATE ledger SET revision = {0}, digest = '{1}';
             COMMIT;",
            before.revision, before.digest
        ))
        .unwrap();
    story.wait_until(|view| view.position == before);
    assert_eq!(losses.found(), [1]);

    // What follows is the history now, also for who knew the other.
    story.update(shared.id, types("audit")).unwrap();
    assert_eq!(story.ledger.view().position.revision, before.revision.next());
    assert_eq!(losses.found(), [1]);
}

fn a_far_gap_to_what_others_wrote_is_read_anew() {
    let place = Sqlite::default();
    let story = Story::begin(create(&place));
    let shared = story.connect(types("logs"));
    // As if very many changes had been made elsewhere; the last of them is the one that the tables hold.
    Connection::open(path_of(&place))
        .unwrap()
        .execute_batch(
            "UPDATE org_connection SET connection_types = 'audit';
             UPDATE ledger SET revision = revision + 1000000, digest = replace(digest, '0', '1');",
        )
        .unwrap();
    story.wait_until(|view| {
        view.state.connection(shared.id).is_some_and(|connection| connection.types == types("audit"))
    });
}

fn a_backup_that_was_tampered_with_is_not_restored() {
    let place = Sqlite::default();
    let story = Story::begin(create(&place));
    let shared = story.connect(types("logs"));
    let file = path_of(&place).with_extension("backup");
    backup::backup(&place.address(), &file).unwrap();
    Connection::open(&file)
        .unwrap()
        .execute("UPDATE org_connection SET connection_types = 'logs,metrics,audit'", [])
        .unwrap();
    let error = backup::restore(&place.address(), &file, &SystemClock).unwrap_err();
    assert!(error.to_string().contains("tampered"), "{error}");
    assert_eq!(story.update(shared.id, types("audit")).unwrap().types, types("audit"));
}

fn a_database_that_can_not_be_made_leaves_nothing_behind() {
    let place = Sqlite::default();
    let path = path_of(&place);
    // SQLite keeps its log there, and can't where a folder stands.
    let mut log = path.clone().into_os_string();
    log.push("-wal");
    fs::create_dir(&log).unwrap();
    assert!(Ledger::create(&place.address(), LedgerOptions::default()).is_err());
    assert!(!path.exists());
}

fn a_table_altered_behind_the_ledger_fails_that_command_and_no_other() {
    let place = Sqlite::default();
    let story = Story::begin(create(&place));
    let shared = story.connect(types("logs"));
    Connection::open(path_of(&place)).unwrap().execute("DELETE FROM org_connection", []).unwrap();

    let refused = story.update(shared.id, types("audit"));
    assert!(matches!(refused, Err(CommitError::Unavailable(Unavailable::Storage { .. }))), "{refused:?}");
    assert_eq!(story.ledger.view().state.connection(shared.id).unwrap().types, types("logs"));
}

fn a_locked_database_is_waited_for() {
    let place = Sqlite::default();
    let story = Story::begin(create(&place));
    let other = Connection::open(path_of(&place)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let waiting = std::thread::spawn(move || story.try_connect(types("logs")));
    std::thread::sleep(std::time::Duration::from_millis(200));
    other.execute_batch("ROLLBACK").unwrap();
    waiting.join().unwrap().unwrap();
}

fn a_closed_ledger_is_one_whole_file() {
    let place = Sqlite::default();
    let story = Story::begin(create(&place));
    let shared = story.connect(types("logs"));
    assert!(
        crate::trails::revisions(&story.ledger, story.source.id).len() > 1,
        "somebody reads beside the writer"
    );
    story.ledger.close();

    let copy = Sqlite::default();
    fs::copy(path_of(&place), path_of(&copy)).unwrap();
    assert_eq!(**open(&copy).unwrap().view().state.connection(shared.id).unwrap(), shared);
}

fn what_is_no_ledger_is_refused_by_name() {
    let place = Sqlite::default();
    let path = path_of(&place);
    assert!(matches!(open(&place), Err(OpenError::Missing(_))));
    fs::write(&path, "this is a letter to a friend and no database at all").unwrap();
    assert!(matches!(open(&place), Err(OpenError::NotALedger { .. })));
    fs::remove_file(&path).unwrap();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE note (text TEXT)").unwrap();
    assert!(matches!(open(&place), Err(OpenError::NotALedger { .. })));
}

fn a_row_that_no_rule_wrote_is_named_with_its_place() {
    let place = Sqlite::default();
    let story = Story::begin(create(&place));
    story.connect(types("logs"));
    story.ledger.close();
    Connection::open(path_of(&place))
        .unwrap()
        .execute("UPDATE org_connection SET connection_types = 'traces'", [])
        .unwrap();
    let error = open(&place).unwrap_err().to_string();
    assert!(error.contains("table org_connection, row 1") && error.contains("traces"), "{error}");
}

fn a_restoration_that_fails_leaves_everything_as_it_was() {
    let place = Sqlite::default();
    let story = Story::begin(create(&place));
    let shared = story.connect(types("logs"));
    let letter = path_of(&place).with_extension("letter");
    fs::write(&letter, "Dear ledger").unwrap();
    assert!(backup::restore(&place.address(), &letter, &SystemClock).is_err());
    assert_eq!(story.update(shared.id, types("audit")).unwrap().types, types("audit"));
    let left: Vec<_> = fs::read_dir(letter.parent().unwrap())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("partial"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
}

fn no_key_is_in_any_file_and_only_the_owner_reads_them() {
    let place = Sqlite::default();
    let path = path_of(&place);
    let story = Story::begin(create(&place));
    story.connect(types("logs"));
    backup::backup(&place.address(), &path.with_extension("backup")).unwrap();

    let mut files = 0;
    for file in fs::read_dir(path.parent().unwrap()).unwrap() {
        let file = file.unwrap().path();
        let bytes = fs::read(&file).unwrap();
        for secret in [API_KEY, APPLICATION_KEY] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "a key is in {}", file.display());
        }
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions());
            assert_eq!(mode & 0o077, 0, "{} is open to others", file.display());
        }
        files += 1;
    }
    assert!(files >= 3, "the database, its log and its backup were searched");
}

macro_rules! both_ways {
    ($($test:ident)+) => {
        mod through_the_inbox {
            $(#[test] fn $test() { super::$test(); })+
        }

        mod at_the_desk {
            $(#[test] fn $test() { crate::story::take(crate::story::Way::Desk); super::$test(); })+
        }
    };
}

both_ways! {
    a_database_that_is_gone_is_refused_and_found_again_when_it_is_back
    a_database_that_takes_the_place_of_another_is_not_touched
    what_can_not_be_read_for_a_while_is_decided_by_no_more
    readers_stay_fresh_while_another_process_holds_the_lock
    a_copy_that_lacks_the_last_commits_is_read_anew_and_the_operator_is_told
    a_far_gap_to_what_others_wrote_is_read_anew
    a_backup_that_was_tampered_with_is_not_restored
    a_database_that_can_not_be_made_leaves_nothing_behind
    a_table_altered_behind_the_ledger_fails_that_command_and_no_other
    a_locked_database_is_waited_for
    a_closed_ledger_is_one_whole_file
    what_is_no_ledger_is_refused_by_name
    a_row_that_no_rule_wrote_is_named_with_its_place
    a_restoration_that_fails_leaves_everything_as_it_was
    no_key_is_in_any_file_and_only_the_owner_reads_them
}
