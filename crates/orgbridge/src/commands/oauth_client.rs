//! `orgbridge oauth-client`: programs that act for users, or as a service account.

use clap::{Args, Subcommand, ValueEnum};
use orgbridge_domain::{
    ClientAuthentication, Name, NewOauthClient, OauthClient, OauthClientId, Permission, PermissionSet,
    RedirectUri, Refusal, State, oauth_client,
};

use super::context::Context;
use crate::failure::Failure;
use crate::names;
use crate::printer::record;
use crate::random;

/// Registers OAuth2 clients: programs that users let act for them, or that act as a service account.
#[derive(Debug, Subcommand)]
pub(crate) enum OauthClientCommand {
    /// Lists the clients of an org, without their secrets.
    #[command(after_help = "Example:\n  orgbridge oauth-client list --org \"Source Org\"")]
    List {
        /// The org, by id, public id or name.
        #[arg(long)]
        org: String,
    },
    /// Registers a client and prints its secret, if it has one, this once.
    #[command(
        after_help = "Examples:\n  orgbridge oauth-client create Dashboards --org \"Source Org\" --redirect-uri https://app.example.com/callback --refresh\n  orgbridge oauth-client create \"Nightly Report\" --org \"Source Org\" --service-account report@example.com --scope org_connections_read"
    )]
    Create(Create),
    /// Revokes a client, at once, and with it every token that it has.
    #[command(after_help = "Example:\n  orgbridge oauth-client revoke 0c1d2e3f-4a5b-4c6d-8e7f-8a9b0c1d2e3f")]
    Revoke {
        /// Its id, as `orgbridge oauth-client list` shows it.
        id: OauthClientId,
    },
}

/// What a client is registered as.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// What people will call it, and are shown when it asks to act for them.
    name: Name,
    /// The org, by id, public id or name.
    #[arg(long)]
    org: String,
    /// Where users may be sent back to with a code, exactly; may be repeated.
    #[arg(long = "redirect-uri", value_name = "URI")]
    redirect_uris: Vec<RedirectUri>,
    /// Lets it renew by itself what a user has allowed it once.
    #[arg(long)]
    refresh: bool,
    /// The service account that it acts as by itself, by id or email address.
    #[arg(long, value_name = "USER")]
    service_account: Option<String>,
    /// What it may ask for at the most; may be repeated [default: `org_connections_read` and `org_connections_write`].
    #[arg(long = "scope", value_name = "PERMISSION")]
    scopes: Vec<Permission>,
    /// How it proves itself.
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "HOW",
        hide_possible_values = true,
        hide_default_value = true
    )]
    #[arg(
        help = "How it proves itself: basic (its secret in a header), post (in the body), or none [default: basic]"
    )]
    authentication: Authentication,
}

/// How a client proves itself.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Authentication {
    #[default]
    Basic,
    Post,
    None,
}

record! {
    /// An OAuth2 client as the command line shows it.
    OauthClientRecord {
        id: String,
        name: String,
        redirect_uris: Vec<String>,
        service_account: Option<String>,
        scopes: Vec<String>,
        authentication: String,
        created_at: String,
    }
}

record! {
    /// An OAuth2 client as the command line shows it when it is made.
    MadeOauthClientRecord {
        id: String,
        name: String,
        secret: Option<String>,
    }
}

impl OauthClientRecord {
    fn of(state: &State, client: &OauthClient) -> Self {
        let account = client.service_account.and_then(|account| state.user(account));
        Self {
            id: client.id.to_string(),
            name: client.name.to_string(),
            redirect_uris: client.redirect_uris.iter().map(ToString::to_string).collect(),
            service_account: account.map(|account| account.email.to_string()),
            scopes: client.scopes.iter().map(|scope| scope.to_string()).collect(),
            authentication: client.authentication.as_str().to_owned(),
            created_at: client.created_at.to_string(),
        }
    }
}

impl OauthClientCommand {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let operator = context.operator()?;
        let view = operator.view();
        match self {
            Self::List { org } => {
                let org = names::org(&view.state, &org)?.id;
                let mut clients: Vec<_> = view.state.oauth_clients_of(org).collect();
                clients.sort_by_key(|client| (client.created_at, client.id));
                let records: Vec<_> =
                    clients.into_iter().map(|client| OauthClientRecord::of(&view.state, client)).collect();
                context.printer.all(&records)
            }
            Self::Create(create) => {
                let org = names::org(&view.state, &create.org)?.id;
                let account = create.service_account.as_deref();
                let account = account.map(|named| names::user(&view.state, org, named)).transpose()?;
                let secret = random::client_secret()?;
                let new = NewOauthClient {
                    id: OauthClientId::new(random::id()?),
                    name: create.name,
                    redirect_uris: create.redirect_uris,
                    refreshes: create.refresh,
                    service_account: account.map(|account| account.id),
                    scopes: scopes(&create.scopes),
                    authentication: match create.authentication {
                        Authentication::Basic => ClientAuthentication::Basic(secret.digest()),
                        Authentication::Post => ClientAuthentication::Post(secret.digest()),
                        Authentication::None => ClientAuthentication::Public,
                    },
                };
                let made = operator.commit(move |session, now| {
                    oauth_client::register(&session.authorize_in(org)?, new.clone(), now)
                })?;
                context.printer.one(&MadeOauthClientRecord {
                    id: made.id.to_string(),
                    name: made.name.to_string(),
                    secret: made.authentication.digest().map(|_| secret.expose().to_owned()),
                })
            }
            Self::Revoke { id } => {
                let client =
                    view.state.oauth_client(id).ok_or_else(|| Refusal::absent("OAuth2 client", id))?;
                let org = client.org;
                let revoked = operator
                    .commit(move |session, _| oauth_client::revoke(&session.authorize_in(org)?, id))?;
                context.printer.one(&OauthClientRecord::of(&view.state, &revoked))
            }
        }
    }
}

/// What is named, or what clients usually ask for.
fn scopes(named: &[Permission]) -> PermissionSet {
    if named.is_empty() { OauthClient::USUAL_SCOPES } else { PermissionSet::of(named) }
}
