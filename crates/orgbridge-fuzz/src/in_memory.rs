//! The real API, called without a socket.

use http::{Method, Request, Uri};
use orgbridge_ledger::Revision;
use orgbridge_testkit::{Persona, Reply, TestApi, TestOrg, TestServerBuilder, create_body};
use tokio::runtime::Runtime;

/// The API, and somewhere to run it.
pub(crate) struct InMemory {
    api: TestApi,
    runtime: Runtime,
}

impl InMemory {
    /// The API with the cast in its ledger, which takes any number of requests.
    pub(crate) fn start() -> Self {
        Self::with(TestServerBuilder::default())
    }

    /// The same with what a builder says besides.
    pub(crate) fn with(builder: TestServerBuilder) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let api = runtime.block_on(builder.without_rate_limits().start_in_memory());
        Self { api, runtime }
    }

    /// Sends a request. `None` where the machine was too busy to answer at all: such an answer says nothing.
    pub(crate) fn send(&self, request: Request<Vec<u8>>) -> Option<Reply> {
        let reply = self.runtime.block_on(self.api.send(request));
        (reply.status() != 503).then_some(reply)
    }

    /// Sends a body of JSON, or nothing.
    pub(crate) fn call(&self, persona: Persona, method: Method, target: Uri, body: &[u8]) -> Option<Reply> {
        self.send(request(persona, method, target, body))
    }

    /// Reads what is at a path, as the admin of the source.
    pub(crate) fn get(&self, path: &str) -> Option<Reply> {
        self.call(Persona::SourceAdmin, Method::GET, path.parse().expect("a path"), b"")
    }

    /// How many changes there were.
    pub(crate) fn revision(&self) -> Revision {
        self.api.revision()
    }

    /// Connects the source with the sink, and returns the id of the connection.
    pub(crate) fn connect(&self) -> String {
        let body = create_body(TestOrg::Sink.id(), ["logs"]).to_string();
        let path = Uri::from_static("/api/v2/org_connections");
        loop {
            // The machine is not busy for ever.
            let reply = self.call(Persona::SourceAdmin, Method::POST, path.clone(), body.as_bytes());
            if let Some(reply) = reply {
                return reply.at("/data/id");
            }
        }
    }
}

/// A request with what a persona shows.
pub(crate) fn request(persona: Persona, method: Method, target: Uri, body: &[u8]) -> Request<Vec<u8>> {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in persona.credentials() {
        request = request.header(name, value);
    }
    if !body.is_empty() {
        request = request.header("content-type", "application/json");
    }
    request.body(body.to_vec()).expect("a request")
}

/// Fails unless an error says what is wrong, in a text that no log or terminal minds.
pub(crate) fn assert_explains(reply: &Reply) {
    let json = reply.json();
    let Some(errors) = json["errors"].as_array() else {
        // The form of OAuth2's standards.
        assert!(json["error"].is_string(), "{reply}");
        return;
    };
    assert!(!errors.is_empty(), "{reply}");
    for error in errors {
        let text = error.as_str().expect("a text");
        assert!(!text.is_empty() && text.len() < 2000, "{reply}");
        assert!(!text.contains(char::is_control), "{reply}");
    }
}
