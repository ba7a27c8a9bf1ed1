//! `orgbridge serve`: the server.

use clap::Args;
use orgbridge_api::Sites;
use orgbridge_domain::{Site, State};

use super::context::Context;
use crate::arguments::ServerArguments;
use crate::failure::Failure;
use crate::server::{Server, ServerOptions};
use crate::settings::{Exposure, Flag};
use crate::signals::Signals;
use crate::{descriptors, logging, runtime};

/// Answers the API until a signal ends it.
///
/// Prints one line when it is ready, such as `listening on http://127.0.0.1:8080`. SIGTERM or SIGINT stop it:
/// readiness goes false, requests under way are answered, the ledger is closed, and the exit code is 0. A
/// second signal stops it at once.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  orgbridge serve --database sqlite:ledger.db
  orgbridge serve --config /etc/orgbridge.toml --log-format json
  orgbridge serve --database sqlite:ledger.db --listen 0.0.0.0:443 --tls-cert cert.pem --tls-key key.pem \\
    --sites datadoghq.com,datadoghq.eu --admin-listen 127.0.0.1:9090")]
pub(crate) struct Serve {
    #[command(flatten)]
    server: ServerArguments,
}

impl Serve {
    pub(crate) fn flags(&self) -> Vec<Flag> {
        self.server.flags()
    }

    pub(crate) fn run(context: &Context) -> Result<(), Failure> {
        let settings = context.settings();
        logging::install(settings);
        for Exposure { says, advice } in settings.exposures() {
            tracing::warn!("{says}: {advice}");
        }
        descriptors::allow_for(settings.edge_max_connections.get().into());
        let options = ServerOptions::from_settings(context.database()?.clone(), settings)?;
        runtime::run(async {
            let mut signals = Signals::install()?;
            let server = Server::start(options).await?;
            warn_of_orgs_out_of_reach(&settings.sites, &server.ledger().view().state);
            if let Some(address) = server.admin_address() {
                tracing::info!(%address, "the admin listener is ready");
            }
            context.printer.line(&format!("listening on {}", server.url()))?;
            signals.next().await;
            tracing::info!("stopping: requests under way are answered, and no others are taken");
            tokio::select! {
                () = server.stop() => Ok(()),
                () = signals.next() => Err(Failure::Interrupted),
            }
        })
    }
}

/// Who sets sites up for the first time may have orgs elsewhere, whose keys are refused from then on.
fn warn_of_orgs_out_of_reach(sites: &Sites, state: &State) {
    let sites: Vec<Site> = sites.iter().collect();
    if sites.is_empty() {
        return;
    }
    let orgs = state.orgs().filter(|org| !sites.contains(&org.site)).count();
    if orgs > 0 {
        tracing::warn!(
            orgs,
            "keys of organizations on other sites than the setting sites names are unknown here"
        );
    }
}
