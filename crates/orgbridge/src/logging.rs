//! Log lines on the standard error stream.

use std::io::{self, IsTerminal};

use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::settings::{LogFormat, Settings};

/// Has log lines written as `settings` ask, from now on. Whoever has seen to that already keeps their way.
pub(crate) fn install(settings: &Settings) {
    let registry = tracing_subscriber::registry().with(settings.log.to_env_filter());
    let lines = fmt::layer().with_writer(io::stderr);
    // A failure means that there is a subscriber, which is what was wanted.
    let _ = match settings.log_format {
        LogFormat::Readable => registry.with(lines.with_ansi(io::stderr().is_terminal())).try_init(),
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).try_init(),
    };
}
