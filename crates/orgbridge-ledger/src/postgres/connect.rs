//! How a connection comes to be.

use std::fs;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::future::poll_fn;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{AsyncMessage, Client, Connection, NoTls, Notification, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::{Password, PostgresAddress, Tls, Way};
use super::driver::Beside;
use super::session::within;
use super::trouble::{self, Trouble};

/// Connects, on a runtime that from then on also does the connection's work, until what is returned beside the client is
/// dropped: a server that stands still ends nothing by itself. `told` is shown what the server says unasked.
pub(super) async fn connect(
    address: &PostgresAddress,
    told: impl FnMut(Notification) + Send + 'static,
) -> Result<(Client, Beside), Trouble> {
    let password = match address.password() {
        Password::None => None,
        Password::Given(password) => Some(password.clone()),
        Password::InFile(path) => Some(first_line(path)?),
    };
    let mut ways = address.ways();
    if let Some(password) = password {
        for way in &mut ways {
            way.config.password(&password);
        }
    }
    match address.tls() {
        Tls::Off => {
            let (client, connection) = go(ways, NoTls).await?;
            Ok((client, keep_going(connection, told)))
        }
        Tls::Verified { roots } => {
            let tls = MakeRustlsConnect::new(tls(roots.as_deref())?);
            let (client, connection) = go(ways, tls).await?;
            Ok((client, keep_going(connection, told)))
        }
    }
}

/// Connects by the first way that leads to a server. One that takes a connection and says nothing leads nowhere, either.
async fn go<T>(ways: Vec<Way>, tls: T) -> Result<(Client, Connection<Socket, T::Stream>), Trouble>
where
    T: MakeTlsConnect<Socket> + Clone,
{
    let mut troubles = Vec::new();
    for Way { host, config, patience } in ways {
        let connected = Box::pin(config.connect(tls.clone()));
        match within(patience, async { Ok(connected.await?) }).await {
            Ok(connected) => return Ok(connected),
            Err(trouble) => troubles.push((host, trouble)),
        }
    }
    Err(all_of(troubles))
}

/// What is wrong with every way. Where there are several, each is named.
fn all_of(mut troubles: Vec<(String, Trouble)>) -> Trouble {
    if troubles.len() == 1
        && let Some((_, trouble)) = troubles.pop()
    {
        return trouble;
    }
    let causes: Vec<_> =
        troubles.iter().map(|(host, trouble)| format!("{host}: {}", trouble.cause())).collect();
    let is_silence = troubles.iter().any(|(_, trouble)| trouble.is_silence());
    let trouble = Trouble::lost(causes.join("; "));
    if is_silence { Trouble { connection: trouble::Connection::Silent, ..trouble } } else { trouble }
}

fn keep_going<S, T>(
    mut connection: Connection<S, T>,
    mut told: impl FnMut(Notification) + Send + 'static,
) -> Beside
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let work = async move {
        loop {
            let mut connection = Pin::new(&mut connection);
            match poll_fn(|context| connection.as_mut().get_mut().poll_message(context)).await {
                Some(Ok(AsyncMessage::Notification(notification))) => told(notification),
                Some(Ok(AsyncMessage::Notice(notice))) => {
                    tracing::debug!(notice = notice.message(), "the database remarks something");
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    let cause = Trouble::from(error).cause();
                    return tracing::debug!(cause, "a connection to the database has ended");
                }
                None => return,
            }
        }
    };
    tokio::spawn(work).abort_handle().into()
}

fn first_line(path: &Path) -> Result<String, Trouble> {
    let unread = |problem: String| Trouble::lost(format!("the password file {}: {problem}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| unread(error.to_string()))?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        _ => Err(unread("its first line is empty, and should be the password".to_owned())),
    }
}

/// TLS with whoever has a certificate for the host's name that one of the roots vouches for.
fn tls(roots: Option<&Path>) -> Result<ClientConfig, Trouble> {
    let store = roots.map_or_else(roots_of_system, roots_in)?;
    // Not the default of the process, which is the binary's to choose.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| Trouble::lost(error.to_string()))?;
    Ok(builder.with_root_certificates(store).with_no_client_auth())
}

fn roots_in(path: &Path) -> Result<RootCertStore, Trouble> {
    let unread = |problem: String| Trouble::lost(format!("sslrootcert {}: {problem}", path.display()));
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| unread(error.to_string()))?;
    let mut store = RootCertStore::empty();
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unread(error.to_string()))?;
        store.add(certificate).map_err(|error| unread(error.to_string()))?;
    }
    if store.is_empty() { Err(unread("there is no certificate in it".to_owned())) } else { Ok(store) }
}

fn roots_of_system() -> Result<RootCertStore, Trouble> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if store.is_empty() {
        let problem =
            "this system vouches for nobody: install its certificates, or name a file by sslrootcert";
        return Err(Trouble::lost(problem));
    }
    Ok(store)
}
