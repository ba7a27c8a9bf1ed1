//! Where a browser is sent back to once a user has decided.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use fluent_uri::UriRef;

/// The most characters that a redirect URI may have.
const MAX_CHARS: usize = 2000;

/// A URI that a client is answered at. It is compared character by character and never taken apart again.
///
/// It is absolute, with the scheme `https`; or with `http` and this machine as its host; or with a scheme of a
/// program's own, which has a dot in it. It names no user, and no part of a page.
///
/// Source: RFC 6749, section 3.1.2; RFC 8252, section 7; hardening list, 21.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RedirectUri(Arc<str>);

/// Why a text is no redirect URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotARedirectUri {
    /// It is too long.
    #[error("must not be longer than {MAX_CHARS} characters")]
    TooLong,
    /// It holds what no URI holds.
    #[error("must be a URI, in which other characters than those of RFC 3986 are percent-encoded")]
    NotAUri,
    /// It names a part of a page, which browsers keep to themselves.
    #[error("must have no fragment")]
    Fragment,
    /// It holds a name or password.
    #[error("must have no user name and no password")]
    UserInfo,
    /// Nothing else can be trusted to be the client.
    #[error(
        "must begin with https://, with http:// and 127.0.0.1, [::1] or localhost, or with a scheme that has a dot, \
         such as com.example.app:/"
    )]
    Scheme,
}

impl RedirectUri {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What a browser may be sent to so that it gets there: scheme, host and port; the scheme alone where it is a
    /// program's own.
    pub fn origin(&self) -> &str {
        match self.0.split_once("://") {
            Some((scheme @ ("https" | "http"), rest)) => {
                let host = rest.find(['/', '?']).unwrap_or(rest.len());
                &self.0[..scheme.len() + "://".len() + host]
            }
            _ => self.0.split_inclusive(':').next().unwrap_or_default(),
        }
    }
}

impl FromStr for RedirectUri {
    type Err = NotARedirectUri;

    fn from_str(text: &str) -> Result<Self, NotARedirectUri> {
        if text.len() > MAX_CHARS {
            return Err(NotARedirectUri::TooLong);
        }
        if text.contains('#') {
            return Err(NotARedirectUri::Fragment);
        }
        if UriRef::parse(text).is_err() {
            return Err(NotARedirectUri::NotAUri);
        }
        let (scheme, rest) = text.split_once(':').ok_or(NotARedirectUri::Scheme)?;
        match scheme {
            "https" | "http" => {
                let rest = rest.strip_prefix("//").ok_or(NotARedirectUri::Scheme)?;
                let authority = rest.split(['/', '?']).next().unwrap_or_default();
                if authority.contains('@') {
                    return Err(NotARedirectUri::UserInfo);
                }
                let host = host_of(authority).ok_or(NotARedirectUri::NotAUri)?;
                if scheme == "http" && !["127.0.0.1", "[::1]", "localhost"].contains(&host) {
                    return Err(NotARedirectUri::Scheme);
                }
            }
            _ if is_own_scheme(scheme) && !rest.is_empty() => {
                if rest.starts_with("//") && rest.split(['/', '?']).nth(2).is_some_and(|it| it.contains('@'))
                {
                    return Err(NotARedirectUri::UserInfo);
                }
            }
            _ => return Err(NotARedirectUri::Scheme),
        }
        Ok(Self(text.into()))
    }
}

/// A scheme that a program can have for its own: the reverse of a domain name that its maker holds.
fn is_own_scheme(scheme: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".+-".contains(&byte);
    scheme.starts_with(|first: char| first.is_ascii_lowercase())
        && scheme.bytes().all(inside)
        && scheme.contains('.')
}

/// The host of an authority, if it is a name or an address in lower case, with a port or without.
fn host_of(authority: &str) -> Option<&str> {
    let end = if authority.starts_with('[') {
        authority.find(']')? + 1
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    let (host, port) = authority.split_at(end);
    let is_port = port.is_empty()
        || port.strip_prefix(':').is_some_and(|digits| {
            !digits.is_empty() && digits.parse::<u16>().is_ok_and(|port| port.to_string() == digits)
        });
    let name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    let address = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte) || byte == b':';
    let is_host = match host.strip_prefix('[').and_then(|inside| inside.strip_suffix(']')) {
        Some(inside) => inside.parse::<std::net::Ipv6Addr>().is_ok() && inside.bytes().all(address),
        None => !host.is_empty() && host.bytes().all(name),
    };
    (is_host && is_port).then_some(host)
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl fmt::Debug for RedirectUri {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_uri_is_taken_as_it_is_and_says_where_it_leads() {
        for (text, origin) in [
            ("https://app.example.com/callback", "https://app.example.com"),
            ("https://app.example.com:8443/callback?tenant=a%20b&x=1", "https://app.example.com:8443"),
            ("https://app.example.com", "https://app.example.com"),
            ("https://app.example.com?a=b", "https://app.example.com"),
            ("http://127.0.0.1:51004/", "http://127.0.0.1:51004"),
            ("http://[::1]:51004/callback", "http://[::1]:51004"),
            ("http://localhost/callback", "http://localhost"),
            ("com.example.app:/callback", "com.example.app:"),
            ("com.example.app://callback", "com.example.app:"),
        ] {
            let uri: RedirectUri = text.parse().unwrap();
            assert_eq!((uri.as_str(), uri.origin()), (text, origin));
        }
    }

    #[test]
    fn what_could_lead_elsewhere_is_none() {
        for (text, problem) in [
            ("", NotARedirectUri::Scheme),
            ("/callback", NotARedirectUri::Scheme),
            ("//app.example.com/callback", NotARedirectUri::Scheme),
            ("javascript:alert(1)", NotARedirectUri::Scheme),
            ("data:text/html,hello", NotARedirectUri::Scheme),
            ("myapp:/callback", NotARedirectUri::Scheme),
            ("com.example.app:", NotARedirectUri::Scheme),
            ("ftp://app.example.com/", NotARedirectUri::Scheme),
            ("https:app.example.com", NotARedirectUri::Scheme),
            ("HTTPS://app.example.com/", NotARedirectUri::Scheme),
            ("http://app.example.com/", NotARedirectUri::Scheme),
            ("http://127.0.0.1.example.com/", NotARedirectUri::Scheme),
            ("http://127.0.0.2/", NotARedirectUri::Scheme),
            ("https://app.example.com/#token", NotARedirectUri::Fragment),
            ("https://app.example.com@evil.example/", NotARedirectUri::UserInfo),
            ("http://localhost:80@evil.example/", NotARedirectUri::UserInfo),
            ("com.example.app://user@host/", NotARedirectUri::UserInfo),
            ("https:///callback", NotARedirectUri::NotAUri),
            ("https://App.example.com/", NotARedirectUri::NotAUri),
            ("https://app.example.com:/", NotARedirectUri::NotAUri),
            ("https://app.example.com:99999/", NotARedirectUri::NotAUri),
            ("https://app.example.com:080/", NotARedirectUri::NotAUri),
            ("https://[::1/", NotARedirectUri::NotAUri),
            ("https://app.example.com/a b", NotARedirectUri::NotAUri),
            ("https://app.example.com\\@evil.example/", NotARedirectUri::NotAUri),
            ("https://app.example.com/%zz", NotARedirectUri::NotAUri),
            ("https://app.example.com/\u{e4}", NotARedirectUri::NotAUri),
            ("https://app.example.com/[callback", NotARedirectUri::NotAUri),
            ("https://app.example.com/?a[]=b", NotARedirectUri::NotAUri),
            ("com.example.app:/[callback]", NotARedirectUri::NotAUri),
            ("https://*.example.com/", NotARedirectUri::NotAUri),
            ("https://app.example.com;x/", NotARedirectUri::NotAUri),
        ] {
            assert_eq!(text.parse::<RedirectUri>(), Err(problem), "{text}");
        }
        let long = format!("https://app.example.com/{}", "a".repeat(MAX_CHARS));
        assert_eq!(long.parse::<RedirectUri>(), Err(NotARedirectUri::TooLong));
    }
}
