//! The walls of `ARCHITECTURE.md`: who may know what. Comments and the tests
//! at the end of a file are not looked at.

use crate::tree::{folders, read, root, rust_files};

/// Words that nobody but the named places may use.
struct Wall {
    name: &'static str,
    /// Folders or files that are looked at.
    within: &'static [&'static str],
    /// Folders or files below them that may.
    except: &'static [&'static str],
    words: &'static [&'static str],
}

const SOURCES: &[&str] = &["src", "adapters/sdk/src", "adapters/wordpress/src", "adapters/folder/src"];
const PURE: &[&str] = &[
    "src/plan.rs",
    "src/render.rs",
    "src/delivery.rs",
    "src/retry.rs",
    "src/rhythm.rs",
    "src/manners.rs",
    "src/article.rs",
];

const WALLS: &[Wall] = &[
    Wall {
        name: "only the store holds SQL",
        within: SOURCES,
        except: &["src/store"],
        words: &["rusqlite", "SELECT ", "INSERT ", "UPDATE ", "DELETE FROM", "CREATE TABLE", "PRAGMA "],
    },
    Wall {
        name: "only the worker calls adapters, and what a person asks for at the terminal",
        within: &["src"],
        except: &["src/worker", "src/cli/check.rs", "src/cli/move_portal.rs"],
        words: &[
            "adapter.check(",
            "adapter.find(",
            "adapter.read(",
            "adapter.create(",
            "adapter.update(",
            "adapter.confirm(",
            "adapter.withdraw(",
            "adapter.upload(",
            "adapter.list(",
        ],
    },
    Wall {
        name: "only those hold an adapter, and the portals, which make it",
        within: &["src"],
        except: &["src/worker", "src/portals.rs", "src/cli/check.rs", "src/cli/move_portal.rs"],
        words: &["dyn Adapter"],
    },
    Wall {
        name: "only the portals name concrete adapters",
        within: &["src", "adapters/sdk/src"],
        except: &["src/portals.rs"],
        words: &["dongbo_wordpress", "dongbo_folder"],
    },
    Wall {
        name: "only the schedule uses backoff",
        within: SOURCES,
        except: &["src/retry.rs"],
        words: &["backoff::", "extern crate backoff"],
    },
    Wall {
        name: "what thinks has no clock, no network, no disk and no chance",
        within: PURE,
        except: &[],
        words: &[
            "tokio",
            "rusqlite",
            "reqwest",
            "SystemTime",
            "Instant",
            "Timestamp::now",
            "Zoned::now",
            "std::fs",
            "std::net",
            "fastrand",
        ],
    },
    Wall {
        name: "reading knows neither ledger nor portals nor rules",
        within: &["src/source"],
        except: &[],
        words: &["crate::store", "crate::portals", "crate::plan", "crate::delivery", "crate::worker"],
    },
    Wall {
        name: "the ledger knows neither network nor adapters nor the configuration",
        within: &["src/store"],
        except: &[],
        words: &["reqwest", "dyn Adapter", "crate::config", "crate::worker", "crate::source"],
    },
    Wall {
        name: "the worker knows no feeds and no configuration",
        within: &["src/worker"],
        except: &[],
        words: &["crate::source", "crate::config", "crate::portals", "crate::poll"],
    },
    Wall {
        name: "a probe knows neither the ledger nor portals nor the configuration",
        within: &["src/probe"],
        except: &[],
        words: &["crate::store", "crate::portals", "crate::worker", "crate::config", "dongbo_sdk"],
    },
    Wall {
        name: "a discovery knows neither the ledger nor portals",
        within: &["src/discover", "src/sample.rs"],
        except: &[],
        words: &["crate::store", "crate::portals", "crate::worker", "crate::daemon"],
    },
    Wall {
        name: "an extraction suggests and never reads",
        within: SOURCES,
        except: &["src/discover"],
        words: &["dom_smoothie"],
    },
    Wall {
        name: "adapters make one try",
        within: &["adapters/wordpress/src", "adapters/folder/src"],
        except: &["adapters/wordpress/src/fake"],
        words: &["time::sleep", "thread::sleep", "backoff", "time::interval"],
    },
];

/// The code of a file: no comments, no tests at its end.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    lines.take_while(|(_, line)| *line != "#[cfg(test)]").filter(|(_, line)| !line.trim_start().starts_with("//"))
}

impl Wall {
    /// Lines that break it, as `file:line: word`.
    fn breaches(&self, file: &str, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        for (number, line) in code(text) {
            let words = self.words.iter().filter(|word| line.contains(**word));
            found.extend(words.map(|word| format!("{file}:{number}: {word}")));
        }
        found
    }

    fn may(&self, file: &str) -> bool {
        self.except.iter().any(|place| file == *place || file.starts_with(&format!("{place}/")))
    }
}

#[test]
fn every_wall_stands() {
    for wall in WALLS {
        let files: Vec<String> = wall.within.iter().flat_map(|place| rust_files(place)).collect();
        assert!(!files.is_empty(), "{}: looks at nothing", wall.name);
        let breaches: Vec<String> =
            files.iter().filter(|file| !wall.may(file)).flat_map(|file| wall.breaches(file, &read(file))).collect();
        assert!(breaches.is_empty(), "{}:\n{}", wall.name, breaches.join("\n"));
    }
}

/// A wall whose words occur nowhere would stand whatever happens.
#[test]
fn every_wall_keeps_something_out() {
    for wall in WALLS {
        for word in wall.words {
            let breaches = wall.breaches("a.rs", &format!("//! {word}\nlet a = {word} b;\n#[cfg(test)]\n{word}\n"));
            assert!(breaches.contains(&format!("a.rs:2: {word}")), "{}: {breaches:?}", wall.name);
            assert!(breaches.iter().all(|breach| breach.starts_with("a.rs:2:")), "{breaches:?}");
        }
        for place in wall.except {
            assert!(root().join(place).exists(), "{}: {place} is excepted and does not exist", wall.name);
        }
    }
}

/// Names of dependencies of ours in a manifest, itself left out.
fn ours(manifest: &str) -> Vec<String> {
    let manifest: toml::Table = manifest.parse().unwrap();
    let itself = manifest["package"]["name"].as_str().unwrap();
    let tables = ["dependencies", "dev-dependencies", "build-dependencies"];
    let names = tables.iter().filter_map(|table| manifest.get(*table)?.as_table()).flat_map(toml::Table::keys);
    names.filter(|name| name.starts_with("dongbo") && *name != itself).cloned().collect()
}

#[test]
fn adapters_depend_on_the_kit_alone() {
    for folder in folders("adapters") {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let mut ours = ours(&read(&format!("adapters/{name}/Cargo.toml")));
        ours.dedup();
        if name == "sdk" {
            assert!(ours.is_empty(), "the kit depends on {ours:?}");
        } else {
            assert!(ours.iter().all(|dependency| dependency == "dongbo-sdk"), "{name} depends on {ours:?}");
        }
    }
    let bad = "[package]\nname = \"dongbo-x\"\n[dev-dependencies]\ndongbo = \"1\"\ndongbo-x = \"1\"";
    assert_eq!(ours(bad), ["dongbo"]);
}
