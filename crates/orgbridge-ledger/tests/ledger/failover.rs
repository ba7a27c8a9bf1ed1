//! A server that is gone, and the copy of it that takes its place. Hardening, 27.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use orgbridge_domain::{OrgId, Site, org};
use orgbridge_ledger::audit::AuditLog;
use orgbridge_ledger::doctor::{Judgement, examine};
use orgbridge_ledger::{
    Attendance, CommitError, DatabaseAddress, Ledger, LedgerOptions, MaxStaleness, OpenError, Unavailable,
    View,
};
use orgbridge_postgres_server::{Database, PostgresServer, Standby};

use crate::callers::{BOUND, assert_history, rename, under_load, wait_until_it_works};
use crate::losses::{Losses, keep_log, logged_of};
use crate::story::{OPERATOR, Story, id, types};

/// How long each phase of a failover lasts under load.
const WHILE: Duration = Duration::from_millis(700);

fn address_on(database: &Database<'_>, servers: &[&PostgresServer]) -> DatabaseAddress {
    database.address_on(servers).parse().unwrap()
}

fn open(address: &DatabaseAddress) -> Result<Ledger, OpenError> {
    Ledger::open(address, LedgerOptions::default())
}

/// A process that answers by what it knows.
fn serving() -> LedgerOptions {
    LedgerOptions { attendance: Attendance::Serves, ..LedgerOptions::default() }
}

/// Waits until a ledger is gone by again, and returns what it says then.
fn first_answer_of(ledger: &Ledger) -> Arc<View> {
    let began = Instant::now();
    loop {
        match ledger.fresh_view() {
            Ok(view) => return view,
            Err(refused) => assert!(began.elapsed() < BOUND, "{refused}"),
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Has an account get one more org.
fn found(story: &Story, org: OrgId) {
    let account = story.source.account;
    let founded = story.commit_as(OPERATOR, move |session, now| {
        let name = "Lost Org".parse().unwrap();
        let new = org::NewOrg { id: org, account, site: Site::DEFAULT, public_id: None, name };
        org::create(&session.deployment()?, new, now)
    });
    founded.unwrap();
}

#[test]
fn after_a_failover_nobody_goes_by_what_the_copy_lacks_and_the_operator_is_told_what_that_is() {
    keep_log();
    let primary = PostgresServer::start().unwrap();
    let database = primary.database().unwrap();
    let standby = Standby::of(&primary).unwrap();
    let address = address_on(&database, &[&primary, standby.server()]);
    let losses = [(); 2].map(|()| Arc::new(Losses::default()));
    let [options, others_options] =
        losses.each_ref().map(|losses| LedgerOptions { observer: Arc::<Losses>::clone(losses), ..serving() });
    let here = Story::begin(Ledger::create(&address, options).unwrap());
    let there = here.through(Ledger::open(&address, others_options).unwrap());
    let shared = here.connect(types("logs,metrics"));
    let kept = here.ledger.view().position;
    standby.catch_up(&primary).unwrap();
    standby.cut_off().unwrap();

    let lost_org: OrgId = id(0xfa11);
    here.update(shared.id, types("logs")).unwrap();
    found(&here, lost_org);
    let lost = here.ledger.view().position;
    there.wait_until(|view| view.position == lost);
    primary.kill().unwrap();
    // The copy is there and takes no writes: nobody goes by what it says.
    let both = [&here, &there];
    for story in both {
        let refused = story.update(shared.id, types("audit"));
        assert!(
            matches!(refused, Err(CommitError::Unavailable(Unavailable::Unreachable { .. }))),
            "{refused:?}"
        );
        let began = Instant::now();
        while let Ok(view) = story.ledger.fresh_view() {
            assert_eq!(view.position, lost);
            assert!(began.elapsed() < BOUND, "it is decided by what nobody could see any more");
            thread::sleep(Duration::from_millis(5));
        }
    }
    match open(&address) {
        Err(OpenError::Unreachable { cause, .. }) if cause.contains("does not allow writes") => {}
        other => panic!("{other:?}"),
    }

    let promoted = standby.promote().unwrap();
    for (story, losses) in both.into_iter().zip(&losses) {
        let view = first_answer_of(&story.ledger);
        assert_eq!(view.position, kept);
        // It was narrowed in what is lost.
        assert_eq!(view.state.connection(shared.id).unwrap().types, types("logs,metrics"));
        assert!(view.state.org(lost_org).is_none());
        assert_eq!(losses.found(), [2]);
    }
    let named = logged_of(&lost_org.to_string());
    assert_eq!(named.len(), 2, "{named:?}");
    assert!(named.iter().all(|line| line.contains("is gone")), "{named:?}");

    // What follows is the history now, for both.
    wait_until_it_works(&here);
    let narrowed = here.update(shared.id, types("metrics")).unwrap();
    if let Ok(view) = there.ledger.fresh_view() {
        assert_eq!(**view.state.connection(shared.id).unwrap(), narrowed);
    }
    there.wait_until(|view| view.position == here.ledger.view().position);
    assert_eq!(there.update(shared.id, types("audit")).unwrap().types, types("audit"));
    let log = AuditLog::open(&address_on(&database, &[&promoted])).unwrap();
    assert_eq!(log.verify(None).unwrap().findings, []);
    assert_eq!(losses.map(|losses| losses.found()), [[2], [2]]);
}

#[test]
fn after_a_failover_a_revocation_waits_for_a_server_that_the_copy_has_never_heard_of() {
    let primary = PostgresServer::start().unwrap();
    let database = primary.database().unwrap();
    let standby = Standby::of(&primary).unwrap();
    let address = address_on(&database, &[&primary, standby.server()]);
    let story = Story::begin(Ledger::create(&address, serving()).unwrap());
    let shared = story.connect(types("logs,metrics"));
    standby.catch_up(&primary).unwrap();
    standby.cut_off().unwrap();
    // It knows of the primary alone: nobody can tell it what comes after.
    let late = Ledger::open(&address_on(&database, &[&primary]), serving()).unwrap();
    first_answer_of(&late);

    primary.kill().unwrap();
    let (promoted, narrowed) = thread::scope(|scope| {
        let promoting = scope.spawn(|| standby.promote());
        let began = Instant::now();
        let narrowed = loop {
            match story.update(shared.id, types("logs")) {
                Ok(narrowed) => break narrowed,
                Err(refused) => assert!(began.elapsed() < BOUND, "{refused:?}"),
            }
        };
        (promoting.join().unwrap().unwrap(), narrowed)
    });
    if let Ok(view) = late.fresh_view() {
        panic!("{:?} is gone by after {narrowed:?}", view.state.connection(shared.id));
    }
    assert_eq!(promoted.sql(database.name(), "SELECT connection_types FROM org_connection").unwrap(), "logs");
}

#[test]
fn a_server_that_stands_still_is_passed_by_for_its_copy_that_takes_writes() {
    let primary = PostgresServer::start().unwrap();
    let database = primary.database().unwrap();
    let standby = Standby::of(&primary).unwrap();
    let address = address_on(&database, &[&primary, standby.server()]);
    let story = Story::begin(Ledger::create(&address, LedgerOptions::default()).unwrap());
    let shared = story.connect(types("logs"));
    standby.catch_up(&primary).unwrap();
    // It takes connections as long as it stands still, and never says a word.
    primary.freeze().unwrap();
    let _promoted = standby.promote().unwrap();

    let began = Instant::now();
    while let Err(refused) = rename(&story, story.sink.id, "It works") {
        assert!(began.elapsed() < BOUND, "{refused:?}");
    }
    assert_eq!(**story.ledger.view().state.connection(shared.id).unwrap(), shared);
    assert!(open(&address).is_ok());
}

#[test]
fn what_a_copy_that_is_waited_for_takes_over_holds_everything_that_was_acknowledged() {
    let primary = PostgresServer::start().unwrap();
    let database = primary.database().unwrap();
    let standby = Standby::of(&primary).unwrap();
    let address = address_on(&database, &[&primary, standby.server()]);
    standby.be_waited_for(&primary).unwrap();
    let story = Story::begin(Ledger::create(&address, LedgerOptions::default()).unwrap());
    let mut promoted = None;
    let outcomes = under_load(&story, || {
        thread::sleep(WHILE);
        // From here on nothing can be acknowledged: the copy would lack it.
        standby.cut_off().unwrap();
        thread::sleep(WHILE);
        primary.kill().unwrap();
        promoted = Some(standby.promote().unwrap());
        thread::sleep(WHILE);
    });
    wait_until_it_works(&story);
    assert_history(&address, &outcomes);
}

#[test]
fn a_copy_is_not_opened_and_is_passed_by_for_its_primary() {
    let primary = PostgresServer::start().unwrap();
    let database = primary.database().unwrap();
    let standby = Standby::of(&primary).unwrap();
    let story =
        Story::begin(Ledger::create(&address_on(&database, &[&primary]), LedgerOptions::default()).unwrap());
    standby.catch_up(&primary).unwrap();
    let alone = address_on(&database, &[standby.server()]);
    assert!(matches!(open(&alone), Err(OpenError::Standby(_))));
    assert!(matches!(Ledger::open(&alone, serving()), Err(OpenError::Standby(_))));
    // Whoever only wants to know may ask a copy.
    assert_eq!(AuditLog::open(&alone).unwrap().verify(None).unwrap().findings, []);

    let other = story.through(open(&address_on(&database, &[standby.server(), &primary])).unwrap());
    let shared = other.connect(types("logs"));
    story.wait_until(|view| view.state.connection(shared.id).is_some());
}

#[test]
fn whoever_looks_is_told_whether_a_failover_may_lose_what_was_acknowledged() {
    let primary = PostgresServer::start().unwrap();
    let database = primary.database().unwrap();
    let address = address_on(&database, &[&primary]);
    let found = || {
        let seen = examine(&address, MaxStaleness::default());
        seen.into_iter().find(|seen| seen.subject == "failover").map(|seen| seen.judgement)
    };
    assert_eq!(found(), Some(Judgement::Remark));
    let standby = Standby::of(&primary).unwrap();
    standby.be_waited_for(&primary).unwrap();
    assert_eq!(found(), Some(Judgement::Fine));
    database.sql(&format!("ALTER DATABASE {} SET synchronous_commit = local", database.name())).unwrap();
    assert_eq!(found(), Some(Judgement::Wrong));
}
