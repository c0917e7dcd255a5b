//! One raw item becomes an article, or a reason why it cannot.

use jiff::Timestamp;
use url::Url;

use super::clean::{self, cleaned};
use super::feed::{SAMPLE_CHARS, Warning};
use super::guard::Pruned;
use super::raw::RawItem;
use super::xml::Scan;
use super::{date, identity, legacy, text};
use crate::article::{Content, Item, Name, Precision, Provenance};

/// A longer title is cut at a word. Titles of directives pass 150 often, 300 hardly ever.
pub const TITLE_CHARS_MAX: usize = 500;
/// A title made of an article's first words.
pub const MADE_TITLE_CHARS: usize = 80;
pub const SUMMARY_CHARS_MAX: usize = 5_000;
pub const BYLINE_CHARS_MAX: usize = 200;
pub const CATEGORY_CHARS_MAX: usize = 200;
pub const CREDIT_CHARS_MAX: usize = 200;
/// Room for every registered tag (RFC 5646 §4.4.1).
pub const LANGUAGE_CHARS_MAX: usize = 35;

/// What an item is read against.
#[derive(Debug)]
pub struct Context {
    /// Where the feed was read.
    url: Url,
    /// What relative addresses of the feed stand on.
    base: Url,
    /// The feed's own page, where it lies on the feed's host.
    site: Option<Url>,
    /// The feed's language.
    language: Option<String>,
    /// The minutes of its dates mean nothing.
    pub(super) hours_only: bool,
    now: Timestamp,
    pub(super) warnings: Vec<Warning>,
    pub(super) stopped: bool,
}

/// Why an item cannot become an article.
#[derive(Debug)]
pub struct Bad {
    pub reason: String,
    pub identity: Option<Name>,
}

impl Context {
    #[must_use]
    pub fn new(url: Url, now: Timestamp) -> Self {
        Self {
            base: url.clone(),
            url,
            site: None,
            language: None,
            hours_only: false,
            now,
            warnings: Vec::new(),
            stopped: false,
        }
    }

    /// Takes up what the feed has said of itself so far.
    pub(super) fn feed(&mut self, scan: &Scan) {
        if let Some(base) = scan.base.as_deref().and_then(|base| identity::base(base, &self.url)) {
            self.base = base;
        }
        let site = scan.site.as_deref().and_then(|site| identity::link(site, &self.base));
        self.site = site.filter(|site| site.host_str() == self.url.host_str());
        self.language = scan.language.as_deref().and_then(language);
    }

    /// What the feed says of itself, as far as it shapes its items.
    pub(super) fn around(&self) -> String {
        let Self { url, base, site, language, hours_only, .. } = self;
        format!("{url} {base} {:?} {language:?} {hours_only}", site.as_ref().map(Url::as_str))
    }

    fn declares_base(&self) -> bool {
        self.base != self.url
    }

    fn warn(&mut self, warning: Warning) {
        if self.warnings.len() < super::feed::WARNINGS_MAX {
            self.warnings.push(warning);
        }
    }
}

/// Cleans, dates and names an item.
///
/// # Errors
/// Where it says nothing, has no name or its text is refused.
pub fn shape(raw: &RawItem, context: &mut Context) -> Result<Item, Bad> {
    let base = base(raw, context);
    let url = address(raw, &base);
    let bad = |reason: String| Bad { reason, identity: name_of(raw, url.as_ref()) };
    // An item without a link leads to the feed's page, at worst to the feed.
    let page = url.clone().or_else(|| context.site.clone()).unwrap_or_else(|| context.url.clone());
    // A declared xml:base governs (RFC 4287 §2); most feeds declare none and mean the item.
    let within = if raw.base.is_some() || context.declares_base() { &base } else { &page };
    let Pruned { html: body, hidden } = field("text", &raw.content, within).map_err(bad)?;
    let Pruned { html: lead, hidden: hidden_lead } = field("summary", &raw.description, within).map_err(bad)?;

    let thumbnail = clean::lift_thumbnail(&lead);
    let summary = text::cut(&text::plain(&lead), SUMMARY_CHARS_MAX);
    let body_says = !text::plain(&body).is_empty() || clean::first_picture(&body).is_some();
    let (lifted, lead) = match thumbnail {
        Some((picture, rest)) => (Some(picture), rest),
        None => (None, lead),
    };
    let body = if body_says { body } else { lead };
    let Some(title) = title(raw, &summary, &body) else {
        return Err(bad("the item has neither a title nor a text".to_owned()));
    };
    let dated = dated(raw, context, &title);
    let read_at = (dated.precision != Precision::Guessed).then_some(dated.at);
    let named = url.as_ref().filter(|_| !raw.link_is_shared);
    let guid = Some(raw.guid.as_str()).filter(|_| !raw.guid_is_weak || named.is_none());
    let names = identity::names(guid, named, Some((&title, read_at)));
    let image = picture(raw, within).or_else(|| clean::first_picture(&body)).or(lifted);
    let page = identity::canonical(&page);
    if let Some(encoding) = legacy::suspect(&format!("{title} {}", text::plain(&body))) {
        context.warn(Warning::LegacyText { title: title.clone(), encoding: encoding.name() });
    }
    if raw.title.chars().count() > TITLE_CHARS_MAX && title.chars().count() + 1 >= TITLE_CHARS_MAX / 2 {
        context.warn(Warning::TitleCut { title: title.clone() });
    }
    Ok(Item {
        names,
        origin: identity::origin(&page),
        content: Content {
            title,
            summary,
            body,
            published: dated.at,
            precision: dated.precision,
            byline: byline(&raw.author),
            url: page.into(),
            image,
            number: None,
            provenance: provenance(raw, context),
        },
        categories: categories(&raw.categories),
        updated: date::parse(&raw.updated, context.now).filter(|dated| !dated.clamped).map(|dated| dated.at),
        hidden: if hidden.is_empty() { hidden_lead } else { hidden },
    })
}

/// The name by which a damaged item would be known.
#[must_use]
pub fn identity(raw: &RawItem, context: &Context) -> Option<Name> {
    name_of(raw, address(raw, &base(raw, context)).as_ref())
}

fn name_of(raw: &RawItem, url: Option<&Url>) -> Option<Name> {
    let title = one_line(&raw.title, TITLE_CHARS_MAX);
    let titled = (!title.is_empty()).then_some((title.as_str(), None));
    identity::names(Some(&raw.guid), url, titled).into_iter().next()
}

/// What an item says, for the quarantine list.
#[must_use]
pub fn sample(raw: &RawItem) -> String {
    let parts = [&raw.title, &raw.link, &raw.guid, &raw.description, &raw.content];
    let parts = parts.map(|part| part.chars().take(SAMPLE_CHARS).collect::<String>());
    text::fold(&text::normalise(&parts.join(" "))).chars().take(SAMPLE_CHARS).collect()
}

/// Plain text of at most `chars` characters.
#[must_use]
pub fn one_line(html: &str, chars: usize) -> String {
    // Markup and entities take room, but no honest title takes this much.
    let head: String = html.chars().take(chars.saturating_mul(16)).collect();
    text::cut(&text::plain(&head), chars)
}

fn base(raw: &RawItem, context: &Context) -> Url {
    raw.base.as_deref().and_then(|base| identity::base(base, &context.base)).unwrap_or_else(|| context.base.clone())
}

/// The item's own address: its link, else a guid that is one.
fn address(raw: &RawItem, base: &Url) -> Option<Url> {
    identity::link(&text::decode_entities(&raw.link), base).or_else(|| identity::http_url(raw.guid.trim()))
}

fn field(name: &str, html: &str, page: &Url) -> Result<Pruned, String> {
    if html.trim().is_empty() {
        return Ok(Pruned { html: String::new(), hidden: String::new() });
    }
    cleaned(html, page).map_err(|refused| format!("its {name} was refused: {refused}"))
}

fn title(raw: &RawItem, summary: &str, body: &str) -> Option<String> {
    let given = one_line(&raw.title, TITLE_CHARS_MAX);
    if !given.is_empty() {
        return Some(given);
    }
    let words = if summary.is_empty() { text::plain(body) } else { summary.to_owned() };
    (!words.is_empty()).then(|| text::cut(&words, MADE_TITLE_CHARS))
}

fn dated(raw: &RawItem, context: &mut Context, title: &str) -> date::Dated {
    let now = context.now;
    match date::parse(&raw.published, now) {
        Some(dated) => {
            if dated.clamped {
                context.warn(Warning::FutureDate { title: title.to_owned() });
                // Now is another time at the next reading.
                return date::Dated { precision: Precision::Guessed, ..dated };
            }
            if context.hours_only { dated.to_the_hour() } else { dated }
        }
        // The last touch is a good guess, but only a guess: it moves.
        None => match date::parse(&raw.updated, now) {
            Some(touched) => date::Dated { precision: Precision::Guessed, ..touched },
            None => {
                context.warn(Warning::NoDate { title: title.to_owned() });
                date::Dated { at: now, precision: Precision::Guessed, clamped: false }
            }
        },
    }
}

/// `ban-bien-tap@example.vn (Ban Biên tập)` is how RSS 2.0 wants an author; the name is enough.
pub(super) fn byline(author: &str) -> Option<String> {
    let plain = one_line(author, BYLINE_CHARS_MAX);
    let name = match plain.split_once('(') {
        Some((mail, name)) if mail.contains('@') => name.trim_end_matches(')').trim().to_owned(),
        Some(_) | None => plain,
    };
    (!name.is_empty() && !name.contains('@')).then_some(name)
}

fn provenance(raw: &RawItem, context: &Context) -> Provenance {
    let line = one_line(&raw.credit, CREDIT_CHARS_MAX);
    let (named, address) = (identity::http_url(&line), identity::http_url(raw.credit_url.trim()));
    let host = address.or_else(|| named.clone()).and_then(|url| url.host_str().map(str::to_owned));
    // `dc:source` may be an address alone.
    let credit = if named.is_some() || line.is_empty() { host.clone() } else { Some(line) };
    Provenance { credit, host, language: language(&raw.language).or_else(|| context.language.clone()) }
}

/// A language tag by its form: `vi`, `vi-VN`, also as `vi_VN`. Names of languages are none.
fn language(text: &str) -> Option<String> {
    let tag = text.trim().replace('_', "-");
    let mut parts = tag.split('-');
    let primary = parts.next().unwrap_or_default().to_ascii_lowercase();
    let good = matches!(primary.len(), 2 | 3) && primary.bytes().all(|byte| byte.is_ascii_lowercase());
    let rest = parts.all(|part| matches!(part.len(), 1..=8) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    (good && rest && tag.len() <= LANGUAGE_CHARS_MAX).then(|| format!("{primary}{}", &tag[primary.len()..]))
}

fn picture(raw: &RawItem, page: &Url) -> Option<String> {
    let mut pictures: Vec<_> = raw.pictures.iter().collect();
    pictures.sort_by_key(|picture| picture.rank);
    pictures.into_iter().find_map(|picture| identity::link(&picture.url, page)).map(String::from)
}

fn categories(raw: &[String]) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for name in raw {
        let name = one_line(name, CATEGORY_CHARS_MAX);
        if !name.is_empty() && !kept.contains(&name) {
            kept.push(name);
        }
    }
    kept
}
