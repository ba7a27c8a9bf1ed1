//! Where secrets must not be. Source: hardening list, 18.

use std::fs;
use std::path::{Path, PathBuf};

use http::Method;
use orgbridge_testkit::{Persona, TestOrg, TestServer, TestUser, named_body};

use crate::oauth::Client;
use crate::oauth::pages::{self, Asked, Visitor};

/// What is in a folder and in those that are in it, as text.
fn texts_in(folder: &Path) -> String {
    let paths = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let text = |path: PathBuf| {
        if path.is_dir() {
            return texts_in(&path);
        }
        String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned()
    };
    paths.map(text).collect()
}

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
    // What is made here is shown in these answers alone.
    let name = |kind| named_body(kind, "made").to_string();
    let robots = format!("/api/v2/service_accounts/{}/application_keys", TestUser::Robot.id());
    let mut made = Vec::new();
    for (path, body, secret) in [
        ("/api/v2/api_keys", name("api_keys"), "/data/attributes/key"),
        ("/api/v2/current_user/application_keys", name("application_keys"), "/data/attributes/key"),
        (&robots, name("application_keys"), "/data/attributes/key"),
        ("/api/v1/org", r#"{"name":"Child Org"}"#.to_owned(), "/api_key/key"),
    ] {
        let reply = server.source_admin().call(Method::POST, path).body(body).await;
        made.push(reply.at(secret));
        if path == "/api/v1/org" {
            made.push(reply.at("/application_key/hash"));
        }
        seen += server.source_admin().get(path).await.body();
    }
    let client = Client::alone(&server).await;
    made.push(client.access(&server).await);
    seen +=
        server.anonymous().get("/api/v2/current_user").header("authorization", &client.basic()).await.body();
    made.push(client.secret);
    let dashboards = pages::dashboards(&server).await;
    let asked = Asked::by(&dashboards);
    let tokens = pages::tokens(&server, &dashboards, Persona::SourceAdmin).await;
    made.extend(["/access_token", "/refresh_token"].map(|token| tokens.at(token)));
    made.push(pages::code(&server, &asked, Persona::SourceAdmin).await);
    let login = Visitor::before(&server).log_in(&asked, Persona::SourceAdmin).await;
    let (cookie, _) = login.header("set-cookie").unwrap().split_once(';').unwrap();
    made.push(cookie.split_once('=').unwrap().1.to_owned());
    seen += server.source_admin().get("/api/v2/audit/events?page[limit]=1000").await.body();
    seen += server.source_admin().get("/api/v2/application_keys?page[size]=100").await.body();
    seen += &server.metrics();
    seen += &texts_in(server.folder());
    assert!(seen.contains("jane.doe@example.com"), "the database was read");
    assert!(seen.contains("made"), "the new keys were listed");
    for key in made {
        assert!(!seen.to_lowercase().contains(&key), "{key} was made");
    }
    for persona in Persona::ALL {
        for (name, key) in persona.credentials() {
            let key = key.trim_start_matches("Bearer ");
            assert!(!seen.to_lowercase().contains(key), "{name} of {persona}");
        }
    }
}
