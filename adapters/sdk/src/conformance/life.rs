//! The life of a copy: found, created, read back, corrected, withdrawn.

use super::case::{Case, Need, Outcome, ensure};
use super::content::{same_words, words};
use super::world::{World, at, strongest};
use crate::adapter::Removal;
use crate::capability::{Capabilities, DateSupport};
use crate::error::ErrorKind;
use crate::post::{MissingCategory, Post, Visibility};
use crate::remote::{RemoteCopy, RemoteId, RemoteStatus};

pub(super) const CASES: &[Case] = &[
    Case { name: "find sees nothing before a create", needs: &[Need::Key], run: |world| Box::pin(absent(world)) },
    Case { name: "find tells keys apart", needs: &[Need::Key], run: |world| Box::pin(keys_apart(world)) },
    Case { name: "find sees every state", needs: &[Need::Key], run: |world| Box::pin(every_state(world)) },
    Case { name: "a copy carries its key from the start", needs: &[Need::Key], run: |world| Box::pin(carries(world)) },
    Case { name: "read says none where nothing stands", needs: &[], run: |world| Box::pin(reads_none(world)) },
    Case { name: "the reply is the stored form", needs: &[], run: |world| Box::pin(reply_is_stored(world)) },
    Case { name: "what was asked for stands", needs: &[], run: |world| Box::pin(stands(world)) },
    Case { name: "an update reaches each field", needs: &[], run: |world| Box::pin(update_fields(world)) },
    Case {
        name: "an update brings a withdrawn copy back",
        needs: &[Need::Key, Need::Removal],
        run: |world| Box::pin(update_brings_back(world)),
    },
    Case {
        name: "an update of what is gone creates nothing",
        needs: &[Need::Key, Need::RemovalOf(Removal::Delete)],
        run: |world| Box::pin(update_gone(world)),
    },
    Case { name: "citizens do not see a draft", needs: &[Need::Drafts], run: |world| Box::pin(draft(world)) },
    Case {
        name: "a withdrawn copy does not reach citizens",
        needs: &[Need::Removal],
        run: |world| Box::pin(withdraw(world)),
    },
    Case {
        name: "a second withdrawal is a success",
        needs: &[Need::Removal],
        run: |world| Box::pin(withdraw_twice(world)),
    },
    Case {
        name: "missing categories are left out",
        needs: &[Need::Categories],
        run: |world| Box::pin(categories_left_out(world)),
    },
    Case {
        name: "missing categories are created on demand",
        needs: &[Need::CreateCategories],
        run: |world| Box::pin(categories_created(world)),
    },
];

async fn absent(world: &World<'_>) -> Outcome {
    world.none(&world.post("chua-co")).await
}

async fn keys_apart(world: &World<'_>) -> Outcome {
    let (one, mut two) = (world.post("mot"), world.post("hai"));
    two.title.clone_from(&one.title);
    let first = world.create(&one).await?;
    world.none(&two).await?;
    let second = world.create(&two).await?;
    ensure!(first.id != second.id, "two articles share the address {}", first.id);
    ensure!(world.the_one(&one).await?.id == first.id, "the look-up of the first article shows another copy");
    ensure!(world.the_one(&two).await?.id == second.id, "the look-up of the second article shows another copy");
    Ok(())
}

async fn every_state(world: &World<'_>) -> Outcome {
    let public = world.post("cong-khai");
    world.create(&public).await?;
    world.the_one(&public).await?;
    if world.capabilities.drafts {
        let draft = Post { visibility: Visibility::Draft, ..world.post("nhap") };
        world.create(&draft).await?;
        world.the_one(&draft).await?;
    }
    for how in &world.capabilities.removals {
        let post = world.post(&format!("go-{how:?}"));
        let copy = world.create(&post).await?;
        match world.withdraw(&copy, &post, *how).await? {
            None => world.none(&post).await?,
            Some(left) => {
                let found = world.the_one(&post).await?;
                ensure!(found.id == left.id, "after {how:?} the look-up shows {} instead of {}", found.id, left.id);
                ensure!(found.status == left.status, "{:?} was told as {:?}", found.status, left.status);
            }
        }
    }
    Ok(())
}

async fn carries(world: &World<'_>) -> Outcome {
    let post = world.post("mot");
    let reply = world.stands(world.adapter().create(&world.call(), &post).await).await?;
    ensure!(reply.key.as_ref() == Some(&post.key), "the reply carries {:?}", reply.key);
    let read = world.read(&reply.id).await?;
    ensure!(read.key.as_ref() == Some(&post.key), "the copy carries {:?} instead of {}", read.key, post.key);
    let found = world.the_one(&post).await?;
    ensure!(found.id == read.id, "the look-up shows another copy");
    Ok(())
}

async fn reads_none(world: &World<'_>) -> Outcome {
    let nowhere = world.adapter().read(&world.call(), &RemoteId("987654321".to_owned())).await?;
    ensure!(nowhere.is_none(), "something stands where nothing was ever put: {nowhere:?}");
    if world.capabilities.removals.contains(&Removal::Delete) {
        let post = world.post("mot");
        let copy = world.create(&post).await?;
        world.withdraw(&copy, &post, Removal::Delete).await?;
        let gone = world.adapter().read(&world.call(), &copy.id).await?;
        ensure!(gone.is_none(), "a deleted copy still stands: {gone:?}");
    }
    Ok(())
}

/// The text holds what CMSs like to change, so that an echo of what was sent shows.
async fn reply_is_stored(world: &World<'_>) -> Outcome {
    if !world.capabilities.reply_is_read_back {
        return Err(super::case::Stop::Skipped("a read follows each write on this portal".to_owned()));
    }
    let mut post = world.post("mot");
    post.title = format!(" {}\u{b} ", post.title);
    post.body.push_str("<p>Hết\u{b}. <b>Đậm</b></p>");
    let reply = world.stands(world.adapter().create(&world.call(), &post).await).await?;
    let read = world.read(&reply.id).await?;
    ensure!(reply == read, "create told {reply:?}, but {read:?} stands");
    post.title = format!(" Sửa: {}", post.title);
    let reply = world.stands(world.adapter().update(&world.call(), &at(&read, &post.key), &post).await).await?;
    let read = world.read(&reply.id).await?;
    ensure!(reply == read, "update told {reply:?}, but {read:?} stands");
    Ok(())
}

async fn stands(world: &World<'_>) -> Outcome {
    let mut post = world.post("mot");
    post.categories = world.categories.iter().take(1).cloned().collect();
    let copy = world.create(&post).await?;
    shows(&world.capabilities, &copy, &post)
}

async fn update_fields(world: &World<'_>) -> Outcome {
    let mut post = world.post("mot");
    post.categories = world.categories.iter().take(1).cloned().collect();
    let mut copy = world.create(&post).await?;
    let (id, url) = (copy.id.clone(), copy.url.clone());
    let second: Vec<String> = world.categories.iter().skip(1).take(1).cloned().collect();
    let changes: [fn(&mut Post, &[String]); 5] = [
        |post, _| post.title = format!("Đính chính: {}", post.title),
        |post, _| "Tóm tắt đã sửa.".clone_into(&mut post.summary),
        |post, _| post.body = "<p>Nội dung đã sửa, ngắn hơn.</p>".to_owned(),
        |post, other| post.categories = other.to_vec(),
        |post, _| post.published += jiff::SignedDuration::from_hours(49),
    ];
    for change in changes {
        change(&mut post, &second);
        copy = world.update(&copy, &post).await?;
        shows(&world.capabilities, &copy, &post)?;
        ensure!(copy.id == id, "an update moved the copy from {id} to {}", copy.id);
        ensure!(copy.url == url, "an update moved the page from {url:?} to {:?}", copy.url);
        ensure!(copy.key.as_ref().is_none_or(|key| *key == post.key), "an update changed the key to {:?}", copy.key);
    }
    Ok(())
}

async fn update_brings_back(world: &World<'_>) -> Outcome {
    for how in world.capabilities.removals.iter().filter(|how| **how != Removal::Delete) {
        let post = world.post(&format!("tro-lai-{how:?}"));
        let copy = world.create(&post).await?;
        world.withdraw(&copy, &post, *how).await?;
        let left = world.the_one(&post).await?;
        let back = world.update(&left, &post).await?;
        ensure!(back.status == RemoteStatus::Public, "after {how:?} and an update the copy is {:?}", back.status);
        shows(&world.capabilities, &world.the_one(&post).await?, &post)?;
    }
    Ok(())
}

async fn update_gone(world: &World<'_>) -> Outcome {
    let post = world.post("mot");
    let copy = world.create(&post).await?;
    world.withdraw(&copy, &post, Removal::Delete).await?;
    match world.adapter().update(&world.call(), &at(&copy, &post.key), &post).await {
        Ok(written) => ensure!(false, "an update of nothing answered {written:?}"),
        Err(error) => {
            let understood = error.kind == ErrorKind::NotFound && error.leaves_doubt();
            ensure!(understood, "an update of nothing ended with {:?} {:?}", error.kind, error.retry);
        }
    }
    world.none(&post).await
}

async fn draft(world: &World<'_>) -> Outcome {
    let mut post = Post { visibility: Visibility::Draft, ..world.post("nhap") };
    let copy = world.create(&post).await?;
    ensure!(copy.status == RemoteStatus::Hidden, "a draft stands as {:?}", copy.status);
    post.visibility = Visibility::Public;
    let copy = world.update(&copy, &post).await?;
    ensure!(copy.status == RemoteStatus::Public, "a published draft stands as {:?}", copy.status);
    post.visibility = Visibility::Draft;
    let copy = world.update(&copy, &post).await?;
    ensure!(!copy.status.reaches_citizens(), "a copy made a draft again stands as {:?}", copy.status);
    Ok(())
}

async fn withdraw(world: &World<'_>) -> Outcome {
    for how in &world.capabilities.removals {
        let post = world.post(&format!("go-{how:?}"));
        let copy = world.create(&post).await?;
        let answer = world.withdraw(&copy, &post, *how).await?;
        let read = world.adapter().read(&world.call(), &copy.id).await?;
        hidden(*how, answer.as_ref())?;
        hidden(*how, read.as_ref())?;
        let told = answer.map(|copy| copy.status);
        let there = read.map(|copy| copy.status);
        ensure!(told == there, "{how:?} told {told:?}, but {there:?} stands");
        ensure!(*how != Removal::Delete || there.is_none(), "{how:?} left something behind");
    }
    Ok(())
}

async fn withdraw_twice(world: &World<'_>) -> Outcome {
    for how in &world.capabilities.removals {
        let post = world.post(&format!("go-{how:?}"));
        let copy = world.create(&post).await?;
        world.withdraw(&copy, &post, *how).await?;
        // As after a restart: what was read before may be all that is known.
        let now = world.adapter().read(&world.call(), &copy.id).await?.unwrap_or(copy);
        let again = world.withdraw(&now, &post, *how).await?;
        hidden(*how, again.as_ref())?;
    }
    if let Some(how) = strongest(&world.capabilities.removals) {
        let nowhere =
            crate::adapter::At { id: RemoteId("987654321".to_owned()), key: world.post("mot").key, version: None };
        let left = world.adapter().withdraw(&world.call(), &nowhere, how).await?;
        ensure!(left.is_none(), "a withdrawal of nothing left {left:?}");
    }
    Ok(())
}

async fn categories_left_out(world: &World<'_>) -> Outcome {
    let mut post = world.post("mot");
    post.categories = world.categories.iter().take(1).cloned().collect();
    let known = post.categories.clone();
    post.categories.push(format!("Không có {}", post.key));
    let copy = world.create(&post).await?;
    ensure!(same(&copy.categories, &known), "the copy stands in {:?} instead of {known:?}", copy.categories);
    let now = world.adapter().check(&world.call()).await?.categories;
    ensure!(same(&now, &world.categories), "the portal's categories changed to {now:?}");
    Ok(())
}

async fn categories_created(world: &World<'_>) -> Outcome {
    if world.harness.live() {
        return Err(super::case::Stop::Skipped("a category cannot be taken away from a real site again".to_owned()));
    }
    let mut post = world.post("mot");
    post.missing_category = MissingCategory::Create;
    post.categories = vec!["Chuyển đổi số & đổi mới".to_owned()];
    let copy = world.create(&post).await?;
    ensure!(same(&copy.categories, &post.categories), "the copy stands in {:?}", copy.categories);
    let mut second = world.post("hai");
    second.missing_category = MissingCategory::Create;
    second.categories.clone_from(&post.categories);
    world.create(&second).await?;
    let now = world.adapter().check(&world.call()).await?.categories;
    let times = now.iter().filter(|name| **name == post.categories[0]).count();
    ensure!(times == 1, "the category exists {times} times");
    Ok(())
}

fn hidden(how: Removal, copy: Option<&RemoteCopy>) -> Outcome {
    let seen = copy.is_some_and(|copy| copy.status.reaches_citizens());
    ensure!(!seen, "after {how:?} citizens still see it: {copy:?}");
    Ok(())
}

/// The copy shows what the portal can show of the post.
pub(super) fn shows(can: &Capabilities, copy: &RemoteCopy, post: &Post) -> Outcome {
    ensure!(copy.title == post.title, "the title is {:?} instead of {:?}", copy.title, post.title);
    ensure!(same_words(&copy.body, &post.body), "the body {:?} lacks words of {:?}", copy.body, post.body);
    if can.summary {
        let (stored, sent) = (words(&copy.summary), words(&post.summary));
        ensure!(stored == sent, "the summary is {stored:?} instead of {sent:?}");
    }
    if can.categories != crate::capability::CategorySupport::None {
        ensure!(
            same(&copy.categories, &post.categories),
            "it stands in {:?}, not {:?}",
            copy.categories,
            post.categories
        );
    }
    let off = copy.published.map(|at| at.duration_since(post.published).abs().as_secs());
    let tolerated = match can.publish_date {
        DateSupport::Exact => Some(0),
        DateSupport::Minute => Some(59),
        DateSupport::Day => Some(24 * 60 * 60),
        DateSupport::None => None,
    };
    if let Some(most) = tolerated {
        ensure!(off.is_some_and(|off| off <= most), "it is dated {:?} instead of {}", copy.published, post.published);
    }
    let status = match post.visibility {
        Visibility::Public => RemoteStatus::Public,
        Visibility::Draft => RemoteStatus::Hidden,
    };
    ensure!(copy.status == status, "it stands as {:?} instead of {status:?}", copy.status);
    Ok(())
}

fn same(left: &[String], right: &[String]) -> bool {
    let sorted = |names: &[String]| {
        let mut names = names.to_vec();
        names.sort();
        names
    };
    sorted(left) == sorted(right)
}
