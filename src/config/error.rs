//! What is wrong with a configuration, where, and what to change.

use std::fmt;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use crate::message::Problem;

/// Names further away than this are not suggested.
const LIKENESS_MIN: f64 = 0.7;
/// Longest quotation of a value from the file.
const QUOTE_CHARS_MAX: usize = 80;

/// A configuration that cannot be used, with all that is wrong with it as far
/// as it could be read. One line each: `FILE:LINE:COLUMN: KEY: PROBLEM; CHANGE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    pub file: PathBuf,
    /// Never empty; in the order of the file.
    pub faults: Vec<Fault>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Counted from 1; `None` for the file as a whole.
    pub line: Option<usize>,
    /// Characters, counted from 1.
    pub column: Option<usize>,
    /// The key as a person finds it, such as `[[portal]] so-tttt: publish_delay`.
    /// Empty for the file as a whole.
    pub key: String,
    pub problem: String,
    /// What to change, with the nearest valid name where there is one.
    pub change: String,
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, fault) in self.faults.iter().enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{}", self.file.display())?;
            if let (Some(line), Some(column)) = (fault.line, fault.column) {
                write!(f, ":{line}:{column}")?;
            }
            write!(f, ": {fault}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.problem)?;
        if self.change.is_empty() { Ok(()) } else { write!(f, "; {}", self.change) }
    }
}

impl ConfigError {
    /// The file as a whole: missing, unreadable, too large.
    pub(super) fn whole(file: &Path, problem: String, change: &str) -> Self {
        let fault = Fault { line: None, column: None, key: String::new(), problem, change: change.to_owned() };
        Self { file: file.to_owned(), faults: vec![fault] }
    }
}

impl From<&ConfigError> for Problem {
    fn from(error: &ConfigError) -> Self {
        let line = error.faults.iter().find_map(|fault| fault.line);
        Self::ConfigInvalid { file: error.file.clone(), line, faults: error.faults.len() }
    }
}

/// A way into the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// The text and its tree with positions.
#[derive(Debug)]
pub(super) struct Positions<'a> {
    text: &'a str,
    /// `None` where the text is not TOML.
    root: Option<DeTable<'a>>,
}

impl<'a> Positions<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, root: DeTable::parse(text).ok().map(toml::Spanned::into_inner) }
    }

    /// A fault at a place in the document; where the last steps are missing,
    /// at the deepest one that is there.
    pub(super) fn fault(&self, path: &[Step], problem: impl Into<String>, change: impl Into<String>) -> Fault {
        self.at(self.locate(path), self.name(path), (problem.into(), change.into()))
    }

    /// What serde or the TOML parser says, in words that name the change.
    pub(super) fn explain(&self, path: &[Step], error: &toml::de::Error) -> Fault {
        let unknown = error.message().strip_prefix("unknown field `").and_then(|rest| rest.split_once('`'));
        let mut path = path.to_vec();
        if let Some((field, _)) = unknown
            && path.last() != Some(&Step::Key(field.to_owned()))
        {
            path.push(Step::Key(field.to_owned()));
        }
        let offset = match unknown {
            Some(_) => self.locate(&path),
            None => error.span().map(|span| span.start),
        };
        let words = match (&self.root, path.last()) {
            (None, _) => (one_line(error.message()), "correct the TOML here; text stands in quotes".to_owned()),
            (Some(_), Some(Step::Key(key))) => plain_words(key, error.message()),
            (Some(_), Some(Step::Index(_)) | None) => plain_words("", error.message()),
        };
        self.at(offset, self.name(&path), words)
    }

    fn at(&self, offset: Option<usize>, key: String, (problem, change): (String, String)) -> Fault {
        let place = offset.map(|offset| line_and_column(self.text, offset));
        Fault { line: place.map(|(line, _)| line), column: place.map(|(_, column)| column), key, problem, change }
    }

    fn locate(&self, path: &[Step]) -> Option<usize> {
        let (Step::Key(first), rest) = path.split_first()? else { return None };
        let (key, mut value) = self.root.as_ref()?.get_key_value(first.as_str())?;
        let mut offset = key.span().start;
        for step in rest {
            let next = match (step, value.get_ref()) {
                (Step::Key(name), DeValue::Table(table)) => {
                    table.get_key_value(name.as_str()).map(|(key, value)| (key.span().start, value))
                }
                (Step::Index(index), DeValue::Array(items)) => items.get(*index).map(|item| (item.span().start, item)),
                _ => None,
            };
            let Some((start, inner)) = next else { break };
            (offset, value) = (start, inner);
        }
        Some(offset)
    }

    /// `portal[3].adapter.wordpress.url` as `[[portal]] so-tttt: adapter.wordpress.url`.
    fn name(&self, path: &[Step]) -> String {
        let (head, rest) = match path {
            [Step::Key(table), Step::Index(index), rest @ ..] => (self.entry(table, *index), rest),
            rest => (String::new(), rest),
        };
        let mut tail = String::new();
        for step in rest {
            match step {
                Step::Key(key) if tail.is_empty() => tail.push_str(key),
                Step::Key(key) => tail.extend([".", key.as_str()]),
                Step::Index(index) => tail.push_str(&format!("[{}]", index + 1)),
            }
        }
        match (head.is_empty(), tail.is_empty()) {
            (true, _) => tail,
            (false, true) => head,
            (false, false) => format!("{head}: {tail}"),
        }
    }

    /// An entry of an array of tables by its id, else by its number.
    fn entry(&self, table: &str, index: usize) -> String {
        let key = if table == "host" { "name" } else { "id" };
        let id = self
            .root
            .as_ref()
            .and_then(|root| root.get(table)?.get_ref().get(index)?.get_ref().get(key)?.get_ref().as_str().map(quote));
        match id {
            Some(id) => format!("[[{table}]] {id}"),
            None => format!("[[{table}]] number {}", index + 1),
        }
    }
}

/// The nearest of the valid names, as the change to make.
pub(super) fn nearest<'a>(wrong: &str, valid: impl IntoIterator<Item = &'a str>) -> String {
    let valid: Vec<&str> = valid.into_iter().collect();
    let likeness = |name: &&str| strsim::jaro_winkler(wrong, name);
    let best = valid.iter().copied().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    match best {
        Some(name) if likeness(&name) >= LIKENESS_MIN => format!("did you mean `{name}`?"),
        Some(_) => format!("valid here: {}", valid.join(", ")),
        None => String::new(),
    }
}

/// A value from the file, short enough for a message.
pub(super) fn quote(text: &str) -> String {
    let mut line: String = text.chars().take(QUOTE_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(QUOTE_CHARS_MAX).is_some() {
        line.push('…');
    }
    line
}

/// Serde's sentences as problem and change. Only the wording depends on it;
/// a sentence that is not known here is passed on as it is.
fn plain_words(key: &str, message: &str) -> (String, String) {
    let message = one_line(message);
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match names.as_slice() {
        [wrong, valid @ ..] if message.starts_with("unknown field") => {
            (format!("unknown key `{}`", quote(wrong)), nearest(wrong, valid.iter().copied()))
        }
        [wrong, valid @ ..] if message.starts_with("unknown variant") => {
            (format!("`{}` is not a value of this key", quote(wrong)), nearest(wrong, valid.iter().copied()))
        }
        ["adapter"] if message.starts_with("missing field") => {
            ("no adapter is named".to_owned(), "add a table such as [portal.adapter.wordpress]".to_owned())
        }
        [name] if message.starts_with("missing field") => (format!("`{name}` is missing"), format!("add {name} = …")),
        _ => wrong_value(key, &message),
    }
}

fn wrong_value(key: &str, message: &str) -> (String, String) {
    if message == "invalid type: map, expected a sequence" {
        return ("a single table".to_owned(), format!("write [[{key}]] in double brackets"));
    }
    if let Some((found, expected)) = message.rsplit_once(", expected ") {
        return (found_words(found), format!("write {}", expected_words(expected)));
    }
    // Whatever the parser of addresses says, it says it with the address, which may hold an account.
    if key == "url" || message.contains('@') {
        return ("is not an address".to_owned(), "write one such as \"https://stttt.example.vn\"".to_owned());
    }
    match message.split_once("; ") {
        Some((problem, change)) => (problem.to_owned(), change.to_owned()),
        None => (message.to_owned(), "write it as in the sample: dongbo config example".to_owned()),
    }
}

fn one_line(message: &str) -> String {
    message.trim().replace('\n', ", ")
}

/// What stands there. Text of a wrong type is not quoted, nor is what could
/// hold an account: either may be a secret.
fn found_words(found: &str) -> String {
    let quoted = |value: &str| format!("{} does not fit here", quote(value));
    if let Some(value) = found.strip_prefix("invalid type: ") {
        return if value.starts_with("string") { "text does not fit here".to_owned() } else { quoted(value) };
    }
    match found.strip_prefix("invalid value: ") {
        Some(value) if value.contains('@') => "this text does not fit here".to_owned(),
        Some(value) => quoted(value.strip_prefix("string ").unwrap_or(value)),
        None => quote(found),
    }
}

/// Serde's words for what it wants, in a person's.
fn expected_words(expected: &str) -> &str {
    match expected {
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number, 0 or more",
        "a string" => "text in quotes",
        "a sequence" => "a list such as [\"…\", \"…\"]",
        "a map" => "a table",
        "path string" => "a path in quotes",
        table if table.starts_with("struct ") => "a table",
        other => other.strip_prefix("write ").unwrap_or(other),
    }
}

fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset.min(text.len())).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}
