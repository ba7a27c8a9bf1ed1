//! Python, in a virtual environment.

use std::process::Command;

use super::{Client, Readiness};
use crate::python;

pub(super) const CLIENT: Client = Client {
    name: "python",
    needs: &[],
    prepare: |client| {
        python::prepare(&client.workshop(), &client.source().join("requirements.txt"))?;
        Ok(Readiness::Ready)
    },
    command: |client| {
        let mut program = Command::new(client.workshop().join("bin/python"));
        program.arg(client.source().join("org_connections.py"));
        program
    },
    others: &["keys_and_orgs.py", "users_and_roles.py", "audit.py", "restriction_policies.py", "oauth.py"],
};
