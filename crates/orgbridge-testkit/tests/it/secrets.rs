//! Where secrets must not be. Source: hardening list, 18.

use std::fs;

use orgbridge_testkit::{Persona, TestOrg, TestServer};

#[tokio::test]
async fn no_key_is_kept_counted_or_answered() {
    let server = TestServer::start().await;
    let shared = server.connection().create().await;
    let mut seen = format!("{server:?}");
    for persona in Persona::ALL {
        let caller = server.caller(persona);
        seen += caller.list().await.body();
        seen += caller.update(shared, ["audit"]).await.body();
        seen += caller.get("/api/v2/current_user").await.body();
        seen += caller.get(format!("/api/v2/org?api_key={}", TestOrg::Source.api_key())).await.body();
    }
    seen += &server.metrics();
    for file in fs::read_dir(server.folder()).unwrap() {
        seen += &String::from_utf8_lossy(&fs::read(file.unwrap().path()).unwrap());
    }
    assert!(seen.contains("jane.doe@example.com"), "the database was read");
    for persona in Persona::ALL {
        for (name, key) in persona.credentials() {
            assert!(!seen.to_lowercase().contains(&key), "{name} of {persona}");
        }
    }
}
