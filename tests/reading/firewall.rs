//! Injected samples, as hacked portals carry them, through the reader to the
//! content firewall: each is held for its own reason, and what editors write is not.

use dongbo::article::Item;
use dongbo::firewall::{Policy, Reason, examine, new_hosts};
use dongbo::source::{Document, FeedReader};
use url::Url;

fn item(title: &str, body: &str) -> Item {
    let feed = format!(
        "<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"><channel><item>\
         <title><![CDATA[{title}]]></title><link>https://bacninh.gov.vn/news/1</link>\
         <content:encoded><![CDATA[{body}]]></content:encoded></item></channel></rss>"
    );
    let url = Url::parse("https://bacninh.gov.vn/rss").unwrap();
    let now = "2026-11-24T12:00:00Z".parse().unwrap();
    let document = Document { body: feed.as_bytes(), content_type: None, url: &url, now };
    let mut reading = FeedReader::default().read(document).unwrap();
    reading.next().unwrap().unwrap()
}

/// Reasons, where the source never led to another host before.
fn reasons(title: &str, body: &str) -> Vec<&'static str> {
    let policy = Policy { own: "bacninh.gov.vn".into(), hosts: vec!["gov.vn".into()], ..Policy::default() };
    let examined = examine(&item(title, body), &policy);
    let hosts = new_hosts(examined.foreign);
    examined.reasons.iter().chain(&hosts).map(Reason::name).collect()
}

const INJECTED: [(&str, &str, &str); 30] = [
    ("words", "Nhà cái KUBET – Đăng ký nhận 100k", "<p>Tin</p>"),
    ("words", "Tin", "<p>Link vào nhà cái mới nhất hôm nay</p>"),
    ("words", "Tin", "<p>game bài đổi thưởng uy tín</p>"),
    ("words", "Tin", "<p>T à i x ỉ u online</p>"),
    ("words", "Tin", "<p>n.h.à c.á.i hàng đầu</p>"),
    ("words", "Tin", "<p>nha cai uy tin</p>"),
    ("words", "Tin", "<p>N&#7893; h&#361; 100% th&#7855;ng</p>"),
    ("words", "Tin", "<p>c&aacute; c&#432;&#7907;c tr&#7921;c tuy&#7871;n</p>"),
    ("words", "Tin", "<p>nh&#8203;à c&#173;ái</p>"),
    ("words", "Tin", "<table><tr><td>fun88</td></tr></table>"),
    ("words", "slot gacor hari ini", "<p>situs judi online</p>"),
    ("words", "Tin", "<p>คาสิโน ออนไลน์</p>"),
    ("words", "Tin", "<p>百家乐 娱乐</p>"),
    ("words", "Tin", "<p>V1agra</p>"),
    ("words", "Tin", "<p>phim <b>sex</b></p>"),
    ("hosts", "Tin", "<p><a href=\"https://nha-khoa.example.com/\">Nha khoa</a></p>"),
    ("hosts", "Tin", "<p><a href='//cdn.example.net/x'>x</a></p>"),
    ("hosts", "Tin", "<p><img src=\"https://anh.example.org/a.png\" width=1 height=1></p>"),
    ("hosts", "Tin", "<p><a href=\"http://203.0.113.7/\">x</a></p>"),
    ("hosts", "Tin", "<p><a href=\"https://bacninh.gov.vn.example.com/\">Cổng tỉnh</a></p>"),
    ("hosts", "Tin", "<p><a href=\"https://bacninh.gov.vn@example.com/\">Cổng tỉnh</a></p>"),
    ("hosts", "Tin", "<p><a href=\"ht&#116;ps://example.com/\">x</a></p>"),
    ("hidden", "Tin", "<p>Tin</p><div style=\"display:none\"><a href=\"/x\">x</a></div>"),
    ("hidden", "Tin", "<p>Tin</p><div style=\"position:absolute;left:-9999px\">xem thêm</div>"),
    ("hidden", "Tin", "<p>Tin</p><span style='font-size:0px'>giá rẻ</span>"),
    ("hidden", "Tin", "<p>Tin</p><center hidden>giá rẻ</center>"),
    ("hidden", "Tin", "<p>Tin</p><font style=\"d&#105;splay:none\">giá rẻ</font>"),
    ("hidden", "Tin", "<section style=\"visibility:hidden\"><p>giá <i>rẻ</i></p></section><p>Tin</p>"),
    ("hidden", "Tin", "<p>Tin <a style=\"opacity:0\" href=\"/khuyen-mai\">.</a></p>"),
    ("hidden", "Tin", "<div style=\"height:0;overflow:hidden\">giá rẻ</div><p>Tin</p>"),
];

#[test]
fn every_injected_sample_is_held_for_its_reason() {
    for (reason, title, body) in INJECTED {
        assert!(reasons(title, body).contains(&reason), "{reason}: {title} {body}: {:?}", reasons(title, body));
    }
}

const SOBER: [(&str, &str); 16] = [
    (
        "Chủ tịch UBND tỉnh chủ trì họp về phòng, chống thiên tai",
        "<p>(BNP) – Trong cả cuộc họp, các sở thống nhất.</p>",
    ),
    ("Công an tỉnh triệt phá đường dây đánh bạc qua mạng", "<p>Các đối tượng cá độ bóng đá, ghi lô đề, tài xỉu.</p>"),
    ("Nghị định về kinh doanh casino và đặt cược", "<p>Chính phủ ban hành Nghị định về casino, đặt cược đua ngựa.</p>"),
    ("Kết quả xổ số kiến thiết Bắc Ninh", "<p>Công ty TNHH MTV xổ số kiến thiết</p>"),
    ("Chiến thắng Hà Nội – Điện Biên Phủ trên không", "<p>Máy bay B52 bị bắn rơi</p>"),
    ("Công điện khẩn", "<p style=\"text-align:justify;text-indent:36.0pt\">Kính gửi: các sở</p>"),
    (
        "Tin",
        "<p class=MsoNormal style='margin-left:.5in;text-indent:-.25in;mso-list:l0 level1 lfo1'>1. Việc thứ nhất</p>",
    ),
    ("Tin", "<p><span style=\"mso-hide:all\"></span>Nội dung</p>"),
    ("Tin", "<p style=\"display:none\">&nbsp;</p><p>Nội dung</p>"),
    (
        "Tin",
        "<p><a href=\"https://stttt.bacninh.gov.vn/a\">Sở</a> <a href=\"https://chinhphu.gov.vn\">Chính phủ</a></p>",
    ),
    ("Tin", "<p><a href=\"mailto:a@example.com\">Thư</a> <a href=\"tel:02223822\">Gọi</a> <a href=\"#a\">Mục</a></p>"),
    ("Tin", "<p><img src=\"/documents/1.png\" style=\"width:100%;height:auto\"></p>"),
    (
        "Tin",
        "<table style=\"width:0;border-collapse:collapse\"><tr><td style=\"background:#c00;color:#fff\">A</td></tr></table>",
    ),
    ("Người dân cần chính sách khi về nhà, cái khó là vốn", "<p>Tuyển sinh lớp 10; slot đăng ký đã hết.</p>"),
    ("Hội thi bắn nỏ, đẩy gậy", "<p>Giải nhất 33 điểm, W: 88 kg</p>"),
    ("Phát động cuộc thi trúng thưởng “Tìm hiểu pháp luật”", "<p>Cơ cấu giải thưởng</p>"),
];

#[test]
fn what_editors_write_passes() {
    for (title, body) in SOBER {
        assert_eq!(reasons(title, body), Vec::<&str>::new(), "{title} {body}");
    }
}

#[test]
fn the_sample_portal_of_the_demo_passes() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/sample");
    let url = Url::parse("https://portal.example.vn/rss/tin-tuc.xml").unwrap();
    let policy = Policy { own: "portal.example.vn".into(), ..Policy::default() };
    for name in ["feed.xml", "correction.xml"] {
        let body = std::fs::read(folder.join(name)).unwrap();
        let now = "2026-11-24T12:00:00Z".parse().unwrap();
        let document = Document { body: &body, content_type: None, url: &url, now };
        for item in FeedReader::default().read(document).unwrap() {
            let item = item.unwrap();
            let examined = examine(&item, &policy);
            assert!(examined.reasons.is_empty() && examined.foreign.is_empty(), "{}: {examined:?}", item.content.title);
        }
    }
}
