//! Which kinds of portals there are: the only file that names concrete adapters.
//!
//! A new kind is one `use` line, one variant and one arm in each function here;
//! nothing else in the product may know its name.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use dongbo_sdk::http::Limits;
use dongbo_sdk::{Adapter, SecretRef};
use serde::{Deserialize, Deserializer};
use url::Url;

/// What one portal's adapter is told: `[portal.adapter.KIND]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdapterConfig {
    Wordpress(dongbo_wordpress::Config),
    Folder(dongbo_folder::Config),
}

/// A struct instead of an enum, so that none and two get a message that says what to do.
impl<'de> Deserialize<'de> for AdapterConfig {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields, expecting = "a table such as [portal.adapter.wordpress]")]
        struct Kinds {
            wordpress: Option<dongbo_wordpress::Config>,
            folder: Option<dongbo_folder::Config>,
        }
        match Kinds::deserialize(input)? {
            Kinds { wordpress: Some(config), folder: None } => Ok(Self::Wordpress(config)),
            Kinds { wordpress: None, folder: Some(config) } => Ok(Self::Folder(config)),
            Kinds { wordpress: None, folder: None } => Err(serde::de::Error::custom(
                "no adapter is named; add one table: [portal.adapter.wordpress] or [portal.adapter.folder]",
            )),
            Kinds { .. } => Err(serde::de::Error::custom("a portal has one adapter; remove the other table")),
        }
    }
}

impl AdapterConfig {
    /// The name in the configuration and in reports.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Wordpress(_) => "wordpress",
            Self::Folder(_) => "folder",
        }
    }

    /// Site and account: two portals with the same would fight over one place.
    #[must_use]
    pub fn address(&self) -> Address {
        match self {
            Self::Wordpress(config) => Address::web("wordpress", &config.url, &config.user),
            Self::Folder(config) => Address::new("folder", spelled_out(&config.path), ""),
        }
    }

    /// The place of the secret, where the kind has one.
    #[must_use]
    pub fn secret(&self) -> Option<&SecretRef> {
        match self {
            Self::Wordpress(config) => Some(&config.password),
            Self::Folder(_) => None,
        }
    }

    /// Takes relative paths as relative to the configuration file's folder: a
    /// daemon's working folder is an accident.
    #[must_use]
    pub fn within(self, folder: &Path) -> Self {
        match self {
            Self::Wordpress(config) => Self::Wordpress(config),
            Self::Folder(config) => Self::Folder(dongbo_folder::Config { path: folder.join(&config.path), ..config }),
        }
    }
}

/// A site and the account used there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    pub kind: &'static str,
    /// Scheme does not count, nor a slash at the end: `cong.example.vn/xa-a`.
    pub site: String,
    /// Empty where the kind has none.
    pub account: String,
}

impl Address {
    fn new(kind: &'static str, site: String, account: &str) -> Self {
        Self { kind, site, account: account.to_owned() }
    }

    fn web(kind: &'static str, url: &Url, account: &str) -> Self {
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let site = format!("{}{port}{}", url.host_str().unwrap_or_default(), url.path().trim_end_matches('/'));
        Self::new(kind, site, account)
    }
}

/// A path without `.`, `..` and repeated slashes, so that two spellings compare equal.
fn spelled_out(path: &Path) -> String {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => plain.push(part),
        }
    }
    plain.display().to_string()
}

/// Names site, account and secret without telling them: a portal that is held
/// because of one of them is let go when it changes. A secret that cannot be
/// read counts as none.
#[must_use]
pub fn access(config: &AdapterConfig) -> [u8; 32] {
    let address = config.address();
    let mut hasher = blake3::Hasher::new_derive_key("dongbo portal access 1");
    let mut field = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    field(address.kind);
    field(&address.site);
    field(&address.account);
    match config {
        AdapterConfig::Wordpress(config) => {
            field(config.password.resolve().as_ref().map_or("", |secret| secret.expose()));
        }
        AdapterConfig::Folder(_) => {}
    }
    *hasher.finalize().as_bytes()
}

/// Makes the adapter of one portal; `name` is the portal's own, for people.
/// Secrets are read here, nothing is sent.
///
/// # Errors
/// Says which secret is missing or which setting the adapter refuses.
pub fn build(config: &AdapterConfig, name: &str, limits: Limits) -> anyhow::Result<Arc<dyn Adapter>> {
    Ok(match config {
        AdapterConfig::Wordpress(config) => Arc::new(config.build(limits)?),
        AdapterConfig::Folder(config) => Arc::new(config.build(name)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(table: &str) -> Address {
        toml::from_str::<AdapterConfig>(table).unwrap_or_else(|error| panic!("{error}")).address()
    }

    fn wordpress(url: &str, user: &str) -> Address {
        address(&format!("[wordpress]\nurl = \"{url}\"\nuser = \"{user}\"\npassword = {{ env = \"P\" }}"))
    }

    #[test]
    fn spellings_of_one_site_are_one_address() {
        let site = wordpress("https://xa.example.vn/tien-du", "dongbo");
        for same in [
            "http://xa.example.vn/tien-du",
            "https://XA.example.vn/tien-du/",
            "https://xa.example.vn:443/tien-du",
            "https://xa.example.vn/./tien-du",
        ] {
            assert_eq!(wordpress(same, "dongbo"), site, "{same}");
        }
        for other in
            ["https://xa.example.vn/yen-phong", "https://xa.example.vn:8443/tien-du", "https://b.example.vn/tien-du"]
        {
            assert_ne!(wordpress(other, "dongbo"), site, "{other}");
        }
        assert_ne!(wordpress("https://xa.example.vn/tien-du", "bien-tap"), site);
    }

    #[test]
    fn spellings_of_one_folder_are_one_address() {
        let folder = |path: &str| address(&format!("[folder]\npath = \"{path}\""));
        for same in ["/srv/www/xa/", "/srv//www/./xa", "/srv/www/b/../xa"] {
            assert_eq!(folder(same), folder("/srv/www/xa"), "{same}");
        }
        assert_ne!(folder("/srv/www/xa-b"), folder("/srv/www/xa"));
    }
}
