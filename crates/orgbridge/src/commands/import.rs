//! `orgbridge import`: what is kept comes to agree with a file.

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::{fs, io};

use clap::Args;
use orgbridge_domain::{Principal, Session};
use orgbridge_ledger::{Clock, SystemClock};
use serde::Serialize;

use super::context::Context;
use crate::failure::Failure;
use crate::import::{MadeKey, Outcome, Policies, Problem, TallyByKind, Wishes, apply};
use crate::new_database;
use crate::operator::Operator;

/// Below this many things, an import is over before a bar could be read.
const LONG: usize = 1000;

const FORMAT: &str = "\
The file, of which ids, keys and most else may be left out; JSON will do too:
  accounts:
    - name: Example Account
      orgs:
        - id: 4dee724d-00cc-11ea-a77b-570c9d03c6c5
          public_id: fasjyydbcgwwc2uc
          name: Source Org
          disabled: false
          api_keys:
            - {name: ci, key: 0123456789abcdef0123456789abcdef}
          roles:
            - {name: Auditor, permissions: [org_connections_read, audit_logs_read]}
          users:
            - name: Jane Doe
              email: jane@example.com
              roles: [Admin]
              service_account: false
              disabled: false
              application_keys:
                - {name: ci, key: 0123456789abcdef0123456789abcdef01234567}
                - {name: reader, scopes: [org_connections_read]}
            - {name: Report, email: report@example.com, service_account: true}
          oauth_clients:
            - name: Dashboards
              redirect_uris: ['https://app.example.com/callback']
              refresh: true
              scopes: [org_connections_read]
              authentication: client_secret_basic
            - {name: Nightly Report, service_account: report@example.com}
        - name: Sink Org
          users: [{name: John Doe, email: john@example.com}]
      connections:
        - source: Source Org
          sink: Sink Org
          types: [logs]
          created_by: jane@example.com
          source_policy: {editors: [role:Admin], viewers: [org]}
          sink_policy: {viewers: [user:john@example.com]}

Examples:
  orgbridge import deployment.yaml --database sqlite:ledger.db
  orgbridge import deployment.yaml --database sqlite:new.db --create --output json";

/// Makes what is kept agree with a file of accounts, orgs, users, keys, OAuth2 clients, connections and restriction
/// policies.
///
/// What the file names is found by its id, or else by what it is called: accounts and orgs by name, users by
/// email address, keys and clients by name, connections by their two orgs. What is there is altered where it
/// differs, what is not is made, and nothing is ever deleted. Either all of the file comes true or, with a list of
/// all that is wrong with it, nothing. Keys and secrets that are made are printed, this once.
#[derive(Debug, Args)]
#[command(after_help = FORMAT)]
pub(crate) struct Import {
    /// The file; - for the standard input.
    file: PathBuf,
    /// Makes the database if there is none.
    #[arg(long)]
    create: bool,
}

/// What came of the file.
#[derive(Serialize)]
struct ImportRecord<'o> {
    changed: bool,
    tally: &'o TallyByKind,
    made_keys: &'o [MadeKey],
}

impl Import {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let text = self.text()?;
        let (wishes, problems) = Wishes::read(&text)?;
        let database = context.database()?;
        let import = |operator: &Operator| self.make_true(context, operator, wishes, problems);
        let outcome = if self.create && !new_database::is_there(database)? {
            new_database::make(database, import)?
        } else {
            import(&Operator::open(database)?)?
        };
        show(context, &outcome)
    }

    fn text(&self) -> Result<String, Failure> {
        let mut text = String::new();
        if self.file.as_os_str() == "-" {
            io::stdin().read_to_string(&mut text).map_err(Failure::file("the standard input"))?;
            return Ok(text);
        }
        fs::read_to_string(&self.file).map_err(Failure::file(&self.file))
    }

    fn make_true(
        &self,
        context: &Context,
        operator: &Operator,
        wishes: Wishes,
        mut problems: Vec<Problem>,
    ) -> Result<Outcome, Failure> {
        let progress = context.printer.progress(wishes.count, LONG, "importing");
        let policies = Policies { limits: context.limits(), creator_disabled: context.creator_disabled() };
        let outcome = if problems.is_empty() {
            let (wishes, progress) = (Arc::new(wishes), progress.clone());
            operator.commit(move |session, now| Ok(apply(&wishes, session, policies, now, &progress)))?
        } else {
            // Nothing will come of it; what else is wrong is worth knowing all the same.
            let view = operator.view();
            let now = SystemClock.now();
            let session = Session::new(&view.state, Principal::Operator, now);
            apply(&wishes, &session, policies, now, &progress).value
        };
        progress.finish_and_clear();
        problems.extend(outcome.problems.iter().cloned());
        if problems.is_empty() { Ok(outcome) } else { Err(self.faulty(problems)) }
    }

    fn faulty(&self, mut problems: Vec<Problem>) -> Failure {
        problems.sort_by_key(Problem::place);
        let file = self.file.display();
        let lines: Vec<String> = problems.iter().map(|problem| format!("{file}:{problem}")).collect();
        let count = lines.len();
        let problems = if count == 1 { "problem" } else { "problems" };
        Failure::Faulty(format!("nothing was imported, because of {count} {problems}:\n{}", lines.join("\n")))
    }
}

fn show(context: &Context, outcome: &Outcome) -> Result<(), Failure> {
    let Outcome { tally, made_keys, .. } = outcome;
    let record = ImportRecord { changed: !outcome.changed_nothing(), tally, made_keys };
    let mut text = outcome.to_string();
    if !made_keys.is_empty() {
        text.push_str("\n\nKeys and secrets that were made; this is the one time that they are shown:\n");
        text.push_str(&crate::printer::table(made_keys));
    }
    context.printer.report(&record, &text)
}
