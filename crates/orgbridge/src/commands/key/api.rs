//! `orgbridge key api`: the keys of an org.

use clap::Subcommand;
use orgbridge_domain::{ApiKey, ApiKeyId, ApiKeySecret, Draft, Name, Refusal, api_key};

use crate::commands::context::Context;
use crate::failure::Failure;
use crate::names;
use crate::printer::record;
use crate::random;

/// Keys of an org, for the header DD-API-KEY.
#[derive(Debug, Subcommand)]
pub(crate) enum ApiKeyCommand {
    /// Lists the API keys of an org, without their secrets.
    #[command(after_help = "Example:\n  orgbridge key api list --org \"Source Org\"")]
    List {
        /// The org, by id, public id or name.
        #[arg(long)]
        org: String,
    },
    /// Makes an API key and prints it, this once.
    #[command(after_help = "Example:\n  orgbridge key api create ci --org \"Source Org\" --output json")]
    Create {
        /// What people will call it.
        name: Name,
        /// The org, by id, public id or name.
        #[arg(long)]
        org: String,
    },
    /// Makes another API key of the same name and prints it, this once. Both are live until the old one is revoked.
    #[command(
        after_help = "Examples:\n  orgbridge key api rotate 0c0a60bb-6e5d-4cb5-9f7e-5a4e4f3a5b3c --output json\n  orgbridge key api rotate 0c0a60bb-6e5d-4cb5-9f7e-5a4e4f3a5b3c --revoke-old"
    )]
    Rotate {
        /// The id of the old one, as `orgbridge key api list` shows it.
        id: ApiKeyId,
        /// Revokes the old one in the same step.
        #[arg(long)]
        revoke_old: bool,
    },
    /// Revokes an API key, at once. An import file that still names it makes it again: take it out there.
    #[command(after_help = "Example:\n  orgbridge key api revoke 0c0a60bb-6e5d-4cb5-9f7e-5a4e4f3a5b3c")]
    Revoke {
        /// Its id, as `orgbridge key api list` shows it.
        id: ApiKeyId,
    },
}

record! {
    /// An API key as the command line shows it.
    ApiKeyRecord {
        id: String,
        name: String,
        last4: String,
        created_at: String,
    }
}

record! {
    /// An API key as the command line shows it when it is made.
    MadeApiKeyRecord {
        id: String,
        name: String,
        key: String,
    }
}

impl From<&ApiKey> for ApiKeyRecord {
    fn from(key: &ApiKey) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name.to_string(),
            last4: key.last4.as_str().to_owned(),
            created_at: key.created_at.to_string(),
        }
    }
}

impl MadeApiKeyRecord {
    fn of(made: &ApiKey, secret: &ApiKeySecret) -> Self {
        Self { id: made.id.to_string(), name: made.name.to_string(), key: secret.expose().to_owned() }
    }
}

impl ApiKeyCommand {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let operator = context.operator()?;
        let view = operator.view();
        match self {
            Self::List { org } => {
                let org = names::org(&view.state, &org)?.id;
                let mut keys: Vec<&ApiKey> = view.state.api_keys_of(org).map(|key| &**key).collect();
                keys.sort_by_key(|key| (key.created_at, key.id));
                let records: Vec<ApiKeyRecord> = keys.into_iter().map(ApiKeyRecord::from).collect();
                context.printer.all(&records)
            }
            Self::Create { name, org } => {
                let org = names::org(&view.state, &org)?.id;
                let id = ApiKeyId::new(random::id()?);
                let secret = random::api_key()?;
                let kept = secret.clone();
                let made = operator.commit(move |session, now| {
                    api_key::create(&session.authorize_in(org)?, id, name.clone(), &kept, now)
                })?;
                context.printer.one(&MadeApiKeyRecord::of(&made, &secret))
            }
            Self::Rotate { id: old, revoke_old } => {
                let key = ApiKey::clone(view.state.api_key(old).ok_or(Refusal::NoApiKey)?);
                let id = ApiKeyId::new(random::id()?);
                let secret = random::api_key()?;
                let kept = secret.clone();
                let made = operator.commit(move |session, now| {
                    let mut draft = Draft::new(session);
                    let made = draft.run(|session| {
                        // Whoever has revoked it meanwhile wants no other.
                        let name = api_key::read(&session.authorize_in(key.org)?, old)?.name.clone();
                        api_key::create(&session.authorize_in(key.org)?, id, name, &kept, now)
                    })?;
                    if revoke_old {
                        draft.run(|session| api_key::revoke(&session.authorize_in(key.org)?, old))?;
                    }
                    Ok(draft.finish(made))
                })?;
                context.printer.one(&MadeApiKeyRecord::of(&made, &secret))
            }
            Self::Revoke { id } => {
                let org = view.state.api_key(id).ok_or(Refusal::NoApiKey)?.org;
                let revoked =
                    operator.commit(move |session, _| api_key::revoke(&session.authorize_in(org)?, id))?;
                context.printer.one(&ApiKeyRecord::from(&revoked))
            }
        }
    }
}
