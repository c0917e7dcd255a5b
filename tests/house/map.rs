//! The documents name what exists, and the map names every part.

use crate::tree::{read, root};

/// Folders whose parts a name may leave out, as in `article::Item`.
const PLACES: [&str; 6] = ["src", "adapters", "tests", "fixtures", "deploy", "benches"];

/// Texts between single backticks, outside of fenced blocks.
fn quoted(markdown: &str) -> Vec<&str> {
    let mut fenced = false;
    let mut found = Vec::new();
    for line in markdown.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            found.extend(line.split('`').skip(1).step_by(2));
        }
    }
    found
}

/// Whether a text means a file or folder of the tree.
fn is_path(text: &str) -> bool {
    PLACES.iter().any(|place| text == *place || text.starts_with(&format!("{place}/")))
}

/// The file that a `module::name` or a `Type::function` could stand in is searched for the name.
fn names_something(text: &str) -> bool {
    let name = text.rsplit("::").next().unwrap();
    let definition = ["fn ", "struct ", "enum ", "trait "].map(|word| format!("{word}{name}"));
    let ends = |rest: &str| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_');
    crate::tree::rust_files("src").iter().chain(&crate::tree::rust_files("adapters/sdk/src")).any(|file| {
        let code = read(file);
        definition
            .iter()
            .any(|definition| code.match_indices(definition).any(|(at, found)| ends(&code[at + found.len()..])))
    })
}

#[test]
fn every_path_in_the_documents_exists() {
    for document in ["ARCHITECTURE.md", "README.md", "CHANGELOG.md"] {
        let text = read(document);
        for path in quoted(&text).into_iter().filter(|text| is_path(text)) {
            assert!(root().join(path).exists(), "{document} names {path}, which does not exist");
        }
    }
}

#[test]
fn every_name_in_the_map_exists() {
    let text = read("ARCHITECTURE.md");
    for name in quoted(&text).into_iter().filter(|text| text.contains("::")) {
        assert!(names_something(name), "ARCHITECTURE.md names {name}, which does not exist");
    }
    assert!(
        names_something("delivery::step") && !names_something("delivery::stepp") && !names_something("delivery::ste")
    );
}

/// Every module is on the map, by its name or by its folder's.
#[test]
fn every_module_is_on_the_map() {
    let map = read("ARCHITECTURE.md");
    let modules = read("src/lib.rs");
    for module in modules.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')) {
        let named = [format!("`src/{module}`"), format!("`src/{module}.rs`")].iter().any(|name| map.contains(name));
        assert!(named, "ARCHITECTURE.md says nothing of the module {module}");
    }
}
