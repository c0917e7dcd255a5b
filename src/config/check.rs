//! From the file as written to a configuration that can work: every reference
//! followed, every value within its bounds. Collects all faults instead of the
//! first. What is not written comes from `effective`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use url::Url;

use super::error::{Fault, Positions, Step, nearest, quote};
use super::human::Human;
use crate::firewall;
use crate::source::json::Wrong;
use crate::source::{Paged, Politeness};

use super::{
    ATTRIBUTION_PLACES, Config, Host, Installation, Keep, Limits, Portal, Source, Watch, effective, host, wire,
};

/// More often than this is a burden on the source and never of use.
const POLL_MIN: Duration = Duration::from_secs(10);
/// Bounds of every limit on a request: shorter fails on an honest slow server,
/// longer holds a slot for nothing.
const REQUEST_MIN: Duration = Duration::from_millis(100);
const REQUEST_MAX: Duration = Duration::from_secs(15 * 60);
/// Shorter is no pause on a local network; longer than this a source would wait for its own pages.
const HOST_PAUSE_MIN: Duration = Duration::from_millis(10);
const HOST_PAUSE_MAX: Duration = Duration::from_secs(60);
const WATCH_PACE_MIN: Duration = Duration::from_millis(100);
/// Messages give ids whole, in commands, twice on a line.
pub const ID_CHARS_MAX: usize = 40;
const NAME_CHARS_MAX: usize = 200;
const ATTRIBUTION_BYTES_MAX: usize = 4096;

/// # Errors
/// All faults, in the order of the file.
pub(super) fn check(
    document: wire::Document,
    written: &toml::Table,
    positions: &Positions<'_>,
    path: &Path,
) -> Result<Config, Vec<Fault>> {
    let mut check = Check { positions, faults: Vec::new() };
    let folder = path.parent().unwrap_or(Path::new(""));
    check.all_there(&document);
    check.ids(&document);
    check.references(&document);
    check.defaults(&document.defaults);
    let mut config = Config {
        path: path.to_owned(),
        state: folder.join(effective::state(&document)),
        language: document.language,
        groups: check.groups(&document),
        limits: check.limits(&document.limits),
        keep: check.keep(&document.keep),
        watch: check.watch(&document.watch),
        hosts: check.hosts(&document.hosts),
        named_hosts: check.named_hosts(&document, folder),
        hook: check.hook(&document),
        sources: check.sources(&document),
        installations: check.installations(&document),
        portals: check.portals(&document),
    };
    place_adapters(&mut config.portals, written, folder);
    keep_readings(&mut config.sources, written);
    check.adapter_addresses(&config.portals);
    check.one_portal_per_place(&config.portals);
    check.one_kind_per_installation(&config.portals);
    if check.faults.is_empty() {
        return Ok(config);
    }
    check.faults.sort_by_key(|fault| (fault.line, fault.column));
    // A fault of the defaults is found with every portal.
    check.faults.dedup();
    Err(check.faults)
}

/// Relative paths start at the configuration's folder; the written form is
/// kept for `show`.
fn place_adapters(portals: &mut [Portal], written: &toml::Table, folder: &Path) {
    let tables = written.get("portal").and_then(toml::Value::as_array).into_iter().flatten();
    for (portal, table) in portals.iter_mut().zip(tables) {
        portal.adapter = portal.adapter.clone().within(folder);
        portal.adapter_as_written = table.get("adapter").and_then(toml::Value::as_table).cloned().unwrap_or_default();
    }
}

/// The written form is kept for `show`: a path is printed as it was typed.
fn keep_readings(sources: &mut [Source], written: &toml::Table) {
    let tables = written.get("source").and_then(toml::Value::as_array).into_iter().flatten();
    for (source, table) in sources.iter_mut().zip(tables) {
        source.read_as_written = table.get("read").and_then(toml::Value::as_table).cloned();
        source.page_as_written = table.get("page").and_then(toml::Value::as_table).cloned();
    }
}

struct Check<'a> {
    positions: &'a Positions<'a>,
    faults: Vec<Fault>,
}

/// An entry of `[[table]]`.
#[derive(Clone, Copy)]
struct Entry(&'static str, usize);

impl Entry {
    fn key(self, key: &str) -> Vec<Step> {
        vec![Step::Key(self.0.to_owned()), Step::Index(self.1), Step::Key(key.to_owned())]
    }

    fn item(self, key: &str, index: usize) -> Vec<Step> {
        let mut path = self.key(key);
        path.push(Step::Index(index));
        path
    }
}

/// A key of a table that stands once: `[defaults]`, `[limits]`, `[keep]`.
fn single(table: &str, key: &str) -> Vec<Step> {
    vec![Step::Key(table.to_owned()), Step::Key(key.to_owned())]
}

impl Check<'_> {
    fn refuse(&mut self, path: &[Step], problem: impl Into<String>, change: impl Into<String>) {
        self.faults.push(self.positions.fault(path, problem, change));
    }

    fn all_there(&mut self, document: &wire::Document) {
        let start = "see the sample: dongbo config example";
        if document.source.is_empty() {
            self.refuse(&[], "no source is named", format!("add a table [[source]] with id and url; {start}"));
        }
        if document.portal.is_empty() {
            self.refuse(&[], "no portal is named", format!("add a table [[portal]] with id and adapter; {start}"));
        }
    }

    fn ids(&mut self, document: &wire::Document) {
        self.ids_of("source", document.source.iter().map(|source| source.id.as_str()));
        self.ids_of("installation", document.installation.iter().map(|installation| installation.id.as_str()));
        self.ids_of("portal", document.portal.iter().map(|portal| portal.id.as_str()));
        for (index, portal) in document.portal.iter().enumerate() {
            let taken = document.installation.iter().any(|installation| installation.id == portal.id);
            if taken && portal.installation.is_none() {
                let change =
                    format!("add installation = \"{}\" or give the installation another id", quote(&portal.id));
                self.refuse(&Entry("portal", index).key("id"), "an installation has the same id", change);
            }
        }
    }

    fn ids_of<'i>(&mut self, table: &'static str, ids: impl Iterator<Item = &'i str>) {
        let mut seen = BTreeSet::new();
        for (index, id) in ids.enumerate() {
            let path = Entry(table, index).key("id");
            if !is_id(id) {
                let change = "write 1 to 40 small letters a-z, digits and hyphens, such as \"so-tttt\"";
                self.refuse(&path, format!("\"{}\" is not an id", quote(id)), change);
            } else if !seen.insert(id) {
                self.refuse(&path, format!("\"{id}\" is used twice"), "give each its own id");
            }
        }
    }

    fn references(&mut self, document: &wire::Document) {
        let sources: Vec<&str> = document.source.iter().map(|source| source.id.as_str()).collect();
        let installations: Vec<&str> = document.installation.iter().map(|entry| entry.id.as_str()).collect();
        for (index, portal) in document.portal.iter().enumerate() {
            let entry = Entry("portal", index);
            for (item, source) in portal.sources.iter().enumerate() {
                self.known(&entry.item("sources", item), "source", source, &sources);
            }
            for (item, group) in portal.groups.iter().enumerate() {
                match &document.groups {
                    Some(groups) => {
                        let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
                        self.known(&entry.item("groups", item), "group", group, &groups);
                    }
                    None => self.group_name(&entry.item("groups", item), group),
                }
            }
            if let Some(installation) = &portal.installation {
                self.known(&entry.key("installation"), "installation", installation, &installations);
                self.limits_belong_to_installation(entry, portal);
            }
        }
    }

    fn known(&mut self, path: &[Step], what: &str, name: &str, valid: &[&str]) {
        if valid.contains(&name) {
            return;
        }
        let change = match nearest(name, valid.iter().copied()) {
            change if change.is_empty() => format!("no {what} is named in this file"),
            change => change,
        };
        self.refuse(path, format!("there is no {what} \"{}\"", quote(name)), change);
    }

    fn limits_belong_to_installation(&mut self, entry: Entry, portal: &wire::Portal) {
        let given = [
            ("rate", portal.rate.is_some()),
            ("settles_within", portal.settles_within.is_some()),
            ("timeout", portal.timeout.is_some()),
            ("connect", portal.connect.is_some()),
        ];
        for (key, _) in given.into_iter().filter(|(_, given)| *given) {
            self.refuse(
                &entry.key(key),
                "belongs to the installation",
                "move it to the [[installation]] of this portal",
            );
        }
    }

    fn groups(&mut self, document: &wire::Document) -> Vec<String> {
        for (index, group) in document.groups.iter().flatten().enumerate() {
            self.group_name(&[Step::Key("groups".to_owned()), Step::Index(index)], group);
        }
        let groups: BTreeSet<&String> = document.portal.iter().flat_map(|portal| &portal.groups).collect();
        groups.into_iter().cloned().collect()
    }

    fn group_name(&mut self, path: &[Step], group: &str) {
        if !is_id(group) {
            let change = "write small letters a-z, digits and hyphens, such as \"xa-phuong\"";
            self.refuse(path, format!("\"{}\" is not a group's name", quote(group)), change);
        }
    }

    fn defaults(&mut self, defaults: &wire::Defaults) {
        let path = |key| single("defaults", key);
        self.poll(&path("poll"), defaults.poll);
        self.categories(&path("urgent"), defaults.urgent.as_deref());
        self.categories(&path("accept"), defaults.accept.as_deref());
        self.categories(&path("reject"), defaults.reject.as_deref());
        self.at_least_one(&path("create_burst"), defaults.create_burst.map(u64::from));
        self.firewall(&path("firewall"), defaults.firewall.as_ref());
        self.at_least_one(&path("in_flight"), defaults.in_flight.map(u64::from));
        self.attribution(&path("attribution"), defaults.attribution.as_deref());
        self.request_limit(&path("settles_within"), defaults.settles_within);
        self.request_limit(&path("timeout"), defaults.timeout);
        self.request_limit(&path("connect"), defaults.connect);
    }

    fn limits(&mut self, limits: &wire::Limits) -> Limits {
        let path = |key| single("limits", key);
        self.at_least_one(&path("feed_size"), limits.feed_size.map(|size| size.0));
        self.at_least_one(&path("feed_items"), limits.feed_items.map(u64::from));
        self.at_least_one(&path("media_size"), limits.media_size.map(|size| size.0));
        self.request_limit(&path("stop_within"), limits.stop_within);
        effective::limits(limits)
    }

    fn keep(&mut self, keep: &wire::Keep) -> Keep {
        self.at_least_one(&single("keep", "attempts"), keep.attempts.map(u64::from));
        effective::keep(keep)
    }

    fn watch(&mut self, watch: &wire::Watch) -> Watch {
        self.at_least_one(&single("watch", "confirmations"), watch.confirmations.map(u64::from));
        if watch.pace.is_some_and(|pace| pace.0 < WATCH_PACE_MIN) {
            self.refuse(&single("watch", "pace"), "is a burden on the source", "write \"100ms\" or longer");
        }
        if watch.brake.is_some_and(|percent| percent > 100) {
            self.refuse(&single("watch", "brake"), "is no percentage", "write 0 to 100");
        }
        effective::watch(watch)
    }

    fn hosts(&mut self, hosts: &wire::Hosts) -> Politeness {
        self.at_least_one(&single("hosts", "in_flight"), hosts.in_flight.map(u64::from));
        let pause = hosts.pause.map(|pause| pause.0);
        if pause.is_some_and(|pause| !(HOST_PAUSE_MIN..=HOST_PAUSE_MAX).contains(&pause)) {
            self.refuse(&single("hosts", "pause"), "is out of bounds", "write \"10ms\" to \"1m\"");
        }
        effective::hosts(hosts)
    }

    fn named_hosts(&mut self, document: &wire::Document, folder: &Path) -> Vec<Host> {
        let mut hosts: Vec<Host> = Vec::new();
        for (index, written) in document.host.iter().enumerate() {
            let entry = Entry("host", index);
            match host::host(written, folder) {
                Ok(host) if hosts.iter().any(|known| known.name == host.name) => {
                    self.refuse(&entry.key("name"), "is named twice", "keep one table for each host");
                }
                Ok(host) => hosts.push(host),
                Err(host::Wrong { key, item, problem, change }) => {
                    let path = item.map_or_else(|| entry.key(key), |item| entry.item(key, item));
                    self.refuse(&path, problem, change);
                }
            }
        }
        hosts
    }

    /// A token and a place where it is heard need each other.
    fn hook(&mut self, document: &wire::Document) -> Option<SocketAddr> {
        let with_token = document.source.iter().position(|source| source.token.is_some());
        match (&document.hook, with_token) {
            (None, None) => None,
            (None, Some(index)) => {
                let change = "add a table [hook], or remove token";
                self.refuse(&Entry("source", index).key("token"), "no hook is heard", change);
                None
            }
            (Some(_), None) => {
                let change = "add token to a source, or remove [hook]";
                self.refuse(&[Step::Key("hook".to_owned())], "no source has a token", change);
                None
            }
            (Some(hook), Some(_)) => Some(self.listen(hook.listen.as_deref())),
        }
    }

    fn listen(&mut self, listen: Option<&str>) -> SocketAddr {
        let Some(listen) = listen else { return effective::HOOK };
        let example = "write \"127.0.0.1:8711\"; other machines come through this one's web server";
        let refused = match listen.parse::<SocketAddr>() {
            Ok(address) if !address.ip().is_loopback() => "is not on loopback",
            Ok(address) if address.port() == 0 => "names no port",
            Ok(address) => return address,
            Err(_) => "is no address with a port",
        };
        self.refuse(&single("hook", "listen"), refused, example);
        effective::HOOK
    }

    fn sources(&mut self, document: &wire::Document) -> Vec<Source> {
        let defaults = &document.defaults;
        document.source.iter().enumerate().filter_map(|(index, source)| self.source(index, source, defaults)).collect()
    }

    fn source(&mut self, index: usize, source: &wire::Source, defaults: &wire::Defaults) -> Option<Source> {
        let entry = Entry("source", index);
        self.name(&entry.key("name"), source.name.as_deref());
        self.poll(&entry.key("poll"), source.poll);
        self.categories(&entry.key("urgent"), source.urgent.as_deref());
        self.categories(&entry.key("categories"), Some(&source.categories));
        self.reading(&entry.key("read"), source.read.as_ref());
        self.sitemap(entry, source);
        self.firewall(&entry.key("firewall"), source.firewall.as_ref());
        if let Some(wrong) = source.page.as_ref().and_then(crate::source::page::Config::wrong) {
            self.wrong(entry.key("page"), &[wrong.key], wrong);
        }
        let url = self.url(&entry.key("url"), &source.url)?;
        Some(effective::source(source, url, defaults))
    }

    /// Keys that need or exclude each other.
    fn reading(&mut self, path: &[Step], read: Option<&wire::ReadConfig>) {
        let Some((kind, wrong)) = read.and_then(|read| read.0.wrong()) else { return };
        self.wrong(path.to_vec(), &[kind, wrong.key], wrong);
    }

    /// Where articles stand is all that a sitemap says.
    fn sitemap(&mut self, entry: Entry, source: &wire::Source) {
        let Some(wire::ReadConfig(Paged::Sitemap(_))) = &source.read else { return };
        let change = "add a table [source.page] with title and body, where they stand on an article's own page";
        match &source.page {
            None => {
                let path = [entry.key("read"), vec![Step::Key("sitemap".to_owned())]].concat();
                self.refuse(&path, "a sitemap gives only addresses", change);
            }
            Some(page) if page.title.is_none() => {
                let problem = "has no title, and a sitemap gives none";
                self.refuse(&entry.key("page"), problem, "add title = \"h1\"");
            }
            Some(_) => {}
        }
    }

    fn wrong(&mut self, mut path: Vec<Step>, keys: &[&str], wrong: Wrong) {
        path.extend(keys.iter().map(|key| Step::Key((*key).to_owned())));
        self.refuse(&path, wrong.problem, wrong.change);
    }

    /// The written ones, then one for each portal that names none.
    fn installations(&mut self, document: &wire::Document) -> Vec<Installation> {
        let defaults = &document.defaults;
        let written = document.installation.iter().enumerate().map(|(index, installation)| {
            self.installation_limits(Entry("installation", index), installation);
            effective::installation(installation, defaults, effective::INSTALLATION_IN_FLIGHT)
        });
        let mut all: Vec<Installation> = written.collect();
        for (index, portal) in document.portal.iter().enumerate().filter(|(_, portal)| portal.installation.is_none()) {
            let own = effective::own_installation(portal);
            self.installation_limits(Entry("portal", index), &own);
            all.push(effective::installation(&own, defaults, effective::portal_in_flight(defaults)));
        }
        all
    }

    fn installation_limits(&mut self, entry: Entry, installation: &wire::Installation) {
        self.at_least_one(&entry.key("in_flight"), installation.in_flight.map(u64::from));
        self.request_limit(&entry.key("settles_within"), installation.settles_within);
        self.request_limit(&entry.key("timeout"), installation.timeout);
        self.request_limit(&entry.key("connect"), installation.connect);
    }

    fn portals(&mut self, document: &wire::Document) -> Vec<Portal> {
        for (index, portal) in document.portal.iter().enumerate() {
            self.portal_values(Entry("portal", index), portal, &document.defaults);
        }
        document.portal.iter().map(|portal| effective::portal(portal, &document.defaults)).collect()
    }

    fn portal_values(&mut self, entry: Entry, portal: &wire::Portal, defaults: &wire::Defaults) {
        self.name(&entry.key("name"), portal.name.as_deref());
        self.categories(&entry.key("accept"), portal.accept.as_deref());
        self.categories(&entry.key("reject"), portal.reject.as_deref());
        self.accept_and_reject(entry, portal, defaults);
        for (from, to) in portal.categories.iter().flatten() {
            if from.trim().is_empty() || to.trim().is_empty() {
                self.refuse(&entry.key("categories"), "a category without a name", "write \"Tin tức\" = \"Tin mới\"");
            }
        }
        self.at_least_one(&entry.key("create_burst"), portal.create_burst.map(u64::from));
        if portal.installation.is_some() {
            self.at_least_one(&entry.key("in_flight"), portal.in_flight.map(u64::from));
        }
        self.attribution(&entry.key("attribution"), portal.attribution.as_deref());
    }

    /// Compares what is in force: the portal's own list or that of the defaults.
    fn accept_and_reject(&mut self, entry: Entry, portal: &wire::Portal, defaults: &wire::Defaults) {
        let accepted = effective::nfc(portal.accept.as_ref().or(defaults.accept.as_ref()));
        let rejected = effective::nfc(portal.reject.as_ref().or(defaults.reject.as_ref()));
        let (path, other) = match (&portal.accept, &portal.reject) {
            (_, Some(_)) => (entry.key("reject"), "accept"),
            (Some(_), None) => (entry.key("accept"), "reject of [defaults]"),
            (None, None) => (single("defaults", "reject"), "accept"),
        };
        for category in rejected.iter().filter(|category| accepted.contains(category)) {
            self.refuse(&path, format!("\"{}\" is also in {other}", quote(category)), "remove it from one of the two");
        }
    }

    /// An account in an address would show wherever the address does.
    fn adapter_addresses(&mut self, portals: &[Portal]) {
        for (index, portal) in portals.iter().enumerate() {
            for (kind, table) in &portal.adapter_as_written {
                self.addresses_in(Entry("portal", index), kind, table);
            }
        }
    }

    fn addresses_in(&mut self, entry: Entry, kind: &str, table: &toml::Value) {
        for (key, value) in table.as_table().into_iter().flatten() {
            let Some(text) = value.as_str() else { continue };
            if key == "url" || Url::parse(text).is_ok_and(|url| url.has_authority()) {
                let mut path = entry.key("adapter");
                path.extend([Step::Key(kind.to_owned()), Step::Key(key.clone())]);
                self.url(&path, text);
            }
        }
    }

    /// Two portals on one site and account would undo each other's copies.
    fn one_portal_per_place(&mut self, portals: &[Portal]) {
        let mut places = BTreeMap::new();
        for (index, portal) in portals.iter().enumerate() {
            if let Some(first) = places.insert(portal.adapter.address(), &portal.id) {
                let problem = format!("portal \"{first}\" is the same site with the same account");
                self.refuse(
                    &Entry("portal", index).key("adapter"),
                    problem,
                    "remove one of the two, or correct its address",
                );
            }
        }
    }

    /// An installation is one running CMS.
    fn one_kind_per_installation(&mut self, portals: &[Portal]) {
        let mut kinds = BTreeMap::new();
        for (index, portal) in portals.iter().enumerate() {
            let kind = portal.adapter.kind();
            let first = *kinds.entry(&portal.installation).or_insert(kind);
            if first != kind {
                let problem = format!("is {kind}, but installation \"{}\" is {first}", portal.installation);
                self.refuse(&Entry("portal", index).key("adapter"), problem, "name another installation, or none");
            }
        }
    }

    fn name(&mut self, path: &[Step], name: Option<&str>) {
        let Some(name) = name else { return };
        if name.trim().is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
            self.refuse(
                path,
                "is not a name",
                format!("write one line of 1 to {NAME_CHARS_MAX} characters, or remove the key"),
            );
        }
    }

    fn categories(&mut self, path: &[Step], categories: Option<&[String]>) {
        for (index, category) in categories.unwrap_or_default().iter().enumerate() {
            if category.trim().is_empty() {
                let mut path = path.to_vec();
                path.push(Step::Index(index));
                self.refuse(&path, "a category without a name", "write its name or remove it");
            }
        }
    }

    fn url(&mut self, path: &[Step], text: &str) -> Option<Url> {
        let example = "write an address such as \"https://portal.example.vn/rss/tin-tuc\"";
        let refused = match Url::parse(text.trim()) {
            Ok(url) if !matches!(url.scheme(), "http" | "https") => "is not a web address",
            Ok(url) if !url.username().is_empty() || url.password().is_some() => "carries an account",
            Ok(url) => return Some(url),
            Err(_) => "is not an address",
        };
        self.refuse(path, refused, example);
        None
    }

    fn firewall(&mut self, path: &[Step], table: Option<&wire::Firewall>) {
        let Some(table) = table else { return };
        let at = |key: &str, item: usize| [path, &[Step::Key(key.to_owned()), Step::Index(item)]].concat();
        for (item, host) in table.hosts.iter().flatten().enumerate() {
            if !is_host(host) {
                self.refuse(
                    &at("hosts", item),
                    "is not the name of a host",
                    "write it without scheme and path: \"gov.vn\"",
                );
            }
        }
        for (item, word) in table.words.iter().flatten().enumerate() {
            if !firewall::is_word(word) {
                let near = firewall::nearest_word(word);
                self.refuse(&at("words", item), "is not in the vocabulary", format!("the nearest is {}", quote(near)));
            }
        }
        self.at_least_one(&[path, &[Step::Key("burst".to_owned())]].concat(), table.burst.map(u64::from));
    }

    fn poll(&mut self, path: &[Step], poll: Option<Human>) {
        if poll.is_some_and(|poll| poll.0 < POLL_MIN) {
            self.refuse(path, "is too often for a source", "write \"10s\" or longer");
        }
    }

    fn request_limit(&mut self, path: &[Step], limit: Option<Human>) {
        if limit.is_some_and(|limit| limit.0 < REQUEST_MIN || limit.0 > REQUEST_MAX) {
            self.refuse(path, "is out of bounds", "write \"100ms\" to \"15m\"");
        }
    }

    fn at_least_one(&mut self, path: &[Step], value: Option<u64>) {
        if value == Some(0) {
            self.refuse(path, "0 would stop everything", "write 1 or more; to stop a portal use dongbo pause");
        }
    }

    fn attribution(&mut self, path: &[Step], template: Option<&str>) {
        let Some(template) = template else { return };
        if template.len() > ATTRIBUTION_BYTES_MAX {
            return self.refuse(path, "is longer than 4096 bytes", "shorten it");
        }
        let places = places(template);
        if let Some(wrong) = places.iter().find(|place| !ATTRIBUTION_PLACES.contains(*place)) {
            return self.refuse(path, format!("unknown place {}", quote(wrong)), nearest(wrong, ATTRIBUTION_PLACES));
        }
        for required in ["{source}", "{url}"] {
            if !places.contains(&required) {
                let change = format!("add {required}: a copy names its source and leads to the original");
                self.refuse(path, format!("{required} is missing"), change);
            }
        }
    }
}

/// Small letters, digits and hyphens within, at most [`ID_CHARS_MAX`].
#[must_use]
pub fn is_id(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !id.is_empty() && id.len() <= ID_CHARS_MAX && id.bytes().all(allowed) && !id.starts_with('-') && !id.ends_with('-')
}

/// A name with a dot that an address takes as its host.
fn is_host(text: &str) -> bool {
    let host = Url::parse(&format!("https://{text}/")).ok().and_then(|url| url.host_str().map(str::to_owned));
    text.contains('.') && host.is_some_and(|host| host == text.to_ascii_lowercase())
}

/// All `{…}` of a template, with the braces.
fn places(template: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        let end = rest[start..].find('}').map_or(rest.len(), |end| start + end + 1);
        found.push(&rest[start..end]);
        rest = &rest[end..];
    }
    found
}
