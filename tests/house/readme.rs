//! What the README and the messages tell a person to type or to write can be
//! typed and written.

use std::path::Path;

use clap::Parser;
use dongbo::cli::Cli;
use dongbo::config::Config;

use crate::tree::{read, root};

/// The only test command: `.ci/run` runs this one.
const TESTS: &str = "cargo test --locked";

/// Fenced blocks of one language, without their indentation in lists.
fn blocks(markdown: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}");
    let mut found = Vec::new();
    let mut lines = markdown.lines();
    while let Some(line) = lines.next() {
        if line.trim() == fence {
            let indent = line.len() - line.trim_start().len();
            let block = lines.by_ref().take_while(|line| line.trim() != "```");
            found.push(block.map(|line| line.get(indent..).unwrap_or_default()).collect::<Vec<_>>().join("\n"));
        }
    }
    found
}

/// What is typed at a prompt.
fn typed(markdown: &str) -> Vec<String> {
    let consoles = blocks(markdown, "console").join("\n");
    consoles.lines().filter_map(|line| line.strip_prefix("$ ")).map(str::to_owned).collect()
}

/// Commands of ours in a line: after `sudo -u dongbo`, and before a pipe or a redirection.
fn ours(line: &str) -> Option<Vec<String>> {
    let line = line.strip_prefix("sudo -u dongbo ").unwrap_or(line);
    let line = line.split(['|', '>']).next().unwrap_or_default();
    let line = line.strip_prefix("cargo run --release -- ").map_or(line.to_owned(), |rest| format!("dongbo {rest}"));
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    (words.first().map(String::as_str) == Some("dongbo")).then_some(words)
}

fn parses(words: &[String]) -> Result<(), String> {
    Cli::try_parse_from(words).map(|_| ()).map_err(|error| format!("{}: {error}", words.join(" ")))
}

/// Texts between backticks that begin with our name.
fn in_backticks(markdown: &str) -> Vec<String> {
    let lines = markdown.lines().filter(|line| !line.trim_start().starts_with("```"));
    let quoted = lines.flat_map(|line| line.split('`').skip(1).step_by(2));
    quoted.filter(|text| text.starts_with("dongbo ")).map(str::to_owned).collect()
}

#[test]
fn every_configuration_loads() {
    let blocks = blocks(&read("README.md"), "toml");
    assert!(blocks.len() >= 2, "{} blocks", blocks.len());
    for block in blocks {
        let config = Config::parse(&block, Path::new("/etc/dongbo/dongbo.toml"));
        assert!(config.is_ok(), "{}\n{block}", config.unwrap_err());
    }
}

#[test]
fn every_command_can_be_typed() {
    let text = read("README.md");
    let mut commands: Vec<Vec<String>> = typed(&text).iter().filter_map(|line| ours(line)).collect();
    commands.extend(in_backticks(&text).iter().filter_map(|line| ours(line)));
    assert!(commands.len() > 20, "{} commands", commands.len());
    let wrong: Vec<String> =
        commands.iter().filter(|words| !is_help(words)).filter_map(|words| parses(words).err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(parses(&["dongbo", "statsu"].map(str::to_owned)).is_err());
}

fn is_help(words: &[String]) -> bool {
    words == ["dongbo", "--help"]
}

/// A command in a message begins with our name and ends with the sentence's
/// part; places such as {portal} are filled already.
fn in_message(line: &str) -> Vec<String> {
    let starts = line.match_indices("dongbo ").map(|(at, _)| &line[at..]);
    let commands = starts.map(|rest| rest.split([';', ',', '"']).next().unwrap_or_default());
    commands.map(|command| command.trim().trim_end_matches('.').to_owned()).collect()
}

#[test]
fn every_command_in_a_message_can_be_typed() {
    let mut seen = 0;
    for language in ["english", "vietnamese"] {
        let text = read(&format!("src/message/snapshots/dongbo__message__tests__the_{language}_catalogue.snap"));
        for line in text.lines() {
            // Only what follows a colon is a command: elsewhere the name stands in a sentence.
            let Some(todo) = line.trim().strip_prefix("To do: ").or(line.trim().strip_prefix("Cần làm: ")) else {
                continue;
            };
            for command in in_message(todo).iter().filter(|command| follows_a_colon(todo, command)) {
                let words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
                parses(&words).unwrap_or_else(|error| panic!("{line}\n{error}"));
                seen += 1;
            }
        }
    }
    assert!(seen > 30, "{seen} commands");
}

fn follows_a_colon(line: &str, command: &str) -> bool {
    line.find(command).is_some_and(|at| line[..at].trim_end().ends_with(':') && !line[..at].ends_with("restart "))
}

#[test]
fn the_check_of_every_change_runs_the_test_command_of_the_readme() {
    assert!(typed(&read("README.md")).iter().any(|line| line == TESTS));
    assert!(read(".ci/run").contains(&format!("\nTESTS=\"{TESTS}\"\n")));
}

#[test]
fn every_file_that_is_installed_exists() {
    for line in typed(&read("README.md")).iter().filter(|line| line.contains("install ") && line.contains("deploy/")) {
        let file = line.split_whitespace().find(|word| word.starts_with("deploy/")).unwrap();
        assert!(root().join(file).exists(), "{line}");
    }
}
