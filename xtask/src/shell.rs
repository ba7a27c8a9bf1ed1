//! Running other programs.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a chore ends with. The text says what failed and how to see it again.
pub(crate) type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// The folder that cargo builds into.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The binary of a release build.
pub(crate) fn release_binary() -> PathBuf {
    target().join("release").join("orgbridge")
}

/// Runs `program` in the repository and fails unless it succeeds.
pub(crate) fn run(program: impl AsRef<Path>, arguments: &[&str]) -> Result {
    run_command(Command::new(program.as_ref()).args(arguments).current_dir(root()))
}

/// Runs a command, says so, and fails unless it succeeds.
pub(crate) fn run_command(command: &mut Command) -> Result {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|argument| argument.to_string_lossy().into_owned()));
    let line = words.join(" ");
    println!("$ {line}");
    let status = command.stdin(Stdio::null()).status().map_err(|error| format!("{line}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{line}: {status}").into()) }
}

/// Runs cargo in the repository.
pub(crate) fn cargo(arguments: &[&str]) -> Result {
    run_command(&mut cargo_command(arguments))
}

/// The command line of that.
pub(crate) fn cargo_command(arguments: &[&str]) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(arguments).current_dir(root());
    cargo
}

/// Makes sure that a command line works, with the help of Debian's packages where it does not.
pub(crate) fn need(command_line: &[&str], packages: &[&str]) -> Result {
    if works(command_line) {
        return Ok(());
    }
    let line = command_line.join(" ");
    println!("`{line}` does not work here; installing {}", packages.join(", "));
    run("apt-get", &["update", "-qq"])?;
    run("apt-get", &[&["install", "-y", "-qq", "--no-install-recommends"], packages].concat())?;
    if works(command_line) {
        Ok(())
    } else {
        Err(format!("`{line}` has to work, and can't be made to").into())
    }
}

/// Whether a command line is here and succeeds.
pub(crate) fn works(command_line: &[&str]) -> bool {
    let Some((program, arguments)) = command_line.split_first() else { return false };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
