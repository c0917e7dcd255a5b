//! Made-up articles as a provincial portal has them: Vietnamese titles and
//! texts, one or two categories, a date of the last days, a picture each.

use jiff::{SignedDuration, Timestamp};

/// The categories that made-up articles stand in.
pub(crate) const CATEGORIES: [&str; 5] =
    ["Chỉ đạo điều hành", "Tin tức", "Kinh tế", "Văn hóa - Xã hội", "Cảnh báo thiên tai"];

const ACTS: [&str; 8] = [
    "Chủ tịch UBND tỉnh chủ trì họp về",
    "Ban hành kế hoạch triển khai",
    "Tăng cường kiểm tra, giám sát",
    "Hội nghị trực tuyến sơ kết",
    "Công bố quyết định phê duyệt",
    "Đẩy nhanh tiến độ",
    "Lấy ý kiến nhân dân về",
    "Tập huấn nghiệp vụ",
];
const THEMES: [&str; 9] = [
    "phòng, chống thiên tai và tìm kiếm cứu nạn",
    "giải ngân vốn đầu tư công",
    "chuyển đổi số ở cấp xã",
    "chương trình “Mỗi xã một sản phẩm” (OCOP)",
    "sắp xếp đơn vị hành chính",
    "an toàn thực phẩm dịp Tết Nguyên đán",
    "Festival “Về miền Quan họ”",
    "tiêm chủng mở rộng & y tế dự phòng",
    "đường vành đai 4 – đoạn qua huyện Quế Võ",
];

/// One article of the made-up portal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Article {
    /// Counted from 1; part of everything that tells it from others.
    pub(crate) number: u32,
    /// RSS `guid`, not an address. Never changes.
    pub(crate) guid: String,
    /// Address of the original on the feed's own server.
    pub(crate) url: String,
    /// Plain text.
    pub(crate) title: String,
    /// Plain text.
    pub(crate) summary: String,
    /// HTML.
    pub(crate) body: String,
    pub(crate) categories: Vec<String>,
    /// Whole seconds, in the past.
    pub(crate) published: Timestamp,
    /// Address of a PNG on the feed's own server.
    pub(crate) picture: String,
    /// How often it was corrected.
    pub(crate) corrections: u32,
}

impl Article {
    /// The article of this number on the portal at `base` (an origin without
    /// a slash). The same number tells the same story.
    pub(crate) fn new(base: &str, number: u32) -> Self {
        let pick = |list: &[&str], shift: u32| list[((number + shift) as usize) % list.len()].to_owned();
        let title = format!("{} {} – tin số {number}", pick(&ACTS, 0), pick(&THEMES, number / 8));
        let mut categories = vec![pick(&CATEGORIES, 0)];
        if number.is_multiple_of(3) {
            categories.push(pick(&CATEGORIES, 2));
        }
        Self {
            number,
            guid: format!("bai-viet-{number}"),
            url: format!("{base}/tin/{number}"),
            summary: format!("(BNP) – {title}."),
            body: body(&title, number),
            title,
            categories,
            published: published(number),
            picture: format!("{base}/anh/{number}.png"),
            corrections: 0,
        }
    }

    /// An editor corrects title and text. Guid, address and date stay.
    pub(crate) fn correct(&mut self) {
        self.corrections += 1;
        let original = self.title.split(" (đính chính").next().unwrap_or_default();
        self.title = format!("{original} (đính chính lần {})", self.corrections);
        self.body = format!(
            "{}\n<p>Đính chính lần {}: số liệu đã được cập nhật.</p>",
            body(&self.title, self.number),
            self.corrections
        );
    }
}

fn body(title: &str, number: u32) -> String {
    let title = title.replace('&', "&amp;");
    format!(
        "<p><strong>(BNP) –</strong> {title}.</p>\n\
         <p>Tại buổi làm việc, lãnh đạo tỉnh nhấn mạnh: “Phải rõ người, rõ việc, rõ thời gian, rõ trách nhiệm”.</p>\n\
         <ul><li>Số vụ việc: {number}</li><li>Tỷ lệ hoàn thành: {}%</li></ul>\n\
         <table><tbody><tr><td>Xã</td><td>Nhân Thắng</td></tr><tr><td>Hộ dân</td><td>{}</td></tr></tbody></table>",
        number % 101,
        number * 7,
    )
}

/// Days ago, a later number more lately, so that a feed has an order.
fn published(number: u32) -> Timestamp {
    let today = Timestamp::from_second(Timestamp::now().as_second() / 86_400 * 86_400).expect("a day of our time");
    today - SignedDuration::from_hours(72) + SignedDuration::from_secs(i64::from(number) * 61)
}

#[test]
fn articles_differ_and_stay_the_same_when_made_again() {
    let one = Article::new("http://127.0.0.1:1", 1);
    assert_eq!(one, Article::new("http://127.0.0.1:1", 1));
    let titles: std::collections::HashSet<_> = (1..=500).map(|n| Article::new("http://127.0.0.1:1", n).title).collect();
    assert_eq!(titles.len(), 500);
    assert!((1..=500).all(|n| Article::new("", n).published < Timestamp::now()));
}

#[test]
fn a_correction_changes_title_and_text_only() {
    let before = Article::new("http://127.0.0.1:1", 4);
    let mut after = before.clone();
    after.correct();
    after.correct();
    assert!(after.title.ends_with("– tin số 4 (đính chính lần 2)"), "{}", after.title);
    assert_ne!(after.body, before.body);
    let same = Article { title: before.title.clone(), body: before.body.clone(), corrections: 0, ..after };
    assert_eq!(same, before);
}
