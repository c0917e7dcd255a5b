//! What foreign HTML may hold, counted as the HTML algorithm would open it.
//!
//! Tags do not tell how deep elements nest: the algorithm ignores some end
//! tags, closes some elements by itself and opens others again. Where the count
//! cannot be exact it is too high; `tests/reading/nesting.rs` compares it with
//! the algorithm.

use std::cell::RefCell;
use std::rc::Rc;

use lol_html::html_content::Element;
use thiserror::Error;
use url::Url;

use super::hidden::Veil;

/// HTML of one field of one item.
pub const INPUT_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Start tags, and as many end tags: one that closes nothing can be an element too.
pub const ELEMENTS_MAX: usize = 20_000;
/// Open elements whose end tag is not optional. Browsers cap at 512.
pub const DEPTH_MAX: usize = 256;
/// Formatting elements that outlive their block. Browsers nest these too, but few editors do it often.
pub const LEAKED_MAX: usize = 1_024;
/// Attributes of one tag.
pub const ATTRIBUTES_MAX: usize = 64;
/// One attribute's value, except `data:` addresses, which are dropped anyway.
pub const ATTRIBUTE_BYTES_MAX: usize = 8 * 1024;

/// Their end tags may be left out, so many open ones are normal.
const OPTIONAL_END: [&str; 9] = ["p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody"];
/// Items close those of their own list that were left open, but never those of
/// the other kind: these nest (WHATWG §13.2.6.4.7, "li", "dd").
const ITEMS: [(&str, &str); 3] = [("li", "list"), ("dt", "terms"), ("dd", "terms")];
/// An end tag outside does not close what is open in these (WHATWG §13.2.4.2, "scope").
const BARRIERS: [&str; 4] = ["table", "td", "th", "caption"];
const TABLE_PARTS: [&str; 7] = ["caption", "thead", "tbody", "tfoot", "tr", "td", "th"];
/// Their end tags never close a block that was opened within.
pub(super) const PHRASING: [&str; 18] = [
    "span", "b", "strong", "i", "em", "u", "s", "small", "code", "del", "ins", "mark", "sub", "sup", "abbr", "cite",
    "q", "a",
];

/// The algorithm opens them again in every block while they are not closed (WHATWG §13.2.4.3).
pub(super) const FORMATTING: [&str; 13] =
    ["b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];

/// Why HTML was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HtmlRefused {
    #[error("the text has {0} bytes, more than {INPUT_BYTES_MAX}")]
    Size(usize),
    #[error("more than {ELEMENTS_MAX} elements")]
    Elements,
    #[error("more than {} entities", super::guard::REFERENCES_MAX)]
    References,
    #[error("elements nested more than {DEPTH_MAX} deep")]
    Depth,
    #[error("more than {ATTRIBUTES_MAX} attributes on one tag")]
    Attributes,
    #[error("an attribute of more than {ATTRIBUTE_BYTES_MAX} bytes")]
    Attribute,
    #[error("an unclosed link would be copied too often")]
    Copies,
    /// lol_html could not go on within its memory, or the markup is ambiguous.
    #[error("the markup cannot be read: {0}")]
    Unreadable(String),
    /// The cleaned text is out of proportion.
    #[error("the cleaned text would be more than {0} bytes")]
    Output(usize),
    /// Cleaning the cleaned text again would change it.
    #[error("the markup does not settle")]
    Unstable,
}

/// What is open.
#[derive(Debug, Default, Clone, Copy)]
struct Open {
    depth: usize,
    /// Elements that are no phrasing, those with optional end tags included.
    blocks: usize,
    barriers: usize,
    formatting: usize,
    /// The list of the item that was opened last.
    item: Option<&'static str>,
}

#[derive(Debug, Default)]
pub(super) struct Count {
    elements: usize,
    open: Open,
    /// Bytes of the values of the open link's attributes.
    link: usize,
    copied: usize,
    copied_max: usize,
    /// Formatting elements that were open when the block around them ended:
    /// the parser opens them again behind it.
    leaked: usize,
    /// `html`, `body` and `head` that came.
    roots: Vec<String>,
    /// Bytes of the address that others stand on, and of its part before the path.
    page: usize,
    site: usize,
    /// Bytes that relative addresses have added, and may add.
    added: usize,
    room: usize,
    /// What readers do not see.
    pub(super) veil: Veil,
    pub(super) refused: Option<HtmlRefused>,
}

pub(super) type Shared = Rc<RefCell<Count>>;

impl Count {
    /// `copied_max`: bytes of an unclosed link's attributes, in all its copies.
    pub(super) fn from_nothing(copied_max: usize) -> Shared {
        Rc::new(RefCell::new(Self { copied_max, ..Self::default() }))
    }

    /// Where relative addresses stand on `base`, and what that adds may be `room` bytes.
    pub(super) fn within(copied_max: usize, base: &Url, room: usize) -> Shared {
        let (page, site) = (base.as_str().len(), base[..url::Position::BeforePath].len());
        Rc::new(RefCell::new(Self { copied_max, page, site, room, ..Self::default() }))
    }

    /// Counts what relative addresses will grow by, before they are a tree's worth of text.
    pub(super) fn addresses(&mut self, element: &Element<'_, '_>) -> Result<(), HtmlRefused> {
        for address in ["href", "src"].iter().filter_map(|name| element.get_attribute(name)) {
            let first = address.trim_start().split(['/', '?', '#']).next().unwrap_or_default();
            self.added += match address.trim_start().chars().next() {
                Some('/') => self.site,
                _ if first.contains(':') => 0,
                Some(_) | None => self.page,
            };
        }
        if self.added > self.room { Err(HtmlRefused::Output(self.room)) } else { Ok(()) }
    }

    /// Formatting elements whose end has not come.
    pub(super) fn formatting(&self) -> usize {
        self.open.formatting + self.leaked
    }

    /// Whether the element of this name is the page's first.
    pub(super) fn first(&mut self, name: &str) -> bool {
        let first = !self.roots.iter().any(|root| root == name);
        if first {
            self.roots.push(name.to_owned());
        }
        first
    }

    pub(super) fn element(&mut self, element: &Element<'_, '_>) -> Result<(), HtmlRefused> {
        self.elements += 1;
        self.copied += self.link;
        let attributes = element.attributes();
        if self.elements > ELEMENTS_MAX {
            return Err(HtmlRefused::Elements);
        }
        if self.copied > self.copied_max {
            return Err(HtmlRefused::Copies);
        }
        if attributes.len() > ATTRIBUTES_MAX {
            return Err(HtmlRefused::Attributes);
        }
        let long = |value: &str| value.len() > ATTRIBUTE_BYTES_MAX && !value.trim_start().starts_with("data:");
        if attributes.iter().any(|attribute| long(&attribute.value())) {
            return Err(HtmlRefused::Attribute);
        }
        Ok(())
    }
}

/// Counts an element as open until its end tag. `phrasing`: that tag never
/// closes a block that was opened within.
pub(super) fn open(
    element: &mut Element<'_, '_>,
    name: &str,
    count: &Shared,
    phrasing: bool,
) -> Result<(), HtmlRefused> {
    let before = count.borrow().open;
    if TABLE_PARTS.contains(&name) && before.barriers == 0 {
        // Outside of a table the parser passes over them, and over their end tags.
        return Ok(());
    }
    let listed = ITEMS.iter().find(|(tag, _)| *tag == name).map(|(_, list)| *list);
    let (blocks, barriers, formatting) = {
        let mut count = count.borrow_mut();
        let open = &mut count.open;
        if !OPTIONAL_END.contains(&name) || listed.is_some() && listed != open.item {
            open.depth += 1;
        }
        open.blocks += usize::from(!PHRASING.contains(&name));
        open.item = listed.or(open.item);
        open.barriers += usize::from(BARRIERS.contains(&name));
        if name == "a" {
            count.link = element.attributes().iter().map(|attribute| attribute.value().len()).sum();
        }
        count.open.formatting += usize::from(FORMATTING.contains(&name));
        if count.open.depth > DEPTH_MAX || count.leaked > LEAKED_MAX {
            return Err(HtmlRefused::Depth);
        }
        (count.open.blocks, count.open.barriers, count.open.formatting)
    };
    let (shared, link, weak) = (Rc::clone(count), name == "a", phrasing || matches!(name, "li" | "p"));
    let Some(handlers) = element.end_tag_handlers() else { return Ok(()) };
    let own = name.to_owned();
    handlers.push(Box::new(move |end| {
        // An outer end tag that closes this element in passing is not its own.
        if end.name() != own {
            return Ok(());
        }
        let mut count = shared.borrow_mut();
        if link {
            count.link = 0;
        }
        // The parser ignores an end tag across a table's wall, and while a block
        // is open in it that of a phrase, of a paragraph, which the block ended,
        // and of an item, whose list may be another; so does the count.
        let crosses = own != "table" && count.open.barriers > barriers;
        let holds_block = weak && count.open.blocks > blocks;
        if !crosses && !holds_block {
            let unclosed = count.open.formatting.saturating_sub(formatting);
            count.leaked += if BARRIERS.contains(&own.as_str()) { 0 } else { unclosed };
            count.open = before;
        }
        Ok(())
    }));
    Ok(())
}
