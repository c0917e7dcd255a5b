//! The conformance suite notices: each adapter here breaks one rule and fails
//! the case named for it, which the sound adapter passes.
#![cfg(feature = "testkit")]

mod common;

use std::sync::Arc;

use async_trait::async_trait;
use common::{Memory, SECRET};
use dongbo_sdk::conformance::{Verdict, run_case};
use dongbo_sdk::memory::{MemoryAdapter, MemoryOptions};
use dongbo_sdk::{
    Adapter, AdapterInfo, At, Call, CheckReport, Cursor, Error, ErrorKind, Key, KeySupport, Listed, Listing, Media,
    MediaKey, Page, Post, RemoteCopy, RemoteId, RemoteMedia, RemoteStatus, Removal, Result, Retry, Trace, Visibility,
    Written,
};

/// What a broken adapter does differently from the in-memory one; the rest is passed on.
#[async_trait]
trait Twist: std::fmt::Debug + Send + Sync + 'static {
    async fn check(&self, to: &MemoryAdapter, call: &Call) -> Result<CheckReport> {
        to.check(call).await
    }

    async fn find(&self, to: &MemoryAdapter, call: &Call, trace: &Trace) -> Result<Vec<RemoteCopy>> {
        to.find(call, trace).await
    }

    async fn create(&self, to: &MemoryAdapter, call: &Call, post: &Post) -> Result<Written> {
        to.create(call, post).await
    }

    async fn update(&self, to: &MemoryAdapter, call: &Call, at: &At, post: &Post) -> Result<Written> {
        to.update(call, at, post).await
    }

    async fn withdraw(&self, to: &MemoryAdapter, call: &Call, at: &At, how: Removal) -> Result<Option<RemoteCopy>> {
        to.withdraw(call, at, how).await
    }

    async fn upload(&self, to: &MemoryAdapter, call: &Call, media: &Media) -> Result<RemoteMedia> {
        to.upload(call, media).await
    }

    async fn list(&self, to: &MemoryAdapter, call: &Call, page: (Listing, Option<Cursor>)) -> Result<Page<Listed>> {
        to.list(call, page.0, page.1).await
    }
}

/// The in-memory adapter with a twist.
#[derive(Debug)]
struct Broken<T>(T, MemoryAdapter);

#[async_trait]
impl<T: Twist> Adapter for Broken<T> {
    fn info(&self) -> AdapterInfo {
        self.1.info()
    }

    async fn check(&self, call: &Call) -> Result<CheckReport> {
        self.0.check(&self.1, call).await
    }

    async fn find(&self, call: &Call, trace: &Trace) -> Result<Vec<RemoteCopy>> {
        self.0.find(&self.1, call, trace).await
    }

    async fn read(&self, call: &Call, id: &RemoteId) -> Result<Option<RemoteCopy>> {
        self.1.read(call, id).await
    }

    async fn create(&self, call: &Call, post: &Post) -> Result<Written> {
        self.0.create(&self.1, call, post).await
    }

    async fn update(&self, call: &Call, at: &At, post: &Post) -> Result<Written> {
        self.0.update(&self.1, call, at, post).await
    }

    async fn withdraw(&self, call: &Call, at: &At, how: Removal) -> Result<Option<RemoteCopy>> {
        self.0.withdraw(&self.1, call, at, how).await
    }

    async fn upload(&self, call: &Call, media: &Media) -> Result<RemoteMedia> {
        self.0.upload(&self.1, call, media).await
    }

    async fn list(&self, call: &Call, what: Listing, from: Option<Cursor>) -> Result<Page<Listed>> {
        self.0.list(&self.1, call, (what, from)).await
    }
}

async fn is_noticed(case: &str, wrap: fn(MemoryAdapter) -> Arc<dyn Adapter>) {
    is_noticed_with(MemoryOptions::default(), case, wrap).await;
}

async fn is_noticed_with(options: MemoryOptions, case: &str, wrap: fn(MemoryAdapter) -> Arc<dyn Adapter>) {
    let sound = run_case(&Memory::with(options.clone()), case).await;
    assert_eq!(sound, Verdict::Passed, "the sound adapter, {case}");
    let broken = run_case(&Memory { options, wrap }, case).await;
    assert!(matches!(broken, Verdict::Failed(_)), "the broken adapter, {case}: {broken:?}");
}

/// The copies that the site holds under any key, as a filter that the CMS ignored would give.
async fn everything(adapter: &MemoryAdapter, call: &Call) -> Result<Vec<RemoteCopy>> {
    let mut copies = Vec::new();
    for line in adapter.list(call, Listing::Recent, None).await?.items {
        copies.extend(adapter.read(call, &line.id).await?);
    }
    Ok(copies)
}

/// Believes that the portal filtered by key.
#[derive(Debug)]
struct FindIgnoresTheKey;

#[async_trait]
impl Twist for FindIgnoresTheKey {
    async fn find(&self, to: &MemoryAdapter, call: &Call, _: &Trace) -> Result<Vec<RemoteCopy>> {
        everything(to, call).await
    }
}

#[tokio::test]
async fn a_lookup_that_ignores_the_key_is_noticed() {
    is_noticed("find tells keys apart", |adapter| Arc::new(Broken(FindIgnoresTheKey, adapter))).await;
}

/// Takes an article with the same title for its own.
#[derive(Debug)]
struct FindAdoptsByTitle;

#[async_trait]
impl Twist for FindAdoptsByTitle {
    async fn find(&self, to: &MemoryAdapter, call: &Call, trace: &Trace) -> Result<Vec<RemoteCopy>> {
        let copies = everything(to, call).await?;
        Ok(copies.into_iter().filter(|copy| copy.title == trace.title).collect())
    }
}

#[tokio::test]
async fn a_lookup_that_adopts_is_noticed() {
    is_noticed("find adopts no foreign article", |adapter| Arc::new(Broken(FindAdoptsByTitle, adapter))).await;
}

/// Does not look into the bin.
#[derive(Debug)]
struct FindMissesTheBin;

#[async_trait]
impl Twist for FindMissesTheBin {
    async fn find(&self, to: &MemoryAdapter, call: &Call, trace: &Trace) -> Result<Vec<RemoteCopy>> {
        let hits = to.find(call, trace).await?;
        Ok(hits.into_iter().filter(|copy| copy.status != RemoteStatus::Trashed).collect())
    }
}

#[tokio::test]
async fn a_lookup_that_misses_the_bin_is_noticed() {
    is_noticed("find sees every state", |adapter| Arc::new(Broken(FindMissesTheBin, adapter))).await;
}

/// Shows a failed look-up as absence.
#[derive(Debug)]
struct FindFailsAsAbsence;

#[async_trait]
impl Twist for FindFailsAsAbsence {
    async fn find(&self, to: &MemoryAdapter, call: &Call, trace: &Trace) -> Result<Vec<RemoteCopy>> {
        Ok(to.find(call, trace).await.unwrap_or_default())
    }
}

#[tokio::test]
async fn a_failed_lookup_told_as_absence_is_noticed() {
    is_noticed("a failed look-up is not absence", |adapter| Arc::new(Broken(FindFailsAsAbsence, adapter))).await;
}

fn other_key() -> Key {
    Key::derive("https://khac.example.vn", "1")
}

/// Leaves the key out and tells that it is there.
#[derive(Debug)]
struct CreateForgetsTheKey;

#[async_trait]
impl Twist for CreateForgetsTheKey {
    async fn create(&self, to: &MemoryAdapter, call: &Call, post: &Post) -> Result<Written> {
        let nameless = Post { key: other_key(), ..post.clone() };
        match to.create(call, &nameless).await? {
            Written::Stands(copy) => Ok(Written::Stands(RemoteCopy { key: Some(post.key.clone()), ..copy })),
            pending => Ok(pending),
        }
    }
}

#[tokio::test]
async fn a_create_that_forgets_the_key_is_noticed() {
    is_noticed("a copy carries its key from the start", |adapter| Arc::new(Broken(CreateForgetsTheKey, adapter))).await;
}

/// Makes a hidden object first and gives it the key with a second write.
#[derive(Debug)]
struct CreateNamesLast;

#[async_trait]
impl Twist for CreateNamesLast {
    async fn create(&self, to: &MemoryAdapter, call: &Call, post: &Post) -> Result<Written> {
        let draft = Post { key: other_key(), visibility: Visibility::Draft, ..post.clone() };
        let Written::Stands(made) = to.create(call, &draft).await? else {
            return Err(Error::new(ErrorKind::Unexpected, dongbo_sdk::Operation::Create, "pending"));
        };
        let written = to.create(call, post).await?;
        let at = At { id: made.id, key: other_key(), version: made.version };
        to.withdraw(call, &at, Removal::Delete).await?;
        Ok(written)
    }
}

#[tokio::test]
async fn a_create_that_cannot_be_cut_is_noticed() {
    is_noticed("a cut create ends in one copy", |adapter| Arc::new(Broken(CreateNamesLast, adapter))).await;
}

/// Writes to whatever stands at the address.
#[derive(Debug)]
struct UpdateOverwritesForeign;

#[async_trait]
impl Twist for UpdateOverwritesForeign {
    async fn update(&self, to: &MemoryAdapter, call: &Call, at: &At, post: &Post) -> Result<Written> {
        let standing = to.read(call, &at.id).await?;
        to.site().edit(&at.id, |copy| copy.title.clone_from(&post.title));
        let Some(copy) = standing else { return to.update(call, at, post).await };
        Ok(Written::Stands(copy))
    }
}

#[tokio::test]
async fn an_update_of_a_foreign_article_is_noticed() {
    is_noticed("an update leaves a foreign article alone", |adapter| {
        Arc::new(Broken(UpdateOverwritesForeign, adapter))
    })
    .await;
    is_noticed("an update leaves another key's copy alone", |adapter| {
        Arc::new(Broken(UpdateOverwritesForeign, adapter))
    })
    .await;
}

/// Deletes whatever stands at the address.
#[derive(Debug)]
struct WithdrawDeletesForeign;

#[async_trait]
impl Twist for WithdrawDeletesForeign {
    async fn withdraw(&self, to: &MemoryAdapter, _: &Call, at: &At, _: Removal) -> Result<Option<RemoteCopy>> {
        to.site().remove(&at.id);
        Ok(None)
    }
}

#[tokio::test]
async fn a_withdrawal_of_a_foreign_article_is_noticed() {
    is_noticed("a withdrawal leaves a foreign article alone", |adapter| {
        Arc::new(Broken(WithdrawDeletesForeign, adapter))
    })
    .await;
    is_noticed("a withdrawal leaves another key's copy alone", |adapter| {
        Arc::new(Broken(WithdrawDeletesForeign, adapter))
    })
    .await;
}

/// Takes a copy that is gone for a failure.
#[derive(Debug)]
struct WithdrawWantsACopy;

#[async_trait]
impl Twist for WithdrawWantsACopy {
    async fn withdraw(&self, to: &MemoryAdapter, call: &Call, at: &At, how: Removal) -> Result<Option<RemoteCopy>> {
        if to.read(call, &at.id).await?.is_none() {
            return Err(Error::new(ErrorKind::NotFound, dongbo_sdk::Operation::Withdraw, "nothing is there"));
        }
        to.withdraw(call, at, how).await
    }
}

#[tokio::test]
async fn a_withdrawal_that_wants_a_copy_is_noticed() {
    is_noticed("a second withdrawal is a success", |adapter| Arc::new(Broken(WithdrawWantsACopy, adapter))).await;
}

/// Says that it withdrew and does nothing.
#[derive(Debug)]
struct WithdrawPretends;

#[async_trait]
impl Twist for WithdrawPretends {
    async fn withdraw(&self, _: &MemoryAdapter, _: &Call, _: &At, _: Removal) -> Result<Option<RemoteCopy>> {
        Ok(None)
    }
}

#[tokio::test]
async fn a_withdrawal_that_does_nothing_is_noticed() {
    is_noticed("a withdrawn copy does not reach citizens", |adapter| Arc::new(Broken(WithdrawPretends, adapter))).await;
    is_noticed("a cut withdrawal ends in none", |adapter| Arc::new(Broken(WithdrawPretends, adapter))).await;
}

/// Does not look for the bytes first.
#[derive(Debug)]
struct UploadDuplicates;

#[async_trait]
impl Twist for UploadDuplicates {
    async fn upload(&self, to: &MemoryAdapter, call: &Call, media: &Media) -> Result<RemoteMedia> {
        let mut other = media.clone();
        let number = to.site().media().len();
        other.key = MediaKey::of_sha256(&[u8::try_from(number).unwrap_or(u8::MAX); 32]);
        to.upload(call, &other).await
    }
}

#[tokio::test]
async fn an_upload_that_duplicates_is_noticed() {
    is_noticed("the same bytes become one file", |adapter| Arc::new(Broken(UploadDuplicates, adapter))).await;
    is_noticed("a cut upload ends in one file", |adapter| Arc::new(Broken(UploadDuplicates, adapter))).await;
}

/// Lets the ledger send a write again that may have worked.
#[derive(Debug)]
struct DoubtBecomesLater;

#[async_trait]
impl Twist for DoubtBecomesLater {
    async fn create(&self, to: &MemoryAdapter, call: &Call, post: &Post) -> Result<Written> {
        let later = |error: Error| match error.retry {
            Retry::FindFirst => error.retry(Retry::Later { after: None }),
            Retry::Never | Retry::Later { .. } => error,
        };
        to.create(call, post).await.map_err(later)
    }
}

#[tokio::test]
async fn a_lost_answer_told_as_later_is_noticed() {
    for case in
        ["a lost answer leaves doubt", "a stalled write leaves doubt", "a server error after a write leaves doubt"]
    {
        is_noticed(case, |adapter| Arc::new(Broken(DoubtBecomesLater, adapter))).await;
    }
}

/// Sees doubt everywhere, so that each refused connection costs a look-up and a grace.
#[derive(Debug)]
struct RefusedBecomesDoubt;

#[async_trait]
impl Twist for RefusedBecomesDoubt {
    async fn create(&self, to: &MemoryAdapter, call: &Call, post: &Post) -> Result<Written> {
        to.create(call, post).await.map_err(|error| error.retry(Retry::FindFirst))
    }
}

#[tokio::test]
async fn doubt_without_cause_is_noticed() {
    is_noticed("a refused connection leaves no doubt", |adapter| Arc::new(Broken(RefusedBecomesDoubt, adapter))).await;
    is_noticed("the fault table holds", |adapter| Arc::new(Broken(RefusedBecomesDoubt, adapter))).await;
}

/// What was sent, as if it stood there.
fn echo(post: &Post, stored: RemoteCopy) -> RemoteCopy {
    RemoteCopy { title: post.title.clone(), summary: post.summary.clone(), body: post.html(), ..stored }
}

/// Takes any status 200 for success.
#[derive(Debug)]
struct PageIsSuccess;

#[async_trait]
impl Twist for PageIsSuccess {
    async fn create(&self, to: &MemoryAdapter, call: &Call, post: &Post) -> Result<Written> {
        match to.create(call, post).await {
            Err(error) if error.kind == ErrorKind::Protocol => {
                let hits = to.site().under(&post.key);
                let copy = hits.into_iter().next().map(|object| object.copy);
                copy.map(|copy| Written::Stands(echo(post, copy))).ok_or(error)
            }
            ended => ended,
        }
    }
}

#[tokio::test]
async fn a_web_page_taken_for_success_is_noticed() {
    is_noticed("a web page is not taken for success", |adapter| Arc::new(Broken(PageIsSuccess, adapter))).await;
}

/// Tells what was sent instead of what stands.
#[derive(Debug)]
struct ReplyEchoes;

#[async_trait]
impl Twist for ReplyEchoes {
    async fn create(&self, to: &MemoryAdapter, call: &Call, post: &Post) -> Result<Written> {
        match to.create(call, post).await? {
            Written::Stands(copy) => Ok(Written::Stands(echo(post, copy))),
            pending => Ok(pending),
        }
    }
}

#[tokio::test]
async fn a_reply_that_echoes_is_noticed() {
    is_noticed("the reply is the stored form", |adapter| Arc::new(Broken(ReplyEchoes, adapter))).await;
}

/// Cuts a title to the width of a column that it does not mention.
#[derive(Debug)]
struct TitleIsCut;

#[async_trait]
impl Twist for TitleIsCut {
    async fn create(&self, to: &MemoryAdapter, call: &Call, post: &Post) -> Result<Written> {
        let title = post.title.chars().take(190).collect();
        to.create(call, &Post { title, ..post.clone() }).await
    }
}

#[tokio::test]
async fn a_title_cut_in_silence_is_noticed() {
    is_noticed("a long title is whole or refused", |adapter| Arc::new(Broken(TitleIsCut, adapter))).await;
}

/// Treats text as HTML.
#[derive(Debug)]
struct TitleLosesSigns;

#[async_trait]
impl Twist for TitleLosesSigns {
    async fn create(&self, to: &MemoryAdapter, call: &Call, post: &Post) -> Result<Written> {
        let title = post.title.replace("&amp;", "&");
        to.create(call, &Post { title, ..post.clone() }).await
    }
}

#[tokio::test]
async fn a_title_that_loses_signs_is_noticed() {
    is_noticed("signs that mean something to html stay text", |adapter| Arc::new(Broken(TitleLosesSigns, adapter)))
        .await;
}

/// Forgets what else than the text may be corrected.
#[derive(Debug)]
struct UpdateForgetsTheSummary;

#[async_trait]
impl Twist for UpdateForgetsTheSummary {
    async fn update(&self, to: &MemoryAdapter, call: &Call, at: &At, post: &Post) -> Result<Written> {
        let summary = to.read(call, &at.id).await?.map(|copy| copy.summary).unwrap_or_default();
        to.update(call, at, &Post { summary, ..post.clone() }).await
    }
}

#[tokio::test]
async fn an_update_that_forgets_a_field_is_noticed() {
    is_noticed("an update reaches each field", |adapter| Arc::new(Broken(UpdateForgetsTheSummary, adapter))).await;
}

/// Loses what stands at the turn of a page.
#[derive(Debug)]
struct ListSkips;

#[async_trait]
impl Twist for ListSkips {
    async fn list(
        &self,
        to: &MemoryAdapter,
        call: &Call,
        (what, from): (Listing, Option<Cursor>),
    ) -> Result<Page<Listed>> {
        let mut page = to.list(call, what, from.clone()).await?;
        if from.is_some() {
            page.items.remove(0);
        }
        Ok(page)
    }
}

#[tokio::test]
async fn a_list_that_skips_is_noticed() {
    is_noticed("a list shows each of our copies once", |adapter| Arc::new(Broken(ListSkips, adapter))).await;
}

/// Tries its rights out by writing.
#[derive(Debug)]
struct CheckWrites;

#[async_trait]
impl Twist for CheckWrites {
    async fn check(&self, to: &MemoryAdapter, call: &Call) -> Result<CheckReport> {
        to.site().plant("Bài thử", "<p>Thử quyền</p>", None);
        to.check(call).await
    }
}

#[tokio::test]
async fn a_check_that_writes_is_noticed() {
    is_noticed("check changes nothing", |adapter| Arc::new(Broken(CheckWrites, adapter))).await;
}

/// Shows a secret in an error.
#[derive(Debug)]
struct SecretShows;

#[async_trait]
impl Twist for SecretShows {
    async fn create(&self, to: &MemoryAdapter, call: &Call, post: &Post) -> Result<Written> {
        to.create(call, post).await.map_err(|error| error.with("password", SECRET))
    }
}

/// Shows a secret in the log.
#[derive(Debug)]
struct SecretIsLogged;

#[async_trait]
impl Twist for SecretIsLogged {
    async fn create(&self, to: &MemoryAdapter, call: &Call, post: &Post) -> Result<Written> {
        tracing::trace!(authorization = SECRET, "request");
        to.create(call, post).await
    }
}

#[tokio::test]
async fn a_secret_that_shows_is_noticed() {
    is_noticed("no secret shows", |adapter| Arc::new(Broken(SecretShows, adapter))).await;
    is_noticed("no secret shows", |adapter| Arc::new(Broken(SecretIsLogged, adapter))).await;
}

/// Sends a request past the kit, without a span and without the script.
#[derive(Debug)]
struct RequestWithoutSpan;

#[async_trait]
impl Twist for RequestWithoutSpan {
    async fn check(&self, to: &MemoryAdapter, call: &Call) -> Result<CheckReport> {
        let quiet = tracing::subscriber::NoSubscriber::default();
        tracing::instrument::WithSubscriber::with_subscriber(to.check(call), quiet).await
    }
}

#[tokio::test]
async fn a_request_without_a_span_is_noticed() {
    is_noticed("each request has a span", |adapter| Arc::new(Broken(RequestWithoutSpan, adapter))).await;
}

/// Claims that the portal enforces keys.
#[derive(Debug)]
struct ClaimsToEnforce;

#[async_trait]
impl Twist for ClaimsToEnforce {
    async fn check(&self, to: &MemoryAdapter, call: &Call) -> Result<CheckReport> {
        let mut report = to.check(call).await?;
        report.capabilities.key = KeySupport::Enforced;
        Ok(report)
    }
}

#[tokio::test]
async fn a_key_that_is_not_enforced_is_noticed() {
    let case = "many creates under one key make one copy";
    let sound = MemoryOptions { key: KeySupport::Enforced, ..Default::default() };
    assert_eq!(run_case(&Memory::with(sound), case).await, Verdict::Passed);
    let broken =
        Memory { options: MemoryOptions::default(), wrap: |adapter| Arc::new(Broken(ClaimsToEnforce, adapter)) };
    assert!(matches!(run_case(&broken, case).await, Verdict::Failed(_)));
}
