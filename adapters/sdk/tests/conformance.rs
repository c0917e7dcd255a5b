//! The in-memory adapter keeps the contract in every set-up of its site.
#![cfg(feature = "testkit")]

mod common;

use std::time::Duration;

use common::Memory;
use dongbo_sdk::conformance::assert_conforms;
use dongbo_sdk::fake::Latency;
use dongbo_sdk::memory::MemoryOptions;
use dongbo_sdk::{CategorySupport, DateSupport, KeySupport, Removal};

#[tokio::test]
async fn a_searchable_portal_conforms() {
    assert_conforms(&Memory::with(MemoryOptions::default())).await;
}

#[tokio::test]
async fn an_enforcing_portal_conforms() {
    let options = MemoryOptions { key: KeySupport::Enforced, title_chars_max: Some(200), ..Default::default() };
    assert_conforms(&Memory::with(options)).await;
}

#[tokio::test]
async fn a_portal_without_keys_conforms() {
    assert_conforms(&Memory::with(MemoryOptions { key: KeySupport::None, ..Default::default() })).await;
}

#[tokio::test]
async fn a_portal_whose_lookup_lags_conforms() {
    let options = MemoryOptions { find_lag: 3, reply_is_read_back: false, ..Default::default() };
    assert_conforms(&Memory::with(options)).await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_portal_conforms() {
    let latency = Latency { min: Duration::from_millis(50), max: Duration::from_millis(300) };
    let options = MemoryOptions { latency, key: KeySupport::Enforced, ..Default::default() };
    assert_conforms(&Memory::with(options)).await;
}

#[tokio::test]
async fn a_portal_that_can_do_little_conforms() {
    let options = MemoryOptions {
        removals: vec![Removal::Hide],
        publish_date: DateSupport::None,
        category_support: CategorySupport::None,
        drafts: false,
        media: false,
        list: false,
        ..Default::default()
    };
    assert_conforms(&Memory::with(options)).await;
}
