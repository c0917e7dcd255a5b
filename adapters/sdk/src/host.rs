//! The names of hosts for which the operator says something of their own.

use std::fmt;
use std::str::FromStr;

use url::Url;

/// One host (`portal.example.vn`, `10.0.0.5`), or every host below a name
/// (`*.example.vn`, at any depth, without `example.vn` itself).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostName {
    /// Small letters, as an address has it (IDNA); IPv6 without brackets.
    name: String,
    below: bool,
}

impl HostName {
    /// Whether a host as an address, a resolver or TLS names it is meant.
    #[must_use]
    pub fn matches(&self, host: &str) -> bool {
        let host = bare(host).to_ascii_lowercase();
        if self.below {
            host.strip_suffix(&self.name).is_some_and(|rest| rest.ends_with('.'))
        } else {
            host == self.name
        }
    }

    /// It is an address itself, which nobody looks up.
    #[must_use]
    pub fn is_address(&self) -> bool {
        self.name.parse::<std::net::IpAddr>().is_ok()
    }

    /// The entry that says most exactly which host it means: one host before
    /// many, a longer name before a shorter one.
    #[must_use]
    pub fn most_exact<'a, T>(entries: &'a [(Self, T)], host: &str) -> Option<&'a T> {
        let matching = entries.iter().filter(|(name, _)| name.matches(host));
        matching.max_by_key(|(name, _)| (!name.below, name.name.len())).map(|(_, entry)| entry)
    }
}

impl FromStr for HostName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "write the name alone: \"portal.example.vn\" or \"*.example.vn\"";
        let (name, below) = text.strip_prefix("*.").map_or((text, false), |name| (name, true));
        let more = if name.starts_with('[') { !name.ends_with(']') } else { name.contains(':') };
        if more || name.contains(['/', '\\', '@', '?', '#', '*', '\t', '\n', '\r']) {
            return Err(wrong);
        }
        let url = Url::parse(&format!("https://{name}/")).map_err(|_| wrong)?;
        let host = url.host_str().ok_or(wrong)?;
        // `*.vn` would mean half the country.
        if below && (!host.contains('.') || !matches!(url.host(), Some(url::Host::Domain(_)))) {
            return Err("write at least two parts after \"*.\", such as \"*.example.vn\"");
        }
        Ok(Self { name: bare(host).to_owned(), below })
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let v6 = self.name.contains(':');
        let (open, close) = if v6 { ("[", "]") } else { ("", "") };
        write!(f, "{}{open}{}{close}", if self.below { "*." } else { "" }, self.name)
    }
}

/// Without the root's dot and an IPv6 address' brackets.
fn bare(host: &str) -> &str {
    host.trim_end_matches('.').trim_start_matches('[').trim_end_matches(']')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> HostName {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn a_name_means_one_host_and_a_star_all_below() {
        for host in ["portal.example.vn", "PORTAL.example.vn", "portal.example.vn."] {
            assert!(name("portal.example.vn").matches(host) && name("*.example.vn").matches(host), "{host}");
        }
        assert!(name("*.example.vn").matches("a.b.example.vn"));
        for host in ["example.vn", "badexample.vn", "portal.example.vn.evil.vn", ""] {
            assert!(!name("portal.example.vn").matches(host) && !name("*.example.vn").matches(host), "{host}");
        }
        assert!(!name("portal.example.vn").matches("a.portal.example.vn"));
        assert!(name("[FD00::0:1]").matches("fd00::1") && name("[fd00::1]").matches("[fd00::1]"));
        assert!(name("10.0.0.5").matches("10.0.0.5") && !name("10.0.0.5").matches("10.0.0.50"));
    }

    #[test]
    fn the_most_exact_entry_counts() {
        let entries = [(name("*.example.vn"), 1), (name("a.b.example.vn"), 2), (name("*.b.example.vn"), 3)];
        for (host, entry) in [("a.b.example.vn", Some(2)), ("c.b.example.vn", Some(3)), ("x.example.vn", Some(1))] {
            assert_eq!(HostName::most_exact(&entries, host).copied(), entry, "{host}");
        }
        assert_eq!(HostName::most_exact(&entries, "example.vn"), None);
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in [
            "",
            "*",
            "*.",
            "*.vn",
            "*.10.0.0.1",
            "a.*.vn",
            "https://a.vn",
            "a.vn/x",
            "a.vn:443",
            "[fd00::1]:443",
            "a.vn\n",
            "u@a.vn",
            "a b",
            "a.vn?x",
        ] {
            assert!(text.parse::<HostName>().is_err(), "{text}");
        }
        for text in ["portal.example.vn", "*.example.vn", "10.0.0.5", "[fd00::1]", "intranet"] {
            assert_eq!(name(text).to_string(), text);
        }
    }
}
