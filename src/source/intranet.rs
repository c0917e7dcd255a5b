//! Hosts that may lie in private networks, because the operator says so: the
//! exceptions of the private-network guard. Everything else keeps the guard.
//! And hosts that are reached through a server on this machine.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use dongbo_sdk::HostName;

/// Addresses that share their first bits (CIDR, RFC 4632 §3.1): `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    bits: u8,
}

const fn v4(a: u8, b: u8, bits: u8) -> Network {
    Network { first: IpAddr::V4(Ipv4Addr::new(a, b, 0, 0)), bits }
}

/// The networks of an organisation (RFC 1918, RFC 4193): what `private = true` means.
pub const PRIVATE: [Network; 4] = [
    v4(10, 0, 8),
    v4(172, 16, 12),
    v4(192, 168, 16),
    Network { first: IpAddr::V6(Ipv6Addr::new(0xFC00, 0, 0, 0, 0, 0, 0, 0)), bits: 7 },
];
/// What may be named beside those: a provider's inner network (RFC 6598) and
/// this machine. Never link-local addresses, where clouds keep their secrets.
const NAMEABLE: [Network; 3] =
    [v4(100, 64, 10), v4(127, 0, 8), Network { first: IpAddr::V6(Ipv6Addr::LOCALHOST), bits: 128 }];

impl Network {
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        match (self.first, ip) {
            (IpAddr::V4(first), IpAddr::V4(ip)) => same(first.to_bits().into(), ip.to_bits().into(), 32 - self.bits),
            (IpAddr::V6(first), IpAddr::V6(ip)) => same(first.to_bits(), ip.to_bits(), 128 - self.bits),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }

    fn within(&self, other: &Self) -> bool {
        self.bits >= other.bits && other.contains(self.first)
    }
}

/// Whether two addresses agree but for their last bits.
fn same(a: u128, b: u128, last: u8) -> bool {
    (a ^ b).checked_shr(last.into()).unwrap_or(0) == 0
}

impl FromStr for Network {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "write a network such as \"10.0.0.0/8\"";
        let (first, bits) = text.split_once('/').ok_or(wrong)?;
        let first: IpAddr = first.parse().map_err(|_| wrong)?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let bits: u8 = bits.parse().ok().filter(|bits| *bits <= most).ok_or(wrong)?;
        let network = Self { first, bits };
        let nameable = PRIVATE.iter().chain(&NAMEABLE).any(|private| network.within(private));
        if nameable {
            Ok(network)
        } else {
            Err(
                "write one within 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, fc00::/7, 100.64.0.0/10, 127.0.0.0/8 or ::1/128",
            )
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}

/// Which hosts may lie where; clones share it. The default: none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Intranet {
    lying: Arc<Vec<(HostName, Vec<Network>)>>,
    via: Arc<Vec<(HostName, Option<SocketAddr>)>>,
}

impl Intranet {
    #[must_use]
    pub fn new(hosts: Vec<(HostName, Vec<Network>)>) -> Self {
        Self { lying: Arc::new(hosts), via: Arc::default() }
    }

    /// Connections to these hosts go to an address on this machine instead, to
    /// whatever port the URL does not name. Names, certificates and links stay the host's.
    #[must_use]
    pub fn with_detours(self, hosts: Vec<(HostName, Option<SocketAddr>)>) -> Self {
        Self { via: Arc::new(hosts), ..self }
    }

    /// Where connections to this host go instead of where its name leads.
    #[must_use]
    pub fn via(&self, host: &str) -> Option<SocketAddr> {
        HostName::most_exact(&self.via, host).copied().flatten()
    }

    /// Whether this host may lie at this address.
    #[must_use]
    pub fn allows(&self, host: &str, ip: IpAddr) -> bool {
        self.networks(host).iter().any(|network| network.contains(ip))
    }

    /// Whether this host may lie in some private network or is reached through one, so that its name may be one of an inner network.
    #[must_use]
    pub fn knows(&self, host: &str) -> bool {
        !self.networks(host).is_empty() || self.via(host).is_some()
    }

    fn networks(&self, host: &str) -> &[Network] {
        HostName::most_exact(&self.lying, host).map(Vec::as_slice).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn a_network_ends_where_its_bits_end() {
        for (text, inside, outside) in [
            ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
            ("172.16.0.0/12", "172.31.255.255", "172.32.0.0"),
            ("192.168.7.0/24", "192.168.7.255", "192.168.8.0"),
            ("10.1.2.3/32", "10.1.2.3", "10.1.2.4"),
            ("fc00::/7", "fdff::1", "fe00::"),
            ("fd00::5/128", "fd00::5", "fd00::4"),
        ] {
            let network = network(text);
            assert!(network.contains(inside.parse().unwrap()), "{text} {inside}");
            assert!(!network.contains(outside.parse().unwrap()), "{text} {outside}");
            assert_eq!(network.to_string(), text);
        }
        assert!(!network("10.0.0.0/8").contains("::ffff:10.0.0.1".parse().unwrap()));
    }

    #[test]
    fn only_private_networks_can_be_named() {
        for text in ["100.64.0.0/10", "127.0.0.0/8", "127.0.0.1/32", "::1/128"] {
            network(text);
        }
        for text in [
            "0.0.0.0/0",
            "::/0",
            "10.0.0.0/7",
            "169.254.169.254/32",
            "169.254.0.0/16",
            "fe80::/10",
            "8.8.8.8/32",
            "224.0.0.0/4",
            "0.0.0.0/8",
            "10.0.0.0",
            "10.0.0.0/33",
            "fc00::/129",
            "10.0.0/8",
            "a/8",
            "",
        ] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_exact_entry_of_a_host_counts_alone() {
        let entry = |name: &str, networks: &[Network]| (name.parse().unwrap(), networks.to_vec());
        let intranet =
            Intranet::new(vec![entry("*.example.vn", &PRIVATE), entry("may-1.example.vn", &[network("10.9.0.0/16")])]);
        let allows = |host: &str, ip: &str| intranet.allows(host, ip.parse().unwrap());
        assert!(allows("a.example.vn", "192.168.1.1") && allows("may-1.example.vn", "10.9.1.1"));
        assert!(!allows("may-1.example.vn", "192.168.1.1") && !allows("b.vn", "10.9.1.1"));
        assert!(!allows("a.example.vn", "127.0.0.1") && !allows("a.example.vn", "169.254.169.254"));
        assert!(!Intranet::default().knows("a.example.vn"));
    }
}
