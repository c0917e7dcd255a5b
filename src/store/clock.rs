//! Ledger time: milliseconds of `CLOCK_BOOTTIME`, carried across restarts.
//!
//! It never overcounts and no wall clock moves it: a grace that it says has
//! passed has passed. After a reboot it goes on with the time since boot;
//! on another machine (a restored backup) it adds nothing.

use std::time::{SystemTime, UNIX_EPOCH};

use nix::time::{ClockId, clock_gettime};

use crate::delivery::Moment;

/// What the store remembers of ledger time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Carried {
    pub ledger: i64,
    pub boottime: i64,
    pub machine: String,
}

/// Reads ledger time; a plain number to add, so clones agree.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    base: i64,
}

/// Ledger time of a new store: far from zero, which means never.
const START: i64 = 1_000_000;

impl Clock {
    pub(super) fn resume(carried: Option<&Carried>, machine: &str) -> Self {
        let boottime = boottime();
        let now = match carried {
            None => START,
            Some(carried) if carried.machine != machine => carried.ledger,
            // The time since boot went backwards: a reboot, after which at least this much has passed.
            Some(carried) if boottime < carried.boottime => carried.ledger + boottime,
            Some(carried) => carried.ledger + (boottime - carried.boottime),
        };
        Self { base: now - boottime }
    }

    #[must_use]
    pub fn now(&self) -> Moment {
        Moment(self.base + boottime())
    }

    pub(super) fn carry(&self, machine: &str) -> Carried {
        let boottime = boottime();
        Carried { ledger: self.base + boottime, boottime, machine: machine.to_owned() }
    }
}

/// Milliseconds since boot, suspend included.
fn boottime() -> i64 {
    clock_gettime(ClockId::CLOCK_BOOTTIME)
        .map(|time| time.tv_sec() * 1000 + time.tv_nsec() / 1_000_000)
        .unwrap_or_default()
}

/// Wall clock in milliseconds since 1970: for what people dated and for display.
#[must_use]
pub fn wall() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Names the machine (`machine-id(5)`); empty where it has none.
pub(super) fn machine() -> String {
    std::fs::read_to_string("/etc/machine-id").map(|id| id.trim().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carried(boottime: i64, machine: &str) -> Carried {
        Carried { ledger: 5_000_000, boottime, machine: machine.into() }
    }

    #[test]
    fn a_restart_counts_what_passed_and_a_reboot_what_passed_since() {
        let now = boottime();
        let restarted = Clock::resume(Some(&carried(now - 700, "a")), "a").now().0;
        assert!((5_000_700..5_001_700).contains(&restarted), "{restarted}");
        let rebooted = Clock::resume(Some(&carried(now + 1_000_000, "a")), "a").now().0;
        assert!((5_000_000 + now..5_001_000 + now).contains(&rebooted), "{rebooted}");
    }

    #[test]
    fn another_machine_adds_nothing() {
        let moved = Clock::resume(Some(&carried(0, "a")), "b").now().0;
        assert!((5_000_000..5_001_000).contains(&moved), "{moved}");
    }
}
