//! Pictures out of a number: valid PNG files, a different one per number.

/// Wider and higher than a WordPress thumbnail, so that a site makes its sizes of it.
const WIDTH: u32 = 200;
const HEIGHT: u32 = 160;

/// A PNG of [`WIDTH`] × [`HEIGHT`] pixels in 256 colours with a stripe pattern of its own, about 32 KiB.
///
/// Layout: PNG specification, third edition, §5 and §11; the pixels stand in
/// stored (not compressed) blocks of RFC 1951 §3.2.4 inside RFC 1950.
pub(crate) fn png(number: u32) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = Vec::new();
    header.extend(WIDTH.to_be_bytes());
    header.extend(HEIGHT.to_be_bytes());
    // Eight bits per pixel, by palette, the one method each of compression and filter, not interlaced.
    header.extend([8, 3, 0, 0, 0]);
    chunk(&mut file, *b"IHDR", &header);
    chunk(&mut file, *b"PLTE", &palette(number));
    chunk(&mut file, *b"IDAT", &zlib_stored(&pixels(number)));
    chunk(&mut file, *b"IEND", &[]);
    file
}

fn palette(number: u32) -> Vec<u8> {
    let [_, red, green, blue] = number.wrapping_mul(0x9E37_79B1).to_be_bytes();
    (0..=255u8)
        .flat_map(|index| [index.wrapping_add(red), index.wrapping_mul(3).wrapping_add(green), index ^ blue])
        .collect()
}

/// One filter byte (none) before each line.
fn pixels(number: u32) -> Vec<u8> {
    let stripe = number % 13 + 3;
    (0..HEIGHT)
        .flat_map(|y| std::iter::once(0).chain((0..WIDTH).map(move |x| (((x + y) / stripe) % 256) as u8)))
        .collect()
}

fn chunk(file: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    file.extend((data.len() as u32).to_be_bytes());
    let start = file.len();
    file.extend(kind);
    file.extend(data);
    let sum = crc32(&file[start..]);
    file.extend(sum.to_be_bytes());
}

fn zlib_stored(data: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let blocks = data.chunks(0xFFFF).count();
    for (index, block) in data.chunks(0xFFFF).enumerate() {
        stream.push(u8::from(index + 1 == blocks));
        stream.extend((block.len() as u16).to_le_bytes());
        stream.extend((!(block.len() as u16)).to_le_bytes());
        stream.extend(block);
    }
    stream.extend(adler32(data).to_be_bytes());
    stream
}

fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(!0, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte), |bits, _| if bits & 1 == 1 { (bits >> 1) ^ 0xEDB8_8320 } else { bits >> 1 })
    })
}

fn adler32(data: &[u8]) -> u32 {
    let (low, high) = data.iter().fold((1u32, 0u32), |(low, high), &byte| {
        let low = (low + u32::from(byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    high << 16 | low
}

#[test]
fn check_sums_are_those_of_the_standards() {
    // Check values: of the CRC catalogue's CRC-32/ISO-HDLC.
    assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    assert_eq!(adler32(b"Wikipedia"), 0x11E6_0398);
}

#[test]
fn pictures_differ() {
    let files: std::collections::HashSet<_> = (0..500).map(png).collect();
    assert_eq!(files.len(), 500);
    assert!(files.iter().all(|file| file.starts_with(b"\x89PNG\r\n\x1a\n") && file.ends_with(b"IEND\xAE\x42\x60\x82")));
}
