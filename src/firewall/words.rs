//! How the vocabulary of gambling and spam is found in disguise.
//!
//! Vietnamese without its marks says something else: "cả cuộc" (the whole) and
//! "cá cược" (betting) are one word without them. So a word is found with its
//! own marks or with some of them missing, never with others. Digits and signs
//! for letters, letters of other scripts that look alike, words written
//! together or letter by letter are seen through.

use std::collections::HashMap;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

use super::LISTED_MAX;
use super::vocabulary::{CERTAIN, INNOCENT, SOBER, SUSPECT, UNSPACED};

/// A word with some of its marks missing must have at least this many letters:
/// "ca do" is too short to mean "cá độ".
const UNMARKED_LETTERS_MIN: usize = 6;
/// So many single letters in a row are one word.
const SPELLED_MIN: usize = 4;
/// Within a longer word, as in a hashtag, a word of the vocabulary has at least
/// this many letters: "tcvn88" and "specialist" hold shorter ones.
const EMBEDDED_LETTERS_MIN: usize = 6;

/// The words of the vocabulary that hold a text, as the vocabulary writes
/// them; empty: none, or too few. `links`: the text leads to foreign hosts.
pub(super) fn found(title: &str, prose: &str, links: bool, allowed: &[String]) -> Vec<String> {
    static VOCABULARY: LazyLock<[Index; 3]> = LazyLock::new(|| [CERTAIN, SUSPECT, SOBER].map(Index::new));
    let [certain, suspect, sober] = &*VOCABULARY;
    let allowed: Vec<String> = allowed.iter().map(|word| unmarked(&lower(word))).collect();
    let permitted = |term: &&str| !allowed.contains(&unmarked(&lower(term)));
    let (title, prose) = (Words::of(title), Words::of(prose));
    let within = |index: &Index, text: &Words| {
        let mut hits = index.find(text);
        hits.retain(|hit| permitted(&hit.term));
        hits
    };
    let mut held: Vec<&str> = Vec::new();
    let mut hold = |term: &'static str| {
        if !held.contains(&term) {
            held.push(term);
        }
    };
    let (in_title, in_prose) = (within(suspect, &title), within(suspect, &prose));
    let enough = !in_title.is_empty() || in_prose.len() >= 2 || (links && !in_prose.is_empty());
    let reports = || !within(sober, &title).is_empty() || !within(sober, &prose).is_empty();
    let suspicious = enough && !reports();
    within(certain, &title).iter().chain(&within(certain, &prose)).for_each(|hit| hold(hit.term));
    let embedded = certain.embedded(&title).chain(certain.embedded(&prose));
    embedded.filter(|term| permitted(term)).for_each(&mut hold);
    let unspaced = UNSPACED.iter().filter(|word| title.lower.contains(*word) || prose.lower.contains(*word));
    unspaced.filter(|term| permitted(term)).for_each(|term| hold(term));
    let suspects = in_title.iter().chain(&in_prose);
    suspects.filter(|hit| suspicious || hit.disguised).for_each(|hit| hold(hit.term));
    held.truncate(LISTED_MAX);
    held.into_iter().map(str::to_owned).collect()
}

/// Whether the vocabulary has this word, in any spelling.
#[must_use]
pub fn is_known(word: &str) -> bool {
    let word = unmarked(&lower(word));
    vocabulary().any(|known| unmarked(&lower(known)) == word)
}

/// The word of the vocabulary that is most like it.
#[must_use]
pub fn nearest(word: &str) -> &'static str {
    let near = |known: &&str| strsim::jaro_winkler(word, known);
    vocabulary().max_by(|a, b| near(a).total_cmp(&near(b))).unwrap_or_default()
}

fn vocabulary() -> impl Iterator<Item = &'static str> {
    [CERTAIN, SUSPECT, UNSPACED].into_iter().flatten().copied()
}

/// A text in words.
struct Words {
    lower: String,
    words: Vec<Word>,
}

/// A word in the forms that it may be read in.
struct Word {
    /// As written, and with digits and signs read as letters.
    forms: Vec<Form>,
    /// A sentence or a clause ends before it.
    begins: bool,
    /// It was written letter by letter.
    spelled: bool,
    /// It stands in a phrase in which it means nothing.
    innocent: bool,
}

/// A word of the vocabulary, found.
struct Hit {
    term: &'static str,
    /// Written so that a search would not find it.
    disguised: bool,
}

struct Form {
    marked: String,
    plain: String,
}

impl Form {
    fn new(marked: String) -> Self {
        Self { plain: unmarked(&marked), marked }
    }
}

impl Words {
    fn of(text: &str) -> Self {
        let lower = lower(text);
        let (mut words, mut word, mut begins) = (Vec::new(), String::new(), true);
        let mut chars = lower.chars().peekable();
        while let Some(c) = chars.next() {
            if is_letter(c) {
                word.push(c);
                continue;
            }
            if !word.is_empty() {
                words.push(Word::new(std::mem::take(&mut word), begins));
                begins = false;
            }
            // "nhà.cái" is one phrase, "về nhà, cái Tết" is not.
            let ends = matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '(' | ')' | '"' | '“' | '”');
            begins |= c == '\n' || (ends && chars.peek().is_none_or(|next| next.is_whitespace()));
        }
        if !word.is_empty() {
            words.push(Word::new(word, begins));
        }
        excuse(&mut words);
        let spelled = spelled(&words);
        words.extend(spelled);
        Self { lower, words }
    }
}

impl Word {
    fn new(word: String, begins: bool) -> Self {
        let mixed = word.chars().any(char::is_alphabetic) && word.chars().any(|c| disguised(c) != c);
        let read = mixed.then(|| Form::new(word.chars().map(disguised).collect()));
        let forms = std::iter::once(Form::new(word)).chain(read).collect();
        Self { forms, begins, spelled: false, innocent: false }
    }

    fn letter(&self) -> Option<&str> {
        let form = self.forms.last()?;
        (form.marked.chars().count() == 1).then_some(form.marked.as_str())
    }
}

/// Marks the words of innocent phrases.
fn excuse(words: &mut [Word]) {
    static PHRASES: LazyLock<Index> = LazyLock::new(|| Index::new(INNOCENT));
    for at in 0..words.len() {
        let begins = |term: &&Term| term.stands_at(&words[at..]);
        let phrases = words[at].forms.first().and_then(|form| PHRASES.terms.get(&form.plain));
        if let Some(phrase) = phrases.and_then(|terms| terms.iter().find(begins)) {
            words.iter_mut().skip(at).take(phrase.words.len()).for_each(|word| word.innocent = true);
        }
    }
}

/// Words that are written letter by letter.
fn spelled(words: &[Word]) -> Vec<Word> {
    let mut found = Vec::new();
    for run in words.chunk_by(|a, b| a.letter().is_some() && b.letter().is_some()) {
        if run.len() >= SPELLED_MIN {
            let whole = Word::new(run.iter().filter_map(Word::letter).collect(), true);
            found.push(Word { spelled: true, ..whole });
        }
    }
    found
}

/// Terms by the first of their words without marks.
struct Index {
    terms: HashMap<String, Vec<Term>>,
    /// Without marks and spaces, as far as they are told within a longer word.
    joined: Vec<(String, &'static str)>,
}

struct Term {
    term: &'static str,
    words: Vec<Form>,
}

impl Index {
    fn new(terms: &[&'static str]) -> Self {
        let mut index: HashMap<String, Vec<Term>> = HashMap::new();
        for &term in terms {
            let words: Vec<Form> = term.split(' ').map(|word| Form::new(lower(word))).collect();
            if words.len() > 1 {
                let joined = Form::new(lower(&term.replace(' ', "")));
                index.entry(joined.plain.clone()).or_default().push(Term { term, words: vec![joined] });
            }
            index.entry(words[0].plain.clone()).or_default().push(Term { term, words });
        }
        let joined = terms.iter().map(|&term| (unmarked(&lower(&term.replace(' ', ""))), term));
        let told = |(joined, term): &(String, &str)| {
            joined.len() >= EMBEDDED_LETTERS_MIN && term.contains(|c: char| c == ' ' || c.is_ascii_digit())
        };
        Self { terms: index, joined: joined.filter(told).collect() }
    }

    /// Terms within longer words.
    fn embedded(&self, text: &Words) -> impl Iterator<Item = &'static str> {
        let longer = |word: &&Word| word.forms.iter().any(|form| form.plain.len() > EMBEDDED_LETTERS_MIN);
        let words: Vec<&Word> = text.words.iter().filter(longer).collect();
        let holds =
            move |joined: &str| words.iter().any(|word| word.forms.iter().any(|form| form.plain.contains(joined)));
        self.joined.iter().filter(move |(joined, _)| holds(joined)).map(|(_, term)| *term)
    }

    fn find(&self, text: &Words) -> Vec<Hit> {
        let mut found: Vec<Hit> = Vec::new();
        for (at, word) in text.words.iter().enumerate() {
            let terms = word.forms.iter().filter_map(|form| self.terms.get(&form.plain)).flatten();
            for term in terms {
                let known = found.iter().any(|hit| hit.term == term.term);
                if let Some(disguised) = term.is_at(&text.words[at..]).filter(|_| !known) {
                    found.push(Hit { term: term.term, disguised });
                }
            }
        }
        found
    }
}

impl Term {
    /// Whether the text begins with it as it is written, with all marks.
    fn stands_at(&self, text: &[Word]) -> bool {
        let same = |(word, wanted): (&Word, &Form)| word.forms.first().is_some_and(|form| form.marked == wanted.marked);
        text.len() >= self.words.len() && text.iter().zip(&self.words).all(same)
    }

    /// Whether the text begins with it, and if so whether in disguise.
    fn is_at(&self, text: &[Word]) -> Option<bool> {
        if text.len() < self.words.len() || text[1..self.words.len()].iter().any(|word| word.begins) {
            return None;
        }
        if text.first().is_some_and(|word| word.innocent) {
            return None;
        }
        let (mut whole, mut disguised) = (true, false);
        for (word, wanted) in text.iter().zip(&self.words) {
            let place = word.forms.iter().position(|form| agrees(form, wanted))?;
            whole &= word.forms[place].marked == wanted.marked;
            disguised |= place > 0 || word.spelled;
        }
        let letters = || self.words.iter().map(|word| word.plain.chars().count()).sum::<usize>();
        (whole || letters() >= UNMARKED_LETTERS_MIN).then_some(disguised)
    }
}

/// The same letters, each with its mark or without any.
fn agrees(form: &Form, wanted: &Form) -> bool {
    form.plain == wanted.plain
        && form.marked.chars().zip(wanted.marked.chars()).all(|(has, mark)| has == mark || has == plain_letter(mark))
}

/// Small letters, composed, with look-alikes as what they look like.
fn lower(text: &str) -> String {
    // Its compatible form is another letter.
    let lunate = text.chars().map(|c| if matches!(c, 'ϲ' | 'Ϲ') { 'c' } else { c });
    lunate.nfkc().filter(|c| !is_invisible(*c)).flat_map(char::to_lowercase).map(look_alike).nfc().collect()
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '@' | '$')
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{00AD}' | '\u{034F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180E}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}')
}

/// Letters of Cyrillic and Greek that look like Latin ones, and small capitals.
fn look_alike(c: char) -> char {
    match c {
        'а' | 'α' | 'ᴀ' => 'a',
        'в' | 'β' | 'ʙ' => 'b',
        'с' | 'ᴄ' => 'c',
        'ԁ' | 'ᴅ' => 'd',
        'ð' => 'đ',
        'е' | 'ё' | 'ε' | 'ᴇ' => 'e',
        'һ' | 'ʜ' => 'h',
        'і' | 'ι' | 'ı' | 'ɪ' => 'i',
        'ј' | 'ᴊ' => 'j',
        'к' | 'κ' | 'ᴋ' => 'k',
        'м' | 'ᴍ' => 'm',
        'п' | 'η' | 'ɴ' => 'n',
        'о' | 'ο' | 'σ' | 'ᴏ' => 'o',
        'р' | 'ρ' | 'ᴘ' => 'p',
        'ѕ' | 'ꜱ' => 's',
        'т' | 'τ' | 'ᴛ' => 't',
        'υ' | 'ᴜ' => 'u',
        'ν' | 'ᴠ' => 'v',
        'ԝ' | 'ω' | 'ᴡ' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'γ' | 'ʏ' => 'y',
        'ɢ' => 'g',
        'ʟ' => 'l',
        'ʀ' => 'r',
        'ᴢ' => 'z',
        other => other,
    }
}

/// Digits and signs that stand for letters within a word.
fn disguised(c: char) -> char {
    match c {
        '0' => 'o',
        '1' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

fn unmarked(text: &str) -> String {
    text.chars().map(plain_letter).collect()
}

fn plain_letter(c: char) -> char {
    if c.is_ascii() {
        return c;
    }
    if c == 'đ' { 'd' } else { std::iter::once(c).nfd().next().unwrap_or(c) }
}
