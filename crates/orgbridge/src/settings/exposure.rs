//! What a configuration leaves open to others: it may be meant so, and whoever runs a server should know.

use orgbridge_api::StoreAddress;

use super::{Settings, Switch};

/// Something that is left open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exposure {
    /// What it is.
    pub says: &'static str,
    /// What can be done about it.
    pub advice: &'static str,
}

impl Settings {
    /// Everything that this configuration leaves open. Loopback addresses are nobody's but this machine's.
    pub fn exposures(&self) -> Vec<Exposure> {
        let is_cleartext = self.tls_cert.is_none() && !self.listen.ip().is_loopback();
        let is_told_to_anybody = self.admin_listen.is_some_and(|address| !address.ip().is_loopback());
        let is_password_read_along = self.rate_limit == Switch::On
            && self.rate_store_password_file.is_some()
            && self.rate_store.as_ref().is_some_and(StoreAddress::passes_others_in_clear);
        let all = [
            (
                is_cleartext,
                "keys pass in clear between the server and whoever calls it",
                "set tls_cert and tls_key, or see to it that nobody but a proxy reaches it",
            ),
            (
                is_told_to_anybody,
                "the admin listener answers whoever reaches it",
                "see to it that nobody but your monitoring does",
            ),
            (
                is_password_read_along,
                "the password of the rate limits' store passes in clear between the server and another machine",
                "reach it by rediss://, or see to it that nobody reads along on the way there",
            ),
            (
                self.rate_limit == Switch::Off,
                "rate limits are off, and any caller may call as often as it likes",
                "set rate_limit to on, unless this is a test",
            ),
        ];
        let open = all.into_iter().filter(|(is_open, ..)| *is_open);
        open.map(|(_, says, advice)| Exposure { says, advice }).collect()
    }
}
