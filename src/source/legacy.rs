//! Vietnamese in a font's own encoding (TCVN3, VNI), as texts from before
//! Unicode are still pasted. Read as Latin letters it says nothing, and what it
//! meant is not guessed: a wrong guess alters an official text. It is told.

/// So many words must look like it, …
const WORDS_MIN: usize = 3;
/// … and one in so many of all.
const SHARE: usize = 8;

/// The encoding that a text seems to be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Legacy {
    /// TCVN 5712:1993, VN3 (fonts named `.Vn…`): signs stand within words.
    Tcvn3,
    /// VNI (fonts named `VNI-…`): a mark is a letter of its own behind the vowel.
    Vni,
}

impl Legacy {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcvn3 => "TCVN3",
            Self::Vni => "VNI",
        }
    }
}

/// Whether a text is Vietnamese in such an encoding, as far as its letters tell.
#[must_use]
pub fn suspect(text: &str) -> Option<Legacy> {
    // Letters of Unicode's own for Vietnamese, or no letter beyond ASCII at all.
    if text.is_ascii() || text.chars().any(|c| ('\u{1E00}'..'\u{1F00}').contains(&c)) {
        return None;
    }
    let (mut words, mut tcvn3, mut vni) = (0, 0, 0);
    for word in text.split(|c: char| c.is_whitespace() || matches!(c, ',' | '.' | ';' | ':' | '"' | '(' | ')')) {
        words += usize::from(!word.is_empty());
        tcvn3 +=
            usize::from(has(word, |before, c| before.is_ascii_alphabetic() && is_sign(c)) || begins_with_sign(word));
        vni += usize::from(has(word, |before, c| is_vowel(before) && is_mark(c)));
    }
    let many = |count: usize| count >= WORDS_MIN && count * SHARE >= words;
    match (many(tcvn3), many(vni)) {
        (true, _) if tcvn3 >= vni => Some(Legacy::Tcvn3),
        (_, true) => Some(Legacy::Vni),
        _ => None,
    }
}

fn has(word: &str, pair: impl Fn(char, char) -> bool) -> bool {
    word.chars().zip(word.chars().skip(1)).any(|(before, c)| pair(before, c))
}

/// `®` for đ and its like at the beginning of a word of letters.
fn begins_with_sign(word: &str) -> bool {
    let mut chars = word.chars();
    chars.next().is_some_and(is_sign) && chars.next().is_some_and(char::is_alphabetic)
}

/// Signs that no word holds, where TCVN3 has ă â ê ô ơ ư đ and their marks.
fn is_sign(c: char) -> bool {
    matches!(c, '¡'..='¬' | '®'..='¹' | '»'..='¾')
}

fn is_vowel(c: char) -> bool {
    matches!(c.to_ascii_lowercase(), 'a' | 'e' | 'i' | 'o' | 'u' | 'y')
}

/// Letters that VNI uses as marks and that follow a plain vowel in no other language often.
fn is_mark(c: char) -> bool {
    matches!(c.to_lowercase().next(), Some('ø' | 'ù' | 'û' | 'õ' | 'ï' | 'ä' | 'å' | 'ö'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_old_fonts_are_suspected() {
        let tcvn3 =
            "Céng hßa x· héi chñ nghÜa ViÖt Nam, §éc lËp - Tù do - H¹nh phóc, ñy ban nh©n d©n tØnh B¾c Ninh th«ng b¸o";
        assert_eq!(suspect(tcvn3), Some(Legacy::Tcvn3));
        let vni = "Coäng hoøa xaõ hoäi chuû nghóa Vieät Nam, Ñoäc laäp - Töï do - Haïnh phuùc";
        assert_eq!(suspect(vni), Some(Legacy::Vni));
    }

    #[test]
    fn texts_of_today_are_not() {
        let sound = [
            "",
            "Cộng hòa xã hội chủ nghĩa Việt Nam",
            "Cong hoa xa hoi chu nghia Viet Nam",
            "Thông tư số 05/2026 về giá, đơn vị µg/m³, diện tích 25 m², nhiệt độ 37°C, © 2026, ½ ngày",
            "Müller und Söhne: größere Häuser für Bürger, naïve Idee, Malmö, Tromsø",
            "Là, và, có, cho, không: công tác xã hội",
        ];
        for text in sound {
            assert_eq!(suspect(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,80}") {
            let _ = suspect(&text);
        }
    }
}
