//! Bytes that are no text, or another than they claim, and dates that are none.

use super::{Case, flood, named};

const BYTES: [&[u8]; 30] = [
    b"\x00",
    b"\xFF",
    b"\x80",
    b"\xC0\xAF",
    b"\xE0\x80\xAF",
    b"\xF0\x80\x80\xAF",
    b"\xF8\x88\x80\x80\x80",
    b"\xED\xA0\x80",
    b"\xED\xA0\x80\xED\xB0\x80",
    b"\xF4\x90\x80\x80",
    b"\xE1\xBB",
    b"\xE1\xBB\x8D\xE1",
    b"\xC3\x28",
    b"\xEF\xBB\xBF",
    b"\xFE\xFF",
    b"\xFF\xFE",
    b"\xFF\xFE\x00\x00",
    b"\x00\x00\xFE\xFF",
    b"\x00\xD8",
    b"\xD8\x00",
    b"\x00\xDC\x00\xD8",
    b"<\x00",
    b"\x00<",
    b"\x1B$B",
    b"\x1B(J\x1B$@",
    b"\x0E\x0F",
    b"+ADw-script+AD4-",
    b"\x81\x30\x81\x30",
    b"\x84\x31\xA4\x37",
    b"&#xD800;",
];

/// What stands in front: marks, odd lengths, declarations that lie.
const FRONTS: [&[u8]; 9] = [
    b"",
    b"\xEF\xBB\xBF",
    b"\xFE\xFF",
    b"\xFF\xFE",
    b"\xFF\xFEa",
    b"\xEF\xBB\xBF\xFF\xFE",
    b"<\x00?\x00x",
    b"<?xml version=\"1.0\" encoding=\"utf-16\"?>",
    b"<?xml version=\"1.0\" encoding=\"windows-1258\"?>",
];

/// `{}` is where a large part stands.
const DATES: [&str; 56] = [
    "",
    " ",
    "{}",
    "24/11/2026 {}",
    "{} 24/11/2026",
    "24{}/11/2026",
    "24/11/2026 08:30:00.{}",
    "24/11/2026 08:30:00+{}",
    "Thứ {}",
    "2026-11-24T{}",
    "0",
    "-",
    "/",
    "//",
    ":",
    "::",
    "1/1/1",
    "0/0/0",
    "00/00/0000",
    "99/99/9999",
    "31/02/2026",
    "29/02/2023",
    "01/01/0001",
    "01/01/1970 00:00:00",
    "-1/-1/-1",
    "+1/+1/2026",
    "1/1/-026",
    "32767-12-31",
    "9999-12-31T23:59:59.999999999Z",
    "9999-12-31T23:59:59-25:59",
    "1990-01-01T00:00:00+25:59",
    "0000-00-00T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "2026-11-24T08:30:60Z",
    "2026-11-24T08:30:99Z",
    "2026-11-24T-1:-1:-1Z",
    "2026-11-24T127:127:127Z",
    "2026-11-24T8:5",
    "2026-11-24T:",
    "2026-11-24TZ",
    "2026-11-24T08:30:00+99:99",
    "2026-11-24T08:30:00+2147483647",
    "2026-11-24T08:30:00--7",
    "2026-11-24 12:00 CH CH SA",
    "2026-11-24 00:00 CH",
    "2026-11-24 13:00 SA",
    "Tue, 24 Foo 2026",
    "Nov Nov Nov",
    "24 tháng mười năm 2026",
    "năm năm năm năm",
    "ngày ngày 24 tháng 11 năm",
    "é4/11/2026",
    "２４/１１/２０２６",
    "\u{202E}6202/11/42",
    "İ2026-11-24",
    "24\u{0}/11/2026",
];

/// An old code page that nothing names, so that it must be guessed.
pub(super) fn sound_text(size: usize) -> Vec<u8> {
    b"<p>B\xE3\xECc Ninh ban h\xE0nh ch\xECi th\xED.</p>\n".iter().cycle().take(size).copied().collect()
}

/// A date behind blanks, which every date may have.
pub(super) fn sound_date(size: usize) -> Vec<u8> {
    format!("{}24/11/2026 08:30", " ".repeat(size.saturating_sub(16))).into_bytes()
}

pub(super) fn cases(size: usize) -> Vec<Case> {
    let texts = FRONTS.iter().flat_map(|front| {
        BYTES.iter().map(move |piece| {
            let name = format!("{} then {}", front.escape_ascii(), piece.escape_ascii());
            // An odd length, whatever the piece.
            let length = (front.len() + size / piece.len() * piece.len()) | 1;
            let bytes = front.iter().chain(piece.iter().cycle()).take(length).copied();
            Case::new("charset", name, bytes.collect::<Vec<u8>>())
        })
    });
    let dates = DATES.iter().map(|date| Case::new("date", named("dated", date), date.replace("{}", &flood("9", size))));
    texts.chain(dates).collect()
}
