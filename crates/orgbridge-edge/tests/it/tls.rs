//! The same over TLS.

use std::path::PathBuf;
use std::sync::Arc;

use orgbridge_edge::{EdgeSettings, Tls, TlsError};
use rustls::RootCertStore;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::{Client, SHORT, Served, bounded, patient, status_and_content};

struct Identity {
    files: tempfile::TempDir,
    certificate: CertificateDer<'static>,
}

impl Identity {
    fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let files = tempfile::tempdir().unwrap();
        std::fs::write(files.path().join("certificate.pem"), made.cert.pem()).unwrap();
        std::fs::write(files.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
        Self { files, certificate: made.cert.der().clone() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    fn tls(&self) -> Tls {
        Tls::from_pem_files(&self.path("certificate.pem"), &self.path("key.pem")).unwrap()
    }

    async fn connect(&self, served: &Served, protocol: &str) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let mut config =
            rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        let stream = TcpStream::connect(served.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = bounded(TlsConnector::from(Arc::new(config)).connect(name, stream)).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol.as_bytes()));
        stream
    }
}

#[tokio::test]
async fn http1_is_spoken_over_tls() {
    let identity = Identity::new();
    let served = Served::with_tls(Some(identity.tls()), patient()).await;
    let mut client = Client(identity.connect(&served, "http/1.1").await);
    for _ in 0..3 {
        client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
        assert_eq!(status_and_content(&client.read_response().await), (200, "hello"));
    }
}

#[tokio::test]
async fn http2_is_spoken_over_tls() {
    let identity = Identity::new();
    let served = Served::with_tls(Some(identity.tls()), patient()).await;
    let mut client = crate::http2::handshake(identity.connect(&served, "h2").await).await;
    assert_eq!(crate::http2::get(&mut client, "https://localhost/").await, (200, "hello".to_owned()));
}

#[tokio::test]
async fn the_guard_stands_behind_tls_too() {
    let identity = Identity::new();
    let served = Served::with_tls(Some(identity.tls()), patient()).await;
    let mut client = Client(identity.connect(&served, "http/1.1").await);
    client.send(b"GET / HTTP/1.1\r\n\r\n").await;
    let answer = client.read_to_end().await;
    assert_eq!(
        status_and_content(&answer),
        (400, r#"{"errors":["Bad Request","the Host header is missing"]}"#)
    );
}

#[tokio::test]
async fn a_handshake_that_does_not_end_is_closed_after_the_header_timeout() {
    let identity = Identity::new();
    let settings = EdgeSettings { header_timeout: SHORT, ..patient() };
    let served = Served::with_tls(Some(identity.tls()), settings).await;
    let took = served.connect().await.wait_for_close().await;
    assert!(took >= SHORT.mul_f32(0.8), "{took:?}");
    assert_eq!(served.stats.failed_handshakes(), 1);
}

#[tokio::test]
async fn cleartext_on_a_tls_port_is_closed() {
    let identity = Identity::new();
    let served = Served::with_tls(Some(identity.tls()), patient()).await;
    let answer = served.exchange(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(!answer.contains("HTTP"), "{answer}");
    assert_eq!(served.stats.failed_handshakes(), 1);
}

#[test]
fn an_unusable_file_is_named() {
    let identity = Identity::new();
    let (certificate, key, absent) =
        (identity.path("certificate.pem"), identity.path("key.pem"), identity.path("absent"));
    let empty = identity.path("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let stranger = Identity::new().files.keep().join("key.pem");

    let error = |certificate, key| Tls::from_pem_files(certificate, key).unwrap_err();
    assert!(matches!(error(&absent, &key), TlsError::Unreadable { path, .. } if path == absent));
    assert!(matches!(error(&certificate, &absent), TlsError::Unreadable { path, .. } if path == absent));
    assert!(matches!(error(&empty, &key), TlsError::Empty { path, .. } if path == empty));
    assert!(matches!(error(&certificate, &certificate), TlsError::Empty { path, .. } if path == certificate));
    assert!(matches!(error(&certificate, &stranger), TlsError::Mismatch { key, .. } if key == stranger));
    assert!(error(&empty, &key).to_string().ends_with("empty.pem holds no certificate"));
    std::fs::remove_dir_all(stranger.parent().unwrap()).unwrap();
}
