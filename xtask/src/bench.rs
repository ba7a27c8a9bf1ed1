//! Measuring. The measures are in `bench/`.

use crate::shell::{Result, cargo};

/// Builds what is measured and measures it.
pub(crate) fn run(options: &[&str]) -> Result {
    cargo(&["build", "--release", "--locked", "--package", "orgbridge", "--package", "orgbridge-bench"])?;
    let base = ["run", "--quiet", "--release", "--locked", "--package", "orgbridge-bench", "--"];
    cargo(&[&base, options].concat())
}
