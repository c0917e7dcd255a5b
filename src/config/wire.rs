//! The configuration file as it is written. The comments here are the reference.
//!
//! No defaults are filled in and nothing is checked beyond the shape: that is
//! `check`'s. No `flatten`, no `untagged`: they ruin the messages.

use std::collections::BTreeMap;
use std::path::PathBuf;

use dongbo_sdk::{MissingCategory, Removal, SecretRef};
use serde::{Deserialize, Deserializer, Serialize};

use super::human::{Backfill, Human, Rate, Size};
use crate::message::Lang;
use crate::portals::AdapterConfig;
use crate::source::api::Api;
use crate::source::{self, Paged};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a configuration")]
pub(super) struct Document {
    /// Folder of the ledger and of fetched media. Relative to this file.
    /// Default `"/var/lib/dongbo"`.
    pub state: Option<PathBuf>,
    /// Language of messages: `"vi"` or `"en"`. Default: the locale.
    pub language: Option<Lang>,
    /// Names that portals may use in `groups`. When left out, every name may be used.
    pub groups: Option<Vec<String>>,
    /// Values for every source, installation and portal that does not say otherwise.
    #[serde(default)]
    pub defaults: Defaults,
    #[serde(default)]
    pub limits: Limits,
    #[serde(default)]
    pub keep: Keep,
    #[serde(default)]
    pub watch: Watch,
    #[serde(default)]
    pub hosts: Hosts,
    /// Hosts that are reached on terms of their own.
    #[serde(default)]
    pub host: Vec<Host>,
    /// Without this table no hook is heard.
    pub hook: Option<Hook>,
    /// Where articles are read from. The first source that carries an article
    /// gives its content.
    #[serde(default)]
    pub source: Vec<Source>,
    /// Servers that several portals share.
    #[serde(default)]
    pub installation: Vec<Installation>,
    /// The places that must show the articles.
    #[serde(default)]
    pub portal: Vec<Portal>,
}

/// `[defaults]`: see the same keys of source, installation and portal.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table [defaults]")]
pub(super) struct Defaults {
    pub poll: Option<Human>,
    pub urgent: Option<Vec<String>>,
    pub firewall: Option<Firewall>,
    pub accept: Option<Vec<String>>,
    pub reject: Option<Vec<String>>,
    pub categories: Option<BTreeMap<String, String>>,
    pub unknown_category: Option<MissingCategory>,
    pub publish: Option<Publish>,
    pub backfill: Option<Backfill>,
    pub create_burst: Option<u32>,
    pub publish_delay: Option<Human>,
    pub correction_gap: Option<Human>,
    pub in_flight: Option<u16>,
    pub removal: Option<Removal>,
    pub attribution: Option<String>,
    pub rate: Option<Rate>,
    pub settles_within: Option<Human>,
    pub timeout: Option<Human>,
    pub connect: Option<Human>,
}

/// `[limits]`: what one daemon may use.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table [limits]")]
pub(super) struct Limits {
    /// Largest feed, decoded. Default `"15MB"`.
    pub feed_size: Option<Size>,
    /// Most items of one feed. Default 5000.
    pub feed_items: Option<u32>,
    /// Largest picture. Default `"20MB"`.
    pub media_size: Option<Size>,
    /// How long a stop waits for calls that are under way. Default `"25s"`.
    pub stop_within: Option<Human>,
}

/// `[keep]`: how much history stays of deliveries that are settled.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table [keep]")]
pub(super) struct Keep {
    /// Last attempts kept per delivery, whatever their age. Default 20.
    pub attempts: Option<u32>,
    /// Older attempts and events go. Default `"90d"`.
    pub age: Option<Human>,
}

/// `[watch]`: looks at the originals, so that what the source withdraws goes everywhere.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table [watch]")]
pub(super) struct Watch {
    /// How often originals younger than 3 days are looked at. Default `"7m"`:
    /// with the confirmations a withdrawal is noticed within 10 minutes.
    pub young: Option<Human>,
    /// Those younger than 90 days. Default `"23h"`.
    pub settled: Option<Human>,
    /// Older ones. Default `"6d"`.
    pub old: Option<Human>,
    /// Between looks that confirm that an original is gone. Default `"1m"`.
    pub again: Option<Human>,
    /// How many looks in a row must say so. Default 3.
    pub confirmations: Option<u32>,
    /// Between two looks at one host, whatever is due. Default `"500ms"`.
    pub pace: Option<Human>,
    /// More of a source's articles than this percentage, and more than 3,
    /// withdrawn within a day need a person's word. Default 5.
    pub brake: Option<u32>,
}

/// `[hosts]`: what one server is asked to bear, by sources, their pages and
/// the looks at originals together.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table [hosts]")]
pub(super) struct Hosts {
    /// Requests under way at once. Default 2.
    pub in_flight: Option<u16>,
    /// Between the beginnings of two requests. Default `"500ms"`.
    pub pause: Option<Human>,
}

/// `[[host]]`: a host that is reached on terms of its own, whoever asks it.
/// Certificates are verified for every host alike: name, validity, chain.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table [[host]]")]
pub(super) struct Host {
    /// `"portal.example.vn"`, or `"*.example.vn"` for all hosts below it. The
    /// most exact entry counts alone.
    pub name: String,
    /// File with certificates (PEM) that are believed for this host besides
    /// this machine's: those that signed themselves as authorities, others
    /// where the host leaves them out of its chain. Relative to this file.
    pub ca: Option<PathBuf>,
    /// It may lie in the networks of an organisation: `10.0.0.0/8`,
    /// `172.16.0.0/12`, `192.168.0.0/16`, `fc00::/7`. Default false.
    pub private: Option<bool>,
    /// It may lie in these private networks: `["10.20.0.0/16"]`. Default: none.
    pub networks: Option<Vec<String>>,
    /// Connections to it go to this address on this machine instead, where a
    /// server of yours passes them on: for hosts with TLS too old to speak to.
    /// Sources, pages, pictures and looks; not portals. `"127.0.0.1:8443"`
    pub via: Option<String>,
}

/// `[hook]`: a source that publishes calls, and is read at once.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table [hook]")]
pub(super) struct Hook {
    /// Address and port, on loopback only. Default `"127.0.0.1:8711"`.
    pub listen: Option<String>,
}

/// `[[source]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table [[source]]")]
pub(super) struct Source {
    /// Small letters, digits and hyphens. It is the source's identity: never change it.
    pub id: String,
    /// Stands in the attribution line. Default: the host of `url`.
    pub name: Option<String>,
    /// Address of the feed.
    pub url: String,
    /// How often it is read, at least `"10s"`. Default: by the source's own
    /// rhythm, every 1 to 15 minutes. Its wishes (`ttl`, caching headers) may
    /// lengthen either to 15 minutes.
    pub poll: Option<Human>,
    /// Categories of every article of this source, beside those that it names.
    #[serde(default)]
    pub categories: Vec<String>,
    /// How it is read: one table, `[source.read.KIND]`. Default: it is a feed,
    /// whose format is found by what it contains.
    pub read: Option<ReadConfig>,
    /// Where an article's text stands on its own page, `[source.page]`: read
    /// for every article whose text the source does not give whole.
    pub page: Option<source::page::Config>,
    /// Categories whose articles go out at once, without `publish_delay` and
    /// `correction_gap`. Default: none.
    pub urgent: Option<Vec<String>>,
    /// What the content firewall lets pass: one table, `[source.firewall]`.
    pub firewall: Option<Firewall>,
    /// Place of the token with which this source calls its hook,
    /// `POST /hook/ID`; at least 16 characters. Default: it has no hook.
    pub token: Option<SecretRef>,
}

/// `[source.firewall]` and `[defaults.firewall]`: what is usual for a source.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table [source.firewall]")]
pub(super) struct Firewall {
    /// Hosts that articles may lead to, with all hosts below them, such as
    /// `"gov.vn"`; those of the defaults count as well. Default: the source's
    /// own, and what its articles led to before.
    pub hosts: Option<Vec<String>>,
    /// Words of the vocabulary of gambling and spam that mean nothing here.
    /// Those of the defaults count as well.
    pub words: Option<Vec<String>>,
    /// Texts that readers do not see are usual here. Default false.
    pub hidden: Option<bool>,
    /// More new and corrected articles than this within an hour are held. Default 50.
    pub burst: Option<u32>,
}

/// `[source.read.KIND]`
#[derive(Debug)]
pub(super) struct ReadConfig(pub Paged);

/// A struct instead of an enum, so that none and two get a message that says what to do.
impl<'de> Deserialize<'de> for ReadConfig {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields, expecting = "a table such as [source.read.json]")]
        struct Kinds {
            json: Option<source::json::Config>,
            listing: Option<source::listing::Config>,
            sitemap: Option<source::sitemap::Config>,
            wordpress: Option<source::api::wordpress::Config>,
            drupal: Option<source::api::drupal::Config>,
            liferay: Option<source::api::liferay::Config>,
        }
        let Kinds { json, listing, sitemap, wordpress, drupal, liferay } = Kinds::deserialize(input)?;
        let ways = [
            json.map(|config| Paged::Json(Box::new(config))),
            listing.map(|config| Paged::Listing(Box::new(config))),
            sitemap.map(|config| Paged::Sitemap(Box::new(config))),
            wordpress.map(|config| Paged::Api(Api::WordPress(config))),
            drupal.map(|config| Paged::Api(Api::Drupal(config))),
            liferay.map(|config| Paged::Api(Api::Liferay(config))),
        ];
        let mut ways = ways.into_iter().flatten();
        match (ways.next(), ways.next()) {
            (Some(way), None) => Ok(Self(way)),
            (None, _) => Err(serde::de::Error::custom(
                "no way of reading is named; add one table such as [source.read.json], or remove read: a feed needs none",
            )),
            (Some(_), Some(_)) => Err(serde::de::Error::custom("several ways of reading are named; keep one table")),
        }
    }
}

/// `[[installation]]`: one running CMS with one address and one set of limits,
/// shared by the portals that name it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table [[installation]]")]
pub(super) struct Installation {
    /// Small letters, digits and hyphens.
    pub id: String,
    /// Requests under way at once, all its portals together. Default 4.
    pub in_flight: Option<u16>,
    /// Most requests per time, all its portals together: `"2/s"`, `"30/min"`. Default: no limit.
    pub rate: Option<Rate>,
    /// How long the server may go on working on a request whose caller has
    /// gone. Default `"60s"`.
    pub settles_within: Option<Human>,
    /// Longest time for one request, answer included. Default `"60s"`.
    pub timeout: Option<Human>,
    /// Longest time for connecting, TLS included. Default `"10s"`.
    pub connect: Option<Human>,
}

/// `[[portal]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table [[portal]]")]
pub(super) struct Portal {
    /// Small letters, digits and hyphens. It is the portal's identity: a portal
    /// whose id disappears is retired, nothing is withdrawn.
    pub id: String,
    /// The unit's name, for people. Default: the id.
    pub name: Option<String>,
    /// For selections such as `--portal group:xa-phuong`.
    #[serde(default)]
    pub groups: Vec<String>,
    /// The `[[installation]]` that it is a site of. Default: its own.
    pub installation: Option<String>,
    /// Ids of the sources that it shows. Default: all.
    #[serde(default)]
    pub sources: Vec<String>,
    /// Categories that come here. Default: all.
    pub accept: Option<Vec<String>>,
    /// Categories that never come here, whatever `accept` says.
    pub reject: Option<Vec<String>>,
    /// The portal's name for a source's category.
    pub categories: Option<BTreeMap<String, String>>,
    /// A category that the portal does not have is left out and reported
    /// (`"match"`) or created (`"create"`). Default `"match"`.
    pub unknown_category: Option<MissingCategory>,
    /// New copies are public (`"live"`) or wait for the unit's editors
    /// (`"draft"`). Default `"live"`.
    pub publish: Option<Publish>,
    /// What a new portal receives of the time before: `"none"`, `"all"` or an
    /// age. Default `"7d"`; older articles come by `dongbo resync`.
    pub backfill: Option<Backfill>,
    /// More new copies than this within an hour hold the portal and ask. Default 50.
    pub create_burst: Option<u32>,
    /// A new article waits, so that an editor's first corrections are one post. Default `"2m"`.
    pub publish_delay: Option<Human>,
    /// Corrections of one copy are at least this far apart. Default `"10m"`.
    pub correction_gap: Option<Human>,
    /// Requests under way at once. Default 2.
    pub in_flight: Option<u16>,
    /// How a withdrawn copy is taken away: `"hide"`, `"trash"` or `"delete"`.
    /// Default: the gentlest way that the portal can.
    pub removal: Option<Removal>,
    /// HTML after each copy, with `{source}`, `{time}` and `{url}`.
    pub attribution: Option<String>,
    /// Only without `installation`: see there.
    pub rate: Option<Rate>,
    /// Only without `installation`: see there.
    pub settles_within: Option<Human>,
    /// Only without `installation`: see there.
    pub timeout: Option<Human>,
    /// Only without `installation`: see there.
    pub connect: Option<Human>,
    /// How to reach it: one table, `[portal.adapter.KIND]`.
    pub adapter: AdapterConfig,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Publish {
    Live,
    Draft,
}
