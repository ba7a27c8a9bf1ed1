//! Conformance by strangers: schemathesis calls a live server as the server's description of itself says.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use crate::python;
use crate::server::Server;
use crate::shell::{Result, cargo, root, target};

/// How many orgs can become the sink of a connection; `conformance/hooks.py` counts on them.
const SINKS: usize = 200;

const API_KEY: &str = "0123456789abcdef0123456789abcdef";
const ADMIN_KEY: &str = "0123456789abcdef0123456789abcdef01234567";
const READER_KEY: &str = "fedcba9876543210fedcba9876543210fedcba98";
const SCOPED_KEY: &str = "89abcdef0123456789abcdef0123456789abcdef";

/// Somebody who calls, and the statuses that they may get for what is described as right.
struct Caller {
    name: &'static str,
    application_key: Option<&'static str>,
    expected: &'static str,
}

/// A pair may be connected already, or a connection be deleted by then; the rest is a matter of rights.
const CALLERS: [Caller; 4] = [
    Caller { name: "valid", application_key: Some(ADMIN_KEY), expected: r#""2xx", 404, 409"# },
    Caller { name: "read only", application_key: Some(READER_KEY), expected: r#""2xx", 403, 404"# },
    Caller { name: "scoped", application_key: Some(SCOPED_KEY), expected: r#""2xx", 403, 404"# },
    Caller { name: "missing", application_key: None, expected: r#""2xx", 401, 403"# },
];

/// What is not left to chance.
const DEFAULTS: [&str; 4] = ["--seed", "1", "--max-examples", "20"];

/// How many callers call at the same time, each a server of its own: one keeps a core busy.
const AT_ONCE: usize = 2;

/// A restriction policy that is deleted is still read, without bindings, and a user who is deleted is switched off, as on
/// the real service; to whoever follows one call by another that looks like a mistake.
const STILL_READ: &str = "\
[[operations]]
include-name = \"DELETE /api/v2/restriction_policy/{resource_id}\"
phases.stateful.enabled = false
[[operations]]
include-name = \"DELETE /api/v2/users/{user_id}\"
phases.stateful.enabled = false
";

/// What a client, a browser and their secrets are no schema says, so that what is described as right is refused as a rule.
const OAUTH: &str = "\
[[operations]]
include-path-regex = \"/oauth2/\"
checks.positive_data_acceptance.expected-statuses = [\"2xx\", \"3xx\", 400, 401, 403, 404]
";

/// How long one caller may take.
const TIME_LIMIT_SECONDS: &str = "900";

/// Runs every check with every caller. `options` are those of `schemathesis run` and beat the defaults.
pub(crate) fn run(options: &[&str]) -> Result {
    cargo(&["build", "--release", "--locked", "--package", "orgbridge"])?;
    let environment = target().join("conformance");
    python::prepare(&environment, &root().join("conformance/requirements.txt"))?;
    let schemathesis = environment.join("bin/schemathesis");
    for callers in CALLERS.chunks(AT_ONCE) {
        let outcomes: Vec<_> = thread::scope(|scope| {
            let call = |caller| {
                let schemathesis = &schemathesis;
                scope.spawn(move || {
                    Caller::call(caller, schemathesis, options).map_err(|error| error.to_string())
                })
            };
            let running: Vec<_> = callers.iter().map(call).collect();
            running
                .into_iter()
                .map(|running| running.join().unwrap_or_else(|_| Err("it panicked".to_owned())))
                .collect()
        });
        for outcome in outcomes {
            outcome?;
        }
    }
    Ok(())
}

impl Caller {
    fn call(&self, schemathesis: &Path, options: &[&str]) -> Result {
        let folder = tempfile::tempdir()?;
        let organizations = folder.path().join("organizations.yaml");
        fs::write(&organizations, import())?;
        let settings = [("ORGBRIDGE_RATE_LIMIT", "off"), ("ORGBRIDGE_LOG", "error")];
        let server = Server::start(folder.path(), &organizations, &settings)?;
        let configuration = folder.path().join("schemathesis.toml");
        fs::write(&configuration, self.configuration())?;
        let description = format!("{}/api/v2/openapi.json", server.url);
        let mut command = Command::new("timeout");
        command
            .arg(TIME_LIMIT_SECONDS)
            .arg(schemathesis)
            .arg("--config-file")
            .arg(configuration)
            .args(["run", &description, "--checks", "all", "--suppress-health-check", "too_slow"])
            .args(DEFAULTS)
            .args(options)
            .env("PYTHONPATH", root().join("conformance"))
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stderr(Stdio::inherit());
        // Told as a whole: another caller may be calling.
        let output = command.output()?;
        println!(
            "== schemathesis with {} credentials\n{}",
            self.name,
            String::from_utf8_lossy(&output.stdout)
        );
        if output.status.success() { Ok(()) } else { Err(format!("schemathesis: {}", output.status).into()) }
    }

    fn configuration(&self) -> String {
        let mut text = format!(
            "hooks = \"hooks\"\n[checks.positive_data_acceptance]\nexpected-statuses = [{}]\n{STILL_READ}{OAUTH}",
            self.expected
        );
        if let Some(application_key) = self.application_key {
            // Writing to a string can't fail.
            let _ = write!(
                text,
                "[headers]\nDD-API-KEY = \"{API_KEY}\"\nDD-APPLICATION-KEY = \"{application_key}\"\n"
            );
        }
        text
    }
}

/// A source with somebody for each kind of credentials, of whom the first may do everything there is; the sinks, and a
/// connection with the first of them.
fn import() -> String {
    let mut text = format!(
        "\
accounts:
  - name: Example Account
    orgs:
      - name: Source Org
        public_id: fasjyydbcgwwc2uc
        api_keys:
          - {{id: 00000000-0000-4000-8001-000000000001, name: any, key: {API_KEY}}}
        roles:
          - id: 00000000-0000-4000-8001-000000000009
            name: Evaluator
            permissions: [org_connections_evaluate]
        users:
          - id: 00000000-0000-4000-8001-000000000005
            name: Jane Doe
            email: jane@example.com
            roles: [Admin, Evaluator]
            application_keys:
              - {{id: 00000000-0000-4000-8001-000000000002, name: valid, key: {ADMIN_KEY}}}
              - id: 00000000-0000-4000-8001-000000000003
                name: scoped
                key: {SCOPED_KEY}
                scopes: [org_connections_read]
          - id: 00000000-0000-4000-8001-000000000006
            name: John Doe
            email: john@example.com
            roles: [Read Only]
            application_keys:
              - {{id: 00000000-0000-4000-8001-000000000004, name: read only, key: {READER_KEY}}}
          - id: 00000000-0000-4000-8001-000000000008
            name: Robot
            email: robot@example.com
            service_account: true
"
    );
    for sink in 0..SINKS {
        // Writing to a string can't fail.
        let _ = writeln!(text, "      - {{id: 00000000-0000-4000-8000-{sink:012x}, name: Sink Org {sink}}}");
    }
    text.push_str(
        "    connections:
      - id: 00000000-0000-4000-8001-000000000007
        source: Source Org
        sink: 00000000-0000-4000-8000-000000000000
        types: [logs]
        created_by: jane@example.com
",
    );
    text
}
