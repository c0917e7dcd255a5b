//! Faithful content: a citizen reads what the source wrote.

use unicode_normalization::UnicodeNormalization;

use super::case::{Case, Need, Outcome, ensure};
use super::life::shows;
use super::world::World;

pub(super) const CASES: &[Case] = &[
    Case { name: "vietnamese text stays as it is", needs: &[], run: |world| Box::pin(vietnamese(world)) },
    Case { name: "signs that mean something to html stay text", needs: &[], run: |world| Box::pin(signs(world)) },
    Case { name: "emoji and rare letters survive", needs: &[], run: |world| Box::pin(emoji(world)) },
    Case { name: "control characters do no harm", needs: &[], run: |world| Box::pin(controls(world)) },
    Case { name: "a long title is whole or refused", needs: &[], run: |world| Box::pin(long_title(world)) },
    Case {
        name: "a title at the limit is whole",
        needs: &[Need::TitleLimit],
        run: |world| Box::pin(full_title(world)),
    },
    Case { name: "a table survives", needs: &[], run: |world| Box::pin(table(world)) },
    Case { name: "an empty summary stays empty", needs: &[], run: |world| Box::pin(empty_summary(world)) },
];

const NFC: &str = "Đồng chí Nguyễn Thị Hường dự lễ ở phường Ước Lễ, quận Đống Đa: đ Đ ư Ư ơ Ơ ạ ả ấ ầ ẩ ẫ ậ ặ ỹ";

async fn vietnamese(world: &World<'_>) -> Outcome {
    let decomposed: String = NFC.nfd().collect();
    for (name, text) in [("nfc", NFC.to_owned()), ("nfd", decomposed.nfc().collect())] {
        let mut post = world.post(name);
        post.title = format!("{text} {}", post.key);
        post.summary.clone_from(&text);
        post.body = format!("<p>{text}</p>");
        let copy = world.create(&post).await?;
        shows(&world.capabilities, &copy, &post)?;
        ensure!(copy.body.contains(NFC), "the body's letters were taken apart or changed: {:?}", copy.body);
    }
    Ok(())
}

async fn signs(world: &World<'_>) -> Outcome {
    let text = "“Trích” 'đơn' \"kép\" – 5 < 7 & 7 > 5; A&B; &amp; viết ra; 100%; [mã] {x} \\ / ]]> hết";
    let mut post = world.post("dau");
    post.title = format!("{text} {}", post.key);
    post.summary = text.to_owned();
    post.body = format!("<p>{}</p>", escape(text));
    let copy = world.create(&post).await?;
    shows(&world.capabilities, &copy, &post)?;
    let copy = world.update(&copy, &post).await?;
    shows(&world.capabilities, &copy, &post)
}

async fn emoji(world: &World<'_>) -> Outcome {
    let mut post = world.post("hinh");
    post.title = format!("Chúc mừng 🎉 👩‍🌾 🇻🇳 chữ Nôm 𡨸喃 {}", post.key);
    post.body = "<p>🎉 👩‍🌾 🇻🇳 𡨸喃 hết</p>".to_owned();
    let copy = world.create(&post).await?;
    shows(&world.capabilities, &copy, &post)
}

async fn controls(world: &World<'_>) -> Outcome {
    let mut post = world.post("dieu-khien");
    let plain = post.title.clone();
    post.title = format!("\u{1}{plain}\u{7}");
    post.body = "<p>Trước\u{b}sau\u{0}hết</p>".to_owned();
    let copy = match world.stands(world.adapter().create(&world.call(), &post).await).await {
        Ok(copy) => world.read(&copy.id).await?,
        // A refusal is honest; a doubt would be looked up for ever.
        Err(error) if error.leaves_doubt() => return Err(error.into()),
        Err(_) => return Ok(()),
    };
    let visible = |text: &str| -> String { text.chars().filter(|c| !c.is_control()).collect() };
    ensure!(visible(&copy.title).trim() == plain, "the title became {:?}", copy.title);
    let body = visible(&copy.body);
    ensure!(["Trước", "sau", "hết"].iter().all(|word| body.contains(word)), "the body became {:?}", copy.body);
    Ok(())
}

/// 300 characters: more than many a column, within what a source may write.
async fn long_title(world: &World<'_>) -> Outcome {
    let post = titled(world, "dai", 300);
    match world.stands(world.adapter().create(&world.call(), &post).await).await {
        Ok(copy) => {
            let copy = world.read(&copy.id).await?;
            ensure!(copy.title == post.title, "a title of 300 characters became {:?}", copy.title);
        }
        Err(error) => {
            let announced = world.capabilities.title_chars_max.is_some_and(|max| max < 300);
            ensure!(announced, "a title of 300 characters is refused without a limit: {error}");
            ensure!(!error.leaves_doubt(), "a title that is too long leaves doubt: {error}");
        }
    }
    Ok(())
}

async fn full_title(world: &World<'_>) -> Outcome {
    let Some(max) = world.capabilities.title_chars_max else { return Ok(()) };
    let post = titled(world, "day", max);
    let copy = world.create(&post).await?;
    shows(&world.capabilities, &copy, &post)
}

fn titled(world: &World<'_>, name: &str, chars: usize) -> crate::post::Post {
    let mut post = world.post(name);
    post.title = "Đường về xã Ước Lễ ".chars().cycle().take(chars.saturating_sub(1)).chain(['.']).collect();
    post
}

async fn table(world: &World<'_>) -> Outcome {
    let mut post = world.post("bang");
    post.body = "<table><tbody><tr><th>Đơn vị</th><th>Số lượng</th></tr><tr><td>Xã Ước Lễ</td><td>1.234,5</td></tr></tbody></table><p>Sau bảng</p>"
        .to_owned();
    let copy = world.create(&post).await?;
    shows(&world.capabilities, &copy, &post)?;
    for (tag, times) in [("<table", 1), ("<tr", 2), ("<th", 2), ("<td", 2)] {
        // `<th` would also count `<thead`, which a CMS may add.
        let found = copy.body.match_indices(tag).filter(|(at, _)| !copy.body[*at..].starts_with("<thead")).count();
        ensure!(found == times, "{found} times `{tag}` instead of {times}: {:?}", copy.body);
    }
    Ok(())
}

async fn empty_summary(world: &World<'_>) -> Outcome {
    let mut post = world.post("trong");
    post.summary = String::new();
    let copy = world.create(&post).await?;
    ensure!(words(&copy.summary).is_empty(), "the summary became {:?}", copy.summary);
    Ok(())
}

/// The words that a citizen reads, without tags and with entities read.
pub(super) fn words(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut inside = false;
    for (at, letter) in html.char_indices() {
        let opens =
            letter == '<' && html[at + 1..].starts_with(|next: char| next.is_ascii_alphabetic() || "/!".contains(next));
        match letter {
            _ if opens => {
                inside = true;
                text.push(' ');
            }
            '>' if inside => inside = false,
            _ if inside => {}
            _ => text.push(letter),
        }
    }
    let text = unescape(&text);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// All words of `sent` stand in `stored` in their order.
pub(super) fn same_words(stored: &str, sent: &str) -> bool {
    words(stored).contains(&words(sent))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn unescape(text: &str) -> String {
    let named = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&#039;", "'"), ("&nbsp;", " ")];
    let read = named.iter().fold(text.to_owned(), |text, (entity, sign)| text.replace(entity, sign));
    read.replace("&#038;", "&").replace("&#38;", "&").replace("&amp;", "&")
}
