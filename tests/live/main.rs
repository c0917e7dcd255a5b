//! The product against real WordPress sites, from a feed to what citizens see.
//!
//! Each test starts its own laboratory (`wordpress-up.sh`: three stock sites,
//! a private MariaDB, all on loopback), runs the built `dongbo` and counts in
//! the sites' databases, without any code of dongbo's.
//!
//! It installs Debian packages where they are missing, so it runs only on
//! request; without it, or where packages cannot be installed, each test says
//! so in one line and passes:
//!
//! ```text
//! DONGBO_LIVE=1 cargo test --test live
//! ```
//!
//! | variable | |
//! | --- | --- |
//! | `DONGBO_LIVE_KILLS` | how often the kill test kills; 200 |
//! | `DONGBO_LIVE_SEED` | its random seed; printed by each run |
//! | `DONGBO_LIVE_DIR`, `DONGBO_LIVE_PORT` | run directory and first port of the sites; 18081 |
//! | `DONGBO_LIVE_KEEP` | 1: logs, databases and ledger stay for a look |

#[path = "../world/mod.rs"]
mod world;

mod count;
mod daemon;
mod expect;
mod lab;

mod kills;
mod outage;
mod source;
mod sync;
