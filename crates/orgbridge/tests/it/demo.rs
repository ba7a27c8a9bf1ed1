use std::fs;

use crate::program::Program;

#[test]
fn the_demo_makes_its_call_and_does_so_again_with_the_same_keys() {
    let program = Program::new();
    let first = program.run(&["demo", "--once", "--listen", "127.0.0.1:0"]);
    for part in [
        "PATCH http://127.0.0.1:",
        "/api/v2/org_connections/f9ec96b0-8c8a-4b0a-9b0a-1b2c3d4e5f6a",
        "HTTP/1.1 200 OK",
        r#""name":"Example Org""#,
        r#""name":"John Doe""#,
        "This is the right answer.",
        "curl -X PATCH",
    ] {
        assert!(first.text().contains(part), "{part} is not in {}", first.stdout);
    }
    let keys = fs::read_to_string(program.path("orgbridge-demo/keys.json")).unwrap();

    let second = program.run(&["demo", "--once", "--listen", "127.0.0.1:0"]);
    assert!(second.text().contains("This is the right answer."), "{second:?}");
    assert_eq!(fs::read_to_string(program.path("orgbridge-demo/keys.json")).unwrap(), keys);
    let key = |text: &str| text.split_once("DD-API-KEY: ").unwrap().1[..32].to_owned();
    assert_eq!(key(first.text()), key(second.text()));
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_the_demo_s_keys() {
    use std::os::unix::fs::PermissionsExt;
    let program = Program::new();
    program.run(&["demo", "--once", "--listen", "127.0.0.1:0", "--directory", "here"]).text();
    let mode = |name: &str| fs::metadata(program.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("here"), 0o700);
    assert_eq!(mode("here/keys.json"), 0o600);
    let log = fs::read(program.path("here/ledger.db")).unwrap();
    let keys = fs::read_to_string(program.path("here/keys.json")).unwrap();
    let key = keys.split('"').nth(3).unwrap().to_owned();
    assert_eq!(key.len(), 32);
    assert!(!String::from_utf8_lossy(&log).contains(&key));
}

#[test]
fn a_folder_that_the_demo_can_not_use_is_said_so() {
    let program = Program::new();
    program.write("file", "");
    let ended = program.run(&["demo", "--once", "--directory", "file"]);
    assert!(ended.complaint(1).contains("file"), "{ended:?}");
}
