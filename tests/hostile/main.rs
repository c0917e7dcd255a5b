//! Inputs that mean harm, by the hundred: each reader keeps its promises, takes
//! no more than a multiple of what a sound input of the same size takes, and
//! memory in proportion.
//!
//! A test binary of its own, with one test that measures: nothing else may run
//! beside it, and it counts every byte that is allocated. In a release build
//! `DONGBO_HOSTILE=2000000` makes the inputs as large as the largest text of an
//! item, bounds each by a sound feed of that size, and writes the figures down.
//! Only there does work that grows with the square of the size show in full.

mod cases;
mod meter;
#[path = "../fuzz/promises.rs"]
#[allow(dead_code, reason = "each test binary uses its own part")]
mod promises;

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use cases::{Case, cases, sound};
use promises::{READERS, Reader};

const CASES_MIN: usize = 300;
/// Bytes of an input, where nothing else is asked for.
const SIZE: usize = 8 * 1024;
/// Time, as a multiple of what a sound input of the same size takes. The worst
/// that is allowed are ampersands, at 45 to 70.
const TIMES_MAX: f64 = 100.0;
/// Memory beside the input: no more than 64 MiB for 2 MiB, of which a small one
/// may take a quarter. As many items as are read, or as many elements, take a few
/// MiB however little is in them.
const BYTES_PER_BYTE: usize = 24;
const BYTES_FREE: usize = 16 * 1024 * 1024;
/// No input of up to this size may take longer than so many sound feeds of this size.
const LARGE: usize = 2_000_000;
const LARGE_TIMES_MAX: f64 = 2.0;
/// Runs of which the fastest counts: others may be at work on the machine.
const RUNS: usize = 3;
/// Sound inputs are measured in steps of so many bytes; smaller ones are over too soon.
const STEP: usize = 4 * 1024;

fn reader(name: &str) -> Reader {
    READERS.into_iter().find(|reader| reader.name == name).unwrap_or_else(|| panic!("no reader {name}"))
}

/// The size that is asked for.
fn large() -> Option<usize> {
    let asked = std::env::var("DONGBO_HOSTILE").ok()?;
    Some(asked.parse().expect("DONGBO_HOSTILE is a number of bytes"))
}

/// What sound inputs take, by reader and steps of size.
#[derive(Default)]
struct Sound(HashMap<(&'static str, usize), Duration>);

impl Sound {
    fn time(&mut self, name: &'static str, size: usize) -> Duration {
        let steps = size.div_ceil(STEP).max(1);
        *self.0.entry((name, steps)).or_insert_with(|| {
            let bytes = sound(name, steps * STEP);
            (0..RUNS).map(|_| meter::cost(|| (reader(name).run)(&bytes)).0).min().expect("there are runs")
        })
    }
}

/// What is wrong with a case, and its line in the report.
fn judge(case: &Case, sound: &mut Sound) -> (Option<String>, String) {
    let run = || (reader(case.reader).run)(&case.bytes);
    let expected = sound.time(case.reader, case.bytes.len());
    let mut allowed = expected.mul_f64(TIMES_MAX);
    if large().is_some() {
        allowed = allowed.min(sound.time("feed", LARGE).mul_f64(LARGE_TIMES_MAX));
    }
    let (mut took, peak) = meter::cost(run);
    for _ in 1..RUNS {
        if took <= allowed {
            break;
        }
        took = took.min(meter::cost(run).0);
    }
    let times = took.as_secs_f64() / expected.as_secs_f64();
    let room = case.bytes.len() * BYTES_PER_BYTE + BYTES_FREE;
    let line = format!(
        "{:8.1} ms {:6.1} x {:8} kB of {:8} B  {}: {}",
        took.as_secs_f64() * 1e3,
        times,
        peak / 1024,
        case.bytes.len(),
        case.reader,
        case.name
    );
    let wrong = took > allowed || peak > room;
    (wrong.then(|| line.clone()), line)
}

#[test]
fn every_hostile_input_is_bounded_in_time_and_memory() {
    let cases = cases(large().unwrap_or(SIZE));
    let names: BTreeSet<(&str, &str)> = cases.iter().map(|case| (case.reader, case.name.as_str())).collect();
    assert_eq!(names.len(), cases.len(), "two cases have one name");
    assert!(cases.len() >= CASES_MIN, "{} cases", cases.len());
    let (mut wrong, mut report, mut sound) = (Vec::new(), String::new(), Sound::default());
    for case in &cases {
        let (offence, line) = judge(case, &mut sound);
        wrong.extend(offence);
        writeln!(report, "{line}").unwrap();
    }
    if large().is_some() {
        writeln!(report, "a sound feed of {LARGE} B: {:?}", sound.time("feed", LARGE)).unwrap();
        std::fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile.txt"), &report).unwrap();
    }
    assert!(wrong.is_empty(), "of {} cases {} are out of bounds:\n{}", cases.len(), wrong.len(), wrong.join("\n"));
}

#[test]
fn every_hostile_input_leaves_every_promise_kept() {
    let broken: Vec<String> = cases(SIZE / 2)
        .into_iter()
        .filter(|case| std::panic::catch_unwind(|| (reader(case.reader).check)(&case.bytes)).is_err())
        .map(|case| format!("{}: {}", case.reader, case.name))
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_meter_sees_time_and_memory() {
    assert!(meter::cost(|| drop(vec![1_u8; 1 << 20])).1 >= 1 << 20);
    assert!(meter::cost(|| ()).1 < 1 << 20);
    let busy = || {
        let started = std::time::Instant::now();
        while started.elapsed() < Duration::from_millis(20) {}
    };
    assert!(meter::cost(busy).0 >= Duration::from_millis(1));
    assert!(meter::cost(|| std::thread::sleep(Duration::from_millis(20))).0 < Duration::from_millis(10));
}
