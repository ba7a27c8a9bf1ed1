//! What stands on the command line, before it means anything.

use std::path::PathBuf;

use clap::{Args, Parser};

use crate::ExitStatus;
use crate::commands::Command;
use crate::printer::OutputFormat;
use crate::settings::Flag;

const EXAMPLES: &str = "\
Examples:
  orgbridge demo
  orgbridge init --database sqlite:ledger.db --org \"Source Org\" --admin jane@example.com
  orgbridge serve --database sqlite:ledger.db --listen 127.0.0.1:8080
  ORGBRIDGE_DATABASE=sqlite:ledger.db orgbridge connection list";

/// Lets organizations share telemetry with each other, and keeps closed what is closed.
///
/// Two organizations keep their telemetry apart. One, the source, lets another, the sink, query some of it.
/// Orgbridge manages these connections through an API that the official Datadog clients speak.
///
/// Whatever can be configured is a line of the configuration file and a variable of the environment, which beats it. What
/// stands at the top of the file is a flag besides, which beats both. `orgbridge config show` says what holds, and why.
#[derive(Debug, Parser)]
#[command(
    name = "orgbridge",
    version,
    disable_help_subcommand = true,
    max_term_width = 100,
    after_help = format!("{EXAMPLES}\n\n{}", ExitStatus::HELP),
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: GlobalArguments,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command understands.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct GlobalArguments {
    /// The database, such as sqlite:PATH or `postgres://USER@HOST/DATABASE` [environment: `ORGBRIDGE_DATABASE`].
    #[arg(long, global = true, value_name = "ADDRESS")]
    database: Option<String>,
    /// The configuration file, in TOML [environment: `ORGBRIDGE_CONFIG`].
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// How data is printed.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT",
        hide_possible_values = true
    )]
    #[arg(
        help = "How data is printed: table for people, or json [default: table]",
        hide_default_value = true
    )]
    pub(crate) output: OutputFormat,
    /// Which log lines are written, such as info or warn [environment: `ORGBRIDGE_LOG`].
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<String>,
    /// How log lines are written: readable or json [environment: `ORGBRIDGE_LOG_FORMAT`].
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<String>,
}

impl GlobalArguments {
    /// Those of them that are settings.
    pub(crate) fn flags(&self) -> Vec<Flag> {
        given([("database", &self.database), ("log", &self.log), ("log_format", &self.log_format)])
    }
}

/// The settings of a server that have a flag: those at the top of the configuration file. It and the environment know all.
#[derive(Debug, Args)]
pub(crate) struct ServerArguments {
    /// How old the knowledge may be that anything is answered by [environment: `ORGBRIDGE_MAX_STALENESS_SECONDS`].
    #[arg(long, value_name = "SECONDS")]
    max_staleness_seconds: Option<String>,
    /// Where the API listens; port 0 lets the system choose [environment: `ORGBRIDGE_LISTEN`].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Where /livez, /readyz and /metrics are served; keep it private [environment: `ORGBRIDGE_ADMIN_LISTEN`].
    #[arg(long, value_name = "ADDRESS")]
    admin_listen: Option<String>,
    /// The server's certificate and its intermediates, in PEM [environment: `ORGBRIDGE_TLS_CERT`].
    #[arg(long, value_name = "FILE")]
    tls_cert: Option<String>,
    /// The private key of the certificate, in PEM [environment: `ORGBRIDGE_TLS_KEY`].
    #[arg(long, value_name = "FILE")]
    tls_key: Option<String>,
    /// The sites that the server answers for, each at api.SITE, joined by commas [environment: `ORGBRIDGE_SITES`].
    #[arg(long, value_name = "SITES")]
    sites: Option<String>,
    /// Whether callers are limited: on, or off for load tests [environment: `ORGBRIDGE_RATE_LIMIT`].
    #[arg(long, value_name = "SWITCH")]
    rate_limit: Option<String>,
}

impl ServerArguments {
    /// They are all settings.
    pub(crate) fn flags(&self) -> Vec<Flag> {
        given([
            ("max_staleness_seconds", &self.max_staleness_seconds),
            ("listen", &self.listen),
            ("admin_listen", &self.admin_listen),
            ("tls_cert", &self.tls_cert),
            ("tls_key", &self.tls_key),
            ("sites", &self.sites),
            ("rate_limit", &self.rate_limit),
        ])
    }
}

fn given<const COUNT: usize>(flags: [(&'static str, &Option<String>); COUNT]) -> Vec<Flag> {
    let given = |(key, text): (_, &Option<String>)| text.clone().map(|text| Flag { key, text });
    flags.into_iter().filter_map(given).collect()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::settings::{Environment, resolve};

    #[test]
    fn the_arguments_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn what_stands_at_the_top_of_the_configuration_file_is_a_flag_of_the_server() {
        let settings = resolve(&[], &Environment::default(), None).unwrap();
        let at_the_top: Vec<_> =
            settings.shown.iter().map(|setting| setting.key).filter(|key| !key.contains('.')).collect();
        assert!(at_the_top.contains(&"listen"));
        for key in at_the_top {
            let flag = format!("--{}", key.replace('_', "-"));
            let Arguments { global, command } =
                Arguments::try_parse_from(["orgbridge", "serve", &flag, "something"]).unwrap();
            let given = [global.flags(), command.flags()].concat();
            assert_eq!(given, [Flag { key, text: "something".to_owned() }]);
        }
    }

    #[test]
    fn every_command_that_does_something_has_examples() {
        fn check(command: &clap::Command) {
            for inner in command.get_subcommands() {
                check(inner);
            }
            if !command.has_subcommands() {
                let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(help.contains("orgbridge "), "{}", command.get_name());
            }
        }
        check(&Arguments::command());
    }
}
