//! A process that stands still, and goes on. Source: hardening list, 28.

use std::thread;
use std::time::Duration;

use crate::process::{Client, Deployment, sink};

const ROUNDS: usize = 2;

/// Longer than anything may be decided by what was known before.
const STANDSTILL: Duration = Duration::from_millis(2_600);

/// Requests lie before the door when the process goes on, and are read by whichever of its threads is first: no look at
/// the database need have come before.
#[test]
fn a_server_that_stood_still_answers_nothing_that_is_over() {
    let deployment = Deployment::with_sinks(1);
    let (sleeper, other) = (deployment.serve(), deployment.serve());
    for round in 0..ROUNDS {
        let id = other.client().create(&sink(0), r#"["logs"]"#).unwrap().id();
        let path = format!("/api/v2/org_connections/{id}");
        let mut clients: Vec<Client> = (0..8).map(|_| sleeper.client()).collect();
        for client in &mut clients {
            wait_until_it_is_there(client, &path);
        }

        sleeper.signal("STOP");
        assert_eq!(other.client().delete(&id).unwrap().status, 200);
        thread::sleep(STANDSTILL);
        for client in &mut clients {
            client.ask("GET", &path, "").unwrap();
        }
        sleeper.signal("CONT");

        for client in &mut clients {
            let answer = client.answer().unwrap();
            assert!([404, 503].contains(&answer.status), "round {round}: {answer:?}");
        }
        sleeper.wait_until_ready_is(200);
        assert_eq!(sleeper.client().call("GET", &path, "").unwrap().status, 404);
    }
}

fn wait_until_it_is_there(client: &mut Client, path: &str) {
    for _ in 0..500 {
        if client.call("GET", path, "").unwrap().status == 200 {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("{path} was not seen");
}
