use super::*;

/// What fills the fields.
struct World {
    portal: &'static str,
    source: &'static str,
    address: String,
    words: String,
    path: PathBuf,
}

fn usual() -> World {
    World {
        portal: "so-tttt",
        source: "cong-tinh",
        address: "https://stttt.example.vn".into(),
        words: "Hội nghị trực tuyến toàn quốc về cải cách hành chính".into(),
        path: "/var/lib/dongbo".into(),
    }
}

/// Ids as long as the configuration allows, everything else longer than a line and hostile.
fn extreme() -> World {
    let words = "Dài\n\u{1b}[31m{portal} ".repeat(50);
    World {
        portal: "ban-quan-ly-khu-vuc-phat-trien-do-thi-so",
        source: "cong-thong-tin-dien-tu-tinh-chi-dao-0001",
        address: words.clone(),
        words: words.clone(),
        path: words.into(),
    }
}

/// One of each. A new variant without a sample here does not fail by itself;
/// the `match` in [`every_problem_has_a_sample`] does not compile then.
fn samples(world: &World) -> Vec<Problem> {
    let mut samples = calls(world, None);
    samples.extend(sources(world));
    samples.extend(stores(world));
    samples.extend(others(world));
    samples
}

fn calls(world: &World, article: Option<&str>) -> Vec<Problem> {
    let call = |kind| Problem::Portal {
        kind,
        portal: world.portal.to_owned(),
        address: world.address.clone(),
        article: article.map(str::to_owned),
    };
    ErrorKind::ALL.into_iter().map(call).collect()
}

fn sources(world: &World) -> [Problem; 14] {
    let faults = [
        SourceFault::Unreachable,
        SourceFault::Status(503),
        SourceFault::NotAFeed,
        SourceFault::Page,
        SourceFault::TooLarge { limit_bytes: 15 << 20 },
        SourceFault::Malformed { line: Some(214) },
        SourceFault::Tls,
        SourceFault::Secret,
        SourceFault::Braked,
        SourceFault::Unmatched { field: "content" },
        SourceFault::Moved,
        SourceFault::Gap { since: Some(Duration::from_secs(300)) },
        SourceFault::Distrusted,
        SourceFault::Silent { since: Duration::from_secs(3 * 86_400) },
    ];
    faults.map(|fault| Problem::Source { fault, source: world.source.to_owned(), url: world.address.clone() })
}

fn stores(world: &World) -> [Problem; 8] {
    let faults = [
        StoreFault::Missing,
        StoreFault::ReadOnly,
        StoreFault::Locked { pid: Some(4711) },
        StoreFault::Newer { found: 9, known: 3 },
        StoreFault::OldLibrary { needed: "3.51.3" },
        StoreFault::DiskFull,
        StoreFault::DiskFails,
        StoreFault::Damaged,
    ];
    faults.map(|fault| Problem::Store { fault, path: world.path.clone() })
}

fn others(world: &World) -> [Problem; 14] {
    let portal = world.portal.to_owned();
    let article = world.words.clone();
    let secret = SecretRef::File("/etc/dongbo/so-tttt.secret".into());
    [
        Problem::ConfigInvalid { file: world.path.clone(), line: Some(12), faults: 2 },
        Problem::SecretMissing { portal: portal.clone(), place: secret },
        Problem::UnknownCategory { portal: portal.clone(), category: article.clone() },
        Problem::CreateBurstHeld { portal: portal.clone(), waiting: 312, limit: 50 },
        Problem::ArticlesHeld { source: portal.clone(), waiting: 3, urgent: 0 },
        Problem::ArticlesHeld { source: portal.clone(), waiting: 3, urgent: 1 },
        Problem::OtherSite { portal: portal.clone(), address: world.address.clone(), found: article.clone() },
        Problem::PortalHeld { portal: portal.clone(), kind: ErrorKind::Unauthenticated },
        Problem::CopyRemoved { portal: portal.clone(), article: article.clone() },
        Problem::HostAuthority {
            host: "*.example.vn".into(),
            file: world.path.display().to_string(),
            reason: "it holds no certificate".into(),
        },
        Problem::SeveralCopies { portal, article: article.clone(), copies: vec!["118".into(), "131".into()] },
        Problem::NothingSelected { selection: article },
        Problem::DaemonNotRunning { state: world.path.clone() },
        Problem::DaemonRunning { portal: world.portal.to_owned(), state: world.path.clone() },
    ]
}

fn catalogue(lang: Lang) -> String {
    let line = |problem: &Problem| format!("# {}\n{}\n", problem.name(), problem.message(lang));
    samples(&usual()).iter().map(line).collect()
}

#[test]
fn the_vietnamese_catalogue() {
    insta::assert_snapshot!(catalogue(Lang::Vi));
}

#[test]
fn the_english_catalogue() {
    insta::assert_snapshot!(catalogue(Lang::En));
}

#[test]
fn every_problem_has_a_sample() {
    let samples = samples(&usual());
    let names: std::collections::BTreeSet<&str> = samples.iter().map(Problem::name).collect();
    assert_eq!(names.len(), samples.len(), "two problems share a name");
    let sampled = |problem: &Problem| match problem {
        Problem::Portal { .. }
        | Problem::Source { .. }
        | Problem::Store { .. }
        | Problem::ConfigInvalid { .. }
        | Problem::SecretMissing { .. }
        | Problem::UnknownCategory { .. }
        | Problem::CreateBurstHeld { .. }
        | Problem::ArticlesHeld { .. }
        | Problem::OtherSite { .. }
        | Problem::PortalHeld { .. }
        | Problem::CopyRemoved { .. }
        | Problem::SeveralCopies { .. }
        | Problem::NothingSelected { .. }
        | Problem::DaemonNotRunning { .. }
        | Problem::DaemonRunning { .. }
        | Problem::HostAuthority { .. } => true,
    };
    assert!(samples.iter().all(sampled));
}

/// Three parts, each one line that fits and has no place left unfilled.
fn check(problem: &Problem, lang: Lang) {
    let message = problem.message(lang);
    for part in [&message.what, &message.place, &message.todo] {
        assert!(!part.trim().is_empty(), "{}", problem.name());
    }
    let shown = message.to_string();
    assert_eq!(shown.lines().count(), 3, "{shown}");
    for line in shown.lines() {
        assert!(line.chars().count() <= LINE_CHARS_MAX, "{} chars: {line}", line.chars().count());
        assert!(!line.chars().any(char::is_control), "{line}");
    }
}

#[test]
fn messages_have_three_lines_that_fit() {
    for lang in Lang::ALL {
        for problem in samples(&usual()).iter().chain(&calls(&usual(), Some("Hội nghị"))) {
            check(problem, lang);
            assert!(!problem.message(lang).to_string().contains(['{', '}']), "{}", problem.name());
        }
    }
}

#[test]
fn long_and_hostile_fields_are_cut_but_ids_are_not() {
    let world = extreme();
    for lang in Lang::ALL {
        for problem in samples(&world).iter().chain(&calls(&world, Some(&world.words))) {
            check(problem, lang);
        }
        for problem in calls(&world, Some(&world.words)) {
            let message = problem.message(lang);
            assert!(message.place.contains(world.portal), "{}", message.place);
            assert!(message.place.contains('…'), "{}", message.place);
        }
    }
}

#[test]
fn a_field_that_looks_like_a_place_is_not_filled() {
    let problem = Problem::CopyRemoved { portal: "so-tttt".into(), article: "{portal}".into() };
    assert!(problem.message(Lang::En).place.contains("“{portal}”"));
}

#[test]
fn vietnamese_is_precomposed() {
    use unicode_normalization::is_nfc;
    assert!(is_nfc(&catalogue(Lang::Vi)));
}

#[test]
fn the_locale_chooses_the_language() {
    let choose = |variables: &[(&str, &str)]| {
        Lang::choose(None, |name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    };
    assert_eq!(choose(&[("LANG", "vi_VN.UTF-8")]), Lang::Vi);
    assert_eq!(choose(&[("LANG", "vi")]), Lang::Vi);
    assert_eq!(choose(&[("LANG", "vie_XX")]), Lang::En);
    assert_eq!(choose(&[("LC_ALL", "C"), ("LANG", "vi_VN.UTF-8")]), Lang::En);
    assert_eq!(choose(&[("LC_ALL", ""), ("LC_MESSAGES", "vi_VN"), ("LANG", "en_US")]), Lang::Vi);
    assert_eq!(choose(&[]), Lang::En);
    assert_eq!(Lang::choose(Some(Lang::Vi), |_| Some("en_US".into())), Lang::Vi);
}
