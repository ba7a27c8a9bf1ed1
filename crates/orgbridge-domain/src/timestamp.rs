//! Points in time.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Microseconds since 1970-01-01T00:00:00Z, by the wall clock of the process that decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The first point in time that is kept: the start of the year 1.
    pub const MIN: Self = Self(-62_135_596_800_000_000);
    /// The last point in time that is kept: the start of the year 9999.
    pub const MAX: Self = Self(253_370_764_800_000_000);

    /// The point in time that lies `micros` microseconds after 1970, moved into [`Self::MIN`]`..=`[`Self::MAX`].
    pub fn from_micros(micros: i64) -> Self {
        Self(micros.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// The point in time that lies `span` later.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        let span = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_add(span))
    }

    /// How much later than `earlier` it is; nothing if it isn't.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Microseconds since 1970.
    pub const fn micros(self) -> i64 {
        self.0
    }

    fn civil(self) -> jiff::civil::DateTime {
        // `from_micros` is the only way in, and it keeps to years that jiff can name.
        let timestamp = jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        jiff::tz::Offset::UTC.to_datetime(timestamp)
    }

    /// The form of the real service's first API version: `2023-01-31 12:00:00`, in UTC.
    ///
    /// Source: contract, section 4.
    pub fn to_spaced(self) -> String {
        self.civil().strftime("%Y-%m-%d %H:%M:%S").to_string()
    }
}

/// RFC 3339 with microseconds and a numeric offset: `2025-08-26T20:19:36.177236+00:00`.
///
/// Every answer shows two of these, so the digits are put in place without the machinery of `write!`.
///
/// Source: contract, section 1.
impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let civil = self.civil();
        let mut text = *b"0000-00-00T00:00:00.000000+00:00";
        for (end, number) in [
            (4, i32::from(civil.year())),
            (7, i32::from(civil.month())),
            (10, i32::from(civil.day())),
            (13, i32::from(civil.hour())),
            (16, i32::from(civil.minute())),
            (19, i32::from(civil.second())),
            (26, civil.subsec_nanosecond() / 1000),
        ] {
            put_digits(&mut text[..end], number);
        }
        // Only digits were put in.
        formatter.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

/// The text is no point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a time of RFC 3339, such as 2025-08-26T20:19:36Z")]
pub struct NotATime;

/// RFC 3339 with any offset. What is finer than a microsecond is left out.
impl FromStr for Timestamp {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        let time: jiff::Timestamp = text.parse().map_err(|_| NotATime)?;
        Ok(Self::from_micros(time.as_microsecond()))
    }
}

/// Writes a number that is not negative so that it ends where `text` ends, over the zeros that stand there.
fn put_digits(text: &mut [u8], mut number: i32) {
    for place in text.iter_mut().rev() {
        if number == 0 {
            return;
        }
        *place = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_shown_with_microseconds_and_a_numeric_offset() {
        let time = Timestamp::from_micros(1_756_239_576_177_236);
        assert_eq!(time.to_string(), "2025-08-26T20:19:36.177236+00:00");
        assert_eq!(time.to_spaced(), "2025-08-26 20:19:36");
    }

    #[test]
    fn a_time_is_read_with_any_offset() {
        for text in [
            "2025-08-26T20:19:36.177236+00:00",
            "2025-08-26T20:19:36.177236Z",
            "2025-08-26T22:19:36.1772369+02:00",
        ] {
            assert_eq!(text.parse(), Ok(Timestamp::from_micros(1_756_239_576_177_236)), "{text}");
        }
        for text in ["", "2025-08-26", "2025-08-26T20:19:36", "2025-13-26T20:19:36Z", "1756239576"] {
            assert_eq!(text.parse::<Timestamp>(), Err(NotATime), "{text}");
        }
    }

    #[test]
    fn the_ends_of_time_are_shown_too() {
        assert_eq!(Timestamp::from_micros(i64::MIN).to_string(), "0001-01-01T00:00:00.000000+00:00");
        assert_eq!(Timestamp::from_micros(i64::MAX).to_string(), "9999-01-01T00:00:00.000000+00:00");
    }
}
