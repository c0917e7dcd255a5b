//! `dongbo demo`: shows the main job without network and set-up.

use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;

use super::office::{Failure, Office};
use crate::demo::{Demo, MIRRORS, Mirror};
use crate::exit::Exit;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where the three portals are written; else a new folder for temporary files.
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
    /// Do not wait for a key between the steps.
    #[arg(long)]
    fast: bool,
}

pub(super) fn demo(office: &Office, args: &Args) -> Result<Exit, Failure> {
    let folder =
        args.into.clone().unwrap_or_else(|| std::env::temp_dir().join(format!("dongbo-demo-{}", std::process::id())));
    let waits = !args.fast && std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Other(error.into()))?;
    let shown = runtime.block_on(show(office, &folder, waits));
    shown.map_err(|error| {
        let text =
            office.say(format!("Bản chạy thử không đạt: {error:#}"), format!("The demo does not pass: {error:#}"));
        Failure::Said(text, Exit::Left)
    })?;
    Ok(Exit::Done)
}

async fn show(office: &Office, folder: &std::path::Path, waits: bool) -> anyhow::Result<()> {
    let demo = Demo::start(folder).await?;
    office.print(office.say(
        "Cổng mẫu có 30 bài; ba cổng thành phần nhận bài theo quy tắc riêng.",
        "A sample portal with 30 articles; three portals take them by rules of their own.",
    ));
    demo.round().await?;
    counts(office, &demo.check(None)?);
    for mirror in &MIRRORS {
        office.print(&format!("  {}", demo.address(mirror)));
    }
    pause(office, waits);
    let (old, new) = demo.correct()?;
    demo.round().await?;
    counts(office, &demo.check(None)?);
    office.print(&office.say(format!("Đã sửa: “{old}” → “{new}”"), format!("Corrected: “{old}” → “{new}”")));
    pause(office, waits);
    let gone = demo.withdraw()?;
    demo.round().await?;
    counts(office, &demo.check(Some(&gone))?);
    office.print(&office.say(format!("Đã thu hồi: “{gone}”"), format!("Withdrawn: “{gone}”")));
    office.print(&office.say(
        format!("Xem thêm: dongbo --config {0}/dongbo.toml status", folder.display()),
        format!("Look further: dongbo --config {0}/dongbo.toml status", folder.display()),
    ));
    Ok(())
}

fn counts(office: &Office, counts: &[(Mirror, usize)]) {
    let words = office.say("bài", "articles");
    let line: Vec<String> = counts.iter().map(|(mirror, count)| format!("{}: {count} {words}", mirror.name)).collect();
    office.print(&line.join(" · "));
}

fn pause(office: &Office, waits: bool) {
    if waits {
        office.talk(office.say("Nhấn Enter để tiếp tục.", "Press Enter to go on."));
        let _ = std::io::stdin().lock().read_line(&mut String::new());
    }
}
