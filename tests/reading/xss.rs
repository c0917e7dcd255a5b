//! Attacks by script: each is cleaned and given to a browser's own parser, in
//! every place where a portal may put a text. Nothing that acts may come out.

mod browser;
mod payloads;

use std::collections::BTreeSet;

use browser::{Node, added};
use dongbo::source::clean::clean;
use url::Url;

const PAYLOADS_MIN: usize = 600;
/// One in so many payloads may be harmless as written: it waits for a step that changes letters.
const ASLEEP_ONE_IN: usize = 10;

/// Elements that cannot act. Written down here a second time on purpose: the
/// cleaner's own list is what is tested.
const ELEMENTS: &str = "p br hr div span h1 h2 h3 h4 h5 h6 b strong i em u s small code del ins mark sub sup abbr \
    cite q pre blockquote a img figure figcaption ul ol li dl dt dd table caption thead tbody tfoot tr th td";
const ATTRIBUTES: &str = "href src title alt width height start colspan rowspan scope";
const SCHEMES: [&str; 4] = ["http", "https", "mailto", "tel"];

/// Where the text of an article may come to stand: in a page, in a table, or in
/// an editor's form, in a preview or a language that reads it differently.
const PLACES: [(&str, &str); 18] = [
    ("", ""),
    ("<!DOCTYPE html><html><head></head><body><div>", "</div></body></html>"),
    ("<table><tr><td>", "</td></tr></table>"),
    ("<table>", "</table>"),
    ("<p><a href=\"https://a.example.vn/\"><b>", "</b></a></p>"),
    ("<noscript>", "</noscript>"),
    ("<template>", "</template>"),
    ("<textarea>", "</textarea>"),
    ("<title>", "</title>"),
    ("<style>", "</style>"),
    ("<xmp>", "</xmp>"),
    ("<iframe>", "</iframe>"),
    ("<!--", "-->"),
    ("<select>", "</select>"),
    ("<svg>", "</svg>"),
    ("<svg><desc>", "</desc></svg>"),
    ("<math><mtext>", "</mtext></math>"),
    ("<math><annotation-xml encoding=\"text/html\">", "</annotation-xml></math>"),
];

/// What may stand around an attack in an article.
const ARTICLES: [(&str, &str); 6] = [
    ("", ""),
    ("<p>Trước ", " sau</p>"),
    ("<table><tr><td>Trước ", "</td></tr></table>"),
    ("<a href=\"/x\"><b>Trước ", ""),
    ("<ul><li>Trước ", "<li>Sau</ul>"),
    ("<figure><img src=/a.jpg><figcaption>Trước ", "</figcaption></figure>"),
];

fn base() -> Url {
    Url::parse("https://portal.example.vn/tin/1").unwrap()
}

fn has(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|known| known == word)
}

/// What is wrong with one node, as a browser sees it.
fn harm(node: &Node) -> Vec<String> {
    if !has(ELEMENTS, &node.name) {
        return vec![format!("<{}>", node.name)];
    }
    let acts = |(key, value): &&(String, String)| {
        let address = matches!(key.as_str(), "href" | "src");
        !has(ATTRIBUTES, key) || (address && !leads_somewhere(value))
    };
    node.attributes.iter().filter(acts).map(|(key, value)| format!("<{} {key}={value:?}>", node.name)).collect()
}

/// Browsers leave out what hides a scheme, and so does this parser (WHATWG URL §4.4).
fn leads_somewhere(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| SCHEMES.contains(&url.scheme()))
}

/// Everything in a text that could act in some place.
fn survivors(html: &str) -> BTreeSet<String> {
    let places = PLACES.iter().flat_map(|place| [(place, true), (place, false)]);
    places
        .flat_map(|((before, behind), scripting)| added(before, html, behind, scripting))
        .flat_map(|node| harm(&node))
        .collect()
}

fn check(html: &str) {
    let cleaned = clean(html, &base()).unwrap_or_else(|refused| panic!("{html}: {refused}"));
    assert_eq!(survivors(&cleaned), BTreeSet::new(), "{html}\n{cleaned}");
    assert_eq!(clean(&cleaned, &base()).as_deref(), Ok(cleaned.as_str()), "{html}");
    if html.contains("Trước") {
        assert!(cleaned.contains("Trước"), "what stood before the attack is lost: {html}\n{cleaned}");
    }
}

#[test]
fn no_payload_survives_in_any_place() {
    let mut seen = BTreeSet::new();
    let mut asleep = 0;
    for (_, payloads) in payloads::families() {
        for (at, payload) in payloads.into_iter().enumerate() {
            let (front, back) = ARTICLES[at % ARTICLES.len()];
            check(&payload);
            check(&format!("{front}{payload}{back}"));
            asleep += usize::from(added("<div>", &payload, "</div>", true).iter().all(|node| harm(node).is_empty()));
            seen.insert(payload);
        }
    }
    assert!(seen.len() >= PAYLOADS_MIN, "{} payloads", seen.len());
    assert!(asleep * ASLEEP_ONE_IN <= seen.len(), "{asleep} of {} payloads would not act uncleaned", seen.len());
}

#[test]
fn what_acts_is_seen_in_the_place_where_it_acts() {
    for (html, seen) in [
        ("<script>1</script>", "<script>"),
        ("<p onclick=x>", "<p onclick=\"x\">"),
        ("<a href='&#1;java&Tab;script:x'>", "<a href=\"\\u{1}java\\tscript:x\">"),
        ("<img src='data:x'>", "<img src=\"data:x\">"),
        ("<a href=x>", "<a href=\"x\">"),
        ("<p style=x>", "<p style=\"x\">"),
        ("<p><!-- x -->", "<!-->"),
        // Only where noscript is not raw text, where style is none, behind a title's end.
        ("<p title=\"</noscript><img src=x onerror=y>\">", "<img onerror=\"y\">"),
        ("<p title='</style><b onclick=x>'>", "<b onclick=\"x\">"),
        ("</title><b onclick=x>", "<b onclick=\"x\">"),
        ("--><b onclick=x>", "<b onclick=\"x\">"),
    ] {
        assert!(survivors(html).contains(seen), "{html}: {:?}", survivors(html));
    }
    assert_eq!(survivors("<p title=\"&lt;b>\">Chữ <a href=\"https://a.example.vn/\">x</a></p>"), BTreeSet::new());
}
