//! Storage that fails, and comes back. Hardening, 18, 25 to 27.

use std::fs;
use std::path::PathBuf;

use orgbridge_ledger::{
    CommitError, DatabaseAddress, Ledger, LedgerOptions, OpenError, SystemClock, Unavailable, backup,
};
use rusqlite::Connection;

use crate::backend::{Backend, Sqlite};
use crate::story::{API_KEY, APPLICATION_KEY, Story, types};

fn path_of(place: &Sqlite) -> PathBuf {
    let DatabaseAddress::Sqlite(path) = place.address();
    path
}

fn open(place: &Sqlite) -> Result<Ledger, OpenError> {
    Ledger::open(&place.address(), LedgerOptions::default())
}

fn create(place: &Sqlite) -> Ledger {
    Ledger::create(&place.address(), LedgerOptions::default()).unwrap()
}

#[test]
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

#[test]
fn a_database_that_takes_the_place_of_another_is_read_anew() {
    let (here, there) = (Sqlite::default(), Sqlite::default());
    let story = Story::begin(create(&here));
    story.connect(types("logs"));
    let other = Story::begin(create(&there));
    other.ledger.close();

    for suffix in ["-wal", "-shm"] {
        let mut beside = path_of(&here).into_os_string();
        beside.push(suffix);
        fs::remove_file(beside).unwrap();
    }
    fs::rename(path_of(&there), path_of(&here)).unwrap();

    story.wait_until(|view| view.position == other.ledger.view().position);
    assert_eq!(story.ledger.view().state.connection_count(), 0);
    story.connect(types("audit"));
}

#[test]
fn a_table_altered_behind_the_ledger_fails_that_command_and_no_other() {
    let place = Sqlite::default();
    let story = Story::begin(create(&place));
    let shared = story.connect(types("logs"));
    Connection::open(path_of(&place)).unwrap().execute("DELETE FROM org_connection", []).unwrap();

    let refused = story.update(shared.id, types("audit"));
    assert!(matches!(refused, Err(CommitError::Unavailable(Unavailable::Storage { .. }))), "{refused:?}");
    assert_eq!(story.ledger.view().state.connection(shared.id).unwrap().types, types("logs"));
}

#[test]
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

#[test]
fn a_closed_ledger_is_one_whole_file() {
    let place = Sqlite::default();
    let story = Story::begin(create(&place));
    let shared = story.connect(types("logs"));
    story.ledger.close();

    let copy = Sqlite::default();
    fs::copy(path_of(&place), path_of(&copy)).unwrap();
    assert_eq!(**open(&copy).unwrap().view().state.connection(shared.id).unwrap(), shared);
}

#[test]
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

#[test]
fn a_newer_schema_is_refused_with_what_to_do() {
    let place = Sqlite::default();
    create(&place).close();
    Connection::open(path_of(&place))
        .unwrap()
        .execute_batch(
            "INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
             VALUES (99, 'later', '2030-01-01T00:00:00Z', '0')",
        )
        .unwrap();
    let error = open(&place).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the database has schema version 99, and this program knows versions up to 1; \
         use the newer Orgbridge that last opened it"
    );
}

#[test]
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

#[test]
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
        .filter(|name| name.contains("restoring"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
}

#[test]
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
