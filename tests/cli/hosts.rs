//! `[[host]]` from the file to the wire: what an operator writes for a server
//! that leaves a certificate out of its chain, and what he is shown of it.

use std::fmt::Write as _;
use std::path::Path;

use crate::desk::{Desk, QUICK};
use crate::say::{Said, said};
use crate::tls;
use crate::web::feed;

/// A desk that reads from a server with an incomplete chain; its pictures and pages stand there too.
fn desk() -> Desk {
    let feed = feed();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nConnection: close\r\nContent-Length";
    let url = tls::says_without_the_one_between(format!("{head}: {}\r\n\r\n{feed}", feed.len()).into_bytes());
    let desk = Desk { folder: tempfile::tempdir().unwrap() };
    let toml = format!(
        "state = \"state\"\n[defaults]\n{QUICK}[[source]]\nid = \"cong-tinh\"\nurl = \"{url}rss\"\n\
         [[portal]]\nid = \"so\"\n[portal.adapter.folder]\npath = \"out\"\n"
    );
    std::fs::write(desk.path("dongbo.toml"), toml).unwrap();
    desk
}

fn with_host(desk: &Desk, ca: &Path) {
    let mut toml = std::fs::read_to_string(desk.path("dongbo.toml")).unwrap();
    write!(toml, "[[host]]\nname = \"127.0.0.1\"\nca = {ca:?}\n[[host]]\nname = \"*.noi-bo.vn\"\nprivate = true\n")
        .unwrap();
    std::fs::write(desk.path("dongbo.toml"), toml).unwrap();
}

fn run(desk: &Desk, arguments: &[&str]) -> Said {
    let mut command = desk.command(arguments);
    command.args(["--lang", "vi"]).env("RUST_LOG", "off").env("SSL_CERT_FILE", tls::authority());
    said(desk, &command.output().unwrap())
}

#[test]
fn a_source_with_an_incomplete_chain_is_read_once_its_host_says_what_is_missing() {
    let desk = desk();
    for arguments in [&["check"][..], &["run", "--once"]] {
        let said = run(&desk, arguments);
        assert_eq!(said.code, 4, "{said:?}");
    }
    assert!(!run(&desk, &["status"]).out.contains("máy chủ"), "no host deviates");
    with_host(&desk, &tls::between());
    for arguments in [&["check"][..], &["run", "--once"], &["read", "--source", "cong-tinh", &source(&desk)]] {
        let said = run(&desk, arguments);
        assert_eq!(said.code, 0, "{said:?}");
    }
    for command in ["check", "status"] {
        let said = run(&desk, &[command]).out;
        assert!(said.contains("tin thêm chứng thư trong ") && said.contains("inter.pem"), "{said}");
        assert!(said.contains("máy chủ *.noi-bo.vn: được nằm trong mạng riêng 10.0.0.0/8, 172.16.0.0/12"), "{said}");
    }
}

fn source(desk: &Desk) -> String {
    let toml: toml::Table = std::fs::read_to_string(desk.path("dongbo.toml")).unwrap().parse().unwrap();
    toml["source"][0]["url"].as_str().unwrap().to_owned()
}

#[test]
fn a_file_of_certificates_that_cannot_be_used_is_told_and_stops_nobody_else() {
    let desk = desk();
    let file = desk.path("ca.pem");
    with_host(&desk, &file);
    let missing = run(&desk, &["check"]);
    assert_eq!(missing.code, 4, "{missing:?}");
    assert!(missing.out.contains("Không dùng được tệp chứng thư") && missing.out.contains("so: đạt"), "{missing:?}");
    std::fs::write(&file, "không phải chứng thư").unwrap();
    let junk = run(&desk, &["check", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&junk.out).unwrap();
    assert_eq!((&report["hosts"][0]["passed"], &report["hosts"][1]["passed"]), (&false.into(), &true.into()));
    std::fs::copy(tls::between(), &file).unwrap();
    assert_eq!(run(&desk, &["check"]).code, 0);
}
