//! The program as it is published: the same bytes whoever builds them, wherever, from the same source with the same
//! compiler.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::sbom;
use crate::shell::{Result, cargo, cargo_command, root, run, run_command, target};

/// How it is built.
pub(crate) const PROFILE: &str = "published";

/// Builds the program and writes the list of its parts beside it.
pub(crate) fn build() -> Result {
    cargo(&["fetch", "--locked"])?;
    let folder = target().join("reproducible");
    let program = build_in(&root(), &folder, &cargo_home()?)?;
    sbom::write(&folder.join(PROFILE))?;
    println!("the program is {}", program.display());
    Ok(())
}

/// Builds the program twice, of copies of the source in two folders, with two homes of cargo, and fails unless every
/// byte is the same.
pub(crate) fn check_reproducible() -> Result {
    cargo(&["fetch", "--locked"])?;
    let folder = tempfile::tempdir()?;
    let mut programs = Vec::new();
    for name in ["one", "another-with-a-longer-name"] {
        let copy = folder.path().join(name);
        let (source, home) = (copy.join("source"), copy.join("home"));
        copy_source(&source)?;
        link_home(&home)?;
        let target = copy.join("target");
        programs.push(build_in(&source, &target, &home)?);
    }
    let texts = programs.iter().map(fs::read).collect::<std::io::Result<Vec<_>>>()?;
    for (text, name) in texts.iter().zip(["one", "another"]) {
        if let Some(place) = find(text, folder.path()) {
            return Err(format!(
                "{name} program holds the name of the folder it was built in, at byte {place}"
            )
            .into());
        }
    }
    if texts[0] != texts[1] {
        let place = texts[0].iter().zip(&texts[1]).take_while(|(one, another)| one == another).count();
        return Err(format!("two builds of one source differ, first at byte {place}").into());
    }
    println!("two builds in two folders are the same {} bytes", texts[0].len());
    Ok(())
}

/// Builds `source` into `target` with no trace of where either of them is.
fn build_in(source: &Path, target: &Path, cargo_home: &Path) -> Result<PathBuf> {
    // What is said later goes before what is said earlier, so the innermost folder comes last.
    let folders = [(cargo_home, "/cargo"), (source, "/orgbridge"), (target, "/target")];
    let mapped = |flag: &str| folders.map(|(folder, name)| format!("{flag}={}={name}", folder.display()));
    run_command(
        cargo_command(&["build", "--profile", PROFILE, "--locked", "--offline", "--package", "orgbridge"])
            .current_dir(source)
            .env("CARGO_HOME", cargo_home)
            .env("CARGO_TARGET_DIR", target)
            .env("CARGO_INCREMENTAL", "0")
            .env("CARGO_ENCODED_RUSTFLAGS", mapped("--remap-path-prefix").join("\u{1f}"))
            .env("CFLAGS", mapped("-ffile-prefix-map").join(" "))
            .env("SOURCE_DATE_EPOCH", "0"),
    )?;
    Ok(target.join(PROFILE).join("orgbridge"))
}

/// Copies the source, as far as git was told of it.
pub(crate) fn copy_source(folder: &Path) -> Result {
    fs::create_dir_all(folder)?;
    let prefix = format!("--prefix={}/", folder.display());
    run("git", &["checkout-index", "--all", "--force", &prefix])
}

/// A home of cargo by another name, with the crates that are there already.
fn link_home(folder: &Path) -> Result {
    fs::create_dir_all(folder)?;
    std::os::unix::fs::symlink(cargo_home()?.join("registry"), folder.join("registry"))?;
    Ok(())
}

fn cargo_home() -> Result<PathBuf> {
    let home = || env::var_os("HOME").map(|home| Path::new(&home).join(".cargo").into_os_string());
    let home: OsString =
        env::var_os("CARGO_HOME").or_else(home).ok_or("neither CARGO_HOME nor HOME is set")?;
    Ok(home.into())
}

/// Where the name of a folder begins in a program, if it is there.
fn find(program: &[u8], folder: &Path) -> Option<usize> {
    let name = folder.as_os_str().as_encoded_bytes();
    program.windows(name.len()).position(|bytes| bytes == name)
}
