//! A `[[source]]` table with comments, as a person would write it. Pure. What
//! strangers say stands in comments on one line, or in quotes.

use std::fmt;

use url::Url;

use super::entries::Entries;
use super::suggest::Selectors;
use super::ways::{Kind, Way};
use crate::config::{ID_CHARS_MAX, is_id};
use crate::probe::page::shown;

/// Characters of one comment.
const NOTE_CHARS_MAX: usize = 300;
/// Characters of a name: it stands in the attribution line.
const NAME_CHARS_MAX: usize = 120;

/// A table under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Comments before the table, one a line.
    pub notes: Vec<String>,
    pub id: String,
    /// What the source calls itself; a suggestion, since anybody can call himself anything.
    pub name: Option<String>,
    pub url: Url,
    pub kind: Kind,
    /// Of a sitemap: paths of articles.
    pub include: Option<String>,
    /// Of a listing.
    pub entries: Option<Entries>,
    /// Where articles stand on their own pages.
    pub page: Option<Selectors>,
}

impl Table {
    #[must_use]
    pub fn new(id: &str, way: &Way) -> Self {
        Self {
            notes: Vec::new(),
            id: id.to_owned(),
            name: None,
            url: way.url.clone(),
            kind: way.kind,
            include: None,
            entries: None,
            page: None,
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for note in &self.notes {
            writeln!(f, "# {}", shown(note, NOTE_CHARS_MAX))?;
        }
        writeln!(f, "[[source]]\nid   = {}", quoted(&self.id))?;
        if let Some(name) = self.name.as_deref().map(|name| shown(name, NAME_CHARS_MAX)).filter(|name| !name.is_empty())
        {
            writeln!(f, "#name = {}", quoted(&name))?;
        }
        writeln!(f, "url  = {}", quoted(self.url.as_str()))?;
        match self.kind {
            Kind::Wordpress => writeln!(f, "[source.read.wordpress]"),
            Kind::Drupal => writeln!(f, "[source.read.drupal]"),
            Kind::Liferay => writeln!(f, "[source.read.liferay]"),
            Kind::WholeFeed | Kind::Feed => Ok(()),
            Kind::Sitemap => {
                writeln!(f, "[source.read.sitemap]")?;
                let include = self.include.as_ref().map(|folder| format!("[{}]", quoted(folder)));
                include.map_or(Ok(()), |include| writeln!(f, "include = {include}"))
            }
            Kind::Listing => self.entries.as_ref().map_or(Ok(()), |entries| listing(f, entries)),
        }?;
        self.page.as_ref().map_or(Ok(()), |selectors| page(f, selectors))
    }
}

fn listing(f: &mut fmt::Formatter<'_>, Entries { items, date, date_format }: &Entries) -> fmt::Result {
    writeln!(f, "[source.read.listing]\nitems = {}", quoted(items))?;
    key(f, "date", date.as_deref())?;
    key(f, "date_format", *date_format)
}

fn page(f: &mut fmt::Formatter<'_>, Selectors { title, lead, body, date, date_format }: &Selectors) -> fmt::Result {
    writeln!(f, "[source.page]")?;
    key(f, "title", title.as_deref())?;
    key(f, "lead", lead.as_deref())?;
    key(f, "body", Some(body))?;
    key(f, "date", date.as_deref())?;
    key(f, "date_format", *date_format)
}

fn key(f: &mut fmt::Formatter<'_>, name: &str, value: Option<&str>) -> fmt::Result {
    value.map_or(Ok(()), |value| writeln!(f, "{name} = {}", quoted(value)))
}

/// A basic string (TOML 1.0) on one line.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

/// An id for a source at this address that none of the others has.
#[must_use]
pub fn id(url: &Url, others: &[&str]) -> String {
    let host = url.host_str().unwrap_or_default().trim_start_matches("www.").to_ascii_lowercase();
    let words = host.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut base = words.collect::<Vec<_>>().join("-");
    base.truncate(ID_CHARS_MAX - 4);
    let base = match base.trim_matches('-') {
        id if is_id(id) => id,
        _ => "nguon",
    };
    let numbered = (2..1000).map(|number| format!("{base}-{number}"));
    let mut ids = std::iter::once(base.to_owned()).chain(numbered);
    ids.find(|id| !others.contains(&id.as_str())).unwrap_or_else(|| base.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::append;
    use crate::source::Paged;
    use crate::source::api::Api;

    fn table(kind: Kind) -> Table {
        Table::new("so-khcn", &Way { kind, url: Url::parse("https://a.example.vn/x?a=%22b'").unwrap() })
    }

    #[test]
    fn every_table_loads_as_what_it_is() {
        let read = |kind| append::source(&table(kind).to_string()).unwrap().read;
        assert!(matches!(read(Kind::Wordpress), Some(Paged::Api(Api::WordPress(_)))));
        assert!(matches!(read(Kind::Drupal), Some(Paged::Api(Api::Drupal(_)))));
        assert!(matches!(read(Kind::Liferay), Some(Paged::Api(Api::Liferay(_)))));
        assert!(read(Kind::Feed).is_none() && read(Kind::WholeFeed).is_none());
        let page = Selectors {
            title: Some("meta[property=\"og:title\"]".into()),
            lead: Some(".sapo".into()),
            body: "div#noi-dung".into(),
            date: Some("time".into()),
            date_format: Some("%d/%m/%Y"),
        };
        let map = Table { include: Some("/tin/".into()), page: Some(page.clone()), ..table(Kind::Sitemap) };
        let source = append::source(&map.to_string()).unwrap();
        assert!(matches!(source.read, Some(Paged::Sitemap(_))));
        assert_eq!(source.page.unwrap().title.unwrap().written(), page.title.clone().unwrap());
        let entries = Entries { items: "ul > li".into(), date: Some(".ngay".into()), date_format: Some("%d/%m/%Y") };
        let list = Table { entries: Some(entries), page: Some(page), ..table(Kind::Listing) };
        assert!(matches!(append::source(&list.to_string()).unwrap().read, Some(Paged::Listing(_))));
    }

    #[test]
    fn what_strangers_say_stays_in_its_line_and_its_quotes() {
        let hostile = "Cổng\n[[portal]]\r\nid = \"x\"\u{2028}\u{1b}[2J\u{202e}\\\"\"\"\"";
        let table = Table { notes: vec![hostile.into()], name: Some(hostile.into()), ..table(Kind::Feed) };
        let text = table.to_string();
        assert_eq!(text.lines().count(), 5, "{text}");
        assert!(!text.chars().any(|c| c != '\n' && c.is_control()) && !text.contains('\u{202e}'), "{text:?}");
        let source = append::source(&text).unwrap();
        assert_eq!((source.id.as_str(), source.url), ("so-khcn", table.url));
        let named = append::source(&text.replace("#name", "name")).unwrap().name;
        assert!(named.contains("[[portal]] id = \"x\"") && named.ends_with("\\\"\"\"\""), "{named}");
        let control = append::source(&text.replace("so-khcn", "x").replace("\"x\"\n", &format!("{}\n", quoted("x"))));
        assert_eq!(control.unwrap().id, "x");
        assert_eq!(quoted("a\u{7f}\tb"), "\"a\\u007F\\u0009b\"");
    }

    #[test]
    fn an_id_is_made_of_the_host_and_is_free() {
        let of = |url: &str, others: &[&str]| id(&Url::parse(url).unwrap(), others);
        assert_eq!(of("https://www.KHCN.bacninh.gov.vn/tin", &[]), "khcn-bacninh-gov-vn");
        assert_eq!(of("http://127.0.0.1:80/", &[]), "127-0-0-1");
        assert_eq!(of("https://a.vn/", &["a-vn", "a-vn-2"]), "a-vn-3");
        assert!(is_id(&of(&format!("https://{}.{}.vn/", "a".repeat(60), "b".repeat(60)), &[])));
        assert!(is_id(&of("http://[::1]/", &[])) && is_id(&of("https://cổng.vn/", &[])));
    }
}
