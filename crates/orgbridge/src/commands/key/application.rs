//! `orgbridge key application`: the keys of users.

use clap::{Args, Subcommand};
use orgbridge_domain::application_key::{self, NewApplicationKey};
use orgbridge_domain::right::{OrgAppKeysRead, OrgAppKeysWrite};
use orgbridge_domain::{
    ApplicationKey, ApplicationKeyId, ApplicationKeySecret, Draft, Name, OrgId, Permission, Refusal, State,
};

use crate::commands::context::Context;
use crate::failure::Failure;
use crate::names;
use crate::operator::Operator;
use crate::printer::record;
use crate::random;

/// Keys of users, for the header DD-APPLICATION-KEY.
#[derive(Debug, Subcommand)]
pub(crate) enum ApplicationKeyCommand {
    /// Lists the application keys of an org's users, without their secrets.
    #[command(
        after_help = "Examples:\n  orgbridge key application list --org \"Source Org\"\n  orgbridge key application list --org \"Source Org\" --user jane@example.com"
    )]
    List {
        /// The org, by id, public id or name.
        #[arg(long)]
        org: String,
        /// Only those of this user, named by id or email address.
        #[arg(long)]
        user: Option<String>,
    },
    /// Makes an application key and prints it, this once.
    #[command(
        after_help = "Example:\n  orgbridge key application create reader --org \"Source Org\" --user jane@example.com --scopes org_connections_read"
    )]
    Create(Create),
    /// Makes another application key of the same name, owner and scopes and prints it, this once. Both are live until the
    /// old one is revoked.
    #[command(
        after_help = "Examples:\n  orgbridge key application rotate 0c0a60bb-6e5d-4cb5-9f7e-5a4e4f3a5b3c --output json\n  orgbridge key application rotate 0c0a60bb-6e5d-4cb5-9f7e-5a4e4f3a5b3c --revoke-old"
    )]
    Rotate {
        /// The id of the old one, as `orgbridge key application list` shows it.
        id: ApplicationKeyId,
        /// Revokes the old one in the same step.
        #[arg(long)]
        revoke_old: bool,
    },
    /// Revokes an application key, at once. An import file that still names it makes it again: take it out there.
    #[command(
        after_help = "Example:\n  orgbridge key application revoke 0c0a60bb-6e5d-4cb5-9f7e-5a4e4f3a5b3c"
    )]
    Revoke {
        /// Its id, as `orgbridge key application list` shows it.
        id: ApplicationKeyId,
    },
}

/// What a new application key is made from.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// What people will call it.
    name: Name,
    /// The org, by id, public id or name.
    #[arg(long)]
    org: String,
    /// The user whose permissions it carries, by id or email address.
    #[arg(long)]
    user: String,
    /// What these permissions are cut down to, with commas between; all of them where nothing is given.
    #[arg(long, value_delimiter = ',', value_name = "PERMISSION,…")]
    scopes: Option<Vec<Permission>>,
}

record! {
    /// An application key as the command line shows it.
    ApplicationKeyRecord {
        id: String,
        name: String,
        owner: String,
        scopes: Option<Vec<String>>,
        last4: String,
        created_at: String,
    }
}

record! {
    /// An application key as the command line shows it when it is made.
    MadeApplicationKeyRecord {
        id: String,
        name: String,
        owner: String,
        scopes: Option<Vec<String>>,
        key: String,
    }
}

impl ApplicationKeyRecord {
    fn of(state: &State, key: &ApplicationKey) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name.to_string(),
            owner: owner(state, key),
            scopes: scopes(key),
            last4: key.last4.as_str().to_owned(),
            created_at: key.created_at.to_string(),
        }
    }
}

impl MadeApplicationKeyRecord {
    fn of(state: &State, made: &ApplicationKey, secret: &ApplicationKeySecret) -> Self {
        Self {
            id: made.id.to_string(),
            name: made.name.to_string(),
            owner: owner(state, made),
            scopes: scopes(made),
            key: secret.expose().to_owned(),
        }
    }
}

impl ApplicationKeyCommand {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let operator = context.operator()?;
        match self {
            Self::List { org, user } => list(context, &operator, &org, user.as_deref()),
            Self::Create(create) => create.run(context, &operator),
            Self::Rotate { id, revoke_old } => rotate(context, &operator, id, revoke_old),
            Self::Revoke { id } => {
                let org = org_of(&operator.view().state, id)?;
                let revoked = operator.commit(move |session, _| {
                    application_key::revoke(&session.authorize_in::<OrgAppKeysWrite>(org)?, id)
                })?;
                context.printer.one(&ApplicationKeyRecord::of(&operator.view().state, &revoked))
            }
        }
    }
}

impl Create {
    fn run(self, context: &Context, operator: &Operator) -> Result<(), Failure> {
        let view = operator.view();
        let org = names::org(&view.state, &self.org)?.id;
        let new = NewApplicationKey {
            id: ApplicationKeyId::new(random::id()?),
            owner: names::user(&view.state, org, &self.user)?.id,
            name: self.name,
            secret: random::application_key()?,
            scopes: self.scopes.map(|scopes| scopes.into_iter().collect()),
        };
        let secret = new.secret.clone();
        let made = operator.commit(move |session, now| {
            application_key::create(&session.authorize_in(org)?, new.clone(), now)
        })?;
        context.printer.one(&MadeApplicationKeyRecord::of(&view.state, &made, &secret))
    }
}

fn rotate(
    context: &Context,
    operator: &Operator,
    old: ApplicationKeyId,
    revoke_old: bool,
) -> Result<(), Failure> {
    let org = org_of(&operator.view().state, old)?;
    let id = ApplicationKeyId::new(random::id()?);
    let secret = random::application_key()?;
    let kept = secret.clone();
    let made = operator.commit(move |session, now| {
        let mut draft = Draft::new(session);
        let made = draft.run(|session| {
            // Whoever has revoked it meanwhile wants no other.
            let key = application_key::read(&session.authorize_in::<OrgAppKeysRead>(org)?, old)?;
            let (owner, name, scopes) = (key.owner, key.name.clone(), key.scopes);
            let new = NewApplicationKey { id, owner, name, secret: kept.clone(), scopes };
            application_key::create(&session.authorize_in(org)?, new, now)
        })?;
        if revoke_old {
            draft.run(|session| {
                application_key::revoke(&session.authorize_in::<OrgAppKeysWrite>(org)?, old)
            })?;
        }
        Ok(draft.finish(made))
    })?;
    context.printer.one(&MadeApplicationKeyRecord::of(&operator.view().state, &made, &secret))
}

/// The org of a key's owner.
fn org_of(state: &State, id: ApplicationKeyId) -> Result<OrgId, Refusal> {
    let owner = state.application_key(id).and_then(|key| state.user(key.owner));
    owner.map(|owner| owner.org).ok_or(Refusal::NoApplicationKey)
}

fn list(context: &Context, operator: &Operator, org: &str, user: Option<&str>) -> Result<(), Failure> {
    let view = operator.view();
    let org = names::org(&view.state, org)?.id;
    let owners = match user {
        Some(named) => vec![names::user(&view.state, org, named)?],
        None => view.state.users_of(org).collect(),
    };
    let keys = owners.into_iter().flat_map(|owner| view.state.application_keys_of(owner.id));
    let mut keys: Vec<&ApplicationKey> = keys.map(|key| &**key).collect();
    keys.sort_by_key(|key| (key.created_at, key.id));
    let of = |key| ApplicationKeyRecord::of(&view.state, key);
    context.printer.all(&keys.into_iter().map(of).collect::<Vec<_>>())
}

fn owner(state: &State, key: &ApplicationKey) -> String {
    state.user(key.owner).map(|owner| owner.email.to_string()).unwrap_or_default()
}

fn scopes(key: &ApplicationKey) -> Option<Vec<String>> {
    key.scopes.map(|scopes| scopes.iter().map(|scope| scope.to_string()).collect())
}
