//! An article in a portal's shape becomes a post. Pure.
//!
//! The attribution is a template with `{source}` (the source's name), `{time}`
//! (dd/MM/yyyy HH:mm in Vietnam) and `{url}` (the original's address). The
//! values are escaped; the template itself is HTML by the operator.

use dongbo_sdk::{Capabilities, CategorySupport, Key, Post, RemoteCopy, RemoteMedia};
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use crate::article::Content;
use crate::delivery::Print;
use crate::plan::Shape;

/// Goes into every shape: a renderer that shows the same article differently is a new version.
pub const VERSION: u32 = 1;

/// Shapes an article for a portal. What the portal cannot show is left out; the plan says so.
#[must_use]
pub fn post(key: Key, content: &Content, shape: &Shape, can: &Capabilities, featured: Option<RemoteMedia>) -> Post {
    Post {
        key,
        title: cut(&content.title, can.title_chars_max),
        summary: if can.summary { content.summary.clone() } else { String::new() },
        body: body(content),
        attribution: attribution(&shape.attribution, content, &shape.source_name),
        categories: match can.categories {
            CategorySupport::None => Vec::new(),
            CategorySupport::Match | CategorySupport::Create => shape.categories.clone(),
        },
        missing_category: shape.missing_category,
        tags: Vec::new(),
        published: content.published,
        byline: content.byline.clone(),
        canonical: content.url.clone(),
        featured,
        visibility: shape.visibility,
    }
}

/// The number of a document stands before its text, as on the source's page.
fn body(content: &Content) -> String {
    match &content.number {
        Some(number) => format!("<p>Số, ký hiệu: {}</p>\n{}", escape(number), content.body),
        None => content.body.clone(),
    }
}

fn attribution(template: &str, content: &Content, source: &str) -> String {
    let local = vietnam(content.published);
    template
        .replace("{source}", &escape(source))
        .replace("{time}", &local.strftime("%d/%m/%Y %H:%M").to_string())
        .replace("{url}", &escape(&content.url))
}

/// Asia/Ho_Chi_Minh has had no daylight saving since 1979.
fn vietnam(at: Timestamp) -> jiff::ZonedDateTime {
    at.to_zoned_datetime(TimeZone::fixed(Offset::constant(7)))
}

/// The five characters that mean something in HTML text and attributes.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

/// At most `max` characters, cut before a combining mark's base and marked as cut.
fn cut(text: &str, max: Option<usize>) -> String {
    let Some(max) = max.filter(|&max| text.chars().count() > max) else { return text.to_owned() };
    let kept: String = text.chars().take(max.saturating_sub(1)).collect();
    let whole = kept.rfind(' ').filter(|&at| at > kept.len() / 2).map_or(kept.as_str(), |at| &kept[..at]);
    format!("{}…", whole.trim_end())
}

/// One short hash per field that was read back. Dates count by the minute and
/// categories as a set: every CMS normalises, but it does so the same way each time.
#[must_use]
pub fn print(copy: &RemoteCopy) -> Print {
    let mut categories: Vec<&str> = copy.categories.iter().map(String::as_str).collect();
    categories.sort_unstable();
    let minute = copy.published.map(|at| (at.as_second() / 60).to_string()).unwrap_or_default();
    let fields = [
        copy.title.as_str(),
        copy.summary.as_str(),
        copy.body.as_str(),
        &categories.join("\n"),
        &minute,
        copy.featured.as_ref().map(|id| id.0.as_str()).unwrap_or_default(),
    ];
    let mut print = [0; 24];
    for (short, field) in print.chunks_exact_mut(4).zip(fields) {
        short.copy_from_slice(&blake3::hash(field.as_bytes()).as_bytes()[..4]);
    }
    Print(print)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::Precision;

    fn content() -> Content {
        Content {
            title: "Chỉ đạo khẩn về phòng, chống bão".into(),
            summary: String::new(),
            body: "<p>x</p>".into(),
            published: "2026-11-15T07:05:00Z".parse().unwrap(),
            precision: Precision::Minute,
            byline: None,
            url: "https://portal.example.vn/a?b=1&c=2".into(),
            image: None,
            number: None,
            provenance: crate::article::Provenance::default(),
        }
    }

    #[test]
    fn the_attribution_names_source_time_and_original() {
        assert_eq!(
            attribution(crate::config::ATTRIBUTION, &content(), "Cổng TTĐT tỉnh <Bắc Ninh>"),
            r#"<p><em>Nguồn: Cổng TTĐT tỉnh &lt;Bắc Ninh&gt;, 15/11/2026 14:05. <a href="https://portal.example.vn/a?b=1&amp;c=2">Xem bài gốc</a>.</em></p>"#
        );
    }

    #[test]
    fn a_documents_number_stands_before_its_text() {
        let numbered = Content { number: Some("12/CT-UBND <b>".into()), ..content() };
        assert_eq!(body(&numbered), "<p>Số, ký hiệu: 12/CT-UBND &lt;b&gt;</p>\n<p>x</p>");
        assert_eq!(body(&content()), "<p>x</p>");
    }

    #[test]
    fn a_long_title_is_cut_at_a_word() {
        assert_eq!(cut("Ủy ban nhân dân tỉnh", Some(12)), "Ủy ban…");
        assert_eq!(cut("Ủy ban", Some(6)), "Ủy ban");
        assert!(cut(&"đ".repeat(300), Some(150)).chars().count() <= 150);
    }
}
