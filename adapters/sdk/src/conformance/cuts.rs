//! A call may die at any of its requests. What the ledger does next (look up,
//! then create or update) must end in exactly one copy with the right content.

use super::case::{Case, Need, Outcome, ensure};
use super::life::shows;
use super::world::{World, at};
use crate::adapter::Listing;
use crate::capability::CategorySupport;
use crate::error::Result;
use crate::fault::Fault;
use crate::http::Effect;
use crate::post::{MissingCategory, Post};
use crate::remote::RemoteCopy;

pub(super) const CASES: &[Case] = &[
    Case { name: "a cut create ends in one copy", needs: &[Need::Key, Need::Faults], run: |w| Box::pin(create(w)) },
    Case { name: "a cut update ends in one copy", needs: &[Need::Key, Need::Faults], run: |w| Box::pin(update(w)) },
    Case {
        name: "a cut withdrawal ends in none",
        needs: &[Need::Key, Need::Removal, Need::Faults],
        run: |world| Box::pin(withdraw(world)),
    },
    Case {
        name: "a cut upload ends in one file",
        needs: &[Need::Media, Need::Faults],
        run: |world| Box::pin(upload(world)),
    },
];

/// The ways in which a call dies at one of its requests.
const ENDS: [(&str, Fault); 3] =
    [("cut-before", Fault::CutBefore), ("cut-after", Fault::CutAfter), ("lost", Fault::AnswerLost)];
/// More requests than one call of an adapter sends.
const REQUESTS_MAX: usize = 40;

async fn create(world: &World<'_>) -> Outcome {
    let first = rich(world, "dem").await?;
    let requests = counted(world, world.adapter().create(&world.call(), &first)).await?;
    for (nth, name, fault) in plan(requests) {
        let post = rich(world, &name).await?;
        strike(world, nth, fault, world.adapter().create(&world.call(), &post)).await?;
        resume(world, &name, &post).await?;
    }
    Ok(())
}

async fn update(world: &World<'_>) -> Outcome {
    let first = rich(world, "dem").await?;
    let copy = world.create(&first).await?;
    let call = world.call();
    let (address, second) = (at(&copy, &first.key), corrected(world, &first, "dem"));
    let requests = counted(world, world.adapter().update(&call, &address, &second)).await?;
    for (nth, name, fault) in plan(requests) {
        let old = rich(world, &name).await?;
        let copy = world.create(&old).await?;
        let new = corrected(world, &old, &name);
        let (call, address) = (world.call(), at(&copy, &old.key));
        strike(world, nth, fault, world.adapter().update(&call, &address, &new)).await?;
        resume(world, &name, &new).await?;
    }
    Ok(())
}

async fn withdraw(world: &World<'_>) -> Outcome {
    for how in world.capabilities.removals.clone() {
        let first = world.post(&format!("dem-{how:?}"));
        let copy = world.create(&first).await?;
        let (call, address) = (world.call(), at(&copy, &first.key));
        let requests = counted(world, world.adapter().withdraw(&call, &address, how)).await?;
        for (nth, name, fault) in plan(requests) {
            let post = world.post(&format!("{name}-{how:?}"));
            let copy = world.create(&post).await?;
            let (call, address) = (world.call(), at(&copy, &post.key));
            strike(world, nth, fault, world.adapter().withdraw(&call, &address, how)).await?;
            for left in world.look(&post).await? {
                world.withdraw(&left, &post, how).await?;
            }
            let seen = world.look(&post).await?.iter().filter(|copy| copy.status.reaches_citizens()).count();
            ensure!(seen == 0, "{name}: citizens still see the copy after {how:?}");
        }
    }
    Ok(())
}

async fn upload(world: &World<'_>) -> Outcome {
    let (call, picture) = (world.call(), world.picture("dem"));
    let requests = counted(world, world.adapter().upload(&call, &picture)).await?;
    for (nth, name, fault) in plan(requests) {
        let (call, picture) = (world.call(), world.picture(&name));
        let before = media_count(world).await;
        strike(world, nth, fault, world.adapter().upload(&call, &picture)).await?;
        let first = world.adapter().upload(&world.call(), &picture).await?;
        let second = world.adapter().upload(&world.call(), &picture).await?;
        ensure!(first.id == second.id, "{name}: the same bytes became {} and {}", first.id, second.id);
        let (Some(before), Some(after)) = (before, media_count(world).await) else { continue };
        ensure!(after == before + 1, "{name}: {} files came instead of one", after - before);
    }
    Ok(())
}

async fn media_count(world: &World<'_>) -> Option<usize> {
    world.site.inspector.as_ref()?.media_count().await
}

/// How many requests the call sends when nothing strikes it.
async fn counted<T>(world: &World<'_>, call: impl Future<Output = Result<T>>) -> Outcome<usize> {
    let faults = world.faults()?;
    faults.clear();
    call.await?;
    let seen = faults.seen();
    ensure!(seen > 0, "the call sent no request past the script of faults");
    ensure!(seen <= REQUESTS_MAX, "one call sent {seen} requests");
    Ok(seen)
}

fn plan(requests: usize) -> impl Iterator<Item = (usize, String, Fault)> {
    (0..requests).flat_map(|nth| ENDS.map(|(name, fault)| (nth, format!("{nth}-{name}"), fault)))
}

/// Lets the fault strike the call. A lost answer to a write must leave doubt.
async fn strike<T>(world: &World<'_>, nth: usize, fault: Fault, call: impl Future<Output = Result<T>>) -> Outcome {
    let faults = world.faults()?;
    faults.plan(nth, fault);
    let ended = faults.survive(call).await;
    let wrote = faults.requests().get(nth).is_some_and(|(_, effect)| *effect == Effect::Writes);
    faults.clear();
    if let Some(Err(error)) = ended {
        ensure!(error.leaves_doubt() || !wrote, "request {nth} may have acted, but the error says otherwise: {error}");
    }
    Ok(())
}

/// What the ledger does after an unknown outcome.
async fn resume(world: &World<'_>, name: &str, post: &Post) -> Outcome {
    let hits = world.look(post).await?;
    match hits.as_slice() {
        [] => world.create(post).await?,
        [copy] => world.update(copy, post).await?,
        more => {
            ensure!(false, "{name}: {} objects under one key", more.len());
            return Ok(());
        }
    };
    let copy = world.the_one(post).await?;
    let copy = world.read(&copy.id).await?;
    shows(&world.capabilities, &copy, post)?;
    features(&copy, post)?;
    no_orphan(world, name, post).await
}

fn features(copy: &RemoteCopy, post: &Post) -> Outcome {
    let wanted = post.featured.as_ref().map(|media| &media.id);
    ensure!(copy.featured.as_ref() == wanted, "the featured picture is {:?}, not {wanted:?}", copy.featured);
    Ok(())
}

/// An object with the post's title but without its key is a copy that nobody will find again.
async fn no_orphan(world: &World<'_>, name: &str, post: &Post) -> Outcome {
    if !world.capabilities.list {
        return Ok(());
    }
    let page = world.adapter().list(&world.call(), Listing::Recent, None).await?;
    let titled = page.items.iter().filter(|item| item.title == post.title).count();
    ensure!(titled <= 1, "{name}: {titled} objects with the title {:?}", post.title);
    Ok(())
}

/// A post that needs as many requests as this portal can be made to need.
async fn rich(world: &World<'_>, name: &str) -> Outcome<Post> {
    let mut post = world.post(name);
    post.tags = vec!["chuyển đổi số".to_owned()];
    if world.capabilities.media {
        post.featured = Some(world.adapter().upload(&world.call(), &world.picture(name)).await?);
    }
    post.categories = fresh_category(world, name);
    post.missing_category = MissingCategory::Create;
    Ok(post)
}

fn corrected(world: &World<'_>, old: &Post, name: &str) -> Post {
    let (title, body) = (format!("Đính chính: {}", old.title), format!("{}<p>Đã sửa.</p>", old.body));
    Post { title, body, categories: fresh_category(world, &format!("{name} sửa")), ..old.clone() }
}

/// A category that only this post needs; none on a real site, where it would stay.
fn fresh_category(world: &World<'_>, name: &str) -> Vec<String> {
    let creates = world.capabilities.categories == CategorySupport::Create && !world.harness.live();
    if creates { vec![format!("Chuyên mục {name}")] } else { Vec::new() }
}
