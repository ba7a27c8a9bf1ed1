//! Floods against the whole server: it goes on answering, and its memory stays what it was. Source: hardening list, 10, 14
//! and 16.

use std::net::TcpStream;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use orgbridge_floods::floods;

use crate::process::{API_KEY, APPLICATION_KEY, Client, Deployment, Server, sink};

/// How many attack at the same time.
const ATTACKERS: usize = 6;

/// How long each kind of attack lasts in a round.
const ATTACK: Duration = Duration::from_millis(300);

const ROUNDS: usize = 3;

/// KiB by which memory may be more after the rounds than after one, and at its height. One attacker who is believed
/// sends more than that in a round.
const GROWTH: u64 = 24 * 1024;

/// Every flood, one after the other.
fn flood(server: &Server) {
    let credentials = format!("DD-API-KEY: {API_KEY}\r\nDD-APPLICATION-KEY: {APPLICATION_KEY}\r\n");
    let address = server.address.parse().unwrap();
    for flood in floods(&credentials) {
        let end = Instant::now() + ATTACK;
        let connections: usize = thread::scope(|scope| {
            let attackers: Vec<_> =
                (0..ATTACKERS).map(|_| scope.spawn(|| flood.attack(address, end))).collect();
            attackers.into_iter().map(|attacker| attacker.join().unwrap()).sum()
        });
        assert!(connections >= ATTACKERS, "{}: {connections} connections", flood.name);
        // Whoever means well is answered meanwhile, and right after.
        let answer = server.client().call("GET", "/api/v2/current_user", "").unwrap();
        assert_eq!(answer.status, 200, "after {}: {answer:?}", flood.name);
    }
}

#[test]
fn no_flood_takes_memory_that_it_does_not_give_back() {
    let deployment = Deployment::with_sinks(1);
    // At its usual level the log is no flood of its own.
    let mut command = Command::new(&deployment.binary);
    command.env("ORGBRIDGE_EDGE_WRITE_TIMEOUT_SECONDS", "1").env("ORGBRIDGE_EDGE_BODY_TIMEOUT_SECONDS", "1");
    let server = Server::start_logging(command, &deployment.database(), "info");
    assert_eq!(server.client().create(&sink(0), r#"["logs"]"#).unwrap().status, 200);
    flood(&server);
    let (after_one, height_of_one) = server.memory();

    for _ in 0..ROUNDS {
        flood(&server);
    }

    let (after, height) = server.memory();
    assert!(after < after_one + GROWTH, "{after_one} KiB after one round, {after} KiB after {ROUNDS} more");
    assert!(height < height_of_one + GROWTH, "{height_of_one} KiB at the height of one, then {height} KiB");
    assert_eq!(server.client().types_for(&sink(0)).as_deref(), Some(r#"["logs"]"#));
    assert!(!server.log().contains("panic"), "{}", server.log());
}

/// Descriptors that this process needs for all of them, and those that the server is allowed, at first and at the most.
const DESCRIPTORS: &str = "--nofile=8192:";
const SERVERS_DESCRIPTORS: &str = "--nofile=256:8192";

#[test]
fn of_five_thousand_silent_connections_so_many_are_kept_and_everybody_is_answered() {
    const CONNECTIONS: usize = 5_000;
    const CAP: u64 = 4_096;
    let deployment = Deployment::with_sinks(1);
    let mut command = Command::new("prlimit");
    command.arg(SERVERS_DESCRIPTORS).arg(&deployment.binary);
    let server = Server::start_logging(command, &deployment.database(), "info");
    let process = std::process::id().to_string();
    let raised = Command::new("prlimit").args(["--pid", &process, DESCRIPTORS]).status();
    assert!(raised.unwrap().success(), "8,192 descriptors are allowed");
    let (before, _) = server.memory();
    let silent: Vec<_> = (0..CONNECTIONS).map(|_| TcpStream::connect(&server.address).unwrap()).collect();

    for path in ["/livez", "/readyz"] {
        let began = Instant::now();
        let answer = Client::connect(&server.admin_address).call("GET", path, "").unwrap();
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        assert!(began.elapsed() < Duration::from_secs(5), "{path} took {:?}", began.elapsed());
    }
    // Not before: whoever connects and says nothing may have to make room.
    assert_eq!(server.client().create(&sink(0), r#"["logs"]"#).unwrap().status, 200);
    let open = server.metric("orgbridge_edge_connections");
    assert!((CAP / 2..=CAP).contains(&open), "{open} are open");
    assert!(server.metric("orgbridge_edge_connections_accepted_total") >= 5_000);
    let (after, _) = server.memory();
    // Some 20 KiB each, as the program is built for tests.
    assert!(after < before + open * 32, "{before} KiB before, {after} KiB with {open} open");
    drop(silent);
}
