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

const INJECTED: [(&str, &str, &str); 32] = [
    ("hidden", "Tin", "<p>Tin</p><marquee width=\"1\" height=\"1\"><a href=\"/x\">giá rẻ</a></marquee>"),
    ("hidden", "Tin", "<p>Tin</p><p style=\"overflow:auto;height:1px\">giá rẻ</p>"),
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

/// Titles and sentences as provincial portals write them.
const PROSE: [(&str, &str); 41] = [
    ("Giải bóng đá thiếu niên tỉnh khai mạc", "Trận mở màn kết thúc với tỷ số 3-1; giá vé vào cửa miễn phí."),
    ("Đội tuyển cử tạ giành 5 huy chương", "Vận động viên hạng W81 kg cử giật 88 kg, cử đẩy 108 kg."),
    ("Giải cờ tướng mừng Đảng, mừng Xuân", "Các kỳ thủ thi đấu hệ Thụy Sĩ 9 ván; cờ bạc bị nghiêm cấm."),
    ("Hội thi chọi gà truyền thống", "Ban tổ chức cấm mọi hình thức ăn tiền, sát phạt."),
    ("Lễ hội đua thuyền trên sông Cầu", "Người dân đặt vé, đặt chỗ từ sáng sớm."),
    ("Khai hội Lim: liền anh, liền chị hát giao duyên", "Trò bắt vịt, đu tiên, nấu cơm thi; không có trò chơi đỏ đen."),
    ("Bế mạc hội vật làng Đồng Kỵ", "Giải thưởng gồm lợn, gà và tiền mặt 5 triệu đồng."),
    ("Trao thưởng chương trình “Mua sắm an toàn”", "Hóa đơn may mắn: khách hàng trúng thưởng xe máy."),
    (
        "Ngân hàng Chính sách xã hội giải ngân 120 tỷ đồng",
        "Hộ nghèo vay tiền không cần thế chấp; thủ tục vay nhanh gọn.",
    ),
    ("Cảnh giác với thủ đoạn lừa đảo vay tiền online", "Công an khuyến cáo người dân không cung cấp mã OTP."),
    (
        "Tuyên truyền phòng, chống tín dụng đen",
        "Các ứng dụng vay tiền nhanh thu lãi cắt cổ, bị lực lượng chức năng xử lý.",
    ),
    ("Kho bạc Nhà nước tỉnh cải cách thủ tục", "Số dư tạm ứng giảm, nợ đọng được xử lý dứt điểm."),
    ("Thu ngân sách quý III vượt dự toán", "Thu từ xổ số kiến thiết đạt 33 tỷ đồng."),
    ("Phê duyệt nhiệm vụ lập đồ án quy hoạch", "Đường tỉnh 288B, cầu Kênh Vàng, lô đất CN-88."),
    ("Đấu giá quyền sử dụng đất 79 lô đất ở", "Bước giá 5%, tiền đặt trước 20%."),
    ("Xử lý ngân hàng đề thi tốt nghiệp", "Đề số 2 có 50 câu; cán bộ coi thi đánh số báo danh."),
    ("Tập huấn giáo dục giới tính cho học sinh", "Chuyên gia nói về sức khỏe sinh sản vị thành niên."),
    ("Bệnh viện Sản Nhi cứu sống bé 7 tháng tuổi", "Con gái gọi điện cho mẹ ngay sau ca mổ."),
    ("Xóm nhỏ thắp sáng đường quê", "Trong nhà cái gì hỏng ông cũng tự sửa."),
    ("Mô hình nhà cai nghiện cộng đồng", "Học viên ở nhà cai nghiện được dạy nghề."),
    ("Ra quân làm sạch môi trường", "Tích điểm đổi quà khi phân loại rác tại nguồn."),
    ("Hướng dẫn tích điểm đổi thưởng trên ứng dụng công dân số", "Người dân nhận điểm khi phản ánh hiện trường."),
    ("Cấm dùng kích điện, súng bắn cá trên sông Đuống", "Chi cục Thủy sản tuần tra cả ban đêm."),
    ("Người cao tuổi sống vui, sống khỏe", "Tìm được việc làm bằng đại học từ xa ở tuổi 60."),
    ("Việc làm bằng hai tay, nghĩ bằng cái đầu", "Sản phẩm làm bằng đá, bằng gỗ, bằng đồng."),
    ("Tỉnh đón 3 triệu lượt khách", "Khách sạn có casino dành cho người nước ngoài được cấp phép."),
    ("Triển khai hóa đơn điện tử từ máy tính tiền", "Hộ kinh doanh nạp tiền vào tài khoản, nhận hoàn thuế."),
    ("Phổ biến Luật Phòng, chống rửa tiền", "Tài sản mã hóa như bitcoin không phải phương tiện thanh toán."),
    ("Đại hội thể dục thể thao", "Môn bắn nỏ, đá cầu, kéo co; cổ động viên cược nhau chầu nước."),
    ("Công bố quyết định bổ nhiệm", "Ông Nguyễn Văn Cường giữ chức Trưởng Công an phường."),
    ("Hội chợ OCOP", "Gian hàng bán cá cảnh, cá độn thóc, độ cao kệ 1,2 m."),
    ("Sạt lở đê tả Đuống", "Nước nổ hạ dần; nhà cao cửa rộng vẫn ngập."),
    ("Diễn tập phòng cháy", "Bình gas nổ, hú còi báo động sau 30 giây."),
    ("Kỷ niệm chiến thắng", "Tiểu đoàn 88, xe 79, đồi A1, hầm B52."),
    ("Chăm sóc lúa mùa", "Soi đèn bắt sâu; cầu máng dẫn nước đã thông."),
    ("Tiêm phòng cho đàn gia cầm", "Gà đá, gà chọi cũng phải tiêm."),
    ("Khuyến mãi tập trung quốc gia", "Chương trình khuyến mãi có thưởng đã đăng ký với Sở Công Thương."),
    ("Thông báo lịch cắt điện", "Lộ 473, TBA 33 và trạm W2."),
    ("Danh sách trúng tuyển viên chức", "a) Nguyễn A; b) Trần B; c) Lê C; d) Phạm D."),
    ("Nhà, cái và con trong văn hóa Việt", "Về nhà, cái Tết đã gần kề."),
    ("Hoàn trả kinh phí hỗ trợ", "Hoàn trả tiền cọc cho hộ dân."),
];

#[test]
fn prose_of_authorities_passes() {
    let held: Vec<_> = PROSE.iter().map(|(title, text)| (title, reasons(title, &format!("<p>{text}</p>")))).collect();
    let wrong: Vec<_> = held.iter().filter(|(_, reasons)| !reasons.is_empty()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// How advertisers write what a search for the words would not find.
const EVASIONS: [&str; 20] = [
    "#nhacaiuytin",
    "keonhacai",
    "Kèo nhà cái 5",
    "nhà*cái",
    "nhà|cái",
    "NHÀ🎰CÁI",
    "n-h-à c-á-i",
    "Nhà Ϲái",
    "ɴʜà ᴄáɪ",
    "nhà ϲáі",
    "8xbet.com",
    "8XBET-VN",
    "link188bet",
    "nhacai188bet",
    "188BETVN",
    "1 8 8 b e t",
    "𝟏𝟖𝟖𝐁𝐄𝐓",
    "①⑧⑧bet",
    "nổhũ",
    "taixiuonline",
];

#[test]
fn evasions_are_seen_through() {
    let passed: Vec<_> =
        EVASIONS.iter().filter(|text| !reasons("Tin", &format!("<p>Xem {text} nhé</p>")).contains(&"words")).collect();
    assert!(passed.is_empty(), "{passed:?}");
}

#[test]
fn what_stands_beside_the_text_is_read_too() {
    for body in [
        "<p>Tin</p><img src=\"/a.png\" alt=\"Nhà cái uy tín\">",
        "<p>Tin</p><img src=\"/a.png\" title=\"Nhà cái uy tín\">",
        "<p><a href=\"/a\" title=\"Nh&agrave; c&aacute;i\">Tin</a></p>",
        "<p><abbr title=\"Nhà cái\">NC</abbr></p>",
        "<img src=\"/a.png\" alt=\"a > b < c nhà cái\">",
    ] {
        assert_eq!(reasons("Tin", body), ["words"], "{body}");
    }
    for title in ["a > b", "a < b", "&gt;", "' href='/b'", "&quot;>"] {
        let body = format!("<p><a title=\"{title}\" href=\"https://la.example/\">Tin</a></p>");
        assert_eq!(reasons("Tin", &body), ["hosts"], "{body}");
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
