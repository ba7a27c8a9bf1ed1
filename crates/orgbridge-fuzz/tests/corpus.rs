//! Every seed of every target, and whether each target has what it needs.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::{fs, panic};

use orgbridge_fuzz::{TARGETS, corpus_folder, fuzz, seeds};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the root of the workspace")
}

#[test]
fn every_seed_of_every_target_holds() {
    for target in &TARGETS {
        let seeds = seeds(target);
        assert!(seeds.len() > 1, "{} has too few seeds", target.name);
        for (name, seed) in seeds {
            let tried = panic::catch_unwind(|| fuzz(target.name, &seed));
            assert!(tried.is_ok(), "the seed {name} of {}", target.name);
        }
    }
}

#[test]
fn every_target_has_a_folder_and_a_wrapper_and_nothing_else_has() {
    let names = |folder: &str| {
        let entries = fs::read_dir(root().join("fuzz").join(folder)).expect("a folder");
        let mut names: Vec<_> = entries
            .map(|entry| {
                entry.expect("an entry").path().file_stem().expect("a name").to_string_lossy().into_owned()
            })
            .collect();
        names.sort();
        names
    };
    let targets: Vec<_> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(names("corpus"), targets);
    assert_eq!(names("fuzz_targets"), targets);
    let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).expect("a manifest");
    for target in &TARGETS {
        assert!(corpus_folder(target).is_dir());
        assert!(manifest.contains(&format!("name = \"{}\"", target.name)), "{}", target.name);
        let wrapper = fs::read_to_string(root().join(format!("fuzz/fuzz_targets/{}.rs", target.name)));
        let call = format!("fuzz_target!(|bytes: &[u8]| orgbridge_fuzz::fuzz(\"{}\", bytes));", target.name);
        assert!(wrapper.expect("a wrapper").contains(&call), "{}", target.name);
    }
}
