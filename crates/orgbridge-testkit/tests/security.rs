//! docs/security.md, held to what it says it rests on: each point of its list names the tests that show it, and each of
//! them is there.

use std::fs;
use std::path::Path;

/// How many points the list has.
const POINTS: u32 = 30;

const HEADING: &str = "\n## What is shown\n";

/// What is wrong with the list in `document`. `source` reads what a link leads to, from the root of the workspace.
fn problems(document: &str, source: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let Some((_, section)) = document.split_once(HEADING) else { return vec![format!("no {HEADING:?}")] };
    let section = section.split("\n## ").next().unwrap_or_default();
    let mut problems = Vec::new();
    let mut latest = 0;
    for row in section.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| point")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [point, holds, shown_by] = cells[..] else {
            problems.push(format!("not three cells: {row}"));
            continue;
        };
        match point.parse::<u32>() {
            Ok(point) if point == latest || point == latest + 1 => latest = point,
            Ok(number) => {
                problems.push(format!("point {number} follows on {latest}"));
                latest = number;
            }
            Err(_) => problems.push(format!("{point:?} is no number")),
        }
        if holds.is_empty() {
            problems.push(format!("point {point} says nothing"));
        }
        problems.extend(
            problems_of_evidence(shown_by, &source).map(|problem| format!("point {point}: {problem}")),
        );
    }
    if latest != POINTS {
        problems.push(format!("the last point is {latest}, and not {POINTS}"));
    }
    problems
}

/// What is wrong with a cell that names tests: a link to a file, a colon, and names in backticks with commas between; and
/// the same of other files behind semicolons.
fn problems_of_evidence(
    shown_by: &str,
    source: impl Fn(&str) -> Option<String>,
) -> impl Iterator<Item = String> {
    shown_by.split("; ").flat_map(move |of_a_file| {
        let linked = of_a_file.strip_prefix('[').and_then(|rest| rest.split_once("](../"));
        let Some((path, names)) = linked.and_then(|(_, rest)| rest.split_once("): ")) else {
            return vec![format!("no link to a file and its tests: {of_a_file:?}")];
        };
        let Some(text) = source(path) else { return vec![format!("{path} is not there")] };
        let tests =
            names.split(", ").map(|name| name.strip_prefix('`').and_then(|name| name.strip_suffix('`')));
        tests
            .filter_map(|name| match name {
                None => Some(format!("no names of tests: {names:?}")),
                Some(name) => (!is_test(&text, name)).then(|| format!("{path} has no test {name:?}")),
            })
            .collect()
    })
}

/// Whether `source` has a test of this name that runs whenever the tests do: a function with the attribute, or one that
/// a list of a macro makes a test of.
fn is_test(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    lines.iter().enumerate().any(|(at, line)| {
        let is_its_head = line
            .trim_start_matches("async ")
            .strip_prefix("fn ")
            .is_some_and(|rest| rest.strip_prefix(name).is_some_and(|rest| rest.starts_with(['(', '<'])));
        if !is_its_head {
            // A name alone on its line stands in a list, and what it names in the same file.
            let is_there = |after| source.contains(&format!("fn {name}{after}"));
            return *line == name && (is_there('(') || is_there('<'));
        }
        let above = lines[..at].iter().rev();
        let attributes: Vec<_> =
            above.take_while(|line| line.starts_with("#[") || line.starts_with("//")).collect();
        let is_marked = |mark: &str| attributes.iter().any(|line| line.starts_with(mark));
        (is_marked("#[test]") || is_marked("#[tokio::test")) && !is_marked("#[ignore")
    })
}

#[test]
fn each_point_names_tests_that_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the root of the workspace");
    let document = fs::read_to_string(root.join("docs/security.md")).expect("docs/security.md");
    let problems = problems(&document, |path| fs::read_to_string(root.join(path)).ok());
    assert!(problems.is_empty(), "docs/security.md:\n{}", problems.join("\n"));
}

#[test]
fn what_is_missing_from_the_list_is_found_out() {
    let source = "\
        /// Why.\n#[tokio::test]\nasync fn whole() {}\n\n\
        #[test]\n#[ignore = \"later\"]\nfn ignored() {}\n\n\
        fn helper() {}\n\n\
        fn by_list(backend: &impl Backend) {}\n\n\
        suite! {\n    by_list\n}\n";
    let read = |path: &str| (path == "a/b.rs").then(|| source.to_owned());
    let list =
        |rows: &str| format!("# Title\n{HEADING}\n| point | what holds | shown by |\n|---|---|---|\n{rows}");
    let row = |point| format!("| {point} | Holds. | [b.rs](../a/b.rs): `whole`, `by_list` |\n");
    let whole = (1..=POINTS).map(row).collect::<Vec<_>>().concat();
    assert_eq!(problems(&list(&whole), read), [""; 0]);

    let found = |from: &str, to: &str| problems(&list(&whole.replacen(from, to, 1)), read);
    assert_eq!(found(&row(POINTS), ""), ["the last point is 29, and not 30"]);
    assert_eq!(found("| 7 |", "| 8 |"), ["point 8 follows on 6"]);
    assert_eq!(found("| 7 |", "| seven |"), ["\"seven\" is no number", "point 8 follows on 6"]);
    assert_eq!(found("Holds.", ""), ["point 1 says nothing"]);
    assert_eq!(found("a/b.rs", "a/c.rs"), ["point 1: a/c.rs is not there"]);
    assert_eq!(found("`whole`, `by_list`", "of course"), ["point 1: no names of tests: \"of course\""]);
    assert_eq!(
        found("[b.rs](../a/b.rs): `whole`, `by_list`", ""),
        ["point 1: no link to a file and its tests: \"\""]
    );
    for name in ["who", "ignored", "helper", "absent"] {
        let problem = format!("point 1: a/b.rs has no test {name:?}");
        assert_eq!(found("`whole`", &format!("`{name}`")), [problem]);
    }
}
