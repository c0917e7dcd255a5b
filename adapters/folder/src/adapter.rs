//! The verbs of the contract on a folder.
//!
//! A write is two requests: the record, then the pages that follow from it.
//! Each runs on a thread that may block; the lock is held over both and goes
//! with the last one, so a call that is dropped in between leaves a note and
//! no lock. After the record changed, every failure leaves doubt.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use dongbo_sdk::http::{Effect, doubt};
use dongbo_sdk::{
    Adapter, AdapterInfo, At, Call, Capabilities, CategorySupport, CheckReport, Cursor, DateSupport, Error, ErrorKind,
    Key, KeySupport, Listed, Listing, Media, Operation, Page, PinSupport, Post, RemoteCopy, RemoteId, RemoteMedia,
    RemoteStatus, Removal, Result, Retry, Trace, Visibility, Written,
};

use crate::disk::{Dir, Held};
use crate::error::{Outcome, Trouble};
use crate::site::{BODY_BYTES_MAX, LIST_MAX, Line, Record, Site, Stands};

/// Longest title in Unicode scalar values; longer than any headline, short enough for a list.
const TITLE_CHARS_MAX: usize = 1000;
/// Largest picture.
const MEDIA_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Writes wait for the lock one after the other; more of them only hold threads.
const IN_FLIGHT_MAX: u16 = 4;

/// A portal that is a folder.
#[derive(Debug, Clone)]
pub struct Folder {
    site: Arc<Site>,
    #[cfg(feature = "testkit")]
    faults: dongbo_sdk::fault::Faults,
}

impl Folder {
    pub(crate) fn new(site: Site) -> Self {
        Self {
            site: Arc::new(site),
            #[cfg(feature = "testkit")]
            faults: dongbo_sdk::fault::Faults::default(),
        }
    }

    /// The script that decides what becomes of each request.
    #[cfg(feature = "testkit")]
    #[must_use]
    pub fn with_faults(mut self, faults: dongbo_sdk::fault::Faults) -> Self {
        self.faults = faults;
        self
    }

    /// One request.
    async fn request<T: Send + 'static>(
        &self,
        call: &Call,
        line: (Operation, Effect),
        act: impl FnOnce(&Site) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        let act = self.on_thread(call, line, act);
        #[cfg(feature = "testkit")]
        {
            let line = dongbo_sdk::wire::Line { operation: line.0, effect: line.1, path: "folder" };
            dongbo_sdk::wire::send(&self.faults, call, line, act).await
        }
        #[cfg(not(feature = "testkit"))]
        {
            let (operation, effect) = (line.0.name(), line.1);
            let span =
                tracing::debug_span!("portal request", request = %call.request, operation, ?effect, path = "folder");
            tracing::Instrument::instrument(act, span).await
        }
    }

    /// Runs `act` on a thread that may block, until the call's end.
    async fn on_thread<T: Send + 'static>(
        &self,
        call: &Call,
        (operation, effect): (Operation, Effect),
        act: impl FnOnce(&Site) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        let site = Arc::clone(&self.site);
        let job = tokio::task::spawn_blocking(move || act(&site));
        match tokio::time::timeout_at(call.deadline.into(), job).await {
            Ok(Ok(outcome)) => outcome.map_err(|trouble| trouble.into_error(operation, effect)),
            Ok(Err(panic)) => {
                let error = Error::new(ErrorKind::Unexpected, operation, "a defect stopped the write");
                Err(doubt(error, effect).caused_by(panic))
            }
            Err(_) => Err(doubt(Error::new(ErrorKind::Timeout, operation, "the disk did not answer in time"), effect)),
        }
    }

    /// Makes the pages follow the article's record and reads them back.
    async fn publish(
        &self,
        call: &Call,
        operation: Operation,
        (held, key): (Arc<Held>, Key),
    ) -> Result<Option<RemoteCopy>> {
        let line = (operation, Effect::Writes);
        let act = move |site: &Site| {
            site.publish(&held, std::slice::from_ref(&key))?;
            copy_at(site, &held.root, &key)
        };
        // The record stands already: whatever went wrong, a look-up comes first.
        self.request(call, line, act).await.map_err(|error| error.retry(Retry::FindFirst))
    }

    /// The same for a write that leaves a copy.
    async fn stands(&self, call: &Call, operation: Operation, stored: (Arc<Held>, Key)) -> Result<Written> {
        let copy = self.publish(call, operation, stored).await?;
        copy.map(Written::Stands)
            .ok_or_else(|| Error::new(ErrorKind::Protocol, operation, "the record vanished while its page was made"))
    }
}

#[async_trait]
impl Adapter for Folder {
    fn info(&self) -> AdapterInfo {
        AdapterInfo { kind: "folder", address: self.site.url.to_string() }
    }

    async fn check(&self, call: &Call) -> Result<CheckReport> {
        self.request(call, (Operation::Check, Effect::Reads), report).await
    }

    async fn find(&self, call: &Call, trace: &Trace) -> Result<Vec<RemoteCopy>> {
        let key = trace.key.clone();
        let line = (Operation::Find, Effect::Reads);
        let found = self.request(call, line, move |site| look(site, &key)).await?;
        Ok(found.filter(|copy| copy.key.as_ref() == Some(&trace.key)).into_iter().collect())
    }

    async fn read(&self, call: &Call, id: &RemoteId) -> Result<Option<RemoteCopy>> {
        let Ok(key) = id.0.parse::<Key>() else { return Ok(None) };
        self.request(call, (Operation::Read, Effect::Reads), move |site| look(site, &key)).await
    }

    async fn create(&self, call: &Call, post: &Post) -> Result<Written> {
        let post = post.clone();
        let line = (Operation::Create, Effect::Writes);
        let stored = self.request(call, line, move |site| create(site, &post)).await?;
        self.stands(call, Operation::Create, stored).await
    }

    async fn update(&self, call: &Call, at: &At, post: &Post) -> Result<Written> {
        let (at, post) = (at.clone(), post.clone());
        let line = (Operation::Update, Effect::Writes);
        let stored = self.request(call, line, move |site| update(site, &at, &post)).await?;
        self.stands(call, Operation::Update, stored).await
    }

    async fn withdraw(&self, call: &Call, at: &At, how: Removal) -> Result<Option<RemoteCopy>> {
        let at = at.clone();
        let line = (Operation::Withdraw, Effect::Writes);
        match self.request(call, line, move |site| withdraw(site, &at, how)).await? {
            Some(stored) => self.publish(call, Operation::Withdraw, stored).await,
            None => Ok(None),
        }
    }

    async fn upload(&self, call: &Call, media: &Media) -> Result<RemoteMedia> {
        let media = media.clone();
        self.request(call, (Operation::Upload, Effect::Writes), move |site| upload(site, &media)).await
    }

    async fn list(&self, call: &Call, what: Listing, from: Option<Cursor>) -> Result<Page<Listed>> {
        self.request(call, (Operation::List, Effect::Reads), move |site| list(site, what, from)).await
    }
}

/// The lock, with everything finished that a crash left unfinished.
fn hold(site: &Site) -> Outcome<Held> {
    let held = site.hold()?;
    finish(site, &held)?;
    Ok(held)
}

fn finish(site: &Site, held: &Held) -> Outcome<()> {
    let unfinished = Site::unfinished(&held.root)?;
    if unfinished.is_empty() { Ok(()) } else { site.publish(held, &unfinished) }
}

/// The root for reading. Pages that do not follow their record yet are made first.
fn open(site: &Site) -> Outcome<Option<Dir>> {
    let Some(root) = site.open()? else { return Ok(None) };
    if !Site::unfinished(&root)?.is_empty() {
        hold(site)?;
    }
    Ok(Some(root))
}

fn look(site: &Site, key: &Key) -> Outcome<Option<RemoteCopy>> {
    match open(site)? {
        Some(root) => copy_at(site, &root, key),
        None => Ok(None),
    }
}

/// What stands under the name `key`, with the key that it carries.
fn copy_at(site: &Site, root: &Dir, key: &Key) -> Outcome<Option<RemoteCopy>> {
    match Site::stands(root, key)? {
        Stands::Ours(record) => site.copy(root, key, &record).map(Some),
        Stands::Nothing | Stands::Foreign => Ok(None),
    }
}

fn create(site: &Site, post: &Post) -> Outcome<(Arc<Held>, Key)> {
    acceptable(post)?;
    let held = hold(site)?;
    match Site::stands(&held.root, &post.key)? {
        Stands::Nothing => {}
        Stands::Ours(other) if other.key == post.key => return Err(Trouble::Exists),
        Stands::Ours(_) | Stands::Foreign => return Err(Trouble::Damaged { file: post.key.to_string() }),
    }
    let categories = site.admit(&held, post)?;
    Site::store(&held, &Record::new(post, categories, 1), None)?;
    Ok((Arc::new(held), post.key.clone()))
}

fn update(site: &Site, at: &At, post: &Post) -> Outcome<(Arc<Held>, Key)> {
    let held = hold(site)?;
    let old = standing(&held, at)?.ok_or(Trouble::Missing)?;
    let found = old.version.to_string();
    if let Some(expected) = at.version.as_ref().filter(|version| **version != found) {
        return Err(Trouble::Moved { expected: expected.clone(), found });
    }
    if post.key != at.key {
        return Err(Trouble::Moved { expected: at.key.to_string(), found: post.key.to_string() });
    }
    acceptable(post)?;
    let new = Record::new(post, site.admit(&held, post)?, old.version.saturating_add(1));
    Site::store(&held, &new, Some(&old))?;
    Ok((Arc::new(held), new.key))
}

/// `None`: it was gone already.
fn withdraw(site: &Site, at: &At, how: Removal) -> Outcome<Option<(Arc<Held>, Key)>> {
    let held = site.hold()?;
    let Some(old) = standing(&held, at)? else {
        return finish(site, &held).map(|()| None);
    };
    match take_away(site, &held, &old, how) {
        Ok(()) => Ok(Some((Arc::new(held), old.key))),
        Err(Trouble::Unsupported(why)) => Err(Trouble::Unsupported(why)),
        // A full disk must not keep the page before citizens: taking it away needs no space.
        Err(trouble) => site.conceal(&held, &old.key).and(Err(trouble)),
    }
}

fn take_away(site: &Site, held: &Held, old: &Record, how: Removal) -> Outcome<()> {
    match how {
        Removal::Hide => {
            finish(site, held)?;
            let version = old.version.saturating_add(1);
            let hidden = Record { visibility: Visibility::Draft, version, ..old.clone() };
            Site::store(held, &hidden, Some(old))
        }
        Removal::Delete => {
            finish(site, held)?;
            Site::erase(held, old)
        }
        Removal::Trash => Err(Trouble::Unsupported("a folder has no bin")),
    }
}

/// The record at an address, which must carry the key that the caller read there.
fn standing(held: &Held, at: &At) -> Outcome<Option<Record>> {
    let Ok(name) = at.id.0.parse::<Key>() else { return Ok(None) };
    match Site::stands(&held.root, &name)? {
        Stands::Nothing => Ok(None),
        Stands::Foreign => Err(Trouble::Damaged { file: name.to_string() }),
        Stands::Ours(record) if record.key == at.key && name == at.key => Ok(Some(*record)),
        Stands::Ours(record) => Err(Trouble::Moved { expected: at.key.to_string(), found: record.key.to_string() }),
    }
}

fn acceptable(post: &Post) -> Outcome<()> {
    if post.title.trim().is_empty() {
        return Err(Trouble::Refused("the title is empty".into()));
    }
    if post.title.chars().count() > TITLE_CHARS_MAX {
        return Err(Trouble::TooLarge { file: "title".into(), limit: TITLE_CHARS_MAX });
    }
    if post.body.len() > BODY_BYTES_MAX {
        return Err(Trouble::TooLarge { file: "body".into(), limit: BODY_BYTES_MAX });
    }
    Ok(())
}

fn upload(site: &Site, media: &Media) -> Outcome<RemoteMedia> {
    if media.bytes.len() > MEDIA_BYTES_MAX {
        return Err(Trouble::TooLarge { file: media.key.to_string(), limit: MEDIA_BYTES_MAX });
    }
    let extension = picture(&media.bytes)
        .ok_or_else(|| Trouble::Refused("not a JPEG, PNG, GIF or WebP picture, whatever it is called".into()))?;
    site.put_media(&hold(site)?, &format!("{}.{extension}", media.key), &media.bytes)
}

/// The type by its first bytes: ITU-T T.81 B.1.1.3, W3C PNG 5.2, GIF89a 17,
/// RFC 9649 2.4. An SVG is a document with scripts and no picture here.
fn picture(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some("jpg"),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("png"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("webp"),
        _ => None,
    }
}

fn list(site: &Site, what: Listing, from: Option<Cursor>) -> Outcome<Page<Listed>> {
    let Some(root) = open(site)? else { return Ok(Page { items: Vec::new(), next: None }) };
    match what {
        Listing::Ours => list_ours(site, &root, &from.map(|cursor| cursor.0).unwrap_or_default()),
        Listing::Recent => {
            let lines = Site::newest(&root, LIST_MAX)?;
            Ok(Page { items: lines.into_iter().map(|line| recent(site, line)).collect(), next: None })
        }
    }
}

fn list_ours(site: &Site, root: &Dir, after: &str) -> Outcome<Page<Listed>> {
    let records = Site::records(root, after, LIST_MAX)?;
    let full = records.len() == LIST_MAX;
    let next = records.last().filter(|_| full).map(|last| Cursor(last.key.to_string()));
    let items = records.iter().map(|record| site.copy(root, &record.key, record).map(Listed::from));
    Ok(Page { items: items.collect::<Outcome<_>>()?, next })
}

fn recent(site: &Site, line: Line) -> Listed {
    Listed {
        id: RemoteId(line.key.to_string()),
        url: Some(site.page_url(&line.key)),
        key: Some(line.key),
        status: RemoteStatus::Public,
        title: line.title,
        published: Some(line.published),
    }
}

fn report(site: &Site) -> Outcome<CheckReport> {
    let exists = site.examine()?;
    let mut notes = Vec::new();
    if !exists {
        notes.push("the folder does not exist yet; the first write makes it".to_owned());
    }
    if site.url.scheme() == "file" {
        notes.push("no public address (`url`) is set: links point at files".to_owned());
    }
    Ok(CheckReport {
        site: format!("folder:{}", site.path.display()),
        title: site.title.clone(),
        software: "static files".to_owned(),
        account: format!("uid {}", rustix::process::geteuid().as_raw()),
        capabilities: capabilities(),
        categories: site.categories()?,
        notes,
    })
}

fn capabilities() -> Capabilities {
    Capabilities {
        key: KeySupport::Enforced,
        reply_is_read_back: true,
        find_lag: Duration::ZERO,
        absence_reads: 1,
        settles_within: Duration::ZERO,
        removals: vec![Removal::Hide, Removal::Delete],
        publish_date: DateSupport::Exact,
        categories: CategorySupport::Create,
        tags: true,
        summary: true,
        drafts: true,
        media: true,
        list: true,
        canonical: true,
        annexes: false,
        pin: PinSupport::None,
        title_chars_max: Some(TITLE_CHARS_MAX),
        body_bytes_max: Some(BODY_BYTES_MAX),
        media_bytes_max: Some(MEDIA_BYTES_MAX),
        in_flight_max: Some(IN_FLIGHT_MAX),
    }
}
