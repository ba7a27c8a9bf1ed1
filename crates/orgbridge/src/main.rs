//! `orgbridge`: see `orgbridge --help`.

use std::env;
use std::process::ExitCode;

use mimalloc::MiMalloc;
use orgbridge::settings::Environment;

/// Takes less of each request than glibc's.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let environment: Environment = env::vars_os().collect();
    orgbridge::run(env::args_os(), &environment).into()
}
