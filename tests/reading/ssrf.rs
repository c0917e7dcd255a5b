//! Addresses that content or a redirect names and that lead inside: none may
//! be connected to. Canaries on this machine count what reaches them.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dongbo::source::ReadErrorKind;
use dongbo::source::fetch::{Fetcher, Limits};
use url::Url;

/// Spellings of inner hosts; each is tried in every form of [`forms`].
const HOSTS: &[&str] = &[
    // This machine, in every notation of IPv4.
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "0x7f.1",
    "0x7f.0.0.1",
    "0x7F000001",
    "0177.0.0.1",
    "0177.1",
    "017700000001",
    "2130706433",
    "127.0.0.1.",
    "127.255.255.254",
    "0",
    "0.0.0.0",
    "0x0",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "127.0.0。1",
    "１２７.0.0.1",
    "%31%32%37.0.0.1",
    "127%2e0%2e0%2e1",
    // Private, shared, link-local and reserved networks.
    "10.0.0.1",
    "10.1",
    "0xa.0.0.1",
    "012.0.0.1",
    "167772161",
    "172.16.0.1",
    "172.31.255.255",
    "0xac.0x10.0.1",
    "192.168.1.1",
    "0xc0a80101",
    "3232235777",
    "100.64.0.1",
    "169.254.169.254",
    "0xa9fea9fe",
    "2852039166",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.9",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    // IPv6, and what it wraps.
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b:1::10.0.0.1]",
    "[2002:7f00:1::]",
    "[2001::1]",
    "[2001:2::1]",
    "[2001:10::1]",
    "[2001:20::1]",
    "[2001:db8::1]",
    "[3fff::1]",
    "[100::1]",
    "[5f00::1]",
    "[4000::1]",
    "[2400:cb00::5efe:127.0.0.1]",
    "[2400:cb00::200:5efe:10.0.0.1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fec0::1]",
    "[ff02::1]",
    // Names.
    "localhost",
    "LOCALHOST",
    "localhost.",
    "a.localhost",
    "ｌｏｃａｌｈｏｓｔ",
    "loc%61lhost",
    "localhost.localdomain",
    "printer.local",
    "db.internal",
    "metadata",
    "metadata.google.internal",
    "router.home.arpa",
    "intranet",
];

/// The host with tricks around it: an account, a backslash, a tab and a newline in the scheme.
fn forms(host: &str, port: u16) -> [String; 4] {
    [
        format!("http://{host}:{port}/"),
        format!("http://example.vn@{host}:{port}/x"),
        format!("http:\\\\{host}:{port}\\x"),
        format!("ht\ttp://{host}:{port}\n/?q=example.vn"),
    ]
}

fn spellings(port: u16) -> Vec<String> {
    HOSTS.iter().flat_map(|host| forms(host, port)).collect()
}

/// Listens on both families where there are two, and counts.
pub(crate) fn canary() -> (u16, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let v4 = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = v4.local_addr().unwrap().port();
    for listener in [Some(v4), TcpListener::bind(("::1", port)).ok()].into_iter().flatten() {
        let count = count.clone();
        std::thread::spawn(move || {
            for _ in listener.incoming() {
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    (port, count)
}

/// A source on this machine that sends every caller to the address after `?`.
pub(crate) fn redirector() -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut buffer = [0; 4096];
            let length = stream.read(&mut buffer).unwrap_or(0);
            let head = String::from_utf8_lossy(&buffer[..length]).into_owned();
            let to = head.split(['?', ' ']).nth(2).unwrap_or_default().to_owned();
            let _ = write!(
                stream,
                "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
        }
    });
    url
}

#[tokio::test]
async fn no_spelling_of_an_inner_address_is_connected_to() {
    let (port, reached) = canary();
    let (fetcher, source) = (Fetcher::new(Limits::default()).unwrap(), redirector());
    let all = spellings(port);
    assert!(all.len() >= 250, "{}", all.len());
    for text in &all {
        // What the parser takes for no address cannot be asked for.
        let Ok(url) = Url::parse(text) else { continue };
        let error = fetcher.look(&url, &source).await.expect_err(text);
        assert_eq!(error.kind(), ReadErrorKind::Refused, "{text}: {error}");
        let mut hop = source.clone();
        hop.set_query(Some(url.as_str()));
        let error = fetcher.look(&hop, &source).await.expect_err(text);
        assert_eq!(error.kind(), ReadErrorKind::Refused, "by redirect: {text}: {error}");
    }
    assert_eq!(reached.load(Ordering::SeqCst), 0);
}

#[test]
fn every_spelling_is_an_address() {
    let lost: Vec<String> = spellings(80).into_iter().filter(|text| Url::parse(text).is_err()).collect();
    assert!(lost.is_empty(), "these prove nothing: {lost:?}");
}
