//! What every ledger does, whatever database it is on.
//!
//! The suite is written against [`Backend`]; a database joins by implementing it and a line at the end. Every test runs
//! twice, once for each [`Way`](crate::story::Way) to the writer.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use crate::backend::Backend;
use crate::story::{self, OPERATOR, Story, types};
use orgbridge_domain::org_connection::{self, Limits};
use orgbridge_domain::user::CreatorDisabled;
use orgbridge_domain::{
    ApiKeySecret, Change, CrossSite, Decided, Draft, Edit, PermissionSet, Principal, Refusal, RoleId,
    Session, Site, SiteScope, Timestamp, User, api_key, org, role, user,
};
use orgbridge_ledger::audit::{AuditLog, Query};
use orgbridge_ledger::{
    Attendance, CommitError, Ledger, LedgerOptions, MAX_STALENESS, Revision, Unavailable, backup,
};

macro_rules! suite {
    ($name:ident on $backend:ident: $($test:ident)+) => {
        mod $name {
            $(
                #[test]
                fn $test() {
                    super::$test(&crate::backend::$backend::default());
                }
            )+

            mod at_the_desk {
                $(
                    #[test]
                    fn $test() {
                        crate::story::take(crate::story::Way::Desk);
                        super::super::$test(&crate::backend::$backend::default());
                    }
                )+
            }
        }
    };
}

fn what_was_committed_is_there_after_a_restart(backend: &impl Backend) {
    let story = Story::begin(Ledger::create(&backend.address(), LedgerOptions::default()).unwrap());
    let shared = story.connect(types("logs"));
    let updated = story.update(shared.id, types("metrics,logs")).unwrap();
    let before = story.ledger.view();
    story.ledger.close();

    let reopened = Ledger::open(&backend.address(), LedgerOptions::default()).unwrap();

    let view = reopened.view();
    assert_eq!(view.position, before.position);
    assert_eq!(**view.state.connection(shared.id).unwrap(), updated);
    assert_eq!(view.state.connections_of(story.source.id).count(), 1);
    assert_eq!(view.state.connections_of(story.sink.id).count(), 1);
    assert_eq!(view.state.org(story.source.id), before.state.org(story.source.id));
    assert_eq!(view.state.user(story.jane.id), before.state.user(story.jane.id));
    assert_eq!(view.state.api_keys().count(), 1);
    assert_eq!(view.state.application_keys().count(), 1);
    let principal = Story::authenticate(&view.state).unwrap();
    assert_eq!(principal, Story::authenticate(&before.state).unwrap());
}

fn what_an_org_says_of_a_connection_is_kept_and_goes_with_it(backend: &impl Backend) {
    let story = Story::begin(Ledger::create(&backend.address(), LedgerOptions::default()).unwrap());
    let shared = story.connect(types("logs"));
    let elsewhere = story.through(Ledger::open(&backend.address(), LedgerOptions::default()).unwrap());
    let said = |story: &Story| {
        let view = story.ledger.view();
        let policy = view.state.restriction_policy_of(story.source.id, shared.id);
        policy.map(|policy| policy.bindings.to_string())
    };
    let findings = || AuditLog::open(&backend.address()).unwrap().verify(None).unwrap().findings;
    for text in
        ["viewer=;editor=".to_owned(), format!("editor=user:{},org:{}", story.jane.id, story.source.id)]
    {
        story.restrict(shared.id, &text).unwrap();
        assert_eq!(said(&story), Some(text.clone()));
        elsewhere.wait_until(|_| said(&elsewhere).as_ref() == Some(&text));
        let again = story.through(Ledger::open(&backend.address(), LedgerOptions::default()).unwrap());
        assert_eq!(said(&again), Some(text));
        assert_eq!(findings(), []);
    }
    story.delete(shared.id).unwrap();
    assert_eq!(said(&story), None);
    elsewhere.wait_until(|view| view.state.connection_count() == 0);
    assert_eq!(said(&elsewhere), None);
    assert_eq!(findings(), []);
}

/// What a release kept that knew no bound is read by those that do.
fn what_is_kept_beyond_a_bound_is_there_after_a_restart(backend: &impl Backend) {
    let story = Story::begin(Ledger::create(&backend.address(), LedgerOptions::default()).unwrap());
    let shared = story.connect(types("logs"));
    let (source, jane) = (story.source.id, story.jane.clone());
    let roles: Vec<RoleId> = (0..=User::MAX_ROLES).map(|number| story::id(0x4000 + number as u128)).collect();
    let (made, before) = (roles.clone(), jane.clone());
    story
        .commit_as(OPERATOR, move |session, now| {
            let mut draft = Draft::new(session);
            for id in &made {
                let name = format!("Role {id}").parse().unwrap();
                draft.run(|session| {
                    role::create(&session.authorize_in(source)?, *id, name, PermissionSet::EMPTY, now)
                })?;
            }
            let after = User { roles: made.iter().chain(&before.roles).copied().collect(), ..before.clone() };
            draft.run(|_| {
                Ok(Decided::one((), Change::User(Edit::Replace { before: before.clone(), after })))
            })?;
            Ok(draft.finish(()))
        })
        .unwrap();
    let bound: Vec<_> = roles.iter().map(|role| format!("role:{role}")).collect();
    let text = format!("editor={}", bound.join(","));
    story.restrict(shared.id, &text).unwrap();
    story.ledger.close();

    let reopened = Ledger::open(&backend.address(), LedgerOptions::default()).unwrap();
    let state = &reopened.view().state;
    assert_eq!(state.user(jane.id).unwrap().roles.len(), User::MAX_ROLES + 2);
    let policy = state.restriction_policy_of(source, shared.id).unwrap();
    assert_eq!(policy.bindings.to_string(), text);
    assert_eq!(AuditLog::open(&backend.address()).unwrap().verify(None).unwrap().findings, []);
}

fn what_an_org_says_of_a_connection_is_in_a_backup(backend: &impl Backend) {
    let story = Story::begin(Ledger::create(&backend.address(), LedgerOptions::default()).unwrap());
    let shared = story.connect(types("logs"));
    story.restrict(shared.id, &format!("editor=user:{}", story.jane.id)).unwrap();
    let said = || {
        let view = story.ledger.view();
        let policy = view.state.restriction_policy_of(story.source.id, shared.id);
        policy.map(|policy| policy.bindings.to_string())
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup");
    backup::backup(&backend.address(), &file).unwrap();
    let before = said();
    story.delete(shared.id).unwrap();
    assert_eq!(said(), None);

    let restored = backup::restore(&backend.address(), &file, &orgbridge_ledger::SystemClock).unwrap();
    story.wait_until(|view| view.position == restored.position);
    assert_eq!(said(), before);
    assert_eq!(AuditLog::open(&backend.address()).unwrap().verify(None).unwrap().findings, []);
}

fn every_change_has_an_entry_without_gaps(backend: &impl Backend) {
    let story = Story::begin(Ledger::create(&backend.address(), LedgerOptions::default()).unwrap());
    let shared = story.connect(types("logs"));
    story.update(shared.id, types("audit")).unwrap();
    story.delete(shared.id).unwrap();

    let log = AuditLog::open(&backend.address()).unwrap();
    let entries = log.entries(&Query::default()).unwrap();

    let revisions: Vec<u64> = entries.iter().map(|entry| entry.revision.get()).collect();
    assert_eq!(revisions, (1..=story.ledger.view().position.revision.get()).collect::<Vec<_>>());
    let last = &entries[entries.len() - 1];
    assert_eq!(last.entity, "org_connection");
    assert_eq!(last.actor.user_id.as_deref(), Some(story.jane.id.to_string().as_str()));
    assert_eq!(last.after, None);
    assert!(last.before.as_deref().unwrap().contains(r#""connection_types":"audit""#), "{last:?}");
    assert_eq!(log.verify(None).unwrap().findings, []);
}

fn a_refused_command_changes_nothing(backend: &impl Backend) {
    let story = Story::begin(Ledger::create(&backend.address(), LedgerOptions::default()).unwrap());
    story.connect(types("logs"));
    let before = story.ledger.view().position;

    let refused = story.try_connect(types("metrics"));

    assert!(matches!(refused, Err(CommitError::Refused(Refusal::AlreadyConnected { .. }))), "{refused:?}");
    assert_eq!(story.ledger.view().position, before);
}

fn a_command_that_changes_nothing_leaves_no_entry(backend: &impl Backend) {
    let story = Story::begin(Ledger::create(&backend.address(), LedgerOptions::default()).unwrap());
    let shared = story.connect(types("logs"));
    let before = story.ledger.view().position;

    assert_eq!(story.update(shared.id, types("logs")).unwrap(), shared);

    assert_eq!(story.ledger.view().position, before);
}

fn of_many_parallel_creations_of_a_pair_one_succeeds(backend: &impl Backend) {
    let story = Arc::new(Story::begin(Ledger::create(&backend.address(), LedgerOptions::default()).unwrap()));
    let barrier = Arc::new(Barrier::new(20));
    let attempts: Vec<_> = (0..20)
        .map(|_| {
            let (story, barrier) = (Arc::clone(&story), Arc::clone(&barrier));
            std::thread::spawn(move || {
                barrier.wait();
                story.try_connect(types("logs"))
            })
        })
        .collect();
    let outcomes: Vec<_> = attempts.into_iter().map(|attempt| attempt.join().unwrap()).collect();

    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(
        outcomes
            .iter()
            .filter_map(|outcome| outcome.as_ref().err())
            .all(|error| matches!(error, CommitError::Refused(Refusal::AlreadyConnected { .. })))
    );
}

/// The orgs and people of a story, on `count` ledgers that serve one database.
fn served_by(backend: &impl Backend, count: usize) -> Vec<Story> {
    let serving = LedgerOptions { attendance: Attendance::Serves, ..LedgerOptions::default() };
    let first = Story::begin(Ledger::create(&backend.address(), serving.clone()).unwrap());
    let others: Vec<_> = (1..count)
        .map(|_| first.through(Ledger::open(&backend.address(), serving.clone()).unwrap()))
        .collect();
    [first].into_iter().chain(others).collect()
}

fn whoever_takes_away_is_answered_when_every_server_knows(backend: &impl Backend) {
    let served = served_by(backend, 3);
    let shared = served[0].connect(types("logs,metrics"));
    for turn in 0..12 {
        let (here, other) = (&served[turn % 3], ["logs,metrics", "logs,audit"][turn % 2]);
        here.update(shared.id, types(other)).unwrap();
        here.update(shared.id, types("logs")).unwrap();
        for there in &served {
            // Nobody waits for it, and nobody may go by what was.
            let view = there.ledger.fresh_view().unwrap();
            assert_eq!(view.state.connection(shared.id).unwrap().types, types("logs"), "turn {turn}");
        }
    }
    // Who is closed is waited for no more.
    for (gone, left) in served.iter().zip(served.iter().skip(1)) {
        gone.ledger.close();
        let began = Instant::now();
        left.update(shared.id, types("logs,metrics")).unwrap();
        left.update(shared.id, types("logs")).unwrap();
        assert!(began.elapsed() < MAX_STALENESS, "{:?}", began.elapsed());
    }
}

fn of_parallel_creations_on_two_servers_one_succeeds(backend: &impl Backend) {
    let served = served_by(backend, 2);
    for _ in 0..5 {
        let outcomes = thread::scope(|scope| {
            let attempts = served.iter().map(|here| scope.spawn(|| here.try_connect(types("logs"))));
            let attempts: Vec<_> = attempts.collect();
            attempts.into_iter().map(|attempt| attempt.join().unwrap()).collect::<Vec<_>>()
        });
        let made = outcomes.iter().find_map(|outcome| outcome.as_ref().ok()).expect("one succeeds").id;
        let refused = |outcome: &&Result<_, _>| {
            matches!(outcome, Err(CommitError::Refused(Refusal::AlreadyConnected { .. })))
        };
        assert_eq!(outcomes.iter().filter(refused).count(), 1, "{outcomes:?}");
        served[0].delete(made).unwrap();
    }
}

fn two_ledgers_on_one_database_see_each_other(backend: &impl Backend) {
    let here = Story::begin(Ledger::create(&backend.address(), LedgerOptions::default()).unwrap());
    let elsewhere = here.through(Ledger::open(&backend.address(), LedgerOptions::default()).unwrap());

    let shared = here.connect(types("logs"));
    // A command decides on what the other wrote, at once …
    elsewhere.update(shared.id, types("audit")).unwrap();
    assert!(here.try_connect(types("logs")).is_err());
    // … and whoever only reads follows by itself.
    here.wait_until(|view| {
        view.state.connection(shared.id).is_some_and(|connection| connection.types == types("audit"))
    });

    assert_eq!(here.ledger.view().position, elsewhere.ledger.view().position);
    assert_eq!(AuditLog::open(&backend.address()).unwrap().verify(None).unwrap().findings, []);
}

fn whoever_waits_for_a_revision_gets_it_or_learns_that_it_is_not_here(backend: &impl Backend) {
    const NOT_AT_ALL: Duration = Duration::ZERO;
    const LONG: Duration = Duration::from_secs(10);
    let here = Story::begin(Ledger::create(&backend.address(), LedgerOptions::default()).unwrap());
    let elsewhere = here.through(Ledger::open(&backend.address(), LedgerOptions::default()).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let known = here.ledger.view().position.revision;
    let wait = |revision, patience| runtime.block_on(here.ledger.wait_until(revision, patience));

    assert_eq!(wait(known, NOT_AT_ALL), Ok(()));
    assert_eq!(wait(known.next(), NOT_AT_ALL), Err(Unavailable::Behind { asked: known.next(), known }));

    let writer = std::thread::spawn(move || elsewhere.connect(types("logs")));
    assert_eq!(wait(known.next(), LONG), Ok(()));
    assert_eq!(here.ledger.view().position.revision, known.next());
    writer.join().unwrap();
}

fn whoever_catches_up_knows_all_that_was_committed_before(backend: &impl Backend) {
    let served = served_by(backend, 2);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let shared = served[0].connect(types("logs"));
    for turn in 0..20 {
        let (here, there) = (&served[turn % 2], &served[(turn + 1) % 2]);
        // It is only given, so nobody waits for the other to know.
        here.update(shared.id, types("logs,metrics,audit")).unwrap();
        runtime.block_on(there.ledger.catch_up()).unwrap();
        let view = there.ledger.fresh_view().unwrap();
        assert_eq!(view.position, here.ledger.view().position, "turn {turn}");
        here.update(shared.id, types("logs")).unwrap();
    }
    served[0].ledger.close();
    assert_eq!(runtime.block_on(served[0].ledger.catch_up()), Err(Unavailable::Closed));
}

fn two_writers_number_their_changes_without_gaps(backend: &impl Backend) {
    let here = Arc::new(Story::begin(Ledger::create(&backend.address(), LedgerOptions::default()).unwrap()));
    let shared = here.connect(types("logs"));
    let elsewhere =
        Arc::new(here.through(Ledger::open(&backend.address(), LedgerOptions::default()).unwrap()));
    let before = here.ledger.view().position.revision.get();

    let writers: Vec<_> = [&here, &elsewhere]
        .into_iter()
        .map(|story| {
            let story = Arc::clone(story);
            std::thread::spawn(move || {
                for round in 0..50 {
                    let wanted = if round % 2 == 0 { "audit" } else { "metrics" };
                    story.update(shared.id, types(wanted)).unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }

    let log = AuditLog::open(&backend.address()).unwrap();
    let entries = log.entries(&Query { after: Revision::new(before), ..Query::default() }).unwrap();
    let revisions: BTreeSet<u64> = entries.iter().map(|entry| entry.revision.get()).collect();
    assert_eq!(revisions.len(), entries.len());
    assert_eq!(revisions.last().copied(), Some(before + entries.len() as u64));
    assert_eq!(log.verify(None).unwrap().findings, []);
}

fn tasks_of_one_runtime_write_side_by_side(backend: &impl Backend) {
    const TASKS: usize = 8;
    const UPDATES: usize = 40;
    let story = Arc::new(Story::begin(Ledger::create(&backend.address(), LedgerOptions::default()).unwrap()));
    let shared = story.connect(types("logs"));
    let before = story.ledger.view().position.revision.get();

    let update = |task: usize| {
        let (story, jane) = (Arc::clone(&story), Story::authenticate(&story.ledger.view().state).unwrap());
        async move {
            for round in 0..UPDATES {
                let wanted = types(["logs", "audit", "metrics"][(task + round) % 3]);
                let rule = move |session: &Session<'_>, now| {
                    org_connection::update(&session.authorize()?, shared.id, wanted, now)
                };
                let updated = story.ledger.commit(jane, story::request(), rule).await.unwrap();
                assert_eq!(updated.types, wanted);
            }
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..TASKS).map(|task| tokio::spawn(update(task))).collect();
        for task in tasks {
            task.await.unwrap();
        }
    });

    let log = AuditLog::open(&backend.address()).unwrap();
    let entries = log.entries(&Query { after: Revision::new(before), ..Query::default() }).unwrap();
    let written = story.ledger.view().position.revision.get() - before;
    assert!((1..=TASKS * UPDATES).contains(&entries.len()), "some changed nothing, but not all");
    assert_eq!(entries.len() as u64, written);
    assert_eq!(log.verify(None).unwrap().findings, []);
    assert_eq!(story.ledger.health(), Ok(()));
}

fn a_lone_command_is_run_where_its_way_leads(backend: &impl Backend) {
    let story = Story::begin(Ledger::create(&backend.address(), LedgerOptions::default()).unwrap());
    let here = std::thread::current().id();
    let run_here = || {
        story
            .commit_as(OPERATOR, move |_, _| Ok(Decided::unchanged(std::thread::current().id() == here)))
            .unwrap()
    };
    // The writer sits there for a moment now and then, to look what others wrote.
    let sat_down = (0..100).any(|_| run_here());
    assert_eq!(sat_down, story::way() == story::Way::Desk);
}

fn a_right_taken_away_while_a_call_waits_is_gone_for_it(backend: &impl Backend) {
    let story = Story::begin(Ledger::create(&backend.address(), LedgerOptions::default()).unwrap());
    let shared = story.connect(types("logs"));
    // Jane has been let in, and her call waits for its commit.
    let jane = Story::authenticate(&story.ledger.view().state).unwrap();
    let (source, jane_id) = (story.source.id, story.jane.id);
    story
        .commit_as(OPERATOR, move |session, now| {
            let other = user::NewUser {
                id: story::id(77),
                name: "Second Admin".parse().unwrap(),
                email: "second@example.com".parse().unwrap(),
                kind: orgbridge_domain::UserKind::Person,
                roles: vec![orgbridge_domain::ManagedRole::Admin.id()],
            };
            user::create(&session.authorize_in(source)?, other, now)
        })
        .unwrap();
    story
        .commit_as(OPERATOR, move |session, now| {
            user::set_disabled(&session.authorize_in(source)?, jane_id, true, CreatorDisabled::Keep, now)
        })
        .unwrap();

    let refused = story.commit_as(jane, move |session, now| {
        org_connection::update(&session.authorize()?, shared.id, types("audit"), now)
    });

    assert!(matches!(refused, Err(CommitError::Refused(Refusal::Unauthorized(_)))), "{refused:?}");
}

fn a_rule_that_panics_takes_nobody_with_it(backend: &impl Backend) {
    let story = Story::begin(Ledger::create(&backend.address(), LedgerOptions::default()).unwrap());
    let panicked = story.commit_as::<(), _>(OPERATOR, |_, _| panic!("on purpose"));
    assert!(matches!(panicked, Err(CommitError::Unavailable(Unavailable::RulePanicked))), "{panicked:?}");
    story.connect(types("logs"));
    assert_eq!(story.ledger.health(), Ok(()));
}

/// Such a panic is a bug; what it leaves must not be a database that nobody can write to.
fn a_writer_that_panics_lets_go_of_the_database(backend: &impl Backend) {
    #[derive(Default)]
    struct Clock(AtomicBool);
    impl orgbridge_ledger::Clock for Clock {
        fn now(&self) -> Timestamp {
            assert!(!self.0.load(Ordering::Relaxed), "on purpose");
            orgbridge_ledger::SystemClock.now()
        }
    }
    let clock = Arc::new(Clock::default());
    let options = LedgerOptions { clock: Arc::<Clock>::clone(&clock), ..LedgerOptions::default() };
    let story = Story::begin(Ledger::create(&backend.address(), options).unwrap());
    let shared = story.connect(types("logs"));

    clock.0.store(true, Ordering::Relaxed);
    let update = AssertUnwindSafe(|| story.update(shared.id, types("audit")));
    let kept = catch_unwind(update).unwrap_or(Err(Unavailable::Closed.into()));
    assert!(matches!(kept, Err(CommitError::Unavailable(Unavailable::Closed))), "{kept:?}");
    let refused = story.update(shared.id, types("audit"));
    assert!(matches!(refused, Err(CommitError::Unavailable(Unavailable::Closed))), "{refused:?}");
    story.wait_until(|_| story.ledger.health() == Err(Unavailable::Closed));
    // Nobody waits for it any more.
    assert_eq!(story.ledger.fresh_view().unwrap_err(), Unavailable::Stale);

    let elsewhere = story.through(Ledger::open(&backend.address(), LedgerOptions::default()).unwrap());
    elsewhere.update(shared.id, types("metrics")).unwrap();
}

fn a_closed_ledger_says_so(backend: &impl Backend) {
    let story = Story::begin(Ledger::create(&backend.address(), LedgerOptions::default()).unwrap());
    story.ledger.close();
    let refused = story.try_connect(types("logs"));
    assert!(matches!(refused, Err(CommitError::Unavailable(Unavailable::Closed))), "{refused:?}");
    assert_eq!(story.ledger.health(), Err(Unavailable::Closed));
}

fn a_database_is_made_once(backend: &impl Backend) {
    Ledger::create(&backend.address(), LedgerOptions::default()).unwrap().close();
    let error = Ledger::create(&backend.address(), LedgerOptions::default()).unwrap_err();
    assert!(error.to_string().contains("already"), "{error}");
}

fn names_with_any_characters_come_back_as_they_were(backend: &impl Backend) {
    let story = Story::begin(Ledger::create(&backend.address(), LedgerOptions::default()).unwrap());
    let source = story.source.id;
    let name = "Ünï'\"\\;-- 🚀 \u{202e}Org ";
    story
        .commit_as(OPERATOR, move |session, now| {
            org::rename(&session.authorize_in(source)?, name.parse().unwrap(), now)
        })
        .unwrap();
    story.ledger.close();
    let reopened = Ledger::open(&backend.address(), LedgerOptions::default()).unwrap();
    assert_eq!(reopened.view().state.org(source).unwrap().name.as_str(), name);
    assert_eq!(AuditLog::open(&backend.address()).unwrap().verify(None).unwrap().findings, []);
}

/// What a database would take for the same by its collation is told apart, and in one order, on each.
fn names_that_look_alike_are_told_apart(backend: &impl Backend) {
    let alike = [
        "straße",
        "STRASSE",
        "Strasse",
        "strasse",
        "strasse ",
        " strasse",
        "caf\u{e9}",
        "cafe\u{301}",
        "Cafe\u{301}",
        "\u{fb01}n",
        "fin",
        "\u{ff46}\u{ff49}\u{ff4e}",
    ];
    let story = Story::begin(Ledger::create(&backend.address(), LedgerOptions::default()).unwrap());
    let source = story.source.id;
    for (number, name) in (0x700..).zip(alike) {
        story
            .commit_as(OPERATOR, move |session, now| {
                let grant = session.authorize_in(source)?;
                role::create(&grant, story::id(number), name.parse().unwrap(), PermissionSet::EMPTY, now)
            })
            .unwrap();
        let twice = story.commit_as(OPERATOR, move |session, now| {
            let grant = session.authorize_in(source)?;
            role::create(&grant, story::id(0x800), name.parse().unwrap(), PermissionSet::EMPTY, now)
        });
        assert!(matches!(twice, Err(CommitError::Refused(_))), "{name}: {twice:?}");
    }
    let names = |ledger: &Ledger| {
        let view = ledger.view();
        let roles = (0x700..).zip(alike).map(|(number, _)| view.state.role(story::id(number)).unwrap());
        roles.map(|role| role.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(&story.ledger), alike);
    story.ledger.close();
    let reopened = Ledger::open(&backend.address(), LedgerOptions::default()).unwrap();
    assert_eq!(names(&reopened), alike);
}

fn a_backup_holds_everything_and_a_restoration_says_what_is_lost(backend: &impl Backend) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup");
    let story = Story::begin(Ledger::create(&backend.address(), LedgerOptions::default()).unwrap());
    let kept = story.connect(types("logs"));
    let at_backup = story.ledger.view().position;
    assert_eq!(backup::backup(&backend.address(), &file).unwrap(), at_backup);
    assert!(backup::backup(&backend.address(), &file).is_err(), "a backup never overwrites");
    story.delete(kept.id).unwrap();

    // The ledger is open all the while, and goes over to the restored state by itself.
    let restored = backup::restore(&backend.address(), &file, &orgbridge_ledger::SystemClock).unwrap();

    assert_eq!(restored.lost, 1);
    assert_eq!(restored.lost_entries[0].entity_id, kept.id.to_string());
    assert!(restored.position.epoch > at_backup.epoch);
    story.wait_until(|view| view.position == restored.position);
    assert_eq!(**story.ledger.view().state.connection(kept.id).unwrap(), kept);
    story.update(kept.id, types("metrics")).unwrap();
    assert_eq!(AuditLog::open(&backend.address()).unwrap().verify(None).unwrap().findings, []);
}

fn limits_hold_at_the_commit(backend: &impl Backend) {
    let story = Story::begin(Ledger::create(&backend.address(), LedgerOptions::default()).unwrap());
    let limits = Limits { sinks_per_source: Some(0), ..Limits::default() };
    let jane = Story::authenticate(&story.ledger.view().state).unwrap();
    let new = story.new_connection(types("logs"));
    let refused = story
        .commit_as(jane, move |session, now| org_connection::create(&session.authorize()?, new, limits, now));
    assert!(matches!(refused, Err(CommitError::Refused(Refusal::TooManySinks { .. }))), "{refused:?}");
}

fn an_org_comes_back_on_its_site_with_the_connections_that_cross(backend: &impl Backend) {
    let story = Story::begin(Ledger::create(&backend.address(), LedgerOptions::default()).unwrap());
    let (account, overseas): (_, Site) = (story.source.account, "datadoghq.eu".parse().unwrap());
    let new = org::NewOrg {
        id: story::id(12),
        account,
        site: overseas,
        public_id: None,
        name: "Overseas Org".parse().unwrap(),
    };
    let made =
        story.commit_as(OPERATOR, move |session, now| org::create(&session.deployment()?, new.clone(), now));
    let (source, sink) = (story.source.id, made.unwrap().id);
    let new = org_connection::NewOrgConnection { sink, ..story.new_connection(types("logs")) };
    let limits = Limits { cross_site: CrossSite::Allowed, ..Limits::default() };
    story
        .commit_as(OPERATOR, move |session, now| {
            org_connection::create(&session.authorize_in(source)?, new, limits, now)
        })
        .unwrap();
    let followed = Ledger::open(&backend.address(), LedgerOptions::default()).unwrap();
    story.ledger.close();

    for view in [story.ledger.view(), followed.view()] {
        assert_eq!(view.state.org(sink).unwrap().site, overseas);
        assert_eq!(view.state.org(source).unwrap().site, Site::DEFAULT);
        let granted = |cross_site| {
            let logs = orgbridge_domain::ConnectionType::Logs;
            org_connection::decide(&view.state, sink, source, logs, cross_site).is_some()
        };
        assert!(granted(CrossSite::Allowed) && !granted(CrossSite::Refused));
    }
    assert_eq!(AuditLog::open(&backend.address()).unwrap().verify(None).unwrap().findings, []);
}

fn a_key_comes_back_with_who_made_and_changed_it(backend: &impl Backend) {
    let story = Story::begin(Ledger::create(&backend.address(), LedgerOptions::default()).unwrap());
    let jane = Story::authenticate(&story.ledger.view().state).unwrap();
    let made = story.commit_as(jane, |session, now| {
        let secret = ApiKeySecret::from_random([0xa5; 16]);
        api_key::create(&session.authorize()?, story::id(32), "next".parse().unwrap(), &secret, now)
    });
    let made = made.unwrap();
    let of_operator = story::id(30);
    let renamed = story.commit_as(jane, move |session, now| {
        api_key::rename(&session.authorize()?, of_operator, "renamed".parse().unwrap(), now)
    });
    let renamed = renamed.unwrap();
    let followed = Ledger::open(&backend.address(), LedgerOptions::default()).unwrap();
    story.ledger.close();

    for view in [story.ledger.view(), followed.view()] {
        assert_eq!(**view.state.api_key(made.id).unwrap(), made);
        assert_eq!(**view.state.api_key(of_operator).unwrap(), renamed);
    }
    assert_eq!((made.created_by, made.modified_at), (Some(story.jane.id), None));
    assert_eq!((renamed.created_by, renamed.modified_by), (None, Some(story.jane.id)));
    assert_eq!(AuditLog::open(&backend.address()).unwrap().verify(None).unwrap().findings, []);
}

/// The site that was asked is part of what is proven again at the commit.
fn a_call_on_one_site_changes_nothing_in_an_org_on_another(backend: &impl Backend) {
    let story = Story::begin(Ledger::create(&backend.address(), LedgerOptions::default()).unwrap());
    let shared = story.connect(types("logs"));
    let before = story.ledger.view().position;
    let Principal::User { org, user, credential, .. } =
        Story::authenticate(&story.ledger.view().state).unwrap()
    else {
        panic!("Jane is a user");
    };
    let asked = SiteScope::Only("datadoghq.eu".parse().unwrap());
    let elsewhere = Principal::User { org, user, credential, asked };

    let refused = story.commit_as(elsewhere, move |session, now| {
        org_connection::update(&session.authorize()?, shared.id, types("audit"), now)
    });

    assert!(matches!(refused, Err(CommitError::Refused(Refusal::Unauthorized(_)))), "{refused:?}");
    assert_eq!(story.ledger.view().position, before);
}

/// What every database passes.
macro_rules! suites {
    ($($name:ident on $backend:ident)+) => {
        $(
            suite! { $name on $backend:
                what_was_committed_is_there_after_a_restart
                what_an_org_says_of_a_connection_is_kept_and_goes_with_it
                what_is_kept_beyond_a_bound_is_there_after_a_restart
                every_change_has_an_entry_without_gaps
                a_refused_command_changes_nothing
                a_command_that_changes_nothing_leaves_no_entry
                of_many_parallel_creations_of_a_pair_one_succeeds
                two_ledgers_on_one_database_see_each_other
                whoever_takes_away_is_answered_when_every_server_knows
                of_parallel_creations_on_two_servers_one_succeeds
                whoever_waits_for_a_revision_gets_it_or_learns_that_it_is_not_here
                whoever_catches_up_knows_all_that_was_committed_before
                two_writers_number_their_changes_without_gaps
                tasks_of_one_runtime_write_side_by_side
                a_lone_command_is_run_where_its_way_leads
                a_right_taken_away_while_a_call_waits_is_gone_for_it
                a_rule_that_panics_takes_nobody_with_it
                a_writer_that_panics_lets_go_of_the_database
                a_closed_ledger_says_so
                a_database_is_made_once
                names_with_any_characters_come_back_as_they_were
                names_that_look_alike_are_told_apart
                what_an_org_says_of_a_connection_is_in_a_backup
                a_backup_holds_everything_and_a_restoration_says_what_is_lost
                limits_hold_at_the_commit
                an_org_comes_back_on_its_site_with_the_connections_that_cross
                a_key_comes_back_with_who_made_and_changed_it
                a_call_on_one_site_changes_nothing_in_an_org_on_another
            }
        )+
    };
}

suites! {
    sqlite on Sqlite
    postgres on Postgres
}
