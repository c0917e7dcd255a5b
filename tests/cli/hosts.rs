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

/// Says this to every request, at this address of the machine. Its port.
fn says_at(address: &str, answer: String) -> u16 {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind((address, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]).and_then(|_| stream.write_all(answer.as_bytes()));
        }
    });
    port
}

#[test]
fn a_source_that_leads_to_a_private_host_is_read_once_that_host_is_named() {
    let feed = feed();
    let inner = says_at(
        "127.0.0.2",
        format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{feed}", feed.len()),
    );
    let head = "HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\nLocation";
    let outer = says_at("127.0.0.1", format!("{head}: http://127.0.0.2:{inner}/rss\r\n\r\n"));
    let desk = Desk { folder: tempfile::tempdir().unwrap() };
    let configure = |host: &str| {
        let toml = format!(
            "state = \"state\"\n[defaults]\n{QUICK}[[source]]\nid = \"cong-tinh\"\nurl = \"http://127.0.0.1:{outer}/rss\"\n\
             [[portal]]\nid = \"so\"\n[portal.adapter.folder]\npath = \"out\"\n{host}"
        );
        std::fs::write(desk.path("dongbo.toml"), toml).unwrap();
        run(&desk, &["check"]).code
    };
    assert_eq!(configure(""), 4);
    assert_eq!(configure("[[host]]\nname = \"127.0.0.3\"\nnetworks = [\"127.0.0.0/8\"]\n"), 4);
    assert_eq!(
        configure("[[host]]\nname = \"127.0.0.2\"\nprivate = true\n"),
        4,
        "this machine is no organisation's network"
    );
    assert_eq!(configure("[[host]]\nname = \"127.0.0.2\"\nnetworks = [\"127.0.0.2/32\"]\n"), 0);
    assert_eq!(run(&desk, &["run", "--once"]).code, 0);
}
