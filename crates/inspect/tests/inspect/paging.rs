//! Long lists.

use std::collections::HashSet;

use stagedoor_inspect::{InspectMsg, MAX_ROWS, Paging, TreeQuery};

use super::house::{House, LIMIT};

const USERS: usize = 2_000;

async fn crowded() -> House {
    let house = House::open().await;
    for user in 0..USERS {
        house.start(&format!("user-{user:04}")).await;
    }
    house
}

#[tokio::test]
async fn two_thousand_users_come_in_pages_and_arrive_whole() {
    let house = crowded().await;
    let client = house.outside().await;
    let ask = |reply| InspectMsg::Users(Paging::default().limit(1_000_000), reply);
    let first = client.inspector().call(ask, LIMIT).await.unwrap().unwrap();
    assert_eq!((first.rows.len(), first.total), (MAX_ROWS, USERS), "no page is longer");
    let users = client.users().await.unwrap();
    let names: Vec<_> = users.iter().map(|user| user.user.clone()).collect();
    assert_eq!(names, (0..USERS).map(|user| format!("user-{user:04}")).collect::<Vec<_>>());
    assert_eq!(client.children("users").await.unwrap().len(), USERS);
    assert_eq!(client.user_metrics().await.unwrap().len(), USERS);
}

#[tokio::test]
async fn a_large_tree_arrives_whole_each_row_once_and_below_its_parent() {
    let house = crowded().await;
    let tree = house.outside().await.tree(TreeQuery::default(), 100_000).await.unwrap();
    assert_eq!(tree.rows.len(), USERS * 3 + 5);
    let mut seen = HashSet::from([""]);
    for row in &tree.rows {
        let parent = row.path.rsplit_once('/').map_or("", |(parent, _)| parent);
        assert!(seen.contains(parent), "{parent} comes before {}", row.path);
        assert!(seen.insert(&row.path), "{} comes once", row.path);
        assert_eq!(row.depth, row.path.split('/').count());
    }
}

#[tokio::test]
async fn paging_goes_on_behind_a_user_who_has_left() {
    let house = House::with(&["ada", "bob", "cyd"]).await;
    let page = |after: Option<&str>| Paging { after: after.map(Into::into), limit: Some(1) };
    let users = |paging| house.inspector.call(|reply| InspectMsg::Users(paging, reply), LIMIT);
    let first = users(page(None)).await.unwrap().unwrap();
    assert_eq!(first.next.as_deref(), Some("ada"));
    house.users.terminate_child("ada").await.unwrap();
    let second = users(page(first.next.as_deref())).await.unwrap().unwrap();
    assert_eq!(second.rows[0].user, "bob");
    let tree = |paging| {
        let message = |reply| InspectMsg::Tree(TreeQuery::default(), paging, reply);
        house.inspector.call(message, LIMIT)
    };
    let rest = tree(Paging::after("users/ada/state")).await.unwrap().unwrap();
    assert_eq!(rest.rows[0].path, "users/bob");
}
