//! Pictures that content names: fetched through the guard, known by their bytes.

use std::time::Duration;

use url::Url;

use super::error::ReadError;
use super::fetch::{Fetcher, Limits};

/// A picture on its way to portals.
pub const MEDIA_BYTES_MAX: u64 = 10 * 1024 * 1024;

/// The limits for pictures.
#[must_use]
pub fn limits() -> Limits {
    Limits {
        wire_bytes_max: MEDIA_BYTES_MAX,
        decoded_bytes_max: MEDIA_BYTES_MAX,
        total: Duration::from_secs(60),
        ..Limits::default()
    }
}

/// A picture as fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    pub bytes: Vec<u8>,
    pub kind: MediaKind,
}

/// What portals take, told by magic number; what the server says does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaKind {
    Jpeg,
    Png,
    Gif,
    Webp,
}

impl MediaKind {
    #[must_use]
    pub fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
        }
    }

    /// Without the dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Gif => "gif",
            Self::Webp => "webp",
        }
    }
}

/// Fetches a picture. `allowed` is the configured source, whose origin may be
/// on a private network; every other address must be public. Use a fetcher
/// made with [`limits`].
///
/// # Errors
/// One try; `NotAPicture` for SVG (it can carry scripts) and everything unknown.
pub async fn fetch_media(fetcher: &Fetcher, url: &Url, allowed: &Url) -> Result<Media, ReadError> {
    let bytes = fetcher.fetch_content(url, allowed).await?;
    let kind = sniff(&bytes)?;
    Ok(Media { bytes, kind })
}

/// Tells the kind by the first bytes (WHATWG MIME Sniffing §6.1).
///
/// # Errors
/// `Empty`, or `NotAPicture`.
pub fn sniff(bytes: &[u8]) -> Result<MediaKind, ReadError> {
    match bytes {
        [] => Err(ReadError::Empty),
        [0xFF, 0xD8, 0xFF, ..] => Ok(MediaKind::Jpeg),
        [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Ok(MediaKind::Png),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Ok(MediaKind::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(MediaKind::Webp),
        _ => Err(ReadError::NotAPicture(if markup(bytes) { "markup" } else { "an unknown kind of file" })),
    }
}

fn markup(bytes: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(512)]);
    head.trim_start_matches('\u{FEFF}').trim_start().starts_with('<')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_known_by_their_bytes() {
        assert_eq!(sniff(b"\xFF\xD8\xFF\xE0rest").unwrap(), MediaKind::Jpeg);
        assert_eq!(sniff(b"\x89PNG\r\n\x1a\nrest").unwrap(), MediaKind::Png);
        assert_eq!(sniff(b"GIF89arest").unwrap(), MediaKind::Gif);
        assert_eq!(sniff(b"RIFF\x10\0\0\0WEBPVP8 ").unwrap(), MediaKind::Webp);
    }

    #[test]
    fn everything_else_is_refused() {
        let svg = "\u{FEFF}<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>";
        for bytes in [svg.as_bytes(), b"<svg/>", b"<html>", b"%PDF-1.7", b"GIF8", b"RIFF\x10\0\0\0WAVE", b"BM"] {
            assert!(matches!(sniff(bytes), Err(ReadError::NotAPicture(_))), "{bytes:?}");
        }
        assert!(matches!(sniff(b""), Err(ReadError::Empty)));
    }
}
