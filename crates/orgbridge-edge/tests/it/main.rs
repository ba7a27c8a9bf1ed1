//! The edge, spoken to over real sockets.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in helpers too"
)]

mod accepting;
mod guard;
mod guarding;
mod http2;
mod stopping;
mod support;
mod timing;
mod tls;
