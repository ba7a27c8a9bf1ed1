//! Where an issuer may be asked.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::Uri;

/// A URL that nobody between here and there can answer for: `https`, or `http` on this machine. It has no user, query or
/// fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecureUrl(String);

/// The text is no such URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a URL such as https://login.example.com/tenant; http is taken for a loopback address alone")]
pub struct NotASecureUrl;

impl SecureUrl {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host and the port, if there is one.
    pub fn host(&self) -> &str {
        let (_, rest) = self.0.split_once("://").unwrap_or_default();
        rest.split('/').next().unwrap_or_default()
    }

    /// All before the path.
    pub fn origin(&self) -> &str {
        let path =
            self.0.find("://").and_then(|scheme| self.0[scheme + 3..].find('/').map(|at| scheme + 3 + at));
        path.map_or(&self.0, |path| &self.0[..path])
    }

    /// The URL of something at a well-known place under this one.
    pub(crate) fn under(&self, place: &str) -> Self {
        Self(format!("{}/.well-known/{place}", self.0.trim_end_matches('/')))
    }
}

impl FromStr for SecureUrl {
    type Err = NotASecureUrl;

    fn from_str(text: &str) -> Result<Self, NotASecureUrl> {
        let uri: Uri = text.parse().map_err(|_| NotASecureUrl)?;
        let authority = uri.authority().ok_or(NotASecureUrl)?.as_str();
        let host = uri.host().ok_or(NotASecureUrl)?;
        let is_safe = match uri.scheme_str() {
            Some("https") => !host.is_empty(),
            Some("http") => is_loopback(host),
            _ => false,
        };
        // Nothing in a host may mean something where hosts are listed, as in the policy of a page.
        let is_mark = |byte: u8| matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']');
        let is_plain = authority.bytes().all(|byte| byte.is_ascii_alphanumeric() || is_mark(byte))
            && uri.query().is_none()
            && !text.contains(['#', '?']);
        if is_safe && is_plain { Ok(Self(text.to_owned())) } else { Err(NotASecureUrl) }
    }
}

impl fmt::Display for SecureUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

/// A name, even `localhost`, is whatever somebody's resolver says.
fn is_loopback(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_asked_where_nobody_can_answer_for_it() {
        for text in [
            "https://login.example.com",
            "https://login.example.com/tenant/v2.0",
            "https://login.example.com:8443/",
            "http://127.0.0.1:9000",
            "http://[::1]:9000/tenant",
        ] {
            assert_eq!(text.parse::<SecureUrl>().map(|url| url.to_string()), Ok(text.to_owned()));
        }
        for text in [
            "",
            "login.example.com",
            "/tenant",
            "http://login.example.com",
            "http://localhost:9000",
            "http://127.0.0.1.example.com",
            "http://10.0.0.1",
            "ftp://login.example.com",
            "https://",
            "https://user@login.example.com",
            "https://user:secret@login.example.com",
            "https://login.example.com?tenant=1",
            "https://login.example.com/?",
            "https://login.example.com/#a",
            "https://login.example.com;script-src",
        ] {
            assert_eq!(text.parse::<SecureUrl>(), Err(NotASecureUrl), "{text}");
        }
    }

    #[test]
    fn an_origin_ends_where_the_path_begins() {
        for (text, host) in [
            ("https://login.example.com", "login.example.com"),
            ("https://login.example.com/tenant/v2.0", "login.example.com"),
            ("http://[::1]:9000/tenant", "[::1]:9000"),
        ] {
            let url: SecureUrl = text.parse().unwrap();
            assert_eq!(url.host(), host);
            assert!(text.starts_with(url.origin()) && url.origin().ends_with(host), "{}", url.origin());
        }
    }

    #[test]
    fn a_well_known_place_follows_the_path() {
        for issuer in ["https://login.example.com/tenant", "https://login.example.com/tenant/"] {
            let place = issuer.parse::<SecureUrl>().unwrap().under("openid-configuration");
            assert_eq!(place.as_str(), "https://login.example.com/tenant/.well-known/openid-configuration");
        }
    }
}
