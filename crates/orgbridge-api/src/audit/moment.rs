//! Points in time as the parameters of a search give them.

use orgbridge_domain::Timestamp;

/// The text is no point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a time of RFC 3339 such as 2025-08-26T20:19:36Z, milliseconds since 1970, or now, now-15m and the like in \
     s, m, h, d and w"
)]
pub(crate) struct NotAMoment;

const NOW: &str = "now";
const MICROS_PER_MILLISECOND: i64 = 1_000;
const MICROS_PER_SECOND: i64 = 1_000_000;

/// Reads a time of RFC 3339, milliseconds since 1970, or a distance from `now`.
pub(super) fn read(text: &str, now: Timestamp) -> Result<Timestamp, NotAMoment> {
    if let Some(distance) = text.strip_prefix(NOW) {
        let micros = micros_of(distance).ok_or(NotAMoment)?;
        return Ok(Timestamp::from_micros(now.micros().saturating_add(micros)));
    }
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let milliseconds: i64 = text.parse().map_err(|_| NotAMoment)?;
        return Ok(Timestamp::from_micros(milliseconds.saturating_mul(MICROS_PER_MILLISECOND)));
    }
    text.parse().map_err(|_| NotAMoment)
}

/// A distance such as `-15m`, or none at all.
fn micros_of(distance: &str) -> Option<i64> {
    if distance.is_empty() {
        return Some(0);
    }
    let (sign, rest) = match distance.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, distance.strip_prefix('+')?),
    };
    let unit = rest.chars().next_back()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        'w' => 7 * 24 * 60 * 60,
        _ => return None,
    };
    let count = rest.strip_suffix(unit)?;
    if count.is_empty() || !count.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: i64 = count.parse().ok()?;
    count.checked_mul(seconds)?.checked_mul(MICROS_PER_SECOND)?.checked_mul(sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<i64> {
        read(text, Timestamp::from_micros(1_000_000_000_000)).ok().map(Timestamp::micros)
    }

    #[test]
    fn a_moment_is_given_in_any_of_three_ways() {
        for (text, micros) in [
            ("1970-01-12T13:46:40Z", 1_000_000_000_000),
            ("1970-01-12T14:46:40.000001+01:00", 1_000_000_000_001),
            ("1000000000", 1_000_000_000_000),
            ("0", 0),
            ("now", 1_000_000_000_000),
            ("now-15m", 999_100_000_000),
            ("now+2s", 1_000_002_000_000),
            ("now-1h", 996_400_000_000),
            ("now-1d", 913_600_000_000),
            ("now-1w", 395_200_000_000),
        ] {
            assert_eq!(at(text), Some(micros), "{text}");
        }
        assert_eq!(at("9223372036854775807"), Some(Timestamp::MAX.micros()));
        assert_eq!(at("now-1000000w"), Some(Timestamp::MIN.micros()));
    }

    #[test]
    fn anything_else_is_none() {
        for text in [
            "",
            "yesterday",
            "now-",
            "now-m",
            "now-15",
            "now-15y",
            "now--1m",
            "now-1.5h",
            "now 15m",
            "now-1m/d",
            "-5",
            "+5",
            "1e9",
            "99999999999999999999",
            "now-99999999999999999w",
            "2025-08-26",
            "now-١m",
        ] {
            assert_eq!(at(text), None, "{text}");
        }
    }
}
