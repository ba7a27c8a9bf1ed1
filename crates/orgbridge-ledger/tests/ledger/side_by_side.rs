//! Programs of two releases on one database: this one, and one that came later.

use std::time::{Duration, Instant};

use orgbridge_domain::{ApiKey, ApiKeyId, ConnectionId, Timestamp, api_key, org};
use orgbridge_ledger::audit::{AuditLog, Finding, Query};
use orgbridge_ledger::backup::{self, BackupError};
use orgbridge_ledger::doctor::{self, Judgement, Observation};
use orgbridge_ledger::{
    Actor, Attendance, CommitError, DatabaseAddress, Entry, Ledger, LedgerOptions, MAX_STALENESS,
    MaxStaleness, OpenError, Position, SystemClock, Unavailable,
};
use serde_json::{Value, json};

use crate::backend::{Backend, Sqlite};
use crate::story::{OPERATOR, Story, id, types};
use crate::trails::revisions;

/// Every table that this program writes and reads.
const TABLES: [&str; 20] = [
    "account",
    "org",
    "role",
    "app_user",
    "api_key",
    "api_key_use",
    "application_key",
    "application_key_use",
    "org_connection",
    "restriction_policy",
    "oauth_client",
    "oauth_authorization",
    "oauth_token",
    "login",
    "change",
    "change_of_org",
    "trail",
    "refused_attempt",
    "ledger",
    "replica",
];

fn serving() -> LedgerOptions {
    LedgerOptions { attendance: Attendance::Serves, ..LedgerOptions::default() }
}

fn begin(place: &impl Backend) -> Story {
    Story::begin(Ledger::create(&place.address(), serving()).unwrap())
}

fn open(place: &impl Backend) -> Result<Ledger, OpenError> {
    Ledger::open(&place.address(), serving())
}

fn findings(place: &impl Backend) -> Vec<Finding> {
    AuditLog::open(&place.address()).unwrap().verify(None).unwrap().findings
}

fn version(place: &impl Backend) -> u32 {
    place.number("SELECT max(version) FROM refinery_schema_history").try_into().unwrap()
}

/// Does what a later release does at its start that only adds: a column to every table, and a table. Says which version that
/// makes.
fn expand(place: &impl Backend) -> u32 {
    let later = version(place) + 1;
    let is_file = matches!(place.address(), DatabaseAddress::Sqlite(_));
    let tables = TABLES.into_iter().filter(|table| !is_file || *table != "replica");
    let mut statements: Vec<_> =
        tables.map(|table| format!("ALTER TABLE {table} ADD COLUMN note TEXT NOT NULL DEFAULT ''")).collect();
    statements.push("CREATE TABLE later (id TEXT NOT NULL PRIMARY KEY)".to_owned());
    statements.push(format!(
        "INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
         VALUES ({later}, 'later', '2030-01-01T00:00:00Z', '0')"
    ));
    place.tamper(&statements.join("; "));
    later
}

/// Does what a later release does that takes something away which this program needs.
fn contract(place: &impl Backend, needed: u32) {
    place.tamper(&format!("UPDATE ledger SET least_schema = {needed}"));
}

/// Appends to the history what another program did after `position`: `also` is what it wrote besides.
fn append(place: &impl Backend, position: Position, kind: &str, rows: [&Value; 2], also: &str) {
    let actor = Actor { kind: "operator".to_owned(), org_id: None, user_id: None, credential: None };
    let [before, after] = rows.map(ToString::to_string);
    let id = rows[0]["id"].as_str().unwrap();
    let mut entry = Entry {
        revision: position.revision.next(),
        at: Timestamp::from_micros(1),
        actor,
        request_id: "another".to_owned(),
        entity: kind.to_owned(),
        entity_id: id.to_owned(),
        before: Some(before.clone()),
        after: Some(after.clone()),
        digest: position.digest,
    };
    entry.digest = entry.digest_after(position.digest);
    let (revision, digest) = (entry.revision, entry.digest);
    place.tamper(&format!(
        "BEGIN;
         UPDATE ledger SET revision = {revision}, digest = '{digest}';
         INSERT INTO change (revision, at_us, actor, request_id, entity, entity_id, row_before, row_after, digest)
         VALUES ({revision}, 1, 'operator', 'another', '{kind}', '{id}', '{before}', '{after}', '{digest}');
         {also};
         COMMIT"
    ));
}

/// The last row that the log holds of a kind of thing.
fn last_row(place: &impl Backend, kind: &str) -> Value {
    let query = Query { entity: Some(kind.to_owned()), ..Query::default() };
    let entries = AuditLog::open(&place.address()).unwrap().entries(&query).unwrap();
    serde_json::from_str(entries.last().unwrap().after.as_deref().unwrap()).unwrap()
}

fn rename(story: &Story, name: &str) -> Result<(), CommitError> {
    let (source, name) = (story.source.id, name.to_owned());
    let renamed = story.commit_as(OPERATOR, move |session, now| {
        org::rename(&session.authorize_in(source)?, name.parse().unwrap(), now)
    });
    renamed.map(drop)
}

fn is_newer_schema<T: std::fmt::Debug>(refused: &Result<T, CommitError>) -> bool {
    matches!(refused, Err(CommitError::Unavailable(Unavailable::NewerSchema)))
}

fn beside_a_release_that_only_adds_a_ledger_goes_on_and_another_opens<B: Backend>() {
    let place = B::default();
    let before = begin(&place);
    let shared = before.connect(types("logs"));
    expand(&place);

    before.update(shared.id, types("metrics")).unwrap();
    let after = before.through(open(&place).unwrap());
    after.update(shared.id, types("logs,audit")).unwrap();
    before.wait_until(|view| view.position == after.ledger.view().position);
    before.restrict(shared.id, &format!("editor=user:{}", before.jane.id)).unwrap();
    rename(&after, "Renamed Source").unwrap();
    let key: ApiKeyId = id(30);
    before.ledger.note_use([key.into()]);
    before.delete(shared.id).unwrap();
    after.connect(types("audit"));
    before.wait_until(|view| view.position == after.ledger.view().position);

    before.wait_until(|_| before.ledger.health().is_ok() && before.ledger.fresh_view().is_ok());
    assert_eq!(revisions(&before.ledger, before.source.id), revisions(&after.ledger, before.source.id));
    let view = before.ledger.view();
    before.ledger.close();
    after.ledger.close();
    let reopened = open(&place).unwrap().view();
    assert_eq!(reopened.position, view.position);
    assert_eq!(reopened.state.org(before.source.id).unwrap().name.as_str(), "Renamed Source");
    assert_eq!(place.number("SELECT count(*) FROM api_key_use"), 1);
    assert_eq!(findings(&place), []);
}

fn a_release_that_takes_away_is_refused_at_the_start_and_while_a_ledger_runs<B: Backend>() {
    let place = B::default();
    let story = begin(&place);
    let shared = story.connect(types("logs"));
    let known = version(&place);
    let later = expand(&place);
    story.update(shared.id, types("metrics")).unwrap();
    contract(&place, later);

    let refused = story.update(shared.id, types("audit"));
    assert!(is_newer_schema(&refused), "{refused:?}");
    assert_eq!(story.ledger.health(), Err(Unavailable::NewerSchema));
    let began = Instant::now();
    while story.ledger.fresh_view().is_ok() {
        assert!(
            began.elapsed() < MAX_STALENESS * 3,
            "it is decided by what a newer program may have altered"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    let expected = format!(
        "the database needs a program that knows version {later} of its schema, and this one knows versions up to {known}; \
         use the newer Orgbridge that last opened it"
    );
    assert_eq!(open(&place).unwrap_err().to_string(), expected);
    assert_eq!(AuditLog::open(&place.address()).map(drop).unwrap_err().to_string(), expected);

    // Nothing was lost by refusing.
    contract(&place, known);
    story.wait_until(|_| story.ledger.health().is_ok() && story.ledger.fresh_view().is_ok());
    assert_eq!(story.update(shared.id, types("audit")).unwrap().types, types("audit"));
}

fn a_release_that_takes_away_what_this_one_does_without_is_none_of_its_business<B: Backend>() {
    let place = B::default();
    let story = begin(&place);
    let known = version(&place);
    expand(&place);
    contract(&place, known);
    story.connect(types("logs"));
    open(&place).unwrap();
}

fn a_change_of_an_unknown_kind_is_refused_and_never_passed_over<B: Backend>() {
    let place = B::default();
    let story = begin(&place);
    let shared = story.connect(types("logs"));
    expand(&place);
    nobody_goes_on_past_an_unknown_change(&place, &story, shared.id);
    story.wait_until(|_| story.ledger.fresh_view().is_err());
    assert!(matches!(open(&place), Err(OpenError::NewerContents)));
    let verified = AuditLog::open(&place.address()).unwrap().verify(None);
    assert_eq!(verified.unwrap_err(), Unavailable::NewerSchema);
}

/// The chain vouches that a program wrote it, and a release may bring a new kind of change without any migration.
fn a_change_that_is_not_understood_is_refused_whatever_the_schema_says<B: Backend>() {
    let place = B::default();
    let story = begin(&place);
    let shared = story.connect(types("logs"));
    nobody_goes_on_past_an_unknown_change(&place, &story, shared.id);
}

/// Appends a change of a kind that this program does not know, and updates connection `shared` then.
fn nobody_goes_on_past_an_unknown_change<B: Backend>(place: &B, story: &Story, shared: ConnectionId) {
    let before = story.ledger.view().position;
    let row = json!({"id": "00000000-0000-0000-0000-0000000000aa"});
    append(place, before, "later", [&row, &row], "SELECT 1");
    let refused = story.update(shared, types("audit"));
    assert!(is_newer_schema(&refused), "{refused:?}");
    assert_eq!(story.ledger.view().position, before);
}

fn what_a_newer_program_says_of_a_known_thing_is_read_as_far_as_it_is_known<B: Backend>() {
    let place = B::default();
    let story = begin(&place);
    let shared = story.connect(types("logs"));
    expand(&place);
    let mut before = last_row(&place, "org_connection");
    before["note"] = json!("");
    let mut after = before.clone();
    after["connection_types"] = json!("audit");
    after["note"] = json!("For the auditors.");
    let also = "UPDATE org_connection SET connection_types = 'audit', note = 'For the auditors.'";
    append(&place, story.ledger.view().position, "org_connection", [&before, &after], also);

    story.wait_until(|view| view.state.connection(shared.id).unwrap().types == types("audit"));
    story.update(shared.id, types("metrics")).unwrap();
    let kept = "SELECT count(*) FROM org_connection WHERE note = 'For the auditors.' AND connection_types = 'metrics'";
    assert_eq!(place.number(kept), 1);
    assert_eq!(findings(&place), []);
}

fn what_an_earlier_program_does_not_know_stays_as_it_was<B: Backend>() {
    let place = B::default();
    let story = begin(&place);
    let key: ApiKeyId = id(30);
    let jane = Story::authenticate(&story.ledger.view().state).unwrap();
    let renamed = story.commit_as(jane, move |session, now| {
        api_key::rename(&session.authorize()?, key, "renamed".parse().unwrap(), now)
    });
    let renamed = renamed.unwrap();
    // As a program does that knows nothing of authors.
    let mut before = last_row(&place, "api_key");
    for column in ["created_by", "modified_at_us", "modified_by"] {
        assert!(before.as_object_mut().unwrap().remove(column).is_some());
    }
    let mut after = before.clone();
    after["name"] = json!("by another");
    let also = "UPDATE api_key SET name = 'by another'";
    append(&place, story.ledger.view().position, "api_key", [&before, &after], also);

    story.wait_until(|view| view.state.api_key(key).unwrap().name.as_str() == "by another");
    let expected = ApiKey { name: "by another".parse().unwrap(), ..renamed };
    assert_eq!(expected.modified_by, Some(story.jane.id));
    for view in [story.ledger.view(), open(&place).unwrap().view()] {
        assert_eq!(**view.state.api_key(key).unwrap(), expected);
    }
    assert_eq!(findings(&place), []);
}

fn a_value_that_only_a_newer_program_knows_is_refused_and_laid_to_it<B: Backend>() {
    let place = B::default();
    let story = begin(&place);
    let shared = story.connect(types("logs"));
    expand(&place);
    let before = last_row(&place, "org_connection");
    let mut after = before.clone();
    after["connection_types"] = json!("traces");
    let also = "UPDATE org_connection SET connection_types = 'traces'";
    let known = story.ledger.view().position;
    append(&place, known, "org_connection", [&before, &after], also);

    let refused = story.update(shared.id, types("audit"));
    assert!(is_newer_schema(&refused), "{refused:?}");
    assert_eq!(story.ledger.view().position, known);
    assert!(matches!(open(&place), Err(OpenError::NewerContents)));
    let verified = AuditLog::open(&place.address()).unwrap().verify(None);
    assert_eq!(verified.unwrap_err(), Unavailable::NewerSchema);
    // Without a newer program, it is a row that no rule has written.
    place.tamper("DELETE FROM refinery_schema_history WHERE name = 'later'");
    assert!(matches!(open(&place), Err(OpenError::Corrupt(_))));
}

fn what_is_moved_row_by_row_waits_for_the_newer_program<B: Backend>() {
    let (place, whole, elsewhere) = (B::default(), Sqlite::default(), Sqlite::default());
    let folder = tempfile::tempdir().unwrap();
    let (early, late) = (folder.path().join("early"), folder.path().join("late"));
    let story = begin(&place);
    let shared = story.connect(types("logs"));
    backup::backup(&place.address(), &early).unwrap();
    let later = expand(&place);
    let refused = |error: BackupError| matches!(error, BackupError::Open(OpenError::AdvancedSchema { found, .. }) if found == later);

    let copied = backup::copy(&place.address(), &elsewhere.address(), &SystemClock, &mut |_| {});
    assert!(refused(copied.unwrap_err()));
    assert!(refused(backup::restore(&place.address(), &early, &SystemClock).unwrap_err()));
    match (backup::backup(&place.address(), &late), place.address()) {
        // One file becomes another with all that is in it; it is for the newer program.
        (Ok(_), DatabaseAddress::Sqlite(_)) => {
            assert!(refused(backup::restore(&whole.address(), &late, &SystemClock).unwrap_err()));
            assert!(!whole.path().exists());
        }
        (Err(error), DatabaseAddress::Postgres(_)) => assert!(refused(error)),
        (backed_up, _) => panic!("{backed_up:?}"),
    }
    assert_eq!(story.update(shared.id, types("audit")).unwrap().types, types("audit"));
    assert_eq!(findings(&place), []);
}

fn the_doctor_says_that_a_newer_program_was_there_and_looks_on<B: Backend>() {
    let place = B::default();
    let story = begin(&place);
    let of_schema = || {
        let found = doctor::examine(&place.address(), MaxStaleness::default());
        assert!(found.iter().any(|observation| observation.subject == "servers"), "{found:?}");
        let of_schema = found.into_iter().filter(|observation| observation.subject == "schema");
        of_schema.map(|Observation { judgement, says, .. }| (judgement, says)).collect::<Vec<_>>()
    };
    assert_eq!(of_schema(), [(Judgement::Fine, "it has the version of this program".to_owned())]);
    let known = version(&place);
    let later = expand(&place);
    let says = format!(
        "a newer program has brought it to version {later}, and those that know version {known}, as this one does, can work \
         beside it"
    );
    assert_eq!(of_schema(), [(Judgement::Remark, says)]);
    story.ledger.close();

    contract(&place, later);
    let found = doctor::examine(&place.address(), MaxStaleness::default());
    let is_said = |observation: &Observation| {
        observation.judgement == Judgement::Wrong
            && observation.says.contains(&format!("knows version {later}"))
    };
    assert!(found.iter().any(is_said), "{found:?}");
}

crate::backend::on_each_database! {
    beside_a_release_that_only_adds_a_ledger_goes_on_and_another_opens
    a_release_that_takes_away_is_refused_at_the_start_and_while_a_ledger_runs
    a_release_that_takes_away_what_this_one_does_without_is_none_of_its_business
    a_change_of_an_unknown_kind_is_refused_and_never_passed_over
    a_change_that_is_not_understood_is_refused_whatever_the_schema_says
    what_a_newer_program_says_of_a_known_thing_is_read_as_far_as_it_is_known
    what_an_earlier_program_does_not_know_stays_as_it_was
    a_value_that_only_a_newer_program_knows_is_refused_and_laid_to_it
    what_is_moved_row_by_row_waits_for_the_newer_program
    the_doctor_says_that_a_newer_program_was_there_and_looks_on
}
