//! Feeds in XML: floods in every place, entities, truncations, the largest that is read.

use super::{Case, flood, named};

const HEAD: &str = "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Tin</title>";
const TAIL: &str = "</channel></rss>";

/// What is repeated until the input is large.
const PIECES: [&str; 46] = [
    "<a>",
    "</a>",
    "<a/>",
    "<a{n}>",
    "<a></b>",
    "<a b='",
    "<a b=\"1\" b=\"1\" c",
    "<x:y xmlns:x{n}='urn:{n}'/>",
    "<![CDATA[",
    "<![CDATA[<![CDATA[x]]>",
    "]]>",
    "<!--",
    "-->",
    "<!-- -- -->",
    "<?x?>",
    "<?x",
    "<?xml version='1.0' encoding='utf-7'?>",
    "<!DOCTYPE x>",
    "<!DOCTYPE x [<!ENTITY a 'b'>",
    "<!ENTITY a SYSTEM 'file:///etc/passwd'>",
    "&",
    "&amp;",
    "&lt;b&gt;",
    "&#x;",
    "&#0;",
    "&#xD800;",
    "&#99999999999999999999;",
    "&khong-co;",
    "&CounterClockwiseContourIntegral;",
    "<",
    ">",
    "<<>>",
    "'\"",
    "\u{0}",
    "\u{FFFE}",
    "\u{301}",
    "\u{338}",
    "\u{202E}",
    "\u{200D}",
    "<item>",
    "</item>",
    "<item></item>",
    "<title>",
    "<category>c{n}</category>",
    "<link>/a{n}</link>",
    "<media:group><media:content url='/{n}.jpg' medium='image'/></media:group>",
];

/// Where they stand.
const PLACES: [(&str, &str, &str); 7] = [
    ("before the root:", "", "<rss><channel><item><guid>1</guid></item></channel></rss>"),
    ("between items:", "<rss><channel>", "<item><guid>1</guid><title>a</title></item></channel></rss>"),
    ("in an item:", "<rss><channel><item><guid>1</guid><title>a</title>", "</item></channel></rss>"),
    ("in a title:", "<rss><channel><item><guid>1</guid><title>a", "</title></item></channel></rss>"),
    ("in a text:", "<rss><channel><item><guid>1</guid><description>a", "</description></item></channel></rss>"),
    ("in an attribute:", "<rss><channel><item><guid>1</guid><link a=\"", "\"/></item></channel></rss>"),
    (
        "in xhtml:",
        "<feed xmlns='http://www.w3.org/2005/Atom'><entry><id>1</id><content type='xhtml'>",
        "</content></entry></feed>",
    ),
];

const DATES: [&str; 12] = [
    "0000-00-00",
    "9999-12-31T23:59:59Z",
    "-2026-11-24",
    "24/11/99999",
    "Tue, 99 Nov 2026 99:99:99 +9999",
    "2026-11-24T24:00:00+25:59",
    "1e9",
    "٢٤/١١/٢٠٢٦",
    "24/11/2026 08:30:00.99999999999999999999",
    "Thứ",
    "\u{202E}6202/11/42",
    "2026-11-24T08:30:00-00:00:00:00",
];

const ADDRESSES: [&str; 24] = [
    "javascript:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "//",
    "///",
    "http:",
    "http://",
    "https:///a",
    "http:a",
    "http://[::1",
    "http://[::ffff:127.0.0.1]/",
    "http://0x7f.1/",
    "http://a:99999/",
    "http://u:p@a.example.vn@b.example.vn/",
    "http://a.example.vn\\@b.example.vn/",
    "http://xn--/",
    "http://\u{2488}.example.vn/",
    "/../../../../..",
    "?",
    "#",
    "%",
    "/%00%ff%zz",
    "/a\u{0}b\nc\td",
    "/a;jsessionid=1;jsessionid=2?p_p_auth=x&p_p_auth=y",
];

fn rss(items: &str) -> String {
    format!("{HEAD}{items}{TAIL}")
}

fn item(n: usize) -> String {
    format!(
        "<item><title>Bài {n}</title><link>https://portal.example.vn/bai-{n}</link><guid>bai-{n}</guid>\
         <pubDate>Tue, 24 Nov 2026 08:30:00 +0700</pubDate><category>Tin tức</category>\
         <description><![CDATA[<p>Ủy ban nhân dân tỉnh <b>Bắc Ninh</b> ban hành chỉ thị số {n}.</p>]]></description></item>"
    )
}

/// Honest items until the feed is large.
pub(super) fn sound(size: usize) -> Vec<u8> {
    let mut items = String::with_capacity(size);
    for n in 0.. {
        if items.len() >= size {
            break;
        }
        items.push_str(&item(n));
    }
    rss(&items).into_bytes()
}

pub(super) fn cases(size: usize) -> Vec<Case> {
    let floods = PLACES.iter().flat_map(|(place, front, back)| {
        PIECES
            .iter()
            .map(move |piece| Case::new("feed", named(place, piece), format!("{front}{}{back}", flood(piece, size))))
    });
    floods.chain(large(size)).chain(truncated()).chain(small()).collect()
}

/// Floods that need a place of their own.
fn large(size: usize) -> Vec<Case> {
    let fill = |piece: &str| flood(piece, size);
    let half = |piece: &str| flood(piece, size / 2);
    let of = |name: &str, body: String| Case::new("feed", name, body);
    let long = half("x");
    vec![
        of("a name of a tag", rss(&format!("<item><guid>1</guid><{}/></item>", fill("x")))),
        of(
            "long names around many tags",
            rss(&format!(
                "<item><guid>1</guid>{}{}</item>",
                flood(&format!("<{}>", "x".repeat(60_000.min(size / 8))), size / 2),
                half("<a/>")
            )),
        ),
        of(
            "many tags in deep ones",
            rss(&format!("<item><guid>1</guid>{}{}</item>", "<abcdefgh>".repeat(120), fill("<a/>"))),
        ),
        of(
            "a link of the feed before many items",
            rss(&format!("<link>/{long}</link>{}", half("<item><guid>{n}</guid><title>a</title></item>"))),
        ),
        of(
            "a title of the feed before many items",
            rss(&format!("<title>{long}</title>{}", half("<item><guid>{n}</guid><title>a</title></item>"))),
        ),
        of(
            "a base of the feed before many items",
            format!(
                "<rss xml:base='http://a.example.vn/{}'><channel>{}{TAIL}",
                "x".repeat(60_000.min(size / 2)),
                half("<item><guid>{n}</guid><link>a</link><title>a</title></item>")
            ),
        ),
        of(
            "a base of the item before many links",
            rss(&format!(
                "<item xml:base='http://a.example.vn/{}'><guid>1</guid><title>a</title><description><![CDATA[{}]]></description></item>",
                "x".repeat(60_000.min(size / 2)),
                half("<a href=b>c</a>")
            )),
        ),
        of(
            "the longest link before many that are relative",
            rss(&format!(
                "<item><link>http://a.example.vn/{}</link><title>a</title><description><![CDATA[{}]]></description></item>",
                "x".repeat(2_000),
                flood("<a href=b>c</a>", size.min(280_000))
            )),
        ),
        of(
            "one article in thousands of categories",
            rss(&fill("<item><guid>1</guid><title>a</title><category>c{n}</category><category>d{n}</category></item>")),
        ),
        of("one guid for all", rss(&fill("<item><guid>1</guid><title>{n}</title></item>"))),
        of("one link for all", rss(&fill("<item><link>/a</link><title>{n}</title></item>"))),
        of("one article over and over", rss(&fill("<item><guid>1</guid><title>a</title></item>"))),
        of("nothing in any item", rss(&fill("<item></item>"))),
        of(
            "bodies that are refused",
            rss(&fill(&format!(
                "<item><guid>{{n}}</guid><description><![CDATA[{}]]></description></item>",
                "<div>".repeat(300)
            ))),
        ),
        of("as many items as fit", rss(&fill("<item><title>{n}</title></item>"))),
        of("items without an end", rss(&fill("<item><guid>{n}</guid>"))),
        of("items that begin in a text", rss(&fill("<item><guid>{n}</guid><title>"))),
        of("damage in each item", rss(&fill("<item><guid>{n}</guid><a b=\"</item>"))),
        of("sections without an end", rss(&fill("<item><guid>{n}</guid><![CDATA["))),
        of("a huge title", rss(&format!("<item><guid>1</guid><title>{}</title></item>", fill("Chỉ thị ")))),
        of("a huge guid", rss(&format!("<item><title>a</title><guid>{}</guid></item>", fill("g")))),
        of("a huge link", rss(&format!("<item><title>a</title><link>http://a.example.vn/{}</link></item>", fill("g")))),
        of(
            "a huge date",
            rss(&format!("<item><guid>1</guid><title>a</title><pubDate>{}</pubDate></item>", fill("24/11/2026 "))),
        ),
        of(
            "a huge author",
            rss(&format!("<item><guid>1</guid><title>a</title><author>{}</author></item>", fill("a@b ("))),
        ),
        of(
            "a huge picture",
            rss(&format!(
                "<item><guid>1</guid><title>a</title><enclosure type='image/png' url='{}'/></item>",
                fill("g")
            )),
        ),
        of(
            "escaped again and again",
            rss(&format!("<item><guid>1</guid><title>&amp;{}lt;b></title></item>", fill("amp;"))),
        ),
        of(
            "a billion laughs",
            format!(
                "<!DOCTYPE rss [{}]>{}",
                fill("<!ENTITY l{n} '&l;&l;&l;&l;&l;'>"),
                rss("<item><title>&l1;</title></item>")
            ),
        ),
        of(
            "a billion laughs further down",
            rss(&format!(
                "<!DOCTYPE rss [{}]><item><guid>1</guid><title>&l1;</title></item>",
                fill("<!ENTITY l{n} '&l;&l;&l;'>")
            )),
        ),
        of("pieces of letters", rss(&format!("<item><guid>1</guid><title>e{}</title></item>", fill("\u{323}\u{302}")))),
        of("a family of joiners", rss(&format!("<item><guid>1</guid><title>{}</title></item>", fill("👩\u{200D}")))),
        of("blank lines", format!("{}{}", fill("\n"), rss(&item(1)))),
        of("a server's warnings", format!("{}{}", fill("<b>Warning</b>: x in y<br>\n"), rss(&item(1)))),
    ]
}

/// A sound feed, cut at every kind of place.
fn truncated() -> Vec<Case> {
    let whole = rss(&item(1));
    let (letter, places) = (whole.find('Ủ').unwrap_or_default(), whole.len() / 12);
    let cuts = (0..whole.len()).step_by(12).chain([letter + 1, letter + 2, whole.len() - 1]);
    let cases: Vec<Case> =
        cuts.map(|cut| Case::new("feed", format!("cut at {cut}"), whole.as_bytes()[..cut].to_vec())).collect();
    assert!(cases.len() >= places);
    cases
}

fn small() -> impl Iterator<Item = Case> {
    let dates = DATES.iter().map(|date| {
        let body = rss(&format!("<item><guid>1</guid><title>a</title><pubDate>{date}</pubDate></item>"));
        Case::new("feed", named("dated", date), body)
    });
    let addresses = ADDRESSES.iter().map(|address| {
        let address = address.replace('&', "&amp;");
        let body = rss(&format!(
            "<item xml:base='{address}'><guid>{address}</guid><link>{address}</link><title>a</title>\
             <enclosure type='image/png' url='{address}'/>\
             <description>&lt;a href=\"{address}\"&gt;b&lt;/a&gt;&lt;img src=\"{address}\"&gt;</description></item>"
        ));
        Case::new("feed", named("at", &address), body)
    });
    dates.chain(addresses)
}
