//! The private-network guard: addresses that content or a redirect names never
//! lead into the operator's own network.
//!
//! Three places, since one is not enough: resolved addresses (this module's
//! resolver), literal addresses in a URL (the HTTP client skips the resolver
//! for them) and each hop of a redirect. The configured origin is exempt, and
//! hosts that the operator lets lie within ([`Intranet`]): intranet portals are
//! common.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;
use url::{Host, Url};

use super::error::ReadError;
use super::intranet::Intranet;

/// Names that mean this machine or its cloud's metadata, whatever they resolve to.
const NAMES: [&str; 3] = ["localhost", "metadata", "metadata.google.internal"];
/// Suffixes that no public name has (RFC 6761, RFC 6762, RFC 8375, ICANN's `internal`).
const SUFFIXES: [&str; 5] = [".localhost", ".local", ".internal", ".home.arpa", ".localdomain"];

/// A resolved address was refused.
#[derive(Debug, Error)]
#[error("{host} leads to {ip}: {reason}")]
pub struct RefusedAddress {
    pub host: String,
    pub ip: IpAddr,
    pub reason: &'static str,
}

/// Why an address is not public, or `None` where it is (IANA special-purpose registries).
#[must_use]
pub fn refused(ip: IpAddr) -> Option<&'static str> {
    match ip {
        IpAddr::V4(ip) => refused_v4(ip),
        IpAddr::V6(ip) => refused_v6(ip),
    }
}

fn refused_v4(ip: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = ip.octets();
    match (a, b, c) {
        (0, ..) => Some("this network"),
        (127, ..) => Some("this machine"),
        (10, ..) | (192, 168, _) | (172, 16..=31, _) => Some("a private network"),
        (100, 64..=127, _) => Some("a provider's inner network"),
        (169, 254, _) => Some("link-local"),
        (192, 0, 0 | 2) | (198, 51, 100) | (203, 0, 113) => Some("reserved"),
        (192, 88, 99) => Some("a 6to4 relay"),
        (198, 18..=19, _) => Some("a test network"),
        (224..=239, ..) => Some("multicast"),
        (240..=255, ..) => Some("reserved"),
        _ => None,
    }
}

fn refused_v6(ip: Ipv6Addr) -> Option<&'static str> {
    let segments = ip.segments();
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some("this network"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some("this machine"),
        // Addresses that only wrap an IPv4 one; public hosts have no need of them.
        [0, 0, 0, 0, 0, 0xFFFF, ..] | [0, 0, 0, 0, 0, 0, ..] | [0, 0, 0, 0, 0xFFFF, 0, ..] => {
            Some("a wrapped IPv4 address")
        }
        [0x64, 0xFF9B, ..] => Some("NAT64"),
        [0x2002, ..] => Some("6to4"),
        [0x2001, 0, ..] => Some("Teredo"),
        // IETF protocol assignments: benchmarks, ORCHID and their like (RFC 2928).
        [0x2001, 0..=0x01FF, ..] => Some("reserved"),
        [0x2001, 0x0DB8, ..] | [0x3FFF, 0..=0x0FFF, ..] | [0x100, 0, 0, 0, ..] => Some("reserved"),
        [0xFC00..=0xFDFF, ..] => Some("a private network"),
        [0xFE80..=0xFEFF, ..] => Some("link-local"),
        [0xFF00..=0xFFFF, ..] => Some("multicast"),
        // An interface id that wraps an IPv4 address, whatever prefix stands before it (RFC 5214 §6.1).
        [_, _, _, _, 0 | 0x0200, 0x5EFE, ..] => Some("ISATAP"),
        // Only 2000::/3 is given out for public hosts (RFC 4291 §2.4 and IANA's registry).
        [0x2000..=0x3FFF, ..] => None,
        _ => Some("not a public range"),
    }
}

/// Judges the host of an address by its spelling, before anything is resolved.
/// The URL parser has already made `0x7f.1`, `2130706433` and the like literal.
///
/// # Errors
/// `Refused` for literals and names that are neither public nor the intranet's, and for other schemes than http(s).
pub fn check_literal(url: &Url, intranet: &Intranet) -> Result<(), ReadError> {
    let refuse = |reason| Err(ReadError::Refused { address: shown(url), reason });
    if !matches!(url.scheme(), "http" | "https") {
        return refuse("neither http nor https");
    }
    let reason = match url.host() {
        None => Some("no host"),
        Some(Host::Ipv4(ip)) => refused_at(&ip.to_string(), IpAddr::V4(ip), intranet),
        Some(Host::Ipv6(ip)) => refused_at(&ip.to_string(), IpAddr::V6(ip), intranet),
        Some(Host::Domain(name)) => refused_name(name).filter(|_| !intranet.knows(name)),
    };
    reason.map_or(Ok(()), refuse)
}

fn refused_name(name: &str) -> Option<&'static str> {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    if NAMES.contains(&name.as_str()) || SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) {
        return Some("a name of an inner network");
    }
    (!name.contains('.')).then_some("a name without a domain")
}

/// An address for a message: no user, no password, no query.
#[must_use]
pub fn shown(url: &Url) -> String {
    match url.host_str() {
        Some(host) => format!(
            "{}://{host}{}{}",
            url.scheme(),
            url.port().map(|p| format!(":{p}")).unwrap_or_default(),
            url.path()
        ),
        None => format!("{}:…", url.scheme()),
    }
}

/// Why a host may not lie at an address, or `None` where it may.
fn refused_at(host: &str, ip: IpAddr, intranet: &Intranet) -> Option<&'static str> {
    refused(ip).filter(|_| !intranet.allows(host, ip))
}

/// Who tells the addresses of a name.
#[async_trait]
pub trait Names: fmt::Debug + Send + Sync {
    /// # Errors
    /// Where the name has none.
    async fn look_up(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The system's resolver.
#[derive(Debug, Clone, Copy)]
pub struct SystemNames;

#[async_trait]
impl Names for SystemNames {
    async fn look_up(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// A resolver without a guard, for configured origins.
#[derive(Debug, Clone)]
pub struct OpenResolver {
    pub names: Arc<dyn Names>,
    pub intranet: Intranet,
}

impl Resolve for OpenResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let Self { names, intranet } = self.clone();
        Box::pin(async move {
            if let Some(via) = intranet.via(name.as_str()) {
                return Ok(Box::new(std::iter::once(via)) as Addrs);
            }
            Ok(addresses(names.look_up(name.as_str()).await?))
        })
    }
}

/// A resolver minus what is neither public nor the intranet's. One refused
/// address refuses the name: a name that leads to both is an attack, and which
/// of the two would be connected to is not ours to choose.
///
/// A connection goes to the very addresses that were judged: each look-up is
/// judged anew, and none follows between judging and connecting, so a name
/// whose answer changes (DNS rebinding) gains nothing.
#[derive(Debug, Clone)]
pub struct GuardedResolver {
    pub names: Arc<dyn Names>,
    pub intranet: Intranet,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let Self { names, intranet } = self.clone();
        Box::pin(async move {
            let host = name.as_str().to_owned();
            if let Some(via) = intranet.via(&host) {
                return Ok(Box::new(std::iter::once(via)) as Addrs);
            }
            let found = names.look_up(&host).await?;
            match found.iter().find_map(|ip| Some((*ip, refused_at(&host, *ip, &intranet)?))) {
                Some((ip, reason)) => Err(Box::new(RefusedAddress { host, ip, reason }) as Box<_>),
                None => Ok(addresses(found)),
            }
        })
    }
}

/// Port 0: the one of the URL, or of its scheme.
fn addresses(found: Vec<IpAddr>) -> Addrs {
    Box::new(found.into_iter().map(|ip| SocketAddr::new(ip, 0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_inner_address_is_refused() {
        let hosts = [
            "127.0.0.1",
            "127.1",
            "0x7f.1",
            "0177.0.0.1",
            "2130706433",
            "0x7f000001",
            "0",
            "0.0.0.0",
            "10.0.0.1",
            "10.255.255.255",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "100.127.255.255",
            "169.254.169.254",
            "169.254.1.1",
            "0xa9fea9fe",
            "2852039166",
            "192.0.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.9",
            "192.88.99.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "[::]",
            "[::1]",
            "[0:0:0:0:0:0:0:1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:10.0.0.1]",
            "[::127.0.0.1]",
            "[::ffff:0:127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[64:ff9b:1::1]",
            "[2002:7f00:1::]",
            "[2001::1]",
            "[2001:db8::1]",
            "[fc00::1]",
            "[fd12:3456::1]",
            "[fe80::1]",
            "[fec0::1]",
            "[ff02::1]",
            "[100::1]",
            "localhost",
            "LOCALHOST",
            "localhost.",
            "a.localhost",
            "printer.local",
            "db.internal",
            "metadata.google.internal",
            "metadata",
            "intranet",
            "router.home.arpa",
            "127.0.0.1.",
            "①②⑦.0.0.1",
            "127。0。0。1",
        ];
        for host in hosts {
            for text in [format!("http://{host}/"), format!("https://u:p@{host}:8080/x")] {
                // What is no address at all is refused by the parser.
                if let Ok(url) = Url::parse(&text) {
                    assert!(check_literal(&url, &Intranet::default()).is_err(), "{text}");
                }
            }
        }
        for text in ["ftp://a.example.vn/", "file:///etc/passwd", "gopher://a.example.vn/", "data:text/plain,x"] {
            assert!(check_literal(&Url::parse(text).unwrap(), &Intranet::default()).is_err(), "{text}");
        }
    }

    #[test]
    fn public_addresses_pass() {
        for host in ["example.vn", "8.8.8.8", "172.32.0.1", "100.128.0.1", "192.0.3.1", "[2606:4700::1111]", "1.1.1.1"]
        {
            let url = Url::parse(&format!("https://{host}/")).unwrap();
            assert!(check_literal(&url, &Intranet::default()).is_ok(), "{host}");
        }
    }

    #[test]
    fn a_message_shows_no_secret() {
        let url = Url::parse("https://u:secret@a.example.vn:8443/x?token=secret#f").unwrap();
        assert_eq!(shown(&url), "https://a.example.vn:8443/x");
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_refused() {
        let guarded = GuardedResolver { names: Arc::new(SystemNames), intranet: Intranet::default() };
        let resolved = guarded.resolve("localhost".parse().unwrap()).await;
        let error = resolved.err().expect("localhost leads to this machine");
        assert!(error.downcast_ref::<RefusedAddress>().is_some(), "{error}");
    }
}
