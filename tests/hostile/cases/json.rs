//! Answers of an API and JSON Feeds: depth, width, numbers, letters, keys.

use super::{Case, flood, named};

/// What is repeated until the input is large.
const PIECES: [&str; 26] = [
    "[",
    "]",
    "{\"a\":",
    "[{\"a\":",
    "[],",
    "[0],",
    "{},",
    "{\"\":0},",
    "{\"items\":[]},",
    "0,",
    "1e999,",
    "-0.0e-999,",
    "null,",
    "\"\",",
    "\"a\":1,",
    "\"a{n}\":1,",
    "\"items\":[],",
    "{\"id\":{n},\"title\":\"a\"},",
    "{\"id\":\"a\",\"title\":\"{n}\"},",
    "{\"id\":{n},\"title\":\"a\",\"content_html\":\"<p>a\",\"content\":\"<p>b\"},",
    "\\u0000",
    "\\ud800",
    "\\",
    "\u{301}",
    "9",
    " ",
];

const PLACES: [(&str, &str, &str); 4] = [
    ("alone:", "", ""),
    ("in a list:", "{\"version\":\"https://jsonfeed.org/version/1.1\",\"items\":[", "{\"id\":0,\"title\":\"a\"}]}"),
    ("in an item:", "{\"version\":\"1.1\",\"items\":[{\"id\":0,\"title\":\"a\",", "\"summary\":\"a\"}]}"),
    ("in a text:", "{\"version\":\"1.1\",\"items\":[{\"id\":0,\"title\":\"a", "\"}]}"),
];

const VALUES: [&str; 21] = [
    "null",
    "true",
    "[]",
    "{}",
    "\"\"",
    "0",
    "-1",
    "1e400",
    "-1e-400",
    "18446744073709551615",
    "-9223372036854775808",
    "9223372036854775807",
    "99999999999999999999999999999999999999",
    "1795521600",
    "1795521600000",
    "1.5",
    "\"\\ud800\"",
    "\"\\udc00\\ud800\"",
    "\"\\u0000\\u202e\"",
    "\"javascript:alert(1)\"",
    "[\"a\",{\"name\":\"b\"}]",
];

const KEYS: [&str; 4] = ["title", "id", "date", "content"];

pub(super) fn sound(size: usize) -> Vec<u8> {
    let mut items = String::with_capacity(size);
    for n in 0.. {
        if items.len() >= size {
            break;
        }
        let comma = if n == 0 { "" } else { "," };
        items.push_str(&format!(
            "{comma}{{\"id\":{n},\"title\":\"Bài {n}\",\"link\":\"/bai-{n}\",\"date\":\"24/11/2026 08:30\",\
             \"content\":\"<p>Ủy ban nhân dân tỉnh <b>Bắc Ninh</b> ban hành chỉ thị số {n}.</p>\",\
             \"categories\":[{{\"name\":\"Tin tức\"}}]}}"
        ));
    }
    format!("0{{\"items\":[{items}]}}").into_bytes()
}

/// Each for the mapping, whose first byte chooses a description, and for the reader of JSON Feeds.
fn both(name: &str, body: &str) -> [Case; 2] {
    [Case::new("json", name, format!("0{body}")), Case::new("feed", format!("json {name}"), body)]
}

pub(super) fn cases(size: usize) -> Vec<Case> {
    let floods = PLACES.iter().flat_map(|(place, front, back)| {
        PIECES.iter().flat_map(move |piece| both(&named(place, piece), &format!("{front}{}{back}", flood(piece, size))))
    });
    let values = KEYS.iter().flat_map(|key| {
        VALUES.iter().flat_map(move |value| {
            let body = format!("{{\"version\":\"1.1\",\"items\":[{{\"id\":1,\"title\":\"a\",\"{key}\":{value}}}]}}");
            both(&format!("{key} is {value}"), &body)
        })
    });
    let greedy = PIECES.iter().map(|piece| {
        let body = format!("1{{\"items\":[{}0]}}", flood(piece, size));
        Case::new("json", named("every value an item:", piece), body)
    });
    floods.chain(values).chain(greedy).collect()
}
