//! What reading a source yields: fixtures in pairs, hostile inputs, real HTTP.

mod digest;
mod firewall;
mod fixtures;
mod hostile;
mod html;
mod http;
mod listing;
mod nesting;
mod sample;
mod ssrf;
mod xss;
