//! `orgbridge init`: a database with a first org, and somebody who may do everything in it.

use clap::Args;
use orgbridge_domain::application_key::{self, NewApplicationKey};
use orgbridge_domain::org::{self, NewOrg};
use orgbridge_domain::user::{self, NewUser};
use orgbridge_domain::{
    AccountId, ApiKeyId, ApplicationKeyId, Decided, Draft, Email, ManagedRole, Name, OrgId, Refusal, Session,
    Site, Timestamp, UserId, UserKind, account, api_key,
};
use serde::Serialize;

use super::context::Context;
use crate::failure::Failure;
use crate::new_database;
use crate::random;

/// Makes a database with an account, its first org, an admin and their keys, which are printed this once.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  orgbridge init --database sqlite:ledger.db --org \"Source Org\" --admin jane@example.com
  orgbridge init --database sqlite:ledger.db --org \"Source Org\" --admin jane@example.com --output json")]
pub(crate) struct Init {
    /// The name of the first org, which manages those that follow.
    #[arg(long)]
    org: Name,
    /// The email address of its admin.
    #[arg(long, value_name = "EMAIL")]
    admin: Email,
    /// What people will call the admin; the email address where no name is given.
    #[arg(long, value_name = "NAME")]
    admin_name: Option<Name>,
    /// The name of the account; that of the org where none is given.
    #[arg(long, value_name = "NAME")]
    account: Option<Name>,
    /// The site on which the org lives, for good; its API is asked at api.SITE.
    #[arg(long, default_value_t)]
    site: Site,
}

/// What a new database begins with, and the keys to it.
#[derive(Serialize)]
struct InitRecord {
    database: String,
    account_id: String,
    org_id: String,
    org_public_id: String,
    user_id: String,
    api_key: String,
    application_key: String,
}

impl Init {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let database = context.database()?;
        let beginning = Beginning::of(self)?;
        let founded = new_database::make(database, |operator| {
            let beginning = beginning.clone();
            operator.commit(move |session, now| beginning.found(session, now))
        })?;
        let record = InitRecord {
            database: database.to_string(),
            account_id: beginning.account_id.to_string(),
            org_id: founded.id.to_string(),
            org_public_id: founded.public_id.to_string(),
            user_id: beginning.admin.id.to_string(),
            api_key: beginning.api_key.expose().to_owned(),
            application_key: beginning.application_key.secret.expose().to_owned(),
        };
        context.printer.report(&record, &in_words(&record))
    }
}

/// All that a new database begins with.
#[derive(Debug, Clone)]
struct Beginning {
    account_id: AccountId,
    account_name: Name,
    org: NewOrg,
    admin: NewUser,
    api_key_id: ApiKeyId,
    api_key: orgbridge_domain::ApiKeySecret,
    application_key: NewApplicationKey,
    key_name: Name,
}

impl Beginning {
    fn of(init: Init) -> Result<Self, Failure> {
        let Init { org, admin, admin_name, account, site } = init;
        let no_name =
            || Failure::Usage("the email address can't serve as a name; give --admin-name".to_owned());
        let (account_id, user_id) = (AccountId::new(random::id()?), UserId::new(random::id()?));
        // What everything is called that comes with the database.
        let key_name: Name = "init".parse().map_err(|_| no_name())?;
        Ok(Self {
            account_id,
            account_name: account.unwrap_or_else(|| org.clone()),
            org: NewOrg {
                id: OrgId::new(random::id()?),
                account: account_id,
                site,
                public_id: None,
                name: org,
            },
            admin: NewUser {
                id: user_id,
                name: admin_name.or_else(|| admin.as_str().parse().ok()).ok_or_else(no_name)?,
                email: admin,
                kind: UserKind::Person,
                roles: vec![ManagedRole::Admin.id()],
            },
            api_key_id: ApiKeyId::new(random::id()?),
            api_key: random::api_key()?,
            application_key: NewApplicationKey {
                id: ApplicationKeyId::new(random::id()?),
                owner: user_id,
                name: key_name.clone(),
                secret: random::application_key()?,
                scopes: None,
            },
            key_name,
        })
    }

    fn found(&self, session: &Session<'_>, now: Timestamp) -> Result<Decided<org::Org>, Refusal> {
        let mut draft = Draft::new(session);
        let (id, name) = (self.account_id, self.account_name.clone());
        draft.run(|session| account::create(&session.deployment()?, id, name, now))?;
        let org = draft.run(|session| org::create(&session.deployment()?, self.org.clone(), now))?;
        draft.run(|session| user::create(&session.authorize_in(org.id)?, self.admin.clone(), now))?;
        let (id, name) = (self.api_key_id, self.key_name.clone());
        draft.run(|session| api_key::create(&session.authorize_in(org.id)?, id, name, &self.api_key, now))?;
        let key = self.application_key.clone();
        draft.run(|session| application_key::create(&session.authorize_in(org.id)?, key, now))?;
        Ok(draft.finish(org))
    }
}

fn in_words(record: &InitRecord) -> String {
    let InitRecord { database, org_id, user_id, api_key, application_key, .. } = record;
    format!(
        "{database} is ready\n  \
         organization        {org_id}\n  \
         admin               {user_id}\n  \
         DD-API-KEY          {api_key}\n  \
         DD-APPLICATION-KEY  {application_key}\n\
         The keys are shown this once. Start the server: orgbridge serve --database {database}"
    )
}
