//! Articles as a provincial portal has them: about 8 kB of Vietnamese HTML.

use dongbo::article::{Content, Item, Name, NameKind, Precision};
use dongbo::plan::Shape;
use dongbo::render;
use dongbo_sdk::{Key, MissingCategory, Post, Visibility};
use jiff::{SignedDuration, Timestamp};

const ORIGIN: &str = "https://portal.example.vn";
/// Bytes of a body.
const BODY: usize = 8 * 1024;

const SENTENCE: &str = "Ủy ban nhân dân tỉnh yêu cầu các sở, ban, ngành và các địa phương khẩn trương rà soát, \
     cập nhật phương án ứng phó; bảo đảm an toàn cho người dân và tài sản, không để bị động, bất ngờ. ";

/// Article number `number`; the same number is the same article.
pub(crate) fn item(number: usize) -> Item {
    Item {
        names: vec![Name { kind: NameKind::Guid, value: format!("bai-viet-{number}") }],
        origin: ORIGIN.to_owned(),
        content: content(number),
        categories: vec!["Tin tức".to_owned()],
        updated: None,
        hidden: String::new(),
    }
}

fn content(number: usize) -> Content {
    Content {
        title: format!("Tăng cường công tác phòng, chống thiên tai năm 2026 – tin số {number}"),
        summary: format!("(BNP) – Chủ tịch UBND tỉnh chỉ đạo các đơn vị thực hiện nhiệm vụ số {number}."),
        body: body(number),
        published: Timestamp::now() - SignedDuration::from_hours(3),
        precision: Precision::Second,
        byline: Some("Minh Anh".to_owned()),
        url: format!("{ORIGIN}/tin/{number}"),
        image: None,
        number: None,
        provenance: dongbo::article::Provenance::default(),
    }
}

fn body(number: usize) -> String {
    let mut html = String::with_capacity(BODY + 1024);
    while html.len() < BODY {
        html.push_str(&format!("<p>{number}. "));
        html.push_str(SENTENCE);
        html.push_str("</p>\n");
    }
    html
}

/// The same article as the planner and the renderer shape it for a portal.
pub(crate) fn post(number: usize) -> Post {
    let item = item(number);
    let key = Key::derive(&item.origin, &item.names[0].value);
    let shape = Shape {
        renderer: render::VERSION,
        source_name: "Cổng tỉnh".to_owned(),
        attribution: dongbo::config::ATTRIBUTION.to_owned(),
        visibility: Visibility::Public,
        missing_category: MissingCategory::Match,
        categories: item.categories,
    };
    render::post(key, &item.content, &shape, &crate::adapter::capabilities(), None)
}
