use jiff::Timestamp;

use super::*;
use crate::article::{Content, Name, NameKind, Precision};

fn item(title: &str, body: &str) -> Item {
    let content = Content {
        title: title.into(),
        summary: String::new(),
        body: body.into(),
        published: Timestamp::UNIX_EPOCH,
        precision: Precision::Minute,
        byline: None,
        url: "https://bacninh.gov.vn/news/1".into(),
        image: None,
        number: None,
        provenance: crate::article::Provenance::default(),
    };
    let names = vec![Name { kind: NameKind::Guid, value: "1".into() }];
    let origin = "https://bacninh.gov.vn".into();
    Item { names, origin, content, categories: Vec::new(), updated: None, hidden: String::new() }
}

fn policy() -> Policy {
    Policy { own: "bacninh.gov.vn".into(), ..Policy::default() }
}

fn words(title: &str, body: &str) -> Vec<String> {
    let found = examine(&item(title, body), &policy());
    found
        .reasons
        .into_iter()
        .find_map(|reason| if let Reason::Words(words) = reason { Some(words) } else { None })
        .unwrap_or_default()
}

fn foreign(body: &str, policy: &Policy) -> Vec<String> {
    examine(&item("Tin", body), policy).foreign
}

#[test]
fn advertising_is_found_in_every_disguise() {
    let disguises = [
        "Nhà cái uy tín",
        "NHÀ CÁI số 1",
        "nha cai uy tin",
        "nhà cai",
        "nhà-cái",
        "nhà.cái",
        "nhà_cái",
        "nhàcái",
        "n h à c á i",
        "n.h.à.c.á.i",
        "nh\u{200B}à c\u{00AD}ái",
        "nhà c4i",
        "nh@ cai",
        "nhà сái",
        "ｎｈà ｃái",
        "𝐧𝐡𝐚 𝐜𝐚𝐢",
        "nha\u{300} ca\u{301}i",
    ];
    for disguise in disguises {
        assert_eq!(words(disguise, "<p>Tin</p>"), ["nhà cái"], "{disguise}");
        assert_eq!(words("Tin", &format!("<p>Xem {disguise} nhé</p>")), ["nhà cái"], "{disguise}");
    }
}

#[test]
fn words_that_only_look_like_it_without_their_marks_are_nothing() {
    let sober = [
        "Trong cả cuộc kháng chiến, nhân dân cả nước",
        "Cả cuộc đời Người vì nước vì dân",
        "Khi về nhà, cái Tết đã gần",
        "Công tác số đề án đã duyệt",
        "CA do ông Nguyễn Văn A làm trưởng",
        "Chiến thắng B52, W8 và đường tỉnh 288",
        "Nộ hủ, tài xíu",
        "Lễ hội Lim: chọi gà, đu tiên, soi cầu",
    ];
    for text in &sober[..7] {
        assert_eq!(words(text, &format!("<p>{text}</p>")), Vec::<String>::new(), "{text}");
    }
    assert_eq!(words(sober[7], ""), ["soi cầu"], "what is certain is held though it be rarely meant");
}

#[test]
fn reports_on_crime_pass_and_advertising_that_is_vague_does_not() {
    let report = "<p>Công an tỉnh triệt phá đường dây đánh bạc, cá độ bóng đá, lô đề trên mạng.</p>";
    assert_eq!(words("Triệt phá đường dây đánh bạc", report), Vec::<String>::new());
    assert_eq!(words("Tin", "<p>Cá độ và lô đề, đăng ký hôm nay</p>"), ["cá độ", "lô đề"]);
    assert_eq!(words("Tin", "<p>Giải poker từ thiện</p>"), Vec::<String>::new(), "one word in passing");
    assert_eq!(words("Giải poker", "<p>Tin</p>"), ["poker"]);
    assert_eq!(words("Tin", "<p>Giải poker: <a href=\"https://x.example\">đây</a></p>"), ["poker"]);
    let certain = "<p>Công an cảnh báo: nhà cái lừa đảo</p>";
    assert_eq!(words("Cảnh báo", certain), ["nhà cái"], "a person decides");
}

#[test]
fn scripts_without_spaces_are_searched_too() {
    assert_eq!(words("เว็บสล็อต เครดิตฟรี", ""), ["สล็อต"]);
    assert_eq!(words("Tin", "<p>澳门赌场官网</p>"), ["赌场"]);
}

#[test]
fn an_innocent_phrase_excuses_itself_alone_and_only_with_its_marks() {
    assert_eq!(words("Nhà cai nghiện", ""), Vec::<String>::new());
    assert_eq!(words("Nhà cai nghiện, nhà cai uy tín", ""), ["nhà cái"]);
    assert_eq!(words("Nha cai nghien", ""), ["nhà cái"], "without marks nobody can tell");
}

#[test]
fn what_stands_within_a_longer_word_is_found_from_six_letters_on() {
    assert_eq!(words("#soicau247", ""), ["soi cầu"]);
    assert_eq!(words("TCVN88, specialist, W881", ""), Vec::<String>::new());
    let allowed = Policy { words: vec!["soi cầu".into()], ..policy() };
    assert_eq!(examine(&item("#soicau247", ""), &allowed).reasons, []);
}

#[test]
fn names_of_categories_are_read_too() {
    let item = Item { categories: vec!["Nhà cái".into()], ..item("Tin", "<p>Tin</p>") };
    assert_eq!(examine(&item, &policy()).reasons, [Reason::Words(vec!["nhà cái".into()])]);
}

#[test]
fn a_source_may_use_words_of_the_list() {
    let policy = Policy { words: vec!["XỔ SỐ online".into()], ..policy() };
    assert_eq!(examine(&item("Xổ số online", ""), &policy).reasons, []);
    assert_eq!(examine(&item("Soi cầu", ""), &policy).reasons, [Reason::Words(vec!["soi cầu".into()])]);
}

#[test]
fn hosts_of_links_and_pictures_are_known_by_their_names() {
    let body = "<p><a href=\"https://WWW.Spam.example./a\">x</a><img src=\"https://anh.bacninh.gov.vn/1.png\">\
                <a href=\"mailto:a@mail.example\">m</a><a href=\"http://[2001:db8::1]/\">6</a>\
                <a href=\"https://xn--bcher-kva.example/?a=1&amp;b=2\">p</a></p>";
    assert_eq!(foreign(body, &policy()), ["spam.example", "[2001:db8::1]", "xn--bcher-kva.example"]);
    let below =
        "<p><a href=\"https://evil-bacninh.gov.vn/\">x</a><a href=\"https://bacninh.gov.vn.evil.example/\">y</a></p>";
    assert_eq!(foreign(below, &policy()), ["evil-bacninh.gov.vn", "bacninh.gov.vn.evil.example"]);
    let above = Policy { own: "rss.bacninh.gov.vn".into(), hosts: vec!["youtube.com".into()], ..Policy::default() };
    let links = "<a href=\"https://www.youtube.com/watch\">v</a><a href=\"https://gov.vn/\">g</a>";
    assert_eq!(foreign(links, &above), ["gov.vn"]);
}

#[test]
fn a_flood_of_hosts_is_cut_and_costs_no_more() {
    let body: String = (0..5_000).map(|n| format!("<a href=\"https://h{n}.example/\">x</a>")).collect();
    assert!(foreign(&body, &policy()).len() <= HOSTS_MAX + 1);
    let Some(Reason::Hosts(listed)) = new_hosts(foreign(&body, &policy())) else { panic!("new hosts") };
    assert_eq!(listed.len(), LISTED_MAX);
}

#[test]
fn a_hidden_text_is_a_reason_unless_it_is_usual() {
    let hidden = Item { hidden: "nội dung ẩn".into(), ..item("Tin", "<p>Tin</p>") };
    assert_eq!(examine(&hidden, &policy()).reasons, [Reason::Hidden("nội dung ẩn".into())]);
    assert_eq!(examine(&hidden, &Policy { hidden: true, ..policy() }).reasons, []);
}

proptest::proptest! {
    #[test]
    fn no_text_panics_and_order_in_the_text_does_not_matter(a in "\\PC{0,40}", b in "\\PC{0,40}") {
        // Words within a tag are no text.
        let (a, b) = (a.replace('<', " "), b.replace('<', " "));
        let hit = words("Tin", &format!("{a} . nhà cái . {b}"));
        proptest::prop_assert!(hit.contains(&"nhà cái".to_owned()) || hit.len() == LISTED_MAX);
    }
}
