//! What reading a source yields: fixtures in pairs, hostile inputs, real HTTP.

mod differential;
mod digest;
mod firewall;
mod fixtures;
mod fuzz;
mod hostile;
mod html;
mod http;
mod intranet;
mod known;
mod listing;
mod nesting;
#[path = "../fuzz/promises.rs"]
#[allow(dead_code, reason = "each test binary uses its own part")]
mod promises;
mod sample;
mod ssrf;
mod tls;
#[path = "../world/wait.rs"]
#[allow(dead_code, reason = "each test binary uses its own part")]
mod wait;
mod xss;
