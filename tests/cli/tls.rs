//! Web servers with certificates of a test authority: good, expired, of
//! another name, without the one between. The keys guard nothing.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::site::raw;

const LEAF: &[u8] = include_bytes!("tls/leaf.der");
const EXPIRED: &[u8] = include_bytes!("tls/expired.der");
const OTHER: &[u8] = include_bytes!("tls/other.der");
const BETWEEN: &[u8] = include_bytes!("tls/inter.der");
const KEY: &[u8] = include_bytes!("tls/key.der");

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: 31\r\n\r\n\
    <title>an toan</title><p>x</p>\n";

/// The file that makes the authority known: `SSL_CERT_FILE`.
pub(crate) fn authority() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cli/tls/root.pem")
}

pub(crate) fn good() -> String {
    serve(&[LEAF, BETWEEN], ANSWER)
}

pub(crate) fn without_the_one_between() -> String {
    serve(&[LEAF], ANSWER)
}

/// Says this, whoever asks, with a chain that lacks the one between.
pub(crate) fn says_without_the_one_between(answer: Vec<u8>) -> String {
    serve(&[LEAF], answer.leak())
}

/// The one between, as a file for `ca`.
pub(crate) fn between() -> PathBuf {
    authority().with_file_name("inter.pem")
}

pub(crate) fn expired() -> String {
    serve(&[EXPIRED, BETWEEN], ANSWER)
}

pub(crate) fn of_another_name() -> String {
    serve(&[OTHER, BETWEEN], ANSWER)
}

/// Refuses every version that the client knows, as a server of 2008 would.
pub(crate) fn old() -> String {
    // Alert, TLS 1.0, fatal, protocol_version (RFC 5246 §7.2).
    let port = raw(crate::site::says(&[21, 3, 1, 0, 2, 2, 70]));
    format!("https://127.0.0.1:{port}/")
}

fn serve(chain: &[&'static [u8]], answer: &'static [u8]) -> String {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let chain = chain.iter().map(|der| CertificateDer::from(*der)).collect();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(KEY));
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(builder.with_no_client_auth().with_single_cert(chain, key).unwrap());
    let port = raw(move |stream| {
        let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
        let mut head = [0; 1024];
        // A client that refuses the certificate hangs up.
        let _ = stream.read(&mut head).and_then(|_| stream.write_all(answer)).and_then(|()| stream.flush());
        stream.conn.send_close_notify();
        let _ = stream.flush();
    });
    format!("https://127.0.0.1:{port}/")
}
