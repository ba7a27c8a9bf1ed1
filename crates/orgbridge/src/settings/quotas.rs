//! The settings of each rate limit: `rate_limits.NAME.requests` and `rate_limits.NAME.period_seconds`.

use std::num::NonZeroU32;
use std::time::Duration;

use orgbridge_api::{LimitName, Quota, RateLimits};

use super::{Setting, Value};

/// Two rows of the table for each limit.
pub(super) fn settings() -> impl Iterator<Item = Setting> {
    let defaults = RateLimits::default();
    LimitName::ALL.iter().flat_map(move |name| {
        let default = defaults.quota(*name);
        [
            Setting::of::<NonZeroU32>(
                requests_key(*name),
                format!("How many requests the limit {name} takes in each of its periods."),
                default.map(|quota| quota.requests.to_string()),
            ),
            Setting::of::<Duration>(
                period_key(*name),
                format!("How long a period of the limit {name} is."),
                default.map(|quota| quota.period_seconds.to_string()),
            ),
        ]
    })
}

/// Reads every limit. `None` if one is not understood.
pub(super) fn read<'t>(chosen: impl Fn(&str) -> Option<&'t str>) -> Option<RateLimits> {
    LimitName::ALL.iter().try_fold(RateLimits::off(), |limits, name| {
        let requests = NonZeroU32::read(chosen(&requests_key(*name))?)?;
        let period = Duration::read(chosen(&period_key(*name))?)?;
        let quota = Quota::new(requests.get(), u32::try_from(period.as_secs()).ok()?);
        Some(limits.with(*name, quota))
    })
}

/// The values of [`settings`], in their order.
pub(super) fn texts(limits: &RateLimits) -> impl Iterator<Item = String> {
    let quotas = LimitName::ALL.iter().filter_map(|name| limits.quota(*name));
    quotas.flat_map(|quota| [quota.requests.to_string(), quota.period_seconds.to_string()])
}

fn requests_key(name: LimitName) -> String {
    format!("rate_limits.{name}.requests")
}

fn period_key(name: LimitName) -> String {
    format!("rate_limits.{name}.period_seconds")
}
