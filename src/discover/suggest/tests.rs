use super::*;

const NAMES: [&str; 3] =
    ["Hội nghị về chuyển đổi số", "Kiểm tra công tác phòng chống thiên tai", "Khánh thành nhà văn hóa xã"];

fn now() -> Timestamp {
    "2026-11-27T00:00:00Z".parse().unwrap()
}

fn page(html: String) -> Page {
    let final_url = "https://a.example.vn/tin/1".parse().unwrap();
    Page { bytes: html.into_bytes(), content_type: None, final_url }
}

/// A text that is another in each article.
fn text(number: usize) -> String {
    let paragraph = |n: usize| {
        format!(
            "<p>Đoạn {n} của bài số {number}: đồng chí Chủ tịch nhấn mạnh phải rõ người, rõ việc, rõ thời gian, và yêu cầu \
             các sở, ngành, 99 xã, phường báo cáo kết quả trước ngày {} tháng {}, không để chậm trễ.</p>",
            number + n,
            number + 1
        )
    };
    (1..6).map(paragraph).collect()
}

/// Three pages of one site; the places are title, date, lead and text.
fn site(page_of: impl Fn(&str, &str, &str, &str) -> String) -> Vec<Page> {
    let menu: String = (0..30).map(|n| format!("<li><a href=/muc-{n}>Chuyên mục số {n}</a>")).collect();
    let of = |(number, name): (usize, &&str)| {
        let (date, lead) = (
            format!("2{number}/11/2026 14:0{number}"),
            format!("(BNP) – Sáng 2{number}/11, {name} đã diễn ra tại tỉnh."),
        );
        let main = page_of(name, &date, &lead, &text(number));
        let related =
            format!("<div class=lien-quan><h3>Tin khác</h3><ul><li><a href=/x>Bài liên quan {number}</a></ul></div>");
        page(format!(
            "<title>{name} - Cổng tỉnh</title><ul class=menu>{menu}</ul>{main}{related}<footer>Bản quyền 2026</footer>"
        ))
    };
    NAMES.iter().enumerate().map(of).collect()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn a_portal_of_bac_ninh_is_described_as_a_person_would() {
    let pages = site(|name, date, lead, text| {
        format!(
            "<div id=wrapper><h1 id=contentDetailTitleId>{name}</h1><span class=date>Thứ Ba, {date} (GMT+7) | Lượt xem: 318</span>\
             <div id=sapoDetailId><b>{lead}</b></div><div id=contentDetail>{text}</div><p class=author>Hồng Hà</p></div>"
        )
    });
    let found = suggest(&pages, now()).unwrap();
    assert_eq!(found.body, "div#contentDetail");
    assert_eq!(found.title, some("h1#contentDetailTitleId"));
    assert_eq!(found.lead, some("div#sapoDetailId"));
    assert_eq!((found.date, found.date_format), (some("span.date"), None));
}

#[test]
fn ids_that_belong_to_one_article_are_not_held_on_to() {
    let pages = site(|name, date, _, text| {
        let number = date.len() * 1_000 + text.len() + name.len();
        format!(
            "<article id=post-{number}><div class=dau><h2 class=tieu-de>{name}</h2><time datetime={}>hôm qua</time></div>\
             <div class='noi-dung bai-{number}'>{text}</div></article>",
            date.split(' ').next().unwrap().split('/').rev().collect::<Vec<_>>().join("-")
        )
    });
    let found = suggest(&pages, now()).unwrap();
    assert_eq!((found.body.as_str(), found.title), ("div.noi-dung", some("h2.tieu-de")));
    assert_eq!((found.lead, found.date), (None, None), "\u{201c}hôm qua\u{201d} is what the reader would take");
}

#[test]
fn what_pages_say_for_machines_is_taken_where_nothing_else_is() {
    let pages = site(|name, date, _, text| {
        let day = date.split(' ').next().unwrap().split('/').rev().collect::<Vec<_>>().join("-");
        format!(
            "<meta property=og:title content=\"{name}\"><meta property=article:published_time content={day}T08:00:00+07:00>\
             <div class=x>Cổng tỉnh</div><main>{text}</main>"
        )
    });
    let found = suggest(&pages, now()).unwrap();
    assert_eq!(found.title, some("meta[property=\"og:title\"]"));
    assert_eq!(found.date, some("meta[property=\"article:published_time\"]"));
    assert_eq!(found.body, "main");
}

#[test]
fn pages_that_have_nothing_in_common_suggest_nothing() {
    let mut pages = site(|name, _, _, text| format!("<h1>{name}</h1><div class=a>{text}</div>"));
    assert_eq!(suggest(&pages, now()).unwrap().body, "div.a");
    pages[1] = page(format!("<title>x</title><h1>x</h1><section class=b>{}</section>", text(1)));
    assert_eq!(suggest(&pages, now()), None);
    pages[1] = page("<title>404</title><h1>Không tìm thấy</h1>".to_owned());
    assert_eq!(suggest(&pages, now()), None);
    assert_eq!(suggest(&[], now()), None);
}

#[test]
fn hostile_pages_end_soon_and_suggest_nothing() {
    let started = std::time::Instant::now();
    for piece in ["<div>", "<p>a", "<table><td>", "<a href=x>b", "<b>x<i>", "<div class=a><p>chữ chữ chữ, chữ.</div>"]
    {
        let hostile = page(piece.repeat(200_000 / piece.len()));
        let _ = suggest(&[hostile.clone(), hostile], now());
    }
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}
