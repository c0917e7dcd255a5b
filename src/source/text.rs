//! Text on its way to people: NFC, no control characters, entities decoded.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// Rounds of entity decoding in plain text: once for what the feed escaped,
/// once for what its CMS had escaped before.
const DECODE_ROUNDS: usize = 2;
/// An entity's name is no longer than this (the longest of HTML has 31).
const ENTITY_BYTES_MAX: usize = 34;

/// NFC without control characters. Line breaks and tabs stay.
#[must_use]
pub fn normalise(text: &str) -> String {
    let clean = !text.chars().any(unwanted);
    if clean && is_nfc_quick(text.chars()) == IsNormalized::Yes {
        return text.to_owned();
    }
    text.chars().filter(|c| !unwanted(*c)).nfc().collect()
}

/// Characters that XML 1.0 forbids or that only hide or reorder what stands there.
fn unwanted(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => false,
        '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}' | '\u{00AD}' => true,
        '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' => {
            // The joiner holds emoji families together.
            c != '\u{200D}'
        }
        _ => c.is_control(),
    }
}

/// Plain text on one line: tags removed, entities decoded (also where they
/// were escaped twice), white space folded, NFC.
#[must_use]
pub fn plain(html: &str) -> String {
    let mut text = strip_tags(html);
    for _ in 0..DECODE_ROUNDS {
        if !text.contains('&') {
            break;
        }
        text = strip_tags(&decode_entities(&text));
    }
    fold(&normalise(&text))
}

/// Runs of white space (no-break spaces included) become one space.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// Cuts at a word within `chars`, with an ellipsis; never inside a letter with its marks.
#[must_use]
pub fn cut(text: &str, chars: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(chars) else { return text.to_owned() };
    let room = text.char_indices().nth(chars.saturating_sub(1)).map_or(0, |(at, _)| at).min(end);
    let head = &text[..room];
    let head = head.rfind(' ').filter(|at| *at * 2 > head.len()).map_or(head, |at| &head[..at]);
    let head = head.trim_end_matches(|c: char| unicode_normalization::char::is_combining_mark(c) || c == '\u{200D}');
    format!("{}…", head.trim_end_matches([' ', ',', ';', ':', '-']))
}

/// Removes what looks like markup; block tags leave a space. `a < b` stays.
#[must_use]
pub fn strip_tags(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        out.push_str(before);
        let markup = tag[1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'));
        let end = if markup { tag_end(tag) } else { None };
        let Some(end) = end else {
            out.push('<');
            rest = &tag[1..];
            if markup {
                // An unclosed tag: nothing behind it can be closed either.
                out.push_str(rest);
                return out;
            }
            continue;
        };
        if !inline(&tag[1..end]) {
            out.push(' ');
        }
        rest = &tag[end + 1..];
    }
    out.push_str(rest);
    out
}

fn tag_end(tag: &str) -> Option<usize> {
    if tag.starts_with("<!--") { tag.find("-->").map(|at| at + 2) } else { tag.find('>') }
}

fn inline(tag: &str) -> bool {
    let name = tag.trim_start_matches('/');
    let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    ["a", "b", "i", "u", "s", "em", "strong", "span", "font", "sub", "sup", "small", "code", "abbr"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

/// Decodes one layer of HTML entities; what is none stays as it is.
#[must_use]
pub fn decode_entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let name = from[1..].bytes().take(ENTITY_BYTES_MAX).position(|byte| byte == b';').map(|end| &from[1..=end]);
        match name.and_then(entity) {
            Some(value) => {
                out.push_str(&value);
                rest = &from[name.map_or(1, |name| name.len() + 2)..];
            }
            None => {
                out.push('&');
                rest = &from[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// The text of an entity, named without `&` and `;`. A character that no text
/// may hold (a lone surrogate, NUL) is the empty text; an unknown name is `None`.
#[must_use]
pub fn entity(name: &str) -> Option<String> {
    let Some(number) = name.strip_prefix('#') else {
        return named(name);
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    Some(char::from_u32(code).filter(|c| *c != '\0').map(String::from).unwrap_or_default())
}

/// Entities of HTML, of which `amp`, `lt`, `gt`, `quot` and `apos` are those of XML.
fn named(name: &str) -> Option<String> {
    let (first, second) = markup5ever::data::NAMED_ENTITIES.get(format!("{name};").as_str())?;
    let chars = [*first, *second].into_iter().filter(|code| *code != 0).filter_map(char::from_u32);
    Some(chars.collect()).filter(|text: &String| !text.is_empty())
}

/// Escapes text for HTML.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn double_escaping_is_repaired() {
        assert_eq!(plain("Bắc Ninh &amp;quot;số hóa&amp;quot; &amp;amp; hội nhập"), "Bắc Ninh \"số hóa\" & hội nhập");
        assert_eq!(plain("&lt;b&gt;Tin&lt;/b&gt; mới"), "Tin mới");
    }

    #[test]
    fn entities_of_vietnamese_letters_are_known() {
        assert_eq!(plain("C&ocirc;ng t&aacute;c, N&abreve;m &Dstrok;&agrave; &ndash; &apos;"), "Công tác, Năm Đà – '");
    }

    #[test]
    fn what_is_no_markup_stays() {
        assert_eq!(plain("5 < 6 & 7 > 2"), "5 < 6 & 7 > 2");
        assert_eq!(plain("a & b; &khong; c"), "a & b; &khong; c");
        assert_eq!(plain("tỷ lệ <5%"), "tỷ lệ <5%");
    }

    #[test]
    fn blocks_part_words_and_inline_tags_do_not() {
        assert_eq!(plain("<p>Một</p><p>H<b>a</b>i</p><br>Ba"), "Một Hai Ba");
    }

    #[test]
    fn nfd_becomes_nfc_and_controls_vanish() {
        assert_eq!(plain("Ba\u{306}\u{301}c\u{0} \u{8}Ninh\u{200B}"), "Bắc Ninh");
        assert_eq!(plain("&#0;&#xD800;a&#8;"), "a");
    }

    #[test]
    fn a_cut_ends_at_a_word() {
        assert_eq!(cut("Ủy ban nhân dân tỉnh", 12), "Ủy ban…");
        assert_eq!(cut("ngắn", 12), "ngắn");
        assert_eq!(cut(&"x".repeat(50), 10).chars().count(), 10);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,60}", chars in 0_usize..20) {
            let _ = (plain(&text), cut(&text, chars), decode_entities(&text));
        }
    }
}
