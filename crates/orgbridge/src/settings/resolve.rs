//! Which of the places that give a value has its way.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use super::{Origin, Problem, Problems, Setting, Settings, Shown, TABLE, file};

/// A setting that was given on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// The setting's key.
    pub key: &'static str,
    /// What was given.
    pub text: String,
}

/// The part of the environment that concerns this program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, OsString>);

impl Environment {
    /// What the names of all our variables begin with.
    pub const PREFIX: &str = "ORGBRIDGE_";
    /// The variable that names the configuration file.
    pub const CONFIG: &str = "ORGBRIDGE_CONFIG";

    /// The value of one variable.
    pub fn get(&self, name: &str) -> Option<&OsString> {
        self.0.get(name)
    }

    fn unknown(&self) -> Vec<String> {
        let known: Vec<String> = TABLE.iter().map(Setting::variable).collect();
        let is_known = |name: &String| name == Self::CONFIG || known.contains(name);
        self.0.keys().filter(|name| !is_known(name)).cloned().collect()
    }
}

/// Takes our variables out of all there are.
impl FromIterator<(OsString, OsString)> for Environment {
    fn from_iter<I: IntoIterator<Item = (OsString, OsString)>>(variables: I) -> Self {
        let ours = variables.into_iter().filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            name.starts_with(Self::PREFIX).then_some((name, value))
        });
        Self(ours.collect())
    }
}

/// A configuration, and how it came to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// The configuration.
    pub settings: Settings,
    /// Each setting with where its value came from.
    pub shown: Vec<ShownSetting>,
    /// Variables that look like ours and are not.
    pub unknown_variables: Vec<String>,
}

impl Resolved {
    /// Where the value of the setting `key` came from.
    pub fn origin(&self, key: &str) -> &Origin {
        let shown = self.shown.iter().find(|setting| setting.key == key);
        shown.map_or(&Origin::Default, |setting| &setting.origin)
    }
}

/// A setting as `config show` prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownSetting {
    /// Its key.
    pub key: &'static str,
    /// Its value, without secrets.
    pub value: String,
    /// Where the value came from.
    pub origin: Origin,
    /// The variable of the environment that sets it.
    pub variable: String,
    /// What it is for.
    pub about: &'static str,
}

/// Brings flags, environment and the text of a configuration file together.
///
/// # Errors
/// [`Problems`] names everything that is wrong in any of them.
pub fn resolve(
    flags: &[Flag],
    environment: &Environment,
    file: Option<(&Path, &str)>,
) -> Result<Resolved, Problems> {
    let mut gathering = Gathering::default();
    if let Some((path, text)) = file {
        let (values, problems) = file::read(path, text);
        gathering.problems.extend(problems);
        for value in values {
            gathering.take(value.setting, value.text, value.origin);
        }
    }
    for setting in TABLE.iter() {
        let name = setting.variable();
        let Some(value) = environment.get(&name) else { continue };
        // What is not Unicode is no value of any setting; the replacement characters say so.
        gathering.take(setting, value.to_string_lossy().into_owned(), Origin::Environment { name });
    }
    for flag in flags {
        let Some(setting) = TABLE.iter().find(|setting| setting.key == flag.key) else { continue };
        let name = flag.key.replace('_', "-");
        gathering.take(setting, flag.text.clone(), Origin::Flag { name });
    }
    gathering.finish(environment)
}

/// What was given so far; whoever comes later has its way.
#[derive(Default)]
struct Gathering {
    chosen: BTreeMap<&'static str, (String, Origin)>,
    problems: Vec<Problem>,
}

impl Gathering {
    fn take(&mut self, setting: &'static Setting, text: String, origin: Origin) {
        if (setting.accepts)(&text) {
            self.chosen.insert(&setting.key, (text, origin));
            return;
        }
        let Setting { key, expected, .. } = setting;
        let found = match setting.shown {
            Shown::Freely => format!("; found {text:?}"),
            Shown::Never => String::new(),
        };
        self.problems.push(Problem { origin, message: format!("{key}: expected {expected}{found}") });
    }

    fn finish(mut self, environment: &Environment) -> Result<Resolved, Problems> {
        let default = |key: &str| TABLE.iter().find(|setting| setting.key == key)?.default.as_deref();
        let chosen = |key: &str| self.chosen.get(key).map(|(text, _)| text.as_str()).or_else(|| default(key));
        self.problems.sort_by_key(|problem| problem.origin.place());
        // Only what its setting accepts was chosen, so that there is nothing left that can't be read.
        let Some(settings) = Settings::read(chosen) else { return Err(Problems(self.problems)) };
        for (key, message) in settings.contradictions() {
            let origin = self.origin(key);
            self.problems.push(Problem { origin, message: format!("{key} {message}") });
        }
        if !self.problems.is_empty() {
            return Err(Problems(self.problems));
        }
        let shown = settings.texts().map(|(setting, value)| ShownSetting {
            key: &setting.key,
            value,
            origin: self.origin(&setting.key),
            variable: setting.variable(),
            about: &setting.about,
        });
        Ok(Resolved { shown: shown.collect(), unknown_variables: environment.unknown(), settings })
    }

    fn origin(&self, key: &str) -> Origin {
        self.chosen.get(key).map_or(Origin::Default, |(_, origin)| origin.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        variables.iter().map(|(name, value)| (name.into(), value.into())).collect()
    }

    fn flag(key: &'static str, text: &str) -> Flag {
        Flag { key, text: text.to_owned() }
    }

    fn file(text: &str) -> (&Path, &str) {
        (Path::new("orgbridge.toml"), text)
    }

    fn problems(flags: &[Flag], variables: &[(&str, &str)], text: &str) -> String {
        resolve(flags, &environment(variables), Some(file(text))).unwrap_err().to_string()
    }

    #[test]
    fn a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default() {
        let variables = environment(&[("ORGBRIDGE_LISTEN", "127.0.0.1:2"), ("ORGBRIDGE_LOG", "debug")]);
        let text = "listen = \"127.0.0.1:1\"\nlog = \"warn\"\nlog_format = \"json\"";

        let resolved = resolve(&[flag("listen", "127.0.0.1:3")], &variables, Some(file(text))).unwrap();

        let shown = |key: &str| {
            let setting = resolved.shown.iter().find(|setting| setting.key == key).unwrap();
            format!("{} from {}", setting.value, setting.origin)
        };
        assert_eq!(shown("listen"), "127.0.0.1:3 from flag --listen");
        assert_eq!(shown("log"), "debug from environment ORGBRIDGE_LOG");
        assert_eq!(shown("log_format"), "json from orgbridge.toml:3:14");
        assert_eq!(shown("rate_limit"), "on from default");
        assert_eq!(shown("database"), "(none) from default");
    }

    #[test]
    fn every_problem_is_reported_at_once_with_its_place() {
        let text = "listn = 1\nlisten = 8080\n\n[edge]\nidle_timeout_seconds = 0\nbody_timeout_seconds = \"30\"\n\
                    limits = 3\n[limits]\nsinks_per_source = -1";
        let variables = [("ORGBRIDGE_RATE_LIMIT", "maybe")];

        let report = problems(&[flag("admin_listen", "here")], &variables, text);

        insta::assert_snapshot!(report, @r#"
        orgbridge.toml:1:1: there is no setting "listn"; expected one of database, max_staleness_seconds, listen, admin_listen, tls_cert, tls_key, sites, log, log_format, rate_limit, limits, policy, audit, oauth, edge, rate_limits
        orgbridge.toml:2:10: listen: expected an IP address and a port, such as 127.0.0.1:8080 or [::]:8080, in quotes; found integer
        orgbridge.toml:5:24: edge.idle_timeout_seconds: expected whole seconds, at least 1 and at most 86400; found "0"
        orgbridge.toml:6:24: edge.body_timeout_seconds: expected whole seconds, at least 1 and at most 86400; found string
        orgbridge.toml:7:1: there is no setting "edge.limits"; expected one of header_timeout_seconds, body_timeout_seconds, idle_timeout_seconds, write_timeout_seconds, max_connections, drain_timeout_seconds
        orgbridge.toml:9:20: limits.sinks_per_source: expected a whole number, at least 1; found "-1"
        environment ORGBRIDGE_RATE_LIMIT: rate_limit: expected on or off; found "maybe"
        flag --admin-listen: admin_listen: expected an IP address and a port, such as 127.0.0.1:8080 or [::]:8080; found "here"
        "#);
    }

    #[test]
    fn a_file_that_is_no_toml_is_reported_line_by_line() {
        insta::assert_snapshot!(problems(&[], &[], "listen = \n[edge\nlog = \"info\""), @r#"
        orgbridge.toml:1:10: string values must be quoted, expected literal string
        orgbridge.toml:2:6: unclosed table, expected `]`
        "#);
    }

    #[test]
    fn sites_are_a_list_in_the_file_and_joined_by_commas_elsewhere() {
        let sites = |resolved: Result<Resolved, Problems>| {
            let sites = resolved.unwrap().settings.sites;
            sites.iter().map(orgbridge_domain::Site::as_str).collect::<Vec<_>>().join(" ")
        };
        let nothing = Environment::default();
        let text = "sites = [\"datadoghq.com\", \"datadoghq.eu\"]";
        assert_eq!(sites(resolve(&[], &nothing, None)), "");
        assert_eq!(sites(resolve(&[], &nothing, Some(file(text)))), "datadoghq.com datadoghq.eu");
        assert_eq!(sites(resolve(&[], &nothing, Some(file("sites = []")))), "");
        let variables = environment(&[("ORGBRIDGE_SITES", "datadoghq.eu, localhost")]);
        assert_eq!(sites(resolve(&[], &variables, Some(file(text)))), "datadoghq.eu localhost");
        let flags = [flag("sites", "us3.datadoghq.com,us3.datadoghq.com")];
        assert_eq!(sites(resolve(&flags, &variables, Some(file(text)))), "us3.datadoghq.com");
        assert_eq!(sites(resolve(&[flag("sites", "")], &variables, None)), "");
    }

    #[test]
    fn each_item_of_a_list_is_reported_with_its_place() {
        let text = "sites = [\"datadoghq.com\", 1,\n  \"DATADOGHQ.EU\", \"a.example,b.example\", \"\"]";
        let variables = [("ORGBRIDGE_SITES", "127.0.0.1")];
        insta::assert_snapshot!(problems(&[flag("sites", "datadoghq.com,")], &variables, text), @r#"
        orgbridge.toml:1:27: sites: expected sites, as DNS names in lower case, such as datadoghq.com and datadoghq.eu; found integer
        orgbridge.toml:2:3: sites: expected sites, as DNS names in lower case, such as datadoghq.com and datadoghq.eu; found "DATADOGHQ.EU"
        orgbridge.toml:2:19: sites: expected sites, as DNS names in lower case, such as datadoghq.com and datadoghq.eu; found "a.example,b.example"
        orgbridge.toml:2:42: sites: expected sites, as DNS names in lower case, such as datadoghq.com and datadoghq.eu; found ""
        environment ORGBRIDGE_SITES: sites: expected sites, as DNS names in lower case, such as datadoghq.com and datadoghq.eu; found "127.0.0.1"
        flag --sites: sites: expected sites, as DNS names in lower case, such as datadoghq.com and datadoghq.eu; found "datadoghq.com,"
        "#);
        assert_eq!(
            problems(&[], &[], "sites = \"datadoghq.com\""),
            "orgbridge.toml:1:9: sites: expected sites, as DNS names in lower case, such as datadoghq.com and \
             datadoghq.eu, each in quotes, in a list; found string"
        );
    }

    #[test]
    fn a_certificate_without_its_key_is_a_contradiction() {
        let report = problems(&[flag("tls_cert", "certificate.pem")], &[], "");
        assert_eq!(report, "flag --tls-cert: tls_cert needs tls_key beside it");
    }

    #[test]
    fn one_issuer_for_several_sites_is_a_contradiction() {
        let report = problems(
            &[],
            &[],
            "sites = [\"a.example\", \"b.example\"]\n[oauth]\nissuer = \"https://a.example\"",
        );
        assert_eq!(
            report,
            "orgbridge.toml:3:10: oauth.issuer can't be one and the same for several sites; leave it out"
        );
    }

    #[test]
    fn an_issuer_outside_is_whole_or_not_there() {
        let text = "[oauth.external_issuer]\nissuer = \"https://login.example.com\"\naudience = \"api\"\n";
        assert_eq!(
            problems(&[], &[], text),
            "orgbridge.toml:2:10: oauth.external_issuer.issuer needs oauth.external_issuer.audience and \
             oauth.external_issuer.org beside it"
        );
        let variables = [("ORGBRIDGE_OAUTH_EXTERNAL_ISSUER_ORG", "fasjyydbcgwwc2uc")];
        assert_eq!(
            problems(&[], &variables, ""),
            "environment ORGBRIDGE_OAUTH_EXTERNAL_ISSUER_ORG: oauth.external_issuer.org needs \
             oauth.external_issuer.issuer beside it"
        );
        let resolved = resolve(&[], &environment(&variables), Some(file(text))).unwrap();
        let external = resolved.settings.external_issuer().unwrap();
        assert_eq!(
            (external.issuer.url.as_str(), external.issuer.audience.as_str()),
            ("https://login.example.com", "api")
        );
        assert_eq!(external.org.to_string(), "fasjyydbcgwwc2uc");
        assert_eq!(resolve(&[], &Environment::default(), None).unwrap().settings.external_issuer(), None);
    }

    #[test]
    fn an_issuer_outside_is_asked_over_https_and_signs_with_private_keys() {
        let text = "[oauth.external_issuer]\nissuer = \"http://login.example.com\"\naudience = \" \"\n\
                    subject_claim = \"name\"\nalgorithms = [\"RS256\", \"HS256\", \"none\"]";
        insta::assert_snapshot!(problems(&[], &[], text), @r#"
        orgbridge.toml:2:10: oauth.external_issuer.issuer: expected a URL such as https://login.example.com/tenant; http is taken for a loopback address alone; found "http://login.example.com"
        orgbridge.toml:3:12: oauth.external_issuer.audience: expected a text that is not empty; found " "
        orgbridge.toml:4:17: oauth.external_issuer.subject_claim: expected sub or email; found "name"
        orgbridge.toml:5:24: oauth.external_issuer.algorithms: expected algorithms among RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 and EdDSA; found "HS256"
        orgbridge.toml:5:33: oauth.external_issuer.algorithms: expected algorithms among RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 and EdDSA; found "none"
        "#);
    }

    #[test]
    fn an_issuer_to_log_in_at_is_whole_or_not_there() {
        let text = "[oauth.login]\nissuer = \"https://login.example.com\"\nclient_id = \"orgbridge\"\n";
        assert_eq!(
            problems(&[], &[], text),
            "orgbridge.toml:2:10: oauth.login.issuer needs oauth.login.client_id, oauth.login.client_secret_file and \
             oauth.login.org beside it"
        );
        let alone = "[oauth.login]\nissuer = \"http://login.example.com\"\nclient_id = \"\"\nuser_claim = \"name\"\n\
                     algorithms = [\"none\"]";
        insta::assert_snapshot!(problems(&[], &[], alone), @r#"
        orgbridge.toml:2:10: oauth.login.issuer: expected a URL such as https://login.example.com/tenant; http is taken for a loopback address alone; found "http://login.example.com"
        orgbridge.toml:3:13: oauth.login.client_id: expected a text that is not empty; found ""
        orgbridge.toml:4:14: oauth.login.user_claim: expected sub or email; found "name"
        orgbridge.toml:5:15: oauth.login.algorithms: expected algorithms among RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 and EdDSA; found "none"
        "#);
        let folder = tempfile::tempdir().unwrap();
        let file_of_secret = folder.path().join("secret");
        std::fs::write(&file_of_secret, "hunter2\n").unwrap();
        let variables = [
            ("ORGBRIDGE_OAUTH_LOGIN_ORG", "fasjyydbcgwwc2uc"),
            ("ORGBRIDGE_OAUTH_LOGIN_CLIENT_SECRET_FILE", file_of_secret.to_str().unwrap()),
        ];
        let report = problems(&[], &variables, "");
        assert!(report.contains("oauth.login.org needs oauth.login.issuer beside it"), "{report}");
        let resolved = resolve(&[], &environment(&variables), Some(file(text))).unwrap();
        let login = resolved.settings.issuer_login().unwrap().unwrap();
        assert_eq!(
            (login.issuer.client_id.as_str(), login.user_claim.to_string()),
            ("orgbridge", "email".to_owned())
        );
        assert!(!format!("{login:?} {resolved:?}").contains("hunter2"));
        std::fs::remove_file(&file_of_secret).unwrap();
        assert!(
            resolved
                .settings
                .issuer_login()
                .unwrap_err()
                .to_string()
                .starts_with(file_of_secret.to_str().unwrap())
        );
    }

    #[test]
    fn the_password_of_a_store_stands_in_a_file_and_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let file_of_secret = folder.path().join("secret");
        std::fs::write(&file_of_secret, "hunter2\n").unwrap();
        let password = file_of_secret.to_str().unwrap();
        let report = problems(&[], &[("ORGBRIDGE_RATE_LIMITS_STORE", "redis://:hunter2@127.0.0.1")], "");
        assert_eq!(
            report,
            "environment ORGBRIDGE_RATE_LIMITS_STORE: rate_limits.store: expected redis:// or rediss:// with a host, a \
             port and the number of a database, such as redis://127.0.0.1:6379/0, and no password in it"
        );
        let variables = [("ORGBRIDGE_RATE_LIMITS_STORE_PASSWORD_FILE", password)];
        assert!(problems(&[], &variables, "").ends_with("needs rate_limits.store beside it"));
        let text = "[rate_limits]\nstore = \"rediss://orgbridge@store.example.com:6379/1\"\nreplicas = 3";
        let resolved = resolve(&[], &environment(&variables), Some(file(text))).unwrap();
        assert_eq!(resolved.settings.planned_replicas.get(), 3);
        let store = resolved.settings.rate_store().unwrap().unwrap();
        assert_eq!(store.address.to_string(), "rediss://orgbridge@store.example.com:6379/1");
        assert!(store.password.is_some() && !format!("{store:?} {resolved:?}").contains("hunter2"));
        let off = resolve(&[flag("rate_limit", "off")], &environment(&variables), Some(file(text))).unwrap();
        assert!(off.settings.rate_store().unwrap().is_none());
    }

    #[test]
    fn what_may_hold_a_password_is_not_repeated() {
        let variables = [("ORGBRIDGE_DATABASE", "postgres//user:hunter2@host")];
        let report = problems(&[], &variables, "");
        assert!(report.starts_with("environment ORGBRIDGE_DATABASE: database: expected a database"));
        assert!(!report.contains("hunter2"));
    }

    #[test]
    fn variables_that_look_like_ours_are_named_and_others_are_not() {
        let variables =
            environment(&[("ORGBRIDGE_LISTENN", "secret"), ("PATH", "/bin"), ("ORGBRIDGE_CONFIG", "x")]);
        let resolved = resolve(&[], &variables, None).unwrap();
        assert_eq!(resolved.unknown_variables, ["ORGBRIDGE_LISTENN"]);
    }
}
