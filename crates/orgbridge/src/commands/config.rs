//! `orgbridge config`: what is configured, and why.

use clap::Subcommand;

use super::context::Context;
use crate::arguments::ServerArguments;
use crate::failure::Failure;
use crate::printer::record;
use crate::settings::{Files, Flag};

/// Shows or checks the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Shows every setting, its value, and where the value came from.
    #[command(
        after_help = "Examples:\n  orgbridge config show\n  orgbridge config show --config orgbridge.toml --output json"
    )]
    Show(ServerArguments),
    /// Reports everything that is wrong with the configuration, and where.
    ///
    /// The files that it names are read, but for those in the address of the database: `orgbridge doctor` goes there.
    #[command(
        after_help = "Example:\n  orgbridge config check --config orgbridge.toml\n\nExit code 2 if anything is wrong."
    )]
    Check(ServerArguments),
}

record! {
    /// A setting as the command line shows it.
    SettingRecord {
        setting: String,
        value: String,
        origin: String,
        environment: String,
        ;
        about: String,
    }
}

impl ConfigCommand {
    pub(crate) fn flags(&self) -> Vec<Flag> {
        match self {
            Self::Show(arguments) | Self::Check(arguments) => arguments.flags(),
        }
    }

    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Show(_) => {
                let records = context.resolved.shown.iter().map(|shown| SettingRecord {
                    setting: shown.key.to_owned(),
                    value: shown.value.clone(),
                    origin: shown.origin.to_string(),
                    environment: shown.variable.clone(),
                    about: shown.about.to_owned(),
                });
                context.printer.all(&records.collect::<Vec<_>>())
            }
            // Whatever else is wrong was reported before any command began.
            Self::Check(_) => {
                Files::read(context.settings())?;
                context.printer.line("the configuration is whole")
            }
        }
    }
}
