use stagedoor_fakes::{Effect, facebook::Call};

use super::*;

#[tokio::test]
async fn many_pages_stand_in_one_call_each_by_its_own_token() {
    let house = House::start().await;
    let mut watched = Vec::new();
    for number in 0..48_u32 {
        let page = format!("2{number:05}");
        house.fake.add_channel(&page, "A page");
        let id = house.fake.create_by_hand(&page, "Bread");
        house.fake.stream_arrives(&id);
        house.fake.set_viewers(&id, number);
        watched.push(Watched { account: house.account_of(&page, None), broadcast: Some(id) });
    }
    let nowhere = Watched { account: house.account(), broadcast: None };
    watched.insert(0, nowhere);
    let waiting = house.fake.create_by_hand(PAGE, "Soon");
    watched.push(Watched { account: house.account(), broadcast: Some(waiting) });
    house.fake.kill_tokens("200003");
    let standings = house.facebook.standings(&watched).await.unwrap();
    assert_eq!(house.fake.count(Call::Batch), 1);
    assert_eq!(standings.len(), 50);
    assert_eq!(standings[0], None, "it has no broadcast");
    assert_eq!(standings[4], None, "its token is dead");
    let third = standings[3].as_ref().unwrap();
    assert_eq!((third.live, third.viewers, third.title.as_deref()), (true, Some(2), Some("Bread")));
    assert!(third.started_at.is_some());
    let waits = standings[49].as_ref().unwrap();
    assert_eq!((waits.live, waits.viewers), (false, None), "no number is not zero");
}

#[tokio::test]
async fn nobody_to_look_at_costs_nothing() {
    let house = House::start().await;
    assert_eq!(house.facebook.standings(&[]).await, Ok(Vec::new()));
    let nowhere = Watched { account: house.account(), broadcast: None };
    assert_eq!(house.facebook.standings(&[nowhere]).await, Ok(vec![None]));
    assert_eq!(house.fake.count(Call::Batch), 0);
}

#[tokio::test]
async fn a_batch_that_fails_says_so() {
    let house = House::start().await;
    let broadcast = Some(house.on_air().id);
    let watched = [Watched { account: house.account(), broadcast }];
    house.fake.fail(Call::Batch, Effect::status(503), 1);
    house.fake.fail(Call::Batch, Effect::Garbage, 1);
    for _ in 0..2 {
        let error = house.facebook.standings(&watched).await.unwrap_err();
        assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    }
}
