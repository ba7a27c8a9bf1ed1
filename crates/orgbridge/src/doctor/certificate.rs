//! Whether a certificate holds, and for how long.

use std::time::Duration;

use orgbridge_domain::Timestamp;
use orgbridge_edge::Validity;
use orgbridge_ledger::doctor::Observation;

use super::{fine, remark, wrong};

const SUBJECT: &str = "certificate";

/// Whoever is told of its end so much earlier has time to get another.
const SOON: Duration = Duration::from_secs(30 * 24 * 60 * 60);

const RENEW: &str = "put another in its place, and start the server again: it reads the file once";

/// Says whether the certificate in `tls_cert` and those behind it hold `now`.
pub(super) fn look(validity: Option<Validity>, now: Timestamp) -> Observation {
    let Some(Validity { from, until }) = validity else {
        return remark(
            SUBJECT,
            "it does not say when it ends in a form that is known",
            "look by other means",
        );
    };
    let (from, until) = (since_1970(from), since_1970(until));
    if until < now {
        wrong(SUBJECT, format!("it ended at {until}"), RENEW)
    } else if now < from {
        wrong(SUBJECT, format!("it holds from {from} on"), "see whether this machine knows what time it is")
    } else if until < now.plus(SOON) {
        remark(SUBJECT, format!("it ends within thirty days, at {until}"), RENEW)
    } else {
        fine(SUBJECT, format!("it holds until {until}"))
    }
}

fn since_1970(span: Duration) -> Timestamp {
    Timestamp::from_micros(0).plus(span)
}

#[cfg(test)]
mod tests {
    use orgbridge_ledger::doctor::Judgement;

    use super::*;

    #[test]
    fn it_is_wrong_outside_of_its_time_and_near_its_end_a_remark() {
        let (began, ends, day) = (100_000_000, 200_000_000, 24 * 60 * 60);
        let validity = Some(Validity { from: Duration::from_secs(began), until: Duration::from_secs(ends) });
        for (second, judgement) in [
            (began - 1, Judgement::Wrong),
            (began, Judgement::Fine),
            (ends - 30 * day, Judgement::Fine),
            (ends - 30 * day + 1, Judgement::Remark),
            (ends, Judgement::Remark),
            (ends + 1, Judgement::Wrong),
        ] {
            let now = since_1970(Duration::from_secs(second));
            assert_eq!(look(validity, now).judgement, judgement, "{now}");
        }
        assert_eq!(look(None, since_1970(Duration::ZERO)).judgement, Judgement::Remark);
    }
}
