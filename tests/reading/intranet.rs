//! Hosts that may lie in a private network, and names whose addresses change
//! or are many: only what the operator named is connected to.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{IpAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use dongbo::source::address::Names;
use dongbo::source::{Fetcher, Intranet, Limits, ReadErrorKind};
use url::Url;

use crate::ssrf::{canary, redirector};

/// Public by its range, and nobody's: 3ffe::/16 went back to IANA (RFC 3701).
const PUBLIC: &str = "3ffe::1";
const HERE: &str = "127.0.0.1";

/// Names with the answers of their look-ups, one after the other; the last stays.
#[derive(Debug)]
struct Answers {
    of: Mutex<HashMap<String, Vec<Vec<IpAddr>>>>,
    look_ups: AtomicUsize,
}

impl Answers {
    fn new(of: &[(&str, &[&[&str]])]) -> Arc<Self> {
        let ips = |answer: &&[&str]| answer.iter().map(|ip| ip.parse().unwrap()).collect();
        let of = of.iter().map(|(name, answers)| ((*name).to_owned(), answers.iter().map(ips).collect()));
        Arc::new(Self { of: Mutex::new(of.collect()), look_ups: AtomicUsize::new(0) })
    }
}

#[async_trait]
impl Names for Answers {
    async fn look_up(&self, host: &str) -> std::io::Result<Vec<IpAddr>> {
        self.look_ups.fetch_add(1, Ordering::SeqCst);
        let mut of = self.of.lock().unwrap();
        let answers = of.get_mut(host).ok_or(std::io::ErrorKind::NotFound)?;
        Ok(if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() })
    }
}

fn fetcher(names: &Arc<Answers>, intranet: &[(&str, &str)]) -> Fetcher {
    let hosts = intranet.iter().map(|(host, network)| (host.parse().unwrap(), vec![network.parse().unwrap()]));
    let limits =
        Limits { connect: Duration::from_millis(300), intranet: Intranet::new(hosts.collect()), ..Limits::default() };
    Fetcher::asking(limits, names.clone()).unwrap()
}

/// A web server on this machine that says "200", and how often it was connected to.
fn server() -> (u16, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, counted) = (listener.local_addr().unwrap().port(), count.clone());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        }
    });
    (port, count)
}

fn url(host: &str, port: u16) -> Url {
    Url::parse(&format!("http://{host}:{port}/")).unwrap()
}

/// The source's address, behind which a redirect leads there.
fn by_redirect(source: &Url, to: &Url) -> Url {
    let mut hop = source.clone();
    hop.set_query(Some(to.as_str()));
    hop
}

async fn end(fetcher: &Fetcher, url: &Url, source: &Url) -> Result<u16, ReadErrorKind> {
    fetcher.look(url, source).await.map(|(status, _)| status).map_err(|error| error.kind())
}

#[tokio::test]
async fn a_private_address_is_for_its_host_alone() {
    let (port, reached) = server();
    let here: &[&[&str]] = &[&[HERE]];
    let names = Answers::new(&[("noi-bo.example.vn", here), ("khac.example.vn", here), ("noi-bo", here)]);
    let fetcher = fetcher(&names, &[("noi-bo.example.vn", "127.0.0.0/8"), ("noi-bo", "127.0.0.0/8")]);
    let source = redirector();
    for host in ["noi-bo.example.vn", "noi-bo"] {
        let before = reached.load(Ordering::SeqCst);
        assert_eq!(end(&fetcher, &url(host, port), &source).await, Ok(200), "{host}");
        assert_eq!(end(&fetcher, &by_redirect(&source, &url(host, port)), &source).await, Ok(200), "{host}");
        assert_eq!(reached.load(Ordering::SeqCst) - before, 2);
    }
    let before = reached.load(Ordering::SeqCst);
    for host in ["khac.example.vn", "a.noi-bo.example.vn", HERE, "localhost", "khac"] {
        let to = url(host, port);
        for asked in [to.clone(), by_redirect(&source, &to)] {
            let end = end(&fetcher, &asked, &source).await;
            assert!(matches!(end, Err(ReadErrorKind::Refused | ReadErrorKind::Unreachable)), "{asked}: {end:?}");
        }
    }
    assert_eq!(end(&fetcher, &url("khac.example.vn", port), &source).await, Err(ReadErrorKind::Refused));
    assert_eq!(reached.load(Ordering::SeqCst), before);
}

#[tokio::test]
async fn a_literal_address_that_is_named_may_be_asked_and_its_neighbour_not() {
    let (port, reached) = server();
    let fetcher = fetcher(&Answers::new(&[]), &[(HERE, "127.0.0.1/32")]);
    let source = Url::parse("https://portal.example.vn/rss").unwrap();
    assert_eq!(end(&fetcher, &url(HERE, port), &source).await, Ok(200));
    for host in ["127.0.0.2", "[::1]", "10.0.0.1"] {
        assert_eq!(end(&fetcher, &url(host, port), &source).await, Err(ReadErrorKind::Refused), "{host}");
    }
    assert_eq!(reached.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_host_of_one_private_network_gets_no_other() {
    let (port, reached) = canary();
    let names = Answers::new(&[("noi-bo.example.vn", &[&[HERE]]), ("hai.example.vn", &[&["10.1.1.1", HERE]])]);
    let fetcher = fetcher(&names, &[("*.example.vn", "10.0.0.0/8")]);
    let source = Url::parse("https://portal.example.vn/rss").unwrap();
    for host in ["noi-bo.example.vn", "hai.example.vn"] {
        assert_eq!(end(&fetcher, &url(host, port), &source).await, Err(ReadErrorKind::Refused), "{host}");
    }
    assert_eq!(reached.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_name_that_leads_outside_and_inside_is_refused_whole() {
    let (port, reached) = canary();
    let mixed: [&[&str]; 4] = [&[PUBLIC, HERE], &[HERE, PUBLIC], &[PUBLIC, "::1"], &[PUBLIC, PUBLIC, "10.0.0.1"]];
    let source = redirector();
    for answer in mixed {
        let names = Answers::new(&[("hai-mat.example.vn", &[answer])]);
        let (fetcher, to) = (fetcher(&names, &[]), url("hai-mat.example.vn", port));
        for asked in [to.clone(), by_redirect(&source, &to)] {
            assert_eq!(end(&fetcher, &asked, &source).await, Err(ReadErrorKind::Refused), "{answer:?}");
        }
    }
    assert_eq!(reached.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_answer_that_changes_between_two_look_ups_leads_nowhere() {
    let (port, reached) = canary();
    let source = redirector();
    for by_redirect_too in [false, true] {
        let names = Answers::new(&[("doi-y.example.vn", &[&[PUBLIC], &[HERE], &[PUBLIC], &[HERE]])]);
        let fetcher = fetcher(&names, &[]);
        let to = url("doi-y.example.vn", port);
        let asked = if by_redirect_too { by_redirect(&source, &to) } else { to };
        let mut ends = Vec::new();
        for look_ups in 1..=4 {
            let end = end(&fetcher, &asked, &source).await;
            // Judged and connected to by one look-up: nothing can change in between.
            assert_eq!(names.look_ups.load(Ordering::SeqCst), look_ups);
            ends.push(end.unwrap_err());
        }
        let outside = |kind: &ReadErrorKind| matches!(kind, ReadErrorKind::Unreachable | ReadErrorKind::TimedOut);
        assert!(outside(&ends[0]) && outside(&ends[2]), "{ends:?}");
        assert_eq!([ends[1], ends[3]], [ReadErrorKind::Refused; 2]);
    }
    assert_eq!(reached.load(Ordering::SeqCst), 0);
}
