//! What a caller is told of their limit.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::windows::Usage;
use super::{LimitName, Quota, RateLimits};

// hyper writes them in lower case on HTTP/1.1, where one client matches the case.
const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const PERIOD: HeaderName = HeaderName::from_static("x-ratelimit-period");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
const NAME: HeaderName = HeaderName::from_static("x-ratelimit-name");

/// How a caller stands with a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    name: LimitName,
    quota: Option<Quota>,
    remaining: u32,
    reset_seconds: u32,
    is_admitted: bool,
}

impl Standing {
    pub(super) fn new(name: LimitName, quota: Quota, usage: Usage) -> Self {
        let Usage { remaining, closes_in, is_admitted } = usage;
        // Rounded up, or a client that waits for as long as it is told would come too early.
        let reset_seconds = closes_in.as_secs() + u64::from(closes_in.subsec_nanos() > 0);
        let reset_seconds = u32::try_from(reset_seconds).unwrap_or(u32::MAX);
        Self { name, quota: Some(quota), remaining, reset_seconds, is_admitted }
    }

    /// The standing with a limit that is off. It is shown as one that is never reached, since every answer
    /// carries the headers and clients read numbers from them.
    pub(super) const fn unlimited(name: LimitName) -> Self {
        Self { name, quota: None, remaining: u32::MAX, reset_seconds: 0, is_admitted: true }
    }

    /// Which limit it is.
    pub(crate) const fn name(&self) -> LimitName {
        self.name
    }

    /// Whether the request is within the limit.
    ///
    /// # Errors
    /// [`Exhausted`] if it is not.
    pub(crate) fn check(&self) -> Result<(), Exhausted> {
        match self.quota {
            Some(quota) if !self.is_admitted => Err(Exhausted::new(self.name, quota, self.reset_seconds)),
            _ => Ok(()),
        }
    }

    pub(super) fn write(&self, headers: &mut HeaderMap) {
        headers.insert(REMAINING, self.remaining.into());
        headers.insert(RESET, self.reset_seconds.into());
    }
}

/// A limit is used up. Source of the words: contract, section 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "Rate limit of {} requests in {} seconds reached. Please try again later.",
    quota.requests, quota.period_seconds
)]
pub(crate) struct Exhausted {
    /// Which limit it is.
    name: LimitName,
    /// What the limit allows.
    quota: Quota,
    /// Seconds until the window opens again, rounded up.
    pub(crate) reset_seconds: u32,
}

impl Exhausted {
    pub(crate) const fn new(name: LimitName, quota: Quota, reset_seconds: u32) -> Self {
        Self { name, quota, reset_seconds }
    }

    /// Which limit, and when it opens again.
    pub(crate) fn detail(&self) -> String {
        let Self { name, reset_seconds, .. } = self;
        let unit = if *reset_seconds == 1 { "second" } else { "seconds" };
        format!("the limit {} opens again in {reset_seconds} {unit}", name.as_str())
    }
}

/// The headers that are the same for every answer under one limit, made once.
#[derive(Debug)]
pub(super) struct FixedHeaders {
    limit: HeaderValue,
    period: HeaderValue,
    name: HeaderValue,
}

impl FixedHeaders {
    pub(super) fn of(name: LimitName, limits: &RateLimits) -> Self {
        let quota = limits.quota(name);
        Self {
            limit: quota.map_or(u32::MAX, |quota| quota.requests.get()).into(),
            period: quota.map_or(1, |quota| quota.period_seconds.get()).into(),
            name: HeaderValue::from_static(name.as_str()),
        }
    }

    pub(super) fn write(&self, headers: &mut HeaderMap) {
        headers.insert(LIMIT, self.limit.clone());
        headers.insert(PERIOD, self.period.clone());
        headers.insert(NAME, self.name.clone());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_rest_of_a_window_is_rounded_up_to_whole_seconds() {
        let reset = |closes_in| {
            let usage = Usage { remaining: 0, closes_in, is_admitted: false };
            Standing::new(LimitName::Validate, Quota::new(1, 60).unwrap(), usage).reset_seconds
        };
        assert_eq!(reset(Duration::ZERO), 0);
        assert_eq!(reset(Duration::from_nanos(1)), 1);
        assert_eq!(reset(Duration::from_secs(7)), 7);
        assert_eq!(reset(Duration::from_millis(7_001)), 8);
    }
}
