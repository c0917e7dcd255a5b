//! A portal's own articles are never touched. An id is only an address: what
//! stands there may carry another key, or none.

use super::case::{Case, Need, Outcome, Stop, ensure};
use super::world::{World, at};
use crate::adapter::At;
use crate::key::Key;
use crate::remote::{RemoteCopy, RemoteId};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "read shows whose an object is",
        needs: &[Need::Key, Need::Inspector],
        run: |world| Box::pin(read_shows_key(world)),
    },
    Case {
        name: "find adopts no foreign article",
        needs: &[Need::Key, Need::Inspector],
        run: |world| Box::pin(find_adopts_none(world)),
    },
    Case { name: "an update leaves another key's copy alone", needs: &[Need::Key], run: |w| Box::pin(update_other(w)) },
    Case {
        name: "an update leaves a foreign article alone",
        needs: &[Need::Key, Need::Inspector],
        run: |world| Box::pin(update_foreign(world)),
    },
    Case {
        name: "a withdrawal leaves another key's copy alone",
        needs: &[Need::Key, Need::Removal],
        run: |world| Box::pin(withdraw_other(world)),
    },
    Case {
        name: "a withdrawal leaves a foreign article alone",
        needs: &[Need::Key, Need::Removal, Need::Inspector],
        run: |world| Box::pin(withdraw_foreign(world)),
    },
];

async fn plant(world: &World<'_>, title: &str, key: Option<&Key>) -> Outcome<RemoteId> {
    let planted = world.inspector()?.plant(title, key).await;
    planted.ok_or_else(|| Stop::Skipped("the harness cannot plant a foreign article".to_owned()))
}

async fn read_shows_key(world: &World<'_>) -> Outcome {
    let foreign = plant(world, "Bài riêng của đơn vị", None).await?;
    let copy = world.read(&foreign).await?;
    ensure!(copy.key.is_none(), "a foreign article is shown with the key {:?}", copy.key);
    ensure!(copy.title == "Bài riêng của đơn vị", "it is shown as {:?}", copy.title);
    let post = world.post("mot");
    let ours = world.create(&post).await?;
    ensure!(ours.key.as_ref() == Some(&post.key), "our copy is shown with the key {:?}", ours.key);
    Ok(())
}

async fn find_adopts_none(world: &World<'_>) -> Outcome {
    let post = world.post("mot");
    plant(world, &post.title, None).await?;
    world.none(&post).await?;
    world.create(&post).await?;
    let copy = world.the_one(&post).await?;
    ensure!(copy.key.as_ref() == Some(&post.key), "the look-up shows an object with the key {:?}", copy.key);
    Ok(())
}

async fn update_other(world: &World<'_>) -> Outcome {
    let (mine, other) = (world.post("mot"), world.post("hai"));
    let before = world.create(&other).await?;
    update_refused(world, &At { key: mine.key.clone(), ..at(&before, &other.key) }).await?;
    unchanged(world, &before).await
}

async fn update_foreign(world: &World<'_>) -> Outcome {
    let foreign = plant(world, "Bài riêng của đơn vị", None).await?;
    let before = world.read(&foreign).await?;
    update_refused(world, &at(&before, &world.post("mot").key)).await?;
    unchanged(world, &before).await
}

async fn update_refused(world: &World<'_>, at: &At) -> Outcome {
    let post = world.post("mot");
    let answer = world.adapter().update(&world.call(), at, &post).await;
    ensure!(answer.is_err(), "an update of what is not ours answered {answer:?}");
    Ok(())
}

async fn withdraw_other(world: &World<'_>) -> Outcome {
    let mine = world.post("mot");
    for how in &world.capabilities.removals {
        let other = world.post(&format!("hai-{how:?}"));
        let before = world.create(&other).await?;
        let at = At { key: mine.key.clone(), ..at(&before, &other.key) };
        let answer = world.adapter().withdraw(&world.call(), &at, *how).await;
        ensure!(answer.is_err(), "a withdrawal of what is not ours answered {answer:?}");
        unchanged(world, &before).await?;
    }
    Ok(())
}

async fn withdraw_foreign(world: &World<'_>) -> Outcome {
    let mine = world.post("mot");
    for how in &world.capabilities.removals {
        let foreign = plant(world, &format!("Bài riêng {how:?}"), None).await?;
        let before = world.read(&foreign).await?;
        let answer = world.adapter().withdraw(&world.call(), &at(&before, &mine.key), *how).await;
        ensure!(answer.is_err(), "a withdrawal of what is not ours answered {answer:?}");
        unchanged(world, &before).await?;
    }
    Ok(())
}

async fn unchanged(world: &World<'_>, before: &RemoteCopy) -> Outcome {
    let after = world.read(&before.id).await?;
    ensure!(after == *before, "what is not ours changed from {before:?} to {after:?}");
    Ok(())
}
