//! The shape of the workspace, as ARCHITECTURE.md draws it.
#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// A package of the workspace.
struct Package {
    name: String,
    /// Where it lives, from the root of the workspace.
    folder: String,
    dependencies: Vec<Dependency>,
}

struct Dependency {
    name: String,
    is_for_tests: bool,
}

impl Package {
    fn uses(&self) -> impl Iterator<Item = &str> {
        let at_run_time = self.dependencies.iter().filter(|dependency| !dependency.is_for_tests);
        at_run_time.map(|dependency| dependency.name.as_str())
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the root of the workspace").to_owned()
}

fn architecture() -> String {
    fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md")
}

/// Every package of the workspace, as cargo sees it.
fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo metadata");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let text = |value: &Value| value.as_str().expect("a string").to_owned();
    let list = |value: &Value| value.as_array().expect("a list").clone();
    let folder_of = |manifest: &str| {
        let folder = Path::new(manifest).parent().and_then(|folder| folder.strip_prefix(root()).ok());
        folder.expect("a folder of the workspace").to_str().expect("a name in UTF-8").to_owned()
    };
    let dependency = |value: &Value| Dependency {
        name: text(&value["name"]),
        is_for_tests: value["kind"].as_str() == Some("dev"),
    };
    list(&metadata["packages"])
        .iter()
        .map(|package| Package {
            name: text(&package["name"]),
            folder: folder_of(&text(&package["manifest_path"])),
            dependencies: list(&package["dependencies"]).iter().map(dependency).collect(),
        })
        .collect()
}

/// The cells of the table under a heading of ARCHITECTURE.md, without its head.
fn table(heading: &str) -> Vec<Vec<String>> {
    let text = architecture();
    let (_, section) =
        text.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no {heading}"));
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn each_package_knows_those_that_the_map_says_and_no_others() {
    let packages = packages();
    let names: BTreeSet<_> = packages.iter().map(|package| package.name.as_str()).collect();
    let map: BTreeMap<_, _> = table("Code map")
        .into_iter()
        .map(|row| (quoted(&row[0]).next().expect("a folder").to_owned(), row[2].clone()))
        .collect();
    for package in &packages {
        let knows = map.get(&package.folder);
        let knows = knows.unwrap_or_else(|| panic!("{} is not on the map", package.folder));
        let allowed: BTreeSet<_> = match knows.as_str() {
            "nobody" | "the wire" => BTreeSet::new(),
            "all of them" => names.clone(),
            some => names
                .iter()
                .copied()
                .filter(|name| some.split(", ").any(|one| is_called(name, one)))
                .collect(),
        };
        for used in package.uses().filter(|used| names.contains(used)) {
            assert!(
                allowed.contains(used),
                "{} uses {used}, and the map says it knows {knows}",
                package.name
            );
        }
    }
}

/// Whether the map's short name is this package's.
fn is_called(package: &str, short: &str) -> bool {
    package.strip_prefix("orgbridge-") == Some(short)
}

#[test]
fn every_folder_on_the_map_is_there() {
    for row in table("Code map") {
        let folder = quoted(&row[0]).next().expect("a folder");
        assert!(root().join(folder).is_dir(), "{folder}");
    }
}

#[test]
fn the_domain_neither_waits_nor_talks_nor_stores() {
    let packages = packages();
    let domain = packages.iter().find(|package| package.name == "orgbridge-domain").expect("the domain");
    for foreign in
        ["axum", "http", "hyper", "reqwest", "rusqlite", "tokio", "tracing", "getrandom", "fastrand"]
    {
        assert!(domain.uses().all(|used| used != foreign), "the domain uses {foreign}");
    }
}

/// The benchmarks compare with what a bare loop on the same engine does.
#[test]
fn only_the_ledger_knows_sql() {
    assert_users(&["refinery", "rusqlite", "tokio-postgres"], &["orgbridge-bench", "orgbridge-ledger"]);
}

/// The binary has its admin listener, the benchmarks a bare handler to compare with.
#[test]
fn only_the_api_knows_axum() {
    let users = ["orgbridge", "orgbridge-api", "orgbridge-bench", "orgbridge-testkit"];
    assert_users(&["axum"], &users);
}

/// Those who come to us meet it at the edge; the ledger goes to a server of its own.
#[test]
fn only_the_edge_and_the_ledger_know_tls() {
    assert_users(&["tokio-rustls"], &["orgbridge-edge"]);
    assert_users(&["rustls"], &["orgbridge-edge", "orgbridge-ledger"]);
}

/// From this version on, floods of CONTINUATION, of empty DATA and of pings are bounded by h2 itself.
#[test]
fn http2_is_spoken_by_a_version_that_bounds_floods() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock");
    let versions: Vec<[u32; 3]> = lock
        .split("[[package]]\nname = \"h2\"\nversion = \"")
        .skip(1)
        .map(|rest| {
            let version = rest.split('"').next().unwrap_or_default();
            let parts = version.split('.').map(|part| part.parse().expect("a number"));
            parts.collect::<Vec<_>>().try_into().expect("three numbers")
        })
        .collect();
    assert!(!versions.is_empty());
    for version in versions {
        assert!(version >= [0, 4, 16], "h2 {version:?}");
    }
}

fn assert_users(foreign: &[&str], users: &[&str]) {
    for package in packages() {
        for used in package.uses().filter(|used| foreign.contains(used)) {
            assert!(users.contains(&package.name.as_str()), "{} uses {used}", package.name);
        }
    }
}

#[test]
fn every_dependency_is_explained_and_every_explanation_has_one() {
    let packages = packages();
    let names: BTreeSet<_> = packages.iter().map(|package| package.name.as_str()).collect();
    let used: BTreeSet<_> = packages
        .iter()
        .flat_map(|package| &package.dependencies)
        .map(|dependency| dependency.name.as_str())
        .filter(|name| !names.contains(name))
        .collect();
    let rows = table("Dependencies");
    // What follows a crate's name up to the comma says how it is used, perhaps by the name of another.
    let explained: BTreeSet<_> =
        rows.iter().flat_map(|row| row[1].split(", ")).flat_map(|one| quoted(one).take(1)).collect();
    let missing: Vec<_> = used.difference(&explained).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md does not say why these are used: {missing:?}");
    let gone: Vec<_> = explained.difference(&used).collect();
    assert!(gone.is_empty(), "ARCHITECTURE.md explains what nobody uses: {gone:?}");
}

/// A version that nobody uses is looked after for nothing.
#[test]
fn every_dependency_that_the_workspace_names_has_a_user() {
    let packages = packages();
    let used: BTreeSet<_> = packages
        .iter()
        .flat_map(|package| &package.dependencies)
        .map(|dependency| dependency.name.as_str())
        .collect();
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the manifest of the workspace");
    let (_, section) = manifest.split_once("\n[workspace.dependencies]\n").expect("its dependencies");
    let section = section.split("\n[").next().unwrap_or_default();
    let named: BTreeSet<_> = section.lines().filter_map(|line| Some(line.split_once(" = ")?.0)).collect();
    assert!(named.contains("tokio"), "its dependencies were found");
    let unused: Vec<_> = named.difference(&used).collect();
    assert!(unused.is_empty(), "no member uses what the workspace names: {unused:?}");
}

/// What a panic says is printed as it is, and may have come with a request. `unwrap` and `expect` show the value.
#[test]
fn no_code_of_ours_panics_with_a_value() {
    let packages = packages();
    let program = packages.iter().find(|package| package.name == "orgbridge").expect("the program");
    let mut files = Vec::new();
    for package in &packages {
        if package.name == program.name || program.uses().any(|used| used == package.name) {
            collect_sources(&root().join(&package.folder).join("src"), &mut files);
        }
    }
    assert!(files.len() > 100, "the sources were found");
    let for_tests: Vec<_> = files.iter().flat_map(|file| modules_for_tests(file)).collect();
    for file in files.iter().filter(|file| !for_tests.contains(file)) {
        let text = fs::read_to_string(file).expect("a text in UTF-8");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in
            (1..).zip(code.lines().map(str::trim)).filter(|(_, line)| !line.starts_with("//"))
        {
            let place = || format!("{}:{number}: {line}", file.display());
            for ending in [".unwrap()", ".expect(", ".unwrap_err()", ".expect_err(", "panic!("] {
                assert!(!line.contains(ending), "{}", place());
            }
            let ending = ["unreachable!(", "assert!(", "assert_eq!(", "assert_ne!("]
                .iter()
                .find_map(|ending| line.split_once(ending));
            assert!(!ending.is_some_and(|(_, rest)| rest.contains('{')), "{}", place());
        }
    }
}

/// The files of the modules that `file` has for tests alone.
fn modules_for_tests(file: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(file).expect("a text in UTF-8");
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let folder = match stem {
        "lib" | "main" | "mod" => file.with_file_name(""),
        _ => file.with_extension(""),
    };
    let after_marks = text.split("#[cfg(test)]\n").skip(1);
    let names = after_marks.filter_map(|rest| rest.strip_prefix("mod ")?.split_once(";\n"));
    names.map(|(name, _)| folder.join(name).with_extension("rs")).filter(|file| file.is_file()).collect()
}

#[test]
fn nothing_is_left_for_later() {
    // Written so that they are not found here.
    let marks =
        [["TO", "DO"], ["FIX", "ME"], ["XX", "X"], ["todo", "!"], ["unimplemented", "!"], ["dbg", "!"]];
    let marks = marks.map(|[start, end]| format!("{start}{end}"));
    let mut files = Vec::new();
    collect_sources(&root(), &mut files);
    assert!(files.len() > 100, "the sources were found");
    for file in files {
        let text = fs::read_to_string(&file).expect("a text in UTF-8");
        for mark in &marks {
            assert!(!text.contains(mark.as_str()), "{mark} in {}", file.display());
        }
    }
}

/// The kinds of files that people write.
const SOURCES: [&str; 11] = ["go", "java", "md", "py", "rb", "rs", "sh", "sql", "toml", "ts", "yaml"];

/// Where programs put what they build or fetch.
const NOT_OURS: [&str; 2] = ["node_modules", "target"];

/// Every file that people write, but for what git and other programs keep to themselves.
fn collect_sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_source =
            path.extension().and_then(|kind| kind.to_str()).is_some_and(|kind| SOURCES.contains(&kind));
        if path.is_dir() && !name.starts_with('.') && !NOT_OURS.contains(&name) {
            collect_sources(&path, files);
        } else if is_source {
            files.push(path);
        }
    }
}
