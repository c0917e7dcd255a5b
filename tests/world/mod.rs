//! The world outside dongbo, for integration tests: a portal that publishes
//! articles with pictures, and waiting for what dongbo makes of them.
//!
//! A test binary takes it in with `#[path = "../world/mod.rs"] mod world;`.
//! Nothing here knows dongbo.
#![allow(dead_code, reason = "each test binary uses its own part")]

pub(crate) mod api;
pub(crate) mod article;
pub(crate) mod category;
pub(crate) mod feed;
pub(crate) mod listing;
pub(crate) mod map;
pub(crate) mod picture;
pub(crate) mod server;
pub(crate) mod wait;
