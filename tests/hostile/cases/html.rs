//! Foreign HTML: what makes the parser's work or its output grow.

use super::{Case, flood, named};

const PIECES: [&str; 56] = [
    "<div>",
    "<p>",
    "</p>",
    "</br>",
    "</div>",
    "<br>",
    "<b>",
    "<b><i><u><s><em><strong><small><code>",
    "<p><b><i><u><s><em><strong><small><code>x",
    "<p><font size={n}>x",
    "<b a={n}>x<p>",
    "<b><div></b>",
    "<b><p></b>",
    "<a><b></a>",
    "<a href=x>",
    "<a href=x><p>",
    "<a href=x{n}><div></a>",
    "<nobr>",
    "<h1><h2>",
    "<li>",
    "<ul><li>",
    "<dd><dt>",
    "<table>",
    "<table><tr><td>",
    "<table></table>",
    "<table>x",
    "<table><img src=x>",
    "<table><b>",
    "<tr>",
    "</tr><td>",
    "<td colspan=999999999 rowspan=999999999>",
    "<caption>",
    "<select><option>",
    "<svg><desc>",
    "<math><mi><svg>",
    "<template>",
    "<script>",
    "<style></style>",
    "<textarea>",
    "<plaintext>",
    "<iframe src='//www.youtube.com/embed/a'>",
    "<img src=x>",
    "<img src=x alt='\u{338}>'>",
    "<!--",
    "<!-->",
    "<?x",
    "<![CDATA[",
    "</",
    "<a b='",
    " a{n}=1",
    "&",
    "&amp;",
    "&#x;",
    "&khong-co;",
    ">",
    "&#x338;<",
];

const LETTERS: [&str; 12] = [
    "\u{0}",
    "\u{301}",
    "\u{338}",
    "\u{323}\u{302}",
    "\u{202E}",
    "\u{200B}",
    "\u{FEFF}",
    "\u{FFFD}",
    "\u{FB2C}",
    "\u{1D160}",
    "ﷺ",
    "각",
];

const PLACES: [(&str, &str, &str); 5] = [
    ("bare:", "", ""),
    ("in a table:", "<table><tr><td>", "</td></tr></table>"),
    ("in the wrong place of a table:", "<p>x<table>", "</table>"),
    ("in an open link:", "<p><a href=/x><b>", ""),
    ("in a tag:", "<p ", ">x</p>"),
];

pub(super) fn sound(size: usize) -> Vec<u8> {
    flood(
        "<p>Ủy ban nhân dân tỉnh <b>Bắc Ninh</b> ban hành <a href=\"/van-ban-{n}\">chỉ thị số {n}</a> về việc \
         tăng cường công tác phòng cháy, chữa cháy trên địa bàn.</p>\n",
        size,
    )
    .into_bytes()
}

pub(super) fn cases(size: usize) -> Vec<Case> {
    let floods = PLACES.iter().flat_map(|(place, front, back)| {
        PIECES
            .iter()
            .chain(&LETTERS)
            .map(move |piece| Case::new("html", named(place, piece), format!("{front}{}{back}", flood(piece, size))))
    });
    floods.chain(larger(size)).collect()
}

/// Below the limits of the guard, as near as may be.
fn larger(size: usize) -> Vec<Case> {
    let of = |name: &str, html: String| Case::new("html", name, html);
    let fill = |piece: &str| flood(piece, size);
    vec![
        of("as deep as may be", format!("{}{}", "<div>".repeat(250), fill("<p>x</p>"))),
        of("as deep as may be, with open formatting", format!("{}{}", "<div><b>".repeat(120), fill("<p>x"))),
        of(
            "blocks in open formatting",
            format!("{}{}", "<b><i><u><s><em><strong><small><code>".repeat(3), fill("<p>x")),
        ),
        of("a link of 2,000 bytes that stays open", format!("<a href=/{}>{}", "x".repeat(2_000), "<p>a".repeat(120))),
        of("a text of one word", fill("x")),
        of("a text of entities", fill("&CounterClockwiseContourIntegral;")),
        of("a text that must be escaped", fill("&lt;")),
        of(
            "a picture within a picture's text",
            format!("<img src=x alt=\"{}\">", flood("<img src=y>", size.min(8_000))),
        ),
        of("a picture in the address", fill(&format!("<img src=data:image/png;base64,{}>", "A".repeat(4_000)))),
        of("as many attributes as may be", fill(&format!("<p {}>", flood("a{n}=1 ", 250)))),
        of("a table of one cell a row", format!("<table>{}</table>", fill("<tr><td>x"))),
        of("lists that never end", fill("<li>x<dt>y<dd>z")),
    ]
}
