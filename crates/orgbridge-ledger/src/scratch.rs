//! A database of SQLite for the length of one operation.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::backup::BackupError;
use crate::sqlite;

/// A file that only its owner can read. It is removed when this is dropped, whatever it has become.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// A name in the folder of `path` that nobody else uses, nor has used before: what was killed may have left something
    /// behind, and in a container the next process can have its number.
    pub(crate) fn beside(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Self(path.with_file_name(format!(".{name}.{}.partial", Uuid::new_v4().simple())))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Copies the ledger in the file at `path`, at one point of its history, and waits for the disk.
    pub(crate) fn fill_from(&self, path: &Path) -> Result<(), BackupError> {
        let connection = sqlite::open_read_only(path)?;
        // `VACUUM INTO` fills an empty file where there is one, so the mode is set before any byte is in it.
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&self.0).map_err(file_error(&self.0))?;
        connection.execute("VACUUM INTO $1", [self.0.to_string_lossy()])?;
        // SQLite does not wait here.
        file.sync_all().map_err(file_error(&self.0))
    }

    /// Gives it the name `to`, which it never takes from anything that stands there, and waits for the disk.
    pub(crate) fn become_known_as(self, to: &Path) -> Result<(), BackupError> {
        // A link, unlike a new name, never replaces what has come to stand there.
        fs::hard_link(&self.0, to).map_err(file_error(to))?;
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(file_error(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        sqlite::remove(&self.0);
    }
}

fn file_error(path: &Path) -> impl FnOnce(std::io::Error) -> BackupError {
    let path = path.to_owned();
    move |cause| BackupError::File { path, cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_earlier_one_left_behind_is_in_nobodys_way() {
        let beside = || Scratch::beside(Path::new("folder/ledger.db"));
        let (one, other) = (beside(), beside());
        assert_ne!(one.path(), other.path());
        assert_eq!(one.path().parent(), Some(Path::new("folder")));
    }
}
