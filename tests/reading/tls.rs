//! Certificates that the operator names for one host: they complete what is
//! incomplete, for that host alone, and excuse nothing.
//!
//! The certificates were made for this: the root of `tls/root.pem` signed
//! `tls/between.pem`, which signed the leaf for `mot.example.vn` and
//! `hai.example.vn`. The keys guard nothing.

use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use axum::http::StatusCode;
use dongbo::probe::tls::{self, Tls};
use dongbo::source::address::Names;
use dongbo::source::{Fetcher, Intranet, Limits, ReadError, ReadErrorKind};
use dongbo_sdk::http::{Http, Request};
use dongbo_sdk::{Authority, Call, ErrorKind, Operation, Trust, http};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use url::Url;

use crate::wait;

const LEAF: &[u8] = include_bytes!("tls/leaf.der");
const EXPIRED: &[u8] = include_bytes!("tls/expired.der");
const BETWEEN: &[u8] = include_bytes!("tls/between.der");
const KEY: &[u8] = include_bytes!("tls/key.der");

const ROOT_PEM: &str = include_str!("tls/root.pem");
const BETWEEN_PEM: &str = include_str!("tls/between.pem");
const BETWEEN_EXPIRED_PEM: &str = include_str!("tls/between-expired.pem");
const OTHER_ROOT_PEM: &str = include_str!("tls/other.pem");

/// Every name leads to this machine.
#[derive(Debug)]
struct Here;

#[async_trait]
impl Names for Here {
    async fn look_up(&self, _: &str) -> std::io::Result<Vec<IpAddr>> {
        Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)])
    }
}

type Talk = StreamOwned<ServerConnection, TcpStream>;

/// A server that sends this chain and says "ok"; ends with the process. Its port.
fn serve(chain: &[&'static [u8]]) -> u16 {
    serve_with(chain, |stream| {
        use std::io::{Read as _, Write as _};
        let answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
        // A client that refuses the certificate hangs up.
        let _ = stream.read(&mut [0; 1024]).and_then(|_| stream.write_all(answer));
    })
}

fn serve_with(chain: &[&'static [u8]], talk: impl Fn(&mut Talk) + Send + 'static) -> u16 {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let chain = chain.iter().map(|der| CertificateDer::from(*der)).collect();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(KEY));
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(builder.with_no_client_auth().with_single_cert(chain, key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        use std::io::Write as _;
        for stream in listener.incoming().flatten() {
            let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
            talk(&mut stream);
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    port
}

fn trust(host: &str, pem: &[&str]) -> Trust {
    let authority = Authority::from_pem(pem.concat().as_bytes()).unwrap();
    Trust::new(vec![(host.parse().unwrap(), authority)]).unwrap()
}

fn fetcher(trust: Trust) -> Fetcher {
    Fetcher::asking(Limits { trust, ..Limits::default() }, Arc::new(Here)).unwrap()
}

/// How the handshake ends.
async fn state(fetcher: &Fetcher, host: &str, port: u16) -> Tls {
    let url = Url::parse(&format!("https://{host}:{port}/")).unwrap();
    match fetcher.look(&url, &url).await {
        Ok((200, _)) => Tls::Ok,
        Ok((status, _)) => panic!("{host}: {status}"),
        Err(error @ ReadError::Tls(_)) => tls::of(&error).unwrap(),
        Err(error) => panic!("{host}: {error:?}"),
    }
}

#[tokio::test]
async fn a_chain_with_a_gap_is_believed_once_what_is_missing_is_named() {
    let port = serve(&[LEAF]);
    let ends = |pem: &'static [&'static str]| async move {
        state(&fetcher(trust("mot.example.vn", pem)), "mot.example.vn", port).await
    };
    assert_eq!(state(&fetcher(Trust::default()), "mot.example.vn", port).await, Tls::Chain);
    assert_eq!(ends(&[ROOT_PEM, BETWEEN_PEM]).await, Tls::Ok);
    assert_eq!(ends(&[ROOT_PEM]).await, Tls::Chain, "the gap is still there");
    assert_eq!(ends(&[BETWEEN_PEM]).await, Tls::Chain, "what stands between is no authority");
}

#[tokio::test]
async fn another_authority_helps_nothing() {
    let port = serve(&[LEAF, BETWEEN]);
    assert_eq!(state(&fetcher(trust("mot.example.vn", &[ROOT_PEM])), "mot.example.vn", port).await, Tls::Ok);
    assert_eq!(state(&fetcher(trust("mot.example.vn", &[OTHER_ROOT_PEM])), "mot.example.vn", port).await, Tls::Chain);
}

#[tokio::test]
async fn what_has_expired_is_refused_whoever_signed_it() {
    let all = trust("mot.example.vn", &[ROOT_PEM, BETWEEN_PEM]);
    assert_eq!(state(&fetcher(all), "mot.example.vn", serve(&[EXPIRED, BETWEEN])).await, Tls::Expired);
    let old = trust("mot.example.vn", &[ROOT_PEM, BETWEEN_EXPIRED_PEM]);
    assert_eq!(state(&fetcher(old), "mot.example.vn", serve(&[LEAF])).await, Tls::Expired, "one between that is named");
}

#[tokio::test]
async fn no_other_host_profits() {
    let port = serve(&[LEAF, BETWEEN]);
    let one = fetcher(trust("mot.example.vn", &[ROOT_PEM]));
    for _ in 0..2 {
        assert_eq!(state(&one, "mot.example.vn", port).await, Tls::Ok);
        assert_eq!(state(&one, "hai.example.vn", port).await, Tls::Chain);
        assert_eq!(state(&one, "127.0.0.1", port).await, Tls::Chain);
    }
    let below = fetcher(trust("*.example.vn", &[ROOT_PEM]));
    assert_eq!(state(&below, "hai.example.vn", port).await, Tls::Ok);
    assert_eq!(state(&below, "127.0.0.1", port).await, Tls::Chain);
    assert_eq!(state(&fetcher(trust("127.0.0.1", &[ROOT_PEM])), "127.0.0.1", port).await, Tls::Ok);
}

#[tokio::test]
async fn an_exact_entry_hides_the_one_for_all_below() {
    let root = Authority::from_pem(ROOT_PEM.as_bytes()).unwrap();
    let hosts =
        vec![("*.example.vn".parse().unwrap(), root), ("hai.example.vn".parse().unwrap(), Authority::default())];
    let (fetcher, port) = (fetcher(Trust::new(hosts).unwrap()), serve(&[LEAF, BETWEEN]));
    assert_eq!(state(&fetcher, "mot.example.vn", port).await, Tls::Ok);
    assert_eq!(state(&fetcher, "hai.example.vn", port).await, Tls::Chain);
}

#[tokio::test]
async fn a_certificate_of_another_name_is_refused_although_its_authority_is_named() {
    let other = fetcher(trust("ba.example.vn", &[ROOT_PEM]));
    assert_eq!(state(&other, "ba.example.vn", serve(&[LEAF, BETWEEN])).await, Tls::Name);
}

#[tokio::test]
async fn adapters_believe_the_same() {
    let url = Url::parse(&format!("https://127.0.0.1:{}/", serve(&[LEAF, BETWEEN]))).unwrap();
    let call = || Call { request: "x".into(), deadline: Instant::now() + Duration::from_secs(10), attempt: 1 };
    let ask = |trust| {
        let http = Http::new(http::Limits { trust, ..http::Limits::default() }).unwrap();
        let url = url.clone();
        async move { http.send(&call(), Request::get(Operation::Check, url)).await }
    };
    assert_eq!(ask(trust("127.0.0.1", &[ROOT_PEM])).await.unwrap().status, StatusCode::OK);
    for trust in [Trust::default(), trust("mot.example.vn", &[ROOT_PEM])] {
        let error = ask(trust).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable);
        assert!(!error.leaves_doubt() && format!("{error:?}").contains("UnknownIssuer"), "{error:?}");
    }
}

/// A server of 2008: `openssl s_server` with TLS 1.0 alone. `None`: there is no openssl here.
struct Old {
    child: std::process::Child,
    port: u16,
}

impl Old {
    fn start(folder: &std::path::Path) -> Option<Self> {
        let pem = |name: &str, label: &str, der: &[u8]| {
            let body: String =
                base64(der).as_bytes().chunks(64).map(|line| format!("{}\n", String::from_utf8_lossy(line))).collect();
            std::fs::write(folder.join(name), format!("-----BEGIN {label}-----\n{body}-----END {label}-----\n"))
                .unwrap();
            folder.join(name)
        };
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = std::process::Command::new("openssl");
        command.args(["s_server", "-quiet", "-www", "-tls1", "-cipher", "DEFAULT:@SECLEVEL=0"]);
        command.args(["-accept", &format!("127.0.0.1:{port}")]);
        command.arg("-cert").arg(pem("leaf.pem", "CERTIFICATE", LEAF)).arg("-key").arg(pem(
            "key.pem",
            "PRIVATE KEY",
            KEY,
        ));
        command.arg("-cert_chain").arg(pem("between.pem", "CERTIFICATE", BETWEEN));
        std::fs::write(folder.join("root.pem"), ROOT_PEM).unwrap();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
        let old = Self { child, port };
        let listens = || TcpStream::connect(("127.0.0.1", port)).ok();
        wait::at_most(Duration::from_secs(5), listens).map(|_| old)
    }
}

impl Drop for Old {
    fn drop(&mut self) {
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |chunk: &[u8]| {
        let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        let letter = |place: usize| char::from(ALPHABET[(word >> (18 - 6 * place) & 63) as usize]);
        (0..4).map(|place| if place <= chunk.len() { letter(place) } else { '=' }).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

/// What a proxy on this machine does: modern TLS to us, `openssl s_client` with
/// TLS 1.0 and that authority alone to the old server. Its port.
fn proxy(old: u16, authority: std::path::PathBuf) -> u16 {
    serve_with(&[LEAF, BETWEEN], move |stream| {
        use std::io::{Read as _, Write as _};
        let mut command = std::process::Command::new("openssl");
        command.args(["s_client", "-quiet", "-tls1", "-cipher", "DEFAULT:@SECLEVEL=0", "-verify_return_error"]);
        command.args(["-verify_hostname", "mot.example.vn", "-connect", &format!("127.0.0.1:{old}"), "-CAfile"]);
        command.arg(&authority).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let (mut request, mut answer) = ([0; 4096], Vec::new());
        let length = stream.read(&mut request).unwrap_or(0);
        let mut child = command.spawn().unwrap();
        let mut to = child.stdin.take().unwrap();
        let _ = to.write_all(&request[..length]);
        let _ = child.stdout.take().unwrap().read_to_end(&mut answer);
        let _ = child.kill().and_then(|()| child.wait());
        let _ = stream.write_all(&answer);
    })
}

#[tokio::test]
async fn an_old_server_is_reached_through_a_proxy_on_this_machine_and_never_without() {
    let folder = tempfile::tempdir().unwrap();
    let Some(old) = Old::start(folder.path()) else {
        let _ = std::io::Write::write_all(&mut std::io::stderr(), b"no openssl here: nothing is shown\n");
        return;
    };
    let direct = fetcher(trust("mot.example.vn", &[ROOT_PEM]));
    assert_eq!(state(&direct, "mot.example.vn", old.port).await, Tls::Old);

    let through = |port: u16| {
        let via = vec![("mot.example.vn".parse().unwrap(), Some(([127, 0, 0, 1], port).into()))];
        let intranet = Intranet::default().with_detours(via);
        let limits = Limits { trust: trust("mot.example.vn", &[ROOT_PEM]), intranet, ..Limits::default() };
        Fetcher::asking(limits, Arc::new(Here)).unwrap()
    };
    let url = Url::parse("https://mot.example.vn/").unwrap();
    let elsewhere = Url::parse("https://portal.example.vn/").unwrap();
    let good = through(proxy(old.port, folder.path().join("root.pem")));
    for allowed in [&url, &elsewhere] {
        let page = good.page(&url, allowed).await.unwrap();
        assert!(String::from_utf8_lossy(&page.bytes).contains("Protocol  : TLSv1\n"), "{page:?}");
        assert_eq!(page.final_url, url);
    }
    // The proxy verifies too, and another host does not go through it.
    let other = folder.path().join("other.pem");
    std::fs::write(&other, OTHER_ROOT_PEM).unwrap();
    assert!(through(proxy(old.port, other)).page(&url, &url).await.is_err());
    let unnamed = Url::parse("https://hai.example.vn/").unwrap();
    assert_eq!(good.look(&unnamed, &elsewhere).await.unwrap_err().kind(), ReadErrorKind::Refused);
}
