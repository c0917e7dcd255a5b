//! What the site does with a request. No request is ever half done.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use crate::adapter::{At, Cursor, Listed, Listing, Page, Removal};
use crate::capability::{DateSupport, KeySupport};
use crate::error::{Error, ErrorKind, Operation, Result};
use crate::http::Effect;
use crate::key::{Key, MediaKey};
use crate::post::Media;
use crate::remote::{RemoteCopy, RemoteId, RemoteMedia, RemoteStatus};

use super::{MemoryEntry, MemoryObject, MemoryOptions, MemorySite, State};

/// The types that the site takes as media.
const MEDIA_TYPES: [&str; 5] = ["image/jpeg", "image/png", "image/gif", "image/webp", "application/pdf"];

/// What a request wants of the site.
#[derive(Debug)]
pub(super) enum Ask {
    Site,
    Find(Key),
    Read(RemoteId),
    Category(String),
    Create(Box<MemoryObject>),
    Update(At, Box<MemoryObject>),
    Withdraw(At, Removal),
    FindMedia(MediaKey),
    Upload(Media),
    List(Listing, Option<Cursor>),
}

/// What the site answers.
#[derive(Debug)]
pub(super) enum Answer {
    Site { name: String, categories: Vec<String> },
    Copies(Vec<RemoteCopy>),
    Copy(Option<RemoteCopy>),
    Media(Option<RemoteMedia>),
    Page(Page<Listed>),
    Done,
}

impl Ask {
    pub(super) fn effect(&self) -> Effect {
        match self {
            Self::Site | Self::Find(_) | Self::Read(_) | Self::FindMedia(_) | Self::List(..) => Effect::Reads,
            Self::Category(_) | Self::Create(_) | Self::Update(..) | Self::Withdraw(..) | Self::Upload(_) => {
                Effect::Writes
            }
        }
    }

    pub(super) fn path(&self) -> &'static str {
        match self {
            Self::Site => "/site",
            Self::Find(_)
            | Self::Read(_)
            | Self::Create(_)
            | Self::Update(..)
            | Self::Withdraw(..)
            | Self::List(..) => "/objects",
            Self::Category(_) => "/categories",
            Self::FindMedia(_) | Self::Upload(_) => "/media",
        }
    }

    fn object(&self) -> Option<u64> {
        match self {
            Self::Read(id) => number(id),
            Self::Update(at, _) | Self::Withdraw(at, _) => number(&at.id),
            Self::Site | Self::Find(_) | Self::Category(_) | Self::Create(_) => None,
            Self::FindMedia(_) | Self::Upload(_) | Self::List(..) => None,
        }
    }
}

impl MemorySite {
    /// Answers after the site's answer time; goes on when the caller has gone.
    pub(super) async fn serve(&self, operation: Operation, ask: Ask) -> Result<Answer> {
        let before = self.half_wait();
        if before.is_zero() {
            return self.act(operation, ask);
        }
        let (site, after) = (self.clone(), self.half_wait());
        let work = tokio::spawn(async move {
            let now = site.shared.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
            site.shared.in_flight_peak.fetch_max(now, Ordering::SeqCst);
            tokio::time::sleep(before).await;
            let answer = site.act(operation, ask);
            tokio::time::sleep(after).await;
            site.shared.in_flight.fetch_sub(1, Ordering::SeqCst);
            answer
        });
        work.await.unwrap_or_else(|_| Err(Error::new(ErrorKind::Unexpected, operation, "the site has ended")))
    }

    fn act(&self, operation: Operation, ask: Ask) -> Result<Answer> {
        let mut state = self.state();
        let entry = MemoryEntry { operation, effect: ask.effect(), object: ask.object() };
        state.journal.push(entry);
        let place = state.journal.len() - 1;
        let answer = state.answer(&self.shared.options, operation, ask);
        if let (None, Ok(Answer::Copy(Some(copy)))) = (entry.object, &answer) {
            state.journal[place].object = number(&copy.id);
        }
        answer
    }
}

impl State {
    fn answer(&mut self, options: &MemoryOptions, operation: Operation, ask: Ask) -> Result<Answer> {
        match ask {
            Ask::Site => {
                Ok(Answer::Site { name: self.site.clone(), categories: self.categories.iter().cloned().collect() })
            }
            Ask::Find(key) => Ok(Answer::Copies(self.find(&key))),
            Ask::Read(id) => Ok(Answer::Copy(self.read(&id))),
            Ask::Category(name) => {
                self.categories.insert(name);
                Ok(Answer::Done)
            }
            Ask::Create(object) => self.create(options, *object),
            Ask::Update(at, object) => self.update(options, &at, *object),
            Ask::Withdraw(at, how) => self.withdraw(options, &at, how),
            Ask::FindMedia(key) => Ok(Answer::Media(self.find_media(&key))),
            Ask::Upload(media) => self.upload(options, operation, media),
            Ask::List(what, from) => Ok(Answer::Page(self.list(options, what, from))),
        }
    }

    fn find(&mut self, key: &Key) -> Vec<RemoteCopy> {
        let ids = self.by_key.get(key).map(Vec::as_slice).unwrap_or_default();
        let mut hits = Vec::new();
        for id in ids {
            let Some(object) = self.objects.get_mut(id) else { continue };
            match object.unseen.checked_sub(1) {
                Some(left) => object.unseen = left,
                None => hits.push(object.copy.clone()),
            }
        }
        hits
    }

    fn read(&self, id: &RemoteId) -> Option<RemoteCopy> {
        Some(self.objects.get(&number(id)?)?.copy.clone())
    }

    fn create(&mut self, options: &MemoryOptions, mut object: MemoryObject) -> Result<Answer> {
        store_form(options, Operation::Create, &self.categories, &mut object.copy)?;
        if let (KeySupport::Enforced, Some(key)) = (options.key, &object.copy.key)
            && self.by_key.contains_key(key)
        {
            return Err(Error::new(ErrorKind::Conflict, Operation::Create, "the key is taken").with("status", 409));
        }
        if options.key == KeySupport::None {
            object.copy.key = None;
        }
        object.unseen = options.find_lag;
        Ok(Answer::Copy(Some(self.insert(object).copy)))
    }

    fn update(&mut self, options: &MemoryOptions, at: &At, mut new: MemoryObject) -> Result<Answer> {
        store_form(options, Operation::Update, &self.categories, &mut new.copy)?;
        let object = self.addressed(options, Operation::Update, at)?.ok_or_else(|| {
            Error::new(ErrorKind::NotFound, Operation::Update, "the portal does not have it").with("status", 404)
        })?;
        let old = &object.copy;
        new.copy = RemoteCopy {
            id: old.id.clone(),
            key: old.key.clone(),
            version: old.version.clone(),
            url: old.url.clone(),
            pinned: old.pinned,
            ..new.copy
        };
        *object = MemoryObject { unseen: object.unseen, ..new };
        touch(object);
        Ok(Answer::Copy(Some(object.copy.clone())))
    }

    fn withdraw(&mut self, options: &MemoryOptions, at: &At, how: Removal) -> Result<Answer> {
        let Some(object) = self.addressed(options, Operation::Withdraw, at)? else { return Ok(Answer::Copy(None)) };
        let status = match how {
            Removal::Hide => RemoteStatus::Hidden,
            Removal::Trash => RemoteStatus::Trashed,
            Removal::Delete => {
                number(&at.id).and_then(|id| self.remove(id));
                return Ok(Answer::Copy(None));
            }
        };
        object.copy.status = status;
        touch(object);
        Ok(Answer::Copy(Some(object.copy.clone())))
    }

    /// The object at an address, unless it is not ours or not the one that was read.
    fn addressed(
        &mut self,
        options: &MemoryOptions,
        operation: Operation,
        at: &At,
    ) -> Result<Option<&mut MemoryObject>> {
        let conflict = |message: &str| Error::new(ErrorKind::Conflict, operation, message).with("status", 412);
        let Some(object) = number(&at.id).and_then(|id| self.objects.get_mut(&id)) else { return Ok(None) };
        if options.key != KeySupport::None && object.copy.key.as_ref() != Some(&at.key) {
            return Err(conflict("the object does not carry our key"));
        }
        if at.version.is_some() && at.version != object.copy.version {
            return Err(conflict("the object has changed since it was read"));
        }
        Ok(Some(object))
    }

    fn find_media(&self, key: &MediaKey) -> Option<RemoteMedia> {
        self.media.iter().find(|(_, (known, _))| known == key).map(|(id, _)| remote_media(*id))
    }

    fn upload(&mut self, options: &MemoryOptions, operation: Operation, media: Media) -> Result<Answer> {
        if options.media_bytes_max.is_some_and(|max| media.bytes.len() > max) {
            return Err(Error::new(ErrorKind::TooLarge, operation, "the file is too large").with("status", 413));
        }
        if !MEDIA_TYPES.contains(&media.mime.as_str()) {
            let error = Error::new(ErrorKind::Rejected, operation, "this type of file is not allowed");
            return Err(error.with("status", 415).with("type", media.mime));
        }
        self.last_id += 1;
        self.media.insert(self.last_id, (media.key.clone(), media));
        Ok(Answer::Media(Some(remote_media(self.last_id))))
    }

    /// Newest first; the cursor is the number of the last object shown.
    fn list(&self, options: &MemoryOptions, what: Listing, from: Option<Cursor>) -> Page<Listed> {
        let below = from.and_then(|Cursor(text)| text.parse().ok()).unwrap_or(u64::MAX);
        let shown = self.objects.range(..below).rev().map(|(_, object)| &object.copy);
        let mut wanted = shown.filter(|copy| match what {
            Listing::Ours => copy.key.is_some(),
            Listing::Recent => true,
        });
        let items: Vec<Listed> = wanted.by_ref().take(options.page_size.max(1)).cloned().map(Listed::from).collect();
        let next = wanted.next().and(items.last()).map(|last| Cursor(last.id.0.clone()));
        Page { items, next }
    }

    pub(super) fn insert(&mut self, mut object: MemoryObject) -> MemoryObject {
        self.last_id += 1;
        object.copy.id = RemoteId(self.last_id.to_string());
        object.copy.url = Some(format!("https://memory.example/{}", self.last_id));
        touch(&mut object);
        if let Some(key) = &object.copy.key {
            self.by_key.entry(key.clone()).or_default().push(self.last_id);
        }
        self.objects.insert(self.last_id, object.clone());
        object
    }

    pub(super) fn remove(&mut self, id: u64) -> Option<MemoryObject> {
        let object = self.objects.remove(&id)?;
        if let Some(key) = &object.copy.key
            && let Some(ids) = self.by_key.get_mut(key)
        {
            ids.retain(|known| *known != id);
            if ids.is_empty() {
                self.by_key.remove(key);
            }
        }
        Some(object)
    }
}

/// The number behind one of this site's ids.
pub(super) fn number(id: &RemoteId) -> Option<u64> {
    id.0.parse().ok()
}

/// Gives the object its next version.
pub(super) fn touch(object: &mut MemoryObject) {
    let last: u64 = object.copy.version.as_deref().and_then(|version| version.parse().ok()).unwrap_or(0);
    object.copy.version = Some((last + 1).to_string());
}

/// What the site makes of a post, or why it refuses it. Like every CMS it
/// normalises: control characters vanish, a title is trimmed.
fn store_form(
    options: &MemoryOptions,
    operation: Operation,
    known: &BTreeSet<String>,
    copy: &mut RemoteCopy,
) -> Result<()> {
    let refused = |message: &str| Error::new(ErrorKind::Rejected, operation, message).with("status", 422);
    copy.title = without_controls(&copy.title).trim().to_owned();
    copy.summary = without_controls(&copy.summary);
    copy.body = without_controls(&copy.body);
    if copy.title.is_empty() {
        return Err(refused("the title is empty"));
    }
    if options.title_chars_max.is_some_and(|max| copy.title.chars().count() > max) {
        return Err(refused("the title is too long"));
    }
    if options.body_bytes_max.is_some_and(|max| copy.body.len() > max) {
        return Err(Error::new(ErrorKind::TooLarge, operation, "the body is too large").with("status", 413));
    }
    copy.categories.retain(|name| known.contains(name));
    copy.published = copy.published.and_then(|at| match options.publish_date {
        DateSupport::Exact => Some(at),
        DateSupport::Minute => floor(at, 60),
        DateSupport::Day => floor(at, 24 * 60 * 60),
        DateSupport::None => None,
    });
    Ok(())
}

fn floor(at: jiff::Timestamp, seconds: i64) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_second(at.as_second().div_euclid(seconds) * seconds).ok()
}

fn without_controls(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

fn remote_media(id: u64) -> RemoteMedia {
    RemoteMedia { id: RemoteId(id.to_string()), url: format!("https://memory.example/media/{id}"), expires: None }
}
