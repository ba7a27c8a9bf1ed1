//! The limits that there are, and what the operator sets them to.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

macro_rules! limits {
    ($($(#[$doc:meta])* $variant:ident $name:literal $requests:literal per $seconds:literal)+) => {
        /// What is limited. Each counts by itself.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum LimitName {
            $($(#[$doc])* $variant,)+
        }

        impl LimitName {
            /// Every limit there is.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name in configuration, in the header `x-ratelimit-name` and in metrics.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }

        /// What each limit is where the operator says nothing.
        impl Default for RateLimits {
            fn default() -> Self {
                Self { quotas: [$(Quota::new($requests, $seconds),)+] }
            }
        }
    };
}

limits! {
    /// Reading org connections, per org.
    OrgConnectionsRead "org_connections_read" 3000 per 60
    /// Creating, updating and deleting org connections, per org.
    OrgConnectionsWrite "org_connections_write" 600 per 60
    /// Reading orgs, per org.
    OrgsRead "orgs_read" 600 per 60
    /// Creating and renaming orgs, per org.
    OrgsWrite "orgs_write" 60 per 60
    /// Reading API keys and application keys, per org.
    KeysRead "keys_read" 600 per 60
    /// Creating, editing and deleting API keys and application keys, per org.
    KeysWrite "keys_write" 300 per 60
    /// Reading users, roles and permissions, per org.
    UsersRead "users_read" 600 per 60
    /// Making, changing and disabling users and roles, per org.
    UsersWrite "users_write" 300 per 60
    /// Searching the audit trail, per org.
    AuditRead "audit_read" 300 per 60
    /// Reading restriction policies, per org.
    RestrictionPoliciesRead "restriction_policies_read" 600 per 60
    /// Replacing and deleting restriction policies, per org.
    RestrictionPoliciesWrite "restriction_policies_write" 300 per 60
    /// Asking for decisions, per org; many questions in one call count once.
    Evaluations "evaluations" 12000 per 60
    /// Asking who one is, per org.
    CurrentUser "current_user" 600 per 60
    /// Checking that keys are live, per org.
    Validate "validate" 1200 per 60
    /// Reading the description of the API, per client address.
    Documents "documents" 300 per 60
    /// Registering OAuth2 clients, per org.
    OauthClientsWrite "oauth_clients_write" 60 per 60
    /// Logging in, and allowing OAuth2 clients something, per client address.
    OauthAuthorize "oauth_authorize" 120 per 60
    /// Coming by tokens of OAuth2, and giving them back, per client address.
    OauthToken "oauth_token" 600 per 60
    /// Failing to authenticate, per client address.
    FailedAuthentication "failed_authentication" 60 per 60
    /// Asking for what is no site, path or method of the API, per client address.
    UnknownRoute "unknown_route" 300 per 60
}

impl fmt::Display for LimitName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// The text names no limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no rate limit")]
pub struct NotALimitName(pub String);

impl FromStr for LimitName {
    type Err = NotALimitName;

    fn from_str(text: &str) -> Result<Self, NotALimitName> {
        Self::ALL
            .iter()
            .copied()
            .find(|known| known.as_str() == text)
            .ok_or_else(|| NotALimitName(text.chars().take(80).collect()))
    }
}

/// So many requests in so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// How many requests a window takes.
    pub requests: NonZeroU32,
    /// How long a window is, in seconds.
    pub period_seconds: NonZeroU32,
}

impl Quota {
    /// So many requests in so many seconds; `None` if either is zero, since such a limit would never open.
    pub const fn new(requests: u32, period_seconds: u32) -> Option<Self> {
        match (NonZeroU32::new(requests), NonZeroU32::new(period_seconds)) {
            (Some(requests), Some(period_seconds)) => Some(Self { requests, period_seconds }),
            _ => None,
        }
    }

    pub(crate) fn period(self) -> Duration {
        Duration::from_secs(self.period_seconds.get().into())
    }
}

/// The quota of each limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimits {
    quotas: [Option<Quota>; LimitName::ALL.len()],
}

impl RateLimits {
    /// No limits at all, for load tests.
    pub const fn off() -> Self {
        Self { quotas: [None; LimitName::ALL.len()] }
    }

    /// These limits with `name` set to `quota`; `None` switches it off.
    #[must_use]
    pub const fn with(mut self, name: LimitName, quota: Option<Quota>) -> Self {
        self.quotas[name as usize] = quota;
        self
    }

    /// What `name` is set to; `None` if it is off.
    pub const fn quota(&self, name: LimitName) -> Option<Quota> {
        self.quotas[name as usize]
    }

    pub(crate) fn longest_period(&self) -> Duration {
        self.quotas.iter().flatten().map(|quota| quota.period()).max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_found_by_its_name() {
        for name in LimitName::ALL {
            assert_eq!(name.as_str().parse(), Ok(*name));
            assert!(RateLimits::default().quota(*name).is_some(), "{name}");
            assert_eq!(RateLimits::off().quota(*name), None);
        }
        assert_eq!("logs".parse::<LimitName>(), Err(NotALimitName("logs".to_owned())));
    }

    #[test]
    fn one_limit_is_set_and_the_others_stay() {
        let quota = Quota::new(5, 10);
        let limits = RateLimits::default().with(LimitName::Validate, quota);
        assert_eq!(limits.quota(LimitName::Validate), quota);
        assert_eq!(limits.quota(LimitName::OrgsRead), RateLimits::default().quota(LimitName::OrgsRead));
        assert_eq!(Quota::new(0, 10), None);
        assert_eq!(Quota::new(5, 0), None);
    }
}
