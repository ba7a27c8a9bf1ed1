//! How many requests are taken, and in how long.
//!
//! Limits are windows of fixed length, counted per caller and limit name. A token bucket, such as the
//! `governor` crate has, would let traffic through more evenly, but clients plan by the headers: they wait
//! for `reset` seconds and expect the whole of `limit` again, and a bucket has no such moment.
//!
//! Source: contract, section 3.

mod limits;
mod standing;
mod windows;

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use axum::http::HeaderMap;
use orgbridge_domain::OrgId;

pub use limits::{LimitName, NotALimitName, Quota, RateLimits};
use standing::FixedHeaders;
pub(crate) use standing::{Exhausted, Standing};
use windows::{Usage, Windows};

/// How many windows of orgs are kept at the most.
const MAX_ORG_WINDOWS: usize = 1 << 20;

/// How many windows of addresses are kept at the most. They are apart from those of orgs, so that strangers
/// can't push those out.
const MAX_ADDRESS_WINDOWS: usize = 1 << 18;

/// Counts requests against the limits.
#[derive(Debug)]
pub(crate) struct Limiter {
    limits: RateLimits,
    fixed_headers: Vec<FixedHeaders>,
    orgs: Windows<(LimitName, OrgId)>,
    addresses: Windows<(LimitName, Network)>,
}

impl Limiter {
    pub(crate) fn new(limits: RateLimits) -> Self {
        let longest = limits.longest_period();
        Self {
            fixed_headers: LimitName::ALL.iter().map(|name| FixedHeaders::of(*name, &limits)).collect(),
            orgs: Windows::new(MAX_ORG_WINDOWS, longest),
            addresses: Windows::new(MAX_ADDRESS_WINDOWS, longest),
            limits,
        }
    }

    /// Counts a request of `org`.
    pub(crate) fn charge_org(&self, name: LimitName, org: OrgId, now: Duration) -> Standing {
        self.standing(name, |quota| self.orgs.charge((name, org), quota, now))
    }

    /// Counts a request from `address`.
    pub(crate) fn charge_address(&self, name: LimitName, address: IpAddr, now: Duration) -> Standing {
        self.standing(name, |quota| self.addresses.charge((name, Network::of(address)), quota, now))
    }

    /// The standing of a request that is counted for nobody, since it was answered before anybody was looked up.
    pub(crate) fn uncounted(&self, name: LimitName) -> Standing {
        self.standing(name, |quota| Usage {
            remaining: quota.requests.get(),
            closes_in: Duration::ZERO,
            is_admitted: true,
        })
    }

    fn standing(&self, name: LimitName, usage: impl FnOnce(Quota) -> Usage) -> Standing {
        self.limits
            .quota(name)
            .map_or(Standing::unlimited(name), |quota| Standing::new(name, quota, usage(quota)))
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

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const NOW: Duration = Duration::from_secs(100);

    fn limiter(requests: u32) -> Limiter {
        let quota = Quota::new(requests, 60).unwrap();
        Limiter::new(
            LimitName::ALL.iter().fold(RateLimits::off(), |limits, name| limits.with(*name, Some(quota))),
        )
    }

    #[test]
    fn callers_and_limits_are_counted_apart() {
        let limiter = limiter(1);
        let [one, other] = [1, 2].map(|number| OrgId::new(Uuid::from_u128(number)));
        let admits = |name, org: OrgId| limiter.charge_org(name, org, NOW).check().is_ok();
        assert!(admits(LimitName::OrgConnectionsRead, one));
        assert!(!admits(LimitName::OrgConnectionsRead, one));
        assert!(admits(LimitName::OrgConnectionsWrite, one));
        assert!(admits(LimitName::OrgConnectionsRead, other));
    }

    #[test]
    fn an_address_has_one_window_however_it_is_written() {
        let network = |text: &str| Network::of(text.parse().unwrap());
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:0:0:2"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
    }

    #[test]
    fn a_limit_that_is_off_admits_everything_and_still_has_headers() {
        let limiter = Limiter::new(RateLimits::off());
        let mut headers = HeaderMap::new();
        for _ in 0..10_000 {
            let standing = limiter.charge_address(LimitName::UnknownRoute, [127, 0, 0, 1].into(), NOW);
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
