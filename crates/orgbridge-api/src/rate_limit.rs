//! How many requests are taken, and in how long.
//!
//! Limits are windows of fixed length, counted per caller and limit name. A token bucket, such as the
//! `governor` crate has, would let traffic through more evenly, but clients plan by the headers: they wait
//! for `reset` seconds and expect the whole of `limit` again, and a bucket has no such moment.
//!
//! Where several replicas serve one ledger, each takes its share of every limit ([`division`]), or all count in one store
//! ([`store`]). Answers show the whole limit either way, which is what the operator promises and what refusals speak of;
//! `remaining` is what the replica that answers still takes by itself, so that whoever trusts it is never refused by the
//! same one.
//!
//! Source: contract, section 3.

mod division;
mod limits;
mod split;
mod standing;
mod store;
mod windows;

use std::fmt::{self, Display};
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use orgbridge_domain::OrgId;

use division::Share;
pub use limits::{LimitName, NotALimitName, Quota, RateLimits};
pub use split::Split;
use standing::FixedHeaders;
pub(crate) use standing::{Exhausted, Standing};
pub use store::{NotAStore, RateStore, StoreAddress};
use windows::{Usage, Windows};

/// How many windows of orgs are kept at the most.
const MAX_ORG_WINDOWS: usize = 1 << 20;

/// How many windows of addresses are kept at the most. They are apart from those of orgs, so that strangers
/// can't push those out.
const MAX_ADDRESS_WINDOWS: usize = 1 << 18;

/// Counts requests against the limits.
#[derive(Debug)]
pub(crate) struct Limiter {
    split: Arc<Split>,
    store: Option<Arc<RateStore>>,
    fixed_headers: Vec<FixedHeaders>,
    orgs: Windows<(LimitName, OrgId)>,
    addresses: Windows<(LimitName, Network)>,
}

/// Whose window a request is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Payer {
    /// That of an org.
    Org(OrgId),
    /// That of a client's address.
    Address(IpAddr),
    /// Nobody's: it is answered before anybody was looked up.
    Nobody,
}

impl Limiter {
    pub(crate) fn new(split: Arc<Split>, store: Option<Arc<RateStore>>) -> Self {
        let limits = split.limits();
        let longest = limits.longest_period();
        Self {
            fixed_headers: LimitName::ALL.iter().map(|name| FixedHeaders::of(*name, limits)).collect(),
            orgs: Windows::new(MAX_ORG_WINDOWS, longest),
            addresses: Windows::new(MAX_ADDRESS_WINDOWS, longest),
            split,
            store,
        }
    }

    /// Counts a request.
    pub(crate) async fn charge(&self, name: LimitName, payer: Payer, now: Duration) -> Standing {
        let Some(quota) = self.split.limits().quota(name) else { return Standing::unlimited(name) };
        let usage = match payer {
            Payer::Org(org) => self.count(&self.orgs, name, org, quota, now).await,
            Payer::Address(address) => {
                self.count(&self.addresses, name, Network::of(address), quota, now).await
            }
            Payer::Nobody => {
                Usage { remaining: quota.requests.get(), closes_in: Duration::ZERO, is_admitted: true }
            }
        };
        Standing::new(name, quota, usage)
    }

    /// Counts a request where all replicas count, if that is there, and by itself otherwise.
    async fn count<W: Copy + Display + Eq + Hash>(
        &self,
        windows: &Windows<(LimitName, W)>,
        name: LimitName,
        whose: W,
        quota: Quota,
        now: Duration,
    ) -> Usage {
        let key = (name, whose);
        let refused = |closes_in| Usage { remaining: 0, closes_in, is_admitted: false };
        if let Some(store) = &self.store {
            // A refusal costs less than the call: nobody is asked twice about a window that takes nothing more.
            if let Some(closes_in) = windows.shut_for(&key, now) {
                return refused(closes_in);
            }
            if let Some(usage) = store.count(&format!("{name}:{whose}"), quota).await {
                windows.follow(key, usage.is_admitted, usage.closes_in, now);
                return usage;
            }
        }
        match self.split.share(name, now) {
            Share::Of(requests) => windows.charge(key, requests, quota.period(), now),
            Share::NotBefore(wait) => refused(wait),
        }
    }

    /// Puts the five headers of `standing` on an answer.
    pub(crate) fn describe(&self, standing: &Standing, headers: &mut HeaderMap) {
        self.fixed_headers[standing.name() as usize].write(headers);
        standing.write(headers);
    }
}

/// Whom an address stands for: itself, or, in IPv6, the /64 network that providers give to one customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Network(IpAddr);

impl Network {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(address.into()),
            IpAddr::V6(address) => Self(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into()),
        }
    }
}

impl Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const NOW: Duration = Duration::from_secs(100);

    fn limiter(requests: u32) -> Limiter {
        let quota = Quota::new(requests, 60).unwrap();
        let limits = RateLimits::off();
        alone(LimitName::ALL.iter().fold(limits, |limits, name| limits.with(*name, Some(quota))))
    }

    fn alone(limits: RateLimits) -> Limiter {
        Limiter::new(Arc::new(Split::alone(limits)), None)
    }

    #[tokio::test]
    async fn callers_and_limits_are_counted_apart() {
        let limiter = limiter(1);
        let [one, other] = [1, 2].map(|number| OrgId::new(Uuid::from_u128(number)));
        let admits = async |name, org| limiter.charge(name, Payer::Org(org), NOW).await.check().is_ok();
        assert!(admits(LimitName::OrgConnectionsRead, one).await);
        assert!(!admits(LimitName::OrgConnectionsRead, one).await);
        assert!(admits(LimitName::OrgConnectionsWrite, one).await);
        assert!(admits(LimitName::OrgConnectionsRead, other).await);
    }

    #[test]
    fn an_address_has_one_window_however_it_is_written() {
        let network = |text: &str| Network::of(text.parse().unwrap());
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:0:0:2"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
    }

    #[tokio::test]
    async fn a_limit_that_is_off_admits_everything_and_still_has_headers() {
        let limiter = alone(RateLimits::off());
        let mut headers = HeaderMap::new();
        for _ in 0..10_000 {
            let payer = Payer::Address([127, 0, 0, 1].into());
            let standing = limiter.charge(LimitName::UnknownRoute, payer, NOW).await;
            assert!(standing.check().is_ok());
            limiter.describe(&standing, &mut headers);
        }
        assert_eq!(headers["x-ratelimit-name"], "unknown_route");
        assert_eq!(headers["x-ratelimit-limit"], u32::MAX.to_string());
        assert_eq!(headers["x-ratelimit-remaining"], u32::MAX.to_string());
        assert_eq!(headers["x-ratelimit-reset"], "0");
        assert_eq!(headers["x-ratelimit-period"], "1");
    }
}
