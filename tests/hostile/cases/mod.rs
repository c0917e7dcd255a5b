//! The table: what is repeated, where it stands, and the sound inputs that
//! show what reading costs.

mod bytes;
mod html;
mod json;
mod xml;

/// One input for one reader.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) reader: &'static str,
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

impl Case {
    fn new(reader: &'static str, name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { reader, name: name.into(), bytes: bytes.into() }
    }
}

/// All of them, the large ones of about `size` bytes.
pub(crate) fn cases(size: usize) -> Vec<Case> {
    [xml::cases(size), json::cases(size), html::cases(size), bytes::cases(size)].into_iter().flatten().collect()
}

/// An honest input of about `size` bytes.
pub(crate) fn sound(reader: &str, size: usize) -> Vec<u8> {
    match reader {
        "feed" => xml::sound(size),
        "json" => json::sound(size),
        "html" => html::sound(size),
        "charset" => bytes::sound_text(size),
        "date" => bytes::sound_date(size),
        other => panic!("no reader {other}"),
    }
}

/// A piece over and over; `{n}` in it counts.
fn flood(piece: &str, size: usize) -> String {
    let mut text = String::with_capacity(size + piece.len());
    let mut n = 0;
    while text.len() < size {
        match piece.split_once("{n}") {
            Some((front, back)) => text.extend([front, &n.to_string(), &back.replace("{n}", &n.to_string())]),
            None => text.push_str(piece),
        }
        n += 1;
    }
    text
}

/// The first bytes of a text, as a name.
fn named(place: &str, piece: &str) -> String {
    format!("{place} {}", piece.chars().take(40).collect::<String>().escape_debug())
}
