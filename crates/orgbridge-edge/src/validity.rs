//! When certificates hold.

use std::time::Duration;

use rustls_pki_types::CertificateDer;
use x509_cert::Certificate;
use x509_cert::der::Decode;

/// When certificates hold: from one point in time to another, both since the start of 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// From when on they all do.
    pub from: Duration,
    /// The last second in which they all do.
    pub until: Duration,
}

impl Validity {
    /// When all of these hold. `None` if there are none, or one can't be read.
    pub(crate) fn of(certificates: &[CertificateDer<'_>]) -> Option<Self> {
        let each: Vec<Self> = certificates.iter().map(Self::of_one).collect::<Option<_>>()?;
        each.into_iter()
            .reduce(|all, one| Self { from: all.from.max(one.from), until: all.until.min(one.until) })
    }

    fn of_one(certificate: &CertificateDer<'_>) -> Option<Self> {
        let read = Certificate::from_der(certificate).ok()?;
        let x509_cert::time::Validity { not_before, not_after } = read.tbs_certificate.validity;
        Some(Self { from: not_before.to_unix_duration(), until: not_after.to_unix_duration() })
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    const DAY: u64 = 86_400;

    fn between(from: i32, until: i32) -> CertificateDer<'static> {
        let mut parameters = CertificateParams::new(["localhost".to_owned()]).unwrap();
        (parameters.not_before, parameters.not_after) =
            (date_time_ymd(from, 1, 1), date_time_ymd(until, 1, 1));
        parameters.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
    }

    #[test]
    fn a_chain_holds_as_long_as_each_of_its_certificates() {
        let validity = |from: u64, until: u64| {
            let (from, until) = (Duration::from_secs(from * DAY), Duration::from_secs(until * DAY));
            Some(Validity { from, until })
        };
        assert_eq!(Validity::of(&[between(1971, 1973)]), validity(365, 3 * 365 + 1));
        assert_eq!(Validity::of(&[between(1971, 1980), between(1970, 1972)]), validity(365, 2 * 365));
        // From 2050 on the other of the two forms is written.
        assert_eq!(Validity::of(&[between(1970, 2100)]), validity(0, 130 * 365 + 32));
    }

    #[test]
    fn what_is_no_certificate_holds_at_no_known_time() {
        assert_eq!(Validity::of(&[]), None);
        assert_eq!(Validity::of(&[between(1971, 1973), CertificateDer::from(vec![0x30, 0])]), None);
    }
}
