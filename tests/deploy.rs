//! What is installed beside the program: the unit, the user, the sample.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use dongbo::config::{Config, DEFAULT_FILE, EXAMPLE};

/// `systemd-analyze security` counts in tenths: 1.2.
const EXPOSURE_MAX_TENTHS: &str = "12";

fn deploy(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(deploy(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The values of a setting of the unit, in order.
fn values(setting: &str) -> Vec<String> {
    let prefix = format!("{setting}=");
    read("dongbo.service").lines().filter_map(|line| line.strip_prefix(&prefix)).map(str::to_owned).collect()
}

/// A commented setting is not a reason.
fn is_reason(line: &str) -> bool {
    line.strip_prefix("# ").is_some_and(|reason| reason.len() > 10)
}

/// Settings without a reason on the line above, with their line numbers.
fn without_reason(unit: &str) -> Vec<(usize, &str)> {
    let lines: Vec<&str> = unit.lines().collect();
    let setting = |line: &str| !line.is_empty() && !line.starts_with(['[', ';']) && !line.starts_with("# ");
    let bare = |index: usize| index == 0 || !is_reason(lines[index - 1]);
    (0..lines.len())
        .filter(|index| setting(lines[*index]) && bare(*index))
        .map(|index| (index + 1, lines[index]))
        .collect()
}

#[test]
fn every_line_of_the_unit_has_its_reason() {
    assert_eq!(without_reason(&read("dongbo.service")), []);
    assert_eq!(without_reason("[Service]\nPrivateTmp=yes\n"), [(2, "PrivateTmp=yes")]);
    assert_eq!(without_reason("[Service]\n#PrivateTmp=yes\nUMask=0\n"), [(2, "#PrivateTmp=yes"), (3, "UMask=0")]);
    assert_eq!(without_reason("# Nobody looks in.\nPrivateTmp=yes\n"), []);
}

#[test]
fn the_unit_runs_the_daemon_as_the_user_that_is_made() {
    let user = values("User");
    assert_eq!(user, ["dongbo"]);
    assert!(read("dongbo.sysusers").lines().any(|line| line.starts_with("u dongbo ")));
    assert_eq!(values("ExecStart"), [format!("/usr/bin/dongbo --config {DEFAULT_FILE} run")]);
    assert_eq!(values("Type"), ["notify"]);
    assert_eq!(values("WatchdogSec"), ["60"]);
    assert!(values("LoadCredential").is_empty(), "the example is commented");
}

#[test]
fn the_unit_waits_longer_for_a_stop_than_the_daemon_takes() {
    let config = Config::parse(EXAMPLE, Path::new(DEFAULT_FILE)).unwrap();
    let seconds: u64 = values("TimeoutStopSec")[0].parse().unwrap();
    assert!(Duration::from_secs(seconds) > config.limits.stop_within + Duration::from_secs(5));
    assert_eq!(config.state, Path::new("/var/lib").join(&values("StateDirectory")[0]));
}

#[test]
fn the_unit_is_hardly_exposed() {
    let threshold = format!("--threshold={EXPOSURE_MAX_TENTHS}");
    let mut analyze = Command::new("systemd-analyze");
    analyze.args(["security", "--offline=true", "--no-pager", &threshold]).arg(deploy("dongbo.service"));
    match analyze.output() {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            use std::io::Write;
            let _ = writeln!(std::io::stderr(), "skipped: systemd-analyze is not installed");
        }
        Err(error) => panic!("systemd-analyze: {error}"),
    }
}
