//! A whole page as a tree in which CSS selectors find their elements.
//!
//! As in `guard`, a linear pass comes first: the HTML algorithm takes quadratic
//! time on what this pass refuses or takes out. It keeps what selectors hold on
//! to (classes, ids, any short attribute) and so makes nothing safe: what is
//! taken from the tree is as hostile as the page, and is cleaned like a feed's.

use lol_html::html_content::{ContentType, Element};
use scraper::{ElementRef, Html};
use serde::{Deserialize, Deserializer};
use url::Url;

use super::count::{self, ATTRIBUTE_BYTES_MAX, Count, FORMATTING, HtmlRefused, Shared};
use super::error::ReadError;
use super::{charset, guard, hidden, identity, text};

/// A page, decoded. Editors paste pictures into texts as `data:` addresses, so
/// an honest page may be long; they go in the first pass.
pub const PAGE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// What the first pass may leave for the tree, which takes about ten times as much memory.
pub const TREE_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Unclosed formatting elements that keep their attributes: equal ones are
/// kept three times at most by the algorithm itself, different ones are not bounded.
pub const FORMATTING_MAX: usize = 32;
/// How often an unclosed link's attributes may be copied, in bytes. Menus hold hundreds of links.
const COPIED_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Longer selectors are a mistake.
const SELECTOR_BYTES_MAX: usize = 1024;

/// Their end tag closes whatever is open in them (WHATWG §13.2.6.4.7); that of
/// every other element leaves a block open.
const BLOCKS: &str = "address article aside blockquote button caption center dd details dir div dl dt fieldset figcaption \
    figure footer h1 h2 h3 h4 h5 h6 header hgroup li listing main menu nav ol p pre section summary table tbody td tfoot th thead tr ul";

/// A CSS selector (Selectors Level 4, as far as the `scraper` crate reads it).
/// Scripts, frames, forms and comments are not on the page any more when it looks.
#[derive(Debug, Clone)]
pub struct Selector {
    parsed: scraper::Selector,
    written: String,
}

impl Selector {
    /// As the configuration has it.
    #[must_use]
    pub fn written(&self) -> &str {
        &self.written
    }

    pub(super) fn parsed(&self) -> &scraper::Selector {
        &self.parsed
    }

    /// `None` where the text is no selector.
    #[must_use]
    pub fn parse(written: &str) -> Option<Self> {
        let honest = !written.trim().is_empty() && written.len() <= SELECTOR_BYTES_MAX;
        let parsed = honest.then(|| scraper::Selector::parse(written).ok())??;
        Some(Self { parsed, written: written.to_owned() })
    }
}

impl PartialEq for Selector {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Eq for Selector {}

impl<'de> Deserialize<'de> for Selector {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let written = String::deserialize(input)?;
        Self::parse(&written).ok_or_else(|| {
            serde::de::Error::custom("is not a CSS selector; write it as \"div.content\" or \"#contentDetail\"")
        })
    }
}

/// A page, parsed. Not to be sent between threads.
#[derive(Debug)]
pub struct Tree(pub(super) Html);

impl Tree {
    /// Reads a page. `content_type` is the HTTP header. Linear; bound by the processor.
    ///
    /// # Errors
    /// Where the page is empty, too large, or would explode.
    pub fn read(body: &[u8], content_type: Option<&str>) -> Result<Self, ReadError> {
        if body.len() > PAGE_BYTES_MAX {
            return Err(ReadError::TooLarge { what: "bytes of the page", limit: PAGE_BYTES_MAX as u64 });
        }
        let decoded = charset::decode(body, content_type).text;
        if decoded.trim().is_empty() {
            return Err(ReadError::Empty);
        }
        let refused = |refused: HtmlRefused| ReadError::Malformed { at: 0, reason: refused.to_string() };
        let pruned = guard::rewrite(&decoded, admit, Count::from_nothing(COPIED_BYTES_MAX)).map_err(refused)?.html;
        if pruned.len() > TREE_BYTES_MAX {
            return Err(ReadError::TooLarge { what: "bytes of the page's text", limit: TREE_BYTES_MAX as u64 });
        }
        Ok(Self(Html::parse_document(&pruned)))
    }

    /// The page as it was understood; as hostile as it was.
    #[must_use]
    pub fn html(&self) -> String {
        self.0.html()
    }

    /// What the selector finds, in the order of the page, without what lies in
    /// a thing found: together they are no longer than the page.
    pub fn outermost<'a>(&'a self, selector: &'a Selector) -> impl Iterator<Item = Node<'a>> {
        let mut last = None;
        self.all(selector).filter(move |node| {
            let inner = node.0.ancestors().any(|ancestor| Some(ancestor.id()) == last);
            if !inner {
                last = Some(node.0.id());
            }
            !inner
        })
    }

    /// What the selector finds, in the order of the page.
    pub fn all<'a>(&'a self, selector: &'a Selector) -> impl Iterator<Item = Node<'a>> {
        self.0.select(&selector.parsed).map(Node)
    }
}

/// An element of the page.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a>(pub(super) ElementRef<'a>);

impl<'a> Node<'a> {
    /// What the selector finds in this element, itself included.
    pub fn all(self, selector: &'a Selector) -> impl Iterator<Item = Node<'a>> {
        let own = Some(self).filter(|node| selector.parsed.matches(&node.0));
        own.into_iter().chain(self.0.select(&selector.parsed).map(Node))
    }

    /// The links in this element, itself included.
    pub fn links(self) -> impl Iterator<Item = Node<'a>> {
        let elements = std::iter::once(self.0).chain(self.0.descendent_elements());
        elements.map(Node).filter(|node| node.0.value().name() == "a" && node.attribute("href").is_some())
    }

    /// Its content as HTML; of `meta` its `content`, of an empty `time` its `datetime`.
    #[must_use]
    pub fn html(self) -> String {
        let inner = self.0.inner_html();
        let says = match self.0.value().name() {
            "meta" => "content",
            "time" if text::plain(&inner).is_empty() => "datetime",
            _ => return inner,
        };
        text::escape(self.attribute(says).unwrap_or_default())
    }

    /// Its content as plain text on one line.
    #[must_use]
    pub fn text(self) -> String {
        text::plain(&self.html())
    }

    /// The web address that it names: of a link, of a picture (also of one
    /// that is loaded late), of `meta`. Never a `data:` address.
    #[must_use]
    pub fn address(self, base: &Url) -> Option<Url> {
        let names = ["href", "data-src", "data-original", "src", "content"];
        names.iter().filter_map(|name| self.attribute(name)).find_map(|address| identity::link(address, base))
    }

    /// The tag's name, in small letters.
    #[must_use]
    pub fn name(self) -> &'a str {
        self.0.value().name()
    }

    #[must_use]
    pub fn parent(self) -> Option<Self> {
        self.0.parent().and_then(ElementRef::wrap).map(Self)
    }

    #[must_use]
    pub fn attribute(self, name: &str) -> Option<&'a str> {
        self.0.attr(name)
    }
}

/// Counts an element and takes off what no selector needs.
fn admit(element: &mut Element<'_, '_>, counted: &Shared) -> Result<(), HtmlRefused> {
    if element.attributes().len() <= guard::ATTRIBUTES_MAX {
        keep_short_attributes(element);
    }
    counted.borrow_mut().element(element)?;
    let name = element.tag_name();
    match name.as_str() {
        "iframe" => match guard::player(element) {
            Some(link) => element.replace(&link, ContentType::Html),
            None => element.remove(),
        },
        gone if guard::REMOVED_WITH_CONTENT.contains(&gone) => guard::remove(element),
        // The end of a form closes nothing in it, and a marquee keeps what is open outside from being closed.
        "form" | "marquee" => guard::unwrap(element),
        // Their end tags close nothing, and a second one only adds its attributes to the first.
        "html" | "body" | "head" => once(element, &name, counted),
        _ if !element.can_have_content() => {}
        _ => {
            if FORMATTING.contains(&name.as_str()) && counted.borrow().formatting() >= FORMATTING_MAX {
                strip(element);
            }
            return count::open(element, &name, counted, BLOCKS.split(' ').all(|block| block != name));
        }
    }
    Ok(())
}

/// Handlers say nothing, nor does a `style`, unless it hides what the content
/// firewall should see; long values are pictures or a framework's state.
fn keep_short_attributes(element: &mut Element<'_, '_>) {
    let useless = |name: &str, value: &str| {
        name == "style" && !hidden::hides(value)
            || name.starts_with("on")
            || value.len() > ATTRIBUTE_BYTES_MAX
            || value.starts_with("data:")
    };
    let attributes = element.attributes().iter();
    let gone: Vec<String> = attributes
        .filter(|attribute| useless(&attribute.name(), &attribute.value()))
        .map(lol_html::html_content::Attribute::name)
        .collect();
    gone.iter().for_each(|name| element.remove_attribute(name));
}

fn once(element: &mut Element<'_, '_>, name: &str, count: &Shared) {
    if !count.borrow_mut().first(name) {
        strip(element);
    }
}

fn strip(element: &mut Element<'_, '_>) {
    let names: Vec<String> = element.attributes().iter().map(lol_html::html_content::Attribute::name).collect();
    names.iter().for_each(|name| element.remove_attribute(name));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(html: &str) -> Tree {
        Tree::read(html.as_bytes(), None).unwrap_or_else(|error| panic!("{error}"))
    }

    fn first(html: &str, selector: &str) -> Option<String> {
        let selector = Selector::parse(selector).unwrap();
        tree(html).all(&selector).next().map(Node::text)
    }

    #[test]
    fn selectors_find_what_editors_left_unclosed() {
        let page = "<html lang=vi><body class=trang><div id=noi-dung><p>Một<p>Hai<div><table><tr><td class=so>12/CT";
        assert_eq!(first(page, "body.trang td.so").as_deref(), Some("12/CT"));
        assert_eq!(first(page, "#noi-dung p + p").as_deref(), Some("Hai"));
        assert_eq!(first(page, "h1"), None);
        let head = "<meta property=\"article:published_time\" content=\"2026-11-24T14:05\"><time datetime=2026></time>";
        assert_eq!(first(head, "meta[property$=published_time]").as_deref(), Some("2026-11-24T14:05"));
        assert_eq!(first(head, "time").as_deref(), Some("2026"));
    }

    #[test]
    fn code_and_frames_are_gone_before_the_tree_and_a_frameworks_state_is_no_reason_to_refuse() {
        let state = "x".repeat(500_000);
        let page = format!(
            "<script>a('<div class=x>')</script><style>b</style><input value={state}><svg><p class=x>c</p></svg>\
             <div class=x onclick=\"d()\" style=\"e\"><iframe src=\"https://e.example.vn/\"></iframe>chữ<img src=\"data:{state}\"></div>"
        );
        let tree = tree(&page);
        let found: Vec<String> = tree.all(&Selector::parse(".x").unwrap()).map(|node| node.0.html()).collect();
        assert_eq!(found, ["<div class=\"x\">chữ<img></div>"]);
    }

    /// Optional end tags and the sections of tables are not counted, but neither adds up.
    const DEPTH_ALLOWED: usize = 3 * guard::DEPTH_MAX + guard::LEAKED_MAX;

    /// How deep the algorithm nested it.
    fn depth(tree: &Tree) -> usize {
        tree.0.tree.nodes().map(|node| node.ancestors().take(2 * DEPTH_ALLOWED).count()).max().unwrap_or(0)
    }

    #[test]
    fn what_would_explode_is_refused_before_the_tree() {
        let refused = |html: &str, reason: &str| {
            let error = Tree::read(html.as_bytes(), None).unwrap_err();
            assert!(format!("{error}").contains(reason), "{reason}: {error}");
        };
        for piece in [
            "<div>",
            "<x-a><div></x-a>",
            "<form><div></form>",
            "<div></body><body>",
            "<x-a><span><p></x-a></p>",
            "<section></td><td><section>",
            "<font><font></button><button>",
            "<section><span>",
        ] {
            refused(&piece.repeat(600), "nested");
        }
        refused(&"<br>".repeat(guard::ELEMENTS_MAX + 1), "elements");
        refused(&format!("<a href={}>{}", "x".repeat(2_000), "<p>a".repeat(5_000)), "copied");
        refused(&"chữ ".repeat(TREE_BYTES_MAX / 4), "bytes");
        refused(&"chữ ".repeat(PAGE_BYTES_MAX / 4), "bytes");
        assert!(matches!(Tree::read(b" \n", None), Err(ReadError::Empty)));
    }

    #[test]
    fn formatting_that_is_never_closed_is_not_opened_again_and_again() {
        let open: String = (0..1_000).map(|n| format!("<div><b class=a{n}>x</div>")).collect();
        let nodes = tree(&open).0.tree.nodes().count();
        assert!(nodes < 1_000 * (FORMATTING_MAX + 6) * 2, "{nodes} nodes");
        let closed: String = (0..1_000).map(|n| format!("<div><b class=a{n}>x</b></div>")).collect();
        assert_eq!(first(&closed, "b.a999").as_deref(), Some("x"), "honest pages keep their classes");
    }

    #[test]
    fn a_second_root_adds_nothing_to_the_first() {
        let roots: String = (0..5_000).map(|n| format!("<body a{n}=1><html b{n}=2>")).collect();
        assert_eq!(tree(&roots).0.root_element().value().attrs().count(), 1);
    }

    const TAGS: [&str; 28] = [
        "<x-a>",
        "</x-a>",
        "<form>",
        "</form>",
        "<button>",
        "</button>",
        "<section>",
        "</section>",
        "<span>",
        "</span>",
        "<li>",
        "</li>",
        "<dd>",
        "<ul>",
        "</ul>",
        "<p>",
        "</p>",
        "<table>",
        "</table>",
        "<td>",
        "</td>",
        "</body>",
        "<body>",
        "<font color=x>",
        "</font>",
        "<h1>",
        "<svg>",
        "<object>",
    ];

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { cases: 150, ..Default::default() })]
        #[test]
        fn whatever_is_repeated_nests_no_deeper_than_the_first_pass_allows(
            piece in proptest::collection::vec(proptest::sample::select(TAGS.to_vec()), 1..7),
        ) {
            if let Ok(tree) = Tree::read(piece.concat().repeat(1_500).as_bytes(), None) {
                proptest::prop_assert!(depth(&tree) <= DEPTH_ALLOWED, "{}", depth(&tree));
            }
        }
    }

    #[test]
    fn a_selector_is_refused_where_it_is_none() {
        for wrong in ["", " ", "div[", "::", "p >", "a:nope(", &"a".repeat(SELECTOR_BYTES_MAX + 1)] {
            assert!(Selector::parse(wrong).is_none(), "{wrong}");
        }
        assert_eq!(Selector::parse("h1#a, .b > c:not(.d)").unwrap().written(), "h1#a, .b > c:not(.d)");
    }
}
