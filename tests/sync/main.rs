//! The built program between a made-up portal and fake WordPress sites with
//! the real one's quirks: what an operator relies on, end to end.

#[path = "../world/mod.rs"]
mod world;

mod ahead;
mod api;
mod blame;
mod burst;
mod desk;
mod firewall;
mod history;
mod holds;
mod hook;
mod identity;
mod kills;
mod life;
mod listing;
mod manners;
mod orders;
mod originals;
mod paged;
mod quiet;
mod reader;
mod sitemap;
mod trouble;
