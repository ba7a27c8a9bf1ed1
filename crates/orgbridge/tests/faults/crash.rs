//! `kill -9` at any moment under load: what was acknowledged is there, what was refused is not.

use std::thread;
use std::time::Duration;

use crate::process::{Client, Deployment, sink};

const CLIENTS: usize = 8;
const ROUNDS: u64 = 8;

const TYPES: [&str; 5] =
    [r#"["logs"]"#, r#"["metrics"]"#, r#"["logs","audit"]"#, r#"["audit"]"#, r#"["metrics","logs"]"#];

/// What one client knows of its own connection.
#[derive(Debug, Clone)]
struct Knowledge {
    sink: String,
    id: Option<String>,
    /// What the latest acknowledged call made of it.
    types: Option<String>,
    /// What a new server may find: what was acknowledged, or what a call that was never answered would have made.
    possible: Vec<Option<String>>,
    acknowledged: usize,
}

impl Knowledge {
    /// Creates, updates and deletes until the server is gone.
    fn work(mut self, address: &str) -> Self {
        let mut client = Client::connect(address);
        loop {
            let turn = self.acknowledged % (TYPES.len() + 1);
            let (wanted, answer) = match &self.id {
                None => (Some(TYPES[0]), client.create(&self.sink, TYPES[0])),
                Some(id) if turn == TYPES.len() => (None, client.delete(id)),
                Some(id) => (Some(TYPES[turn]), client.update(id, TYPES[turn])),
            };
            let wanted = wanted.map(str::to_owned);
            let Ok(answer) = answer else {
                self.possible = vec![self.types.clone(), wanted];
                return self;
            };
            assert_eq!(answer.status, 200, "{answer:?}");
            self.id = wanted.is_some().then(|| self.id.clone().unwrap_or_else(|| answer.id()));
            self.types = wanted;
            self.acknowledged += 1;

            // Refused, so it must never show.
            if let Some(id) = &self.id {
                let Ok(refused) = client.update(id, r#"["audit","audit"]"#) else {
                    self.possible = vec![self.types.clone()];
                    return self;
                };
                assert_eq!(refused.status, 400, "{refused:?}");
            }
        }
    }

    /// Compares with what a server that was started anew says, and begins afresh from there.
    fn check(self, client: &mut Client) -> Self {
        let found = client.types_for(&self.sink);
        assert!(self.possible.contains(&found), "found {found:?}, {self:?}");
        let list =
            client.call("GET", &format!("/api/v2/org_connections?sink_org_id={}", self.sink), "").unwrap();
        Self { id: found.as_ref().map(|_| list.id()), types: found, possible: vec![], ..self }
    }
}

#[test]
fn what_was_acknowledged_survives_being_killed_under_load() {
    let deployment = Deployment::with_sinks(CLIENTS);
    let mut knowledge: Vec<Knowledge> = (0..CLIENTS)
        .map(|number| Knowledge {
            sink: sink(number),
            id: None,
            types: None,
            possible: vec![],
            acknowledged: 0,
        })
        .collect();

    for round in 0..ROUNDS {
        let mut server = deployment.serve();
        let workers: Vec<_> = knowledge
            .into_iter()
            .map(|knowledge| {
                let address = server.address.clone();
                thread::spawn(move || knowledge.work(&address))
            })
            .collect();
        thread::sleep(Duration::from_millis(60 + 37 * round));
        server.kill();
        let known = workers.into_iter().map(|worker| worker.join().unwrap());

        let known: Vec<_> = known.collect();
        let server = deployment.serve();
        let mut client = server.client();
        knowledge = known.into_iter().map(|knowledge| knowledge.check(&mut client)).collect();
        deployment.must_run(&["audit", "verify", "--database", &deployment.database()]);
    }

    let acknowledged: usize = knowledge.iter().map(|knowledge| knowledge.acknowledged).sum();
    assert!(acknowledged > 100, "the server was under load: {acknowledged} calls");
}
