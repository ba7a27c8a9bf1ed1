//! `orgbridge demo`: everything at once, for whoever sees Orgbridge for the first time.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use orgbridge_domain::OrgConnection;
use orgbridge_ledger::DatabaseAddress;

use super::context::Context;
use crate::demo::{self, DemoKeys, Sample};
use crate::failure::Failure;
use crate::server::{RunningServer, Server, ServerOptions, StartError};
use crate::settings::{Flag, Origin};
use crate::signals::Signals;
use crate::{logging, runtime};

/// Starts a server with sample data in a folder of its own, and calls it.
///
/// The sample is Example Org, which shares its logs with Partner Org, and John Doe, who has keys. The call
/// updates their connection, so that it shares metrics too. Then the server goes on until Ctrl-C. A second
/// start with the same folder puts the sample back as it was, with the same keys.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  orgbridge demo
  orgbridge demo --once --directory /tmp/orgbridge-demo

Exit code 1 if the answer to the call was not the right one.")]
pub(crate) struct Demo {
    /// Ends after the call.
    #[arg(long)]
    once: bool,
    /// The folder, which is made where there is none.
    #[arg(long, default_value = "./orgbridge-demo", value_name = "FOLDER")]
    directory: PathBuf,
    /// Where the API listens; port 0 lets the system choose.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
}

impl Demo {
    pub(crate) fn flags(&self) -> Vec<Flag> {
        self.listen.iter().map(|listen| Flag { key: "listen", text: listen.clone() }).collect()
    }

    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        logging::install(context.settings());
        make_folder(&self.directory).map_err(Failure::file(&self.directory))?;
        let keys = DemoKeys::read_or_make(&self.directory.join("keys.json"))?;
        let database = DatabaseAddress::Sqlite(self.directory.join("ledger.db"));
        let connection = Sample::put_into(&database, &keys)?;
        runtime::run(async {
            let mut signals = Signals::install()?;
            let server = start(context, database).await?;
            context.printer.line(&format!("listening on {}\n", server.url()))?;
            let outcome = call(context, &server, &keys, &connection).await;
            if outcome.is_ok() && !self.once {
                context.printer.line("Ctrl-C ends the demo.")?;
                signals.next().await;
            }
            server.stop().await;
            outcome
        })
    }
}

/// Only the owner may look into the folder, since there are keys in it.
fn make_folder(path: &PathBuf) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

async fn start(context: &Context, database: DatabaseAddress) -> Result<RunningServer, StartError> {
    let settings = context.settings();
    let options = ServerOptions {
        listen: settings.listen,
        edge: settings.edge(),
        rate_limits: settings.rate_limits(),
        ..ServerOptions::new(database)
    };
    match Server::start(options.clone()).await {
        // Nobody asked for this port, and another will do.
        Err(StartError::Listen { source, .. })
            if source.kind() == io::ErrorKind::AddrInUse
                && *context.resolved.origin("listen") == Origin::Default =>
        {
            let listen = SocketAddr::new(settings.listen.ip(), 0);
            Server::start(ServerOptions { listen, ..options }).await
        }
        started => started,
    }
}

async fn call(
    context: &Context,
    server: &RunningServer,
    keys: &DemoKeys,
    before: &OrgConnection,
) -> Result<(), Failure> {
    let url = format!("{}/api/v2/org_connections/{}", server.url(), Sample::CONNECTION);
    let body = Sample::request();
    context.printer.line(&format!("PATCH {url}\ncontent-type: application/json\n\n{body}\n"))?;

    let exchange = demo::patch(&server.url(), keys).await?;
    context.printer.line(&format!("{}\n", exchange.in_words()))?;

    let after = Sample::connection(&server.ledger().view().state).unwrap_or_else(|| before.clone());
    let expected = Sample::answer(before.created_at, after.modified_at);
    if !exchange.is(&expected) {
        return Err(Failure::Failed(format!("this is not the right answer; expected 200 and {expected}")));
    }
    let (api_key, application_key) = (keys.api_key.expose(), keys.application_key.expose());
    context.printer.line(&format!(
        "This is the right answer. To make the call again:\n\n\
         curl -X PATCH {url} \\\n  \
         -H 'Content-Type: application/json' \\\n  \
         -H 'DD-API-KEY: {api_key}' \\\n  \
         -H 'DD-APPLICATION-KEY: {application_key}' \\\n  \
         -d '{body}'\n"
    ))
}
