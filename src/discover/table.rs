//! A `[[source]]` table with comments, as a person would write it. Pure. What
//! strangers say stands in comments on one line, or in quotes.

use std::fmt;

use url::Url;

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
}

impl Table {
    #[must_use]
    pub fn new(id: &str, way: &Way) -> Self {
        Self { notes: Vec::new(), id: id.to_owned(), name: None, url: way.url.clone(), kind: way.kind }
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
        }
    }
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
