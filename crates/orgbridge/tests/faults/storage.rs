//! Storage that refuses.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::process::{Deployment, Server, sink};

const ONE: &str = r#"["logs"]"#;
const OTHER: &str = r#"["logs","metrics"]"#;

#[test]
fn a_full_disk_is_answered_with_503_and_recovered_from_without_a_restart() {
    let deployment = Deployment::with_sinks(1);
    // A file may not grow past the soft limit, as on a disk that is full; `prlimit` makes room again.
    let mut command = Command::new("bash");
    let script = "trap '' XFSZ; ulimit -S -f 400; exec \"$0\" \"$@\"";
    command.args(["-c", script]).arg(&deployment.binary);
    let server = Server::start(command, &deployment.database());
    let mut client = server.client();
    let id = client.create(&sink(0), ONE).unwrap().id();

    let mut kept = ONE;
    let mut refused = None;
    for turn in 0..2_000 {
        let wanted = if turn % 2 == 0 { OTHER } else { ONE };
        let answer = client.update(&id, wanted).unwrap();
        if answer.status != 200 {
            refused = Some(answer);
            break;
        }
        kept = wanted;
    }
    let refused = refused.unwrap();
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.body.contains("Service Unavailable"), "{refused:?}");
    assert_eq!(client.types_for(&sink(0)).as_deref(), Some(kept), "what was refused is not there");
    server.wait_until_ready_is(503);

    let room = Command::new("prlimit")
        .args(["--pid", &server.id().to_string(), "--fsize=unlimited:unlimited"])
        .status()
        .unwrap();
    assert!(room.success());
    server.wait_until_ready_is(200);
    let wanted = if kept == ONE { OTHER } else { ONE };
    let answer = client.update(&id, wanted).unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    deployment.must_run(&["audit", "verify", "--database", &deployment.database()]);
}

#[test]
fn a_database_that_is_gone_is_answered_with_503_and_found_again_when_it_is_back() {
    let deployment = Deployment::with_sinks(1);
    let server = deployment.serve();
    let mut client = server.client();
    let id = client.create(&sink(0), ONE).unwrap().id();

    fs::rename(deployment.path("ledger.db"), deployment.path("elsewhere.db")).unwrap();
    let refused = client.update(&id, OTHER).unwrap();
    assert_eq!(refused.status, 503, "{refused:?}");
    server.wait_until_ready_is(503);

    fs::rename(deployment.path("elsewhere.db"), deployment.path("ledger.db")).unwrap();
    server.wait_until_ready_is(200);
    assert_eq!(client.update(&id, OTHER).unwrap().status, 200);
}

#[test]
fn a_read_only_database_is_refused_at_the_start_with_its_name() {
    let mut deployment = Deployment::with_sinks(0);
    let folder = deployment.folder.path().to_owned();
    let set_mode =
        |path: &std::path::Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    // No permission stops the superuser, so the server runs as somebody else, from where they can reach it.
    let binary = deployment.path("orgbridge");
    fs::copy(&deployment.binary, &binary).unwrap();
    set_mode(&binary, 0o755);
    set_mode(&deployment.path("ledger.db"), 0o444);
    set_mode(&folder, 0o555);
    deployment.binary = binary;
    let superuser = fs::write(deployment.path("probe"), "").is_ok();
    let mut command = if superuser {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&deployment.binary);
        command
    } else {
        Command::new(&deployment.binary)
    };

    let output = command.args(["serve", "--database", &deployment.database()]).output().unwrap();

    set_mode(&folder, 0o755);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(4), "{message}");
    assert!(message.contains("ledger.db") && message.contains("read-only"), "{message}");
}
