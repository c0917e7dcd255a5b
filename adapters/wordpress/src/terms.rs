//! Categories and tags: names here, numbers there.
//!
//! WordPress takes numbers and drops unknown ones without a word, so a map
//! from names is kept in memory, read whole on first use, again when a name is
//! missing, and forgotten when an answer shows that a number was dropped.
//! Names that the portal shows are never taken from the map: they come with
//! each answer.

use std::collections::HashMap;
use std::sync::Arc;

use dongbo_sdk::{Call, Error, ErrorKind, MissingCategory, Operation, Post, Result};
use serde_json::json;
use tokio::sync::Mutex;
use unicode_normalization::UnicodeNormalization;

use crate::api::{Api, Write};
use crate::content::{escape, folded, unescape};
use crate::error::{accepted, refusal};
use crate::wire::Term;

/// Terms in one answer; the API's own limit.
const PAGE: usize = 100;
/// Pages of categories that are read; portals have dozens, not thousands.
const PAGES_MAX: usize = 20;
/// Tags of one post that are carried over.
const TAGS_MAX: usize = 20;
/// `wp_terms.name` is varchar(200); a longer name ends in 500 `db_insert_error`
/// (seen on 6.1.9), which would be tried again for ever.
const NAME_CHARS_MAX: usize = 200;
/// Tags whose numbers are remembered.
const TAGS_KNOWN_MAX: usize = 4096;

const CATEGORIES: &str = "wp/v2/categories";
const TAGS: &str = "wp/v2/tags";

type Numbers = Arc<HashMap<String, u64>>;

#[derive(Debug, Default)]
pub(crate) struct Terms {
    /// Held across the reading, so that a burst of posts reads once.
    categories: Mutex<Option<Numbers>>,
    tags: Mutex<HashMap<String, u64>>,
}

impl Terms {
    /// The numbers of the post's categories. A missing one is created where
    /// that was asked for and the account may, else left out.
    pub(crate) async fn categories(&self, api: &Api, call: &Call, step: Operation, post: &Post) -> Result<Vec<u64>> {
        let known = self.numbers(api, call, step, &post.categories).await?;
        let mut numbers = Vec::with_capacity(post.categories.len());
        for name in &post.categories {
            let number = match (look_up(&known, name), post.missing_category) {
                (Some(number), _) => Some(number),
                (None, MissingCategory::Match) => None,
                (None, MissingCategory::Create) => {
                    self.forget().await;
                    ensure(api, call, Write { operation: step, route: CATEGORIES, query: &[] }, name).await?
                }
            };
            numbers.extend(number.filter(|number| !numbers.contains(number)));
        }
        Ok(numbers)
    }

    /// The numbers of the post's tags. WordPress creates a tag or names the one that stands.
    pub(crate) async fn tags(&self, api: &Api, call: &Call, step: Operation, post: &Post) -> Result<Vec<u64>> {
        let mut numbers = Vec::new();
        for name in post.tags.iter().filter(|name| !name.trim().is_empty()).take(TAGS_MAX) {
            let remembered = self.tags.lock().await.get(&folded(name)).copied();
            let number = match remembered {
                Some(number) => Some(number),
                None => ensure(api, call, Write { operation: step, route: TAGS, query: &[] }, name).await?,
            };
            let Some(number) = number else { continue };
            self.remember_tag(name, number).await;
            if !numbers.contains(&number) {
                numbers.push(number);
            }
        }
        Ok(numbers)
    }

    /// Called when an answer shows that a number was dropped.
    pub(crate) async fn forget(&self) {
        *self.categories.lock().await = None;
        self.tags.lock().await.clear();
    }

    /// The map, read anew where it lacks one of `names`.
    async fn numbers(&self, api: &Api, call: &Call, step: Operation, names: &[String]) -> Result<Numbers> {
        let mut known = self.categories.lock().await;
        match known.as_ref() {
            Some(numbers) if names.iter().all(|name| look_up(numbers, name).is_some()) => Ok(numbers.clone()),
            None if names.is_empty() => Ok(Numbers::default()),
            _ => {
                let numbers = Arc::new(by_name(all(api, call, step).await?));
                *known = Some(numbers.clone());
                Ok(numbers)
            }
        }
    }

    async fn remember_tag(&self, name: &str, number: u64) {
        let mut tags = self.tags.lock().await;
        if tags.len() >= TAGS_KNOWN_MAX {
            tags.clear();
        }
        tags.insert(folded(name), number);
    }
}

/// All categories of the site.
pub(crate) async fn all(api: &Api, call: &Call, step: Operation) -> Result<Vec<Term>> {
    let mut terms = Vec::new();
    for page in 1..=PAGES_MAX {
        let page = page.to_string();
        let query = [
            ("per_page", "100"),
            ("page", &page),
            ("hide_empty", "false"),
            ("orderby", "id"),
            ("_fields", "id,name,slug,parent"),
        ];
        let read: Vec<Term> = api.get(call, step, CATEGORIES, &query).await?;
        let last = read.len() < PAGE;
        terms.extend(read);
        if last {
            break;
        }
    }
    Ok(terms)
}

/// The names of the categories with these numbers, for answers that did not embed them.
pub(crate) async fn names(api: &Api, call: &Call, step: Operation, numbers: &[u64]) -> Result<Vec<Term>> {
    let include: Vec<String> = numbers.iter().take(PAGE).map(u64::to_string).collect();
    let query = [
        ("include", include.join(",")),
        ("per_page", PAGE.to_string()),
        ("hide_empty", "false".into()),
        ("_fields", "id,name,slug,parent".into()),
    ];
    let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    api.get(call, step, CATEGORIES, &query).await
}

/// WordPress's own word for no category, in English and in Vietnamese
/// installations: a post without categories is put there by itself. A default
/// category that was given a real name is a category.
pub(crate) fn is_none(term: &Term) -> bool {
    const SLUGS: [&str; 4] = ["uncategorized", "chua-phan-loai", "chua-duoc-phan-loai", "khong-phan-loai"];
    SLUGS.contains(&term.slug.as_str())
}

/// A term's name as people read it.
pub(crate) fn shown(term: &Term) -> String {
    unescape(&term.name).nfc().collect()
}

/// Exact names win over names in another case; among equals the topmost, then the oldest.
fn by_name(mut terms: Vec<Term>) -> HashMap<String, u64> {
    terms.sort_by_key(|term| (term.parent != 0, term.id));
    let mut numbers = HashMap::with_capacity(terms.len() * 2);
    for term in &terms {
        numbers.entry(shown(term)).or_insert(term.id);
    }
    for term in &terms {
        numbers.entry(folded(&shown(term))).or_insert(term.id);
    }
    numbers
}

fn look_up(numbers: &HashMap<String, u64>, name: &str) -> Option<u64> {
    let exact: String = name.nfc().collect();
    numbers.get(&exact).or_else(|| numbers.get(&folded(name))).copied()
}

/// Creates a term or takes the number of the one that stands. `None`: the
/// account may not, or WordPress has no room for such a name.
async fn ensure(api: &Api, call: &Call, write: Write<'_>, name: &str) -> Result<Option<u64>> {
    let (step, name) = (write.operation, escape(name.trim()));
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
        return Ok(None);
    }
    let reply = api.post(call, write, &json!({ "name": name })).await?;
    if reply.status.as_u16() == 400 {
        let refusal = refusal(&reply);
        let standing = refusal.data.get("term_id").and_then(serde_json::Value::as_u64);
        if refusal.code == "term_exists" && standing.is_some() {
            return Ok(standing);
        }
    }
    match accepted(reply) {
        Ok(reply) => Ok(Some(reply.json::<Term>()?.id)),
        Err(error) if error.kind == ErrorKind::Forbidden => Ok(None),
        Err(error) if error.kind == ErrorKind::Conflict => {
            Err(Error::new(ErrorKind::Protocol, step, "WordPress says that a term exists and not which")
                .caused_by(error))
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(id: u64, name: &str, parent: u64) -> Term {
        Term { id, name: name.into(), slug: String::new(), parent }
    }

    #[test]
    fn a_category_is_found_by_what_people_read() {
        let numbers = by_name(vec![
            term(2, "Tin &amp; Bài", 0),
            term(4, "TIN &amp; BÀI", 0),
            term(5, "Chỉ đạo", 9),
            term(7, "Chỉ đạo", 0),
        ]);
        for (name, number) in [
            ("Tin & Bài", Some(2)),
            ("TIN & BÀI", Some(4)),
            ("tin & bài", Some(2)),
            ("CHỈ ĐẠO", Some(7)),
            ("Tin & Bai", None),
            ("Chi\u{309} đa\u{323}o", Some(7)),
        ] {
            assert_eq!(look_up(&numbers, name), number, "{name}");
        }
    }
}
