//! Runs commands and makes what they say comparable.

use std::process::Output;

use crate::desk::Desk;

/// How a command ended, in Vietnamese and without the log.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) talk: String,
}

pub(crate) fn run(desk: &Desk, arguments: &[&str]) -> Said {
    said(desk, &desk.command(arguments).args(["--lang", "vi"]).env("RUST_LOG", "off").output().expect("dongbo starts"))
}

pub(crate) fn said(desk: &Desk, output: &Output) -> Said {
    let text = |bytes: &[u8]| tidy(desk, &String::from_utf8_lossy(bytes));
    Said {
        code: output.status.code().unwrap_or_else(|| panic!("ended by a signal: {output:?}")),
        out: text(&output.stdout),
        talk: text(&output.stderr),
    }
}

/// Folders, ports, times and process ids differ from run to run.
fn tidy(desk: &Desk, text: &str) -> String {
    let text = text.replace(&desk.folder.path().display().to_string(), "[folder]");
    let mut tidy = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find("127.0.0.1:") {
        let after = &rest[at + "127.0.0.1:".len()..];
        tidy.push_str(&rest[..at]);
        tidy.push_str("127.0.0.1:[port]");
        rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    tidy.push_str(rest);
    tidy.lines().map(without_counts).map(|line| without_time(&line)).collect::<Vec<_>>().join("\n")
}

/// Two deliveries in hand at once get their numbers in either order, and a busy
/// machine is a second late.
fn without_counts(line: &str) -> String {
    let found = ["\"remote_id\": ", "\"late_s\": "].into_iter().find_map(|key| Some((line.split_once(key)?.0, key)));
    match found {
        Some((before, key)) => format!("{before}{key}[number],"),
        None => line.to_owned(),
    }
}

/// Cuts from the first time of day on.
fn without_time(line: &str) -> String {
    let bytes = line.as_bytes();
    let time = (0..bytes.len().saturating_sub(7)).find(|&at| {
        let part = &bytes[at..at + 8];
        part.iter().enumerate().all(|(place, byte)| if place % 3 == 2 { *byte == b':' } else { byte.is_ascii_digit() })
    });
    match time {
        Some(at) => format!("{}[time]", String::from_utf8_lossy(&bytes[..at.saturating_sub(11)])),
        None => line.trim_end().to_owned(),
    }
}
