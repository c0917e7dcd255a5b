//! One case's world: its site, what a ledger would do there, and the articles it uses.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::case::{Outcome, Stop, ensure};
use super::{Harness, Inspector, TestSite};
use crate::adapter::{Adapter, At, Call, Removal, Trace};
use crate::capability::{Capabilities, KeySupport};
use crate::error::Result;
use crate::fault::Faults;
use crate::key::{Key, MediaKey};
use crate::post::{Media, MissingCategory, Post, Visibility};
use crate::remote::{RemoteCopy, RemoteId, Written};

/// The time of one call.
const CALL_LIMIT: Duration = Duration::from_secs(30);
/// Questions after a pending write.
const CONFIRMS_MAX: u32 = 50;
/// Between two look-ups on a portal whose look-up lags.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

pub(super) struct World<'a> {
    pub(super) harness: &'a dyn Harness,
    pub(super) site: TestSite,
    pub(super) capabilities: Capabilities,
    pub(super) categories: Vec<String>,
    case: &'static str,
    /// Makes keys of this run differ from those of any other on the same site.
    run: String,
    keys: Mutex<Vec<Trace>>,
    calls: AtomicU64,
}

impl<'a> World<'a> {
    pub(super) async fn open(harness: &'a dyn Harness, case: &'static str) -> Result<Self> {
        let site = harness.site().await;
        let report = site.adapter.check(&call(0)).await?;
        if let Some(faults) = &site.faults {
            faults.clear();
        }
        Ok(Self {
            harness,
            site,
            capabilities: report.capabilities,
            categories: report.categories,
            case,
            run: run_name(),
            keys: Mutex::default(),
            calls: AtomicU64::new(1),
        })
    }

    pub(super) fn adapter(&self) -> &dyn Adapter {
        self.site.adapter.as_ref()
    }

    /// One more try.
    pub(super) fn call(&self) -> Call {
        call(self.calls.fetch_add(1, Ordering::Relaxed))
    }

    pub(super) fn faults(&self) -> Outcome<&Faults> {
        self.site.faults.as_ref().ok_or_else(|| Stop::Skipped("the harness scripts no faults".into()))
    }

    pub(super) fn inspector(&self) -> Outcome<&dyn Inspector> {
        let inspector = self.site.inspector.as_deref();
        inspector.ok_or_else(|| Stop::Skipped("the harness cannot look past the adapter".into()))
    }

    /// An article of this case. The same `name` is the same article.
    pub(super) fn post(&self, name: &str) -> Post {
        let canonical = format!("https://nguon.example.vn/{}/{}/{name}.html", self.run, self.case.replace(' ', "-"));
        let post = Post {
            key: Key::derive("https://nguon.example.vn", &canonical),
            title: format!("Hội nghị triển khai nhiệm vụ {name} ({})", self.run),
            summary: "Sáng nay, Ủy ban nhân dân tỉnh tổ chức hội nghị.".to_owned(),
            body: format!("<p>Nội dung bài {name}: đường, ước, ơn.</p>"),
            attribution: format!("<p>Nguồn: <a href=\"{canonical}\">Cổng tỉnh</a></p>"),
            categories: Vec::new(),
            missing_category: MissingCategory::Match,
            tags: Vec::new(),
            published: Timestamp::from_second(1_760_000_000).expect("a time in range"),
            byline: Some("Thu Hà".to_owned()),
            canonical,
            featured: None,
            visibility: Visibility::Public,
        };
        let mut keys = self.keys.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if keys.iter().all(|known| known.key != post.key) {
            keys.push(trace(&post));
        }
        post
    }

    /// A small picture whose bytes no other run has put anywhere.
    pub(super) fn picture(&self, name: &str) -> Media {
        let mut bytes = PNG.to_vec();
        // Decoders stop at IEND, so what follows only makes the file unique.
        bytes.extend_from_slice(format!("{}{}{name}", self.run, self.case).as_bytes());
        media(&format!("{}.png", name.replace(' ', "-")), "image/png", bytes)
    }

    /// Writes until it stands, as the ledger does with tickets.
    pub(super) async fn stands(&self, written: Result<Written>) -> Result<RemoteCopy> {
        let mut written = written?;
        for _ in 0..CONFIRMS_MAX {
            match written {
                Written::Stands(copy) => return Ok(copy),
                Written::Pending { ticket, again } => {
                    tokio::time::sleep(again).await;
                    written = self.adapter().confirm(&self.call(), &ticket).await?;
                }
            }
        }
        Err(crate::error::Error::new(
            crate::error::ErrorKind::Timeout,
            crate::error::Operation::Confirm,
            "the write stays pending",
        ))
    }

    /// Creates the post and reads back what stands.
    pub(super) async fn create(&self, post: &Post) -> Outcome<RemoteCopy> {
        let copy = self.stands(self.adapter().create(&self.call(), post).await).await?;
        self.read(&copy.id).await
    }

    pub(super) async fn update(&self, copy: &RemoteCopy, post: &Post) -> Outcome<RemoteCopy> {
        let written = self.adapter().update(&self.call(), &at(copy, &post.key), post).await;
        let copy = self.stands(written).await?;
        self.read(&copy.id).await
    }

    pub(super) async fn withdraw(&self, copy: &RemoteCopy, post: &Post, how: Removal) -> Outcome<Option<RemoteCopy>> {
        Ok(self.adapter().withdraw(&self.call(), &at(copy, &post.key), how).await?)
    }

    /// What stands at an address where something must stand.
    pub(super) async fn read(&self, id: &RemoteId) -> Outcome<RemoteCopy> {
        let copy = self.adapter().read(&self.call(), id).await?;
        copy.ok_or_else(|| Stop::Failed(format!("nothing stands at {id}")))
    }

    /// Looks a post up as the ledger does: presence is believed at once,
    /// absence only after the portal's lag and number of look-ups.
    pub(super) async fn look(&self, post: &Post) -> Outcome<Vec<RemoteCopy>> {
        let (trace, began, mut absent) = (trace(post), Instant::now(), 0);
        loop {
            let hits = self.adapter().find(&self.call(), &trace).await?;
            if !hits.is_empty() {
                return Ok(hits);
            }
            absent += 1;
            let waited = began.elapsed() >= self.capabilities.find_lag;
            if waited && absent >= self.capabilities.absence_reads.max(1) {
                return Ok(hits);
            }
            if !waited {
                tokio::time::sleep(LOOK_AGAIN.min(self.capabilities.find_lag)).await;
            }
        }
    }

    /// The one copy of a post.
    pub(super) async fn the_one(&self, post: &Post) -> Outcome<RemoteCopy> {
        let mut hits = self.look(post).await?;
        ensure!(hits.len() == 1, "{} objects under the key {} instead of one", hits.len(), post.key);
        if let Some(inspector) = &self.site.inspector
            && let Some(count) = inspector.count(&post.key).await
        {
            ensure!(count == 1, "the site holds {count} objects under the key {} instead of one", post.key);
        }
        Ok(hits.remove(0))
    }

    /// Nothing stands under the post's key.
    pub(super) async fn none(&self, post: &Post) -> Outcome {
        let hits = self.look(post).await?;
        ensure!(hits.is_empty(), "{} objects under the key {} instead of none", hits.len(), post.key);
        Ok(())
    }

    /// Everything on the site, where the harness can tell.
    pub(super) async fn fingerprint(&self) -> Option<String> {
        self.site.inspector.as_ref()?.fingerprint().await
    }

    /// On a real site, takes this case's copies away.
    pub(super) async fn tidy_up(&self) -> std::result::Result<(), String> {
        if let Some(faults) = &self.site.faults {
            faults.clear();
        }
        if !self.harness.live() || self.capabilities.key == KeySupport::None {
            return Ok(());
        }
        let traces = self.keys.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let Some(how) = strongest(&self.capabilities.removals) else { return Ok(()) };
        for trace in traces {
            let hits = self.adapter().find(&self.call(), &trace).await.map_err(|error| error.to_string())?;
            for copy in hits {
                let gone = self.adapter().withdraw(&self.call(), &at(&copy, &trace.key), how).await;
                gone.map_err(|error| format!("a copy stays behind at {}: {error}", copy.id))?;
            }
        }
        Ok(())
    }
}

fn call(number: u64) -> Call {
    Call { request: format!("conformance-{number}"), deadline: Instant::now() + CALL_LIMIT, attempt: 1 }
}

fn run_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
    format!("{:x}-{}-{}", now, std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

pub(super) fn trace(post: &Post) -> Trace {
    Trace { key: post.key.clone(), origin: post.canonical.clone(), title: post.title.clone(), since: None }
}

pub(super) fn at(copy: &RemoteCopy, key: &Key) -> At {
    At { id: copy.id.clone(), key: key.clone(), version: copy.version.clone() }
}

pub(super) fn media(file_name: &str, mime: &str, bytes: Vec<u8>) -> Media {
    let sha256: [u8; 32] = Sha256::digest(&bytes).into();
    Media {
        key: MediaKey::of_sha256(&sha256),
        sha256,
        mime: mime.to_owned(),
        file_name: file_name.to_owned(),
        alt: "Quang cảnh hội nghị".to_owned(),
        bytes: Bytes::from(bytes),
    }
}

/// The removal that leaves least behind.
pub(super) fn strongest(removals: &[Removal]) -> Option<Removal> {
    [Removal::Delete, Removal::Trash, Removal::Hide].into_iter().find(|how| removals.contains(how))
}

/// A transparent pixel.
const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0, 1, 8,
    6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 0x0d, b'I', b'D', b'A', b'T', 0x78, 0x9c, 0x63, 0, 1, 0, 0, 5, 0, 1,
    0x0d, 0x0a, 0x2d, 0xb4, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];
