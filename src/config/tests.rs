use super::*;

const FILE: &str = "/etc/dongbo/dongbo.toml";

/// Stands for a secret in the invalid files; no message may show it.
const CANARY: &str = "hunter2";

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, Path::new(FILE))
}

/// A configuration with one source and one portal that has these lines.
fn portal(lines: &str) -> Config {
    let text = format!(
        "[[source]]\nid = \"s\"\nurl = \"https://portal.example.vn/rss\"\n[[portal]]\nid = \"p\"\n{lines}\n\
         [portal.adapter.folder]\npath = \"p\"\n"
    );
    parse(&text).unwrap_or_else(|error| panic!("{error}"))
}

/// Name and text of each file, in alphabetical order.
fn fixtures(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/config").join(folder);
    let mut found: Vec<(String, String)> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(&path).unwrap()))
        .collect();
    found.sort();
    found
}

#[test]
fn every_invalid_file_says_what_to_change() {
    let (mut all, mut wrong) = (String::new(), Vec::new());
    let fixtures = fixtures("invalid");
    assert!(fixtures.len() >= 60, "{} files", fixtures.len());
    for (name, text) in fixtures {
        let Err(error) = parse(&text) else { panic!("{name}.toml was accepted") };
        let shown = error.to_string();
        if shown.contains(CANARY) || format!("{error:?}").contains(CANARY) {
            wrong.push(format!("{name} shows a secret: {shown}"));
        }
        if error.faults.iter().any(|fault| fault.problem.is_empty() || fault.change.is_empty()) {
            wrong.push(format!("{name} says too little: {shown}"));
        }
        all.push_str(&format!("# {name}\n{}\n", shown.replace(FILE, "F")));
    }
    insta::assert_snapshot!(all);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_valid_file_loads_and_shows_itself_again() {
    let mut files = fixtures("valid");
    files.push(("sample".to_owned(), EXAMPLE.to_owned()));
    assert!(files.len() > 1);
    for (name, text) in files {
        let config = parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let shown = config.to_toml();
        let again = parse(&shown).unwrap_or_else(|error| panic!("{name}: {error}\n{shown}"));
        let forget = |mut config: Config| {
            // An implicit installation is written out, and so its place in the list changes.
            config.installations.sort_by(|a, b| a.id.cmp(&b.id));
            config
        };
        assert_eq!(forget(config), forget(again), "{name}");
    }
}

#[test]
fn the_effective_configuration_names_places_of_secrets() {
    let (_, everything) = fixtures("valid").into_iter().find(|(name, _)| name == "everything").unwrap();
    let config = parse(&everything).unwrap();
    insta::assert_snapshot!(config.to_toml());
    let json = config.to_json();
    assert_eq!(json["portal"][0]["adapter"]["wordpress"]["password"]["credential"], "so-tttt");
    assert_eq!(json["portal"][0]["publish_delay"], "0s");
}

#[test]
fn defaults_are_those_of_the_manual() {
    let config = portal("");
    insta::assert_snapshot!(config.to_toml());
    assert_eq!(config.sources[0].name, "portal.example.vn");
    assert_eq!(config.language, None);
}

#[test]
fn a_portal_overrides_the_defaults() {
    let (_, everything) = fixtures("valid").into_iter().find(|(name, _)| name == "everything").unwrap();
    let config = parse(&everything).unwrap();
    let [own, shared, _] = config.portals.as_slice() else { panic!("three portals") };
    assert_eq!(own.publish, Visibility::Public);
    assert_eq!(own.backfill, Backfill::None);
    assert_eq!(own.reject, Vec::<String>::new(), "an empty list is an answer too");
    assert_eq!(own.categories.get("Tin tức").map(String::as_str), Some("Tin mới"), "lines add up");
    assert_eq!(own.categories.get("Chỉ đạo điều hành").map(String::as_str), Some("Chỉ đạo"));
    assert_eq!(shared.publish, Visibility::Draft);
    assert_eq!(shared.backfill, Backfill::All);
    assert_eq!(shared.missing_category, MissingCategory::Create);
    assert_eq!(shared.removal, Some(Removal::Trash));
    assert_eq!(config.sources[0].urgent, Vec::<String>::new());
    assert_eq!(config.sources[1].urgent, ["Khẩn"]);
    assert_eq!(config.sources[1].poll, Some(Duration::from_secs(120)));
}

#[test]
fn every_portal_has_exactly_one_installation() {
    for (name, text) in fixtures("valid") {
        let config = parse(&text).unwrap();
        for portal in &config.portals {
            let found = config.installations.iter().filter(|known| known.id == portal.installation).count();
            assert_eq!(found, 1, "{name}: {}", portal.id);
        }
    }
}

#[test]
fn a_portal_without_installation_keeps_its_own_limits() {
    let config = portal("in_flight = 7\nrate = \"30/min\"\ntimeout = \"20s\"");
    let installation = config.installation("p").unwrap();
    assert_eq!(installation.in_flight, 7);
    assert_eq!(installation.rate, Some(0.5));
    assert_eq!(installation.timeout, Duration::from_secs(20));
    assert_eq!(config.portal("p").unwrap().in_flight, 7);
}

#[test]
fn no_part_of_a_request_outlasts_the_whole() {
    let limits = portal("timeout = \"5s\"").installation("p").unwrap().http();
    assert_eq!(limits.total, Duration::from_secs(5));
    assert!(limits.connect <= limits.total && limits.read <= limits.total, "{limits:?}");
    let usual = portal("").installation("p").unwrap().http();
    assert_eq!((usual.connect, usual.total), (Duration::from_secs(10), Duration::from_secs(60)));
}

#[test]
fn categories_compare_precomposed() {
    let (_, text) = fixtures("valid").into_iter().find(|(name, _)| name == "decomposed-categories").unwrap();
    assert!(!text.contains("Chỉ đạo điều hành"), "the file must be decomposed");
    assert_eq!(parse(&text).unwrap().portals[0].accept, ["Chỉ đạo điều hành"]);
}

#[test]
fn relative_paths_start_at_the_file() {
    let config = portal("");
    assert_eq!(config.portals[0].adapter.address().site, "/etc/dongbo/p");
    assert_eq!(parse(&format!("state = \"data\"\n{EXAMPLE_PORTAL}")).unwrap().state, Path::new("/etc/dongbo/data"));
}

const EXAMPLE_PORTAL: &str = "[[source]]\nid = \"s\"\nurl = \"https://portal.example.vn/rss\"\n[[portal]]\nid = \"p\"\n[portal.adapter.folder]\npath = \"p\"\n";

#[test]
fn files_that_cannot_be_read_say_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let say = |path: &Path| {
        let error = Config::load(path).unwrap_err().to_string();
        error.replace(&folder.path().display().to_string(), "DIR")
    };
    let large = folder.path().join("large.toml");
    std::fs::write(&large, "#".repeat(usize::try_from(FILE_BYTES_MAX).unwrap() + 1)).unwrap();
    let latin = folder.path().join("latin.toml");
    std::fs::write(&latin, b"state = \"/s\xe9\"").unwrap();
    let all = [say(&folder.path().join("missing.toml")), say(folder.path()), say(&large), say(&latin)];
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn a_configuration_that_fails_becomes_a_message_with_three_parts() {
    use crate::message::Problem;
    let (_, text) = fixtures("invalid").into_iter().find(|(name, _)| name == "several-faults").unwrap();
    let problem = Problem::from(&parse(&text).unwrap_err());
    assert_eq!(problem, Problem::ConfigInvalid { file: FILE.into(), line: Some(4), faults: 3 });
    assert!(problem.message(Lang::Vi).place.contains("dòng 4"));
}

#[test]
fn deep_nesting_is_answered() {
    let deep = 100_000;
    assert!(parse(&format!("a = {}", "[".repeat(deep))).is_err());
    assert!(parse(&format!("a = {}", "{a=".repeat(deep))).is_err());
    assert!(parse(&format!("[{}a]", "a.".repeat(deep))).is_err());
    assert!(parse(&format!("{}a = 1", "a.".repeat(deep))).is_err());
}

#[test]
fn a_file_at_the_limit_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dongbo.toml");
    let padding = "#".repeat(usize::try_from(FILE_BYTES_MAX).unwrap() - EXAMPLE_PORTAL.len());
    std::fs::write(&path, format!("{EXAMPLE_PORTAL}{padding}")).unwrap();
    assert!(Config::load(&path).is_ok());
}

#[test]
fn durations_are_read_and_written_as_people_do() {
    let check = |text: &str, seconds: f64, again: &str| {
        let Human(duration) = text.parse().unwrap_or_else(|advice| panic!("{text}: {advice}"));
        assert!((duration.as_secs_f64() - seconds).abs() < 1e-9, "{text}");
        assert_eq!(Human(duration).to_string(), again, "{text}");
    };
    check("90s", 90.0, "1m30s");
    check("15m", 900.0, "15m");
    check("1h30m", 5400.0, "1h30m");
    check("7d", 604_800.0, "7d");
    check("2w", 1_209_600.0, "14d");
    check("250ms", 0.25, "250ms");
    check("1s500ms", 1.5, "1s500ms");
    check("0s", 0.0, "0s");
    for wrong in ["", "5", "m", "5 m", "-5m", "5min", "1.5h", "٣m", "5m ", "1e3s", "18446744073709551615w"] {
        assert!(wrong.parse::<Human>().is_err(), "{wrong:?}");
    }
}

#[test]
fn rates_and_sizes_are_read_as_people_write_them() {
    let rate = |text: &str| text.parse::<Rate>().map(|Rate(per_second)| per_second);
    assert_eq!(rate("0.4/s"), Ok(0.4));
    assert_eq!(rate("30/min"), Ok(0.5));
    assert_eq!(rate("3600 / h"), Ok(1.0));
    for wrong in ["", "1", "/s", "0/s", "-1/s", "nan/s", "inf/s", "1e9/s", "99999/s", "1/d", "1/"] {
        assert!(rate(wrong).is_err(), "{wrong:?}");
    }
    for text in ["2/s", "24/min", "500/h", "7/h", "10000/s"] {
        assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
    }
    let size = |text: &str| text.parse::<Size>().map(|Size(bytes)| bytes);
    assert_eq!(size("15MB"), Ok(15 << 20));
    assert_eq!(size("512 kB"), Ok(512 << 10));
    assert_eq!(Size(512 << 10).to_string(), "512kB");
    assert_eq!(Size(1000).to_string(), "1000B");
    for wrong in ["", "15", "MB", "-1MB", "1.5MB", "15Mb", "99999999999999999999B", "99999999999GB"] {
        assert!(size(wrong).is_err(), "{wrong:?}");
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_answered_without_a_panic(text in "\\PC{0,200}") {
        let _ = parse(&text);
    }

    #[test]
    fn a_damaged_sample_is_answered_without_a_panic(at in 0_usize..EXAMPLE.len(), with in "\\PC{0,3}") {
        let mut text = EXAMPLE.to_owned();
        let at = (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.insert_str(at, &with);
        if let Err(error) = parse(&text) {
            proptest::prop_assert!(!error.faults.is_empty());
        }
    }

    #[test]
    fn written_durations_read_back(millis in 0_u64..300_000_000_000) {
        let duration = Human(Duration::from_millis(millis));
        proptest::prop_assert_eq!(duration.to_string().parse::<Human>(), Ok(duration));
    }
}

/// The sample with every key that it only shows.
fn sample_with_everything() -> String {
    let shown = |line: &str| {
        line.strip_prefix('#')
            .filter(|rest| rest.starts_with(|c: char| "[\"".contains(c) || c.is_ascii_lowercase()))
            .map(str::to_owned)
    };
    EXAMPLE.lines().map(|line| shown(line).unwrap_or_else(|| line.to_owned()) + "\n").collect()
}

#[test]
fn what_the_sample_only_shows_is_valid_too() {
    let config = parse(&sample_with_everything()).unwrap_or_else(|error| panic!("{error}"));
    let plain = parse(EXAMPLE).unwrap();
    assert_eq!(config.limits, plain.limits, "the sample shows the defaults");
    assert_eq!(config.keep, plain.keep, "the sample shows the defaults");
    assert_eq!(config.portals[0].attribution, plain.portals[0].attribution);
}

#[test]
fn the_sample_shows_every_key() {
    let (_, everything) = fixtures("valid").into_iter().find(|(name, _)| name == "everything").unwrap();
    let effective: toml::Table = toml::from_str(&parse(&everything).unwrap().to_toml()).unwrap();
    let sample = sample_with_everything();
    let keys = effective.iter().flat_map(|(key, value)| {
        let entry = value.as_array().and_then(|entries| entries.first()).unwrap_or(value);
        let inner = entry.as_table().into_iter().flatten().map(|(key, _)| key.clone());
        std::iter::once(key.clone()).chain(inner)
    });
    for key in keys {
        let assigned = sample.lines().any(|line| line.split('=').next().is_some_and(|before| before.trim() == key));
        let table = sample.lines().any(|line| line.trim_matches(['[', ']']).split('.').any(|part| part == key));
        assert!(assigned || table, "{key} is missing in deploy/dongbo.toml");
    }
}

#[test]
fn the_sample_has_departments_communes_and_a_shared_server() {
    let config = parse(EXAMPLE).unwrap();
    let in_group =
        |group: &str| config.portals.iter().filter(|portal| portal.groups.iter().any(|g| g == group)).count();
    assert!(in_group("so-nganh") >= 2 && in_group("xa-phuong") >= 3);
    let shared = config.portals.iter().filter(|portal| portal.installation == "may-chu-xa").count();
    assert!(shared >= 2, "{shared}");
    let addresses: Vec<String> = config.sources.iter().map(|source| source.url.to_string()).collect();
    assert!(addresses.iter().all(|url| url.contains(".example.vn/")), "{addresses:?}");
}
