//! The corpus of the fuzz targets, replayed: every input that once broke a
//! promise, and those that lead furthest into the readers.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::promises::READERS;

/// Of each target.
const INPUTS_MIN: usize = 20;
const INPUTS_MAX: usize = 60;
/// Of all targets together: the corpus is read by people and cloned by everyone.
const BYTES_MAX: u64 = 200 * 1024;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn every_input_of_the_corpus_keeps_the_promises() {
    let mut bytes_of_all = 0;
    for reader in READERS {
        let inputs = files(&folder().join("corpus").join(reader.name));
        assert!((INPUTS_MIN..=INPUTS_MAX).contains(&inputs.len()), "{}: {} inputs", reader.name, inputs.len());
        for input in inputs {
            let bytes = fs::read(&input).unwrap();
            bytes_of_all += bytes.len() as u64;
            let kept = std::panic::catch_unwind(|| (reader.check)(&bytes));
            assert!(kept.is_ok(), "{} breaks a promise of {}", input.display(), reader.name);
        }
    }
    assert!(bytes_of_all <= BYTES_MAX, "{bytes_of_all} bytes");
}

#[test]
fn every_reader_has_a_target_and_a_corpus() {
    let readers: BTreeSet<String> = READERS.iter().map(|reader| reader.name.to_owned()).collect();
    for (place, ending) in [("corpus", ""), ("targets", ".rs")] {
        let names = files(&folder().join(place)).into_iter();
        let names: BTreeSet<String> =
            names.map(|path| path.file_name().unwrap().to_str().unwrap().trim_end_matches(ending).to_owned()).collect();
        assert_eq!(names, readers, "{place}");
    }
    let manifest = fs::read_to_string(folder().join("Cargo.toml")).unwrap();
    for name in readers {
        assert!(manifest.contains(&format!("path = \"targets/{name}.rs\"")), "{name} is not built");
    }
}
