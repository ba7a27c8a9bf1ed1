//! `orgbridge completions`: what a shell needs to finish our words.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::printer::Printer;

/// Prints a script that completes orgbridge's commands and options in a shell.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  orgbridge completions bash > /etc/bash_completion.d/orgbridge\n  orgbridge completions zsh > \"${fpath[1]}/_orgbridge\""
)]
pub(crate) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self, printer: Printer) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "orgbridge", &mut script);
        printer.line(String::from_utf8_lossy(&script).trim_end())
    }
}
