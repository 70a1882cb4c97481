//! Requests that a reorganisation moves to other blocks, and how far watching goes back for them.

use crate::world::{CONTRACT, World};
use phat_relayer::request::StateName;

#[tokio::test]
async fn a_request_whose_transaction_is_mined_again_under_another_parent_replaces_the_one_that_is_gone() {
    let world = World::new().await;
    world.chain.mine();
    let id = world.chain.ask(CONTRACT, 600);
    let observed = world.chain.observed(id);
    world.watch().await.unwrap();
    world.execute().await.unwrap();
    // Two blocks are replaced, so that the request gets another parent, and another id.
    world.chain.reorganise(2, false);
    world.chain.mine();
    world.chain.mine();
    let again = world.chain.mine_again(&observed);
    assert_ne!(again, id);
    world.watch().await.unwrap();
    let [gone, new] = [world.life(id).await, world.life(again).await];
    assert_eq!((gone.summary.state, gone.replaces, gone.replaced_by), (StateName::Orphaned, None, Some(again)));
    assert_eq!((new.summary.state, new.replaces, new.replaced_by), (StateName::Observed, Some(id), None));
    // Another question in another transaction replaces nothing, and reading blocks again changes nothing.
    let other = world.chain.ask(CONTRACT, 600);
    world.watch().await.unwrap();
    assert_eq!(world.life(other).await.replaces, None);
    assert_eq!(world.life(again).await, new);
    world.round().await;
    assert_eq!((world.state(again).await, world.state(id).await), (StateName::Settled, StateName::Orphaned));
    assert_eq!((world.chain.answers(again), world.chain.wasted()), (1, 0));
}

#[tokio::test]
async fn requests_of_one_transaction_are_told_apart_by_their_places_in_it() {
    let world = World::new().await;
    world.chain.mine();
    let asked = world.chain.ask_twice_alike(CONTRACT, 600);
    let observed = asked.map(|id| world.chain.observed(id));
    world.watch().await.unwrap();
    world.chain.reorganise(2, false);
    for _ in 0..2 {
        world.chain.mine();
    }
    let again = world.chain.mine_all_again(&observed);
    world.watch().await.unwrap();
    for (old, new) in asked.into_iter().zip(again) {
        assert_eq!(world.life(new).await.replaces, Some(old));
        assert_eq!(world.life(old).await.replaced_by, Some(new));
    }
}

#[tokio::test]
async fn a_reorganisation_far_below_the_newest_checkpoint_drops_what_is_gone_alone() {
    let world = World::new().await;
    let early = world.chain.ask(CONTRACT, 6_000);
    for _ in 0..300 {
        world.chain.mine();
    }
    let late = world.chain.ask(CONTRACT, 6_000);
    for _ in 0..300 {
        world.chain.mine();
    }
    world.watch().await.unwrap();
    world.execute().await.unwrap();
    world.chain.reorganise(310, false);
    for _ in 0..311 {
        world.chain.mine();
    }
    let looks = world.chain.calls("block");
    world.watch().await.unwrap();
    assert_eq!((world.state(early).await, world.state(late).await), (StateName::Reported, StateName::Orphaned));
    // 400 blocks in parts of at most 3, whose ends and beginnings are looked at, and the search.
    let looks = world.chain.calls("block") - looks;
    assert!(looks < 320, "{looks}");
}

#[tokio::test]
async fn a_chain_that_is_another_from_its_first_block_on_is_watched_from_there() {
    let world = World::new().await;
    let id = world.chain.ask(CONTRACT, 600);
    let observed = world.chain.observed(id);
    world.chain.mine();
    world.watch().await.unwrap();
    world.chain.reorganise(3, false);
    for _ in 0..4 {
        world.chain.mine();
    }
    let again = world.chain.mine_again(&observed);
    world.watch().await.unwrap();
    assert_eq!((world.state(id).await, world.state(again).await), (StateName::Orphaned, StateName::Observed));
}
