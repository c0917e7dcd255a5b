//! What stands on the sites, by `count.php`: straight from their databases.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::lab::Lab;

/// One site. The fields are explained in `count.php`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Count {
    pub(crate) url: String,
    pub(crate) items: Vec<Item>,
    pub(crate) by_status: BTreeMap<String, usize>,
    pub(crate) duplicates: BTreeMap<String, Vec<u64>>,
    pub(crate) featured: usize,
    pub(crate) media: Vec<Media>,
    pub(crate) media_duplicates: BTreeMap<String, Vec<u64>>,
    pub(crate) foreign: Vec<Foreign>,
}

/// Something that carries an article key, whatever its status.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Item {
    pub(crate) id: u64,
    pub(crate) key: String,
    pub(crate) keys: Vec<String>,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) status: String,
    pub(crate) slug: String,
    pub(crate) title: String,
    pub(crate) content: String,
    pub(crate) date_gmt: String,
    pub(crate) categories: Vec<String>,
    pub(crate) featured: Option<u64>,
    pub(crate) featured_slug: Option<String>,
    pub(crate) links: Vec<String>,
    pub(crate) comments: String,
    pub(crate) pings: String,
}

/// An attachment that carries a media key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Media {
    pub(crate) id: u64,
    pub(crate) key: String,
    pub(crate) slug: String,
}

/// Something that is the unit's own.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Foreign {
    pub(crate) id: u64,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) status: String,
    pub(crate) checksum: String,
}

impl Count {
    /// Items that citizens see.
    pub(crate) fn public(&self) -> usize {
        self.by_status.get("publish").copied().unwrap_or_default()
    }

    /// The item whose attribution leads to the original at `url`.
    pub(crate) fn of(&self, url: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.links.iter().any(|link| link == url))
    }
}

/// Counts all sites of the laboratory, in their order.
pub(crate) fn count(lab: &Lab) -> Vec<Count> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/live/count.php");
    let output = Command::new("php")
        .arg(script)
        .arg(lab.directory())
        .stdin(Stdio::null())
        .output()
        .expect("php is installed with the laboratory");
    assert!(output.status.success(), "the count failed: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("count.php prints what its head says")
}
