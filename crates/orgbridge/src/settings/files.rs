//! What stands in the files that a configuration names.

use std::fmt;

use orgbridge_edge::{Tls, TlsError};

use super::{SecretError, Settings};
use crate::server::{IssuerLoginOptions, RateStoreOptions};

/// What stands in the files that a configuration names. Those that the address of the database names are read when it is
/// connected to.
#[derive(Debug)]
pub struct Files {
    /// What the API identifies itself with, if it speaks TLS.
    pub tls: Option<Tls>,
    /// The issuer outside at which users log in, with the secret that it knows us by, if there is one.
    pub issuer_login: Option<IssuerLoginOptions>,
    /// The store in which all replicas count, with its password, if there is one and anything to count.
    pub rate_store: Option<RateStoreOptions>,
}

impl Files {
    /// Reads every file that `settings` name.
    ///
    /// # Errors
    /// [`FileProblems`] names each that can't be used.
    pub fn read(settings: &Settings) -> Result<Self, FileProblems> {
        let mut problems = Vec::new();
        let files = Self {
            tls: kept(settings.tls(), &mut problems),
            issuer_login: kept(settings.issuer_login(), &mut problems),
            rate_store: kept(settings.rate_store(), &mut problems),
        };
        if problems.is_empty() { Ok(files) } else { Err(FileProblems(problems)) }
    }
}

fn kept<T, E: Into<FileProblem>>(read: Result<Option<T>, E>, problems: &mut Vec<FileProblem>) -> Option<T> {
    read.unwrap_or_else(|problem| {
        problems.push(problem.into());
        None
    })
}

/// Why a file that the configuration names can't be used.
#[derive(Debug, thiserror::Error)]
pub enum FileProblem {
    /// The certificate or its key.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A secret.
    #[error(transparent)]
    Secret(#[from] SecretError),
}

/// Every file that the configuration names and that can't be used.
#[derive(Debug, thiserror::Error)]
pub struct FileProblems(pub Vec<FileProblem>);

/// One problem a line.
impl fmt::Display for FileProblems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        formatter.write_str(&lines.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::settings::{Environment, TABLE, Value, resolve};

    /// Whoever adds a setting that names a file has it read here, too.
    #[test]
    fn every_file_that_a_setting_names_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let named: Vec<_> = TABLE
            .iter()
            .filter(|setting| setting.expected == PathBuf::EXPECTED)
            .map(|setting| (setting.key.as_str(), setting.variable(), folder.path().join(&setting.key)))
            .collect();
        let write = |key_of_setting: &str, path: &Path| {
            let text = match key_of_setting {
                "tls_cert" => &certificate,
                "tls_key" => &key,
                _ => "hunter2\n",
            };
            fs::write(path, text).unwrap();
        };
        let beside = [
            ("ORGBRIDGE_OAUTH_LOGIN_ISSUER", "https://login.example.com"),
            ("ORGBRIDGE_OAUTH_LOGIN_CLIENT_ID", "orgbridge"),
            ("ORGBRIDGE_OAUTH_LOGIN_ORG", "fasjyydbcgwwc2uc"),
            ("ORGBRIDGE_RATE_LIMITS_STORE", "redis://127.0.0.1:6379"),
        ];
        let variables = beside.iter().map(|(name, text)| ((*name).into(), (*text).into()));
        let files = named.iter().map(|(_, variable, path)| (variable.into(), path.into()));
        let environment: Environment = variables.chain(files).collect();
        let settings = resolve(&[], &environment, None).unwrap().settings;
        for (setting, _, path) in &named {
            write(setting, path);
        }
        assert!(Files::read(&settings).is_ok());

        for (setting, _, path) in &named {
            fs::remove_file(path).unwrap();
            let problems = Files::read(&settings).unwrap_err().to_string();
            assert!(problems.contains(&path.display().to_string()), "{setting}: {problems}");
            write(setting, path);
        }

        for (.., path) in &named {
            fs::remove_file(path).unwrap();
        }
        let problems = Files::read(&settings).unwrap_err();
        assert_eq!(problems.0.len(), named.len() - 1, "the certificate is read before its key: {problems}");
    }
}
