//! Sources that are read page by page, the newest first. Pure: the caller
//! fetches, and walks on as long as [`Walk`] says.
//!
//! Wanted: nothing is missed although articles come and go while a walk is
//! under way. New ones push known ones to later pages, where they are met
//! twice, which costs nothing. A deleted one pulls the next page's first
//! article onto the page that was read just before: so a walk over more than
//! one page is repeated until a pass brings nothing new. Accepted: a source in
//! motion through all of [`PASSES_MAX`] passes may hide one.

use dongbo_sdk::SecretRef;
use jiff::Timestamp;
use url::Url;

use super::api::{Answer, Api, By};
use super::error::ReadError;
use super::feed::{Document, Quarantined, Warning};
use super::item::{self, Context};
use super::sitemap::{self, File};
use super::{json, listing};
use crate::article::Item;

/// Pages of one walk while live articles are read; the history is an order's matter.
pub const PAGES_MAX: u32 = 20;
/// Passes over the pages of one walk.
pub const PASSES_MAX: u32 = 3;

/// How a source that is not one feed is read: `[source.read.KIND]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Paged {
    Json(Box<json::Config>),
    /// Asked for what was touched since a moment, instead of page by page.
    Api(Api),
    Listing(Box<listing::Config>),
    /// Files of addresses, the newest first.
    Sitemap(Box<sitemap::Config>),
}

/// A page, read.
#[derive(Debug)]
pub struct Page {
    pub items: Vec<Result<Item, Quarantined>>,
    pub next: Option<Url>,
    pub warnings: Vec<Warning>,
}

impl Paged {
    /// The place of the secret, where the source has one.
    #[must_use]
    pub fn authorization(&self) -> Option<&SecretRef> {
        match self {
            Self::Json(config) => config.authorization.as_ref(),
            Self::Api(api) => api.authorization(),
            Self::Listing(_) | Self::Sitemap(_) => None,
        }
    }

    /// What keys that need or exclude each other have wrong, below the key of this kind.
    #[must_use]
    pub fn wrong(&self) -> Option<(&'static str, json::Wrong)> {
        match self {
            Self::Json(config) => Some(("json", config.wrong()?)),
            Self::Listing(config) => Some(("listing", config.wrong()?)),
            Self::Sitemap(config) => Some(("sitemap", config.wrong()?)),
            Self::Api(_) => None,
        }
    }

    /// Whether it can be asked for what it published long ago.
    #[must_use]
    pub fn has_a_past(&self) -> bool {
        match self {
            Self::Json(config) => config.pages.is_some(),
            Self::Listing(config) => config.pages.is_some(),
            Self::Api(_) => true,
            // Its entries are read by their last touch.
            Self::Sitemap(_) => false,
        }
    }

    /// The address of the first page of the source at `url`.
    #[must_use]
    pub fn first(&self, url: &Url) -> Url {
        match self {
            Self::Json(config) => config.first(url),
            Self::Api(api) => api.latest(url),
            Self::Listing(config) => config.first(url),
            Self::Sitemap(_) => url.clone(),
        }
    }

    /// Reads page `number` (from 0) of the source at `url`.
    ///
    /// # Errors
    /// Where the page cannot be read as a whole; single bad items are in it.
    pub fn read(&self, url: &Url, number: u32, document: &Document<'_>) -> Result<Page, ReadError> {
        let (items, next) = match self {
            Self::Json(config) => {
                let answer = config.read(url, number, document)?;
                (answer.items, answer.next)
            }
            Self::Api(api) => {
                let Answer { items, warnings, .. } = api.read(By::Touch, url, document)?;
                return Ok(Page { items, next: None, warnings });
            }
            Self::Listing(config) => {
                let answer = config.read(url, number, document)?;
                (answer.items, answer.next)
            }
            Self::Sitemap(config) => return sitemap_page(config, url, document),
        };
        let mut context = Context::new(document.url.clone(), document.now);
        let shaped = items.iter().map(|raw| {
            item::shape(raw, &mut context).map_err(|bad| Quarantined {
                reason: bad.reason,
                sample: item::sample(raw),
                identity: bad.identity,
            })
        });
        let items = shaped.collect();
        Ok(Page { items, next, warnings: context.warnings })
    }
}

/// A file for a look, however old; a list of files leads to the newest one.
fn sitemap_page(config: &sitemap::Config, url: &Url, document: &Document<'_>) -> Result<Page, ReadError> {
    match config.read(url, Timestamp::MIN, document)? {
        sitemap::Answer::Index(files) => {
            let newest = files.into_iter().max_by_key(|file| file.touched.map(|(at, _)| at));
            Ok(Page { items: Vec::new(), next: newest.map(|File { url, .. }| url), warnings: Vec::new() })
        }
        sitemap::Answer::Entries(entries) => Ok(Page { items: entries.items, next: None, warnings: entries.warnings }),
    }
}

/// Where a walk stands. The caller tells it what each page came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walk {
    ground: Ground,
    /// Pages of the pass so far.
    pages: u32,
    passes: u32,
    new_in_pass: usize,
    /// How many pages the first pass had: the others look at as many.
    depth: Option<u32>,
}

/// Whether a known article tells that the older ones are known too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    Known,
    /// A first reading, or one after a reading that broke off.
    Unsure,
}

/// What a page came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Without those that this walk met before: they come again when new
    /// articles push them to a later page.
    pub items: usize,
    /// Of them, not known before.
    pub new: usize,
    /// All of them are older than what a first reading is after.
    pub old: bool,
    /// There is a next page, and it is not this one again.
    pub more: bool,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Read the next page.
    Page,
    /// Read from the first page again.
    Again,
    /// The walk met known ground, or the source's end.
    Done,
    /// Known ground was not met within [`PAGES_MAX`] pages: something may have been lost.
    Gap,
}

impl Walk {
    #[must_use]
    pub fn new(ground: Ground) -> Self {
        Self { ground, pages: 0, passes: 1, new_in_pass: 0, depth: None }
    }

    /// Known ground is a page of which at least half is known: an old article
    /// that the source keeps on top does not end a walk.
    #[must_use]
    pub fn next(&mut self, step: Step) -> Next {
        self.pages += 1;
        self.new_in_pass += step.new;
        let known_ground = match self.ground {
            Ground::Known => step.items > 0 && step.new * 2 <= step.items,
            Ground::Unsure => step.items > 0 && step.old,
        };
        let on = match self.depth {
            None => !known_ground && self.pages < PAGES_MAX,
            Some(depth) => self.pages < depth,
        };
        if step.more && on {
            return Next::Page;
        }
        if self.depth.is_none() && step.more && !known_ground && self.ground == Ground::Known {
            return Next::Gap;
        }
        let settled = self.pages == 1 || (self.depth.is_some() && self.new_in_pass == 0);
        if settled || self.passes >= PASSES_MAX {
            return Next::Done;
        }
        let depth = self.depth.or(Some(self.pages));
        *self = Self { depth, pages: 0, passes: self.passes + 1, new_in_pass: 0, ..self.clone() };
        Next::Again
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(new: usize, more: bool) -> Step {
        Step { items: 20, new, old: false, more }
    }

    #[test]
    fn a_quiet_source_costs_one_page() {
        assert_eq!(Walk::new(Ground::Known).next(step(0, true)), Next::Done);
        assert_eq!(Walk::new(Ground::Known).next(step(3, true)), Next::Done);
    }

    #[test]
    fn a_burst_is_followed_and_all_its_pages_are_passed_over_again() {
        let mut walk = Walk::new(Ground::Known);
        assert_eq!(walk.next(step(20, true)), Next::Page);
        assert_eq!(walk.next(step(20, true)), Next::Page);
        assert_eq!(walk.next(step(4, true)), Next::Again);
        assert_eq!(walk.next(step(0, true)), Next::Page, "an article may have shifted onto a later page");
        assert_eq!(walk.next(step(0, true)), Next::Page);
        assert_eq!(walk.next(step(0, true)), Next::Done);
    }

    #[test]
    fn passes_go_on_until_one_brings_nothing_and_end() {
        let mut walk = Walk::new(Ground::Known);
        assert_eq!(walk.next(step(20, true)), Next::Page);
        assert_eq!(walk.next(step(5, false)), Next::Again);
        assert_eq!(walk.next(step(0, true)), Next::Page);
        assert_eq!(walk.next(step(1, false)), Next::Again);
        assert_eq!(walk.next(step(0, true)), Next::Page);
        assert_eq!(walk.next(step(1, false)), Next::Done, "a source in constant motion");
    }

    #[test]
    fn a_walk_that_meets_nothing_known_is_a_gap_but_not_at_first_reading() {
        let mut walk = Walk::new(Ground::Known);
        for _ in 1..PAGES_MAX {
            assert_eq!(walk.next(step(20, true)), Next::Page);
        }
        assert_eq!(walk.next(step(20, true)), Next::Gap);
        let mut walk = Walk::new(Ground::Unsure);
        for _ in 1..PAGES_MAX {
            assert_eq!(walk.next(step(20, true)), Next::Page);
        }
        assert_eq!(walk.next(step(20, true)), Next::Again);
    }

    #[test]
    fn a_first_reading_ends_where_articles_are_old() {
        let mut walk = Walk::new(Ground::Unsure);
        assert_eq!(walk.next(step(20, true)), Next::Page);
        assert_eq!(walk.next(Step { old: true, ..step(20, true) }), Next::Again);
    }
}
