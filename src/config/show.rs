//! The effective configuration as a file that loads to the same. Of secrets
//! only the places stand in it, because nothing else was ever read.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use dongbo_sdk::{MissingCategory, Removal, SecretRef, Visibility};
use serde::Serialize;

use super::human::{Backfill, Human, Rate, Size};
use super::{Config, Host, Installation, Portal, Source, Watch, wire};
use crate::firewall::Policy;
use crate::message::Lang;

pub(super) fn toml(config: &Config) -> String {
    toml::to_string(&Document::from(config)).expect("tables with text keys are TOML")
}

pub(super) fn json(config: &Config) -> serde_json::Value {
    serde_json::to_value(Document::from(config)).expect("tables with text keys are JSON")
}

#[derive(Serialize)]
struct Document<'a> {
    state: &'a Path,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<Lang>,
    groups: &'a [String],
    limits: Limits,
    keep: Keep,
    watch: WatchEntry,
    hosts: HostsEntry,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    host: Vec<HostEntry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hook: Option<HookEntry>,
    source: Vec<SourceEntry<'a>>,
    installation: Vec<InstallationEntry<'a>>,
    portal: Vec<PortalEntry<'a>>,
}

#[derive(Serialize)]
struct Limits {
    feed_size: Size,
    feed_items: u32,
    media_size: Size,
    stop_within: Human,
}

#[derive(Serialize)]
struct Keep {
    attempts: u32,
    age: Human,
}

#[derive(Serialize)]
struct WatchEntry {
    young: Human,
    settled: Human,
    old: Human,
    again: Human,
    confirmations: u32,
    pace: Human,
    brake: u32,
}

#[derive(Serialize)]
struct HostsEntry {
    in_flight: usize,
    pause: Human,
}

#[derive(Serialize)]
struct HostEntry<'a> {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ca: Option<&'a Path>,
    networks: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    via: Option<String>,
}

#[derive(Serialize)]
struct HookEntry {
    listen: String,
}

/// The place of a secret, as it is written.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
enum Place<'a> {
    Env(&'a str),
    File(&'a Path),
    Credential(&'a str),
}

impl<'a> From<&'a SecretRef> for Place<'a> {
    fn from(secret: &'a SecretRef) -> Self {
        match secret {
            SecretRef::Env(name) => Self::Env(name),
            SecretRef::File(path) => Self::File(path),
            SecretRef::Credential(name) => Self::Credential(name),
        }
    }
}

#[derive(Serialize)]
struct SourceEntry<'a> {
    id: &'a str,
    name: &'a str,
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    poll: Option<Human>,
    categories: &'a [String],
    urgent: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<Place<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    read: Option<&'a toml::Table>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<&'a toml::Table>,
    firewall: FirewallEntry<'a>,
}

#[derive(Serialize)]
struct FirewallEntry<'a> {
    hosts: &'a [String],
    words: &'a [String],
    hidden: bool,
    burst: u32,
}

#[derive(Serialize)]
struct InstallationEntry<'a> {
    id: &'a str,
    in_flight: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<Rate>,
    settles_within: Human,
    timeout: Human,
    connect: Human,
}

#[derive(Serialize)]
struct PortalEntry<'a> {
    id: &'a str,
    name: &'a str,
    groups: &'a [String],
    installation: &'a str,
    sources: &'a [String],
    accept: &'a [String],
    reject: &'a [String],
    unknown_category: MissingCategory,
    publish: wire::Publish,
    backfill: Backfill,
    create_burst: u32,
    publish_delay: Human,
    correction_gap: Human,
    in_flight: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    removal: Option<Removal>,
    attribution: &'a str,
    categories: &'a BTreeMap<String, String>,
    adapter: &'a toml::Table,
}

impl<'a> From<&'a Config> for Document<'a> {
    fn from(config: &'a Config) -> Self {
        Self {
            state: &config.state,
            language: config.language,
            groups: &config.groups,
            limits: Limits {
                feed_size: Size(config.limits.feed_bytes_max),
                feed_items: config.limits.feed_items_max,
                media_size: Size(config.limits.media_bytes_max),
                stop_within: Human(config.limits.stop_within),
            },
            keep: Keep { attempts: config.keep.attempts, age: Human(config.keep.age) },
            watch: WatchEntry::from(&config.watch),
            hosts: HostsEntry { in_flight: config.hosts.in_flight, pause: Human(config.hosts.pause) },
            host: config.named_hosts.iter().map(HostEntry::from).collect(),
            hook: config.hook.map(|listen| HookEntry { listen: listen.to_string() }),
            source: config.sources.iter().map(SourceEntry::from).collect(),
            installation: config.installations.iter().map(InstallationEntry::from).collect(),
            portal: config.portals.iter().map(PortalEntry::from).collect(),
        }
    }
}

impl From<&Watch> for WatchEntry {
    fn from(watch: &Watch) -> Self {
        let Watch { young, settled, old, again, confirmations, pace, brake } = watch;
        let human = |duration: &Duration| Human(*duration);
        Self {
            young: human(young),
            settled: human(settled),
            old: human(old),
            again: human(again),
            confirmations: *confirmations,
            pace: human(pace),
            brake: *brake,
        }
    }
}

impl<'a> From<&'a Host> for HostEntry<'a> {
    fn from(host: &'a Host) -> Self {
        let Host { name, ca, networks, via } = host;
        let networks = networks.iter().map(ToString::to_string).collect();
        Self { name: name.to_string(), ca: ca.as_deref(), networks, via: via.map(|via| via.to_string()) }
    }
}

impl<'a> From<&'a Source> for SourceEntry<'a> {
    fn from(source: &'a Source) -> Self {
        let Source {
            id,
            name,
            url,
            poll,
            categories,
            read: _,
            read_as_written,
            page: _,
            page_as_written,
            urgent,
            firewall,
            token,
        } = source;
        let (read, page) = (read_as_written.as_ref(), page_as_written.as_ref());
        let Policy { own: _, hosts, words, hidden, burst, urgent: _ } = firewall;
        let firewall = FirewallEntry { hosts, words, hidden: *hidden, burst: *burst };
        Self {
            id,
            name,
            url: url.as_str(),
            poll: poll.map(Human),
            categories,
            urgent,
            token: token.as_ref().map(Place::from),
            read,
            page,
            firewall,
        }
    }
}

impl<'a> From<&'a Installation> for InstallationEntry<'a> {
    fn from(installation: &'a Installation) -> Self {
        let human = |duration: Duration| Human(duration);
        Self {
            id: &installation.id,
            in_flight: installation.in_flight,
            rate: installation.rate.map(Rate),
            settles_within: human(installation.settles_within),
            timeout: human(installation.timeout),
            connect: human(installation.connect),
        }
    }
}

impl<'a> From<&'a Portal> for PortalEntry<'a> {
    fn from(portal: &'a Portal) -> Self {
        Self {
            id: &portal.id,
            name: &portal.name,
            groups: &portal.groups,
            installation: &portal.installation,
            sources: &portal.sources,
            accept: &portal.accept,
            reject: &portal.reject,
            unknown_category: portal.missing_category,
            publish: match portal.publish {
                Visibility::Public => wire::Publish::Live,
                Visibility::Draft => wire::Publish::Draft,
            },
            backfill: portal.backfill,
            create_burst: portal.create_burst,
            publish_delay: Human(portal.publish_delay),
            correction_gap: Human(portal.correction_gap),
            in_flight: portal.in_flight,
            removal: portal.removal,
            attribution: &portal.attribution,
            categories: &portal.categories,
            adapter: &portal.adapter_as_written,
        }
    }
}
