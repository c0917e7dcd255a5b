//! The demo passes its own checks where nobody watches.

use std::process::{Command, Stdio};

#[test]
fn the_demo_passes() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_dongbo"))
        .args(["demo", "--lang", "en", "--into"])
        .arg(folder.path().join("demo"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(said.contains("Withdrawn"), "{said}");
    assert!(folder.path().join("demo/so-noi-vu/index.html").is_file());
}
