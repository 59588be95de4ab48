use secrecy::ExposeSecret;
use stagedoor_fakes::{Agreement, Effect, facebook::Call};

use super::*;

/// The user's token, as the dialog and two exchanges give it.
async fn user_token(house: &House) -> SecretString {
    let back = "http://127.0.0.1/connect/facebook/callback";
    let url = house.facebook.oauth().authorize_url(back, "s1", None);
    let answer = http_client().unwrap().get(url).send().await.unwrap();
    let location = answer.headers()["location"].to_str().unwrap().to_owned();
    let code = location.split("code=").nth(1).unwrap().split('&').next().unwrap();
    house.facebook.oauth().exchange(code, back, None).await.unwrap().access
}

#[tokio::test]
async fn a_user_who_agrees_gives_us_the_page_and_its_token() {
    let house = House::start().await;
    let identity = house.facebook.identify(&user_token(&house).await).await.unwrap();
    assert_eq!((&*identity.external_id, &*identity.name), (PAGE, "Ada's Kitchen"));
    assert!(identity.scopes.iter().any(|scope| &**scope == "publish_video"), "{identity:?}");
    let token = identity.token.clone().expect("the page's own");
    let again = house.facebook.identify(&token).await.unwrap();
    assert_eq!(&*again.external_id, PAGE, "a page's token is the page's");
    assert!(again.token.is_none());
    assert!(!format!("{identity:?}").contains(token.expose_secret()));
}

#[tokio::test]
async fn of_several_pages_it_is_the_first() {
    let house = House::start().await;
    house.fake.add_page_of("99", "30", "Second");
    house.fake.add_page_of("99", "20", "First");
    house.fake.oauth().set_agreement(Agreement::As("99".into()));
    let identity = house.facebook.identify(&user_token(&house).await).await.unwrap();
    assert_eq!(&*identity.name, "First");
}

#[tokio::test]
async fn a_user_without_a_page_is_told_so() {
    let house = House::start().await;
    house.fake.oauth().set_agreement(Agreement::As("99".into()));
    let error = house.facebook.identify(&user_token(&house).await).await.unwrap_err();
    assert!(matches!(&error, Error::Refused { code, .. } if &**code == "no_page"), "{error:?}");
}

#[tokio::test]
async fn a_dead_token_is_renewed_once_or_asks_for_a_new_connection() {
    let house = House::start().await;
    let next = house.fake.grant(PAGE).access;
    let account = house.account_of(PAGE, Some(next));
    house.fake.fail(Call::Me, Effect::refuse(400, "190/463", "expired"), 1);
    house.facebook.validate(&account).await.unwrap();
    assert_eq!(house.fake.count(Call::Me), 2);
    house.fake.kill_tokens(PAGE);
    let error = house.facebook.validate(&account).await.unwrap_err();
    assert!(matches!(error, Error::NeedsReauth { .. }), "{error:?}");
}

#[tokio::test]
async fn no_debug_output_and_no_refusal_tells_a_secret() {
    let house = House::start().await;
    let token = house.fake.grant(PAGE).access;
    let shown = format!("{:?} {:?}", house.facebook, house.account());
    assert!(!shown.contains(&house.fake.config().client_secret), "{shown}");
    let words = format!("Malformed access token {token}");
    house.fake.fail(Call::Me, Effect::refuse(400, "190", words), 1);
    let error = house.facebook.identify(&token.clone().into()).await.unwrap_err();
    assert!(matches!(error, Error::NeedsReauth { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains(&token), "{error}");
}
