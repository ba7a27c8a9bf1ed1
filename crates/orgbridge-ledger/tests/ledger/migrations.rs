//! What a migration may do while programs of the release before work beside it.
//!
//! What adds leaves them alone. What takes something away, or asks of them what they don't know, begins by saying which
//! programs do without: that is the row of `ledger`, so it waits for those who are committing, and refuses the others first.

use std::fs;
use std::path::Path;

/// What a statement takes from programs that know the tables as they were; `made` are those that nobody knows yet.
fn takes_away(statement: &str, made: &[String]) -> Option<&'static str> {
    let words: Vec<&str> = statement.split_whitespace().collect();
    let has = |wanted: &[&str]| words.windows(wanted.len()).any(|window| window == wanted);
    let after = |word: &str| {
        let table = words.iter().skip_while(|found| **found != word).nth(1).copied().unwrap_or_default();
        table.split('(').next().unwrap_or_default()
    };
    let is_new = |table: &str| made.iter().any(|new| new == table);
    match words.first().copied().unwrap_or_default() {
        "CREATE" if has(&["CREATE", "TABLE"]) => None,
        "CREATE" if has(&["UNIQUE", "INDEX"]) && !is_new(after("ON")) => {
            Some("a row that they write may not be there twice")
        }
        "CREATE" if has(&["INDEX"]) => None,
        "INSERT" if is_new(after("INTO")) => None,
        "ALTER" if is_new(after("TABLE")) => None,
        "ALTER" if !has(&["ADD", "COLUMN"]) => Some("a table is not as they know it"),
        "ALTER" if has(&["UNIQUE"]) => Some("a row that they write may not be there twice"),
        "ALTER" if has(&["NOT", "NULL"]) && !has(&["DEFAULT"]) => {
            Some("a row that they write lacks a column")
        }
        "ALTER" => None,
        _ => Some("it does what nobody looked at"),
    }
}

/// What is wrong with a migration that brings a version, for those who work beside it.
fn complaints_of(version: u32, migration: &str) -> Vec<&'static str> {
    let lines = migration.lines().filter(|line| !line.starts_with("--"));
    let text = lines.collect::<Vec<_>>().join("\n");
    let statements: Vec<&str> = text.split(';').map(str::trim).filter(|sql| !sql.is_empty()).collect();
    let says = statements.first().and_then(|first| first.strip_prefix("UPDATE ledger SET least_schema = "));
    if let Some(least) = says {
        let is_a_version = least.parse().is_ok_and(|least: u32| (10..=version).contains(&least));
        return if is_a_version { Vec::new() } else { vec!["nobody knows the version that it asks for"] };
    }
    let made = statements.iter().filter_map(|sql| sql.strip_prefix("CREATE TABLE "));
    let made: Vec<String> =
        made.filter_map(|rest| Some(rest.split_whitespace().next()?.to_owned())).collect();
    statements.iter().filter_map(|sql| takes_away(sql, &made)).collect()
}

#[test]
fn no_migration_takes_anything_from_a_program_beside_it_without_saying_so() {
    let mut seen = 0;
    for folder in ["migrations/sqlite", "migrations/postgres"] {
        for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap() {
            let file = file.unwrap().path();
            let name = file.file_name().unwrap().to_str().unwrap();
            let version = name.strip_prefix('V').and_then(|rest| rest.split_once("__")).unwrap().0;
            let complaints = complaints_of(version.parse().unwrap(), &fs::read_to_string(&file).unwrap());
            assert_eq!(complaints, Vec::<&str>::new(), "{}", file.display());
            seen += 1;
        }
    }
    assert!(seen >= 17, "the migrations were found");
}

#[test]
fn what_takes_something_away_is_found() {
    for (migration, count) in [
        ("-- Why.\nALTER TABLE org ADD COLUMN note TEXT", 0),
        ("ALTER TABLE org ADD COLUMN note TEXT NOT NULL DEFAULT ''", 0),
        ("ALTER TABLE org ADD COLUMN note TEXT NOT NULL", 1),
        ("ALTER TABLE org ADD COLUMN note TEXT UNIQUE", 1),
        ("ALTER TABLE org DROP COLUMN site", 1),
        ("ALTER TABLE org RENAME COLUMN site TO place", 1),
        ("ALTER TABLE org ADD CONSTRAINT some CHECK (name <> '')", 1),
        ("CREATE INDEX org_by_name ON org (name)", 0),
        ("CREATE UNIQUE INDEX org_by_name ON org (name)", 1),
        (
            "CREATE TABLE note (id TEXT); CREATE UNIQUE INDEX note_by_id ON note (id); INSERT INTO note VALUES ('')",
            0,
        ),
        ("INSERT INTO trail (only_row, indexed_revision) VALUES (1, 0)", 1),
        ("UPDATE org SET name = ''; DROP TABLE login", 2),
        ("UPDATE ledger SET least_schema = 11; ALTER TABLE org DROP COLUMN site", 0),
        ("UPDATE ledger SET least_schema = 13; ALTER TABLE org DROP COLUMN site", 1),
        ("ALTER TABLE org DROP COLUMN site; UPDATE ledger SET least_schema = 11", 2),
    ] {
        assert_eq!(complaints_of(12, migration).len(), count, "{migration}");
    }
}
