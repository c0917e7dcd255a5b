//! What the README claims about speed, measured on the machine at hand.
//!
//! `cargo bench` runs everything; `cargo bench -- storm record` only these
//! parts; `DONGBO_BENCH=quick` takes small numbers. The figures are ratios of
//! interleaved rounds (median, least and most) with the CPU time of a unit
//! beside them, because rates of one machine say nothing about another.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

mod adapter;
mod article;
mod cms;
mod history;
mod ledger;
mod measure;
mod overdue;
mod reading;
mod record;
mod reference;
mod storm;

use anyhow::Result;

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Size {
    Full,
    Quick,
}

impl Size {
    fn chosen() -> Self {
        if std::env::var("DONGBO_BENCH").is_ok_and(|size| size == "quick") { Self::Quick } else { Self::Full }
    }

    /// The first for a full run, the second for a quick one.
    fn of<T>(self, full: T, quick: T) -> T {
        match self {
            Self::Full => full,
            Self::Quick => quick,
        }
    }
}

type Run = fn(Size) -> Result<()>;

const PARTS: [(&str, Run); 5] = [
    ("storm", storm::run),
    ("history", history::run),
    ("record", record::run),
    ("overdue", overdue::run),
    ("reading", reading::run),
];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if arguments.first().is_some_and(|first| first == "child") {
        return storm::child(&arguments[1..]);
    }
    for (name, run) in PARTS {
        if arguments.is_empty() || arguments.iter().any(|argument| argument == name) {
            run(Size::chosen())?;
        }
    }
    Ok(())
}
