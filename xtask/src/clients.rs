//! The programs in `clients/`, against a live server.

use std::path::Path;
use std::process::Command;

use crate::server::Server;
use crate::shell::{Result, cargo, need, root, run, run_command, target};

const SINK_ORG_ID: &str = "83999dcd-7f97-11f0-8de1-1ecf66f1aa85";

/// Runs every client program. One that can't be run is a failure.
pub(crate) fn all() -> Result {
    cargo(&["build", "--release", "--locked", "--package", "orgbridge"])?;
    curl()?;
    python()
}

fn curl() -> Result {
    need(&["curl", "--version"], &["curl"])?;
    against_a_server(&mut Command::new(root().join("clients/curl/org_connections.sh")))
}

fn python() -> Result {
    need(&["python3", "-c", "import ensurepip"], &["python3", "python3-venv"])?;
    let environment = target().join("clients/python");
    let python = environment.join("bin/python");
    if !python.exists() {
        run("python3", &["-m", "venv", &environment.to_string_lossy()])?;
    }
    let requirements = root().join("clients/python/requirements.txt");
    run(
        &python,
        &[
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "-r",
            &requirements.to_string_lossy(),
        ],
    )?;
    against_a_server(Command::new(python).arg(root().join("clients/python/org_connections.py")))
}

/// Runs a program against a server of its own that holds what `clients/organizations.yaml` says.
fn against_a_server(program: &mut Command) -> Result {
    let folder = tempfile::tempdir()?;
    let import = root().join("clients/organizations.yaml");
    let server = Server::start(folder.path(), Path::new(&import))?;
    run_command(
        program
            .env("ORGBRIDGE_URL", &server.url)
            .env("DD_API_KEY", "0123456789abcdef0123456789abcdef")
            .env("DD_APP_KEY", "0123456789abcdef0123456789abcdef01234567")
            .env("DD_READER_APP_KEY", "89abcdef0123456789abcdef0123456789abcdef")
            .env("SINK_ORG_ID", SINK_ORG_ID),
    )
}
