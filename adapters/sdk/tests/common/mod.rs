//! The in-memory site as the conformance suite sees it, in any set-up.

use std::fmt::Write as _;
use std::sync::Arc;

use dongbo_sdk::conformance::{Harness, Inspector, TestSite};
use dongbo_sdk::memory::{MemoryAdapter, MemoryOptions, MemorySite};
use dongbo_sdk::{Adapter, Key, RemoteId};

/// What a careless adapter would show.
pub(crate) const SECRET: &str = "mat-khau-7f3a91";

type Wrap = fn(MemoryAdapter) -> Arc<dyn Adapter>;

/// In-memory sites with these habits, spoken to by a wrapped adapter.
pub(crate) struct Memory {
    pub(crate) options: MemoryOptions,
    pub(crate) wrap: Wrap,
}

impl Memory {
    pub(crate) fn with(options: MemoryOptions) -> Self {
        Self { options, wrap: |adapter| Arc::new(adapter) }
    }
}

#[async_trait::async_trait]
impl Harness for Memory {
    async fn site(&self) -> TestSite {
        let site = MemorySite::new(self.options.clone());
        let adapter = (self.wrap)(site.adapter());
        TestSite::new(adapter).faults(site.faults().clone()).inspector(Arc::new(Look(site))).secret(SECRET)
    }
}

struct Look(MemorySite);

#[async_trait::async_trait]
impl Inspector for Look {
    async fn plant(&self, title: &str, key: Option<&Key>) -> Option<RemoteId> {
        Some(self.0.plant(title, "<p>Bài của đơn vị</p>", key.cloned()))
    }

    async fn count(&self, key: &Key) -> Option<usize> {
        Some(self.0.under(key).len())
    }

    async fn media_count(&self) -> Option<usize> {
        Some(self.0.media().len())
    }

    async fn fingerprint(&self) -> Option<String> {
        let mut text = String::new();
        write!(text, "{:?}{:?}{:?}", self.0.objects(), self.0.media(), self.0.categories()).ok()?;
        Some(text)
    }

    fn requests(&self) -> Option<usize> {
        Some(self.0.journal().len())
    }
}
