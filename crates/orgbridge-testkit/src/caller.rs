//! Calls in the words of the domain.

use std::fmt::Display;

use http::Method;

use crate::{Call, Persona, TestServer, create_body, resource_of, restriction_body, update_body};

/// The path of the connections.
const CONNECTIONS: &str = "/api/v2/org_connections";

/// The path of what an org says about a connection.
fn policy_path(connection: impl Display) -> String {
    format!("/api/v2/restriction_policy/{}", resource_of(connection))
}

/// A persona before a server. Each call is sent when it is awaited.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'s> {
    server: &'s TestServer,
    persona: Persona,
}

impl<'s> Caller<'s> {
    pub(crate) fn new(server: &'s TestServer, persona: Persona) -> Self {
        Self { server, persona }
    }

    /// Lists connections.
    pub fn list(self) -> Call<'s> {
        self.get(CONNECTIONS)
    }

    /// Lists connections, narrowed by a query.
    pub fn list_where(self, query: impl Display) -> Call<'s> {
        self.get(format!("{CONNECTIONS}?{query}"))
    }

    /// Reads one connection.
    pub fn read(self, connection: impl Display) -> Call<'s> {
        self.get(format!("{CONNECTIONS}/{connection}"))
    }

    /// Connects the caller's org with the org whose id is `sink`.
    pub fn create<'t>(self, sink: impl Display, types: impl IntoIterator<Item = &'t str>) -> Call<'s> {
        self.create_from(create_body(sink, types).to_string())
    }

    /// Creates a connection from a body that a test has thought up.
    pub fn create_from(self, body: impl Into<Vec<u8>>) -> Call<'s> {
        self.call(Method::POST, CONNECTIONS).body(body)
    }

    /// Makes a connection share `types`.
    pub fn update<'t>(self, connection: impl Display, types: impl IntoIterator<Item = &'t str>) -> Call<'s> {
        let body = update_body(&connection, types).to_string();
        self.update_from(connection, body)
    }

    /// Updates a connection from a body that a test has thought up.
    pub fn update_from(self, connection: impl Display, body: impl Into<Vec<u8>>) -> Call<'s> {
        self.call(Method::PATCH, format!("{CONNECTIONS}/{connection}")).body(body)
    }

    /// Deletes a connection.
    pub fn delete(self, connection: impl Display) -> Call<'s> {
        self.call(Method::DELETE, format!("{CONNECTIONS}/{connection}"))
    }

    /// Reads what the caller's org says about a connection.
    pub fn policy(self, connection: impl Display) -> Call<'s> {
        self.get(policy_path(connection))
    }

    /// Lets `bindings` be all that the caller's org says about a connection.
    pub fn restrict(self, connection: impl Display, bindings: &[(&str, &[String])]) -> Call<'s> {
        let body = restriction_body(&connection, bindings).to_string();
        self.call(Method::POST, policy_path(connection)).body(body)
    }

    /// Takes back all that the caller's org says about a connection.
    pub fn unrestrict(self, connection: impl Display) -> Call<'s> {
        self.call(Method::DELETE, policy_path(connection))
    }

    /// Gets any path.
    pub fn get(self, path: impl Into<String>) -> Call<'s> {
        self.call(Method::GET, path)
    }

    /// Calls any path with any method.
    pub fn call(self, method: Method, path: impl Into<String>) -> Call<'s> {
        Call::new(self.server, self.persona, method, path.into())
    }
}
