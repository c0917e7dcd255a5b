//! `dongbo probe`: every platform, every failure and every form of the result.

use std::fmt::Write as _;

use serde_json::Value;

use crate::desk::Desk;
use crate::say::{Said, said};
use crate::site::{Answer, Site, answer, closed, html, json, raw, says};
use crate::{tls, web};

fn probe(arguments: &[&str]) -> Said {
    probe_in(&Desk { folder: tempfile::tempdir().unwrap() }, arguments)
}

fn probe_in(desk: &Desk, arguments: &[&str]) -> Said {
    let mut command = desk.command(&["probe"]);
    command.args(arguments).env("RUST_LOG", "off").env("SSL_CERT_FILE", tls::authority());
    if !arguments.contains(&"--lang") {
        command.args(["--lang", "vi"]);
    }
    said(desk, &command.output().expect("dongbo starts"))
}

fn rows(said: &Said) -> Vec<Value> {
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

/// What was decided about each address, one a line.
fn decided(names: &[&str], rows: &[Value]) -> String {
    let mut lines = String::new();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    for (name, row) in names.iter().zip(rows) {
        let platform = if row["platform"].is_null() { "-".into() } else { text(&row["platform"]["name"]) };
        let feeds: Vec<String> = row["feeds"].as_array().unwrap().iter().map(|feed| text(&feed["found"])).collect();
        writeln!(
            lines,
            "{name}: {} ({}) tls={} platform={platform} api={} feeds=[{}] road={} why={} notes={} guard={}",
            text(&row["outcome"]),
            // The rest tells the time of day.
            text(&row["trouble"]).split(": verification time").next().unwrap(),
            text(&row["tls"]),
            text(&row["api"]["is"]),
            feeds.join(","),
            text(&row["road"]),
            text(&row["why"]),
            row["notes"],
            text(&row["guard"]),
        )
        .unwrap();
    }
    lines
}

fn feed() -> Answer {
    answer(200, "application/rss+xml", web::feed())
}

fn page(head: &str, body: &str) -> Answer {
    let links = "<a href=/a>a</a>".repeat(12);
    html(&format!("<!DOCTYPE html><title>Sở Khoa học</title>{head}<body><h1>Tin tức</h1>{body}{links}</body>"))
}

fn wordpress() -> Site {
    Site::start(&[
        (
            "/",
            page(
                "<meta name=generator content='WordPress 6.5.5'>\
                 <link rel=alternate type='application/rss+xml' href='/feed/'>",
                "<img src=/wp-content/a.png>",
            ),
        ),
        ("/wp-json/", json("{\"namespaces\":[\"wp/v2\"],\"authentication\":{\"application-passwords\":{}}}")),
        ("/feed/", feed()),
    ])
}

#[test]
fn each_platform_has_its_road() {
    let drupal = "<script type=application/json data-drupal-selector=drupal-settings-json>{}</script>";
    let sites: Vec<(&str, Site)> = vec![
        ("wordpress", wordpress()),
        (
            "wordpress in a folder, plain addresses",
            Site::start(&[
                ("/xa/tiendu", answer(301, "text/html", "").with("location", "/xa/tiendu/")),
                ("/xa/tiendu/", page("", "<img src=/xa/tiendu/wp-content/a.png>")),
                ("/xa/tiendu/?rest_route=/", json("{\"namespaces\":[\"wp/v2\"],\"authentication\":[]}")),
                ("/xa/tiendu/feed/", feed()),
            ]),
        ),
        (
            "wordpress behind a firewall",
            Site::start(&[
                ("/", page("<meta name=generator content='WordPress 6.5'>", "")),
                ("/wp-json/", html("<title>403</title><p>Forbidden").status(403)),
                ("/?rest_route=/", html("<title>403</title><p>Forbidden").status(403)),
            ]),
        ),
        (
            "wordpress, the API behind a challenge",
            Site::start(&[
                ("/", page("<meta name=generator content='WordPress 6.5'>", "")),
                ("/wp-json/", html("<title>Just a moment...</title>").status(403).with("cf-mitigated", "challenge")),
            ]),
        ),
        (
            "wordpress, the API behind a login",
            Site::start(&[
                ("/", page("<meta name=generator content='WordPress 6.5'>", "")),
                ("/wp-json/", answer(302, "text/html", "").with("location", "/wp-login.php")),
                ("/wp-login.php", html("<form><input type=password name=pwd></form>")),
            ]),
        ),
        (
            "wordpress, the API switched off",
            Site::start(&[("/", page("<link rel='https://api.w.org/' href='/api/'>", "<img src=/wp-content/a.png>"))]),
        ),
        (
            "liferay 7.4",
            Site::start(&[
                ("/", page("<script>var a = Liferay.ThemeDisplay;</script>", "<a href=/rss/tin-tuc>RSS</a>")),
                ("/o/headless-delivery/v1.0/openapi.json", json("{\"openapi\":\"3.0.1\"}")),
                ("/rss/tin-tuc", feed()),
            ]),
        ),
        (
            "liferay 6.2",
            Site::start(&[
                ("/", answer(302, "text/html", "").with("location", "/web/guest/trang-chu")),
                ("/web/guest/trang-chu", page("", "<a href='/news/-/details/22511/bai-86668605'>x</a>")),
                ("/api/jsonws/portal/get-build-number", json("6205")),
            ]),
        ),
        (
            "sharepoint",
            Site::start(&[
                ("/", answer(302, "text/html", "").with("location", "/Pages/default.aspx")),
                ("/Pages/default.aspx", page("", "<script src=/_layouts/15/init.js></script>")),
                ("/_api/web?$select=Title", answer(401, "text/plain", "").with("sprequestguid", "x")),
            ]),
        ),
        (
            "vnpt portal",
            Site::start(&[
                ("/", page("", "<img src=https://storage-vnportal.vnpt.vn/a.jpg><a href=/rssChanel/tin.rss>RSS</a>")),
                ("/api/public/categories", answer(404, "application/json", "{\"statusCode\":404,\"message\":\"x\"}")),
                ("/rssChanel/tin.rss", feed()),
            ]),
        ),
        (
            "nukeviet",
            Site::start(&[
                ("/", page("<script>var nv_base_siteurl='/';</script>", "")),
                ("/api.php", json("{\"status\":\"error\",\"code\":\"0011\"}")),
                ("/news/rss/", feed()),
            ]),
        ),
        ("dnn", Site::start(&[("/", page("", "<img src=/Portals/0/a.png>"))])),
        (
            "joomla",
            Site::start(&[
                ("/", page("<meta name=generator content='Joomla! - Open Source Content Management'>", "")),
                (
                    "/api/index.php/v1/content/articles",
                    answer(401, "application/vnd.api+json", "{\"errors\":[{\"title\":\"Forbidden\"}]}"),
                ),
                ("/?format=feed&type=rss", feed()),
            ]),
        ),
        (
            "drupal",
            Site::start(&[
                ("/", page(drupal, "").with("x-generator", "Drupal 11 (https://www.drupal.org)")),
                ("/jsonapi", answer(200, "application/vnd.api+json", "{\"jsonapi\":{\"version\":\"1.0\"}}")),
            ]),
        ),
        (
            "ghost",
            Site::start(&[
                ("/", page("<meta name=generator content='Ghost 5.130'>", "")),
                ("/ghost/api/admin/site/", json("{\"site\":{\"version\":\"5.130\"}}")),
                ("/rss/", feed()),
            ]),
        ),
        (
            "plone",
            Site::start(&[
                ("/", page("<link rel=stylesheet href='/++theme++x/a.css'>", "")),
                ("/++api++/@site", json("{\"@id\":\"x\"}")),
            ]),
        ),
        ("webcenter", Site::start(&[("/", page("", "<a href='/webcenter/portal/huyen?dDocName=X'>x</a>"))])),
        ("websphere", Site::start(&[("/", page("", "<a href=/wps/portal/tinh>x</a>"))])),
        (
            "umbraco",
            Site::start(&[
                ("/", page("<meta name=generator content=Umbraco>", "")),
                ("/umbraco/management/api/v1/server/status", json("{\"serverStatus\":\"Run\"}")),
            ]),
        ),
        ("orchard", Site::start(&[("/", page("<meta name=generator content=Orchard>", ""))])),
        ("kentico", Site::start(&[("/", page("", "<img src=/CMSPages/GetResource.ashx>"))])),
        ("typo3", Site::start(&[("/", page("<meta name=generator content='TYPO3 CMS'>", ""))])),
        ("blogger", Site::start(&[("/", page("<meta name=generator content=blogger>", ""))])),
        (
            "unknown, with a list of feeds",
            Site::start(&[
                ("/", page("", "<a href=/rss.aspx>RSS</a>")),
                ("/rss.aspx", page("", "<a href=/rss/tin-chi-dao.rss>x</a><a href=/rss/tin-tuc.rss>x</a>")),
                ("/rss/tin-chi-dao.rss", feed()),
                ("/rss/tin-tuc.rss", feed()),
            ]),
        ),
        ("unknown, with a feed", Site::start(&[("/", page("", "")), ("/rss", feed())])),
        (
            "only a link to wordpress",
            Site::start(&[("/", page("", "<a href=http://khac.example.vn/wp-content/>x</a>"))]),
        ),
    ];
    let urls: Vec<String> =
        sites.iter().map(|(name, site)| site.url(if name.contains("folder") { "/xa/tiendu" } else { "/" })).collect();
    let mut arguments = vec!["--json", "--at-once", "64"];
    arguments.extend(urls.iter().map(String::as_str));
    let said = probe(&arguments);
    assert_eq!(said.code, 0, "{}", said.talk);
    let names: Vec<&str> = sites.iter().map(|(name, _)| *name).collect();
    insta::assert_snapshot!("platforms", decided(&names, &rows(&said)));
    for (name, site) in &sites {
        let asked = site.asked();
        // A redirect is part of a question.
        assert!(asked.len() <= 12, "{name}: {asked:?}");
        assert!(asked.iter().all(|line| line.starts_with("GET ")), "{name}: {asked:?}");
    }
}

#[test]
fn whatever_happens_is_told() {
    let login = "<form action=/login><input type=password name=p></form>";
    let site = Site::start(&[
        ("/pdf", answer(200, "application/pdf", "%PDF-1.7")),
        ("/empty", html("")),
        ("/spaces", html("  \n ")),
        ("/feed.xml", feed()),
        ("/json", json("{}")),
        ("/500", html("<p>lỗi").status(500)),
        ("/403", html("<p>cấm").status(403)),
        ("/login", html(login)),
        ("/challenge", html("<script>window._cf_chl_opt={}</script>").status(403)),
        ("/loop", answer(302, "text/html", "").with("location", "/loop")),
        ("/inner", answer(302, "text/html", "").with("location", "http://10.0.0.1/")),
        ("/metadata", answer(302, "text/html", "").with("location", "http://169.254.169.254/latest")),
        ("/ftp", answer(302, "text/html", "").with("location", "ftp://a.example.vn/")),
        ("/large", html(&"x".repeat(5 * 1024 * 1024))),
        ("/gzip", html("no gzip at all").with("content-encoding", "br")),
    ]);
    let paths = [
        "/pdf",
        "/empty",
        "/spaces",
        "/feed.xml",
        "/json",
        "/500",
        "/404",
        "/403",
        "/login",
        "/challenge",
        "/loop",
        "/inner",
        "/metadata",
        "/ftp",
        "/large",
        "/gzip",
    ];
    let mut urls: Vec<(String, String)> = paths.iter().map(|path| ((*path).to_owned(), site.url(path))).collect();
    let local = |port: u16| format!("http://127.0.0.1:{port}/");
    urls.push(("closed".into(), local(closed())));
    urls.push(("hangs up".into(), local(raw(says(b"")))));
    urls.push(("garbage".into(), local(raw(says(b"\x00\x01\x02 garbage\r\n\r\n")))));
    urls.push((
        "half".into(),
        local(raw(says(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 99\r\n\r\n<p>"))),
    ));
    urls.push(("no name".into(), "http://khong-co.invalid/".into()));
    urls.push(("no address".into(), "không phải địa chỉ".into()));
    urls.push(("no scheme of ours".into(), "ftp://a.example.vn/".into()));
    urls.push(("no host".into(), "http://".into()));
    let mut arguments = vec!["--json", "--at-once", "64"];
    arguments.extend(urls.iter().map(|(_, url)| url.as_str()));
    let said = probe(&arguments);
    assert_eq!(said.code, 4, "{}", said.talk);
    let names: Vec<&str> = urls.iter().map(|(name, _)| name.as_str()).collect();
    let rows = rows(&said);
    assert_eq!(rows.len(), urls.len());
    insta::assert_snapshot!("failures", decided(&names, &rows));
}

#[test]
fn a_silent_server_takes_no_more_than_its_time() {
    let port = raw(|stream| {
        std::thread::park();
        drop(stream);
    });
    let started = std::time::Instant::now();
    let said = probe(&["--json", "--time", "2s", &format!("http://127.0.0.1:{port}/")]);
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    assert_eq!(said.code, 4, "{}", said.talk);
    let row = &rows(&said)[0];
    assert_eq!((&row["outcome"], &row["road"]), (&"timed-out".into(), &"unknown".into()), "{row}");
}

#[test]
fn the_certificate_is_told_and_always_verified() {
    let plain = Site::start(&[("/", page("", ""))]);
    let plain_without_scheme = plain.url("/").replace("http://", "");
    let spoken_over_https = plain.url("/").replace("http://", "https://");
    let servers = [
        ("good", tls::good()),
        ("without the one between", tls::without_the_one_between()),
        ("expired", tls::expired()),
        ("of another name", tls::of_another_name()),
        ("old", tls::old()),
        ("hangs up", format!("https://127.0.0.1:{}/", raw(says(b"")))),
        ("nobody listens", format!("https://127.0.0.1:{}/", closed())),
        ("nobody listens, without a scheme", format!("127.0.0.1:{}", closed())),
        ("plain", plain.url("/")),
        ("plain, without a scheme", plain_without_scheme),
        ("plain, named as https", spoken_over_https),
    ];
    let mut arguments = vec!["--json"];
    arguments.extend(servers.iter().map(|(_, url)| url.as_str()));
    let said = probe(&arguments);
    assert_eq!(said.code, 4, "{}", said.talk);
    let names: Vec<&str> = servers.iter().map(|(name, _)| *name).collect();
    insta::assert_snapshot!("tls", decided(&names, &rows(&said)));
}

#[test]
fn what_a_page_names_within_the_network_is_not_asked() {
    let inner = wordpress();
    let (api, announced) = (inner.url("/wp-json/"), inner.url("/feed/"));
    let head = format!(
        "<link rel='https://api.w.org/' href='{api}'><link rel=alternate type=application/rss+xml href='{announced}'>"
    );
    let site = Site::start(&[("/", page(&head, "<img src=/wp-content/a.png>"))]);
    let rows = rows(&probe(&["--json", &site.url("/")]));
    assert_eq!(rows[0]["platform"]["name"], "WordPress");
    assert_eq!(inner.asked(), Vec::<String>::new());
}

fn hostile() -> Site {
    let title = "=cmd|' /C calc'!A0\u{1b}[31m\u{202e}\u{7}<script>alert(1)</script>&lt;img src=x onerror=alert(2)&gt;\
                 \"';-- \u{9b}2J";
    Site::start(&[(
        "/",
        html(&format!(
            "<title>{}</title><meta name=generator content='WordPress \u{1b}]0;x\u{7}<b>'><p>x</p>\
             <link rel=alternate type=application/rss+xml href='javascript:alert(1)'>",
            title.replace("</script>", "&lt;/script>").replace("<script>", "&lt;script>")
        )),
    )])
}

fn is_safe(text: &str) -> bool {
    text.chars().all(|c| c == '\n' || !(c.is_control() || matches!(c, '\u{202a}'..='\u{202e}')))
}

#[test]
fn a_hostile_title_stays_text_in_every_form() {
    let site = hostile();
    for format in ["table", "html", "csv", "json"] {
        let said = probe(&["--format", format, &site.url("/")]);
        assert_eq!(said.code, 0, "{}", said.talk);
        assert!(is_safe(&said.out), "{format}: {:?}", said.out);
        match format {
            "html" => {
                assert!(!said.out.contains("<script") && !said.out.contains("<img"), "{}", said.out);
                assert!(said.out.contains("default-src 'none'"), "{}", said.out);
            }
            "csv" => {
                let mut reader = csv::Reader::from_reader(said.out.as_bytes());
                for record in reader.records() {
                    let record = record.unwrap();
                    assert!(record.iter().all(|field| !field.starts_with(['=', '+', '-', '@'])), "{record:?}");
                }
            }
            _ => {}
        }
    }
}

#[test]
fn the_forms_say_the_same() {
    let site = wordpress();
    let (url, gone) = (site.url("/"), format!("http://127.0.0.1:{}/", closed()));
    for format in ["table", "html", "csv", "json"] {
        let said = probe(&["--format", format, &url, &gone]);
        assert_eq!(said.code, 4, "{}", said.talk);
        insta::assert_snapshot!(format!("form_{format}"), said.out);
    }
    let english = probe(&["--lang", "en", &url, &gone]);
    insta::assert_snapshot!("form_english", english.out);
}

#[test]
fn a_list_is_read_as_table_programs_write_it() {
    let site = wordpress();
    let desk = Desk { folder: tempfile::tempdir().unwrap() };
    let url = site.url("/");
    let lists = [
        ("comma", format!("name,url\nSở Nội vụ,{url}\nSở Nội vụ,{url}\n")),
        ("semicolon", format!("\u{feff}Tên;Địa chỉ;Ghi chú\r\n\"Sở; Nội vụ\";{url};x\r\n;;\r\n")),
        ("first column", format!("{url}\n")),
        ("heading of their own", format!("cổng,ghi chú\n{url},x\n")),
    ];
    for (name, list) in lists {
        std::fs::write(desk.path("list.csv"), list).unwrap();
        let path = desk.path("list.csv").display().to_string();
        let said = probe_in(&desk, &["--json", "--csv", &path]);
        assert_eq!(said.code, 0, "{name}: {}", said.talk);
        let rows = rows(&said);
        assert_eq!(rows.len(), 1, "{name}");
        assert_eq!(rows[0]["road"], "adapter", "{name}");
        assert_eq!(rows[0]["name"].is_string(), name == "comma" || name == "semicolon", "{name}: {}", rows[0]["name"]);
    }
}

#[test]
fn what_cannot_be_asked_ends_with_its_code() {
    let desk = Desk { folder: tempfile::tempdir().unwrap() };
    std::fs::write(desk.path("empty.csv"), "url\n\n").unwrap();
    let empty = desk.path("empty.csv").display().to_string();
    let missing = desk.path("missing.csv").display().to_string();
    assert_eq!(probe_in(&desk, &["--csv", &empty]).code, 5);
    assert_eq!(probe_in(&desk, &["--csv", &missing]).code, 4);
    assert_eq!(probe_in(&desk, &[]).code, 2);
    assert_eq!(probe_in(&desk, &["--json", "--format", "html", "a.example.vn"]).code, 2);
    assert_eq!(probe_in(&desk, &["--time", "bao lâu", "a.example.vn"]).code, 2);
}
