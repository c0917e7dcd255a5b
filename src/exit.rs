//! The exit codes, for scripts. A code never changes its meaning.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All is as asked.
    Done = 0,
    /// Something unexpected.
    Unexpected = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The configuration or a secret cannot be used.
    Config = 3,
    /// Something does not stand, does not pass or cannot be read; the output says what.
    Left = 4,
    /// Nothing was selected, or nothing of that name is known.
    Nothing = 5,
    /// The ledger cannot be used.
    Ledger = 6,
    /// Another dongbo runs on this ledger.
    Running = 7,
    /// The person said no, or nobody could be asked.
    Declined = 8,
    /// Several articles fit; the output lists them.
    Several = 9,
}

impl Exit {
    pub const ALL: [Self; 10] = [
        Self::Done,
        Self::Unexpected,
        Self::Usage,
        Self::Config,
        Self::Left,
        Self::Nothing,
        Self::Ledger,
        Self::Running,
        Self::Declined,
        Self::Several,
    ];
}

/// The table at the end of `dongbo --help`.
pub const TABLE: &str = "Exit codes:
  0  all is as asked
  1  something unexpected
  2  the command line is wrong
  3  the configuration or a secret cannot be used
  4  something does not stand, does not pass or cannot be read
  5  nothing was selected, or nothing of that name is known
  6  the ledger cannot be used
  7  another dongbo runs on this ledger
  8  declined, or nobody could be asked (use --yes)
  9  several articles fit";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_every_code_once_and_in_order() {
        let codes: Vec<u8> =
            TABLE.lines().skip(1).filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect();
        assert_eq!(codes, Exit::ALL.map(|exit| exit as u8));
    }
}
