//! What is sent to PostgreSQL is what CockroachDB, YugabyteDB and Citus take, too.
//!
//! All of it stands in a few files: the test reads those, and makes sure that it stands nowhere else.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The functions that we use. All of them are standard SQL, or as good as that.
const FUNCTIONS: [&str; 5] = ["cast", "coalesce", "count", "length", "max"];

/// What one of them lacks, or understands in another way.
const LACKING: [&str; 32] = [
    "advisory",
    "autovacuum",
    "copy",
    "ctid",
    "current_timestamp",
    "cursor",
    "declare",
    "deferrable",
    "do $$",
    "domain",
    "exclude",
    "execute",
    "extension",
    "function",
    "generated",
    "inherits",
    "lateral",
    "lock table",
    "materialized",
    "merge",
    "nextval",
    "now",
    "partition",
    "procedure",
    "rule",
    "savepoint",
    "sequence",
    "serial",
    "skip locked",
    "trigger",
    "unlogged",
    "xmin",
];

/// How statements begin.
const VERBS: [&str; 20] = [
    "ALTER", "ANALYZE", "BEGIN", "CALL", "COMMIT", "COPY", "CREATE", "DELETE", "DROP", "INSERT", "LISTEN",
    "LOCK", "NOTIFY", "ROLLBACK", "SELECT", "SET", "SHOW", "TRUNCATE", "UPDATE", "WITH",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files_in(folder: &str) -> Vec<PathBuf> {
    fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// The texts that stand in quotes in a file of Rust, outside of comments.
fn texts_of(file: &Path) -> Vec<String> {
    let code = fs::read_to_string(file).unwrap().replace("'\"'", "");
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code = lines.collect::<Vec<_>>().join("\n");
    code.replace("\\\"", "'").split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The statements of a migration, without its comments.
fn migration(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    text.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join("\n")
}

fn is_of_words(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// What stands right before an opening bracket.
fn functions_of(sql: &str) -> BTreeSet<String> {
    let before = sql.match_indices('(').map(|(at, _)| &sql[..at]);
    before
        .filter_map(|before| {
            let name = before.rsplit(|character| !is_of_words(character)).next().unwrap();
            name.starts_with(|first: char| first.is_ascii_alphabetic()).then(|| name.to_lowercase())
        })
        .collect()
}

fn complaints_of(sql: &str) -> Vec<String> {
    let text = format!(" {} ", sql.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" "));
    let lacking = LACKING.iter().filter(|lacking| {
        text.match_indices(**lacking).any(|(at, found)| {
            let is_apart =
                |character: Option<char>| character.is_none_or(|character| !is_of_words(character));
            is_apart(text[..at].chars().next_back()) && is_apart(text[at + found.len()..].chars().next())
        })
    });
    let functions = functions_of(sql);
    let foreign = functions.iter().filter(|function| !FUNCTIONS.contains(&function.as_str()));
    let of_one_engine = text.contains(" pg_").then(|| "pg_…".to_owned());
    lacking.map(|lacking| (*lacking).to_owned()).chain(foreign.cloned()).chain(of_one_engine).collect()
}

#[test]
fn every_statement_is_one_that_all_engines_take() {
    let words = ["src/sql/mod.rs", "src/sql/rows.rs", "src/sql/tables.rs", "src/postgres/words.rs"];
    let mut statements: Vec<_> = words.iter().flat_map(|file| texts_of(&root().join(file))).collect();
    assert!(
        statements.iter().any(|sql| sql.ends_with("FROM ledger FOR UPDATE")),
        "the statements were found"
    );
    let migrations = files_in("migrations/postgres");
    assert!(migrations.len() >= 8, "the migrations were found");
    statements.extend(migrations.iter().map(|file| migration(file)));
    for sql in statements {
        assert_eq!(complaints_of(&sql), Vec::<String>::new(), "{sql}");
    }
}

#[test]
fn what_some_engines_lack_is_found() {
    for (sql, complaints) in [
        ("SELECT pg_advisory_lock(1)", &["pg_advisory_lock", "pg_…"][..]),
        ("INSERT INTO a SELECT nextval('b')", &["nextval", "nextval"]),
        ("SELECT now(), a FROM b", &["now", "now"]),
        ("CREATE TABLE a (b SERIAL)", &["serial"]),
        ("CREATE\nFUNCTION a() RETURNS b", &["function", "a"]),
        ("SELECT a FROM b FOR UPDATE SKIP LOCKED", &["skip locked"]),
        ("SELECT coalesce(max(known), 0) FROM a WHERE b IN (1, 2)", &[]),
    ] {
        assert_eq!(complaints_of(sql), complaints, "{sql}");
    }
}

/// What is asked by somebody who looks for what is wrong may be unknown to an engine, and what is asked in tests is asked of
/// PostgreSQL.
#[test]
fn no_statement_stands_elsewhere() {
    let may_hold_some =
        |file: &PathBuf| ["words.rs", "questions.rs", "tests.rs"].iter().any(|name| file.ends_with(name));
    let elsewhere = files_in("src/postgres").into_iter().filter(|file| !may_hold_some(file));
    for file in elsewhere {
        for text in texts_of(&file) {
            let verb = text.split_whitespace().next().unwrap_or_default();
            assert!(!VERBS.contains(&verb), "{}: {text}", file.display());
        }
    }
}

/// Both databases have the same tables; only one of them can tell who serves from it.
#[test]
fn each_migration_has_a_twin() {
    let names = |folder: &str| {
        let names = files_in(folder).into_iter().map(|file| file.file_name().unwrap().to_owned());
        names.collect::<BTreeSet<_>>()
    };
    let (sqlite, postgres) = (names("migrations/sqlite"), names("migrations/postgres"));
    let alone: Vec<_> = sqlite.symmetric_difference(&postgres).collect();
    assert_eq!(alone, ["V8__replica.sql"]);
}
