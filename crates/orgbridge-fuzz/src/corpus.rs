//! The seeds: inputs that are worth to begin with, and those that once found something.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Target;

/// The folder of a target's seeds.
pub fn corpus_folder(target: &Target) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the root of the workspace");
    root.join("fuzz").join("corpus").join(target.name)
}

/// A target's seeds, by name, in the order of their names.
pub fn seeds(target: &Target) -> Vec<(String, Vec<u8>)> {
    let folder = corpus_folder(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut seeds: Vec<_> = entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, fs::read(path).expect("a seed"))
        })
        .collect();
    seeds.sort();
    seeds
}
