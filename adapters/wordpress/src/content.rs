//! What we write into a post's fields, and how we read it back out of them.
//! Pure text. Each pair of functions undoes the other.
//!
//! The marker is an HTML comment, because comments survive WordPress's
//! sanitiser (`wp_kses`, which only collapses `--` in them) for every role.

use std::borrow::Cow;

use dongbo_sdk::Key;
use unicode_normalization::UnicodeNormalization;

const MARKER_OPENS: &str = "<!-- dongbo ";
const MARKER_CLOSES: &str = " -->";
/// `[` as `wp_kses_normalize_entities` writes it (three digits), so that it survives unchanged.
const BRACKET: &str = "&#091;";

/// The content of a post: its HTML and the marker.
///
/// The marker stands inside a last paragraph: behind it `wpautop` would wrap
/// it in an empty one that citizens see as a gap.
pub(crate) fn with_marker(html: &str, key: &Key) -> String {
    let html = disarm_shortcodes(html);
    let at = if html.ends_with("</p>") { html.len() - "</p>".len() } else { html.len() };
    let (head, tail) = html.split_at(at);
    format!("{head}{MARKER_OPENS}{key}{MARKER_CLOSES}{tail}")
}

/// The HTML without markers, and the key of the last marker: ours stands at the end.
pub(crate) fn without_marker(content: &str) -> (String, Option<Key>) {
    let mut html = String::with_capacity(content.len());
    let (mut rest, mut key) = (content, None);
    while let Some((before, marked, after)) = next_marker(rest) {
        html.push_str(before);
        (rest, key) = (after, Some(marked));
    }
    html.push_str(rest);
    (html.replace(BRACKET, "["), key)
}

/// Splits at the first marker that holds a key.
fn next_marker(text: &str) -> Option<(&str, Key, &str)> {
    text.match_indices(MARKER_OPENS).find_map(|(at, opens)| {
        let (word, after) = text[at + opens.len()..].split_once(MARKER_CLOSES)?;
        Some((&text[..at], word.parse().ok()?, after))
    })
}

/// A `[gallery]` in a source's text would run on the portal (Shortcode API).
/// As a character reference it is shown and not run.
fn disarm_shortcodes(html: &str) -> Cow<'_, str> {
    if html.contains('[') { Cow::Owned(html.replace('[', BRACKET)) } else { Cow::Borrowed(html) }
}

/// The key that a slug carries: alone, numbered as a duplicate, or in the bin.
pub(crate) fn key_in_slug(slug: &str) -> Option<Key> {
    const LENGTH: usize = "cs-".len() + 24;
    let (key, tail) = slug.split_at_checked(LENGTH)?;
    let tail = tail.replace("__trashed", "");
    let numbered = tail.strip_prefix('-').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    if tail.is_empty() || numbered { key.parse().ok() } else { None }
}

/// The slugs under which WordPress may keep a key: as sent, as the second and
/// third of the same name, and each of them in the bin.
pub(crate) fn slugs(key: &str) -> String {
    ["", "-2", "-3", "__trashed", "-2__trashed", "-3__trashed", "__trashed-2", "__trashed-3"]
        .map(|tail| format!("{key}{tail}"))
        .join(",")
}

/// Plain text as HTML: titles, summaries and names are HTML in WordPress, and
/// a theme prints a stored `<` as it is.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Longest character reference that is read, without `&` and `;`.
const REFERENCE_MAX: usize = 10;

/// HTML text as plain text: the references that WordPress itself writes and all numeric ones.
pub(crate) fn unescape(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('&') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(REFERENCE_MAX + 2).position(|byte| byte == b';');
        let (shown, read) = end.and_then(|end| Some((reference(&rest[1..end])?, end + 1))).unwrap_or(('&', 1));
        text.push(shown);
        rest = &rest[read..];
    }
    text.push_str(rest);
    text
}

fn reference(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some('\u{a0}'),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

/// How names of categories and tags are compared: composed, in lower case,
/// single spaces. `Ð` (eth) is what some keyboards give for `Đ`.
pub(crate) fn folded(name: &str) -> String {
    let lower: String = name.nfc().flat_map(char::to_lowercase).map(|c| if c == 'ð' { 'đ' } else { c }).collect();
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        "cs-0123456789abcdef01234567".parse().unwrap()
    }

    #[test]
    fn the_marker_and_brackets_come_out_as_they_went_in() {
        for html in ["", "<p>a</p>", "<p>a</p>\n<p>Nguồn: x</p>", "text [gallery ids=\"1\"] [1]", "<ul><li>a</li></ul>"]
        {
            let content = with_marker(html, &key());
            assert!(!content.contains('['), "{content}");
            assert_eq!(without_marker(&content), (html.to_owned(), Some(key())), "{content}");
        }
        assert_eq!(with_marker("<p>a</p>", &key()), "<p>a<!-- dongbo cs-0123456789abcdef01234567 --></p>");
    }

    #[test]
    fn a_mention_of_a_key_is_not_a_marker() {
        for html in ["<a href=\"/cs-0123456789abcdef01234567/\">x</a>", "<!-- dongbo cs-1 -->", "<!-- dongbo "] {
            assert_eq!(without_marker(html), (html.to_owned(), None));
        }
    }

    #[test]
    fn a_slug_carries_its_key_through_numbers_and_the_bin() {
        for tail in ["", "-2", "-12", "__trashed", "-2__trashed", "__trashed-2"] {
            assert_eq!(key_in_slug(&format!("{}{tail}", key())), Some(key()), "{tail}");
        }
        for slug in ["", "tin-tuc", "cs-0123456789abcdef0123456", "cs-0123456789abcdef01234567a", "cs-đđđđđđđđđđđđ"]
        {
            assert_eq!(key_in_slug(slug), None, "{slug}");
        }
        assert!(slugs(key().as_str()).split(',').all(|slug| key_in_slug(slug) == Some(key())));
    }

    #[test]
    fn text_survives_as_html() {
        for text in ["A & B", "a < b > c", "&amp; &lt;", "“Đ” \"x\" 'y' & 😀", "&#8217;", "&;", "&"] {
            assert_eq!(unescape(&escape(text)), text);
        }
        assert_eq!(unescape("Tin &amp; B&#224;i &#x111; &nope; &#xffffffff; &"), "Tin & Bài đ &nope; &#xffffffff; &");
    }

    #[test]
    fn names_are_compared_as_people_read_them() {
        assert_eq!(folded("CHỈ  ĐẠO "), folded("chỉ đạo"));
        assert_eq!(folded("Ðiều hành"), folded("điều hành"));
        assert_eq!(folded("a\u{302}\u{301}"), folded("Ấ"));
        assert_ne!(folded("Tin bai"), folded("Tin bài"));
    }
}
