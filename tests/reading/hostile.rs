//! Feeds that mean harm: each ends in a bounded outcome that says what it was.

use dongbo::article::Item;
use dongbo::source::feed::{ITEMS_MAX, QUARANTINED_MAX, SAMPLE_CHARS, WARNINGS_MAX};
use dongbo::source::item::TITLE_CHARS_MAX;
use dongbo::source::xml::DAMAGES_MAX;
use dongbo::source::{Document, FeedReader, Quarantined, ReadError, ReadErrorKind, Summary, Warning};
use url::Url;

const HEAD: &str = "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Tin</title>";
const TAIL: &str = "</channel></rss>";

struct Outcome {
    items: Vec<Item>,
    quarantined: Vec<Quarantined>,
    summary: Result<Summary, ReadError>,
}

fn read(body: &str) -> Result<Outcome, ReadError> {
    let url = Url::parse("https://portal.example.vn/rss").unwrap();
    let now = "2026-11-24T12:00:00Z".parse().unwrap();
    let mut reading =
        FeedReader::default().read(Document { body: body.as_bytes(), content_type: None, url: &url, now })?;
    let (mut items, mut quarantined) = (Vec::new(), Vec::new());
    for result in reading.by_ref() {
        match result {
            Ok(item) => items.push(item),
            Err(bad) => quarantined.push(bad),
        }
    }
    Ok(Outcome { items, quarantined, summary: reading.finish() })
}

fn kind(body: &str) -> ReadErrorKind {
    match read(body) {
        Err(error) => error.kind(),
        Ok(outcome) => outcome.summary.map(|summary| panic!("{summary:?}")).unwrap_err().kind(),
    }
}

fn item(inner: &str) -> String {
    format!("<item>{inner}</item>")
}

fn good(n: usize) -> String {
    item(&format!("<title>Bài {n}</title><guid>bai-{n}</guid><link>https://portal.example.vn/{n}</link>"))
}

fn reasons(outcome: &Outcome) -> Vec<&str> {
    outcome.quarantined.iter().map(|bad| bad.reason.as_str()).collect()
}

/// A bad item beside two good ones: it alone is kept back.
fn check_alone(bad: &str, reason: &str) {
    let outcome = read(&format!("{HEAD}{}{bad}{}{TAIL}", good(1), good(2))).unwrap();
    let titles: Vec<&str> = outcome.items.iter().map(|item| item.content.title.as_str()).collect();
    assert_eq!(titles, ["Bài 1", "Bài 2"], "{:?}", reasons(&outcome));
    assert_eq!(outcome.quarantined.len(), 1, "{:?}", reasons(&outcome));
    assert!(outcome.quarantined[0].reason.contains(reason), "{:?}", reasons(&outcome));
    assert!(outcome.quarantined[0].sample.chars().count() <= SAMPLE_CHARS);
}

#[test]
fn a_billion_laughs_are_refused_at_the_door() {
    let mut dtd = String::from("<!ENTITY l0 \"ha\">");
    for n in 1..10 {
        dtd.push_str(&format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10)));
    }
    let body = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE rss [{dtd}]><rss><channel>{}</channel></rss>",
        item("<title>&l9;</title>")
    );
    assert_eq!(kind(&body), ReadErrorKind::Doctype);
    let external = "<!DOCTYPE rss SYSTEM \"file:///etc/passwd\" [<!ENTITY % x SYSTEM \"http://127.0.0.1/\">%x;]><rss/>";
    assert_eq!(kind(external), ReadErrorKind::Doctype);
}

#[test]
fn a_doctype_further_down_declares_nothing() {
    let body = format!("{HEAD}<!DOCTYPE x [<!ENTITY a \"ha\">]>{}{TAIL}", item("<title>&a;</title><guid>1</guid>"));
    let outcome = read(&body).unwrap();
    assert_eq!(outcome.items[0].content.title, "&a;");
}

#[test]
fn a_million_nested_elements_end_the_reading() {
    assert_eq!(kind(&format!("<rss>{}", "<a>".repeat(1_000_000))), ReadErrorKind::Malformed);
    check_alone(&item(&format!("<guid>x</guid>{}", "<a>".repeat(1_000_000))), "nested too deeply");
    check_alone(&item(&format!("<guid>x</guid><description>{}", "<a>".repeat(1_000_000))), "nested too deeply");
}

#[test]
fn a_hundred_thousand_attributes_are_one_tag_too_long() {
    let attributes: String = (0..100_000).map(|n| format!(" a{n}=\"1\"")).collect();
    check_alone(&item(&format!("<guid>x</guid><link{attributes}/>")), "too long");
    assert_eq!(kind(&format!("<rss{attributes}><channel/></rss>")), ReadErrorKind::Malformed);
    let spaces: String = (0..100_000).map(|n| format!(" xmlns:n{n}=\"urn:{n}\"")).collect();
    assert_eq!(kind(&format!("<rss{spaces}><channel/></rss>")), ReadErrorKind::Malformed);
}

#[test]
fn bodies_that_would_explode_are_kept_back_alone() {
    let body =
        |html: &str| item(&format!("<title>Xấu</title><guid>xau</guid><description><![CDATA[{html}]]></description>"));
    check_alone(&body(&"<div>".repeat(10_000)), "nested");
    check_alone(&body(&"<br>".repeat(20_001)), "elements");
    let attributes: String = (0..30_000).map(|n| format!(" a{n}=1")).collect();
    check_alone(&body(&format!("<p{attributes}>")), "attributes");
    check_alone(&body(&format!("<p><a href={}>{}", "x".repeat(2_000), "<p>a".repeat(5_000))), "copied");
    check_alone(&body(&"chữ ".repeat(600_000)), "bytes");
    check_alone(&item(&format!("<title>{}</title>", "x".repeat(4 * 1024 * 1024 + 1))), "too large");
}

#[test]
fn a_quarantined_item_is_known_by_its_name() {
    let html = "<div>".repeat(300);
    let bad = item(&format!("<title>Xấu</title><guid>xau</guid><description><![CDATA[{html}]]></description>"));
    let outcome = read(&format!("{HEAD}{bad}{TAIL}")).unwrap();
    assert_eq!(outcome.quarantined[0].identity.as_ref().unwrap().value, "xau");
    assert!(outcome.quarantined[0].sample.starts_with("Xấu"));
}

#[test]
fn fonts_that_are_never_closed_stay_small() {
    let fonts: String = (0..3_000).map(|n| format!("<p><font size={n}>x")).collect();
    let body = item(&format!("<guid>1</guid><title>T</title><description><![CDATA[{fonts}]]></description>"));
    let outcome = read(&format!("{HEAD}{body}{TAIL}")).unwrap();
    assert!(outcome.items[0].content.body.len() < fonts.len());
    assert!(!outcome.items[0].content.body.contains("font"));
}

#[test]
fn a_huge_title_is_cut_and_said_so() {
    let title = "Chỉ thị về việc ".repeat(100_000);
    let outcome = read(&format!("{HEAD}{}{TAIL}", item(&format!("<title>{title}</title><guid>1</guid>")))).unwrap();
    assert!(outcome.items[0].content.title.chars().count() <= TITLE_CHARS_MAX);
    let summary = outcome.summary.unwrap();
    assert!(summary.warnings.iter().any(|warning| matches!(warning, Warning::TitleCut { .. })), "{summary:?}");
}

#[test]
fn items_beyond_the_limit_are_not_read_and_said_so() {
    let items: String = (0..ITEMS_MAX + 10).map(good).collect();
    let outcome = read(&format!("{HEAD}{items}{TAIL}")).unwrap();
    assert_eq!(outcome.items.len(), ITEMS_MAX);
    let summary = outcome.summary.unwrap();
    assert!(summary.warnings.contains(&Warning::TooManyItems));
    assert!(!summary.complete);

    let exact: String = (0..ITEMS_MAX).map(good).collect();
    let summary = read(&format!("{HEAD}{exact}{TAIL}")).unwrap().summary.unwrap();
    assert!(summary.complete && !summary.warnings.contains(&Warning::TooManyItems));
}

#[test]
fn a_reading_that_takes_too_long_stops_and_says_so() {
    let url = Url::parse("https://portal.example.vn/rss").unwrap();
    let (body, now) = (format!("{HEAD}{}{TAIL}", good(1)), "2026-11-24T12:00:00Z".parse().unwrap());
    let reader = FeedReader::with_time(std::time::Duration::ZERO);
    let mut reading = reader.read(Document { body: body.as_bytes(), content_type: None, url: &url, now }).unwrap();
    assert!(reading.next().is_none());
    let summary = reading.finish().unwrap();
    assert!(summary.warnings.contains(&Warning::OutOfTime) && !summary.complete, "{summary:?}");
}

#[test]
fn bad_items_and_warnings_do_not_pile_up() {
    let outcome = read(&format!("{HEAD}{}{}{TAIL}", "<item></item>".repeat(2_000), good(1))).unwrap();
    assert_eq!(outcome.quarantined.len(), QUARANTINED_MAX);
    assert_eq!(outcome.items.len(), 1);
    let undated: String = (0..500).map(good).collect();
    let summary = read(&format!("{HEAD}{undated}{TAIL}")).unwrap().summary.unwrap();
    assert_eq!(summary.warnings.len(), WARNINGS_MAX);
}

#[test]
fn damage_that_leaves_nothing_is_an_error() {
    assert_eq!(kind("<rss><channel><title>x</title><![CDATA[ hở"), ReadErrorKind::Malformed);
    assert_eq!(kind("<rss><channel><title>cụt"), ReadErrorKind::Malformed);
    assert_eq!(kind("<rss"), ReadErrorKind::Malformed);
}

#[test]
fn openings_without_end_cost_one_look_each() {
    // Each of these sends the tokeniser to the end of the text in vain.
    for piece in ["<item><![CDATA[", "<item><!--", "<item><a b=\"", "<item><?x "] {
        let outcome = read(&format!("{HEAD}{}", piece.repeat(3_000))).unwrap();
        assert!(outcome.quarantined.len() <= DAMAGES_MAX + 1, "{piece}: {}", outcome.quarantined.len());
        let summary = outcome.summary.unwrap();
        assert!(!summary.complete, "{piece}: {summary:?}");
        let gave_up = outcome.quarantined.len() > DAMAGES_MAX;
        assert_eq!(summary.warnings.contains(&Warning::TooDamaged), gave_up, "{piece}: {summary:?}");
        assert!(gave_up || piece.ends_with('"'), "{piece}");
    }
}

mod chance {
    use super::read;
    use proptest::prelude::*;

    fn piece() -> impl Strategy<Value = String> {
        let parts = [
            "<item>",
            "</item>",
            "<title>",
            "</title>",
            "<link>",
            "</link>",
            "<guid>1</guid>",
            "<description>",
            "</description>",
            "<![CDATA[",
            "]]>",
            "<!--",
            "-->",
            "&amp;",
            "&",
            "&#0;",
            "&x;",
            "<",
            ">",
            "<content:encoded>",
            "</content:encoded>",
            "<enclosure url='/a.jpg' type='image/png'/>",
            "Bắc Ninh",
            "<p>",
            "</channel>",
            "<?x?>",
            "<!DOCTYPE x>",
            "\u{0}",
            "'\"",
        ];
        prop_oneof![proptest::sample::select(parts.to_vec()).prop_map(str::to_owned), "\\PC{0,6}"]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn no_soup_panics(pieces in proptest::collection::vec(piece(), 0..60), atom in any::<bool>()) {
            let root = if atom { "<feed xmlns='http://www.w3.org/2005/Atom'>" } else { "<rss><channel>" };
            let soup = pieces.concat();
            let soup = if atom { soup.replace("item>", "entry>") } else { soup };
            let _ = read(&format!("{root}{soup}"));
            let _ = read(&soup);
        }
    }
}
