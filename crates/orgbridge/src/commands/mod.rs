//! The commands: each reads the ledger, asks it to commit, and shows what came of it.

mod account;
mod audit;
mod backup;
mod completions;
mod config;
mod connection;
mod context;
mod copy;
mod demo;
mod doctor;
mod import;
mod init;
mod key;
mod oauth_client;
mod org;
mod policy;
mod restore;
mod role;
mod serve;
mod user;

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::ExitStatus;
use crate::arguments::{Arguments, GlobalArguments};
use crate::failure::Failure;
use crate::printer::Printer;
use crate::settings::{Environment, Flag, Origin, Problem, Problems, Resolved, resolve};
use context::Context;
use serve::Serve;

/// What can be asked for.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(demo::Demo),
    Init(init::Init),
    Serve(Serve),
    Import(import::Import),
    #[command(subcommand)]
    Account(account::AccountCommand),
    #[command(subcommand)]
    Org(org::OrgCommand),
    #[command(subcommand)]
    User(user::UserCommand),
    #[command(subcommand)]
    Role(role::RoleCommand),
    #[command(subcommand)]
    Key(key::KeyCommand),
    #[command(subcommand)]
    Connection(connection::ConnectionCommand),
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    #[command(subcommand)]
    OauthClient(oauth_client::OauthClientCommand),
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    #[command(subcommand)]
    Config(config::ConfigCommand),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Copy(copy::Copy),
    Doctor(doctor::Doctor),
    Completions(completions::Completions),
}

/// Does what the arguments, the name of the program first, ask for.
pub fn run(arguments: impl IntoIterator<Item = OsString>, environment: &Environment) -> ExitStatus {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(answer) => {
            // Help and version are an answer, and everything else is an error; clap knows where each goes.
            return match answer.print() {
                Ok(()) if !answer.use_stderr() => ExitStatus::Done,
                _ => ExitStatus::Usage,
            };
        }
    };
    let printer = Printer::new(arguments.global.output);
    match execute(arguments, environment, printer) {
        Ok(()) => ExitStatus::Done,
        Err(failure) => {
            let status = failure.status();
            if status != ExitStatus::Done {
                printer.note(&format!("error: {failure}"));
            }
            status
        }
    }
}

fn execute(arguments: Arguments, environment: &Environment, printer: Printer) -> Result<(), Failure> {
    let Arguments { global, command } = arguments;
    if let Command::Completions(completions) = command {
        // A shell that starts has no configuration to offer.
        return completions.run(printer);
    }
    let mut flags = global.flags();
    flags.extend(command.flags());
    let resolved = configuration(&flags, &global, environment)?;
    for name in &resolved.unknown_variables {
        printer.note(&format!("warning: there is no setting {name}; `orgbridge config show` lists all"));
    }
    let context = Context { printer, resolved };
    match command {
        Command::Demo(demo) => demo.run(&context),
        Command::Init(init) => init.run(&context),
        Command::Serve(_) => Serve::run(&context),
        Command::Import(import) => import.run(&context),
        Command::Account(account) => account.run(&context),
        Command::Org(org) => org.run(&context),
        Command::User(user) => user.run(&context),
        Command::Role(role) => role.run(&context),
        Command::Key(key) => key.run(&context),
        Command::Connection(connection) => connection.run(&context),
        Command::Policy(policy) => policy.run(&context),
        Command::OauthClient(client) => client.run(&context),
        Command::Audit(audit) => audit.run(&context),
        Command::Config(config) => config.run(&context),
        Command::Backup(backup) => backup.run(&context),
        Command::Restore(restore) => restore.run(&context),
        Command::Copy(copy) => copy.run(&context),
        Command::Doctor(_) => doctor::Doctor::run(&context),
        Command::Completions(completions) => completions.run(printer),
    }
}

impl Command {
    /// Settings that the command itself gives.
    pub(crate) fn flags(&self) -> Vec<Flag> {
        match self {
            Self::Serve(serve) => serve.flags(),
            Self::Config(config) => config.flags(),
            Self::Demo(demo) => demo.flags(),
            Self::Doctor(doctor) => doctor.flags(),
            _ => Vec::new(),
        }
    }
}

fn configuration(
    flags: &[Flag],
    global: &GlobalArguments,
    environment: &Environment,
) -> Result<Resolved, Problems> {
    let from_flag = global.config.clone().map(|path| (path, Origin::Flag { name: "config".to_owned() }));
    let from_environment = || {
        let path = PathBuf::from(environment.get(Environment::CONFIG)?);
        Some((path, Origin::Environment { name: Environment::CONFIG.to_owned() }))
    };
    let Some((path, origin)) = from_flag.or_else(from_environment) else {
        return resolve(flags, environment, None);
    };
    match fs::read_to_string(&path) {
        Ok(text) => resolve(flags, environment, Some((&path, &text))),
        Err(error) => {
            let unreadable = Problem { origin, message: format!("{}: {error}", path.display()) };
            // What is wrong elsewhere is worth knowing all the same.
            let others = resolve(flags, environment, None).err().map_or_else(Vec::new, |problems| problems.0);
            Err(Problems(std::iter::once(unreadable).chain(others).collect()))
        }
    }
}
