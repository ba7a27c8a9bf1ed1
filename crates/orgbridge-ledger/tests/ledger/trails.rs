//! Audit trails: which org finds which events, and that none is missing, whichever way they got where they are.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::backend::{Backend, Sqlite};
use crate::story::{OPERATOR, Story, id, types};
use orgbridge_domain::application_key::{self, NewApplicationKey};
use orgbridge_domain::right::OrgAppKeysWrite;
use orgbridge_domain::{ConnectionTypes, Direction, OrgId, Session, Timestamp, api_key, org};
use orgbridge_ledger::audit::{AuditLog, Finding};
use orgbridge_ledger::trail::{Event, Mark, Stretch, Wanted};
use orgbridge_ledger::{
    Action, Actor, Attempt, AttemptLimits, DatabaseAddress, Ledger, LedgerOptions, Noted, SystemClock,
    Unavailable, backup,
};

fn open(place: &impl Backend) -> Ledger {
    Ledger::open(&place.address(), LedgerOptions::default()).unwrap()
}

fn begin(place: &impl Backend) -> Story {
    Story::begin(Ledger::create(&place.address(), LedgerOptions::default()).unwrap())
}

fn everything(org: OrgId, direction: Direction) -> Stretch {
    let (from, to) = (Timestamp::MIN, Timestamp::MAX);
    let (changes, refusals) = (Wanted::Yes, Wanted::Yes);
    Stretch { org, from, to, direction, horizon: None, after: None, changes, refusals }
}

/// What a stretch holds.
fn read(ledger: &Ledger, stretch: &Stretch) -> Vec<(Mark, Event)> {
    let mut found = Vec::new();
    let view = ledger.view();
    let read = ledger.read_trail(&view, stretch, &mut |mark, event| {
        found.push((mark, event));
        ControlFlow::Continue(())
    });
    read.unwrap();
    found
}

/// The revisions of the changes that concern an org, the oldest first.
pub(crate) fn revisions(ledger: &Ledger, org: OrgId) -> Vec<u64> {
    let found = read(ledger, &everything(org, Direction::Ascending));
    let mut reversed = read(ledger, &everything(org, Direction::Descending));
    reversed.reverse();
    assert_eq!(found, reversed, "both ways lead past the same events");
    found.iter().map(|(mark, _)| mark.number).collect()
}

fn indexed(place: &impl Backend) -> u64 {
    place.number("SELECT indexed_revision FROM trail")
}

/// Renames one of the two orgs, or changes their connection, so many times.
fn go_on(story: &Story, times: u64) {
    let shared = story.connect(types("logs"));
    for number in 0..times {
        let org = if number % 2 == 0 { story.source.id } else { story.sink.id };
        if number % 3 == 0 {
            let types: ConnectionTypes = types(if number % 2 == 0 { "audit" } else { "metrics,logs" });
            story.update(shared.id, types).unwrap();
        } else {
            let renamed = story.commit_as(OPERATOR, move |session, now| {
                let name = format!("Org {number}").parse().unwrap();
                org::rename(&session.authorize_in(org)?, name, now)
            });
            renamed.unwrap();
        }
    }
}

/// What each org should find: the orgs that its entries name, by a look at the entries alone.
fn expected(place: &impl Backend, story: &Story) -> BTreeMap<OrgId, Vec<u64>> {
    let log = AuditLog::open(&place.address()).unwrap();
    let entries = log.entries(&orgbridge_ledger::audit::Query::default()).unwrap();
    let of = |org: OrgId| {
        let named = org.to_string();
        let owned = story.jane.id.to_string();
        let concerns = |text: &str| {
            // Who manages an org is not concerned by it.
            let text = text.replace(&format!("\"parent_org_id\":\"{named}\""), "");
            text.contains(&named)
                || (org == story.source.id && text.contains(&owned) && text.contains("owner_user_id"))
        };
        let revisions = entries
            .iter()
            .filter(|entry| {
                [&entry.before, &entry.after].into_iter().flatten().any(|row| concerns(row))
                    || entry.actor.org_id.as_deref() == Some(named.as_str())
            })
            .map(|entry| entry.revision.get());
        (org, revisions.collect())
    };
    BTreeMap::from([of(story.source.id), of(story.sink.id)])
}

fn assert_trails(place: &impl Backend, story: &Story, ledger: &Ledger) {
    for (org, expected) in expected(place, story) {
        assert_eq!(revisions(ledger, org), expected);
    }
    assert_eq!(revisions(ledger, id(99)), Vec::<u64>::new(), "a stranger finds nothing");
    assert_eq!(AuditLog::open(&place.address()).unwrap().verify(None).unwrap().findings, []);
}

/// Waits, for at most ten seconds, until something is so.
fn wait_until(what: impl Fn() -> bool) {
    let began = Instant::now();
    while !what() {
        assert!(began.elapsed() < Duration::from_secs(10), "it did not come to be");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn each_side_finds_what_concerns_it_before_and_after_it_is_in_the_index<B: Backend>() {
    let place = B::default();
    let story = begin(&place);
    go_on(&story, 30);
    assert_eq!(indexed(&place), 0);
    assert_trails(&place, &story, &story.ledger);
    go_on_to_the_index(&place, &story);
    assert_trails(&place, &story, &story.ledger);
    story.ledger.close();
    assert_trails(&place, &story, &open(&place));
}

/// Makes so many changes that some are put into the index.
fn go_on_to_the_index(place: &impl Backend, story: &Story) {
    let renamed = story.commit_as(OPERATOR, |session, now| {
        let mut draft = orgbridge_domain::Draft::new(session);
        for number in 0..8_500 {
            let org = id(10 + number % 2);
            draft.run(|session| {
                let name = format!("Name {number}").parse().unwrap();
                org::rename(&session.authorize_in(org)?, name, now)
            })?;
        }
        Ok(draft.finish(()))
    });
    renamed.unwrap();
    wait_until(|| indexed(place) > 0);
}

fn a_ledger_that_follows_another_finds_the_same<B: Backend>() {
    let place = B::default();
    let story = begin(&place);
    let other = open(&place);
    go_on(&story, 30);
    let position = story.ledger.view().position;
    story.through(other.clone()).wait_until(|view| view.position == position);
    assert_trails(&place, &story, &other);
    go_on_to_the_index(&place, &story);
    let position = story.ledger.view().position;
    story.through(other.clone()).wait_until(|view| view.position == position);
    assert_trails(&place, &story, &other);
}

fn an_index_that_is_lost_is_filled_anew_when_the_ledger_is_opened<B: Backend>() {
    let place = B::default();
    let story = begin(&place);
    go_on(&story, 10);
    go_on_to_the_index(&place, &story);
    story.ledger.close();
    // As the migration leaves the database of an earlier version.
    place.tamper("DELETE FROM change_of_org; UPDATE trail SET indexed_revision = 0");
    let ledger = open(&place);
    assert!(indexed(&place) > 1_000);
    assert_trails(&place, &story, &ledger);
}

fn an_index_that_was_tampered_with_is_found_out<B: Backend>() {
    for tampering in [
        "DELETE FROM change_of_org WHERE revision = 5",
        "UPDATE change_of_org SET at_us = at_us + 1 WHERE revision = 3",
        "INSERT INTO change_of_org VALUES ('00000000-0000-0000-0000-00000000000b', 1, 4)",
    ] {
        let place = B::default();
        let story = begin(&place);
        go_on_to_the_index(&place, &story);
        story.ledger.close();
        place.tamper(tampering);
        let verdict = AuditLog::open(&place.address()).unwrap().verify(None).unwrap();
        assert_eq!(verdict.findings, [Finding::IndexDiffers], "{tampering}");
    }
}

#[test]
fn another_history_that_is_as_long_has_trails_of_its_own() {
    let place = Sqlite::default();
    let story = begin(&place);
    let rename = |ledger: &Ledger, org: OrgId| {
        let renamed = story.through(ledger.clone()).commit_as(OPERATOR, move |session, now| {
            org::rename(&session.authorize_in(org)?, "Renamed".parse().unwrap(), now)
        });
        renamed.unwrap();
        ledger.view().position
    };
    // A copy, where the next change concerns somebody else.
    let copy = place.path().with_extension("copy");
    backup::backup(&place.address(), &copy).unwrap();
    let known = rename(&story.ledger, story.source.id);
    let other = Ledger::open(&DatabaseAddress::Sqlite(copy.clone()), LedgerOptions::default()).unwrap();
    let there = rename(&other, story.sink.id);
    other.close();
    assert_eq!((there.epoch, there.revision), (known.epoch, known.revision));
    // It takes the place of the database.
    place.tamper(&format!(
        "ATTACH '{}' AS copy;
         BEGIN;
         DELETE FROM change WHERE revision = {1};
         INSERT INTO change SELECT * FROM copy.change WHERE revision = {1};
         UPDATE org SET (name, modified_at_us) =
             (SELECT there.name, there.modified_at_us FROM copy.org AS there WHERE there.id = org.id);
         UPDATE ledger SET digest = '{2}';
         COMMIT;",
        copy.display(),
        there.revision,
        there.digest
    ));
    story.wait_until(|view| view.position == there);
    go_on_to_the_index(&place, &story);
    assert_trails(&place, &story, &story.ledger);
}

#[test]
fn a_restored_ledger_has_the_trails_of_the_backup() {
    let place = Sqlite::default();
    let story = begin(&place);
    go_on_to_the_index(&place, &story);
    let path = place.path();
    let copy = path.with_file_name("backup.db");
    backup::backup(&place.address(), &copy).unwrap();
    go_on(&story, 10);
    let before = story.ledger.view().position.epoch;
    backup::restore(&place.address(), &copy, &SystemClock).unwrap();
    story.wait_until(|view| view.position.epoch > before);
    assert_trails(&place, &story, &story.ledger);
    go_on(&story, 10);
    assert_trails(&place, &story, &story.ledger);
}

fn the_trail_of_an_org_without_keys_holds_no_key<B: Backend>() {
    let place = B::default();
    let story = begin(&place);
    let kinds = |org: OrgId| {
        let found = read(&story.ledger, &everything(org, Direction::Ascending)).into_iter();
        let kinds = found.map(|(_, event)| match event {
            Event::Change(entry) => entry.entity,
            Event::Refusal(_) => "refusal".to_owned(),
        });
        kinds.collect::<Vec<_>>()
    };
    assert_eq!(kinds(story.source.id), ["org", "app_user", "api_key", "application_key"]);
    assert_eq!(kinds(story.sink.id), ["org"]);
    let made = story.commit_as(OPERATOR, |session, now| {
        let secret = "f".repeat(32).parse().unwrap();
        api_key::create(&session.authorize_in(id(11))?, id(40), "new".parse().unwrap(), &secret, now)
    });
    made.unwrap();
    assert_eq!(kinds(story.sink.id), ["org", "api_key"]);
}

fn whatever_a_key_is_called_its_owner_finds_it<B: Backend>() {
    let place = B::default();
    let story = begin(&place);
    let owner = story.jane.id;
    for (number, name) in ["my org_id", "org_id\":", "{\"org_id\":\"", "org_id"].into_iter().enumerate() {
        let key = id(50 + number as u128);
        let made = story.commit_as(OPERATOR, move |session, now| {
            let secret = format!("{number:040x}").parse().unwrap();
            let new = NewApplicationKey { id: key, owner, name: name.parse().unwrap(), secret, scopes: None };
            application_key::create(&session.authorize_in(id(10))?, new, now)
        });
        made.unwrap();
        let revoke = move |session: &Session<'_>, _| {
            application_key::revoke::<OrgAppKeysWrite>(&session.authorize_in(id(10))?, key)
        };
        story.commit_as(OPERATOR, revoke).unwrap();
    }
    assert_trails(&place, &story, &story.ledger);
}

fn attempt(story: &Story, request: &str) -> Attempt {
    Attempt {
        org: story.source.id,
        actor: Actor {
            kind: "user".to_owned(),
            org_id: Some(story.source.id.to_string()),
            user_id: Some(story.jane.id.to_string()),
            credential: Some("keys:a,b".to_owned()),
        },
        request_id: request.to_owned(),
        action: Action::Delete,
        entity: "org_connection".into(),
        entity_id: None,
        status: 404,
        reason: "not found".to_owned(),
    }
}

fn refusals(ledger: &Ledger, org: OrgId) -> Vec<(u64, String, u64)> {
    let stretch = Stretch { changes: Wanted::No, ..everything(org, Direction::Ascending) };
    let found = read(ledger, &stretch).into_iter().map(|(mark, event)| match event {
        Event::Refusal(refused) => (mark.number, refused.attempt.request_id, refused.unrecorded),
        Event::Change(entry) => panic!("{entry:?}"),
    });
    found.collect()
}

fn refused_attempts_are_kept_in_bounded_number_for_their_own_org<B: Backend>() {
    let place = B::default();
    let number = |number| NonZeroU32::new(number).unwrap();
    let attempts = AttemptLimits { per_minute: number(5), per_org: number(3) };
    let options = LedgerOptions { attempts, ..LedgerOptions::default() };
    let story = Story::begin(Ledger::create(&place.address(), options).unwrap());
    let before = story.ledger.view().position;
    let noted: Vec<_> =
        (0..7).map(|at| story.ledger.note_refusal(attempt(&story, &format!("request-{at}")))).collect();
    // They may fall into two minutes.
    let recorded = noted.iter().filter(|noted| **noted == Noted::Recorded).count();
    assert!((5..=7).contains(&recorded), "{noted:?}");
    wait_until(|| {
        refusals(&story.ledger, story.source.id).last().is_some_and(|last| last.0 == recorded as u64)
    });
    let kept = refusals(&story.ledger, story.source.id);
    assert_eq!(kept.len(), 3, "{kept:?}");
    assert_eq!(kept.iter().map(|(number, ..)| *number).collect::<Vec<_>>(), {
        let last = recorded as u64;
        [last - 2, last - 1, last]
    });
    assert_eq!(refusals(&story.ledger, story.sink.id), []);
    assert_eq!(story.ledger.view().position, before, "they are no part of the history");
    assert_eq!(AuditLog::open(&place.address()).unwrap().verify(None).unwrap().findings, []);
}

fn attempts_that_wait_are_kept_when_the_ledger_is_closed<B: Backend>() {
    let place = B::default();
    let story = begin(&place);
    assert_eq!(story.ledger.note_refusal(attempt(&story, "the-last")), Noted::Recorded);
    story.ledger.close();
    assert_eq!(refusals(&open(&place), story.source.id), [(1, "the-last".to_owned(), 0)]);
}

fn both_kinds_of_events_stand_in_one_order_and_a_horizon_ends_both<B: Backend>() {
    let place = B::default();
    let story = begin(&place);
    let shared = story.connect(types("logs"));
    for round in 0..3 {
        story.ledger.note_refusal(attempt(&story, &format!("request-{round}")));
        wait_until(|| refusals(&story.ledger, story.source.id).len() == round + 1);
        story.update(shared.id, types(["audit", "metrics", "logs"][round])).unwrap();
    }
    let whole = everything(story.source.id, Direction::Ascending);
    let view = story.ledger.view();
    let horizon = story.ledger.read_trail(&view, &whole, &mut |_, _| ControlFlow::Break(())).unwrap();
    let all = read(&story.ledger, &whole);
    assert!(all.is_sorted_by_key(|(mark, _)| *mark), "{all:?}");
    story.update(shared.id, types("audit")).unwrap();
    story.ledger.note_refusal(attempt(&story, "later"));
    wait_until(|| refusals(&story.ledger, story.source.id).len() == 4);
    for direction in [Direction::Ascending, Direction::Descending] {
        let mut expected = all.clone();
        if direction == Direction::Descending {
            expected.reverse();
        }
        // From every place on, what comes behind it comes once.
        for (at, (mark, _)) in expected.iter().enumerate() {
            let stretch = Stretch { horizon: Some(horizon), after: Some(*mark), direction, ..whole };
            assert_eq!(read(&story.ledger, &stretch), expected[at + 1..]);
        }
    }
}

fn what_is_not_known_yet_is_not_left_out<B: Backend>() {
    let place = B::default();
    let story = begin(&place);
    let before = story.ledger.view();
    go_on(&story, 1);
    let after = story.ledger.view();
    let whole = everything(story.source.id, Direction::Ascending);
    let mut all = |_, _| ControlFlow::Continue(());
    let horizon = story.ledger.read_trail(&after, &whole, &mut all).unwrap();
    let goes_on = Stretch { horizon: Some(horizon), ..whole };
    assert_eq!(story.ledger.read_trail(&after, &goes_on, &mut all), Ok(horizon));
    let (asked, known) = (after.position.revision, before.position.revision);
    let behind = Unavailable::Behind { asked, known };
    assert_eq!(story.ledger.read_trail(&before, &goes_on, &mut all), Err(behind));
}

#[test]
fn what_is_not_in_the_database_is_not_left_out() {
    let place = Sqlite::default();
    let story = begin(&place);
    let copy = place.path().with_extension("copy");
    backup::backup(&place.address(), &copy).unwrap();
    let copy = Ledger::open(&DatabaseAddress::Sqlite(copy), LedgerOptions::default()).unwrap();
    go_on(&story, 1);
    let (view, known) = (story.ledger.view(), copy.view().position.revision);
    let read = copy.read_trail(&view, &everything(story.source.id, Direction::Ascending), &mut |_, _| {
        ControlFlow::Continue(())
    });
    assert_eq!(read, Err(Unavailable::Behind { asked: view.position.revision, known }));
}

crate::backend::on_each_database! {
    each_side_finds_what_concerns_it_before_and_after_it_is_in_the_index
    a_ledger_that_follows_another_finds_the_same
    an_index_that_is_lost_is_filled_anew_when_the_ledger_is_opened
    an_index_that_was_tampered_with_is_found_out
    the_trail_of_an_org_without_keys_holds_no_key
    whatever_a_key_is_called_its_owner_finds_it
    refused_attempts_are_kept_in_bounded_number_for_their_own_org
    attempts_that_wait_are_kept_when_the_ledger_is_closed
    both_kinds_of_events_stand_in_one_order_and_a_horizon_ends_both
    what_is_not_known_yet_is_not_left_out
}
