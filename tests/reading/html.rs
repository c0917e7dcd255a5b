//! What cleaning lets through: attacks by list, documents by chance.

use std::fs;
use std::path::Path;

use dongbo::source::clean::{OUTPUT_BYTES_FREE, OUTPUT_FACTOR_MAX, clean};
use dongbo::source::guard::{ALLOWED, HtmlRefused};
use lol_html::{RewriteStrSettings, comments, element, rewrite_str};
use proptest::prelude::*;
use url::Url;

fn base() -> Url {
    Url::parse("https://portal.example.vn/tin/1").unwrap()
}

/// Parses cleaned HTML again and names everything that must not stand there.
fn survivors(cleaned: &str) -> Vec<String> {
    let mut found = Vec::new();
    let cell = std::cell::RefCell::new(&mut found);
    let settings = RewriteStrSettings::new()
        .append_element_content_handler(element!("*", |element| {
            let name = element.tag_name();
            let Some((_, kept)) = ALLOWED.iter().find(|(allowed, _)| *allowed == name) else {
                cell.borrow_mut().push(format!("<{name}>"));
                return Ok(());
            };
            for attribute in element.attributes() {
                let (key, value) = (attribute.name(), dongbo::source::text::decode_entities(&attribute.value()));
                let address = matches!(key.as_str(), "href" | "src");
                let scheme = value.split(':').next().unwrap_or_default();
                if !kept.contains(&key.as_str()) || (address && !["http", "https", "mailto", "tel"].contains(&scheme)) {
                    cell.borrow_mut().push(format!("<{name} {key}={value}>"));
                }
            }
            Ok(())
        }))
        .append_element_content_handler(comments!("*", |_| {
            cell.borrow_mut().push("a comment".to_owned());
            Ok(())
        }));
    rewrite_str(cleaned, settings).unwrap();
    found
}

#[test]
fn no_attack_survives() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hostile/xss.txt");
    let list = fs::read_to_string(file).unwrap();
    let payloads: Vec<&str> = list.lines().filter(|line| !line.is_empty()).collect();
    assert!(payloads.len() >= 100, "{}", payloads.len());
    let wrap = |payload: &str| {
        [
            payload.to_owned(),
            format!("<p>Trước {payload} sau</p>"),
            format!("<table><tr><td>{payload}</td></tr></table>"),
            format!("<a href=\"/x\"><b>{payload}"),
            format!("<ul><li>{payload}<li>{payload}</ul>"),
        ]
    };
    for payload in payloads.iter().copied().chain([list.as_str()]) {
        for html in wrap(payload) {
            let cleaned = clean(&html, &base()).unwrap_or_else(|refused| panic!("{html}: {refused}"));
            assert_eq!(survivors(&cleaned), Vec::<String>::new(), "{html}\n{cleaned}");
            assert_eq!(clean(&cleaned, &base()).as_ref(), Ok(&cleaned), "{html}");
        }
    }
}

#[test]
fn the_survivor_check_sees_what_it_should() {
    for html in
        ["<script>1</script>", "<p onclick=x>", "<a href='javascript:x'>", "<img src='data:x'>", "<p><!-- x -->"]
    {
        assert_eq!(survivors(html).len(), 1, "{html}");
    }
}

#[test]
fn honest_markup_stays_as_it_is() {
    for html in [
        "<h2>Kết quả</h2><p>Đạt <strong>95,5 %</strong> kế hoạch, m<sup>2</sup> và CO<sub>2</sub>.</p>",
        "<table><thead><tr><th scope=\"col\">STT</th><th colspan=\"2\">Đơn vị</th></tr></thead><tbody><tr><td rowspan=\"2\">1</td><td>Phường Kinh Bắc</td><td>12</td></tr></tbody></table>",
        "<ul><li>Một</li><li>Hai<ol start=\"3\"><li>Ba</li></ol></li></ul>",
        "<figure><img src=\"https://portal.example.vn/a.jpg\" alt=\"Ảnh\" width=\"640\" height=\"360\"><figcaption>Ảnh: Cổng tỉnh</figcaption></figure>",
        "<p><a href=\"https://portal.example.vn/van-ban.pdf\" title=\"PDF\">Văn bản</a> <a href=\"mailto:btt@example.vn\">thư</a> <a href=\"tel:02223\">gọi</a></p>",
        "<blockquote><p>Trích dẫn 😀 đ Đ ư ơ</p></blockquote><hr>",
        "Chữ trần &amp; dấu &lt; nhỏ hơn",
    ] {
        assert_eq!(clean(html, &base()).as_deref(), Ok(html));
    }
}

#[test]
fn addresses_become_absolute() {
    let cleaned = |html| clean(html, &base()).unwrap();
    assert_eq!(cleaned("<img src=/a.jpg>"), "<img src=\"https://portal.example.vn/a.jpg\">");
    assert_eq!(cleaned("<img src=b.jpg>"), "<img src=\"https://portal.example.vn/tin/b.jpg\">");
    assert_eq!(cleaned("<img src=//c.example.vn/d.jpg>"), "<img src=\"https://c.example.vn/d.jpg\">");
    assert_eq!(cleaned("<a href='#muc-2'>x</a>"), "<a href=\"https://portal.example.vn/tin/1#muc-2\">x</a>");
}

#[test]
fn nfd_and_nfc_clean_to_the_same() {
    use unicode_normalization::UnicodeNormalization;
    let nfc = "<p title='ế'>Ủy ban nhân dân tỉnh Bắc Ninh</p>";
    let nfd: String = nfc.nfd().collect();
    assert_ne!(nfc, nfd);
    assert_eq!(clean(nfc, &base()), clean(&nfd, &base()));
}

#[test]
fn a_player_becomes_a_link_to_the_video() {
    let html = "<iframe width=560 src=\"//www.youtube-nocookie.com/embed/a_B-1?rel=0\"></iframe>";
    let link = "https://www.youtube.com/watch?v=a_B-1";
    assert_eq!(clean(html, &base()).unwrap(), format!("<p><a href=\"{link}\">{link}</a></p>"));
    for src in [
        "https://evil.example/embed/a",
        "http://www.youtube.com:99@evil.example/embed/a",
        "https://www.youtube.com/x/a",
    ] {
        assert_eq!(clean(&format!("<iframe src=\"{src}\"></iframe>"), &base()).as_deref(), Ok(""));
    }
}

#[test]
fn each_limit_refuses_with_its_reason() {
    let refused = |html: String| clean(&html, &base()).unwrap_err();
    assert_eq!(refused("<div>".repeat(300)), HtmlRefused::Depth);
    assert_eq!(refused("<div>".repeat(10_000)), HtmlRefused::Depth);
    assert_eq!(refused("<br>".repeat(20_001)), HtmlRefused::Elements);
    assert_eq!(refused("</p>".repeat(20_001)), HtmlRefused::Elements);
    assert_eq!(refused("&".repeat(50_001)), HtmlRefused::References);
    let far = Url::parse(&format!("https://portal.example.vn/{}/", "x".repeat(1_000))).unwrap();
    let relative = "<a href=b>c</a>".repeat(1_000);
    assert!(matches!(clean(&relative, &far), Err(HtmlRefused::Output(_))));
    assert!(clean(&relative.replace("=b", "=/b"), &far).is_ok());
    let attributes: String = (0..65).map(|n| format!(" a{n}=1")).collect();
    assert_eq!(refused(format!("<p{attributes}>x")), HtmlRefused::Attributes);
    assert_eq!(refused(format!("<p title={}>x", "x".repeat(8_193))), HtmlRefused::Attribute);
    assert_eq!(refused("x".repeat(2 * 1024 * 1024 + 1)), HtmlRefused::Size(2 * 1024 * 1024 + 1));
    let link = format!("<p><a href={}>{}", "x".repeat(2_000), "<p>a".repeat(5_000));
    assert_eq!(refused(link), HtmlRefused::Copies);
}

#[test]
fn what_is_inside_the_limits_passes() {
    let passes = |html: String| assert!(clean(&html, &base()).is_ok(), "{}", &html[..40.min(html.len())]);
    passes(format!("{}x{}", "<div>".repeat(250), "</div>".repeat(250)));
    passes("<p>đoạn<p>khác<li>mục".repeat(2_000));
    passes("<p><b>sót</p></b>".repeat(1_000));
    passes("<div><b>lệch</div></b>".repeat(1_000));
    passes(format!("<p>{}</p>", "chữ ".repeat(100_000)));
    passes(format!("<img src=data:image/png;base64,{}>", "A".repeat(100_000)));
}

#[test]
fn formatting_that_is_never_closed_stays_small() {
    let fonts: String = (0..3_000).map(|n| format!("<p><font size={n}>x")).collect();
    let bolds = "<p><b class=x>x".repeat(3_000);
    let mixed: String = (0..3_000).map(|n| format!("<p><b title={n}><i id={n}><u class={n}>x")).collect();
    for html in [fonts, bolds, mixed] {
        let cleaned = clean(&html, &base());
        let limit = html.len() * OUTPUT_FACTOR_MAX + OUTPUT_BYTES_FREE;
        assert!(cleaned.is_err() || cleaned.is_ok_and(|cleaned| cleaned.len() <= limit));
    }
}

#[test]
fn a_count_that_end_tags_cheat_is_refused() {
    // Each end tag is one that the parser ignores, so the blocks stay open.
    for unit in ["<b><div></b>", "<span><div></span>", "<div><table><tr><td></div>"] {
        let cleaned = clean(&unit.repeat(1_000), &base());
        assert_eq!(cleaned, Err(HtmlRefused::Depth), "{unit}");
    }
}

fn piece() -> impl Strategy<Value = String> {
    let tags: Vec<&str> =
        ALLOWED.iter().map(|(tag, _)| *tag).chain(["font", "script", "svg", "math", "iframe", "style"]).collect();
    prop_oneof![
        proptest::sample::select(tags.clone()).prop_map(|tag| format!("<{tag}>")),
        proptest::sample::select(tags.clone()).prop_map(|tag| format!("</{tag}>")),
        proptest::sample::select(tags).prop_map(|tag| format!("<{tag} href='/x?a=1&b' src=y onclick=z title='\"<'>")),
        "[a-zA-ZàếđƯ<>&;\"'/!=\u{338}\u{301}\u{0}-\u{8} -]{0,8}",
        Just("<!-- x -->".to_owned()),
        Just("&lt;b&gt;&amp;nbsp;&#x338;&#1;".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn cleaning_twice_changes_nothing(pieces in proptest::collection::vec(piece(), 0..25)) {
        let html = pieces.concat();
        match clean(&html, &base()) {
            Ok(cleaned) => {
                prop_assert_eq!(clean(&cleaned, &base()), Ok(cleaned.clone()));
                prop_assert_eq!(survivors(&cleaned), Vec::<String>::new());
                prop_assert!(cleaned.len() <= html.len() * OUTPUT_FACTOR_MAX + OUTPUT_BYTES_FREE);
            }
            Err(refused) => prop_assert_eq!(refused, HtmlRefused::Unstable, "{}", html),
        }
    }
}
