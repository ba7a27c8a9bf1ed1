//! What the provider says, byte by byte, and what it keeps of the answers.

use std::fmt;

use orgbridge_testkit::{Persona, RawClient, RawReply, TestServer};
use serde_json::Value;

const CONNECTIONS: &str = "/api/v2/org_connections";

/// How the provider introduces itself: its own name in front of that of the Go client which it is built on.
const USER_AGENT: &str = "terraform-provider-datadog/4.0.0 (terraform 2.40.0; terraform-cli 1.14.0) \
                          datadog-api-client-go/2.67.0 (go go1.26.0; os linux; arch amd64)";

/// The provider on its one connection, which Go keeps open between calls.
#[derive(Debug)]
pub(super) struct Provider {
    client: RawClient,
    host: String,
    api_key: String,
    application_key: String,
}

impl Provider {
    /// Connects with the keys that a persona would put into the environment, and checks nothing.
    pub(super) async fn of(server: &TestServer, persona: Persona) -> Self {
        let key = |header| {
            let found = persona.credentials().into_iter().find(|(name, _)| *name == header);
            found.map(|(_, value)| value).unwrap_or_default()
        };
        Self {
            client: server.raw().await,
            host: server.address().to_string(),
            api_key: key("dd-api-key"),
            application_key: key("dd-application-key"),
        }
    }

    /// Checks the keys, as the provider does before anything else.
    pub(super) async fn configure(&mut self) -> RawReply {
        // The client gives the application key only to calls that are declared to need it.
        self.say(&format!(
            "GET /api/v1/validate HTTP/1.1\r\nHost: {}\r\nUser-Agent: {USER_AGENT}\r\nAccept: application/json\r\n\
             Dd-Api-Key: {}\r\nAccept-Encoding: gzip\r\n\r\n",
            self.host, self.api_key
        ))
        .await
    }

    /// Creates. The client sorts members by name and ends in a newline; the name of the sink is always empty.
    pub(super) async fn create(&mut self, sink: impl fmt::Display, types: &[&str]) -> RawReply {
        let types = Value::from(types);
        let body = format!(
            r#"{{"data":{{"attributes":{{"connection_types":{types}}},"relationships":{{"sink_org":{{"data":{{"id":"{sink}","name":"","type":"orgs"}}}}}},"type":"org_connection"}}}}"#
        ) + "\n";
        self.call_with("POST", CONNECTIONS, &body).await
    }

    /// Reads what the state says, by its sink. An import knows none, and asks with an empty one.
    pub(super) async fn read(&mut self, sink: impl fmt::Display) -> RawReply {
        self.call("GET", &format!("{CONNECTIONS}?sink_org_id={sink}"), "application/json").await
    }

    /// Reads, and keeps the first item; `None` means that it forgets the resource and plans to create it.
    pub(super) async fn refresh(&mut self, sink: impl fmt::Display) -> Option<Resource> {
        let reply = self.read(sink).await;
        assert_eq!(reply.status(), 200, "{reply}");
        let list = json(&reply);
        list["data"].as_array().expect("a list").first().map(Resource::of)
    }

    /// Reads for an import, whatever id was given.
    pub(super) async fn import(&mut self) -> Option<Resource> {
        self.refresh("").await
    }

    /// Replaces what is shared.
    pub(super) async fn update(&mut self, id: &str, types: &[&str]) -> RawReply {
        let types = Value::from(types);
        let body = format!(
            r#"{{"data":{{"attributes":{{"connection_types":{types}}},"id":"{id}","type":"org_connection"}}}}"#
        ) + "\n";
        self.call_with("PATCH", &format!("{CONNECTIONS}/{id}"), &body).await
    }

    /// Deletes.
    pub(super) async fn destroy(&mut self, id: &str) -> RawReply {
        self.call("DELETE", &format!("{CONNECTIONS}/{id}"), "*/*").await
    }

    async fn call(&mut self, method: &str, path: &str, accept: &str) -> RawReply {
        self.say(&format!("{}{}", self.line(method, path), self.fields(accept, ""))).await
    }

    async fn call_with(&mut self, method: &str, path: &str, body: &str) -> RawReply {
        let length = format!("Content-Length: {}\r\n", body.len());
        let fields = self.fields("application/json", "Content-Type: application/json\r\n");
        self.say(&format!("{}{length}{fields}{body}", self.line(method, path))).await
    }

    fn line(&self, method: &str, path: &str) -> String {
        format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {USER_AGENT}\r\n", self.host)
    }

    fn fields(&self, accept: &str, content: &str) -> String {
        format!(
            "Accept: {accept}\r\n{content}Dd-Api-Key: {}\r\nDd-Application-Key: {}\r\nAccept-Encoding: gzip\r\n\r\n",
            self.api_key, self.application_key
        )
    }

    /// Says it, and holds of every answer what the client needs of it.
    async fn say(&mut self, request: &str) -> RawReply {
        self.client.send(request).await;
        let reply = self.client.read_reply().await;
        assert_eq!(reply.header("content-type"), Some("application/json"), "{reply}");
        assert_eq!(reply.header("content-encoding"), None, "{reply}");
        json(&reply);
        reply
    }
}

/// What the state keeps of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resource {
    pub(super) id: String,
    pub(super) sink_org_id: String,
    pub(super) sink_org_name: String,
    pub(super) source_org_id: String,
    pub(super) source_org_name: String,
    pub(super) created_by: String,
    pub(super) created_at: String,
    pub(super) connection_types: Vec<String>,
}

impl Resource {
    /// What a create or an update answered.
    pub(super) fn answered(reply: &RawReply) -> Self {
        assert_eq!(reply.status(), 200, "{reply}");
        Self::of(&json(reply)["data"])
    }

    fn of(item: &Value) -> Self {
        let text = |pointer| item.pointer(pointer).and_then(Value::as_str).expect("a text").to_owned();
        let types = item["attributes"]["connection_types"].as_array().expect("a list of types");
        Self {
            id: text("/id"),
            sink_org_id: text("/relationships/sink_org/data/id"),
            sink_org_name: text("/relationships/sink_org/data/name"),
            source_org_id: text("/relationships/source_org/data/id"),
            source_org_name: text("/relationships/source_org/data/name"),
            created_by: text("/relationships/created_by/data/id"),
            created_at: text("/attributes/created_at"),
            connection_types: types.iter().map(|name| name.as_str().expect("a type").to_owned()).collect(),
        }
    }
}

fn json(reply: &RawReply) -> Value {
    serde_json::from_str(reply.body()).unwrap_or_else(|error| panic!("{error}: {reply}"))
}
