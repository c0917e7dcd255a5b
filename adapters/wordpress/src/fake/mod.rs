//! A stateful fake WordPress 6.1 on loopback, with the quirks of the real one.
//!
//! It answers as a running 6.1.9 was seen to answer, where that matters to
//! whoever writes there: slugs are made unique only against what is stored
//! (two concurrent creates get the same one), the bin renames slugs, unknown
//! terms and fields are dropped without a word, the terms of a post are set
//! after the post, and a work that has begun goes on when its caller leaves.
//!
//! It may be slow or down ([`FakeWordPress::journal`]), and it never ends by itself.

mod answer;
mod library;
mod routes;
mod site;
mod text;

use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{Config, WordPress};
use axum::Router;
use dongbo_sdk::fake::{FakeServer, Journal};
use dongbo_sdk::http::{Http, Limits};
use dongbo_sdk::{Key, Secret, SecretRef};
use url::Url;

use site::Site;

/// What the account of the adapter may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Drafts only, no files.
    Contributor,
    /// Own posts and files; unsafe HTML is taken out.
    Author,
    /// Everybody's posts, categories, any HTML.
    Editor,
}

/// A post as it stands in the fake's database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakePost {
    pub id: u64,
    /// The article key in the slug, else anywhere in the content.
    pub key: Option<Key>,
    pub slug: String,
    /// `publish`, `future`, `draft`, `pending`, `private` or `trash`.
    pub status: String,
    pub title: String,
    pub content: String,
    pub excerpt: String,
    /// UTC, `2026-11-24T15:00:02`.
    pub date_gmt: String,
    /// Names as stored.
    pub categories: Vec<String>,
    pub tags: Vec<String>,
    pub featured_media: u64,
    pub comment_status: String,
    /// How often it was written, its creation included.
    pub writes: u32,
}

/// A file as it stands in the fake's library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakeMedia {
    pub id: u64,
    pub slug: String,
    pub title: String,
    pub alt: String,
    pub mime: String,
    pub url: String,
    pub bytes: usize,
}

/// A running fake. Dropping it closes the socket.
#[derive(Debug)]
pub struct FakeWordPress {
    server: FakeServer,
    site: Shared,
}

/// The real site that tests are run on, where `DONGBO_LIVE_WORDPRESS_URL`,
/// `_USER` and `_PASSWORD` name one. Else says so in one line.
///
/// # Panics
/// When the variables are there and unusable.
#[must_use]
pub fn live_site() -> Option<Config> {
    let Ok(url) = std::env::var("DONGBO_LIVE_WORDPRESS_URL") else {
        // Past the test's capture: a skipped test must not look like a passed one.
        let _ = writeln!(std::io::stderr(), "skipped: DONGBO_LIVE_WORDPRESS_URL names no WordPress");
        return None;
    };
    Some(Config {
        url: url.parse().expect("DONGBO_LIVE_WORDPRESS_URL is an address"),
        user: std::env::var("DONGBO_LIVE_WORDPRESS_USER").expect("DONGBO_LIVE_WORDPRESS_USER is set"),
        password: SecretRef::Env("DONGBO_LIVE_WORDPRESS_PASSWORD".into()),
        rest: None,
    })
}

pub(crate) type Shared = Arc<Mutex<Site>>;

impl FakeWordPress {
    /// A fresh site with one category (`Uncategorized`) and an Editor's account.
    #[must_use]
    pub fn start() -> Self {
        let site: Shared = Arc::new(Mutex::new(Site::new()));
        let app = Router::new().fallback(routes::handle).with_state(site.clone());
        let server = FakeServer::start(app);
        locked(&site).url = server.url().as_str().trim_end_matches('/').to_owned();
        Self { server, site }
    }

    #[must_use]
    pub fn url(&self) -> Url {
        self.server.url()
    }

    #[must_use]
    pub fn user(&self) -> &'static str {
        site::USER
    }

    /// The application password, with spaces as WordPress shows it.
    #[must_use]
    pub fn password(&self) -> &'static str {
        site::PASSWORD
    }

    /// An adapter with the account of this site, as it is configured.
    ///
    /// # Panics
    /// Never: the address and the account are its own.
    #[must_use]
    pub fn adapter(&self, limits: Limits) -> WordPress {
        let http =
            Http::new(limits).expect("a client").basic(&self.url(), self.user(), &Secret::new(self.password().into()));
        WordPress::new(http, self.url(), None)
    }

    /// Requests, answer times, and the switch for a server that is down.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        self.server.journal()
    }

    /// All posts in all statuses, in the order of their ids.
    #[must_use]
    pub fn posts(&self) -> Vec<FakePost> {
        self.lock().scan()
    }

    #[must_use]
    pub fn media(&self) -> Vec<FakeMedia> {
        self.lock().files()
    }

    /// Adds a category, as an editor of the site would; its number.
    pub fn add_category(&self, name: &str) -> u64 {
        self.lock().add_category(name)
    }

    /// Removes a category; posts lose it.
    pub fn remove_category(&self, name: &str) {
        self.lock().remove_category(name);
    }

    /// Adds a post of the site's own editors (another account); its id.
    pub fn add_post(&self, title: &str, content: &str) -> u64 {
        self.lock().add_foreign(title, content)
    }

    /// Changes the slug of a post, as an editor of the site would.
    pub fn rename(&self, id: u64, slug: &str) {
        self.lock().rename(id, slug);
    }

    /// Makes another account the author of a post, as an editor of the site would.
    pub fn give_away(&self, id: u64) {
        self.lock().give_away(id);
    }

    /// Publishes a post, as an editor of the site would.
    pub fn publish(&self, id: u64) {
        self.lock().publish(id);
    }

    pub fn set_role(&self, role: Role) {
        self.lock().role = role;
    }

    /// The account's password is no longer accepted.
    pub fn revoke_password(&self) {
        self.lock().revoked = true;
    }

    /// `.maintenance`: every request gets a page with 503 and `Retry-After: 600`.
    pub fn maintenance(&self, on: bool) {
        self.lock().maintenance = on;
    }

    /// Plain permalinks: the API is at `/?rest_route=/` and not at `/wp-json/`.
    pub fn plain_permalinks(&self, on: bool) {
        self.lock().plain = on;
    }

    /// `EMPTY_TRASH_DAYS` is 0: deleting without force is refused.
    pub fn without_bin(&self) {
        self.lock().bin = false;
    }

    /// Another site behind the same address, for the same account, where the
    /// same ids are articles of somebody else.
    pub fn replace_site(&self) {
        self.lock().replace();
    }

    /// Every write of the article with this key is answered with `status` and does nothing.
    pub fn refuse(&self, key: &Key, status: u16) {
        self.lock().refused.insert(key.to_string(), status);
    }

    /// The next `creates` posts race: all of them choose their slug before any
    /// is stored. They wait for each other, so as many must come.
    pub fn race(&self, creates: usize) {
        self.lock().race = Some((creates, Arc::new(tokio::sync::Barrier::new(creates))));
    }

    /// The next upload is stored, and then PHP dies while it makes the smaller sizes.
    pub fn fail_next_subsizes(&self) {
        self.lock().subsizes_fail = true;
    }

    fn lock(&self) -> MutexGuard<'_, Site> {
        locked(&self.site)
    }
}

pub(crate) fn locked(site: &Shared) -> MutexGuard<'_, Site> {
    site.lock().unwrap_or_else(PoisonError::into_inner)
}
