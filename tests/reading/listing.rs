//! A category page and an article's page as a Vietnamese portal builds them,
//! and pages that mean harm.

use std::fs;
use std::path::Path;

use dongbo::article::Item;
use dongbo::source::page::{self, Unfilled};
use dongbo::source::paged::{self, Paged};
use dongbo::source::tree::TREE_BYTES_MAX;
use dongbo::source::{Document, Page, ReadError, ReadErrorKind, listing};
use serde::Deserialize;
use serde_json::json;
use url::Url;

const NOW: &str = "2026-11-25T12:00:00Z";

#[derive(Deserialize)]
struct Source {
    listing: listing::Config,
    page: page::Config,
}

fn fixture(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/sources/listing").join(name)).unwrap()
}

fn source() -> Source {
    toml::from_str(&fixture("source.toml")).unwrap()
}

fn read(html: &str) -> Result<paged::Page, ReadError> {
    let url = Url::parse("https://portal.example.vn/chinh-tri").unwrap();
    let document = Document { body: html.as_bytes(), content_type: None, url: &url, now: NOW.parse().unwrap() };
    Paged::Listing(Box::new(source().listing)).read(&url, 0, &document)
}

fn entries() -> Vec<Item> {
    read(&fixture("category.html")).unwrap().items.into_iter().map(Result::unwrap).collect()
}

fn filled(html: &str) -> Result<Item, Unfilled> {
    let entry = entries().remove(0);
    let page = Page { bytes: html.into(), content_type: None, final_url: entry.content.url.parse().unwrap() };
    source().page.fill(entry, &page, NOW.parse().unwrap()).map(|(item, warnings)| {
        assert_eq!(warnings, []);
        item
    })
}

#[test]
fn a_category_page_yields_its_entries_and_the_next_page() {
    let said: Vec<_> = entries()
        .iter()
        .map(|item| {
            let content = &item.content;
            json!([content.title, content.url, content.published.to_string(), content.image, page::is_complete(item)])
        })
        .collect();
    let at = "https://portal.example.vn";
    let expected = json!([
        [
            "Hội nghị trực tuyến về chuyển đổi số & cải cách hành chính",
            format!("{at}/news/-/details/20182/hoi-nghi-truc-tuyen-ve-chuyen-doi-so-116341415"),
            "2026-11-24T07:05:00Z",
            format!("{at}/documents/20182/116341400/anh-1.jpg/5a1c?t=1764000000000"),
            false
        ],
        [
            "Công điện về ứng phó bão số 12",
            format!("{at}/news/-/details/20182/cong-dien-ve-ung-pho-bao-so-12-116340001"),
            "2026-11-23T01:00:00Z",
            format!("{at}/documents/20182/116340000/anh-2.jpg"),
            false
        ],
        ["Bài của cổng khác", "https://lienket.example.vn/tin/9", "2026-11-22T10:30:00Z", null, false],
    ]);
    assert_eq!(json!(said), expected);
    let next = read(&fixture("category.html")).unwrap().next;
    assert_eq!(next.map(String::from).as_deref(), Some("https://portal.example.vn/chinh-tri?trang=2"));
}

#[test]
fn an_articles_page_gives_the_whole_text_with_absolute_pictures_and_nothing_that_acts() {
    let Item { content, .. } = filled(&fixture("article.html")).unwrap();
    assert_eq!(content.title, "Hội nghị trực tuyến về chuyển đổi số & cải cách hành chính");
    let lead = "(BNP) – Sáng 24/11, UBND tỉnh tổ chức hội nghị trực tuyến đến cấp xã về chuyển đổi số.";
    assert_eq!((content.summary.as_str(), content.byline.as_deref()), (lead, Some("Hồng Hà")));
    assert_eq!(content.published, "2026-11-24T07:05:00Z".parse().unwrap());
    let picture = "src=\"https://portal.example.vn/documents/20182/116341400/anh-1.jpg/5a1c?t=1764000000000\"";
    for held in ["99 xã, phường</a>", picture, "<td>92%</td>", "rõ thời gian", "watch?v=abc123XYZ"] {
        assert!(content.body.contains(held), "{held}: {}", content.body);
    }
    for gone in ["script", "quảng cáo", "style", "onclick", "Tin liên quan", "iframe"] {
        assert!(!content.body.contains(gone), "{gone}: {}", content.body);
    }
}

#[test]
fn a_login_page_or_another_design_is_no_article() {
    for html in ["<h1>Đăng nhập</h1><form><input name=user></form>", "<html></html>", "{\"a\": 1}"] {
        assert!(matches!(filled(html), Err(Unfilled::Missing { field: "title", .. })), "{html}");
        let error = read(html).map(|page| page.items.len()).unwrap_err();
        assert_eq!(error.kind(), ReadErrorKind::NothingMatched, "{html}");
    }
}

/// The first pass refuses these; without it each would keep the parser busy for minutes.
#[test]
fn pages_that_would_explode_are_refused_whole() {
    let attributes: String = (0..100_000).map(|n| format!(" a{n}=1")).collect();
    let fonts: String = (0..9_000).map(|n| format!("<div><font size={n}>x</div> ")).collect();
    for html in [
        "<div>".repeat(1_000_000),
        "<b><i><u><a href=/>".repeat(100_000),
        "<li><dd>".repeat(9_000),
        "<table><tr><td>".repeat(100_000),
        "<div class=item><a class=title href=/x>a</a>".repeat(50_000),
        format!("<div{attributes}>"),
        fonts,
        "chữ ".repeat(TREE_BYTES_MAX / 4),
    ] {
        let error = read(&html).map(|page| page.items.len()).unwrap_err();
        let kind = error.kind();
        assert!(matches!(kind, ReadErrorKind::Malformed | ReadErrorKind::TooLarge), "{}: {error}", &html[..40]);
        assert!(matches!(filled(&html), Err(Unfilled::Refused(_))), "{}", &html[..40]);
    }
}

#[test]
fn entries_within_entries_are_one_entry() {
    let html = format!(
        "<div class=news-list>{}<a class=title href=/1>Tin</a><span class=date>24/11/2026 14:05</span>",
        "<div class=item>".repeat(200)
    );
    assert_eq!(read(&html).unwrap().items.len(), 1);
}
