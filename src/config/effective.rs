//! What is not written: the defaults of the file, then the product's own.
//! Fills in and refuses nothing; that is `check`'s.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use dongbo_sdk::Visibility;
use unicode_normalization::UnicodeNormalization;
use url::Url;

use super::human::{Backfill, Human, Rate};
use super::{ATTRIBUTION, Installation, Keep, Limits, Portal, Source, Watch, wire};
use crate::firewall::{self, Policy};
use crate::source::Politeness;

const STATE: &str = "/var/lib/dongbo";
const BACKFILL: Backfill = Backfill::Age(Duration::from_secs(7 * 86_400));
const CREATE_BURST: u32 = 50;
const PUBLISH_DELAY: Duration = Duration::from_secs(2 * 60);
const CORRECTION_GAP: Duration = Duration::from_secs(10 * 60);
const PORTAL_IN_FLIGHT: u16 = 2;
pub(super) const INSTALLATION_IN_FLIGHT: u16 = 4;
const SETTLES_WITHIN: Duration = Duration::from_secs(60);
const TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT: Duration = Duration::from_secs(10);
const FEED_BYTES: u64 = 15 * 1024 * 1024;
const FEED_ITEMS: u32 = 5000;
const MEDIA_BYTES: u64 = 20 * 1024 * 1024;
const STOP_WITHIN: Duration = Duration::from_secs(25);
const WATCH_YOUNG: Duration = Duration::from_secs(7 * 60);
const WATCH_SETTLED: Duration = Duration::from_secs(23 * 3600);
const WATCH_OLD: Duration = Duration::from_secs(6 * 86_400);
const WATCH_AGAIN: Duration = Duration::from_secs(60);
const WATCH_CONFIRMATIONS: u32 = 3;
const WATCH_PACE: Duration = Duration::from_millis(500);
const WATCH_BRAKE: u32 = 5;
const HOST_IN_FLIGHT: u16 = 2;
const HOST_PAUSE: Duration = Duration::from_millis(500);
pub(super) const HOOK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8711);
const KEEP_ATTEMPTS: u32 = 20;
const KEEP_AGE: Duration = Duration::from_secs(90 * 86_400);

pub(super) fn state(document: &wire::Document) -> &Path {
    document.state.as_deref().unwrap_or(Path::new(STATE))
}

pub(super) fn limits(limits: &wire::Limits) -> Limits {
    Limits {
        feed_bytes_max: limits.feed_size.map_or(FEED_BYTES, |size| size.0),
        feed_items_max: limits.feed_items.unwrap_or(FEED_ITEMS),
        media_bytes_max: limits.media_size.map_or(MEDIA_BYTES, |size| size.0),
        stop_within: plain(limits.stop_within, STOP_WITHIN),
    }
}

pub(super) fn keep(keep: &wire::Keep) -> Keep {
    Keep { attempts: keep.attempts.unwrap_or(KEEP_ATTEMPTS), age: plain(keep.age, KEEP_AGE) }
}

pub(super) fn watch(watch: &wire::Watch) -> Watch {
    Watch {
        young: plain(watch.young, WATCH_YOUNG),
        settled: plain(watch.settled, WATCH_SETTLED),
        old: plain(watch.old, WATCH_OLD),
        again: plain(watch.again, WATCH_AGAIN),
        confirmations: watch.confirmations.unwrap_or(WATCH_CONFIRMATIONS),
        pace: plain(watch.pace, WATCH_PACE),
        brake: watch.brake.unwrap_or(WATCH_BRAKE),
    }
}

pub(super) fn hosts(hosts: &wire::Hosts) -> Politeness {
    Politeness {
        in_flight: usize::from(hosts.in_flight.unwrap_or(HOST_IN_FLIGHT)),
        pause: plain(hosts.pause, HOST_PAUSE),
    }
}

pub(super) fn source(from: &wire::Source, url: Url, defaults: &wire::Defaults) -> Source {
    let urgent = nfc(from.urgent.as_ref().or(defaults.urgent.as_ref()));
    Source {
        firewall: policy(from, &url, &urgent, defaults),
        id: from.id.clone(),
        name: from.name.clone().unwrap_or_else(|| url.host_str().unwrap_or_default().to_owned()),
        url,
        poll: from.poll.or(defaults.poll).map(|Human(poll)| poll),
        categories: nfc(Some(&from.categories)),
        read: from.read.as_ref().map(|read| read.0.clone()),
        read_as_written: None,
        page: from.page.clone(),
        page_as_written: None,
        urgent,
        token: from.token.clone(),
    }
}

fn policy(from: &wire::Source, url: &Url, urgent: &[String], defaults: &wire::Defaults) -> Policy {
    let given = || from.firewall.iter().chain(&defaults.firewall);
    let all = |list: fn(&wire::Firewall) -> &Option<Vec<String>>| {
        let mut all: Vec<String> = given().rev().flat_map(|table| list(table).iter().flatten().cloned()).collect();
        all.dedup();
        all
    };
    Policy {
        own: url.host_str().map(firewall::bare).unwrap_or_default(),
        hosts: all(|table| &table.hosts).iter().map(|host| firewall::bare(host)).collect(),
        words: all(|table| &table.words).iter().map(|word| nfc_text(word)).collect(),
        hidden: given().find_map(|table| table.hidden).unwrap_or(false),
        burst: given().find_map(|table| table.burst).unwrap_or(firewall::BURST),
        urgent: urgent.to_vec(),
    }
}

/// Of a portal that says nothing, and so of its implicit installation.
pub(super) fn portal_in_flight(defaults: &wire::Defaults) -> u16 {
    defaults.in_flight.unwrap_or(PORTAL_IN_FLIGHT)
}

pub(super) fn installation(from: &wire::Installation, defaults: &wire::Defaults, in_flight: u16) -> Installation {
    Installation {
        id: from.id.clone(),
        in_flight: from.in_flight.unwrap_or(in_flight),
        rate: from.rate.or(defaults.rate).map(|Rate(per_second)| per_second),
        settles_within: plain(from.settles_within.or(defaults.settles_within), SETTLES_WITHIN),
        timeout: plain(from.timeout.or(defaults.timeout), TIMEOUT),
        connect: plain(from.connect.or(defaults.connect), CONNECT),
    }
}

/// The installation of a portal that names none: its id and its limits.
pub(super) fn own_installation(portal: &wire::Portal) -> wire::Installation {
    wire::Installation {
        id: portal.id.clone(),
        in_flight: portal.in_flight,
        rate: portal.rate,
        settles_within: portal.settles_within,
        timeout: portal.timeout,
        connect: portal.connect,
    }
}

pub(super) fn portal(from: &wire::Portal, defaults: &wire::Defaults) -> Portal {
    Portal {
        id: from.id.clone(),
        name: from.name.clone().unwrap_or_else(|| from.id.clone()),
        groups: from.groups.clone(),
        installation: from.installation.clone().unwrap_or_else(|| from.id.clone()),
        sources: from.sources.clone(),
        accept: nfc(from.accept.as_ref().or(defaults.accept.as_ref())),
        reject: nfc(from.reject.as_ref().or(defaults.reject.as_ref())),
        categories: category_map(from, defaults),
        missing_category: from.unknown_category.or(defaults.unknown_category).unwrap_or_default(),
        publish: match from.publish.or(defaults.publish) {
            None | Some(wire::Publish::Live) => Visibility::Public,
            Some(wire::Publish::Draft) => Visibility::Draft,
        },
        backfill: from.backfill.or(defaults.backfill).unwrap_or(BACKFILL),
        create_burst: from.create_burst.or(defaults.create_burst).unwrap_or(CREATE_BURST),
        publish_delay: plain(from.publish_delay.or(defaults.publish_delay), PUBLISH_DELAY),
        correction_gap: plain(from.correction_gap.or(defaults.correction_gap), CORRECTION_GAP),
        in_flight: from.in_flight.unwrap_or_else(|| portal_in_flight(defaults)),
        removal: from.removal.or(defaults.removal),
        attribution: from
            .attribution
            .clone()
            .or_else(|| defaults.attribution.clone())
            .unwrap_or_else(|| ATTRIBUTION.to_owned()),
        adapter: from.adapter.clone(),
        adapter_as_written: toml::Table::new(),
    }
}

/// The defaults' map with the portal's own lines over it.
fn category_map(portal: &wire::Portal, defaults: &wire::Defaults) -> BTreeMap<String, String> {
    let lines = defaults.categories.iter().flatten().chain(portal.categories.iter().flatten());
    lines.map(|(from, to)| (nfc_text(from), nfc_text(to))).collect()
}

fn plain(given: Option<Human>, default: Duration) -> Duration {
    given.map_or(default, |Human(duration)| duration)
}

/// Categories compare as NFC without outer blanks; some editors save NFD.
pub(super) fn nfc(categories: Option<&Vec<String>>) -> Vec<String> {
    categories.into_iter().flatten().map(|name| nfc_text(name)).collect()
}

fn nfc_text(text: &str) -> String {
    text.trim().nfc().collect()
}
