//! The built program's command line: what it says when something is wrong,
//! that nothing is lost by it, and what scripts rely on.

#[path = "../sync/desk.rs"]
#[allow(dead_code, reason = "each test binary uses its own part")]
mod desk;
#[path = "../world/mod.rs"]
mod world;

mod add;
mod bad;
mod demo;
mod disk;
mod hosts;
mod orders;
mod probe;
mod read;
mod say;
mod site;
mod tls;
mod web;
