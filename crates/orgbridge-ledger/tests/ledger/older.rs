//! What earlier versions of the program wrote is read by this one.

use orgbridge_domain::{OrgId, Site, State, org};
use orgbridge_ledger::audit::AuditLog;
use orgbridge_ledger::{Ledger, LedgerOptions, SystemClock, backup};
use rusqlite::Connection;

use crate::backend::{Backend, Sqlite};
use crate::story::{OPERATOR, request};

/// A database as version 1 of the schema left it.
fn left_by_version_1() -> Sqlite {
    let place = Sqlite::default();
    let path = place.path();
    Connection::open(path).unwrap().execute_batch(include_str!("databases/v1.sql")).unwrap();
    place
}

fn names_and_sites(state: &State) -> Vec<(String, Site)> {
    let mut orgs: Vec<_> = state.orgs().map(|org| (org.name.to_string(), org.site)).collect();
    orgs.sort();
    orgs
}

fn expected() -> Vec<(String, Site)> {
    ["Renamed Sink", "Source Org"].map(|name| (name.to_owned(), Site::DEFAULT)).into()
}

#[test]
fn a_ledger_from_before_there_were_sites_and_authors_opens_with_the_default_site_and_none() {
    let place = left_by_version_1();
    let ledger = Ledger::open(&place.address(), LedgerOptions::default()).unwrap();
    assert_eq!(names_and_sites(&ledger.view().state), expected());
    assert_eq!(ledger.view().state.connection_count(), 1);
    let authors: Vec<_> =
        ledger.view().state.api_keys().map(|key| (key.created_by, key.modified_at)).collect();
    assert_eq!(authors, [(None, None)]);
    assert_eq!(AuditLog::open(&place.address()).unwrap().verify(None).unwrap().findings, []);
}

#[test]
fn its_history_goes_on() {
    let place = left_by_version_1();
    let ledger = Ledger::open(&place.address(), LedgerOptions::default()).unwrap();
    let source: OrgId = "4dee724d-00cc-11ea-a77b-570c9d03c6c5".parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let renamed = runtime.block_on(ledger.commit(OPERATOR, request(), move |session, now| {
        org::rename(&session.authorize_in(source)?, "Renamed Source".parse().unwrap(), now)
    }));
    assert_eq!(renamed.unwrap().site, Site::DEFAULT);
    assert_eq!(AuditLog::open(&place.address()).unwrap().verify(None).unwrap().findings, []);
}

#[test]
fn whoever_only_reads_it_finds_it_whole_and_leaves_it_as_it_is() {
    let place = left_by_version_1();
    for _ in 0..2 {
        assert_eq!(AuditLog::open(&place.address()).unwrap().verify(None).unwrap().findings, []);
    }
    let path = place.path();
    let newest = "SELECT max(version) FROM refinery_schema_history";
    let version: u32 = Connection::open(path).unwrap().query_row(newest, [], |row| row.get(0)).unwrap();
    assert_eq!(version, 1);
}

#[test]
fn it_can_be_restored() {
    let (backup, place) = (left_by_version_1(), Sqlite::default());
    let file = backup.path();
    backup::restore(&place.address(), &file, &SystemClock).unwrap();
    let ledger = Ledger::open(&place.address(), LedgerOptions::default()).unwrap();
    assert_eq!(names_and_sites(&ledger.view().state), expected());
}
