//! `dongbo source add`: the best way is found, tried, shown and written.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use dongbo::config::Config;
use serde_json::Value;

use crate::desk::Desk;
use crate::say::{Said, said};
use crate::site::{Answer, Site, answer, closed, html, json};

const CONFIG: &str = "# giữ  nguyên\nstate = 'state'\n[[source]]\nid=\"cu\"\nurl = \"https://cu.example.vn/rss\"\n\
                      [[portal]]\nid = \"p\"\n[portal.adapter.folder]\npath = \"out\"\n";

struct Room(Desk);

impl Room {
    fn new(config: &str) -> Self {
        let desk = Desk { folder: tempfile::tempdir().unwrap() };
        if !config.is_empty() {
            fs::write(desk.path("dongbo.toml"), config).unwrap();
        }
        Self(desk)
    }

    fn add(&self, arguments: &[&str]) -> Said {
        let mut command = self.0.command(&["source", "add"]);
        command.args(arguments).env("RUST_LOG", "off").args(["--lang", "en"]);
        said(&self.0, &command.output().unwrap())
    }

    /// What is chosen for an address, and the whole answer.
    fn chosen(&self, url: &str) -> (String, Value) {
        let said = self.add(&[url, "--json"]);
        let value: Value = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"));
        (value["kind"].as_str().unwrap_or("-").to_owned(), value)
    }

    fn file(&self) -> String {
        fs::read_to_string(self.0.path("dongbo.toml")).unwrap()
    }
}

fn feed() -> Answer {
    let item = |n: u8| {
        format!(
            "<item><title>Tin {n}</title><link>/tin/{n}</link><guid>{n}</guid>\
        <pubDate>Tue, 24 Nov 2026 14:05:00 +0700</pubDate><description>Dẫn.</description>\
        <content:encoded>&lt;p&gt;Cả bài {n}.&lt;/p&gt;</content:encoded></item>"
        )
    };
    let channel = format!("<title>Cổng tỉnh</title>{}{}", item(1), item(2));
    answer(200, "application/rss+xml", format!("<rss><channel>{channel}</channel></rss>"))
}

/// A feed whose items have only a lead.
fn short_feed() -> Answer {
    let item = "<item><title>Tin</title><link>/tin/1</link><description>Dẫn…</description></item>";
    answer(200, "application/rss+xml", format!("<rss><channel><title>Cổng tỉnh</title>{item}</channel></rss>"))
}

fn page(head: &str) -> Answer {
    html(&format!("<!DOCTYPE html><title>Sở Y tế</title>{head}<body><h1>Tin</h1>{}", "<a href=/a>a</a>".repeat(12)))
}

const WORDPRESS: &str = "<meta name=generator content='WordPress 6.5.5'>\
                         <link rel=alternate type='application/rss+xml' href='/feed/'>";

fn posts() -> Answer {
    json(
        r#"[{"id":1,"guid":{"rendered":"http://x/?p=1"},"link":"https://syt.example.vn/1","title":{"rendered":"Bài một"},
        "content":{"rendered":"<p>Chữ của bài.</p>"},"excerpt":{"rendered":"Dẫn"},"date_gmt":"2026-11-24T07:05:00",
        "modified_gmt":"2026-11-24T07:05:00"}]"#,
    )
}

/// The address of the newest posts, as the reader asks for them.
const POSTS: &str = "/wp-json/wp/v2/posts?per_page=20&_fields=id%2Cguid%2Clink%2Ctitle%2Ccontent%2Cexcerpt%2Cdate_gmt\
                     %2Cmodified_gmt%2C_links%2C_embedded&_embed=author%2Cwp%3Aterm%2Cwp%3Afeaturedmedia";

fn wordpress() -> Site {
    Site::start(&[
        ("/", page(WORDPRESS)),
        ("/wp-json/", json("{\"namespaces\":[\"wp/v2\"]}")),
        (POSTS, posts()),
        ("/feed/", feed()),
    ])
}

#[test]
fn an_api_is_better_than_a_feed_and_a_feed_with_whole_texts_better_than_one_without() {
    let room = Room::new("");
    let site = wordpress();
    let (kind, said) = room.chosen(&site.url("/"));
    assert_eq!(kind, "wordpress", "{said}");
    assert_eq!(said["reading"]["items"][0]["title"], "Bài một");
    let table = said["table"].as_str().unwrap();
    assert!(table.contains("[source.read.wordpress]") && table.contains("/feed/"), "{table}");
    let mixed = page(
        "<link rel=alternate type='application/rss+xml' href=/ngan><link rel=alternate type='application/rss+xml' href=/du>",
    );
    let site = Site::start(&[("/", mixed), ("/ngan", short_feed()), ("/du", feed())]);
    let (kind, said) = room.chosen(&site.url("/"));
    assert_eq!((kind.as_str(), said["url"].as_str().unwrap().ends_with("/du")), ("whole-feed", true), "{said}");
}

#[test]
fn a_feed_is_found_by_its_own_address_by_what_the_page_says_and_where_feeds_usually_stand() {
    let room = Room::new("");
    let json_feed = r#"{"version":"https://jsonfeed.org/version/1.1","title":"Tin","items":[{"id":"1","url":"https://a.example.vn/1","title":"Bài","content_text":"Chữ"}]}"#;
    let site = Site::start(&[
        ("/rss/tin", feed()),
        ("/tin.json", answer(200, "application/feed+json", json_feed)),
        ("/chuyen-muc", page("<link rel=alternate type='application/rss+xml' href='/rss/tin'>")),
        ("/", page("")),
        ("/rss.xml", short_feed()),
    ]);
    for (path, kind) in
        [("/rss/tin", "whole-feed"), ("/tin.json", "whole-feed"), ("/chuyen-muc", "whole-feed"), ("/", "feed")]
    {
        let (found, said) = room.chosen(&site.url(path));
        assert_eq!(found, kind, "{path}: {said}");
    }
}

#[test]
fn an_api_that_does_not_give_its_posts_is_named_and_the_feed_taken() {
    let room = Room::new("");
    let refused = json("{\"code\":\"rest_forbidden\"}").status(401);
    let site = Site::start(&[
        ("/", page(WORDPRESS)),
        ("/wp-json/", json("{\"namespaces\":[\"wp/v2\"]}")),
        (POSTS, refused),
        ("/feed/", feed()),
    ]);
    let (kind, said) = room.chosen(&site.url("/"));
    assert_eq!(kind, "whole-feed");
    assert!(said["table"].as_str().unwrap().contains("/wp-json/wp/v2/posts: the source answered with status 401"));
    let site = wordpress();
    assert_eq!(room.chosen(&site.url("/wp-json/wp/v2/posts")).0, "wordpress", "an address of the API itself");
}

#[test]
fn the_table_goes_to_stdout_loads_and_the_first_articles_go_to_stderr() {
    let room = Room::new("");
    let site = wordpress();
    let said = room.add(&[&site.url("/"), "--id", "so-y-te"]);
    assert_eq!(said.code, 0, "{said:?}");
    insta::assert_snapshot!(format!("{}\n--\n{}", said.out, said.talk));
    let whole = format!(
        "{}\n[[portal]]\nid = \"p\"\n[portal.adapter.folder]\npath = \"out\"\n",
        said.out.replace("[port]", "80")
    );
    assert_eq!(Config::parse(&whole, "dongbo.toml".as_ref()).unwrap().sources[0].id, "so-y-te");
}

#[test]
fn writing_appends_and_a_file_that_would_not_be_valid_stays_as_it_is() {
    let room = Room::new(CONFIG);
    let site = wordpress();
    let said = room.add(&[&site.url("/"), "--id", "so-y-te", "--write"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(room.file().starts_with(CONFIG) && said.talk.contains("was added to [folder]/dongbo.toml"), "{said:?}");
    let config = Config::load(&room.0.path("dongbo.toml")).unwrap();
    assert_eq!(config.sources.iter().map(|source| source.id.as_str()).collect::<Vec<_>>(), ["cu", "so-y-te"]);
    let before = (room.file(), fs::metadata(room.0.path("dongbo.toml")).unwrap().ino());
    let said = room.add(&[&site.url("/"), "--id", "cu", "--write"]);
    assert_eq!(said.code, 3);
    assert!(said.talk.contains("\"cu\" is used twice") && said.out.contains("[[source]]"), "{said:?}");
    assert_eq!(before, (room.file(), fs::metadata(room.0.path("dongbo.toml")).unwrap().ino()));
    let said = room.add(&[&site.url("/"), "--write"]);
    assert!(said.code == 0 && said.out.contains("id   = \"127-0-0-1\""), "{said:?}");
    let said = room.add(&[&site.url("/"), "--write"]);
    assert!(said.code == 0 && said.out.contains("id   = \"127-0-0-1-2\""), "an id that is free: {said:?}");
    assert_eq!(Room::new("").add(&[&site.url("/"), "--write"]).code, 3, "there is no file");
}

#[test]
fn what_cannot_be_read_is_said_with_its_exit_code() {
    let room = Room::new("");
    let site = Site::start(&[("/", page(""))]);
    let said = room.add(&[&site.url("/")]);
    assert_eq!((said.code, said.out.as_str()), (5, ""), "{said:?}");
    assert!(said.talk.contains("No API and no feed"), "{said:?}");
    assert_eq!(room.add(&[&format!("http://127.0.0.1:{}/", closed())]).code, 4);
    assert_eq!(room.add(&[&site.url("/"), "--id", "Sở"]).code, 2);
    assert_eq!(room.add(&["ftp://a.example.vn/"]).code, 4);
}

#[test]
fn what_a_page_names_is_not_asked_within_the_network_of_the_operator() {
    let room = Room::new("");
    let inner = Site::start(&[("/rss", feed())]);
    let link = format!("<link rel=alternate type='application/rss+xml' href='{}'>", inner.url("/rss"));
    let api = format!(
        "<meta name=generator content='WordPress 6'><link rel='https://api.w.org/' href='{}'>",
        inner.url("/wp-json/")
    );
    let site = Site::start(&[("/", page(&format!("{link}{api}")))]);
    assert_eq!(room.chosen(&site.url("/")).0, "-");
    let leads = answer(302, "text/html", "").with("location", &inner.url("/posts"));
    let site =
        Site::start(&[("/", page(WORDPRESS)), ("/wp-json/", json("{\"namespaces\":[\"wp/v2\"]}")), (POSTS, leads)]);
    let (kind, said) = room.chosen(&site.url("/"));
    assert_eq!(kind, "-");
    assert!(said["failed"][0]["reason"].as_str().unwrap().contains("not allowed"), "{said}");
    assert_eq!(inner.asked(), Vec::<String>::new());
}

/// An article's own page on a portal that was made for people.
fn article(number: usize) -> Answer {
    let paragraph = |n: usize| {
        format!(
            "<p>Đoạn {n} của bài {number}: đồng chí Chủ tịch yêu cầu các sở, ngành, 99 xã, phường báo cáo kết quả, không để chậm trễ.</p>"
        )
    };
    let text: String = (0..6).map(paragraph).collect();
    html(&format!(
        "<title>{TITLE} {number} - Cổng tỉnh</title><ul class=menu><li><a href=/>Trang chủ</a></ul>\
         <h1 class=tieu-de>{TITLE} {number}</h1><span class=ngay>Ngày đăng: 2{number}/11/2026 14:05</span>\
         <div class=sapo>(BNP) – Sáng nay, tại trung tâm hội nghị tỉnh, bài {number}.</div><div class=noi-dung>{text}</div>"
    ))
}

const TITLE: &str = "Hội nghị trực tuyến về chuyển đổi số lần thứ";

/// A portal without API and feed; `more` stands beside its articles.
fn for_people(more: &[(&str, Answer)]) -> Site {
    let paths: Vec<String> = (1..=5).map(|number| format!("/tin/{number}")).collect();
    let mut pages: Vec<(&str, Answer)> =
        paths.iter().zip(1..).map(|(path, number)| (path.as_str(), article(number))).collect();
    pages.extend(more.iter().cloned());
    Site::start(&pages)
}

fn list() -> Answer {
    let entry = |n: usize| format!("<li><h3><a href=/tin/{n}>{TITLE} {n}</a></h3><i class=ngay>2{n}/11/2026</i></li>");
    let entries: String = (1..=5).map(entry).collect();
    html(&format!(
        "<title>Chính trị</title><ul class=menu><li><a href=/>Trang chủ</a></ul><ul class=danh-sach>{entries}</ul>"
    ))
}

#[test]
fn a_sitemap_is_found_by_robots_txt_with_selectors_that_hold_on_its_pages() {
    let room = Room::new("");
    let today = jiff::Timestamp::now();
    let url = |path: &str| format!("<url><loc>{path}</loc><lastmod>{today}</lastmod></url>");
    let urls: String = (1..=5).map(|n| url(&format!("/tin/{n}"))).chain([url("/gioi-thieu")]).collect();
    let map = answer(200, "application/xml", format!("<urlset>{urls}</urlset>"));
    let robots = answer(200, "text/plain", "User-agent: *\nSitemap: /ban-do.xml\n");
    let site =
        for_people(&[("/", list()), ("/robots.txt", robots), ("/ban-do.xml", map.clone()), ("/sitemap-a.xml", map)]);
    let (kind, said) = room.chosen(&site.url("/"));
    assert_eq!(kind, "sitemap", "{said}");
    insta::assert_snapshot!(said["table"].as_str().unwrap());
    let items = said["reading"]["items"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    let text = items[0]["body"].as_str().unwrap();
    assert!(text.starts_with("<p>Đoạn 0") && text.contains("Đoạn 5") && !text.contains("BNP"), "word for word: {text}");
    assert_eq!(room.chosen(&site.url("/sitemap-a.xml")).0, "sitemap", "its own address");
}

#[test]
fn a_category_page_is_the_last_way_and_a_feed_without_texts_gets_selectors_too() {
    let room = Room::new("");
    let site = for_people(&[("/chinh-tri", list())]);
    let (kind, said) = room.chosen(&site.url("/chinh-tri"));
    assert_eq!(kind, "listing", "{said}");
    insta::assert_snapshot!(said["table"].as_str().unwrap());
    let item = |n: usize| {
        format!("<item><title>{TITLE} {n}</title><link>/tin/{n}</link><description>Dẫn…</description></item>")
    };
    let items: String = (1..=3).map(item).collect();
    let feed = answer(200, "application/rss+xml", format!("<rss><channel><title>Tin</title>{items}</channel></rss>"));
    let site = for_people(&[("/rss", feed)]);
    let (kind, said) = room.chosen(&site.url("/rss"));
    assert_eq!(kind, "feed");
    assert!(said["table"].as_str().unwrap().contains("[source.page]\ntitle = \"h1.tieu-de\""), "{said}");
    assert!(said["reading"]["items"][0]["body"].as_str().unwrap().contains("Đoạn 5"));
}

#[test]
fn a_sitemap_whose_pages_have_nothing_in_common_is_no_way() {
    let room = Room::new("");
    let today = jiff::Timestamp::now();
    let urls: String = (1..=3).map(|n| format!("<url><loc>/x/{n}</loc><lastmod>{today}</lastmod></url>")).collect();
    let map = answer(200, "application/xml", format!("<urlset>{urls}</urlset>"));
    let page = |n: usize| html(&format!("<title>{n}</title><p>Xin chào {n}"));
    let site =
        Site::start(&[("/", page(0)), ("/sitemap.xml", map), ("/x/1", page(1)), ("/x/2", page(2)), ("/x/3", page(3))]);
    let said = room.add(&[&site.url("/")]);
    assert_eq!((said.code, said.out.as_str()), (5, ""));
    assert!(said.talk.contains("nothing in common"), "{said:?}");
}
