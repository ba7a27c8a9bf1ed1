//! Sites: worlds apart, each of which is asked at an API host of its own.
//!
//! An org lives on one site for good. Whoever asks one site learns nothing of the orgs of another, and a
//! connection crosses from one to another only where the operator lets it.

use std::fmt;
use std::str::FromStr;

use crate::kept_names::KeptNames;

/// The most characters of a DNS name, less those of `api.`.
const MAX_CHARS: usize = 249;

/// The most characters between two dots of a DNS name.
const MAX_LABEL_CHARS: usize = 63;

/// The name of a site: a DNS name in lower case, without a dot at its end. Its API is at `api.` and that name.
///
/// One label is enough, as in `localhost`: names within a house often have no more. An IP address is never a
/// site, since nothing can stand before it.
///
/// A million orgs share a handful of sites, so each name is kept once, for as long as the process lives, and a
/// site is a pointer to it. Whoever makes a site must therefore have it from an operator, a file of theirs, or
/// the ledger; what strangers send is compared with sites and never becomes one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site(&'static str);

/// Every name that is kept, but the default one.
static NAMES: KeptNames = KeptNames::new();

impl Site {
    /// The site that every official client asks unless it is told of another.
    pub const DEFAULT: Self = Self("datadoghq.com");

    /// The name.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl Default for Site {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Display for Site {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.0)
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Site({})", self.0)
    }
}

/// The text names no site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a DNS name in lower case of at most {MAX_CHARS} characters, such as datadoghq.com")]
pub struct NotASite;

impl FromStr for Site {
    type Err = NotASite;

    fn from_str(text: &str) -> Result<Self, NotASite> {
        if text == Self::DEFAULT.0 {
            return Ok(Self::DEFAULT);
        }
        if is_dns_name(text) { Ok(Self(NAMES.keep(text))) } else { Err(NotASite) }
    }
}

fn is_dns_name(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=MAX_LABEL_CHARS).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // In every spelling of an IPv4 address that some program reads, the last part begins with a digit.
    let is_no_address = |text: &str| {
        text.rsplit('.').next().is_some_and(|last| last.starts_with(|first: char| first.is_ascii_lowercase()))
    };
    text.len() <= MAX_CHARS && text.split('.').all(is_label) && is_no_address(text)
}

/// The orgs that a caller can be one of, by the site that they asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SiteScope {
    /// Those of every site: nobody looks at which host was asked.
    Any,
    /// Those of this site.
    Only(Site),
}

impl SiteScope {
    /// Whether an org that lives on `site` is among them.
    pub fn admits(self, site: Site) -> bool {
        match self {
            Self::Any => true,
            Self::Only(asked) => asked == site,
        }
    }
}

/// Whether a connection may lead from one site to another. The operator says so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CrossSite {
    /// None may, and one that was made while they might grants nothing.
    #[default]
    Refused,
    /// Any may.
    Allowed,
}

impl CrossSite {
    /// Whether orgs on these two sites may be connected.
    pub fn admits(self, one: Site, other: Site) -> bool {
        one == other || self == Self::Allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_a_dns_name_in_lower_case() {
        let longest = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "a".repeat(57));
        assert_eq!(longest.len(), MAX_CHARS);
        for text in
            ["datadoghq.com", "us2.ddog-gov.com", "localhost", "1.example", "xn--bcher-kva.example", &longest]
        {
            assert_eq!(text.parse::<Site>().map(Site::as_str), Ok(text));
        }
        let too_long = format!("a{longest}");
        let long_label = format!("{}.com", "a".repeat(64));
        for text in [
            "",
            ".",
            "datadoghq.com.",
            ".datadoghq.com",
            "data..com",
            "DATADOGHQ.COM",
            "datadoghq.com:443",
            "datadoghq_com",
            "-datadoghq.com",
            "datadoghq-.com",
            "bücher.example",
            "data doghq.com",
            "https://datadoghq.com",
            "127.0.0.1",
            "127.1",
            "127.0.0.0x1",
            "::1",
            "[::1]",
            &too_long,
            &long_label,
        ] {
            assert_eq!(text.parse::<Site>(), Err(NotASite), "{text:?}");
        }
    }

    #[test]
    fn a_name_is_kept_once() {
        let parse = |text: &str| text.parse::<Site>().unwrap().as_str();
        for name in ["datadoghq.com", "kept-once.example"] {
            assert!(std::ptr::eq(parse(name), parse(&String::from(name))), "{name}");
        }
    }

    #[test]
    fn the_default_is_a_site_like_any_other() {
        assert!(is_dns_name(Site::DEFAULT.as_str()));
        assert_eq!(Site::default().to_string(), "datadoghq.com");
    }
}
