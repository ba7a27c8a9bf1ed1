//! The list of what is in the program, for those who have to know when a hole is found in some part of it: `CycloneDX`, in
//! JSON.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::release;
use crate::shell::{Result, cargo_command, run_command};
use crate::tool::Tool;

const CYCLONEDX: Tool = Tool { name: "cargo-cyclonedx", version: "0.5.9" };

/// What ends the names of the files that the tool writes.
const SUFFIX: &str = ".cdx.json";

/// Writes the list into a folder, as `orgbridge.cdx.json`. It fails where a part is missing that cargo would build in.
pub(crate) fn write(folder: &Path) -> Result {
    let program = CYCLONEDX.installed()?;
    // The tool writes beside each manifest, so it is given copies.
    let copy = tempfile::tempdir()?;
    release::copy_source(copy.path())?;
    let package = copy.path().join("crates/orgbridge");
    run_command(
        Command::new(program)
            .args(["cyclonedx", "--format", "json", "--spec-version", "1.5", "--describe", "binaries"])
            .args(["--no-build-deps", "--quiet", "--manifest-path"])
            .arg(package.join("Cargo.toml"))
            .current_dir(copy.path())
            // Neither the day nor a random number is to tell one list from another.
            .env("SOURCE_DATE_EPOCH", "0"),
    )?;
    let list = fs::read_to_string(written_in(&package)?)?;
    // Where the copies were is nobody's business.
    let list = list.replace(&*copy.path().to_string_lossy(), "/orgbridge");
    let missing: Vec<_> = parts()?.into_iter().filter(|part| !list.contains(part)).collect();
    if !missing.is_empty() {
        return Err(format!("the list of parts lacks {}", missing.join(", ")).into());
    }
    fs::create_dir_all(folder)?;
    let path = folder.join(format!("orgbridge{SUFFIX}"));
    fs::write(&path, list)?;
    println!("wrote {}", path.display());
    Ok(())
}

fn written_in(folder: &Path) -> Result<PathBuf> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(SUFFIX) {
            return Ok(path);
        }
    }
    Err("the tool wrote no list".into())
}

/// What cargo builds into the program, as such lists call it.
fn parts() -> Result<BTreeSet<String>> {
    let tree =
        cargo_command(&["tree", "--locked", "--package", "orgbridge", "--edges", "normal,no-proc-macro"])
            .args(["--prefix", "none", "--format", "{p}"])
            .output()?;
    if !tree.status.success() {
        return Err(String::from_utf8_lossy(&tree.stderr).into());
    }
    let lines = String::from_utf8(tree.stdout)?;
    let parts = lines.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
        Some(format!("pkg:cargo/{name}@{version}"))
    });
    Ok(parts.collect())
}
