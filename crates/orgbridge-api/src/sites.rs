//! Which sites a deployment answers for, and which of them a request asks.
//!
//! The API of a site is at the host `api.` and the site's name. Which host was asked says the authority of the
//! request: `:authority` of HTTP/2, the target of HTTP/1.1 where that is a whole URL, and else the header `Host`.

use axum::extract::Request;
use axum::http::header;
use orgbridge_domain::{Site, SiteScope};

use crate::error::ApiError;

/// What stands before a site's name in the name of its API host.
const API: &[u8; 4] = b"api.";

/// The sites that a deployment answers for. Without any, it answers whichever host is asked, for orgs of every
/// site.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sites(Vec<Site>);

impl Sites {
    /// Each of them, in the order in which they were given.
    pub fn iter(&self) -> impl Iterator<Item = Site> {
        self.0.iter().copied()
    }

    /// Which orgs a request can be about.
    ///
    /// # Errors
    /// [`ApiError::Misdirected`] if it asks a host that is none of these sites'.
    pub(crate) fn asked(&self, request: &Request) -> Result<SiteScope, ApiError> {
        if self.0.is_empty() {
            return Ok(SiteScope::Any);
        }
        let site = host(request).and_then(|host| self.at(host)).ok_or(ApiError::Misdirected)?;
        Ok(SiteScope::Only(site))
    }

    /// The site whose API host this is. What a stranger wrote is compared, and kept nowhere.
    fn at(&self, host: &[u8]) -> Option<Site> {
        let (api, name) = without_port(host)?.split_first_chunk::<{ API.len() }>()?;
        let is_asked = |site: &Site| site.as_str().as_bytes().eq_ignore_ascii_case(name);
        if api.eq_ignore_ascii_case(API) { self.iter().find(is_asked) } else { None }
    }
}

/// A site that is given twice counts once.
impl FromIterator<Site> for Sites {
    fn from_iter<I: IntoIterator<Item = Site>>(sites: I) -> Self {
        let mut known = Vec::new();
        for site in sites {
            if !known.contains(&site) {
                known.push(site);
            }
        }
        Self(known)
    }
}

/// The host that a request asks, with its port, if it says so once.
fn host(request: &Request) -> Option<&[u8]> {
    if let Some(authority) = request.uri().authority() {
        return Some(authority.as_str().as_bytes());
    }
    let mut hosts = request.headers().get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(only), None) => Some(only.as_bytes()),
        _ => None,
    }
}

fn without_port(host: &[u8]) -> Option<&[u8]> {
    let Some(colon) = host.iter().position(|byte| *byte == b':') else { return Some(host) };
    let (name, port) = host.split_at(colon);
    port[1..].iter().all(u8::is_ascii_digit).then_some(name)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn site(name: &str) -> Site {
        name.parse().unwrap()
    }

    fn sites() -> Sites {
        ["datadoghq.com", "datadoghq.eu", "datadoghq.com"].map(site).into_iter().collect()
    }

    #[test]
    fn a_site_is_asked_at_its_api_host_in_any_case_and_at_any_port() {
        for host in ["api.datadoghq.eu", "API.DataDogHQ.EU", "api.datadoghq.eu:443", "api.datadoghq.eu:"] {
            assert_eq!(sites().at(host.as_bytes()), Some(site("datadoghq.eu")), "{host}");
        }
    }

    #[test]
    fn no_other_host_is_a_sites() {
        for host in [
            "",
            "api.",
            "api",
            "datadoghq.eu",
            "app.datadoghq.eu",
            "api.datadoghq.eu.",
            "api.datadoghq.eu.example",
            "api.api.datadoghq.eu",
            "xapi.datadoghq.eu",
            "api.us3.datadoghq.com",
            "api.datadoghq.eu:x",
            "api.datadoghq.eu:443@example.com",
            "somebody@api.datadoghq.eu",
            "127.0.0.1",
            "[::1]:443",
            "api.datadoghq.e\u{212a}",
        ] {
            assert_eq!(sites().at(host.as_bytes()), None, "{host:?}");
        }
    }

    #[test]
    fn the_authority_of_the_target_goes_before_the_header_and_two_headers_say_nothing() {
        let request = |target: &str, hosts: &[&str]| {
            let request =
                hosts.iter().fold(Request::get(target), |request, host| request.header("host", *host));
            request.body(Body::empty()).unwrap()
        };
        let (com, eu) = ("api.datadoghq.com", "api.datadoghq.eu");
        for (request, expected) in [
            (request("/", &[eu]), Some("datadoghq.eu")),
            (request("http://api.datadoghq.eu/", &[]), Some("datadoghq.eu")),
            (request("http://api.datadoghq.eu/", &[com]), Some("datadoghq.eu")),
            (request("/", &[]), None),
            (request("/", &[eu, eu]), None),
            (request("/", &[eu, com]), None),
        ] {
            let asked = sites().asked(&request).ok();
            assert_eq!(asked, expected.map(|name| SiteScope::Only(site(name))), "{request:?}");
        }
    }

    #[test]
    fn without_sites_nobody_looks_at_the_host() {
        let request = Request::get("/").body(Body::empty()).unwrap();
        assert_eq!(Sites::default().asked(&request).ok(), Some(SiteScope::Any));
    }
}
