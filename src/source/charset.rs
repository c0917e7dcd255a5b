//! Bytes to text: byte-order mark, then what the bytes themselves prove, then
//! the HTTP header, the XML declaration or a page's `meta`, and at last a guess.
//!
//! Text with many-byte characters that is valid UTF-8 is UTF-8, whatever the
//! labels say: .NET writes `encoding="utf-16"` over UTF-8 bytes, and no
//! Vietnamese text in a one-byte code page forms valid UTF-8 by chance.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// How far the XML declaration is looked for, in bytes (leading junk included).
const DECLARATION_BYTES: usize = 1024;
/// How much is looked at to guess an encoding, in bytes from the first that is no ASCII.
const GUESS_BYTES: usize = 64 * 1024;
/// One unreadable character among this many bytes is damage, more is another encoding.
const DAMAGE_ONE_IN: usize = 200;

/// Decoded text.
#[derive(Debug, PartialEq, Eq)]
pub struct Decoded {
    pub text: String,
    /// The encoding's WHATWG name.
    pub encoding: &'static str,
    /// Some bytes could not be read and stand as U+FFFD.
    pub damaged: bool,
}

/// Decodes a body. `content_type` is the HTTP header, parameters included.
#[must_use]
pub fn decode(body: &[u8], content_type: Option<&str>) -> Decoded {
    if let Some(text) = utf8(body) {
        return Decoded { text: text.to_owned(), encoding: UTF_8.name(), damaged: false };
    }
    let (encoding, skip) = Encoding::for_bom(body).unwrap_or_else(|| (choose(body, content_type), 0));
    let (text, damaged) = encoding.decode_without_bom_handling(&body[skip..]);
    Decoded { text: text.into_owned(), encoding: encoding.name(), damaged }
}

/// What is UTF-8 throughout is UTF-8, whatever it is called. That is the rule,
/// and the quickest to tell.
fn utf8(body: &[u8]) -> Option<&str> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let utf16 = matches!(body, [b'<', 0, ..] | [0, b'<', ..]);
    simdutf8::basic::from_utf8(body).ok().filter(|_| !utf16)
}

fn choose(body: &[u8], content_type: Option<&str>) -> &'static Encoding {
    match body {
        [b'<', 0, ..] => return UTF_16LE,
        [0, b'<', ..] => return UTF_16BE,
        _ => {}
    }
    let labels = [content_type.and_then(header_label), declared_label(body), meta_label(body)];
    let named = labels.into_iter().flatten().filter_map(|label| Encoding::for_label(label.as_bytes()));
    // A byte stream that starts with ASCII markup is no UTF-16.
    let named = named.into_iter().find(|encoding| *encoding != UTF_16LE && *encoding != UTF_16BE);
    match named {
        Some(encoding) if encoding != UTF_8 => encoding,
        Some(_) | None if mostly_utf8(body) => UTF_8,
        Some(_) | None => guess(body),
    }
}

fn header_label(content_type: &str) -> Option<String> {
    let at = content_type.to_ascii_lowercase().find("charset=")?;
    let value = content_type.get(at + "charset=".len()..)?;
    Some(value.split(';').next()?.trim_matches(['"', '\'', ' ']).to_owned())
}

fn declared_label(body: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&body[..body.len().min(DECLARATION_BYTES)]);
    let declaration = head.get(head.find("<?xml")?..)?.split("?>").next()?.to_owned();
    let value = declaration.get(declaration.find("encoding")? + "encoding".len()..)?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    value[1..].split(quote).next().map(str::to_owned)
}

/// `<meta charset=…>` of a page, in the first [`DECLARATION_BYTES`] as HTML wants it (WHATWG §4.2.5.4).
fn meta_label(body: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&body[..body.len().min(DECLARATION_BYTES)]).to_ascii_lowercase();
    let tag = head.split("<meta").skip(1).find(|tag| tag.contains("charset="))?;
    let label = tag.split("charset=").nth(1)?.trim_start_matches(['"', '\'']);
    Some(label.split(['"', '\'', '>', '/', ' ', ';']).next()?.to_owned())
}

fn mostly_utf8(body: &[u8]) -> bool {
    let bad = body.utf8_chunks().filter(|chunk| !chunk.invalid().is_empty()).count();
    let wide = body.iter().filter(|byte| **byte >= 0xC0).count();
    bad * DAMAGE_ONE_IN <= body.len() && bad * 4 <= wide
}

fn guess(body: &[u8]) -> &'static Encoding {
    let told = &body[body.iter().position(|byte| !byte.is_ascii()).unwrap_or(0)..];
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(&told[..told.len().min(GUESS_BYTES)], true);
    detector.guess(Some(b"vn"), chardetng::Utf8Detection::Deny)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_utf16_label_on_utf8_bytes_survives() {
        let body = "<?xml version=\"1.0\" encoding=\"utf-16\"?><a>Bắc Ninh</a>".as_bytes();
        let decoded = decode(body, Some("text/xml; charset=utf-16"));
        assert!(decoded.text.contains("Bắc Ninh"));
        assert_eq!(decoded.encoding, "UTF-8");
    }

    #[test]
    fn real_utf16_is_read_with_and_without_a_mark() {
        let text = "<?xml version=\"1.0\"?><a>Bắc Ninh</a>";
        let plain: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode(&plain, None).text, text);
        let marked: Vec<u8> = [0xFE, 0xFF].into_iter().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect();
        assert_eq!(decode(&marked, None).text, text);
    }

    #[test]
    fn windows_1258_is_read_by_header_and_by_declaration() {
        let mut body = b"<?xml version=\"1.0\" encoding=\"windows-1258\"?><a>B".to_vec();
        body.extend_from_slice(&[0xE3, 0xEC, b'c', b'<', b'/', b'a', b'>']);
        for header in [None, Some("text/xml; charset=windows-1258")] {
            let text: String =
                unicode_normalization::UnicodeNormalization::nfc(decode(&body, header).text.as_str()).collect();
            assert!(text.ends_with("<a>Bắc</a>"), "{text}");
        }
    }

    #[test]
    fn a_page_names_its_encoding_in_its_head() {
        let head: &[&[u8]] = &[
            b"<meta charset=\"windows-1258\">",
            b"<META http-equiv=content-type content='text/html; charset=windows-1258'/>",
        ];
        for head in head {
            let body = [*head, b"<p>B\xE3\xECc</p>"].concat();
            let text: String =
                unicode_normalization::UnicodeNormalization::nfc(decode(&body, None).text.as_str()).collect();
            assert!(text.ends_with("<p>Bắc</p>"), "{text}");
        }
    }

    #[test]
    fn one_broken_character_does_not_change_the_encoding() {
        let mut body = "Ủy ban nhân dân tỉnh Bắc Ninh ".repeat(20).into_bytes();
        body.push(0xE1);
        let decoded = decode(&body, None);
        assert!(decoded.text.starts_with("Ủy ban"));
        assert!(decoded.damaged);
    }

    #[test]
    fn unlabelled_bytes_are_guessed() {
        let decoded = decode(b"caf\xE9 au lait, d\xE9j\xE0 vu", None);
        assert_ne!(decoded.encoding, "UTF-8");
    }
}
