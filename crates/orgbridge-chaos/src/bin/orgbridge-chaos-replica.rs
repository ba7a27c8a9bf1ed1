//! `orgbridge`, as it is tested.

use std::env;
use std::process::ExitCode;

use orgbridge::settings::Environment;

fn main() -> ExitCode {
    let environment: Environment = env::vars_os().collect();
    orgbridge::run(env::args_os(), &environment).into()
}
