//! Files on the portal, and lists of what stands there.

use std::collections::BTreeMap;

use super::case::{Case, Need, Outcome, ensure};
use super::world::{World, media};
use crate::adapter::{Listed, Listing};
use crate::error::Retry;
use crate::remote::RemoteId;

pub(super) const CASES: &[Case] = &[
    Case { name: "the same bytes become one file", needs: &[Need::Media], run: |world| Box::pin(same_bytes(world)) },
    Case { name: "a post shows its featured picture", needs: &[Need::Media], run: |world| Box::pin(featured(world)) },
    Case { name: "a program is refused as a file", needs: &[Need::Media], run: |world| Box::pin(disallowed(world)) },
    Case { name: "a file over the limit is refused", needs: &[Need::Media], run: |world| Box::pin(too_large(world)) },
    Case {
        name: "a list shows each of our copies once",
        needs: &[Need::Key, Need::List],
        run: |world| Box::pin(list_ours(world)),
    },
    Case {
        name: "a list of ours shows nothing foreign",
        needs: &[Need::Key, Need::List, Need::Inspector],
        run: |world| Box::pin(list_not_foreign(world)),
    },
    Case {
        name: "a list of the newest shows the newest",
        needs: &[Need::List],
        run: |world| Box::pin(list_recent(world)),
    },
];

/// More pages than a case can fill.
const PAGES_MAX: usize = 1000;

async fn same_bytes(world: &World<'_>) -> Outcome {
    let count = async || world.site.inspector.as_ref()?.media_count().await;
    let before = count().await;
    let picture = world.picture("anh");
    let first = world.adapter().upload(&world.call(), &picture).await?;
    let second = world.adapter().upload(&world.call(), &picture).await?;
    ensure!(first.id == second.id, "the same bytes became {} and {}", first.id, second.id);
    ensure!(first.url == second.url, "the same file is at {} and {}", first.url, second.url);
    let other = world.adapter().upload(&world.call(), &world.picture("anh-khac")).await?;
    ensure!(other.id != first.id, "other bytes became the same file {}", first.id);
    if let (Some(before), Some(after)) = (before, count().await) {
        ensure!(after == before + 2, "{} files came of two", after - before);
    }
    Ok(())
}

async fn featured(world: &World<'_>) -> Outcome {
    let mut post = world.post("mot");
    let picture = world.adapter().upload(&world.call(), &world.picture("anh")).await?;
    post.featured = Some(picture.clone());
    let copy = world.create(&post).await?;
    ensure!(copy.featured.as_ref() == Some(&picture.id), "the copy shows {:?}, not {}", copy.featured, picture.id);
    let other = world.adapter().upload(&world.call(), &world.picture("anh-khac")).await?;
    post.featured = Some(other.clone());
    let copy = world.update(&copy, &post).await?;
    ensure!(copy.featured.as_ref() == Some(&other.id), "the copy shows {:?}, not {}", copy.featured, other.id);
    post.featured = None;
    let copy = world.update(&copy, &post).await?;
    ensure!(copy.featured.is_none(), "the picture that was taken away is still there: {:?}", copy.featured);
    Ok(())
}

async fn disallowed(world: &World<'_>) -> Outcome {
    let program = media("chuong-trinh.exe", "application/x-msdownload", b"MZ\x90\0 not a picture".to_vec());
    refused(world, &program).await
}

async fn too_large(world: &World<'_>) -> Outcome {
    let Some(max) = world.capabilities.media_bytes_max.filter(|max| *max <= LARGE_BYTES) else {
        return Err(super::case::Stop::Skipped("the portal names no limit that a test can exceed".to_owned()));
    };
    let mut bytes = world.picture("to").bytes.to_vec();
    bytes.resize(max + 1, 0);
    refused(world, &media("to.png", "image/png", bytes)).await
}

/// The largest file that a test sends.
const LARGE_BYTES: usize = 16 * 1024 * 1024;

/// A refusal that nobody needs to look up or to try again.
async fn refused(world: &World<'_>, file: &crate::post::Media) -> Outcome {
    match world.adapter().upload(&world.call(), file).await {
        Ok(stored) => ensure!(false, "it was taken as {}", stored.id),
        Err(error) => ensure!(error.retry == Retry::Never, "the refusal asks for {:?}: {error}", error.retry),
    }
    Ok(())
}

async fn list_ours(world: &World<'_>) -> Outcome {
    let mut wanted = BTreeMap::new();
    for number in 0..world.harness.list_length() {
        let post = world.post(&format!("bai-{number}"));
        wanted.insert(world.create(&post).await?.id, post);
    }
    let shown = pages(world, Listing::Ours).await?;
    for (id, post) in &wanted {
        let lines: Vec<_> = shown.iter().filter(|line| line.id == *id).collect();
        ensure!(lines.len() == 1, "the list shows {id} {} times", lines.len());
        ensure!(lines[0].key.as_ref() == Some(&post.key), "the list shows {id} with the key {:?}", lines[0].key);
        ensure!(lines[0].title == post.title, "the list shows {id} as {:?}", lines[0].title);
    }
    Ok(())
}

async fn list_not_foreign(world: &World<'_>) -> Outcome {
    let planted = world.inspector()?.plant("Bài riêng của đơn vị", None).await;
    let ours = world.create(&world.post("mot")).await?;
    let shown = pages(world, Listing::Ours).await?;
    ensure!(shown.iter().any(|line| line.id == ours.id), "the list lacks our copy");
    ensure!(shown.iter().all(|line| line.key.is_some()), "the list shows an object without a key");
    let foreign = |id: &RemoteId| shown.iter().any(|line| line.id == *id);
    ensure!(!planted.as_ref().is_some_and(foreign), "the list shows a foreign article");
    Ok(())
}

async fn list_recent(world: &World<'_>) -> Outcome {
    let foreign = match &world.site.inspector {
        Some(inspector) => inspector.plant("Bài riêng của đơn vị", None).await,
        None => None,
    };
    let ours = world.create(&world.post("mot")).await?;
    let page = world.adapter().list(&world.call(), Listing::Recent, None).await?;
    let shows = |id: &RemoteId| page.items.iter().any(|line| line.id == *id);
    ensure!(shows(&ours.id), "the newest objects lack our copy");
    ensure!(foreign.as_ref().is_none_or(shows), "the newest objects lack a foreign article");
    Ok(())
}

async fn pages(world: &World<'_>, what: Listing) -> Outcome<Vec<Listed>> {
    let (mut shown, mut from) = (Vec::new(), None);
    for _ in 0..PAGES_MAX {
        let page = world.adapter().list(&world.call(), what, from).await?;
        shown.extend(page.items);
        match page.next {
            Some(next) => from = Some(next),
            None => return Ok(shown),
        }
    }
    Err(super::case::Stop::Failed(format!("the list does not end after {PAGES_MAX} pages")))
}
