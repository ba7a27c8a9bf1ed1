//! `orgbridge key`: what callers show. A key is printed once, when it is made, and never again.

mod api;
mod application;

use clap::Subcommand;

use super::context::Context;
use crate::failure::Failure;

/// Lists, makes, rotates and revokes keys. A call to the API shows one of each kind.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    #[command(subcommand)]
    Api(api::ApiKeyCommand),
    #[command(subcommand)]
    Application(application::ApplicationKeyCommand),
}

impl KeyCommand {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Api(command) => command.run(context),
            Self::Application(command) => command.run(context),
        }
    }
}
