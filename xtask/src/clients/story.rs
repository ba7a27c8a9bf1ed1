//! One client program against a server, and whether it told the whole story.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::Client;
use crate::server::Server;
use crate::shell::{Result, root, run_command};

/// Who the programs are. `clients/organizations.yaml` makes the server know them.
pub(crate) const ENVIRONMENT: [(&str, &str); 6] = [
    ("DD_API_KEY", "0123456789abcdef0123456789abcdef"),
    ("DD_APP_KEY", "0123456789abcdef0123456789abcdef01234567"),
    ("DD_READER_APP_KEY", "89abcdef0123456789abcdef0123456789abcdef"),
    ("DD_SINK_API_KEY", "fedcba9876543210fedcba9876543210"),
    ("DD_SINK_APP_KEY", "fedcba9876543210fedcba9876543210fedcba98"),
    ("SINK_ORG_ID", "83999dcd-7f97-11f0-8de1-1ecf66f1aa85"),
];

/// A limit that a program can use up, and that none comes near before it wants to.
pub(crate) const LIMIT: [(&str, &str); 2] = [
    ("ORGBRIDGE_RATE_LIMITS_ORG_CONNECTIONS_READ_REQUESTS", "10"),
    ("ORGBRIDGE_RATE_LIMITS_ORG_CONNECTIONS_READ_PERIOD_SECONDS", "3"),
];

/// Runs the program of a client against a server of its own.
///
/// # Errors
/// Those of [`tell`].
pub(super) fn run(client: &Client) -> Result {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), &root().join("clients/organizations.yaml"), &LIMIT)?;
    tell(client, client.command().env("ORGBRIDGE_URL", &server.url))
}

/// Runs another program of a client, which tells a story of its own, against a server of its own.
///
/// # Errors
/// If it fails.
pub(super) fn run_other(client: &Client, name: &str) -> Result {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), &root().join("clients/organizations.yaml"), &[])?;
    let program = client.command();
    let mut other = Command::new(program.get_program());
    other.arg(client.source().join(name)).envs(ENVIRONMENT).env("ORGBRIDGE_URL", &server.url);
    run_command(&mut other)
}

/// Runs the program of a client against the server that its environment names.
///
/// # Errors
/// If it fails, or did not take exactly the steps of `clients/README.md` in their order.
pub(crate) fn tell(client: &Client, program: &mut Command) -> Result {
    let mut process = program.envs(ENVIRONMENT).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let mut lines = Vec::new();
    if let Some(output) = process.stdout.take() {
        for line in BufReader::new(output).lines() {
            let line = line?;
            println!("{line}");
            lines.push(line);
        }
    }
    let status = process.wait()?;
    if !status.success() {
        return Err(format!("{status}").into());
    }
    let readme = fs::read_to_string(root().join("clients/README.md"))?;
    let mut expected: Vec<_> = steps(&readme).map(|step| format!("{step}: as expected")).collect();
    expected.push(format!("{}: every step went as expected", client.name));
    if lines == expected {
        Ok(())
    } else {
        Err(format!("expected the lines {expected:?}, got {lines:?}").into())
    }
}

/// The first column of the table of steps.
fn steps(readme: &str) -> impl Iterator<Item = &str> {
    let section =
        readme.split("\n## ").find(|section| section.starts_with("The steps\n")).unwrap_or_default();
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.filter_map(|row| row.split('|').nth(1)).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_the_first_column_of_their_table() {
        let readme = "# Title\n\n| a | b |\n\n## The steps\nText.\n\n| step | what |\n|---|---|\n| one | 1 |\n| and two | 2 |\n\n## More\n| x | y |\n";
        assert_eq!(steps(readme).collect::<Vec<_>>(), ["one", "and two"]);
    }

    #[test]
    fn the_readme_has_the_steps() {
        let readme = fs::read_to_string(root().join("clients/README.md")).unwrap();
        assert!(steps(&readme).count() > 15);
    }
}
