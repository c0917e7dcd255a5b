//! One article and its copies.

use std::fmt::Write as _;

use serde::Serialize;

use super::{either, state_word, to_wall, when, withdrawn_by};
use crate::article::Provenance;
use crate::delivery::{Hold, Moment, Stands, State, Waiting, Wanted};
use crate::message::Lang;
use crate::store::{ArticleRow, AttemptRow, DeliveryRow, Desk, StoreError, wall};

/// What `dongbo article --json` prints.
#[derive(Debug, Clone, Serialize)]
pub struct Article {
    pub key: String,
    pub title: String,
    pub url: String,
    pub withdrawn: bool,
    /// What its original said: `gone`, `unpublished`; none where a person withdrew it.
    pub withdrawn_by: Option<String>,
    pub published_at: i64,
    pub first_seen_at: i64,
    pub categories: Vec<String>,
    pub sources: Vec<String>,
    /// Whom the article names as its origin, the host of that, and its language.
    pub credit: Option<String>,
    pub credit_host: Option<String>,
    pub language: Option<String>,
    pub copies: Vec<CopyStatus>,
}

#[derive(Debug, Clone, Serialize)]
pub struct CopyStatus {
    pub portal: String,
    pub state: State,
    /// `nothing` or `post`.
    pub wanted: &'static str,
    /// `unknown`, `absent`, `hidden` or `copy`.
    pub stands: &'static str,
    pub url: Option<String>,
    pub remote_id: Option<String>,
    pub written_at: Option<i64>,
    /// No step before this.
    pub not_before: Option<i64>,
    /// Why nothing is done: `parked`, `waiting`, `removed`, `detached`.
    pub hold: Option<&'static str>,
    /// The kind of failure for which it is parked.
    pub kind: Option<&'static str>,
    pub tries: u32,
    /// Newest first.
    pub attempts: Vec<AttemptRow>,
}

impl Article {
    /// # Errors
    /// When the ledger cannot be read.
    pub fn read(desk: &Desk, row: &ArticleRow) -> Result<Self, StoreError> {
        let now = desk.now()?;
        let mut copies = Vec::new();
        for delivery in desk.deliveries(row.id)? {
            copies.push(copy_status(desk, &delivery, now)?);
        }
        let Provenance { credit, host, language } =
            desk.current(row.id)?.map(|content| content.provenance).unwrap_or_default();
        Ok(Self {
            key: row.key.clone(),
            title: row.title.clone(),
            url: row.url.clone(),
            withdrawn: row.withdrawn,
            withdrawn_by: row.withdrawn_by.clone(),
            published_at: row.published,
            first_seen_at: row.first_seen,
            categories: row.categories.clone(),
            sources: row.sources.clone(),
            credit,
            credit_host: host,
            language,
            copies,
        })
    }

    /// For people: the article, then a line for each copy with its last tries.
    #[must_use]
    pub fn text(&self, lang: Lang) -> String {
        let mut text = format!("{}\n{}\n{}\n", self.title, self.url, self.key);
        let _ = writeln!(
            text,
            "{} {}  {}",
            either(lang, "đăng lúc", "published"),
            when(self.published_at, lang),
            self.categories.join(", ")
        );
        let credit = self.credit.as_deref().map(|credit| {
            let host = self.credit_host.as_deref().filter(|host| *host != credit);
            let host = host.map(|host| format!(" ({host})")).unwrap_or_default();
            format!("{} {credit}{host}", either(lang, "theo nguồn", "it names as its origin"))
        });
        let language = self.language.as_deref().map(|tag| format!("{} {tag}", either(lang, "ngôn ngữ", "language")));
        let said: Vec<String> = credit.into_iter().chain(language).collect();
        if !said.is_empty() {
            let _ = writeln!(text, "{}", said.join("; "));
        }
        if self.withdrawn {
            let why = withdrawn_by(self.withdrawn_by.as_deref(), lang);
            let _ = writeln!(text, "{}: {why}", either(lang, "ĐÃ THU HỒI", "WITHDRAWN"));
        }
        for copy in &self.copies {
            let _ = writeln!(text, "{}", copy.line(lang));
            for attempt in &copy.attempts {
                let outcome = attempt.outcome.as_deref().unwrap_or("…");
                let _ = writeln!(text, "    {}  {}  {outcome}", when(attempt.at, lang), attempt.operation);
            }
        }
        text
    }
}

impl CopyStatus {
    fn line(&self, lang: Lang) -> String {
        let mut line = format!("{}  {}", self.portal, state_word(self.state, lang));
        for word in [self.hold, self.kind, self.url.as_deref()].into_iter().flatten() {
            let _ = write!(line, "  {word}");
        }
        line
    }
}

fn copy_status(desk: &Desk, row: &DeliveryRow, now: Moment) -> Result<CopyStatus, StoreError> {
    let delivery = &row.delivery;
    let (hold, kind) = match delivery.hold {
        Hold::None => (None, None),
        Hold::Parked(kind) => (Some("parked"), Some(kind.name())),
        Hold::Waiting(Waiting::Approval) => (Some("waiting"), Some("approval")),
        Hold::Waiting(Waiting::Firewall) => (Some("waiting"), Some("firewall")),
        Hold::Waiting(Waiting::Rejected) => (Some("waiting"), Some("rejected")),
        Hold::Waiting(Waiting::Embargo) => (Some("waiting"), Some("embargo")),
        Hold::Removed => (Some("removed"), None),
        Hold::Detached => (Some("detached"), None),
    };
    let copy = row.copy.as_ref();
    let known = |at: Moment| (at != Moment::NEVER).then(|| to_wall(at, now));
    Ok(CopyStatus {
        portal: row.portal_name.clone(),
        state: delivery.state(),
        wanted: match delivery.wanted {
            Wanted::Nothing => "nothing",
            Wanted::Post(_) => "post",
        },
        stands: match delivery.stands {
            Stands::Unknown => "unknown",
            Stands::Absent => "absent",
            Stands::Hidden => "hidden",
            Stands::Copy(_) => "copy",
        },
        url: copy.and_then(|copy| copy.url.clone()),
        remote_id: copy.map(|copy| copy.id.0.clone()),
        written_at: copy.and_then(|copy| known(copy.written_at)),
        not_before: known(delivery.not_before.max(delivery.quiet_until)).filter(|&at| at > wall()),
        hold,
        kind,
        tries: delivery.tries,
        attempts: desk.attempts(row.last_attempt)?,
    })
}
