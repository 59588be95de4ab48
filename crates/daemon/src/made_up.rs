//! Points a configuration at made-up platforms: for the demo, and for tests.

use stagedoor_fakes::{
    facebook::FakeFacebook, kick::FakeKick, twitch::FakeTwitch, youtube::FakeYouTube,
};

use crate::config::{FacebookConfig, KickConfig, TwitchConfig, YouTubeConfig};

/// This is Twitch.
pub fn twitch(told: &mut TwitchConfig, fake: &FakeTwitch) {
    told.client_id = Some(fake.config().client_id.clone());
    told.client_secret = Some(fake.config().client_secret.clone().into());
    told.client_secret_file = None;
    told.helix_url = fake.helix_url();
    told.oauth_url = fake.oauth_url();
    told.eventsub_url = fake.eventsub_url();
}

/// This is YouTube.
pub fn youtube(told: &mut YouTubeConfig, fake: &FakeYouTube) {
    let base = fake.base_url();
    told.client_id = Some(fake.config().client_id.clone());
    told.client_secret = Some(fake.config().client_secret.clone().into());
    told.client_secret_file = None;
    told.authorize_url = format!("{base}/o/oauth2/v2/auth");
    told.token_url = format!("{base}/token");
    told.revoke_url = format!("{base}/revoke");
    told.base_url = base;
    told.stream_url = fake.stream_url();
}

/// This is Kick.
pub fn kick(told: &mut KickConfig, fake: &FakeKick) {
    told.client_id = Some(fake.config().client_id.clone());
    told.client_secret = Some(fake.config().client_secret.clone().into());
    told.client_secret_file = None;
    told.public_key_file = None;
    told.api_url = fake.api_url();
    told.id_url = fake.id_url();
}

/// This is Facebook.
pub fn facebook(told: &mut FacebookConfig, fake: &FakeFacebook) {
    told.client_id = Some(fake.config().client_id.clone());
    told.client_secret = Some(fake.config().client_secret.clone().into());
    told.client_secret_file = None;
    told.graph_url = Some(fake.graph_url());
    told.dialog_url = Some(fake.dialog_url());
}
