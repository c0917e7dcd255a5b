//! What WordPress does to text: slugs, and the sanitiser for accounts without `unfiltered_html`.

use unicode_normalization::UnicodeNormalization;

/// `wp_posts.post_name` is cut at this many bytes.
const SLUG_BYTES_MAX: usize = 200;
/// Tags that `wp_kses_post` does not know. Their text stays.
const TAGS_REFUSED: [&str; 9] = ["script", "iframe", "style", "form", "input", "object", "embed", "svg", "link"];

/// `sanitize_title`: without accents, lower case, words joined by `-`, at most 200 bytes.
pub(super) fn sanitize_title(title: &str) -> String {
    let mut slug = String::new();
    let plain = title.nfd().map(|c| if matches!(c, 'đ' | 'Đ') { 'd' } else { c });
    for c in plain.flat_map(char::to_lowercase) {
        match c {
            'a'..='z' | '0'..='9' | '_' => slug.push(c),
            ' ' | '-' | '.' | '/' | '–' if !slug.ends_with('-') => slug.push('-'),
            _ => {}
        }
    }
    slug.truncate(SLUG_BYTES_MAX);
    slug.trim_matches('-').to_owned()
}

/// `wp_kses_post`, as far as tests look: refused tags, handlers, `srcset`,
/// `javascript:`, and dashes in comments.
pub(super) fn kses(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("<!--").and_then(|rest| rest.find("-->").map(|end| &rest[..end])) {
            out.push_str(&format!("<!--{}-->", single_dashes(comment)));
            rest = &rest[comment.len() + "<!---->".len()..];
            continue;
        }
        match rest.find('>').filter(|_| opens_tag(rest)) {
            Some(end) => {
                out.push_str(&tag(&rest[1..end]));
                rest = &rest[end + 1..];
            }
            None => {
                out.push_str("&lt;");
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn opens_tag(text: &str) -> bool {
    text.as_bytes().get(1).is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'/')
}

fn single_dashes(comment: &str) -> String {
    let mut text = comment.to_owned();
    while text.contains("--") {
        text = text.replace("--", "-");
    }
    text.strip_suffix('-').map(str::to_owned).unwrap_or(text)
}

fn tag(inside: &str) -> String {
    let name: String = inside
        .trim_start_matches('/')
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_lowercase();
    if TAGS_REFUSED.contains(&name.as_str()) {
        return String::new();
    }
    let mut kept = String::from("<");
    let mut rest = inside;
    while let Some((attribute, name, value)) = next_attribute(rest) {
        let at = attribute.as_ptr() as usize - rest.as_ptr() as usize;
        kept.push_str(rest[..at].trim_end());
        if !(name.starts_with("on") || name == "srcset" || value.trim_start().starts_with("javascript:")) {
            kept.push(' ');
            kept.push_str(attribute);
        }
        rest = &rest[at + attribute.len()..];
    }
    kept.push_str(rest);
    kept.push('>');
    kept
}

/// The next `name="value"`: all of it, the name, the value.
fn next_attribute(text: &str) -> Option<(&str, String, &str)> {
    let equals = text.find("=\"")?;
    let start = text[..equals].rfind(char::is_whitespace)? + 1;
    let end = equals + 2 + text[equals + 2..].find('"')?;
    Some((&text[start..=end], text[start..equals].to_lowercase(), &text[equals + 2..end]))
}

/// How WordPress stores the name of a term.
pub(super) fn stored_name(name: &str) -> String {
    let plain = name.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">");
    plain.trim().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_transliterated_and_cut() {
        assert_eq!(sanitize_title("Đường sắt Bắc – Nam: 100% ổn"), "duong-sat-bac-nam-100-on");
        assert_eq!(sanitize_title("cs-0123456789abcdef01234567"), "cs-0123456789abcdef01234567");
        assert_eq!(sanitize_title("cs-0__trashed"), "cs-0__trashed");
        assert_eq!(sanitize_title(&"đ".repeat(300)).len(), 200);
    }

    #[test]
    fn the_sanitiser_takes_out_what_is_unsafe_and_keeps_the_rest() {
        for (html, kept) in [
            ("<p>a<script>x()</script></p>", "<p>ax()</p>"),
            ("<p onclick=\"x()\" class=\"c\">a</p>", "<p class=\"c\">a</p>"),
            ("<img src=\"a.jpg\" srcset=\"b.jpg 2x\" />", "<img src=\"a.jpg\" />"),
            ("<a href=\"javascript:x()\">a</a>", "<a>a</a>"),
            ("<!-- dongbo cs-1 --><!--a--b-->", "<!-- dongbo cs-1 --><!--a-b-->"),
            ("1 < 2", "1 &lt; 2"),
        ] {
            assert_eq!(kses(html), kept);
        }
    }
}
