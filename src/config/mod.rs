//! The configuration: the only reader of TOML.
//!
//! A file is read once into plain structs, checked as a whole, and never read
//! again; there are no globals. `wire` is the file as written and the
//! reference of its keys, `effective` fills defaults in, `check` refuses what
//! cannot work, `show` writes the effective configuration, `append` adds a source
//! to the file, `error` says what to change.
//! No secret is read here, only the place where it stands.

pub mod append;
mod check;
mod effective;
mod error;
mod host;
mod human;
mod show;
mod wire;

use std::collections::BTreeMap;
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dongbo_sdk::{HostName, MissingCategory, Removal, SecretRef, Visibility};
use url::Url;

pub use check::{ID_CHARS_MAX, is_id};
pub use error::{ConfigError, Fault};
pub use human::{Backfill, Human, Rate, Size};

use crate::firewall::Policy;
use crate::message::Lang;
use crate::portals::AdapterConfig;
use crate::source::{Network, Paged, Politeness};
use error::{Positions, Step};

/// Where the configuration stands unless `--config` or `DONGBO_CONFIG` says otherwise.
pub const DEFAULT_FILE: &str = "/etc/dongbo/dongbo.toml";
/// What `dongbo config example` prints: the sample that is installed.
pub const EXAMPLE: &str = include_str!("../../deploy/dongbo.toml");
/// Largest configuration file; a hundred portals take about 50 kB.
pub const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// A whole configuration, checked. Every reference in it leads somewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The file that it was read from.
    pub path: PathBuf,
    /// Folder of the ledger and of fetched media (`state`).
    pub state: PathBuf,
    /// `language`; `None`: the locale decides.
    pub language: Option<Lang>,
    /// All groups that portals are in, sorted.
    pub groups: Vec<String>,
    /// `[limits]`
    pub limits: Limits,
    /// `[keep]`
    pub keep: Keep,
    /// `[watch]`
    pub watch: Watch,
    /// `[hosts]`
    pub hosts: Politeness,
    /// `[[host]]`
    pub named_hosts: Vec<Host>,
    /// `[hook]`: where hooks are heard, on loopback; `None`: nowhere.
    pub hook: Option<SocketAddr>,
    /// `[[source]]` in the order of the file: an article's content comes from
    /// the first one that carries it.
    pub sources: Vec<Source>,
    /// `[[installation]]`, then the implicit one of each portal that names none.
    pub installations: Vec<Installation>,
    /// `[[portal]]` in the order of the file.
    pub portals: Vec<Portal>,
}

/// What one daemon may use (`[limits]`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Decoded bytes of one feed.
    pub feed_bytes_max: u64,
    pub feed_items_max: u32,
    /// Bytes of one picture.
    pub media_bytes_max: u64,
    /// How long a stop waits for calls that are under way.
    pub stop_within: Duration,
}

/// Looks at the originals (`[watch]`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    pub young: Duration,
    pub settled: Duration,
    pub old: Duration,
    pub again: Duration,
    /// At least 1.
    pub confirmations: u32,
    pub pace: Duration,
    /// Percent.
    pub brake: u32,
}

/// `[[host]]`: what holds for one host, or for all below a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    pub name: HostName,
    /// PEM file of certificates that are believed for it.
    pub ca: Option<PathBuf>,
    /// Private networks in which it may lie.
    pub networks: Vec<Network>,
    /// Where connections to it go instead, on loopback.
    pub via: Option<SocketAddr>,
}

/// How much history of settled deliveries stays (`[keep]`). Parked ones keep theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keep {
    /// Last attempts kept per delivery, whatever their age.
    pub attempts: u32,
    pub age: Duration,
}

/// `[[source]]`
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    pub id: String,
    /// For the attribution line; the host unless `name` says otherwise.
    pub name: String,
    /// `http` or `https`, without account.
    pub url: Url,
    /// `None`: by its own rhythm.
    pub poll: Option<Duration>,
    /// Categories of every article, NFC, beside those that it names.
    pub categories: Vec<String>,
    /// How it is read; `None`: as a feed.
    pub read: Option<Paged>,
    /// `[source.read.…]` as the file has it.
    pub read_as_written: Option<toml::Table>,
    /// How articles are read from their own pages; `None`: they are not.
    pub page: Option<crate::source::page::Config>,
    /// `[source.page]` as the file has it.
    pub page_as_written: Option<toml::Table>,
    /// Categories that make an article urgent, NFC.
    pub urgent: Vec<String>,
    /// What the content firewall lets pass (`[source.firewall]`).
    pub firewall: Policy,
    /// Where the token of its hook stands; `None`: it has no hook.
    pub token: Option<SecretRef>,
}

/// `[[installation]]`, or made up for a portal that names none.
#[derive(Debug, Clone, PartialEq)]
pub struct Installation {
    /// A made-up one has its portal's id.
    pub id: String,
    /// Requests under way at once, all its portals together. At least 1.
    pub in_flight: u16,
    /// Requests per second, all its portals together.
    pub rate: Option<f64>,
    /// How long the server may go on working on a request whose caller has gone.
    pub settles_within: Duration,
    /// The request limit, answer included.
    pub timeout: Duration,
    pub connect: Duration,
}

impl Installation {
    /// What the HTTP kit is given for every portal of this installation.
    #[must_use]
    pub fn http(&self) -> dongbo_sdk::http::Limits {
        let usual = dongbo_sdk::http::Limits::default();
        dongbo_sdk::http::Limits {
            connect: self.connect.min(self.timeout),
            read: usual.read.min(self.timeout),
            total: self.timeout,
            ..usual
        }
    }
}

/// `[[portal]]`, with `[defaults]` filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Portal {
    pub id: String,
    /// The unit's name; the id unless `name` says otherwise.
    pub name: String,
    pub groups: Vec<String>,
    /// Id of exactly one of [`Config::installations`].
    pub installation: String,
    /// Ids of sources; empty means all.
    pub sources: Vec<String>,
    /// Categories, NFC; empty means all.
    pub accept: Vec<String>,
    /// Categories, NFC; wins over `accept`.
    pub reject: Vec<String>,
    /// The source's category → the portal's, both NFC.
    pub categories: BTreeMap<String, String>,
    pub missing_category: MissingCategory,
    pub publish: Visibility,
    pub backfill: Backfill,
    /// New copies within an hour; at least 1.
    pub create_burst: u32,
    pub publish_delay: Duration,
    pub correction_gap: Duration,
    /// Requests under way at once; at least 1.
    pub in_flight: u16,
    /// `None`: the gentlest way that the portal can.
    pub removal: Option<Removal>,
    /// HTML with the places [`ATTRIBUTION_PLACES`].
    pub attribution: String,
    pub adapter: AdapterConfig,
    /// `[portal.adapter.…]` as the file has it: places of secrets, no secrets.
    pub adapter_as_written: toml::Table,
}

/// What an attribution template may name. `{time}` is when the original was
/// published, as dd/MM/yyyy HH:mm in Vietnam.
pub const ATTRIBUTION_PLACES: [&str; 3] = ["{source}", "{time}", "{url}"];
/// The attribution line of a portal that says nothing else.
pub const ATTRIBUTION: &str = r#"<p><em>Nguồn: {source}, {time}. <a href="{url}">Xem bài gốc</a>.</em></p>"#;

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// All that is wrong with it, with file, line, key and what to change.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        Self::parse(&read(path)?, path)
    }

    /// Checks a text; `path` names it in messages and is where relative paths start.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let failed = |faults| ConfigError { file: path.to_owned(), faults };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let positions = Positions::new(text);
        let document = document(text, &positions).map_err(|fault| failed(vec![fault]))?;
        let written: toml::Table = toml::from_str(text).unwrap_or_default();
        check::check(document, &written, &positions, path).map_err(failed)
    }

    #[must_use]
    pub fn portal(&self, id: &str) -> Option<&Portal> {
        self.portals.iter().find(|portal| portal.id == id)
    }

    #[must_use]
    pub fn source(&self, id: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.id == id)
    }

    #[must_use]
    pub fn installation(&self, id: &str) -> Option<&Installation> {
        self.installations.iter().find(|installation| installation.id == id)
    }

    /// The effective configuration: everything filled in, of secrets only
    /// their places. Loading it again gives the same.
    #[must_use]
    pub fn to_toml(&self) -> String {
        show::toml(self)
    }

    /// As [`Config::to_toml`], for programs.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        show::json(self)
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    let failed = |problem: String, change: &str| ConfigError::whole(path, problem, change);
    let unreadable = |error: std::io::Error| {
        let change = match error.kind() {
            std::io::ErrorKind::NotFound => {
                "name the file with --config, or start from the sample: dongbo config example > dongbo.toml"
            }
            std::io::ErrorKind::PermissionDenied => {
                "run as the user dongbo, or open the file to it: chgrp dongbo, chmod 640"
            }
            _ => "name a readable file with --config",
        };
        failed(format!("cannot be read: {error}"), change)
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(failed("is larger than 4 MB".to_owned(), "name a configuration file with --config"));
    }
    String::from_utf8(bytes).map_err(|_| failed("is not UTF-8".to_owned(), "save it as UTF-8"))
}

fn document(text: &str, positions: &Positions<'_>) -> Result<wire::Document, Fault> {
    let parser = toml::Deserializer::parse(text).map_err(|error| positions.explain(&[], &error))?;
    serde_path_to_error::deserialize(parser).map_err(|error| positions.explain(&steps(error.path()), error.inner()))
}

fn steps(path: &serde_path_to_error::Path) -> Vec<Step> {
    use serde_path_to_error::Segment;
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(Step::Index(*index)),
            Segment::Map { key } | Segment::Enum { variant: key } => Some(Step::Key(key.clone())),
            Segment::Unknown => None,
        })
        .collect()
}

#[cfg(test)]
mod tests;
