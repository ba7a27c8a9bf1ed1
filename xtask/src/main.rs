//! The project's own chores. `cargo xtask help` lists them.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "what a chore does is read on a terminal")]

mod bench;
mod beside;
mod browser;
mod chaos;
mod clients;
mod conformance;
mod documents;
mod fuzz;
mod hosts;
mod postgres;
mod python;
mod readme;
mod release;
mod sbom;
mod server;
mod shell;
mod supply_chain;
mod test;
mod tool;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask test             all that a change must pass: format, lints, tests, documents, clients, hosts, commands
cargo xtask clients [NAME]   the programs in clients/ against a live server, or one of them
cargo xtask browser          our pages in Chromium, by keyboard, and held to the rules of accessibility
cargo xtask hosts            the same programs without being told of a server, over TLS at the hosts of two sites
cargo xtask conformance [..] schemathesis against a live server (options are those of `schemathesis run`)
cargo xtask bench [OPTIONS]  measures everything side by side (--quick, --only NAME)
cargo xtask chaos [OPTIONS]  replicas under faults, and whether their answers kept what is promised (--minutes N, --seed N)
cargo xtask postgres [N…]    the suites of storage on servers of PostgreSQL 13 to 18, or of some of these versions
cargo xtask fuzz --seconds N strangers' bytes at random, so many seconds in all ([TARGET…], or --libfuzzer by coverage)
cargo xtask documents        writes the generated documents anew (--check: fails where one would change)
cargo xtask readme           runs the commands of the README
cargo xtask supply-chain     licences, sources and versions of what we use (--advisories: what is known against it)
cargo xtask soak --minutes N a server beside idle connections and under attack: its slowest answers, its memory
cargo xtask release          the program as it is published, and the list of its parts (--check: two builds are the same)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["test"] => test::everything(),
        ["clients"] => clients::run(None),
        ["clients", name] => clients::run(Some(name)),
        ["browser"] => browser::run(),
        ["hosts"] => hosts::run_all(),
        ["hosts", "--inside", outside, clients @ ..] => hosts::run_inside(outside, clients),
        ["conformance", options @ ..] => conformance::run(options),
        ["bench", options @ ..] => bench::run(options),
        ["chaos", options @ ..] => chaos::run(options),
        ["postgres", versions @ ..] => postgres::run_suites(versions),
        ["fuzz", options @ ..] => fuzz::run(options),
        ["documents"] => documents::write(),
        ["documents", "--check"] => documents::check(),
        ["readme"] => readme::run(),
        ["supply-chain"] => supply_chain::check(),
        ["supply-chain", "--advisories"] => supply_chain::check_advisories(),
        ["soak", options @ ..] => bench::soak(options),
        ["release"] => release::build(),
        ["release", "--check"] => release::check_reproducible(),
        ["help" | "--help"] => {
            println!("{HELP}");
            Ok(())
        }
        _ => {
            eprintln!("{HELP}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("xtask: {problem}");
            ExitCode::FAILURE
        }
    }
}
