//! What does a call with an access token cost, next to the same call with keys?

use std::path::Path;

use orgbridge_domain::{SecretUse, TokenSecret};
use orgbridge_ledger::{Clock as _, SystemClock};
use rusqlite::{Connection, params};
use uuid::Uuid;

use crate::durable::POPULATION;
use crate::load::{self, Client};
use crate::population::{Population, hexadecimal};
use crate::read::reader;
use crate::report::{Row, per_second};
use crate::samples::median;
use crate::server::{Orgbridge, database};
use crate::{Effort, Failure, request};

/// How many clients read at the same time.
const CLIENTS: u64 = 32;

/// How long the tokens last, in microseconds: longer than any measure.
const LIFETIME_MICROS: i64 = 3_600_000_000;

pub(crate) fn measure(effort: Effort) -> Result<Vec<Row>, Failure> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ledger.db");
    POPULATION.import(&database(&path))?;
    let tokens = give_tokens(&path)?;

    let orgbridge = Orgbridge::serve(&database(&path))?;
    let with_token = |(org, token): (u64, &TokenSecret)| {
        Client::new(POPULATION.shared_by(org).map(|id| request::read_with_token(token, id)).collect())
    };
    let mut by_keys: Vec<_> = (0..CLIENTS).map(reader).collect();
    let mut by_token: Vec<_> = (0..).zip(&tokens).map(with_token).collect();
    let address = orgbridge.server.address;
    load::run(address, &mut by_keys, effort.turn / 2)?;
    load::run(address, &mut by_token, effort.turn / 2)?;

    let (mut keys_rates, mut token_rates) = (Vec::new(), Vec::new());
    for _ in 0..effort.turns {
        token_rates.push(load::run(address, &mut by_token, effort.turn)?.rate());
        keys_rates.push(load::run(address, &mut by_keys, effort.turn)?.rate());
    }
    let (token_rate, keys_rate) = (median(token_rates), median(keys_rates));
    let ratio = keys_rate / token_rate;
    Ok(vec![Row {
        measure: format!("GET of one connection with an access token, {CLIENTS} connections"),
        figure: per_second(token_rate),
        peer: format!("the same with keys: {}", per_second(keys_rate)),
        ratio: Some(ratio),
        target: "costs at most 1.2 ×".to_owned(),
        met: ratio <= 1.2,
    }])
}

/// Lets a client act for the user of each org, and returns the tokens.
fn give_tokens(path: &Path) -> Result<Vec<TokenSecret>, Failure> {
    let database = Connection::open(path)?;
    let now = SystemClock.now().micros();
    let mut random = fastrand::Rng::with_seed(7);
    let mut tokens = Vec::new();
    for org in 0..CLIENTS {
        let org = Population::org(org).to_string();
        let user: String =
            database.query_row("SELECT id FROM app_user WHERE org_id = ?1", [&org], |row| row.get(0))?;
        let [client, authorization, token] = std::array::from_fn(|_| {
            uuid::Builder::from_random_bytes(random.u128(..).to_be_bytes()).into_uuid()
        })
        .map(|id: Uuid| id.to_string());
        let secret = TokenSecret::from_random(SecretUse::Access, std::array::from_fn(|_| random.u8(..)));
        database.execute(
            "INSERT INTO oauth_client (id, org_id, name, redirect_uris, refreshes, scopes, authentication, \
             created_at_us) VALUES (?1, ?2, 'bench', 'https://app.example.com/', 0, 'org_connections_read', \
             'none', ?3)",
            params![client, org, now],
        )?;
        database.execute(
            "INSERT INTO oauth_authorization (id, client_id, user_id, scopes, code_is_spent, created_at_us, \
             expires_at_us) VALUES (?1, ?2, ?3, 'org_connections_read', 0, ?4, ?5)",
            params![authorization, client, user, now, now + LIFETIME_MICROS],
        )?;
        database.execute(
            "INSERT INTO oauth_token (id, authorization_id, user_id, kind, digest, scopes, is_spent, created_at_us, \
             expires_at_us) VALUES (?1, ?2, ?3, 'access', ?4, 'org_connections_read', 0, ?5, ?6)",
            params![token, authorization, user, hexadecimal(&secret.digest()), now, now + LIFETIME_MICROS],
        )?;
        tokens.push(secret);
    }
    Ok(tokens)
}
