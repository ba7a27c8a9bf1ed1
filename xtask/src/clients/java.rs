//! Java, built with Maven, from Maven Central.

use std::process::Command;

use super::{Client, Need, Readiness};
use crate::shell::{Result, run};

pub(super) const CLIENT: Client = Client {
    name: "java",
    needs: &[
        Need { command_line: &["javac", "--version"], packages: &["default-jdk-headless"] },
        Need { command_line: &["mvn", "--version"], packages: &["maven"] },
    ],
    prepare,
    command,
    others: &[],
};

/// The client sends PATCH by reflection, which the modules of the JDK must be opened for.
const OPENED: [&str; 2] =
    ["java.base/java.net=ALL-UNNAMED", "java.base/sun.net.www.protocol.https=ALL-UNNAMED"];

fn prepare(client: &Client) -> Result<Readiness> {
    let workshop = client.workshop();
    let project = client.source().join("pom.xml");
    let folder = format!("-Dfolder={}", workshop.display());
    run("mvn", &["--quiet", "--batch-mode", "--file", &project.to_string_lossy(), &folder, "compile"])?;
    Ok(Readiness::Ready)
}

fn command(client: &Client) -> Command {
    let mut program = Command::new("java");
    for module in OPENED {
        program.args(["--add-opens", module]);
    }
    let classes = format!("{0}/classes:{0}/dependencies/*", client.workshop().display());
    program.args(["--class-path", &classes, "OrgConnections"]);
    program
}
