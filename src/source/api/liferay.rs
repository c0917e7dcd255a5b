//! Liferay's headless delivery (learn.liferay.com, Headless Delivery v1.0):
//! `/o/headless-delivery/v1.0/sites/{site}/structured-contents`, or
//! `…/blog-postings`. Approved articles only; it mostly asks for an account.

use dongbo_sdk::SecretRef;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::super::json::scalar;
use super::super::raw::{CHILDREN_MAX, Picture, RawItem};
use super::super::text::escape;
use super::{By, ITEMS, Question, Read, Touched};

/// `[source.read.liferay]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table [source.read.liferay]")]
pub struct Config {
    /// Address of an article's page with the place `{slug}` for its friendly
    /// address: `"/web/guest/w/{slug}"`. Default `"/w/{slug}"`.
    pub page: Option<String>,
    /// The field of the structure with the text. Default `"content"`.
    pub body: Option<String>,
    /// The field of the structure with the picture. Default: none.
    pub image: Option<String>,
    /// Value of the `Authorization` header. Sent to the origin of `url` alone.
    pub authorization: Option<SecretRef>,
}

const PAGE: &str = "/w/{slug}";

pub(super) fn address(url: &Url, question: &Question) -> Url {
    let field = match question.by {
        By::Touch => "dateModified",
        By::Publication => "datePublished",
    };
    let mut url = url.clone();
    // The same articles stand on the first pages again, because ids cannot be excluded.
    let page = question.known.len() / ITEMS + 1;
    url.query_pairs_mut()
        .append_pair("filter", &format!("{field} ge {}", question.from))
        .append_pair("sort", &format!("{field}:asc"))
        .append_pair("page", &page.to_string())
        .append_pair("pageSize", &ITEMS.to_string());
    url
}

pub(super) fn latest(url: &Url) -> Url {
    let mut url = url.clone();
    url.query_pairs_mut().append_pair("sort", "dateModified:desc").append_pair("pageSize", &ITEMS.to_string());
    url
}

impl Config {
    pub(super) fn read(&self, answer: &Value, by: By, url: &Url) -> Option<Read> {
        let items = answer.get("items")?.as_array()?;
        let number = |key: &str| answer.get(key).and_then(Value::as_u64);
        let more = number("page").zip(number("lastPage")).is_some_and(|(page, last)| page < last);
        Some(Read { touched: items.iter().map(|item| self.touched(item, by, url)).collect(), passed: Vec::new(), more })
    }

    fn touched(&self, item: &Value, by: By, url: &Url) -> Result<Touched, String> {
        let word = |pointer: &str| item.pointer(pointer).map(scalar).unwrap_or_default();
        let id = word("/id");
        let (published, modified) = (word("/datePublished"), word("/dateModified"));
        let told = match by {
            By::Touch => &modified,
            By::Publication => &published,
        };
        let at: Timestamp = told.parse().map_err(|_| format!("article {id} has no date"))?;
        let slug = word("/friendlyUrlPath");
        let page = self.page.as_deref().unwrap_or(PAGE).replace("{slug}", &slug);
        let link = if slug.is_empty() { None } else { url.join(&page).ok() };
        let first = |one: String, other: String| if one.is_empty() { other } else { one };
        let briefs =
            item.get("taxonomyCategoryBriefs").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let picture = first(self.field(item, self.image.as_deref(), "/image/contentUrl"), word("/image/contentUrl"));
        Ok(Touched {
            at,
            raw: RawItem {
                title: escape(&first(word("/title"), word("/headline"))),
                link: link.map(String::from).unwrap_or_default(),
                guid: first(word("/uuid"), id.clone()),
                description: word("/description"),
                content: first(
                    self.field(item, Some(self.body.as_deref().unwrap_or("content")), "/data"),
                    word("/articleBody"),
                ),
                published,
                updated: modified,
                author: escape(&word("/creator/name")),
                categories: briefs
                    .iter()
                    .filter_map(|brief| brief.get("taxonomyCategoryName").map(scalar))
                    .map(|name| escape(&name))
                    .take(CHILDREN_MAX)
                    .collect(),
                pictures: if picture.is_empty() { Vec::new() } else { vec![Picture { url: picture, rank: 0 }] },
                ..RawItem::default()
            },
            id,
        })
    }

    /// The value of a field of the article's structure.
    fn field(&self, item: &Value, name: Option<&str>, pointer: &str) -> String {
        let fields = item.get("contentFields").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let named = |field: &&Value| name.is_some() && field.get("name").and_then(Value::as_str) == name;
        let value = fields.iter().find(named).and_then(|field| field.get("contentFieldValue"));
        value.and_then(|value| value.pointer(pointer)).map(scalar).unwrap_or_default()
    }
}
