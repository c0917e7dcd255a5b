//! `dongbo` (đồng bộ, "to synchronise"): replicates the articles of a
//! provincial portal into component portals on different CMSs and proves each
//! copy. `ARCHITECTURE.md` is the map.

pub mod article;
pub mod cli;
pub mod config;
pub mod daemon;
pub mod delivery;
pub mod demo;
pub mod discover;
pub mod exit;
pub mod firewall;
pub mod history;
pub mod hook;
pub mod manners;
pub mod media;
pub mod message;
pub mod original;
pub mod pages;
pub mod plan;
pub mod poll;
pub mod portals;
pub mod probe;
pub mod reach;
pub mod render;
pub mod report;
pub mod retry;
pub mod rhythm;
pub mod sample;
pub mod source;
pub mod store;
pub mod watcher;
pub mod worker;
