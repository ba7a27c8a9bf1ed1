//! For tests alone: a whole server on a port of its own, and people to call it.
//!
//! [`TestServer::start`] wires a real ledger in a temporary folder to the real API on the real edge, with a [clock]
//! that stands still until a test moves it and ids that count from one, so that whole replies can be compared. A
//! [`Persona`] is everything that a caller shows; the [cast](TestOrg) is always the same.
//!
//! ```no_run
//! # async fn example() {
//! use orgbridge_testkit::TestServer;
//!
//! let server = TestServer::start().await;
//! let shared = server.connection().of(["logs"]).create().await;
//! let reply = server.sink_admin().update(shared, ["logs", "metrics"]).await;
//! assert_eq!(reply.status(), 403);
//! # }
//! ```
//!
//! Some things are held of every reply without a test asking: it is what the API's [`Description`] of itself says, by
//! status, headers and body, it carries the five headers of its rate limit and the name of its request, where it is
//! data it is one line of JSON, and it is no 500. A server whose threads panicked
//! fails the test that it is dropped in.
//!
//! [clock]: TestClock
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, here wherever something is not as it expects"
)]

mod api;
mod body;
mod builder;
mod call;
mod caller;
mod cast;
mod clock;
mod connection;
mod description;
mod ids;
mod issuer;
mod layout;
mod panics;
mod persona;
mod raw;
mod redis;
mod reply;
mod server;
mod tokens;

pub use api::TestApi;
pub use body::{
    create_body, fitting_body, inner_id, named_body, path_of, rename_body, resource_of, restriction_body,
    update_body,
};
pub use builder::TestServerBuilder;
pub use call::Call;
pub use caller::Caller;
pub use cast::{TestOrg, TestUser};
pub use clock::TestClock;
pub use connection::ConnectionBuilder;
pub use description::{Description, is_path};
pub use ids::CountingIds;
pub use issuer::{TestIssuer, TestKey};
pub use persona::Persona;
pub use raw::{RawClient, RawReply};
pub use redis::TestStore;
pub use reply::Reply;
pub use server::TestServer;
