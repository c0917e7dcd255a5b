use std::io::Write as _;

use super::*;

const SITE: &str = "https://a.example.vn/sitemap.xml";

fn now() -> Timestamp {
    "2026-11-25T00:00:00Z".parse().unwrap()
}

fn since() -> Timestamp {
    "2026-10-26T00:00:00Z".parse().unwrap()
}

fn config(toml: &str) -> Config {
    toml::from_str(toml).unwrap()
}

fn answer(config: &Config, body: &[u8]) -> Result<Answer, ReadError> {
    let url = Url::parse(SITE).unwrap();
    config.read(&url, since(), &Document { body, content_type: None, url: &url, now: now() })
}

fn entries(config: &Config, urls: &str) -> Entries {
    let body =
        format!("<?xml version=\"1.0\"?><urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">{urls}</urlset>");
    match answer(config, body.as_bytes()).unwrap() {
        Answer::Entries(entries) => entries,
        Answer::Index(files) => panic!("{files:?}"),
    }
}

fn url(path: &str, lastmod: &str) -> String {
    format!("<url><loc>https://a.example.vn{path}</loc><lastmod>{lastmod}</lastmod></url>")
}

fn paths(entries: &Entries) -> Vec<String> {
    entries.items.iter().flatten().map(|item| item.content.url["https://a.example.vn".len()..].to_owned()).collect()
}

#[test]
fn young_entries_come_newest_first_and_what_has_no_date_is_left_alone() {
    let urls = [
        url("/cu", "2026-10-25"),
        url("/hai", "2026-11-20"),
        url("/ba", "2026-11-24T14:05:09+07:00"),
        "<url><loc>https://a.example.vn/</loc></url>".into(),
        url("/thang", "2026-11"),
    ];
    let found = entries(&Config::default(), &urls.concat());
    assert_eq!(paths(&found), ["/ba", "/hai"]);
    assert_eq!((found.listed, found.wanted, found.dated, found.complete), (5, 5, 3, true));
    let first = found.items[0].as_ref().unwrap();
    assert_eq!(first.updated, Some("2026-11-24T07:05:09Z".parse().unwrap()), "to the second, as it is written");
    assert_eq!(first.content.precision, Precision::Guessed, "the last touch is no date of publication");
}

#[test]
fn a_later_touch_is_another_entry_and_the_same_one_is_the_same() {
    let digest = |lastmod: &str| entries(&Config::default(), &url("/a", lastmod)).items[0].as_ref().unwrap().digest();
    assert_eq!(digest("2026-11-24T14:05:09Z"), digest("2026-11-24T14:05:09Z"));
    assert_ne!(digest("2026-11-24T14:05:09Z"), digest("2026-11-24T14:05:10Z"));
}

#[test]
fn news_have_a_title_and_a_date_whatever_the_prefix() {
    let news = r#"<url><loc>https://a.example.vn/a?x=1&amp;copy=2</loc><n:news xmlns:n="http://www.google.com/schemas/sitemap-news/0.9">
        <n:publication><n:name>Báo</n:name></n:publication><n:publication_date>2026-11-24T14:05+07:00</n:publication_date>
        <n:title>Tin &amp; bài</n:title></n:news></url>"#;
    let found = entries(&Config::default(), news);
    let item = found.items[0].as_ref().unwrap();
    assert_eq!((item.content.title.as_str(), item.content.precision), ("Tin & bài", Precision::Minute));
    assert_eq!(item.content.published, "2026-11-24T07:05:00Z".parse().unwrap());
    assert_eq!(item.content.url, "https://a.example.vn/a?x=1&copy=2");
    let prefixed = r#"<s:urlset xmlns:s="http://www.sitemaps.org/schemas/sitemap/0.9"><s:url><s:loc>https://a.example.vn/b</s:loc>
        <s:lastmod>2026-11-24</s:lastmod></s:url></s:urlset>"#;
    let Ok(Answer::Entries(found)) = answer(&Config::default(), prefixed.as_bytes()) else { panic!() };
    assert_eq!((paths(&found), found.complete), (vec!["/b".to_owned()], true));
}

#[test]
fn addresses_of_other_hosts_and_of_paths_that_are_not_wanted_are_left_out() {
    let urls = [
        url("/tin-tuc/1.html", "2026-11-24"),
        url("/tin-tuc/video/2.html", "2026-11-24"),
        url("/gioi-thieu", "2026-11-24"),
        "<url><loc>https://www.a.example.vn/tin-tuc/3.html</loc><lastmod>2026-11-24</lastmod></url>".into(),
        "<url><loc>https://xau.example.vn/tin-tuc/4.html</loc><lastmod>2026-11-24</lastmod></url>".into(),
        "<url><loc>javascript:a()</loc><lastmod>2026-11-24</lastmod></url>".into(),
    ];
    let config = config("include = [\"/tin-tuc/*.html$\"]\nexclude = [\"*/video/\"]\n");
    let found = entries(&config, &urls.concat());
    assert_eq!((found.items.len(), found.listed, found.wanted), (2, 4, 2));
}

#[test]
fn a_pattern_is_the_beginning_of_a_path_as_in_robots_txt() {
    let matches = |pattern: &str, path: &str| Pattern::parse(pattern).unwrap().matches(path);
    for (pattern, path, wanted) in [
        ("/tin", "/tin-tuc/a", true),
        ("/tin/", "/tin-tuc/a", false),
        ("/tin$", "/tin", true),
        ("/tin$", "/tin/a", false),
        ("/*/a", "/x/y/a/b", true),
        ("/*/a$", "/x/a/a", true),
        ("/*/a$", "/x/a/b", false),
        ("/a*b*c$", "/a-c-b-c", true),
        ("/a*b*c$", "/a-c-b", false),
        ("*.html", "/x.html?y=1", true),
        ("/a*a$", "/a", false),
        ("/**$", "/x", true),
    ] {
        assert_eq!(matches(pattern, path), wanted, "{pattern} {path}");
    }
    for wrong in ["", "tin", "/tin tuc", "https://a.example.vn/tin"] {
        assert!(Pattern::parse(wrong).is_none(), "{wrong}");
    }
    assert!(Pattern::parse(&format!("/{}", "a".repeat(PATTERN_BYTES_MAX))).is_none());
}

#[test]
fn no_pattern_is_slow() {
    let pattern = Pattern::parse(&format!("/{}b", "*a".repeat(249))).unwrap();
    let path = format!("/{}", "a".repeat(2_000));
    let started = std::time::Instant::now();
    assert!((0..1_000).all(|_| !pattern.matches(&path)));
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

#[test]
fn more_patterns_than_the_limit_are_a_fault_of_the_configuration() {
    let patterns = |count: usize| config(&format!("exclude = [{}]\n", "\"/a\", ".repeat(count)));
    assert_eq!(patterns(PATTERNS_MAX).wrong(), None);
    assert_eq!(patterns(PATTERNS_MAX + 1).wrong().unwrap().key, "exclude");
    assert!(toml::from_str::<Config>("include = [\"tin\"]").unwrap_err().to_string().contains("is not the pattern"));
}

fn packed(text: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(text).unwrap();
    gzip.finish().unwrap()
}

#[test]
fn a_packed_file_is_unpacked_and_a_bomb_is_not() {
    let body = format!("<urlset>{}</urlset>", url("/a", "2026-11-24"));
    let Ok(Answer::Entries(found)) = answer(&Config::default(), &packed(body.as_bytes())) else { panic!() };
    assert_eq!(paths(&found), ["/a"]);
    let bomb = packed(&vec![b' '; FILE_BYTES_MAX + 1]);
    assert!(matches!(answer(&Config::default(), &bomb), Err(ReadError::TooLarge { .. })), "{} bytes", bomb.len());
    assert!(matches!(answer(&Config::default(), &vec![b' '; FILE_BYTES_MAX + 1]), Err(ReadError::TooLarge { .. })));
    assert!(matches!(answer(&Config::default(), &packed(body.as_bytes())[..30]), Err(ReadError::Encoding(_))));
}

#[test]
fn a_file_that_breaks_off_gives_what_stood_before_and_says_so() {
    let read = |body: &str| answer(&Config::default(), body.as_bytes());
    let broken = format!("<urlset>{}<url><loc>https://a.example.vn/b</lo", url("/a", "2026-11-24"));
    let Ok(Answer::Entries(found)) = read(&broken) else { panic!() };
    assert_eq!((paths(&found), found.complete), (vec!["/a".to_owned()], false));
    assert!(matches!(read("<urlset><url><loc>https://a"), Err(ReadError::Malformed { .. })));
    assert!(matches!(read("<sitemapindex>"), Err(ReadError::Malformed { .. })));
    assert!(matches!(read("<!DOCTYPE x [<!ENTITY a \"b\">]><urlset/>"), Err(ReadError::Doctype)));
    assert!(matches!(read("<html><body>x"), Err(ReadError::HtmlInstead { .. })));
    assert!(matches!(read("<rss><channel></channel></rss>"), Err(ReadError::NotAFeed { .. })));
    let Ok(Answer::Entries(empty)) = read("<urlset></urlset>") else { panic!() };
    assert_eq!((empty.items.len(), empty.complete), (0, true), "news of the last two days may be none");
}

#[test]
fn a_sitemap_is_no_feed() {
    let url = Url::parse(SITE).unwrap();
    let document = Document { body: b"<urlset></urlset>", content_type: None, url: &url, now: now() };
    assert!(matches!(feed::FeedReader::default().read(document), Err(ReadError::NotAFeed { .. })));
}

#[test]
fn more_entries_than_the_limits_are_not_read() {
    let found = entries(&Config::default(), &url("/a", "2026-11-24").repeat(YOUNG_MAX + 1));
    assert_eq!((found.items.len(), found.warnings.contains(&Warning::TooManyItems)), (YOUNG_MAX, true));
    let found = entries(&Config::default(), &"<url><loc>/a</loc></url>".repeat(ENTRIES_MAX + 1));
    assert_eq!((found.listed, found.warnings.contains(&Warning::TooManyItems)), (ENTRIES_MAX, true));
}

fn index(files: &[(&str, &str)]) -> Vec<File> {
    let one = |(path, lastmod): &(&str, &str)| url(path, lastmod).replace("url>", "sitemap>");
    let body = format!("<sitemapindex>{}</sitemapindex>", files.iter().map(one).collect::<String>());
    match answer(&Config::default(), body.as_bytes()).unwrap() {
        Answer::Index(files) => files,
        Answer::Entries(entries) => panic!("{entries:?}"),
    }
}

fn root() -> Files {
    let mut files = Files::of(Url::parse(SITE).unwrap(), since());
    assert_eq!(files.newest().unwrap().0.url.as_str(), SITE);
    files
}

fn order(files: &mut Files) -> Vec<String> {
    std::iter::from_fn(|| files.newest()).map(|(file, _)| file.url.path().to_owned()).collect()
}

#[test]
fn the_newest_file_is_read_first_each_once_and_old_ones_not_at_all() {
    let mut files = root();
    let listed = [
        ("/1.xml", "2026-11-20"),
        ("/2.xml", "2026-11-24"),
        ("/cu.xml", "2026-01-01"),
        ("/2.xml", "2026-11-24"),
        ("/3.xml", ""),
    ];
    files.found(&index(&listed), 0);
    files.found(&index(&[("/sitemap.xml", "2026-11-24")]), 0);
    assert_eq!(order(&mut files), ["/2.xml", "/1.xml", "/3.xml"]);
    assert!(files.skipped && !files.cut);
}

#[test]
fn neither_lists_of_lists_nor_many_files_are_followed_beyond_the_limits() {
    let mut files = root();
    for depth in 0..DEPTH_MAX {
        files.found(&index(&[(&format!("/{depth}.xml"), "")]), depth);
        assert_eq!(files.newest().unwrap().1, depth + 1);
    }
    files.found(&index(&[("/9.xml", "")]), DEPTH_MAX);
    assert!(files.newest().is_none() && files.cut);
    let mut files = root();
    let many: Vec<String> = (0..2 * FILES_MAX).map(|number| format!("/{number}.xml")).collect();
    files.found(&index(&many.iter().map(|path| (path.as_str(), "")).collect::<Vec<_>>()), 0);
    assert_eq!((order(&mut files).len(), files.cut), (FILES_MAX - 1, true));
}
