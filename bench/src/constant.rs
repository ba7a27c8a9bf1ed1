//! The peer of reads: a bare `axum` server that looks at nothing and answers the same to all.

use std::io::{self, Write};
use std::net::Ipv4Addr;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use tokio::net::TcpListener;

use crate::Failure;

/// Serves bodies of `size` bytes until it is killed.
#[tokio::main]
pub(crate) async fn serve(size: usize) -> Result<(), Failure> {
    let body: &'static str = "x".repeat(size).leak();
    let answer = move || async move { ([(CONTENT_TYPE, "application/json")], body) };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    writeln!(io::stdout(), "listening on http://{}", listener.local_addr()?)?;
    Ok(axum::serve(listener, Router::new().fallback(answer)).await?)
}
