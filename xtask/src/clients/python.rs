//! Python, in a virtual environment.

use std::process::Command;

use super::{Client, Need, Prepared};
use crate::shell::{Result, run};

pub(super) const CLIENT: Client = Client {
    name: "python",
    needs: &[Need {
        command_line: &["python3", "-c", "import ensurepip"],
        packages: &["python3", "python3-venv"],
    }],
    prepare,
};

fn prepare(client: &Client) -> Result<Prepared> {
    let environment = client.workshop();
    let python = environment.join("bin/python");
    if !python.exists() {
        run("python3", &["-m", "venv", &environment.to_string_lossy()])?;
    }
    let requirements = client.source().join("requirements.txt");
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
    run(&python, &[&install[..], &[&requirements.to_string_lossy()]].concat())?;
    let mut program = Command::new(python);
    program.arg(client.source().join("org_connections.py"));
    Ok(Prepared::Program(program))
}
