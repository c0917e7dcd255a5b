//! On which terms hosts are reached: the one place where `[[host]]` becomes
//! what every fetcher and every adapter is given.
//!
//! A file of certificates that cannot be used stops nobody else: its host is
//! verified as usual, and the fault is told.

use std::io::Read as _;
use std::path::Path;

use dongbo_sdk::trust::FILE_BYTES_MAX;
use dongbo_sdk::{Authority, Trust, http};
use serde::Serialize;

use crate::config::{Config, Host, Installation};
use crate::message::{Lang, Problem};
use crate::report::either;
use crate::source::{self, Intranet};

/// The terms of all hosts, read once.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    trust: Trust,
    intranet: Intranet,
    pub faults: Vec<Fault>,
}

/// Certificates that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub host: String,
    pub file: String,
    pub reason: String,
}

/// A host that is not reached as every other, for `status` and `check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HostTerms {
    pub name: String,
    /// File of certificates that are believed for it.
    pub ca: Option<String>,
    /// Private networks in which it may lie.
    pub networks: Vec<String>,
    /// Where connections to it go instead, on this machine.
    pub via: Option<String>,
}

impl Reach {
    /// Reads the files of certificates.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let hosts = &config.named_hosts;
        let lying = hosts.iter().map(|host| (host.name.clone(), host.networks.clone())).collect();
        let (mut believed, mut faults) = (Vec::new(), Vec::new());
        for host in hosts {
            // One without a file of its own is an entry as well: it hides those that are less exact.
            let read = host.ca.as_deref().map_or(Ok(Authority::default()), authority);
            let authority = read.unwrap_or_else(|reason| {
                faults.extend(host.ca.as_deref().map(|file| Fault::new(host, file, reason)));
                Authority::default()
            });
            believed.push((host.name.clone(), authority));
        }
        let trust = Trust::new(believed).unwrap_or_else(|error| {
            let with_files = hosts.iter().filter_map(|host| Some((host, host.ca.as_deref()?)));
            faults.extend(with_files.map(|(host, file)| Fault::new(host, file, error.to_string())));
            Trust::default()
        });
        let via = hosts.iter().map(|host| (host.name.clone(), host.via)).collect();
        Self { trust, intranet: Intranet::new(lying).with_detours(via), faults }
    }

    /// What a fetcher of feeds and pages is given.
    #[must_use]
    pub fn feeds(&self, config: &Config) -> source::Limits {
        self.terms(source::Limits { decoded_bytes_max: config.limits.feed_bytes_max, ..source::Limits::default() })
    }

    /// What a fetcher of pictures is given.
    #[must_use]
    pub fn pictures(&self, config: &Config) -> source::Limits {
        self.terms(source::Limits { decoded_bytes_max: config.limits.media_bytes_max, ..source::media_limits() })
    }

    fn terms(&self, limits: source::Limits) -> source::Limits {
        source::Limits { trust: self.trust.clone(), intranet: self.intranet.clone(), ..limits }
    }

    /// What the adapters of an installation are given.
    #[must_use]
    pub fn portal(&self, installation: &Installation) -> http::Limits {
        http::Limits { trust: self.trust.clone(), ..installation.http() }
    }
}

fn authority(file: &Path) -> Result<Authority, String> {
    let mut pem = Vec::new();
    let read = std::fs::File::open(file).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut pem));
    read.map_err(|error| error.to_string())?;
    if pem.len() as u64 > FILE_BYTES_MAX {
        return Err("it is larger than 256 kB".to_owned());
    }
    Authority::from_pem(&pem).map_err(|error| error.to_string())
}

impl Fault {
    fn new(host: &Host, file: &Path, reason: String) -> Self {
        Self { host: host.name.to_string(), file: file.display().to_string(), reason }
    }

    #[must_use]
    pub fn problem(&self) -> Problem {
        let Self { host, file, reason } = self.clone();
        Problem::HostAuthority { host, file, reason }
    }
}

impl From<&Host> for HostTerms {
    fn from(host: &Host) -> Self {
        Self {
            name: host.name.to_string(),
            ca: host.ca.as_ref().map(|file| file.display().to_string()),
            networks: host.networks.iter().map(ToString::to_string).collect(),
            via: host.via.map(|via| via.to_string()),
        }
    }
}

impl HostTerms {
    #[must_use]
    pub fn all(config: &Config) -> Vec<Self> {
        config.named_hosts.iter().map(Self::from).collect()
    }

    /// For people, one line.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        let mut terms = Vec::new();
        if let Some(file) = &self.ca {
            terms.push(format!(
                "{} {file}",
                either(lang, "tin thêm chứng thư trong", "also believes the certificates of")
            ));
        }
        if !self.networks.is_empty() {
            let networks = self.networks.join(", ");
            terms.push(format!("{} {networks}", either(lang, "được nằm trong mạng riêng", "may lie in")));
        }
        if let Some(via) = &self.via {
            terms.push(format!("{} {via}", either(lang, "được kết nối qua", "is reached through")));
        }
        format!("{} {}: {}", either(lang, "máy chủ", "host"), self.name, terms.join("; "))
    }
}
