//! Fuzzing. What is held of whatever comes is in `crates/orgbridge-fuzz/`; the seeds, and the wrappers for libFuzzer, are
//! in `fuzz/`.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::shell::{Result, cargo, root, run_command, target};
use crate::tool::Tool;

const CARGO_FUZZ: Tool = Tool { name: "cargo-fuzz", version: "0.13.2" };

/// How long a run under libFuzzer takes unless it is told otherwise.
const USUAL_SECONDS: u64 = 600;

/// Fuzzes with these options of `orgbridge-fuzz`, or under libFuzzer, where those are `--libfuzzer` and a time.
pub(crate) fn run(options: &[&str]) -> Result {
    match options {
        ["--libfuzzer"] => under_libfuzzer(USUAL_SECONDS),
        ["--libfuzzer", "--seconds", seconds] => under_libfuzzer(seconds.parse()?),
        _ => {
            let base = ["run", "--quiet", "--locked", "--package", "orgbridge-fuzz", "--"];
            cargo(&[&base, options].concat())
        }
    }
}

/// Lets libFuzzer look for inputs by what they reach, so many seconds in all.
fn under_libfuzzer(seconds: u64) -> Result {
    let program = CARGO_FUZZ.installed()?;
    let names = target_names(&root().join("fuzz/fuzz_targets"))?;
    let seconds = (seconds / u64::try_from(names.len())?).max(1);
    // What a target keeps in a temporary folder is still there when libFuzzer ends the process.
    let scratch = tempfile::tempdir()?;
    for name in names {
        let found = target().join("fuzz").join("corpus").join(&name);
        fs::create_dir_all(&found)?;
        run_command(
            Command::new(&program)
                // Sanitizers need a nightly toolchain, and there is no unsafe code here that they could watch.
                .args(["fuzz", "run", "--sanitizer", "none", &name])
                // New inputs are kept in the first folder.
                .args([&*found.to_string_lossy(), &format!("fuzz/corpus/{name}"), "--"])
                .args([format!("-max_total_time={seconds}"), "-max_len=4096".to_owned()])
                .current_dir(root())
                .env("TMPDIR", scratch.path())
                .env_remove("CARGO"),
        )?;
    }
    Ok(())
}

fn target_names(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.extend(entry?.path().file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}
