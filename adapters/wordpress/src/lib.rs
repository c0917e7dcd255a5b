//! The WordPress adapter (5.6 and later, on a stock site, over `/wp-json/wp/v2`).
//!
//! A copy is recognised by its slug, which is the key, and by a comment in its
//! content, because editors change slugs. WordPress refuses nothing: it stores
//! a second post under a slug in a race, drops unknown categories and markup
//! without a word, and answers some permanent failures with 500. So every
//! answer is read for what was stored, and `error` decides by code.
//!
//! Reading order: [`config`], `api` (one request each), `wire` (shapes of the
//! REST API), `content` (what we write into a post and read out of it),
//! `terms` (categories and tags by name), `adapter`, `error`.

mod adapter;
mod api;
pub mod config;
mod content;
mod error;
#[cfg(feature = "testkit")]
pub mod fake;
mod media;
mod terms;
mod wire;

pub use adapter::WordPress;
pub use config::{Config, ConfigError};
