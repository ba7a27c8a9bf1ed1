//! `orgbridge-fuzz --seconds N [--seed N] [--artifacts FOLDER] [TARGET…]`: fuzzes on stable. Exits with 1 where something
//! was found, and keeps the input.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "what a run does is read on a terminal")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use std::{env, fs};

use orgbridge_fuzz::{TARGETS, Target, named, run};

const USAGE: &str = "usage: orgbridge-fuzz --seconds N [--seed N] [--artifacts FOLDER] [TARGET…]";

struct Options {
    seconds: u32,
    seed: u64,
    artifacts: PathBuf,
    targets: Vec<&'static Target>,
}

impl Options {
    fn read(mut words: impl Iterator<Item = String>) -> Option<Self> {
        let mut options =
            Self { seconds: 0, seed: fastrand::u64(..), artifacts: "fuzz/artifacts".into(), targets: vec![] };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--seconds" => options.seconds = words.next()?.parse().ok()?,
                "--seed" => options.seed = words.next()?.parse().ok()?,
                "--artifacts" => options.artifacts = words.next()?.into(),
                name => options.targets.push(named(name)?),
            }
        }
        if options.targets.is_empty() {
            options.targets = TARGETS.iter().collect();
        }
        (options.seconds > 0).then_some(options)
    }
}

fn main() -> ExitCode {
    let Some(options) = Options::read(env::args().skip(1)) else {
        let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
        eprintln!("{USAGE}\ntargets: {}", names.join(", "));
        return ExitCode::from(2);
    };
    println!("seed {}", options.seed);
    let count = u32::try_from(options.targets.len()).unwrap_or(u32::MAX);
    let time = Duration::from_secs(options.seconds.into()) / count;
    let mut is_clean = true;
    for target in options.targets {
        match run(target, time, options.seed) {
            Ok(tried) => println!("{:14} {tried:7} inputs, nothing found", target.name),
            Err(finding) => {
                is_clean = false;
                let path = options.artifacts.join(format!("{}-{}", target.name, options.seed));
                let kept =
                    fs::create_dir_all(&options.artifacts).and_then(|()| fs::write(&path, &finding.input));
                let place = kept.map_or_else(|problem| problem.to_string(), |()| path.display().to_string());
                eprintln!(
                    "{}: {}\nthe input: {}\nkept: {place}",
                    target.name,
                    finding.what,
                    finding.input.escape_ascii()
                );
            }
        }
    }
    if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
