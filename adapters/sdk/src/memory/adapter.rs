//! The adapter of the in-memory site.

use std::time::Duration;

use async_trait::async_trait;

use crate::adapter::{Adapter, AdapterInfo, At, Call, CheckReport, Cursor, Listed, Listing, Page, Removal, Trace};
use crate::capability::{Capabilities, CategorySupport, KeySupport, PinSupport};
use crate::error::{Error, ErrorKind, Operation, Result};
use crate::key::Key;
use crate::post::{Media, MissingCategory, Post, Visibility};
use crate::remote::{RemoteCopy, RemoteId, RemoteMedia, RemoteStatus, Written};
use crate::wire::{self, Line};

use super::server::{Answer, Ask};
use super::{MemoryObject, MemorySite};

/// Speaks to a [`MemorySite`]. It makes one try and never looks a key up by
/// itself before a create: that is the ledger's duty.
#[derive(Debug, Clone)]
pub struct MemoryAdapter {
    site: MemorySite,
}

impl MemoryAdapter {
    #[must_use]
    pub fn new(site: MemorySite) -> Self {
        Self { site }
    }

    #[must_use]
    pub fn site(&self) -> &MemorySite {
        &self.site
    }

    async fn send(&self, call: &Call, operation: Operation, ask: Ask) -> Result<Answer> {
        let line = Line { operation, effect: ask.effect(), path: ask.path() };
        wire::send(self.site.faults(), call, line, self.site.serve(operation, ask)).await
    }

    /// Creates the categories that the post wants and the portal lacks, one request each.
    async fn make_categories(&self, call: &Call, operation: Operation, post: &Post) -> Result<()> {
        let may = self.site.options().category_support == CategorySupport::Create;
        if !may || post.missing_category == MissingCategory::Match || post.categories.is_empty() {
            return Ok(());
        }
        let Answer::Site { name: _, categories } = self.send(call, operation, Ask::Site).await? else {
            return Err(odd(operation));
        };
        for name in post.categories.iter().filter(|name| !categories.contains(name)) {
            self.send(call, operation, Ask::Category(name.clone())).await?;
        }
        Ok(())
    }

    fn object(&self, operation: Operation, post: &Post) -> Result<Box<MemoryObject>> {
        let status = match post.visibility {
            Visibility::Public => RemoteStatus::Public,
            Visibility::Draft if self.site.options().drafts => RemoteStatus::Hidden,
            Visibility::Draft => return Err(unsupported(operation, "this portal has no drafts")),
        };
        let categories = match self.site.options().category_support {
            CategorySupport::None => Vec::new(),
            CategorySupport::Match | CategorySupport::Create => post.categories.clone(),
        };
        let copy = RemoteCopy {
            id: RemoteId(String::new()),
            key: Some(post.key.clone()),
            version: None,
            url: None,
            status,
            title: post.title.clone(),
            summary: post.summary.clone(),
            body: post.html(),
            categories,
            published: Some(post.published),
            featured: post.featured.as_ref().map(|media| media.id.clone()),
            pinned: Some(false),
        };
        let (tags, byline, canonical) = (post.tags.clone(), post.byline.clone(), post.canonical.clone());
        Ok(Box::new(MemoryObject { copy, tags, byline, canonical, unseen: 0 }))
    }

    /// A reply that shows the stored form, or only what was sent under the new id.
    fn written(&self, stored: RemoteCopy, sent: Option<RemoteCopy>) -> Written {
        match sent {
            None => Written::Stands(stored),
            Some(sent) => Written::Stands(RemoteCopy {
                id: stored.id,
                key: stored.key,
                version: stored.version,
                url: stored.url,
                ..sent
            }),
        }
    }

    fn echo(&self, object: &MemoryObject) -> Option<RemoteCopy> {
        (!self.site.options().reply_is_read_back).then(|| object.copy.clone())
    }
}

#[async_trait]
impl Adapter for MemoryAdapter {
    fn info(&self) -> AdapterInfo {
        AdapterInfo { kind: "memory", address: "https://memory.example".to_owned() }
    }

    async fn check(&self, call: &Call) -> Result<CheckReport> {
        let Answer::Site { name, categories } = self.send(call, Operation::Check, Ask::Site).await? else {
            return Err(odd(Operation::Check));
        };
        Ok(CheckReport {
            site: name,
            title: "In memory".to_owned(),
            software: "memory".to_owned(),
            account: "dongbo".to_owned(),
            capabilities: self.capabilities(),
            categories,
            notes: Vec::new(),
        })
    }

    async fn find(&self, call: &Call, trace: &Trace) -> Result<Vec<RemoteCopy>> {
        if self.site.options().key == KeySupport::None {
            return Err(unsupported(Operation::Find, "this portal keeps no keys, so absence cannot be seen"));
        }
        let Answer::Copies(copies) = self.send(call, Operation::Find, Ask::Find(trace.key.clone())).await? else {
            return Err(odd(Operation::Find));
        };
        Ok(copies.into_iter().filter(|copy| carries(copy, &trace.key)).collect())
    }

    async fn read(&self, call: &Call, id: &RemoteId) -> Result<Option<RemoteCopy>> {
        copy(Operation::Read, self.send(call, Operation::Read, Ask::Read(id.clone())).await?)
    }

    async fn create(&self, call: &Call, post: &Post) -> Result<Written> {
        let object = self.object(Operation::Create, post)?;
        self.make_categories(call, Operation::Create, post).await?;
        let sent = self.echo(&object);
        let answer = self.send(call, Operation::Create, Ask::Create(object)).await?;
        let stored = copy(Operation::Create, answer)?.ok_or_else(|| odd(Operation::Create))?;
        Ok(self.written(stored, sent))
    }

    async fn update(&self, call: &Call, at: &At, post: &Post) -> Result<Written> {
        let object = self.object(Operation::Update, post)?;
        self.make_categories(call, Operation::Update, post).await?;
        let sent = self.echo(&object);
        let answer = self.send(call, Operation::Update, Ask::Update(at.clone(), object)).await?;
        let stored = copy(Operation::Update, answer)?.ok_or_else(|| odd(Operation::Update))?;
        Ok(self.written(stored, sent))
    }

    async fn withdraw(&self, call: &Call, at: &At, how: Removal) -> Result<Option<RemoteCopy>> {
        if !self.site.options().removals.contains(&how) {
            return Err(unsupported(Operation::Withdraw, "this portal does not take copies away like that"));
        }
        let answer = self.send(call, Operation::Withdraw, Ask::Withdraw(at.clone(), how)).await?;
        copy(Operation::Withdraw, answer)
    }

    async fn upload(&self, call: &Call, media: &Media) -> Result<RemoteMedia> {
        if !self.site.options().media {
            return Err(unsupported(Operation::Upload, "this portal takes no files"));
        }
        let known = self.send(call, Operation::Upload, Ask::FindMedia(media.key.clone())).await?;
        if let Answer::Media(Some(known)) = known {
            return Ok(known);
        }
        match self.send(call, Operation::Upload, Ask::Upload(media.clone())).await? {
            Answer::Media(Some(stored)) => Ok(stored),
            _ => Err(odd(Operation::Upload)),
        }
    }

    async fn list(&self, call: &Call, what: Listing, from: Option<Cursor>) -> Result<Page<Listed>> {
        if !self.site.options().list {
            return Err(unsupported(Operation::List, "this portal shows no list"));
        }
        match self.send(call, Operation::List, Ask::List(what, from)).await? {
            Answer::Page(page) => Ok(page),
            _ => Err(odd(Operation::List)),
        }
    }
}

impl MemoryAdapter {
    /// What `check` reports, without a request.
    #[must_use]
    pub fn capabilities(&self) -> Capabilities {
        let options = self.site.options();
        Capabilities {
            key: options.key,
            reply_is_read_back: options.reply_is_read_back,
            find_lag: Duration::ZERO,
            absence_reads: u8::try_from(options.find_lag.saturating_add(1)).unwrap_or(u8::MAX),
            settles_within: options.latency.max,
            removals: options.removals.clone(),
            publish_date: options.publish_date,
            categories: options.category_support,
            tags: true,
            summary: true,
            drafts: options.drafts,
            media: options.media,
            list: options.list,
            canonical: true,
            annexes: false,
            pin: PinSupport::None,
            title_chars_max: options.title_chars_max,
            body_bytes_max: options.body_bytes_max,
            media_bytes_max: options.media_bytes_max,
            in_flight_max: options.in_flight_max,
        }
    }
}

fn carries(copy: &RemoteCopy, key: &Key) -> bool {
    copy.key.as_ref() == Some(key)
}

fn copy(operation: Operation, answer: Answer) -> Result<Option<RemoteCopy>> {
    match answer {
        Answer::Copy(copy) => Ok(copy),
        _ => Err(odd(operation)),
    }
}

fn unsupported(operation: Operation, message: &str) -> Error {
    Error::new(ErrorKind::Unsupported, operation, message)
}

fn odd(operation: Operation) -> Error {
    Error::new(ErrorKind::Unexpected, operation, "the site answered another question")
}
