//! A store that all replicas count in, Redis or Valkey, so that together they take exactly what a limit allows.
//!
//! A request costs one round trip, in which a script looks at the window and counts. Where an answer takes longer than
//! [`PATIENCE`] or none comes, the store is left alone at once, and each replica takes its share as if there were none;
//! after [`RETRY_INTERVAL`] it is tried again, beside the requests and never by one of them.
//!
//! In the window in which the store is lost or found again, what was counted on the other side is not known to this one.
//! So in that one window a limit may be passed, by no more than itself.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, RedisError,
    Script,
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Notify;

use super::Quota;
use super::windows::Usage;

/// How long a request waits for the store.
const PATIENCE: Duration = Duration::from_millis(50);

/// How long it is left alone after it was lost.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// How long a connection to it may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// What our keys begin with, for whoever shares a store with others.
const PREFIX: &str = "orgbridge:rate_limit:";

/// Counts a request if the window takes it, and says how many it holds, whether this one is among them, and in how many
/// milliseconds it closes. A window without an end, which nobody leaves behind, is given one.
const COUNT: &str = "\
local used = tonumber(redis.call('GET', KEYS[1]) or '0')
local limit, period = tonumber(ARGV[1]), tonumber(ARGV[2])
local admitted = used < limit and 1 or 0
if admitted == 1 then
  used = redis.call('INCR', KEYS[1])
end
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  redis.call('PEXPIRE', KEYS[1], period)
  left = period
end
return {used, admitted, left}";

/// Where a store is: `redis://host:6379/0`, or `rediss://` with TLS. A password never stands in it.
#[derive(Clone)]
pub struct StoreAddress {
    text: String,
    info: ConnectionInfo,
}

/// The text is no [`StoreAddress`]. It is not repeated, since it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no address of a store, such as redis://127.0.0.1:6379/0")]
pub struct NotAStore;

impl FromStr for StoreAddress {
    type Err = NotAStore;

    fn from_str(text: &str) -> Result<Self, NotAStore> {
        let is_known = ["redis://", "rediss://"].iter().any(|scheme| text.starts_with(scheme));
        // Behind these marks one can ask for less than TLS promises.
        if !is_known || text.contains(['#', '?']) {
            return Err(NotAStore);
        }
        let info = text.into_connection_info().map_err(|_| NotAStore)?;
        if info.redis_settings().password().is_some() {
            return Err(NotAStore);
        }
        Ok(Self { text: text.to_owned(), info })
    }
}

impl StoreAddress {
    /// Whether what is said, a password too, passes in clear between this machine and another.
    pub fn passes_others_in_clear(&self) -> bool {
        let ConnectionAddr::Tcp(host, _) = self.info.addr() else { return false };
        let is_here =
            host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        !is_here
    }
}

impl fmt::Display for StoreAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl fmt::Debug for StoreAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "StoreAddress({})", self.text)
    }
}

impl PartialEq for StoreAddress {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for StoreAddress {}

/// The store, as far as it is there.
pub struct RateStore {
    address: StoreAddress,
    client: Client,
    count: Script,
    connection: Mutex<Option<MultiplexedConnection>>,
    lost: Notify,
    patience: Duration,
}

impl RateStore {
    /// A store to which nobody has connected yet.
    ///
    /// # Errors
    /// [`NotAStore`] if the client can't use the address.
    pub fn new(address: StoreAddress, password: Option<&SecretString>) -> Result<Arc<Self>, NotAStore> {
        Self::with_patience(address, password, PATIENCE)
    }

    /// The same, for which requests wait longer: in tests on a machine that is busy with other things.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_patience(
        address: StoreAddress,
        password: Option<&SecretString>,
        patience: Duration,
    ) -> Result<Arc<Self>, NotAStore> {
        let mut info = address.info.clone();
        if let Some(password) = password {
            let settings = info.redis_settings().clone().set_password(password.expose_secret());
            info = info.set_redis_settings(settings);
        }
        Ok(Arc::new(Self {
            client: Client::open(info).map_err(|_| NotAStore)?,
            count: Script::new(COUNT),
            connection: Mutex::new(None),
            lost: Notify::new(),
            address,
            patience,
        }))
    }

    /// Whether requests are counted there now.
    pub fn is_there(&self) -> bool {
        self.connection().is_some()
    }

    /// Connects, and connects again whenever the store was lost, for as long as it is waited for.
    pub async fn keep_connected(&self) {
        let mut is_known_to_be_gone = false;
        loop {
            let lost = self.lost.notified();
            match self.connect().await {
                Ok(connection) => {
                    is_known_to_be_gone = false;
                    *self.connection.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection);
                    tracing::info!(store = %self.address, "rate limits are counted in the store");
                    lost.await;
                }
                Err(error) if !is_known_to_be_gone => {
                    is_known_to_be_gone = true;
                    tracing::warn!(
                        store = %self.address, %error,
                        "the store of the rate limits can't be reached; each replica takes its share meanwhile"
                    );
                }
                Err(_) => {}
            }
            tokio::time::sleep(RETRY_INTERVAL).await;
        }
    }

    async fn connect(&self) -> Result<MultiplexedConnection, RedisError> {
        let configuration = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(CONNECT_TIMEOUT));
        let mut connection = self.client.get_multiplexed_async_connection_with_config(&configuration).await?;
        // One that doesn't count for us is none.
        let mut probe = self.count.key(format!("{PREFIX}probe"));
        probe.arg(1).arg(1000).invoke_async::<(u32, u8, u64)>(&mut connection).await?;
        Ok(connection)
    }

    /// Counts a request of whoever `key` names, if their window takes it. `None` if the store is not there.
    pub(super) async fn count(&self, key: &str, quota: Quota) -> Option<Usage> {
        let mut connection = self.connection()?;
        let (requests, period) = (quota.requests.get(), quota.period());
        let mut invocation = self.count.key(format!("{PREFIX}{key}"));
        invocation.arg(requests).arg(u64::from(quota.period_seconds.get()) * 1000);
        let counted = invocation.invoke_async::<(u32, u8, u64)>(&mut connection);
        let why = match tokio::time::timeout(self.patience, counted).await {
            Ok(Ok((used, admitted, left))) => {
                return Some(Usage {
                    remaining: requests.saturating_sub(used),
                    closes_in: Duration::from_millis(left).min(period),
                    is_admitted: admitted == 1,
                });
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("it did not answer within {} ms", self.patience.as_millis()),
        };
        self.lose(&why);
        None
    }

    fn connection(&self) -> Option<MultiplexedConnection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Leaves the store alone. Whoever finds it lost already says nothing.
    fn lose(&self, why: &str) {
        let before = self.connection.lock().unwrap_or_else(PoisonError::into_inner).take();
        if before.is_some() {
            tracing::warn!(
                store = %self.address, why,
                "the store of the rate limits is lost; each replica takes its share meanwhile"
            );
            self.lost.notify_one();
        }
    }
}

impl fmt::Debug for RateStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RateStore").field("address", &self.address).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_server_and_no_password() {
        for text in ["redis://127.0.0.1", "redis://127.0.0.1:6380/3", "rediss://user@store.example.com:6379"]
        {
            let address: StoreAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
        }
        for text in [
            "",
            "store.example.com",
            "http://127.0.0.1",
            "redis://",
            "redis+unix:///tmp/socket",
            "unix:///tmp/socket",
            "redis://:hunter2@127.0.0.1",
            "redis://user:hunter2@127.0.0.1",
            "rediss://127.0.0.1/#insecure",
            "redis://127.0.0.1/?protocol=resp3",
        ] {
            assert_eq!(text.parse::<StoreAddress>(), Err(NotAStore), "{text}");
        }
    }

    #[test]
    fn what_is_said_passes_in_clear_only_without_tls_and_to_another_machine() {
        for (text, passes_in_clear) in [
            ("redis://store.example.com", true),
            ("redis://192.0.2.1:6380/3", true),
            ("redis://[2001:db8::1]", true),
            ("redis://127.0.0.1", false),
            ("redis://[::1]:6379", false),
            ("redis://localhost", false),
            ("rediss://store.example.com", false),
        ] {
            let address: StoreAddress = text.parse().unwrap();
            assert_eq!(address.passes_others_in_clear(), passes_in_clear, "{text}");
        }
    }
}
