//! HTML that nests deeper than its tags tell: end tags that the algorithm
//! ignores (WHATWG §13.2.6.4.7) and items that do not close each other. On such
//! depth the parser takes quadratic time, so the first pass must see it.

use dongbo::source::guard::{self, DEPTH_MAX, HtmlRefused, LEAKED_MAX};
use proptest::prelude::*;

/// Pieces that the algorithm nests, each within the one before.
const NESTING: [(&str, &str); 9] = [
    ("items of two kinds", "<li><dd>"),
    ("a paragraph's end across a heading", "<p><h1><dd></p>"),
    ("a cell's end without a table", "<div></td><td><div>"),
    ("an item's end across a list", "<li><ul></li>"),
    ("a phrase's end across a block", "<b><div></b>"),
    ("a cell's end across a table", "<td><table></td>"),
    ("a term across a table", "<dd><table><tr><td></dd>"),
    ("formatting that outlives its block", "<div><b>x</div> "),
    ("plain blocks", "<div>"),
];

/// Optional end tags and the sections of tables are not counted, but neither adds up.
const DEPTH_ALLOWED: usize = 3 * DEPTH_MAX + LEAKED_MAX;

/// How deep the algorithm nests it.
fn depth(html: &str) -> usize {
    let tree = scraper::Html::parse_fragment(html).tree;
    tree.nodes().map(|node| node.ancestors().take(2 * DEPTH_ALLOWED).count()).max().unwrap_or(0)
}

fn prune(html: &str) -> Result<guard::Pruned, HtmlRefused> {
    guard::prune(html, &url::Url::parse("https://portal.example.vn/tin/1").unwrap(), usize::MAX)
}

#[test]
fn what_nests_deeper_than_its_tags_tell_is_refused_by_the_first_pass() {
    for (name, piece) in NESTING {
        let start = if piece.starts_with("<td>") { "<table><tr>" } else { "" };
        let html = format!("{start}{}", piece.repeat(1_500));
        assert!(depth(&html) > DEPTH_MAX, "{name} does not nest");
        assert_eq!(prune(&html), Err(HtmlRefused::Depth), "{name}");
    }
}

/// What is taken away is often left open, and ends with the element around it.
#[test]
fn what_is_taken_away_takes_no_other_elements_end_with_it() {
    for (html, pruned) in [
        ("<div><font>một</div><p>hai</p>", "<div>một</div><p>hai</p>"),
        ("<div><a>một</div><p>hai</p>", "<div>một</div><p>hai</p>"),
        ("<p>một<svg>x</p>hai", "<p>một</p>hai"),
        ("<div><object><canvas>x</div>hai", "<div></div>hai"),
        ("<ul><x><y><z></ul>hai", "<ul></ul>hai"),
        ("<div><svg>x</svg>một<font>hai</font></div>ba", "<div>mộthai</div>ba"),
    ] {
        assert_eq!(prune(html).map(|pruned| pruned.html).as_deref(), Ok(pruned), "{html}");
    }
}

#[test]
fn long_lists_whose_items_are_not_closed_pass() {
    for item in ["<li>một", "<dt>một<dd>hai", "<li><b>một</b><dl><dt>hai<dd>ba</dl>", "<li><ul><li>một</ul></li>"]
    {
        let html = format!("<ul>{}</ul>", item.repeat(1_000));
        assert!(prune(&html).is_ok(), "{item}");
    }
}

const TAGS: [&str; 32] = [
    "<li>",
    "</li>",
    "<dd>",
    "</dd>",
    "<dt>",
    "<ul>",
    "</ul>",
    "<dl>",
    "</dl>",
    "<p>",
    "</p>",
    "<div>",
    "</div>",
    "<table>",
    "</table>",
    "<tr>",
    "</tr>",
    "<td>",
    "</td>",
    "<th>",
    "<tbody>",
    "<caption>",
    "</caption>",
    "<b>",
    "</b>",
    "<a href=/x>",
    "</a>",
    "<h1>",
    "<x>",
    "</x>",
    "<svg>",
    "<object>",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]
    #[test]
    fn whatever_is_repeated_nests_no_deeper_than_the_first_pass_allows(
        piece in prop::collection::vec(prop::sample::select(TAGS.to_vec()), 1..7),
        start in prop::sample::select(vec!["", "<table><tr>", "<ul><li>", "<div><p>"]),
    ) {
        let html = format!("{start}{}", piece.concat().repeat(1_500));
        if let Ok(pruned) = prune(&html) {
            prop_assert!(depth(&pruned.html) <= DEPTH_ALLOWED, "{}", depth(&pruned.html));
        }
    }
}
