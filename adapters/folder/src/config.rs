//! The settings of a folder portal.

use std::path::{Component, PathBuf};

use dongbo_sdk::{Error, ErrorKind, Operation};
use serde::Deserialize;
use url::Url;

use crate::adapter::Folder;
use crate::site::Site;

/// `[portal.adapter.folder]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table [portal.adapter.folder]")]
pub struct Config {
    /// The folder. It is made at the first write if the one above it exists.
    pub path: PathBuf,
    /// The site's name on its pages. Default: the portal's own name.
    pub title: Option<String>,
    /// The public address that serves the folder, such as `https://xa-a.example.vn/tin/`.
    /// Without it addresses point at the files.
    pub url: Option<Url>,
    /// Categories that exist from the start. Others come into being only where the portal may create them.
    #[serde(default)]
    pub categories: Vec<String>,
}

impl Config {
    /// Makes the adapter; `name` is the portal's name. Touches no file.
    ///
    /// # Errors
    /// `Config` where the path or the address cannot be meant.
    pub fn build(&self, name: &str) -> Result<Folder, Error> {
        if self.path.as_os_str().is_empty() || self.path.components().any(|part| part == Component::ParentDir) {
            return Err(wrong("`path` must name a folder without `..`").with("path", self.path.display()));
        }
        let path = std::path::absolute(&self.path)
            .map_err(|error| wrong("`path` cannot be made absolute").caused_by(error))?;
        if path.parent().is_none() {
            return Err(wrong("`path` must not be the root of the file system"));
        }
        let url = match &self.url {
            Some(url) => public(url)?,
            None => Url::from_directory_path(&path).map_err(|()| wrong("`path` cannot be written as an address"))?,
        };
        let title = self.title.as_deref().unwrap_or(name).trim();
        let title = if title.is_empty() { "Trang tin" } else { title };
        let categories = self.categories.clone();
        Ok(Folder::new(Site { path, url, title: title.to_owned(), categories }))
    }
}

/// The address as a base to join to: with a slash at its end.
fn public(url: &Url) -> Result<Url, Error> {
    let plain = matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none();
    if !plain || !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("`url` must be a plain http or https address"));
    }
    let mut url = url.clone();
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

fn wrong(message: &str) -> Error {
    Error::new(ErrorKind::Config, Operation::Check, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(path: &str, url: Option<&str>) -> Config {
        Config { path: path.into(), title: None, categories: Vec::new(), url: url.map(|url| url.parse().unwrap()) }
    }

    #[test]
    fn a_path_that_climbs_and_an_address_with_a_password_are_refused() {
        for bad in [
            config("", None),
            config("/", None),
            config("/srv/../etc", None),
            config("/srv/a", Some("ftp://a.vn/")),
            config("/srv/a", Some("https://u:p@a.vn/")),
            config("/srv/a", Some("https://a.vn/?x=1")),
        ] {
            let error = bad.build("a").unwrap_err();
            assert_eq!(error.kind, ErrorKind::Config, "{bad:?}");
            assert!(!error.to_string().contains("u:p"), "{error}");
        }
        assert!(config("/srv/a", Some("https://a.vn/tin")).build("a").is_ok());
    }
}
