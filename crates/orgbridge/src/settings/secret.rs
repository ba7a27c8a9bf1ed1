//! Secrets, which stand in files of their own.

use std::path::{Path, PathBuf};
use std::{fs, io};

use secrecy::SecretString;

/// Why a secret can't be used. It repeats nothing of the file.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file can't be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// There is no secret in it.
    #[error("{}: expected a secret on one line", path.display())]
    NotOneLine {
        /// The file.
        path: PathBuf,
    },
}

/// The secret in a file: its one line.
pub(super) fn read(path: &Path) -> Result<SecretString, SecretError> {
    let text = fs::read_to_string(path)
        .map_err(|source| SecretError::Unreadable { path: path.to_owned(), source })?;
    let line = text.trim_end_matches(['\r', '\n']);
    if line.is_empty() || line.contains(char::is_control) {
        return Err(SecretError::NotOneLine { path: path.to_owned() });
    }
    Ok(line.into())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_secret_is_the_one_line_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        assert!(matches!(read(&path), Err(SecretError::Unreadable { path: named, .. }) if named == path));
        for (text, secret) in
            [("a b=", Some("a b=")), ("a\r\n", Some("a")), ("", None), ("\n", None), ("a\nb", None)]
        {
            fs::write(&path, text).unwrap();
            let found = read(&path).ok();
            assert_eq!(found.as_ref().map(ExposeSecret::expose_secret), secret, "{text:?}");
        }
        assert!(!read(&path).unwrap_err().to_string().contains("a\nb"));
    }
}
