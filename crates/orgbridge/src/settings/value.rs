//! What the values of settings may look like.

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use orgbridge_api::{IssuerUrl, ScopesClaim, Sites, StoreAddress, SubjectClaim};
use orgbridge_domain::user::CreatorDisabled;
use orgbridge_domain::{PublicId, Site};
use orgbridge_issuer::{Algorithm, SecureUrl};
use orgbridge_ledger::{DatabaseAddress, MaxStaleness};
use tracing_subscriber::EnvFilter;

/// A type that the value of a setting can have. It is read from text, wherever the text stood.
pub(super) trait Value: Sized {
    /// What a value looks like, to end a sentence that begins with "expected".
    const EXPECTED: &'static str;
    /// How the configuration file writes it.
    const FORM: Form = Form::Text;
    /// Whether what was given may be repeated in an error message.
    const SHOWN: Shown = Shown::Freely;

    /// Reads a value.
    fn read(text: &str) -> Option<Self>;

    /// The value as an operator would write it.
    fn show(&self) -> String;

    /// What stands for a value that is given nowhere and has no default.
    fn absent() -> Option<Self> {
        None
    }
}

/// How the configuration file writes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// In quotes.
    Text,
    /// As digits.
    Number,
    /// As a list of texts. Elsewhere they are joined by commas.
    List,
}

/// Whether a value may be repeated where it was not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// It holds no secret.
    Freely,
    /// It may hold a password.
    Never,
}

/// A setting that may be left out.
impl<T: Value> Value for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;
    const FORM: Form = T::FORM;
    const SHOWN: Shown = T::SHOWN;

    fn read(text: &str) -> Option<Self> {
        T::read(text).map(Some)
    }

    fn show(&self) -> String {
        self.as_ref().map_or_else(|| "(none)".to_owned(), T::show)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl Value for DatabaseAddress {
    const EXPECTED: &'static str = "a database, such as sqlite:/var/lib/orgbridge/ledger.db or \
         postgres://orgbridge@db.example.com/orgbridge?password_file=/etc/orgbridge/password";
    const SHOWN: Shown = Shown::Never;

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for SocketAddr {
    const EXPECTED: &'static str = "an IP address and a port, such as 127.0.0.1:8080 or [::]:8080";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for PathBuf {
    const EXPECTED: &'static str = "the path of a file";

    fn read(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self::from(text))
    }

    fn show(&self) -> String {
        self.display().to_string()
    }
}

/// Where replicas count together.
impl Value for StoreAddress {
    const EXPECTED: &'static str = "redis:// or rediss:// with a host, a port and the number of a database, such as \
                                    redis://127.0.0.1:6379/0, and no password in it";
    const SHOWN: Shown = Shown::Never;

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

/// What clients know an authorization server by.
impl Value for IssuerUrl {
    const EXPECTED: &'static str =
        "https:// and a host, with nothing behind it, such as https://api.example.com";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

/// How long something may take; the name of its setting ends in `_seconds`.
impl Value for Duration {
    const EXPECTED: &'static str = "whole seconds, at least 1 and at most 86400";
    const FORM: Form = Form::Number;

    fn read(text: &str) -> Option<Self> {
        let seconds = text.parse().ok().filter(|seconds| (1..=86_400).contains(seconds))?;
        Some(Self::from_secs(seconds))
    }

    fn show(&self) -> String {
        self.as_secs().to_string()
    }
}

impl Value for MaxStaleness {
    const EXPECTED: &'static str = "whole seconds, at least 1 and at most 60";
    const FORM: Form = Form::Number;

    fn read(text: &str) -> Option<Self> {
        text.parse().ok().and_then(Self::from_secs)
    }

    fn show(&self) -> String {
        self.duration().as_secs().to_string()
    }
}

/// How many of something there may be.
impl Value for NonZeroU32 {
    const EXPECTED: &'static str = "a whole number, at least 1";
    const FORM: Form = Form::Number;

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

/// Which sites a server answers for. An empty list means that there are none to tell apart.
impl Value for Sites {
    const EXPECTED: &'static str =
        "sites, as DNS names in lower case, such as datadoghq.com and datadoghq.eu";
    const FORM: Form = Form::List;

    fn read(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::default());
        }
        text.split(',').map(|site| site.trim().parse::<Site>().ok()).collect()
    }

    fn show(&self) -> String {
        let sites: Vec<&str> = self.iter().map(Site::as_str).collect();
        if sites.is_empty() { "(none)".to_owned() } else { sites.join(",") }
    }

    fn absent() -> Option<Self> {
        Some(Self::default())
    }
}

/// What becomes of the connections that a user made when the user is disabled.
impl Value for CreatorDisabled {
    const EXPECTED: &'static str = "keep or delete";

    fn read(text: &str) -> Option<Self> {
        [Self::Keep, Self::Delete].into_iter().find(|policy| policy.show() == text)
    }

    fn show(&self) -> String {
        match self {
            Self::Keep => "keep",
            Self::Delete => "delete",
        }
        .to_owned()
    }
}

/// A text with something in it besides white space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NonEmptyText(pub String);

impl Value for NonEmptyText {
    const EXPECTED: &'static str = "a text that is not empty";

    fn read(text: &str) -> Option<Self> {
        (!text.trim().is_empty()).then(|| Self(text.to_owned()))
    }

    fn show(&self) -> String {
        self.0.clone()
    }
}

impl Value for PublicId {
    const EXPECTED: &'static str = "the short id of an organization, such as fasjyydbcgwwc2uc";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for SecureUrl {
    const EXPECTED: &'static str =
        "a URL such as https://login.example.com/tenant; http is taken for a loopback address alone";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

/// How tokens may be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Algorithms(pub Vec<Algorithm>);

impl Value for Algorithms {
    const EXPECTED: &'static str =
        "algorithms among RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 and EdDSA";
    const FORM: Form = Form::List;

    fn read(text: &str) -> Option<Self> {
        text.split(',').map(|name| name.trim().parse().ok()).collect::<Option<_>>().map(Self)
    }

    fn show(&self) -> String {
        self.0.iter().map(Algorithm::to_string).collect::<Vec<_>>().join(",")
    }
}

/// A choice among values that have one spelling each.
fn chosen<T: Copy + fmt::Display>(text: &str, choices: &[T]) -> Option<T> {
    choices.iter().copied().find(|choice| choice.to_string() == text)
}

impl Value for SubjectClaim {
    const EXPECTED: &'static str = "sub or email";

    fn read(text: &str) -> Option<Self> {
        chosen(text, &[Self::Sub, Self::Email])
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Value for ScopesClaim {
    const EXPECTED: &'static str = "scope or scp";

    fn read(text: &str) -> Option<Self> {
        chosen(text, &[Self::Scope, Self::Scp])
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

/// Which log lines are written, as directives of `tracing-subscriber`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFilter(String);

impl LogFilter {
    /// The filter itself.
    pub fn to_env_filter(&self) -> EnvFilter {
        EnvFilter::new(&self.0)
    }
}

impl Value for LogFilter {
    const EXPECTED: &'static str = "a filter of log lines, such as info or warn,orgbridge_api=debug";

    fn read(text: &str) -> Option<Self> {
        EnvFilter::try_new(text).ok().map(|_| Self(text.to_owned()))
    }

    fn show(&self) -> String {
        self.0.clone()
    }
}

/// Declares an enum of which each variant has one spelling.
macro_rules! choices {
    ($($(#[$doc:meta])* $name:ident, expected $expected:literal { $($(#[$what:meta])* $variant:ident $text:literal)+ })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$what])* $variant,)+
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(match self { $(Self::$variant => $text,)+ })
            }
        }

        impl Value for $name {
            const EXPECTED: &'static str = $expected;

            fn read(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$variant),)+
                    _ => None,
                }
            }

            fn show(&self) -> String {
                self.to_string()
            }
        }
    )+};
}

choices! {
    /// How log lines are written.
    LogFormat, expected "readable or json" {
        /// For people.
        Readable "readable"
        /// One JSON object a line, for machines.
        Json "json"
    }
    /// Whether something is done.
    Switch, expected "on or off" {
        /// It is.
        On "on"
        /// It is not.
        Off "off"
    }
}
