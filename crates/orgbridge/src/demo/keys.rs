//! The demo's keys: made once for a folder and kept in it, so that a second start can show them again. Real
//! deployments keep digests only.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use orgbridge_domain::{ApiKeySecret, ApplicationKeySecret};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::random;

/// The keys with which the demo calls its server.
#[derive(Debug, Clone)]
pub(crate) struct DemoKeys {
    pub(crate) api_key: ApiKeySecret,
    pub(crate) application_key: ApplicationKeySecret,
}

/// The file, as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeysFile {
    api_key: String,
    application_key: String,
}

impl DemoKeys {
    /// The keys in the file at `path`, which is made where there is none.
    pub(crate) fn read_or_make(path: &Path) -> Result<Self, Failure> {
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&text).ok_or_else(|| {
                let file = path.display();
                Failure::Faulty(format!("{file}: this is no file of demo keys; delete it to have new ones"))
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::make(path),
            Err(error) => Err(Failure::file(path)(error)),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let file: KeysFile = serde_json::from_str(text).ok()?;
        Some(Self {
            api_key: file.api_key.parse().ok()?,
            application_key: file.application_key.parse().ok()?,
        })
    }

    fn make(path: &Path) -> Result<Self, Failure> {
        let keys = Self { api_key: random::api_key()?, application_key: random::application_key()? };
        let file = KeysFile {
            api_key: keys.api_key.expose().to_owned(),
            application_key: keys.application_key.expose().to_owned(),
        };
        let write = || {
            let text = serde_json::to_string_pretty(&file)?;
            // Under another name first: what can be found is whole.
            let partial = path.with_extension("partial");
            let mut options = File::options();
            options.write(true).create(true).truncate(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut out = options.open(&partial)?;
            writeln!(out, "{text}")?;
            out.sync_all()?;
            fs::rename(&partial, path)
        };
        write().map_err(Failure::file(path))?;
        Ok(keys)
    }
}
