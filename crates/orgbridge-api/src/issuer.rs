//! What a deployment is called as an authorization server.

use std::fmt;
use std::str::FromStr;

use orgbridge_domain::SiteScope;

/// The URL that clients know the authorization server by. All its calls are found behind it, and no redirect says
/// another. Source: RFC 8414, section 2; RFC 9207.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Issuer {
    /// Always this one, however the server is reached.
    Fixed(IssuerUrl),
    /// The API host of the site that is asked; this one, where a deployment has no sites.
    OfSite(IssuerUrl),
}

/// An absolute URL of `https`, or of `http` on this machine, with neither path nor query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerUrl(String);

/// The text is no issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected https:// and a host, with a port or without and nothing behind it, such as https://api.example.com; \
     http:// is taken for 127.0.0.1, [::1] and localhost"
)]
pub struct NotAnIssuer;

impl FromStr for IssuerUrl {
    type Err = NotAnIssuer;

    fn from_str(text: &str) -> Result<Self, NotAnIssuer> {
        let text = text.strip_suffix('/').unwrap_or(text);
        let uri: orgbridge_domain::RedirectUri = text.parse().map_err(|_| NotAnIssuer)?;
        let is_web = text.starts_with("https://") || text.starts_with("http://");
        if is_web && uri.origin() == text { Ok(Self(text.to_owned())) } else { Err(NotAnIssuer) }
    }
}

impl fmt::Display for IssuerUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl IssuerUrl {
    /// What a server is called that is reached where it listens.
    pub fn of_listener(scheme: &str, address: std::net::SocketAddr) -> Self {
        Self(format!("{scheme}://{address}"))
    }
}

impl Default for Issuer {
    fn default() -> Self {
        Self::OfSite(IssuerUrl("http://localhost".to_owned()))
    }
}

impl Issuer {
    /// What it is called by whoever asks this site.
    pub(crate) fn of(&self, asked: SiteScope) -> String {
        match (self, asked) {
            (Self::Fixed(url), _) | (Self::OfSite(url), SiteScope::Any) => url.0.clone(),
            (Self::OfSite(_), SiteScope::Only(site)) => format!("https://api.{}", site.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use orgbridge_domain::Site;

    use super::*;

    #[test]
    fn an_issuer_is_the_host_of_the_site_that_is_asked_unless_it_is_fixed() {
        let url: IssuerUrl = "https://api.example.com:8443/".parse().unwrap();
        let (any, site) = (SiteScope::Any, SiteScope::Only(Site::DEFAULT));
        assert_eq!(Issuer::Fixed(url.clone()).of(site), "https://api.example.com:8443");
        assert_eq!(Issuer::OfSite(url.clone()).of(any), "https://api.example.com:8443");
        assert_eq!(Issuer::OfSite(url).of(site), "https://api.datadoghq.com");
    }

    #[test]
    fn an_issuer_has_nothing_behind_its_host() {
        for text in ["http://127.0.0.1:8080", "http://localhost", "https://api.example.com"] {
            assert!(text.parse::<IssuerUrl>().is_ok(), "{text}");
        }
        for text in [
            "",
            "api.example.com",
            "http://api.example.com",
            "https://a.example/b",
            "https://a.example?b",
            "com.example:/",
        ] {
            assert_eq!(text.parse::<IssuerUrl>(), Err(NotAnIssuer), "{text}");
        }
    }
}
