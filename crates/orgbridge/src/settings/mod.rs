//! Everything that can be configured: one table of settings, each with its name, meaning and default.
//!
//! A setting is called the same wherever it is given. `edge.idle_timeout_seconds` of the configuration file is
//! `ORGBRIDGE_EDGE_IDLE_TIMEOUT_SECONDS` in the environment, and those at the top of the file are flags too:
//! `admin_listen` is `--admin-listen`. A flag beats the environment, which beats the file, which beats the
//! default.

mod exposure;
mod file;
mod files;
mod problem;
mod quotas;
mod resolve;
mod secret;
mod value;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use orgbridge_api::{IssuerUrl, RateLimits, ScopesClaim, Sites, StoreAddress, SubjectClaim};
use orgbridge_domain::org_connection::Limits;
use orgbridge_domain::user::CreatorDisabled;
use orgbridge_domain::{CrossSite, PublicId};
use orgbridge_edge::{EdgeSettings, Tls, TlsError};
use orgbridge_issuer::{IssuerOptions, LoginOptions, SecureUrl};
use orgbridge_ledger::{AttemptLimits, DatabaseAddress, MaxStaleness};

pub use exposure::Exposure;
pub use files::{FileProblem, FileProblems, Files};
pub use problem::{Origin, Problem, Problems};
pub use resolve::{Environment, Flag, Resolved, ShownSetting, resolve};
pub use secret::SecretError;
pub use value::{Algorithms, LogFilter, LogFormat, NonEmptyText, Switch};

use crate::server::{ExternalIssuerOptions, IssuerLoginOptions, RateStoreOptions};
use value::{Form, Shown, Value};

/// A row of the table of settings.
#[derive(Debug)]
struct Setting {
    key: String,
    about: String,
    expected: &'static str,
    form: Form,
    shown: Shown,
    default: Option<String>,
    accepts: fn(&str) -> bool,
}

impl Setting {
    fn of<V: Value>(key: impl Into<String>, about: impl Into<String>, default: Option<String>) -> Self {
        Self {
            key: key.into(),
            about: about.into(),
            expected: V::EXPECTED,
            form: V::FORM,
            shown: V::SHOWN,
            default,
            accepts: |text| V::read(text).is_some(),
        }
    }

    /// What the environment calls it.
    fn variable(&self) -> String {
        format!("{}{}", Environment::PREFIX, self.key.replace('.', "_").to_uppercase())
    }
}

macro_rules! settings {
    ($($(#[doc = $about:literal])+ $key:literal $field:ident: $type:ty $(= $default:literal)?;)+) => {
        /// A whole configuration: every setting has a value that was understood.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Settings {
            $($(#[doc = $about])+ pub $field: $type,)+
            /// How many requests each limit takes, and in how long, if they are limited at all.
            pub quotas: RateLimits,
        }

        static TABLE: LazyLock<Vec<Setting>> = LazyLock::new(|| {
            let plain = [$(Setting::of::<$type>(
                $key,
                [$($about),+].map(str::trim).join(" "),
                None $(.or(Some($default.to_owned())))?,
            )),+];
            plain.into_iter().chain(quotas::settings()).collect()
        });

        impl Settings {
            /// Reads each setting from the text that `chosen` gives it. `None` if one is not understood.
            fn read<'t>(chosen: impl Fn(&str) -> Option<&'t str>) -> Option<Self> {
                Some(Self {
                    $($field: match chosen($key) {
                        Some(text) => <$type as Value>::read(text)?,
                        None => <$type as Value>::absent()?,
                    },)+
                    quotas: quotas::read(&chosen)?,
                })
            }

            /// Every setting with its value as text, in the order of the table.
            fn texts(&self) -> impl Iterator<Item = (&'static Setting, String)> {
                let texts = [$(self.$field.show()),+];
                TABLE.iter().zip(texts.into_iter().chain(quotas::texts(&self.quotas)))
            }
        }
    };
}

settings! {
    /// The database, such as `sqlite:/var/lib/orgbridge/ledger.db`.
    "database" database: Option<DatabaseAddress>;
    /// How old the knowledge of the database may be that anything is answered by: past that the server refuses. It is also
    /// how long others wait, after they took something away, for a server that they hear nothing of.
    "max_staleness_seconds" max_staleness: MaxStaleness = "2";
    /// Where the API listens. Port 0 lets the system choose.
    "listen" listen: SocketAddr = "127.0.0.1:8080";
    /// Where `/livez`, `/readyz` and `/metrics` are served. They tell about the deployment without asking who
    /// wants to know: keep this address private.
    "admin_listen" admin_listen: Option<SocketAddr>;
    /// A file with the server's certificate and its intermediates, in PEM. Without it the API speaks cleartext.
    "tls_cert" tls_cert: Option<PathBuf>;
    /// A file with the private key of the certificate, in PEM.
    "tls_key" tls_key: Option<PathBuf>;
    /// The sites that the server answers for, such as `datadoghq.com,datadoghq.eu`: one is asked at the host `api.` and
    /// its name, keys of another are unknown there, and any other host is refused. Without it, any host will do.
    "sites" sites: Sites;
    /// Which log lines are written: `error`, `warn`, `info`, `debug` or `trace`, and parts with a level of
    /// their own, as in `warn,orgbridge_api=debug`.
    "log" log: LogFilter = "info";
    /// How log lines are written to the standard error stream: `readable` or `json`.
    "log_format" log_format: LogFormat = "readable";
    /// Whether callers are limited: `on`, or `off` for load tests.
    "rate_limit" rate_limit: Switch = "on";
    /// With how many sinks one source may share. Without it, with as many as it likes.
    "limits.sinks_per_source" sinks_per_source: Option<NonZeroU32>;
    /// Whether connections may lead from one site to another: `on`, or `off`, which also stops those that were made
    /// while it was on.
    "policy.cross_site_connections" cross_site_connections: Switch = "off";
    /// What becomes of the connections that a user made when the user is disabled: `keep`, or `delete`, as the real
    /// service does.
    "policy.creator_disabled" creator_disabled: CreatorDisabled = "keep";
    /// How many attempts to change something that were refused the audit trail keeps of one org in a minute. The next
    /// that is kept says how many were not.
    "audit.refused_attempts_per_minute" audit_refused_attempts_per_minute: NonZeroU32 = "60";
    /// How many of them the audit trail keeps of one org at all: the oldest make room for new ones.
    "audit.refused_attempts_per_org" audit_refused_attempts_per_org: NonZeroU32 = "10000";
    /// What the server is called as an authorization server of OAuth2, where clients reach it by another URL than they
    /// would expect: such as `https://api.example.com`. Without it, the API host of the site that is asked; without sites,
    /// where it listens.
    "oauth.issuer" issuer: Option<IssuerUrl>;
    /// An issuer outside whose access tokens are taken, such as `https://login.example.com/tenant`: the claim `iss` of its
    /// tokens. Without it, none is taken.
    "oauth.external_issuer.issuer" external_issuer: Option<SecureUrl>;
    /// Whom its tokens have to be meant for: the claim `aud`, as the issuer calls this server.
    "oauth.external_issuer.audience" external_issuer_audience: Option<NonEmptyText>;
    /// The short id of the organization whose users its subjects are.
    "oauth.external_issuer.org" external_issuer_org: Option<PublicId>;
    /// Where its keys are. Without it, they are where the issuer's metadata says:
    /// `/.well-known/openid-configuration`.
    "oauth.external_issuer.jwks_url" external_issuer_keys: Option<SecureUrl>;
    /// The claim that names a user by their id or email address: `sub`, or `email`, which counts where the claim
    /// `email_verified` is true.
    "oauth.external_issuer.subject_claim" external_issuer_subject: SubjectClaim = "sub";
    /// The claim that holds the names of permissions that a token lets through: `scope` or `scp`.
    "oauth.external_issuer.scopes_claim" external_issuer_scopes: ScopesClaim = "scope";
    /// How its tokens may be signed.
    "oauth.external_issuer.algorithms" external_issuer_algorithms: Algorithms = "RS256,ES256,EdDSA";
    /// An issuer outside at which users log in to decide about OAuth2 clients, by `OpenID` Connect, such as
    /// `https://login.example.com/tenant`: the claim `iss` of its tokens. Without it, they log in with an application key.
    "oauth.login.issuer" login_issuer: Option<SecureUrl>;
    /// The client that it knows this server as: the claim `aud` of its ID tokens.
    "oauth.login.client_id" login_client_id: Option<NonEmptyText>;
    /// A file with the secret of that client, on one line.
    "oauth.login.client_secret_file" login_client_secret_file: Option<PathBuf>;
    /// The short id of the organization whose users log in there.
    "oauth.login.org" login_org: Option<PublicId>;
    /// The claim that says who has logged in: `email`, which counts where the claim `email_verified` is true, or `sub`,
    /// by the id or email address of a user.
    "oauth.login.user_claim" login_user_claim: SubjectClaim = "email";
    /// How its ID tokens may be signed.
    "oauth.login.algorithms" login_algorithms: Algorithms = "RS256,ES256,EdDSA";
    /// From the first byte of a request until its head is complete; also for a TLS handshake.
    "edge.header_timeout_seconds" edge_header_timeout: Duration = "10";
    /// From the end of a request's head until its content is complete.
    "edge.body_timeout_seconds" edge_body_timeout: Duration = "30";
    /// How long a connection may be silent between requests.
    "edge.idle_timeout_seconds" edge_idle_timeout: Duration = "75";
    /// How long a client may take to read any of its answer.
    "edge.write_timeout_seconds" edge_write_timeout: Duration = "30";
    /// How many connections are served at the same time.
    "edge.max_connections" edge_max_connections: NonZeroU32 = "4096";
    /// How long requests under way may take when the server stops.
    "edge.drain_timeout_seconds" edge_drain_timeout: Duration = "25";
    /// Among how many replicas that serve one database each limit is divided at the least. As long as no more are there,
    /// one that starts takes its share at once; where more come, it takes none for a while.
    "rate_limits.replicas" planned_replicas: NonZeroU32 = "1";
    /// A store in which all replicas count, so that together they take exactly what a limit allows: Redis or Valkey, such
    /// as `redis://127.0.0.1:6379/0`, or `rediss://` with TLS. Without it, each replica takes its share.
    "rate_limits.store" rate_store: Option<StoreAddress>;
    /// A file with the password of the store, on one line.
    "rate_limits.store_password_file" rate_store_password_file: Option<PathBuf>;
}

impl Settings {
    /// The operator's bounds on connections.
    pub fn limits(&self) -> Limits {
        Limits {
            sinks_per_source: self.sinks_per_source.map(NonZeroU32::get),
            cross_site: match self.cross_site_connections {
                Switch::On => CrossSite::Allowed,
                Switch::Off => CrossSite::Refused,
            },
        }
    }

    /// How many refused attempts the audit trail keeps.
    pub fn attempts(&self) -> AttemptLimits {
        AttemptLimits {
            per_minute: self.audit_refused_attempts_per_minute,
            per_org: self.audit_refused_attempts_per_org,
        }
    }

    /// How many requests are taken, and in how long.
    pub fn rate_limits(&self) -> RateLimits {
        match self.rate_limit {
            Switch::On => self.quotas.clone(),
            Switch::Off => RateLimits::off(),
        }
    }

    /// The store in which all replicas count, if there is one and anything to count.
    fn rate_store(&self) -> Result<Option<RateStoreOptions>, SecretError> {
        let Some(address) = self.rate_store.clone().filter(|_| self.rate_limit == Switch::On) else {
            return Ok(None);
        };
        let password = self.rate_store_password_file.as_deref().map(secret::read).transpose()?;
        Ok(Some(RateStoreOptions { address, password }))
    }

    /// How the edge serves.
    pub fn edge(&self) -> EdgeSettings {
        EdgeSettings {
            header_timeout: self.edge_header_timeout,
            body_timeout: self.edge_body_timeout,
            idle_timeout: self.edge_idle_timeout,
            write_timeout: self.edge_write_timeout,
            max_connections: self.edge_max_connections.get() as usize,
            drain_timeout: self.edge_drain_timeout,
            ..EdgeSettings::default()
        }
    }

    /// What the API identifies itself with, if it speaks TLS.
    fn tls(&self) -> Result<Option<Tls>, TlsError> {
        match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => Tls::from_pem_files(certificate, key).map(Some),
            _ => Ok(None),
        }
    }

    /// The issuer outside whose access tokens are taken, if there is one.
    pub fn external_issuer(&self) -> Option<ExternalIssuerOptions> {
        Some(ExternalIssuerOptions {
            issuer: IssuerOptions {
                url: self.external_issuer.clone()?,
                audience: self.external_issuer_audience.clone()?.0,
                keys_url: self.external_issuer_keys.clone(),
                algorithms: self.external_issuer_algorithms.0.clone(),
            },
            org: self.external_issuer_org.clone()?,
            subject_claim: self.external_issuer_subject,
            scopes_claim: self.external_issuer_scopes,
        })
    }

    /// The issuer outside at which users log in, if there is one.
    fn issuer_login(&self) -> Result<Option<IssuerLoginOptions>, SecretError> {
        let (Some(url), Some(client_id), Some(file), Some(org)) =
            (&self.login_issuer, &self.login_client_id, &self.login_client_secret_file, &self.login_org)
        else {
            return Ok(None);
        };
        Ok(Some(IssuerLoginOptions {
            issuer: LoginOptions {
                url: url.clone(),
                client_id: client_id.0.clone(),
                client_secret: secret::read(file)?,
                algorithms: self.login_algorithms.0.clone(),
            },
            org: org.clone(),
            user_claim: self.login_user_claim,
        }))
    }

    /// What can only be seen wrong by looking at several settings: a setting that is there, and what it lacks.
    fn contradictions(&self) -> Vec<(&'static str, &'static str)> {
        let needs_beside = [
            (self.tls_cert.is_some(), "tls_cert", self.tls_key.is_some(), "needs tls_key beside it"),
            (self.tls_key.is_some(), "tls_key", self.tls_cert.is_some(), "needs tls_cert beside it"),
            (
                self.external_issuer.is_some(),
                "oauth.external_issuer.issuer",
                self.external_issuer_audience.is_some() && self.external_issuer_org.is_some(),
                "needs oauth.external_issuer.audience and oauth.external_issuer.org beside it",
            ),
            (
                self.external_issuer_audience.is_some(),
                "oauth.external_issuer.audience",
                self.external_issuer.is_some(),
                "needs oauth.external_issuer.issuer beside it",
            ),
            (
                self.external_issuer_org.is_some(),
                "oauth.external_issuer.org",
                self.external_issuer.is_some(),
                "needs oauth.external_issuer.issuer beside it",
            ),
            (
                self.external_issuer_keys.is_some(),
                "oauth.external_issuer.jwks_url",
                self.external_issuer.is_some(),
                "needs oauth.external_issuer.issuer beside it",
            ),
            (
                self.login_issuer.is_some(),
                "oauth.login.issuer",
                self.login_client_id.is_some()
                    && self.login_client_secret_file.is_some()
                    && self.login_org.is_some(),
                "needs oauth.login.client_id, oauth.login.client_secret_file and oauth.login.org beside it",
            ),
            (
                self.login_client_id.is_some(),
                "oauth.login.client_id",
                self.login_issuer.is_some(),
                "needs oauth.login.issuer beside it",
            ),
            (
                self.login_client_secret_file.is_some(),
                "oauth.login.client_secret_file",
                self.login_issuer.is_some(),
                "needs oauth.login.issuer beside it",
            ),
            (
                self.login_org.is_some(),
                "oauth.login.org",
                self.login_issuer.is_some(),
                "needs oauth.login.issuer beside it",
            ),
            (
                self.rate_store_password_file.is_some(),
                "rate_limits.store_password_file",
                self.rate_store.is_some(),
                "needs rate_limits.store beside it",
            ),
        ];
        let lacking = needs_beside.into_iter().filter(|(is_there, _, has_it, _)| *is_there && !has_it);
        let mut contradictions: Vec<_> = lacking.map(|(_, key, _, problem)| (key, problem)).collect();
        if self.issuer.is_some() && self.sites.iter().count() > 1 {
            contradictions
                .push(("oauth.issuer", "can't be one and the same for several sites; leave it out"));
        }
        contradictions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_a_value_that_its_setting_accepts() {
        for setting in TABLE.iter() {
            assert!(setting.default.as_deref().is_none_or(setting.accepts), "{}", setting.key);
        }
    }

    #[test]
    fn the_defaults_are_those_of_the_crates_that_they_configure() {
        let settings = resolve(&[], &Environment::default(), None).unwrap().settings;
        assert_eq!(settings.edge(), EdgeSettings::default());
        assert_eq!(settings.rate_limits(), RateLimits::default());
        assert_eq!(settings.limits(), Limits::default());
        assert_eq!(settings.attempts(), AttemptLimits::default());
    }

    #[test]
    fn no_two_settings_share_a_name() {
        let mut variables: Vec<String> = TABLE.iter().map(Setting::variable).collect();
        variables.sort();
        variables.dedup();
        assert_eq!(variables.len(), TABLE.len());
    }

    #[test]
    fn a_setting_in_seconds_says_so_in_its_name() {
        for setting in TABLE.iter() {
            let in_seconds = setting.expected.starts_with("whole seconds");
            assert_eq!(setting.key.ends_with("_seconds"), in_seconds, "{}", setting.key);
        }
    }
}
