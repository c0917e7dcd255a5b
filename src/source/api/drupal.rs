//! Drupal's JSON:API, `/jsonapi/node/article` (drupal.org/docs/core-modules-and-themes/core-modules/jsonapi-module,
//! the format is that of jsonapi.org 1.0), in core since 8.7.
//!
//! Moments are whole seconds since 1970 and several nodes may share one, so
//! the question goes on behind (`changed`, `nid`) and not behind a count.

use std::collections::HashMap;

use dongbo_sdk::SecretRef;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::super::json::scalar;
use super::super::raw::{CHILDREN_MAX, Picture, RawItem};
use super::{ITEMS, Question, Read, Touched};

/// `[source.read.drupal]`. The source's `url` is that of the nodes of one kind:
/// `https://portal.example.vn/jsonapi/node/article`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table [source.read.drupal]")]
pub struct Config {
    /// The field with the text. Default `"body"`.
    pub body: Option<String>,
    /// The field with the picture, such as `"field_image"`, or the way to it
    /// where media are used: `"field_image.field_media_image"`. Default: none.
    pub image: Option<String>,
    /// The field with the categories, such as `"field_tags"`. Default: none.
    pub categories: Option<String>,
    /// Value of the `Authorization` header. Sent to the origin of `url` alone.
    pub authorization: Option<SecretRef>,
}

impl Config {
    pub(super) fn address(&self, url: &Url, question: &Question) -> Url {
        let from = question.from.as_second().to_string();
        let last = question.known.iter().filter_map(|id| id.parse::<u64>().ok()).max();
        let mut url = self.some(url);
        let mut query = url.query_pairs_mut();
        match last {
            None => {
                query
                    .append_pair("filter[since][condition][path]", "changed")
                    .append_pair("filter[since][condition][operator]", ">=")
                    .append_pair("filter[since][condition][value]", &from);
            }
            Some(last) => {
                query.append_pair("filter[any][group][conjunction]", "OR");
                query.append_pair("filter[tie][group][conjunction]", "AND");
                query.append_pair("filter[tie][group][memberOf]", "any");
                let conditions = [
                    ("later", "changed", ">", from.as_str(), "any"),
                    ("same", "changed", "=", from.as_str(), "tie"),
                    ("next", "drupal_internal__nid", ">", &last.to_string(), "tie"),
                ];
                for (name, path, operator, value, group) in conditions {
                    query
                        .append_pair(&format!("filter[{name}][condition][path]"), path)
                        .append_pair(&format!("filter[{name}][condition][operator]"), operator)
                        .append_pair(&format!("filter[{name}][condition][value]"), value)
                        .append_pair(&format!("filter[{name}][condition][memberOf]"), group);
                }
            }
        }
        query.append_pair("sort", "changed,drupal_internal__nid");
        drop(query);
        url
    }

    pub(super) fn latest(&self, url: &Url) -> Url {
        let mut url = self.some(url);
        url.query_pairs_mut().append_pair("sort", "-changed");
        url
    }

    /// Published nodes with what they relate to.
    fn some(&self, url: &Url) -> Url {
        let include: Vec<&str> = [&self.image, &self.categories].into_iter().flatten().map(String::as_str).collect();
        let mut url = url.clone();
        url.query_pairs_mut().append_pair("filter[status]", "1").append_pair("page[limit]", &ITEMS.to_string());
        if !include.is_empty() {
            url.query_pairs_mut().append_pair("include", &include.join(","));
        }
        url
    }

    pub(super) fn read(&self, answer: &Value) -> Option<Read> {
        let nodes = answer.get("data")?.as_array()?;
        let included = Included::of(answer);
        // Nodes that may not be read are left out of a page, so its length tells nothing.
        let more = answer.pointer("/links/next").is_some_and(|next| !next.is_null());
        Some(Read {
            touched: nodes.iter().map(|node| self.touched(node, &included)).collect(),
            passed: Vec::new(),
            more,
        })
    }

    fn touched(&self, node: &Value, included: &Included<'_>) -> Result<Touched, String> {
        let word = |pointer: &str| node.pointer(pointer).map(scalar).unwrap_or_default();
        let id = word("/attributes/drupal_internal__nid");
        let wrong = |field: &str| format!("node {id} has no {field}");
        let changed = word("/attributes/changed");
        let at: Timestamp = changed.parse().map_err(|_| wrong("changed"))?;
        if id.is_empty() {
            return Err(wrong("drupal_internal__nid"));
        }
        let body = self.body.as_deref().unwrap_or("body");
        let alias = word("/attributes/path/alias");
        let categories = self.categories.iter().flat_map(|field| included.follow(node, field));
        let files = self.image.iter().flat_map(|field| included.follow(node, field));
        let name = |resource: &Value| resource.pointer("/attributes/name").map(scalar).filter(|name| !name.is_empty());
        let file = |resource: &Value| resource.pointer("/attributes/uri/url").map(scalar).filter(|url| !url.is_empty());
        Ok(Touched {
            at,
            raw: RawItem {
                title: super::super::text::escape(&word("/attributes/title")),
                link: if alias.is_empty() { format!("/node/{id}") } else { alias },
                guid: word("/id"),
                description: word(&format!("/attributes/{body}/summary")),
                content: word(&format!("/attributes/{body}/processed")),
                published: word("/attributes/created"),
                updated: changed,
                categories: categories.filter_map(name).take(CHILDREN_MAX).collect(),
                pictures: files.filter_map(file).map(|url| Picture { url, rank: 0 }).take(1).collect(),
                ..RawItem::default()
            },
            id,
        })
    }
}

/// Resources that came with the answer, by type and id (jsonapi.org §7.5).
struct Included<'a>(HashMap<(&'a str, &'a str), &'a Value>);

impl<'a> Included<'a> {
    fn of(answer: &'a Value) -> Self {
        let all = answer.get("included").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        Self(all.iter().filter_map(|resource| Some((named(resource)?, resource))).collect())
    }

    /// The resources at the end of a way of relationships: `a.b`.
    fn follow(&self, from: &'a Value, way: &str) -> Vec<&'a Value> {
        let mut here = vec![from];
        for field in way.split('.') {
            let linked = here.iter().filter_map(|resource| resource.pointer(&format!("/relationships/{field}/data")));
            let names = linked.flat_map(|data| match data {
                Value::Array(several) => several.iter().take(CHILDREN_MAX).collect(),
                one => vec![one],
            });
            here = names.filter_map(|name| self.0.get(&named(name)?).copied()).take(CHILDREN_MAX).collect();
        }
        here
    }
}

fn named(resource: &Value) -> Option<(&str, &str)> {
    Some((resource.get("type")?.as_str()?, resource.get("id")?.as_str()?))
}
