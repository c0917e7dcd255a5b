//! Bad input: each ends in a message of three parts and in nothing lost.

use dongbo_wordpress::fake::FakeWordPress;
use flate2::{Compress, Compression, FlushCompress};

use crate::say::run;
use crate::web::{Web, both_stand, write_secret};

/// A source that cannot be read is told; once it is mended everything stands exactly once.
fn source_fails(name: &str, head: &str, body: impl Into<Vec<u8>>) {
    let (web, site) = (Web::start(), FakeWordPress::start());
    let desk = web.desk(&site);
    web.say(head, body);
    let said = run(&desk, &["run", "--once"]);
    assert_eq!(said.code, 4, "{said:?}");
    insta::assert_snapshot!(name, said.talk);
    assert!(site.posts().iter().all(|post| post.key.is_none()));
    web.say_feed();
    let said = run(&desk, &["run", "--once"]);
    assert_eq!(said.code, 0, "{said:?}");
    both_stand(&site);
    // And when it fails again, what stands stays.
    web.say(head, "");
    assert_eq!(run(&desk, &["run", "--once"]).code, 4);
    both_stand(&site);
}

#[test]
fn an_unreadable_feed() {
    source_fails(
        "unreadable_feed",
        "200 OK\r\nContent-Type: application/rss+xml",
        "<rss version=\"2.0\"><channel><item",
    );
}

#[test]
fn a_login_page_with_status_200() {
    let page = "<!doctype html><html><head><title>Đăng nhập</title></head><body><form>…</form></body></html>";
    source_fails("login_page", "200 OK\r\nContent-Type: text/html; charset=utf-8", page);
}

#[test]
fn a_gzip_bomb_of_a_gigabyte() {
    source_fails(
        "gzip_bomb",
        "200 OK\r\nContent-Type: application/rss+xml\r\nContent-Encoding: gzip",
        gigabyte_of_spaces(),
    );
}

/// RFC 1952: a head, then RFC 1951 blocks. After a full flush a block depends
/// on nothing before it, so that one megabyte's block can be repeated.
fn gigabyte_of_spaces() -> Vec<u8> {
    let spaces = vec![b' '; 1024 * 1024];
    let mut deflate = Compress::new(Compression::fast(), false);
    let mut block = Vec::with_capacity(64 * 1024);
    deflate.compress_vec(&spaces, &mut block, FlushCompress::Full).unwrap();
    assert_eq!(deflate.total_in(), 1024 * 1024);
    let mut bomb = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    for _ in 0..1024 {
        bomb.extend_from_slice(&block);
    }
    bomb
}

#[test]
fn a_wrong_password() {
    let (web, site) = (Web::start(), FakeWordPress::start());
    let desk = web.desk(&site);
    web.say_feed();
    write_secret(&desk, "sai mat khau");
    let said = run(&desk, &["run", "--once"]);
    assert_eq!(said.code, 4, "{said:?}");
    let said = run(&desk, &["status", "--check"]);
    assert_eq!(said.code, 4, "{said:?}");
    insta::assert_snapshot!("wrong_password_status", said.out);
    let said = run(&desk, &["check", "so"]);
    assert_eq!(said.code, 4, "{said:?}");
    insta::assert_snapshot!("wrong_password_check", said.out);
    write_secret(&desk, site.password());
    let said = run(&desk, &["run", "--once"]);
    assert_eq!(said.code, 0, "{said:?}");
    both_stand(&site);
}

#[test]
fn a_secret_that_is_not_there() {
    let (web, site) = (Web::start(), FakeWordPress::start());
    let desk = web.desk(&site);
    std::fs::remove_file(desk.path("password")).unwrap();
    let said = run(&desk, &["check", "so"]);
    assert_eq!(said.code, 4, "{said:?}");
    insta::assert_snapshot!("secret_missing", said.out);
}

#[test]
fn an_unknown_category() {
    let (web, site) = (Web::start(), FakeWordPress::start());
    let desk = web.desk(&site);
    web.say_feed();
    let said = run(&desk, &["check", "so"]);
    assert_eq!(said.code, 0, "{said:?}");
    insta::assert_snapshot!("unknown_category", said.out);
    assert_eq!(run(&desk, &["run", "--once"]).code, 0);
    both_stand(&site);
    site.add_category("Tin tức");
    let said = run(&desk, &["check", "so"]);
    assert!(!said.out.contains("chuyên mục"), "{said:?}");
}

#[test]
fn a_configuration_with_faults() {
    let (web, site) = (Web::start(), FakeWordPress::start());
    let desk = web.desk(&site);
    let path = desk.path("dongbo.toml");
    let text = std::fs::read_to_string(&path).unwrap().replace("accept =", "acept =");
    std::fs::write(&path, text).unwrap();
    let said = run(&desk, &["status"]);
    assert_eq!(said.code, 3, "{said:?}");
    insta::assert_snapshot!("configuration", said.talk);
}

#[test]
fn check_write_leaves_nothing_behind() {
    let (web, site) = (Web::start(), FakeWordPress::start());
    let desk = web.desk(&site);
    let said = run(&desk, &["check", "so", "--write"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("đọc lại đúng"), "{said:?}");
    assert!(site.posts().iter().all(|post| post.key.is_none() || post.status == "trash"), "{:?}", site.posts());
    assert!(site.posts().iter().all(|post| post.status != "publish" || post.key.is_none()));
}
