//! The hosts that an article leads to.

use url::Url;

use super::{HOSTS_MAX, Policy, attributes};
use crate::article::Content;

/// Hosts of the original's address, the picture, and every link and picture
/// of the cleaned text, each once. One more than [`HOSTS_MAX`] at most.
pub(super) fn of(content: &Content) -> Vec<String> {
    let own = [Some(content.url.as_str()), content.image.as_deref()];
    let named = own.into_iter().flatten().map(str::to_owned);
    let linked = ["href", "src"].iter().flat_map(|name| attributes(&content.body, name));
    let mut found = Vec::new();
    for address in named.chain(linked) {
        let Some(host) = host(&address) else { continue };
        if !found.contains(&host) {
            found.push(host);
        }
        if found.len() > HOSTS_MAX {
            break;
        }
    }
    found
}

/// A host as it is compared: small letters, without `www.` and a final dot.
#[must_use]
pub fn bare(host: &str) -> String {
    let lower = host.trim_end_matches('.').to_ascii_lowercase();
    lower.strip_prefix("www.").map(str::to_owned).unwrap_or(lower)
}

fn host(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    url.host_str().map(bare)
}

impl Policy {
    /// The source's own host, one below or above it, or one that is allowed.
    pub(super) fn knows(&self, host: &str) -> bool {
        is_below(host, &self.own)
            || (is_below(&self.own, host) && host.split('.').count() >= PARENT_LABELS)
            || self.hosts.iter().any(|allowed| is_below(host, allowed))
    }
}

/// `rss.bacninh.gov.vn` may name `bacninh.gov.vn` its own, not `gov.vn`.
const PARENT_LABELS: usize = 3;

fn is_below(host: &str, parent: &str) -> bool {
    let Some(rest) = host.strip_suffix(parent) else { return false };
    !parent.is_empty() && (rest.is_empty() || rest.ends_with('.'))
}
