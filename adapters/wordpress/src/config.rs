//! The configuration of one WordPress site: `[portal.adapter.wordpress]`.

use dongbo_sdk::SecretRef;
use dongbo_sdk::http::{Http, Limits};
use dongbo_sdk::secret::SecretError;
use serde::Deserialize;
use url::Url;

use crate::adapter::WordPress;

/// One WordPress site and the account that dongbo has there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table [portal.adapter.wordpress]")]
pub struct Config {
    /// The public address of the site, as citizens open it:
    /// `https://stttt.example.vn`, or with a folder for a site in one.
    pub url: Url,
    /// The login name of the account. The role Author is enough for sites
    /// whose categories exist already; Editor creates missing ones.
    pub user: String,
    /// Where the account's application password stands (Users → Profile →
    /// Application Passwords; not the password of the login page). Spaces in
    /// it do not matter.
    pub password: SecretRef,
    /// The address of the REST API, where a site moved it and it is not found
    /// by itself: `https://stttt.example.vn/api/`. On the site's own host.
    #[serde(default)]
    pub rest: Option<Url>,
}

impl Config {
    /// The adapter for this site. Sends nothing yet.
    ///
    /// # Errors
    /// Names the field and says what to change.
    pub fn build(&self, limits: Limits) -> Result<WordPress, ConfigError> {
        refuse_bad_address("url", &self.url)?;
        if let Some(rest) = &self.rest {
            refuse_bad_address("rest", rest)?;
            if rest.origin() != self.url.origin() {
                return Err(ConfigError::ForeignRest);
            }
        }
        // RFC 7617 §2: the first colon ends the user name.
        if self.user.is_empty() || self.user.contains(':') || self.user.contains(char::is_control) {
            return Err(ConfigError::User);
        }
        let password = self.password.resolve()?;
        if password.expose().contains(char::is_control) {
            return Err(ConfigError::Password);
        }
        let http = Http::new(limits)?.basic(&self.url, &self.user, &password);
        Ok(WordPress::new(http, folder(&self.url), self.rest.as_ref().map(folder)))
    }
}

/// Addresses in front of which a path is written end with a slash.
fn folder(url: &Url) -> Url {
    let mut url = url.clone();
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    url
}

fn refuse_bad_address(field: &'static str, url: &Url) -> Result<(), ConfigError> {
    let plain = matches!(url.scheme(), "http" | "https") && url.has_host();
    if !plain || url.query().is_some() || url.fragment().is_some() {
        return Err(ConfigError::Address(field));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(ConfigError::Credentials(field));
    }
    Ok(())
}

/// What is wrong with a [`Config`].
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("`{0}` must be an http or https address without ? and #, such as https://stttt.example.vn")]
    Address(&'static str),
    #[error("`{0}` holds a user name or password; move them to `user` and `password`")]
    Credentials(&'static str),
    #[error("`rest` must stand on the same host as `url`: the password goes nowhere else")]
    ForeignRest,
    #[error("`user` must be a login name: not empty, without a colon")]
    User,
    #[error("`password` holds a line break or another control character; store the application password alone")]
    Password,
    #[error("`password` cannot be read")]
    Secret(#[from] SecretError),
    #[error("the TLS set-up of this machine cannot be read")]
    Tls(#[from] reqwest::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(json: &str) -> Config {
        serde_json::from_str(json).unwrap()
    }

    fn refused(url: &str, user: &str, rest: Option<&str>) -> String {
        let config = Config {
            url: url.parse().unwrap(),
            user: user.into(),
            password: SecretRef::Env("PATH".into()),
            rest: rest.map(|rest| rest.parse().unwrap()),
        };
        config.build(Limits::default()).unwrap_err().to_string()
    }

    #[test]
    fn a_typical_site_needs_three_lines() {
        let config = config(r#"{"url": "https://a.vn/so", "user": "dongbo", "password": {"env": "PATH"}}"#);
        assert_eq!(config.build(Limits::default()).unwrap().site().as_str(), "https://a.vn/so/");
    }

    #[test]
    fn mistakes_name_the_field() {
        assert!(refused("ftp://a.vn", "u", None).contains("`url`"));
        assert!(refused("https://a.vn/?p=1", "u", None).contains("`url`"));
        assert!(refused("https://x:y@a.vn/", "u", None).contains("move them"));
        assert!(refused("https://a.vn/", "a:b", None).contains("`user`"));
        assert!(refused("https://a.vn/", "u", Some("https://b.vn/api/")).contains("`rest`"));
        let unknown = r#"{"url": "https://a.vn", "user": "u", "password": {"env": "X"}, "urll": 1}"#;
        assert!(serde_json::from_str::<Config>(unknown).is_err());
    }
}
