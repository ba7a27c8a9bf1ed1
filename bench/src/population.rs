//! Made-up customers in any number. Who they are follows from their numbers alone, so that a process that
//! asks about them need not have made them.

use std::path::Path;

use orgbridge_domain::{
    ApiKeySecret, ApplicationKeySecret, ConnectionId, ConnectionType, KeyDigest, ManagedRole, OrgId,
};
use orgbridge_ledger::{DatabaseAddress, Ledger, LedgerOptions};
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Failure, server};

/// How many orgs an account has.
const ORGS_OF_ACCOUNT: u64 = 1_000;

/// With how many sinks each org shares. About as many share with it.
const SINKS_OF_ORG: u64 = 5;

/// The ring of an account's orgs is cut into five stretches, in each of which an org has one sink, and a few
/// orgs at the end, with which it never shares.
const STRETCH: u64 = 199;

/// How many orgs have keys, at the most.
const KEYED_ORGS: u64 = 20_000;

/// The first moment of the population, in milliseconds since 1970.
const BEGINNING_MS: u64 = 1_700_000_000_000;

/// So many orgs, each with a user, five sinks and about five sources in its account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Population {
    /// How many orgs; a multiple of a thousand.
    pub(crate) orgs: u64,
}

/// What a caller shows.
#[derive(Debug)]
pub(crate) struct Keys {
    /// The key of an org.
    pub(crate) api_key: ApiKeySecret,
    /// The key of its only user.
    pub(crate) application_key: ApplicationKeySecret,
}

/// A question to which the answer is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    /// Who wants to read.
    pub(crate) sink: OrgId,
    /// Whose data.
    pub(crate) source: OrgId,
    /// What.
    pub(crate) wanted: ConnectionType,
    /// Whether it may.
    pub(crate) allowed: bool,
}

impl Population {
    /// How many connections there are.
    pub(crate) fn connections(self) -> u64 {
        self.orgs * SINKS_OF_ORG
    }

    /// The org with a number.
    pub(crate) fn org(number: u64) -> OrgId {
        OrgId::new(Kind::Org.id(number))
    }

    /// The orgs that have keys, far apart from each other.
    pub(crate) fn keyed(self) -> impl Iterator<Item = u64> {
        (0..self.orgs).step_by((self.orgs / KEYED_ORGS).max(1) as usize)
    }

    /// The keys of the org with a number, if it has any.
    pub(crate) fn keys(org: u64) -> Keys {
        let mut random = fastrand::Rng::with_seed(org);
        Keys {
            api_key: ApiKeySecret::from_random(std::array::from_fn(|_| random.u8(..))),
            application_key: ApplicationKeySecret::from_random(std::array::from_fn(|_| random.u8(..))),
        }
    }

    /// The connections that have the org with a number as source.
    pub(crate) fn shared_by(self, org: u64) -> impl Iterator<Item = ConnectionId> {
        (org..self.connections())
            .step_by(self.orgs as usize)
            .map(|number| ConnectionId::new(Kind::Connection.id(number)))
    }

    /// What those may read whom the org with a number shares with.
    pub(crate) fn pairs_of(self, org: u64) -> impl Iterator<Item = Question> {
        (org..self.connections()).step_by(self.orgs as usize).map(move |number| {
            let (source, sink) = self.pair(number);
            Question {
                sink: Self::org(sink),
                source: Self::org(source),
                wanted: shared(number),
                allowed: true,
            }
        })
    }

    /// A question at random, as often to be allowed as not.
    pub(crate) fn question(self, random: &mut fastrand::Rng) -> Question {
        let number = random.u64(..self.connections());
        let (source, sink) = self.pair(number);
        let allowed = random.bool();
        let sink = if allowed { sink } else { neighbour(source, SINKS_OF_ORG * STRETCH + 1) };
        Question { sink: Self::org(sink), source: Self::org(source), wanted: shared(number), allowed }
    }

    /// The numbers of the source and the sink of the connection with a number.
    ///
    /// Everyone's first sink comes first, then everyone's second: neighbours in a table belong to different
    /// orgs, as they do where customers have come and gone for years.
    fn pair(self, number: u64) -> (u64, u64) {
        let (stretch, source) = (number / self.orgs, number % self.orgs);
        let within = fastrand::Rng::with_seed(number).u64(..STRETCH);
        (source, neighbour(source, stretch * STRETCH + within + 1))
    }

    /// Imports everyone into a new database, as an operator would.
    pub(crate) fn import(self, database: &str) -> Result<(), Failure> {
        let file = tempfile::NamedTempFile::with_suffix(".json")?;
        std::fs::write(&file, self.document().to_string())?;
        let mut import = server::orgbridge(["import", "--create", "--database", database])?;
        let output = import.arg(file.path()).output()?;
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into()) }
    }

    fn document(self) -> Value {
        let accounts = (0..self.orgs / ORGS_OF_ACCOUNT).map(|account| {
            let members = account * ORGS_OF_ACCOUNT..(account + 1) * ORGS_OF_ACCOUNT;
            let connections =
                (0..self.connections()).filter(|number| members.contains(&self.pair(*number).0));
            json!({
                "name": account_name(account),
                "orgs": members.clone().map(|number| {
                    let Keys { api_key, application_key } = Self::keys(number);
                    json!({
                        "id": Kind::Org.id(number).to_string(),
                        "name": org_name(number),
                        "api_keys": [{"name": "bench", "key": api_key.expose()}],
                        "users": [{
                            "name": user_name(number),
                            "email": email(number),
                            "roles": [ManagedRole::Admin.name()],
                            "application_keys": [{"name": "bench", "key": application_key.expose()}],
                        }],
                    })
                }).collect::<Value>(),
                "connections": connections.map(|number| {
                    let (source, sink) = self.pair(number);
                    json!({
                        "id": Kind::Connection.id(number).to_string(),
                        "source": org_name(source),
                        "sink": org_name(sink),
                        "types": [shared(number).as_str()],
                        "created_by": email(source),
                    })
                }).collect::<Value>(),
            })
        });
        json!({"accounts": accounts.collect::<Value>()})
    }

    /// Writes everyone into a new database, past the ledger's writer: nobody would wait for millions of
    /// audited changes.
    pub(crate) fn write(self, path: &Path) -> Result<(), Failure> {
        Ledger::create(&DatabaseAddress::Sqlite(path.to_owned()), LedgerOptions::default())?.close();
        let mut connection = Connection::open(path)?;
        connection.execute_batch(
            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; \
             PRAGMA cache_size = -1000000;",
        )?;
        let transaction = connection.transaction()?;
        self.insert_orgs(&transaction)?;
        self.insert_users(&transaction)?;
        self.insert_keys(&transaction)?;
        self.insert_connections(&transaction)?;
        Ok(transaction.commit()?)
    }

    fn insert_orgs(self, into: &Connection) -> rusqlite::Result<()> {
        let mut insert = into.prepare("INSERT INTO account VALUES (?1, ?2, ?3)")?;
        for number in 0..self.orgs / ORGS_OF_ACCOUNT {
            let id = Kind::Account.id(number).to_string();
            insert.execute(params![id, account_name(number), made_at(number)])?;
        }
        let mut insert =
            into.prepare("INSERT INTO org VALUES (?1, ?2, NULL, ?1, ?3, 0, ?4, ?4, 'datadoghq.com')")?;
        for number in 0..self.orgs {
            let id = Kind::Org.id(number).to_string();
            let account = Kind::Account.id(number / ORGS_OF_ACCOUNT).to_string();
            insert.execute(params![id, account, org_name(number), made_at(number)])?;
        }
        Ok(())
    }

    fn insert_users(self, into: &Connection) -> rusqlite::Result<()> {
        let sql = "INSERT INTO app_user VALUES (?1, ?2, ?3, ?4, 'person', ?5, 0, ?6, ?6)";
        let mut insert = into.prepare(sql)?;
        let role = ManagedRole::Admin.id().to_string();
        for number in 0..self.orgs {
            let (id, org) = (Kind::User.id(number).to_string(), Kind::Org.id(number).to_string());
            insert.execute(params![id, org, user_name(number), email(number), role, made_at(number)])?;
        }
        Ok(())
    }

    fn insert_keys(self, into: &Connection) -> rusqlite::Result<()> {
        let sql = "INSERT INTO api_key (id, org_id, name, digest, last4, created_at_us) \
                   VALUES (?1, ?2, 'bench', ?3, ?4, ?5)";
        let mut insert_api_key = into.prepare(sql)?;
        let mut insert_application_key =
            into.prepare("INSERT INTO application_key VALUES (?1, ?2, 'bench', ?3, ?4, NULL, ?5)")?;
        for number in self.keyed() {
            let Keys { api_key, application_key } = Self::keys(number);
            let id = Kind::Key.id(number).to_string();
            let (org, user) = (Kind::Org.id(number).to_string(), Kind::User.id(number).to_string());
            let (digest, last4) = (hexadecimal(&api_key.digest()), api_key.last4());
            insert_api_key.execute(params![id, org, digest, last4.as_str(), made_at(number)])?;
            let (digest, last4) = (hexadecimal(&application_key.digest()), application_key.last4());
            insert_application_key.execute(params![id, user, digest, last4.as_str(), made_at(number)])?;
        }
        Ok(())
    }

    fn insert_connections(self, into: &Connection) -> rusqlite::Result<()> {
        let sql = "INSERT INTO org_connection VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)";
        let mut insert = into.prepare(sql)?;
        for number in 0..self.connections() {
            let (source, sink) = self.pair(number);
            insert.execute(params![
                Kind::Connection.id(number).to_string(),
                Kind::Org.id(source).to_string(),
                Kind::Org.id(sink).to_string(),
                shared(number).as_str(),
                Kind::User.id(source).to_string(),
                made_at(number),
            ])?;
        }
        Ok(())
    }
}

fn account_name(number: u64) -> String {
    format!("Account {number}")
}

fn org_name(number: u64) -> String {
    format!("Org {number}")
}

fn user_name(org: u64) -> String {
    format!("User {org}")
}

fn email(org: u64) -> String {
    format!("user-{org}@example.com")
}

/// When the thing with a number was made, in microseconds since 1970.
fn made_at(number: u64) -> u64 {
    (BEGINNING_MS + number) * 1_000
}

/// A digest as storage holds it.
pub(crate) fn hexadecimal(digest: &KeyDigest) -> String {
    digest.as_bytes().iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// What the connection with a number shares.
fn shared(number: u64) -> ConnectionType {
    let types = ConnectionType::ALL;
    types[(number % types.len() as u64) as usize]
}

/// The org that stands `steps` behind another in the ring of its account.
fn neighbour(org: u64, steps: u64) -> u64 {
    let place = org % ORGS_OF_ACCOUNT;
    org - place + (place + steps) % ORGS_OF_ACCOUNT
}

/// What an id names.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Account,
    Org,
    User,
    Key,
    Connection,
}

impl Kind {
    /// The id of the thing with a number, always the same: a UUID of version 7, since indexes of SQLite are
    /// filled many times faster where ids ascend.
    fn id(self, number: u64) -> Uuid {
        let mut random = fastrand::Rng::with_seed(number * 8 + self as u64);
        let bytes = std::array::from_fn(|_| random.u8(..));
        uuid::Builder::from_unix_timestamp_millis(BEGINNING_MS + number, &bytes).into_uuid()
    }
}
