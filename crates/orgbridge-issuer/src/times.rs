//! When a token is good.

/// How far the clocks of the issuer and of this machine may differ, in seconds.
pub(crate) const LEEWAY: i64 = 30;

/// The times of a token, in seconds since 1970, as it has them. Source: RFC 7519, section 2, `NumericDate`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Times {
    pub(crate) expires: f64,
    pub(crate) begins: Option<f64>,
    pub(crate) issued: Option<f64>,
}

/// What is wrong with the times of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Untimely {
    Expired,
    NotYet,
    Impossible,
}

impl Times {
    /// The second from which on it is good no longer, if it is good at `now`.
    pub(crate) fn check(self, now: i64) -> Result<i64, Untimely> {
        let expires = seconds(self.expires)?;
        let begins = self.begins.map(seconds).transpose()?;
        let issued = self.issued.map(seconds).transpose()?;
        if issued.is_some_and(|issued| issued >= expires) || begins.is_some_and(|begins| begins >= expires) {
            return Err(Untimely::Impossible);
        }
        let ends = expires.saturating_add(LEEWAY);
        let earliest = begins.max(issued).map(|earliest| earliest.saturating_sub(LEEWAY));
        if now >= ends {
            Err(Untimely::Expired)
        } else if earliest.is_some_and(|earliest| now < earliest) {
            Err(Untimely::NotYet)
        } else {
            Ok(ends)
        }
    }
}

/// Whole seconds, of those that a date of the next thousands of years has.
fn seconds(number: f64) -> Result<i64, Untimely> {
    const LAST: f64 = 1e11;
    if !(0.0..LAST).contains(&number) {
        return Err(Untimely::Impossible);
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it has just been seen to fit, and parts of a second don't count"
    )]
    Ok(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_756_239_576;

    /// Expires, begins and was issued so many seconds from now.
    fn check(expires: i64, begins: Option<i64>, issued: Option<i64>) -> Result<i64, Untimely> {
        #[expect(clippy::cast_precision_loss, reason = "dates are far below 2^52")]
        let at = |offset: i64| (NOW + offset) as f64;
        Times { expires: at(expires), begins: begins.map(at), issued: issued.map(at) }.check(NOW)
    }

    #[test]
    fn a_token_is_good_between_its_times_and_half_a_minute_around_them() {
        assert_eq!(check(60, None, None), Ok(NOW + 90));
        assert_eq!(check(60, Some(0), Some(0)), Ok(NOW + 90));
        assert_eq!(check(-29, None, Some(-600)), Ok(NOW + 1));
        assert_eq!(check(-30, None, Some(-600)), Err(Untimely::Expired));
        assert_eq!(check(600, Some(30), None), Ok(NOW + 630));
        assert_eq!(check(600, Some(31), None), Err(Untimely::NotYet));
        assert_eq!(check(600, None, Some(30)), Ok(NOW + 630));
        assert_eq!(check(600, None, Some(31)), Err(Untimely::NotYet));
    }

    #[test]
    fn times_that_no_issuer_means_are_refused() {
        assert_eq!(check(60, None, Some(60)), Err(Untimely::Impossible));
        assert_eq!(check(60, Some(61), None), Err(Untimely::Impossible));
        for expires in [f64::NAN, f64::INFINITY, -1.0, 1e11, 1e300] {
            let times = Times { expires, begins: None, issued: None };
            assert_eq!(times.check(NOW), Err(Untimely::Impossible), "{expires}");
        }
        let late = Times { expires: 1e10, begins: Some(f64::NAN), issued: None };
        assert_eq!(late.check(NOW), Err(Untimely::Impossible));
    }
}
