//! Every package that is built in may be: its licence is on the list of
//! `.deny.toml`, and NOTICE names those under the Mozilla licence.

use std::collections::BTreeSet;
use std::process::Command;

use serde::Deserialize;

use crate::tree::{read, root};

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    license: Option<String>,
    /// `None`: ours.
    source: Option<String>,
}

/// Packages of others that are in the build for Linux, those of tests included.
fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--format-version", "1", "--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Metadata = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    metadata.packages.into_iter().filter(|package| package.source.is_some()).collect()
}

fn allowed() -> BTreeSet<String> {
    let deny: toml::Table = read(".deny.toml").parse().unwrap();
    let list = deny["licenses"]["allow"].as_array().unwrap();
    list.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// Whether an SPDX expression can be met by the allowed licences alone.
/// `/` is the older spelling of OR; AND binds tighter.
fn is_met(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    either(&mut words.as_slice(), allowed)
}

fn either(words: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    let mut met = both(words, allowed);
    while let ["OR", rest @ ..] = *words {
        *words = rest;
        met |= both(words, allowed);
    }
    met
}

fn both(words: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    let mut met = one(words, allowed);
    while let ["AND", rest @ ..] = *words {
        *words = rest;
        met &= one(words, allowed);
    }
    met
}

fn one(words: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    match **words {
        ["(", ref rest @ ..] => {
            *words = rest;
            let met = either(words, allowed);
            *words = words.strip_prefix(&[")"]).expect("a parenthesis is closed");
            met
        }
        [name, "WITH", exception, ref rest @ ..] => {
            *words = rest;
            allowed.contains(&format!("{name} WITH {exception}"))
        }
        [name, ref rest @ ..] => {
            *words = rest;
            allowed.contains(name)
        }
        [] => panic!("an expression ends too early"),
    }
}

#[test]
fn every_licence_is_allowed() {
    let allowed = allowed();
    for package in packages() {
        let licence = package.license.as_deref().unwrap_or_default();
        assert!(!licence.is_empty() && is_met(licence, &allowed), "{}: {licence}", package.name);
    }
}

#[test]
fn expressions_are_understood() {
    let allowed = ["MIT", "BSD-3-Clause"].map(str::to_owned).into();
    for met in ["MIT", "GPL-3.0 OR MIT", "GPL-3.0/MIT", "MIT AND BSD-3-Clause", "(GPL-3.0 OR MIT) AND BSD-3-Clause"] {
        assert!(is_met(met, &allowed), "{met}");
    }
    for unmet in ["GPL-3.0", "MIT AND GPL-3.0", "(MIT OR ISC) AND GPL-3.0", "MIT WITH a-clause"] {
        assert!(!is_met(unmet, &allowed), "{unmet}");
    }
}

#[test]
fn the_notice_names_what_is_under_the_mozilla_licence() {
    let mozilla: BTreeSet<String> = packages()
        .into_iter()
        .filter(|package| package.license.as_deref() == Some("MPL-2.0"))
        .map(|package| package.name)
        .collect();
    let notice = read("NOTICE");
    let named: BTreeSet<String> =
        notice.lines().filter_map(|line| line.strip_prefix("  ")).map(|name| name.trim().to_owned()).collect();
    assert_eq!(named, mozilla);
}
