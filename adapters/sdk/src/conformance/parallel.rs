//! Several calls at once.

use futures::future::join_all;

use super::case::{Case, Need, Outcome, ensure};
use super::world::World;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "many creates under one key make one copy",
        needs: &[Need::Enforced],
        run: |world| Box::pin(one_key(world)),
    },
    Case { name: "many keys at once make as many copies", needs: &[Need::Key], run: |world| Box::pin(keys(world)) },
];

/// Calls at once.
const AT_ONCE: usize = 8;

async fn one_key(world: &World<'_>) -> Outcome {
    let post = world.post("mot");
    let calls = (0..AT_ONCE).map(|_| async { world.stands(world.adapter().create(&world.call(), &post).await).await });
    let answers = join_all(calls).await;
    let copy = world.the_one(&post).await?;
    for answer in answers {
        match answer {
            Ok(told) => ensure!(told.id == copy.id, "a create told of {}, but {} stands", told.id, copy.id),
            Err(error) => ensure!(error.leaves_doubt(), "a create that lost the race should be looked up: {error}"),
        }
    }
    Ok(())
}

async fn keys(world: &World<'_>) -> Outcome {
    let posts: Vec<_> = (0..AT_ONCE).map(|number| world.post(&format!("bai-{number}"))).collect();
    let copies = join_all(posts.iter().map(|post| world.create(post))).await;
    for (post, copy) in posts.iter().zip(copies) {
        let (created, found) = (copy?, world.the_one(post).await?);
        ensure!(created.id == found.id, "{} was created and {} is found", created.id, found.id);
        ensure!(found.title == post.title, "under {} stands the title {:?}", post.key, found.title);
    }
    Ok(())
}
