//! What reading a source yields: fixtures in pairs, hostile inputs, real HTTP.

mod fixtures;
mod html;
