//! Addresses: one for all lives, and its failures can be told apart.

use tokio::time::Instant;

use crate::{
    Address, AddressError, Strategy,
    tests::support::{Act, Log, PartMsg, secs, settle, start_parts},
};

#[tokio::test(start_paused = true)]
async fn nobody_has_ever_been_here() {
    let address: Address<PartMsg> = Address::default();
    assert_eq!(address.cast(PartMsg::Note(1)), Err(AddressError::Down));
    assert_eq!(address.call(PartMsg::GetSnapshot, secs(1)).await, Err(AddressError::Down));
    assert!(address.current().is_none());
    assert_eq!(format!("{address:?}"), "Address(down)");
}

#[tokio::test(start_paused = true)]
async fn an_address_outlives_its_actor() {
    let log = Log::default();
    let part = log.part("a");
    let held = part.address.clone();
    let root = start_parts(Strategy::OneForOne, [&part]).await;
    held.cast(PartMsg::Note(1)).unwrap();
    assert_eq!(part.notes().await, [1]);
    part.crashes().await;
    held.cast(PartMsg::Note(2)).unwrap();
    assert_eq!(part.notes().await, [2], "a new life");
    root.stop(secs(1)).await;
    assert_eq!(held.cast(PartMsg::Note(3)), Err(AddressError::Down));
    assert!(held.current().is_none());
}

#[tokio::test(start_paused = true)]
async fn between_two_lives_it_is_down() {
    let log = Log::default();
    let part = log.part("a");
    let _root = start_parts(Strategy::OneForOne, [&part]).await;
    part.starts(Act::Take(secs(2)));
    part.crashes().await;
    let asked = Instant::now();
    assert_eq!(part.address.cast(PartMsg::Note(1)), Err(AddressError::Down));
    let answer = part.address.call(PartMsg::GetSnapshot, secs(10)).await;
    assert_eq!((answer, asked.elapsed()), (Err(AddressError::Down), secs(0)), "at once");
    tokio::time::sleep(secs(3)).await;
    assert_eq!(part.notes().await, [0u32; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_come_is_not_waited_for_for_ever() {
    let log = Log::default();
    let part = log.part("a");
    let _root = start_parts(Strategy::OneForOne, [&part]).await;
    part.does(Act::Hang).await;
    let asked = Instant::now();
    let answer = part.address.call(PartMsg::GetSnapshot, secs(3)).await;
    assert_eq!((answer, asked.elapsed()), (Err(AddressError::TimedOut(secs(3))), secs(3)));
}

#[tokio::test(start_paused = true)]
async fn a_question_that_dies_with_its_actor_is_lost_at_once() {
    let log = Log::default();
    let part = log.part("a");
    let _root = start_parts(Strategy::OneForOne, [&part]).await;
    part.address.cast(PartMsg::Do(Act::Take(secs(1)))).unwrap();
    part.address.cast(PartMsg::Do(Act::Panic)).unwrap();
    let asked = Instant::now();
    let answer = part.address.call(PartMsg::GetSnapshot, secs(60)).await;
    assert_eq!((answer, asked.elapsed()), (Err(AddressError::Lost), secs(1)));
}

#[tokio::test(start_paused = true)]
async fn one_that_is_stopping_takes_no_messages() {
    let log = Log::default();
    let part = log.part("a");
    let root = start_parts(Strategy::OneForOne, [&part]).await;
    part.stops(Act::Take(secs(2)));
    let stop = tokio::spawn(async move { root.stop(secs(5)).await });
    settle().await;
    assert_eq!(part.address.cast(PartMsg::Note(1)), Err(AddressError::Down));
    assert!(stop.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn clearing_an_old_life_leaves_the_new_one() {
    let log = Log::default();
    let part = log.part("a");
    let _root = start_parts(Strategy::OneForOne, [&part]).await;
    let first = part.address.current().unwrap().get_id();
    part.crashes().await;
    part.address.clear(first);
    part.address.cast(PartMsg::Note(1)).unwrap();
    assert_eq!(part.notes().await, [1]);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_refused_may_use_the_address_when_it_is_dropped() {
    let log = Log::default();
    let part = log.part("a");
    let (reply, answer) = ractor::concurrency::oneshot();
    let refused = part.address.cast(PartMsg::GetSnapshot(reply.into()));
    assert_eq!(refused, Err(AddressError::Down));
    assert!(answer.await.is_err());
    // A message whose drop casts, as a guard's does: with the lock still held this would hang.
    let address: Address<Guard> = Address::new();
    assert_eq!(address.cast(Guard(address.clone())), Err(AddressError::Down));
}

/// A message that says goodbye.
struct Guard(Address<Guard>);

impl Drop for Guard {
    fn drop(&mut self) {
        assert!(self.0.current().is_none());
    }
}
