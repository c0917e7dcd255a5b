//! Each broken guarantee turns the property red.
#![cfg(feature = "mutants")]

use std::process::Command;

/// Runs the property in a child with the guarantee broken. Whether it noticed.
fn notices(mutant: &str) -> bool {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "machine::one_copy_whatever_fails"])
        .env("DONGBO_MUTANT", mutant)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout).into_owned();
    assert!(said.contains("running 1 test"), "{said}");
    !child.status.success()
}

#[test]
fn the_property_holds_without_a_mutant() {
    assert!(!notices(""));
}

#[test]
fn a_forgotten_intent_is_noticed() {
    assert!(notices("intent"));
}

#[test]
fn a_skipped_look_up_is_noticed() {
    assert!(notices("look-up"));
}

#[test]
fn a_skipped_grace_is_noticed() {
    assert!(notices("grace"));
}

#[test]
fn doubts_of_a_revision_are_noticed() {
    assert!(notices("doubt"));
}
