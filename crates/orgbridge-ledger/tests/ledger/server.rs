//! A server that is killed, frozen, cut off, misconfigured or somebody else's. Hardening, 18, 25 to 29.

use std::collections::BTreeSet;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use orgbridge_ledger::audit::AuditLog;
use orgbridge_ledger::{
    Attendance, CommitError, DatabaseAddress, Ledger, LedgerOptions, MAX_STALENESS, OpenError, Unavailable,
};
use orgbridge_postgres_server::{Database, PostgresServer};

use crate::backend::{Backend, Postgres};
use crate::callers::{BOUND, assert_history, rename, under_load, wait_until_it_works};
use crate::story::{Story, types};

fn address_of(database: &Database<'_>) -> DatabaseAddress {
    database.address().parse().unwrap()
}

fn begin(address: &DatabaseAddress) -> Story {
    Story::begin(Ledger::create(address, LedgerOptions::default()).unwrap())
}

fn open(address: &DatabaseAddress) -> Result<Ledger, OpenError> {
    Ledger::open(address, LedgerOptions::default())
}

#[test]
fn what_a_killed_server_had_acknowledged_is_there_and_what_was_refused_is_not() {
    let server = PostgresServer::start().unwrap();
    let database = server.database().unwrap();
    let address = address_of(&database);
    let story = begin(&address);
    let outcomes = under_load(&story, || {
        for _ in 0..3 {
            thread::sleep(Duration::from_millis(700));
            server.kill().unwrap();
            server.go_on().unwrap();
        }
        thread::sleep(Duration::from_millis(700));
    });
    wait_until_it_works(&story);
    assert_history(&address, &outcomes);
}

#[test]
fn connections_that_are_ended_in_the_midst_of_commits_lose_nothing_and_leave_nothing() {
    let server = PostgresServer::start().unwrap();
    let database = server.database().unwrap();
    let address = address_of(&database);
    let story = begin(&address);
    let outcomes = under_load(&story, || {
        for _ in 0..40 {
            thread::sleep(Duration::from_millis(40));
            database
                .sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'orgbridge'")
                .unwrap();
        }
    });
    assert!(outcomes.uncertain.is_empty(), "the server was there to be asked: {:?}", outcomes.uncertain);
    wait_until_it_works(&story);
    assert_history(&address, &outcomes);
}

#[test]
fn a_server_that_stands_still_is_given_up_in_time_and_used_again_when_it_goes_on() {
    let server = PostgresServer::start().unwrap();
    let database = server.database().unwrap();
    let address = address_of(&database);
    let story = begin(&address);
    let mut outcomes = under_load(&story, || thread::sleep(Duration::from_millis(500)));

    server.freeze().unwrap();
    let began = Instant::now();
    match rename(&story, story.source.id, "while it stood still") {
        Err(CommitError::Unavailable(Unavailable::Uncertain)) => {}
        refused => {
            assert!(matches!(refused, Err(CommitError::Unavailable(_))), "{refused:?}");
            outcomes.refused.insert("while it stood still".to_owned());
        }
    }
    assert!(began.elapsed() < BOUND, "it took {:?}", began.elapsed());
    while story.ledger.fresh_view().is_ok() {
        assert!(began.elapsed() < MAX_STALENESS * 3, "it is decided by what nobody could see any more");
        thread::sleep(Duration::from_millis(10));
    }
    assert!(story.ledger.health().is_err());
    let began = Instant::now();
    assert!(open(&address).is_err());
    assert!(began.elapsed() < BOUND, "it took {:?}", began.elapsed());

    server.thaw().unwrap();
    wait_until_it_works(&story);
    assert_history(&address, &outcomes);
}

#[test]
fn a_server_that_is_down_is_refused_at_once_and_found_again_when_it_is_back() {
    let server = PostgresServer::start().unwrap();
    let database = server.database().unwrap();
    let address = address_of(&database);
    let story = begin(&address);
    let shared = story.connect(types("logs"));

    server.stop().unwrap();
    let began = Instant::now();
    let refused = story.update(shared.id, types("audit"));
    assert!(matches!(refused, Err(CommitError::Unavailable(Unavailable::Unreachable { .. }))), "{refused:?}");
    assert!(began.elapsed() < MAX_STALENESS, "it took {:?}", began.elapsed());
    assert!(matches!(open(&address), Err(OpenError::Unreachable { .. })));
    while story.ledger.fresh_view().is_ok() {
        assert!(began.elapsed() < MAX_STALENESS * 3, "it is decided by what nobody could see any more");
        thread::sleep(Duration::from_millis(10));
    }

    server.go_on().unwrap();
    wait_until_it_works(&story);
    assert_eq!(story.update(shared.id, types("metrics")).unwrap().types, types("metrics"));
}

#[test]
fn a_server_that_takes_no_writes_is_refused_by_name_and_while_it_is_used() {
    let place = Postgres::default();
    let story = begin(&place.address());
    place.become_read_only(true);

    let refused = rename(&story, story.source.id, "No");
    assert!(matches!(refused, Err(CommitError::Unavailable(Unavailable::ReadOnly))), "{refused:?}");
    // What such a server says of the history may be old.
    let began = Instant::now();
    while story.ledger.fresh_view().is_ok() {
        assert!(began.elapsed() < MAX_STALENESS * 3, "it is decided by what a copy says");
        thread::sleep(Duration::from_millis(10));
    }
    assert!(matches!(open(&place.address()), Err(OpenError::Standby(_))));
    assert_eq!(AuditLog::open(&place.address()).unwrap().verify(None).unwrap().findings, []);

    place.become_read_only(false);
    wait_until_it_works(&story);
}

#[test]
fn readers_stay_fresh_while_another_process_holds_the_lock() {
    let place = Postgres::default();
    let story = begin(&place.address());
    let lock = "BEGIN; SELECT revision FROM ledger FOR UPDATE; SELECT pg_sleep(7); ROLLBACK";
    thread::scope(|scope| {
        let holder = scope.spawn(|| place.tamper(lock));
        let began = Instant::now();
        let query = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(7)%' AND wait_event = 'PgSleep'";
        while place.number(query) == 0 {
            assert!(began.elapsed() < Duration::from_secs(5), "nobody holds the lock");
        }
        let waiting = scope.spawn(|| story.try_connect(types("logs")));
        while !waiting.is_finished() {
            assert!(story.ledger.fresh_view().is_ok(), "after {:?}", began.elapsed());
            thread::sleep(Duration::from_millis(20));
        }
        let refused = waiting.join().unwrap();
        assert!(matches!(refused, Err(CommitError::Unavailable(Unavailable::Locked))), "{refused:?}");
        holder.join().unwrap();
    });
    story.connect(types("logs"));
    story.wait_until(|_| story.ledger.health() == Ok(()));
}

/// Rate limits are divided by it.
#[test]
fn those_who_serve_a_database_agree_on_who_is_there_and_in_which_order() {
    let database = Postgres::default();
    begin(&database.address()).ledger.close();
    let serve = || {
        let options = LedgerOptions { attendance: Attendance::Serves, ..LedgerOptions::default() };
        Ledger::open(&database.address(), options).unwrap()
    };
    let first = serve();
    assert_eq!((first.live_replicas().rank, first.live_replicas().count), (0, 1));

    let (second, third) = (serve(), serve());
    // Whoever comes knows at once of those who were there before.
    assert_eq!((second.live_replicas().count >= 2, third.live_replicas().count), (true, 3));
    let all = [&first, &second, &third];
    let began = Instant::now();
    while all.iter().any(|ledger| ledger.live_replicas().count != 3) {
        assert!(
            began.elapsed() < MAX_STALENESS,
            "somebody is overlooked for longer than anything may be old"
        );
        thread::sleep(Duration::from_millis(5));
    }
    let ranks: BTreeSet<_> = all.iter().map(|ledger| ledger.live_replicas().rank).collect();
    assert_eq!(ranks, BTreeSet::from([0, 1, 2]));

    third.close();
    let began = Instant::now();
    while first.live_replicas().count != 2 || second.live_replicas().count != 2 {
        assert!(began.elapsed() < BOUND, "somebody who has left is still counted");
        thread::sleep(Duration::from_millis(5));
    }
    first.close();
    second.close();
}

#[test]
fn several_processes_bring_a_schema_up_to_date_at_once() {
    let place = Postgres::default();
    begin(&place.address()).ledger.close();
    // As the version before left it.
    place.tamper(
        "ALTER TABLE ledger DROP COLUMN least_schema; DELETE FROM refinery_schema_history WHERE version = 9",
    );
    thread::scope(|scope| {
        for opened in [(); 6].map(|()| scope.spawn(|| open(&place.address()).map(drop))) {
            opened.join().unwrap().unwrap();
        }
    });
    assert_eq!(place.number("SELECT least_schema FROM ledger"), 9);
}

#[test]
fn of_several_that_make_a_ledger_at_once_no_two_believe_that_it_is_theirs() {
    let place = Postgres::default();
    let made = thread::scope(|scope| {
        let makers =
            [(); 6].map(|()| scope.spawn(|| Ledger::create(&place.address(), LedgerOptions::default())));
        makers.map(|maker| maker.join().unwrap())
    });
    let (made, refused): (Vec<_>, Vec<_>) = made.into_iter().partition(Result::is_ok);
    assert!(made.len() <= 1, "{} were made", made.len());
    for error in refused {
        assert!(matches!(error, Err(OpenError::Exists(_))), "{error:?}");
    }
    open(&place.address()).unwrap();
}

#[test]
fn only_an_empty_database_becomes_a_ledger() {
    let place = Postgres::default();
    assert!(matches!(open(&place.address()), Err(OpenError::Missing(_))));
    assert!(!place.address().is_taken().unwrap());
    place.tamper("SET ROLE orgbridge; CREATE TABLE note (text TEXT)");
    assert!(place.address().is_taken().unwrap());
    let error = Ledger::create(&place.address(), LedgerOptions::default()).unwrap_err();
    assert!(matches!(error, OpenError::NotEmpty(_)), "{error}");
    assert!(matches!(open(&place.address()), Err(OpenError::Missing(_))));
}

#[test]
fn a_ledger_that_came_to_nothing_is_removed_whole() {
    let place = Postgres::default();
    begin(&place.address()).ledger.close();
    place.address().discard();
    let tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'";
    assert_eq!(place.number(tables), 0);
    begin(&place.address());
}

#[test]
fn a_table_altered_behind_the_ledger_fails_that_command_and_no_other() {
    let place = Postgres::default();
    let story = begin(&place.address());
    let shared = story.connect(types("logs"));
    place.tamper("DELETE FROM org_connection");

    for refused in [story.update(shared.id, types("audit")), story.delete(shared.id)] {
        let Err(CommitError::Unavailable(Unavailable::Storage { cause })) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(cause, "0 rows of org_connection have the id of one entity");
    }
    assert_eq!(story.ledger.view().state.connection(shared.id).unwrap().types, types("logs"));
    rename(&story, story.source.id, "Another command").unwrap();
}

#[test]
fn a_row_that_no_rule_wrote_is_named_with_its_place() {
    let place = Postgres::default();
    let story = begin(&place.address());
    story.connect(types("logs"));
    story.ledger.close();
    place.tamper("UPDATE org_connection SET connection_types = 'traces'");
    let error = open(&place.address()).unwrap_err().to_string();
    assert!(error.contains("table org_connection, row 1") && error.contains("traces"), "{error}");
}

#[test]
fn a_far_gap_to_what_others_wrote_is_read_anew() {
    let place = Postgres::default();
    let story = begin(&place.address());
    let shared = story.connect(types("logs"));
    place.tamper(
        "UPDATE org_connection SET connection_types = 'audit';
         UPDATE ledger SET revision = revision + 1000000, digest = replace(digest, '0', '1')",
    );
    story.wait_until(|view| {
        view.state.connection(shared.id).is_some_and(|connection| connection.types == types("audit"))
    });
}

#[test]
fn a_password_is_read_from_its_file_and_shown_nowhere() {
    let server = PostgresServer::shared();
    let database = server.database().unwrap();
    let address: DatabaseAddress = database.address_by_port().parse().unwrap();
    begin(&address);

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    fs::write(&file, "hunter2\n").unwrap();
    let port = server.port();
    let by_file = format!("postgres://orgbridge@127.0.0.1:{port}/x?password_file={}", file.display());
    let by_itself = format!("postgres://orgbridge:hunter2@127.0.0.1:{port}/x");
    for wrong in [by_file, by_itself] {
        let address: DatabaseAddress = wrong.parse().unwrap();
        let error = open(&address).unwrap_err();
        assert!(matches!(error, OpenError::Unreachable { .. }), "{error}");
        let shown = format!("{address} {address:?} {error} {error:?}");
        assert!(shown.contains("authentication failed") && !shown.contains("hunter2"), "{shown}");
    }
    fs::remove_file(&file).unwrap();
    let address = format!("postgres://orgbridge@127.0.0.1:{port}/x?password_file={}", file.display());
    let error = open(&address.parse().unwrap()).unwrap_err().to_string();
    assert!(error.contains(&file.display().to_string()), "{error}");
}

#[test]
fn a_server_is_believed_that_somebody_vouches_for_and_no_other() {
    let server = PostgresServer::start().unwrap();
    let database = server.database().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (own_root, other_root) = (write("own.pem", &own.cert.pem()), write("other.pem", &other.cert.pem()));
    let nothing = write("nothing.pem", "");
    let address = |host: &str, roots: &std::path::Path| {
        let (port, password) = (server.port(), server.password_file());
        let text = format!(
            "postgres://orgbridge@{host}:{port}/{}?sslmode=verify-full&sslrootcert={}&password_file={}",
            database.name(),
            roots.display(),
            password.display()
        );
        text.parse::<DatabaseAddress>().unwrap()
    };
    let refused = |address: &DatabaseAddress| match Ledger::create(address, LedgerOptions::default()) {
        Err(OpenError::Unreachable { cause, .. }) => cause,
        other => panic!("{other:?}"),
    };
    assert!(refused(&address("localhost", &own_root)).contains("does not support TLS"));
    server.use_tls(&own.cert.pem(), &own.signing_key.serialize_pem()).unwrap();
    // It takes notice in a moment.
    let began = Instant::now();
    while refused(&address("localhost", &other_root)).contains("does not support TLS") {
        assert!(began.elapsed() < Duration::from_secs(10), "the server speaks no TLS");
    }
    for (host, roots) in [("localhost", &other_root), ("127.0.0.1", &own_root), ("localhost", &nothing)] {
        let cause = refused(&address(host, roots));
        assert!(cause.contains("certificate"), "{host}: {cause}");
    }
    let story = begin(&address("localhost", &own_root));
    story.connect(types("logs"));
    let query = "SELECT count(*) FROM pg_stat_ssl WHERE ssl";
    assert_ne!(database.sql(query).unwrap(), "0");
}
