//! Python programs that need packages, each in a virtual environment.

use std::path::Path;

use crate::shell::{Result, need, run};

/// Makes `environment` hold what the file `requirements` names.
pub(crate) fn prepare(environment: &Path, requirements: &Path) -> Result {
    need(&["python3", "-c", "import ensurepip"], &["python3", "python3-venv"])?;
    let python = environment.join("bin/python");
    if !python.exists() {
        run("python3", &["-m", "venv", &environment.to_string_lossy()])?;
    }
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
    run(python, &[&install[..], &[&requirements.to_string_lossy()]].concat())
}
