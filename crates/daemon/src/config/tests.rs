use std::{fs, path::Path};

use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::*;

const EXAMPLE_TOML: &str = include_str!("../../../../config/example.toml");
const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn dir() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn write(dir: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = dir.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path
}

fn file(path: &Path) -> Sources {
    Sources { files: vec![path.to_owned()], ..Sources::default() }
}

fn load(sources: &Sources) -> Config {
    Loaded::from_sources(sources).unwrap_or_else(|error| panic!("{error}")).config
}

/// What the daemon says about a file with this text, the path shortened to its name.
fn complaint(text: &str) -> String {
    let dir = dir();
    let path = write(&dir, "bad.toml", text);
    let error = Loaded::from_sources(&file(&path)).expect_err(text);
    error.to_string().replace(path.to_str().unwrap(), "bad.toml")
}

fn complaint_about_variable(name: &str, value: &str) -> String {
    let sources = Sources { variables: vec![(name.into(), value.into())], ..Sources::default() };
    Loaded::from_sources(&sources).expect_err(value).to_string()
}

#[test]
fn nothing_said_is_development_mode_on_loopback() {
    let config = Config::development();
    assert_eq!(config.mode, Mode::Development);
    assert!(config.gateway.is_loopback());
    assert!(config.gateway.admin_listen.ip().is_loopback());
    assert!(config.auth.development_login);
    assert!(config.stream.console_logger);
    assert_eq!(config.presence.cleanup_timeout, Duration::from_secs(5));
}

#[test]
fn production_has_no_console_logger_and_no_development_login() {
    let dir = dir();
    let path = write(&dir, "a.toml", &format!("mode = 'production'\nauth.secret = '{SECRET}'"));
    let config = load(&file(&path));
    assert!(!config.auth.development_login);
    assert!(!config.stream.console_logger);
}

#[test]
fn each_layer_wins_over_those_before_it() {
    let dir = dir();
    let seconds = |n: u32| format!("presence.cleanup_timeout = '{n}s'");
    let mut sources = Sources::default();
    let timeout = |sources: &Sources| load(sources).presence.cleanup_timeout.as_secs();
    assert_eq!(timeout(&sources), 5);

    sources.system_file = Some(write(&dir, "etc/stagedoor.toml", &seconds(10)));
    assert_eq!(timeout(&sources), 10);

    sources.directory = Some(dir.path().join("config"));
    assert_eq!(timeout(&sources), 10, "a directory that is not there says nothing");
    write(&dir, "config/a.toml", &seconds(20));
    assert_eq!(timeout(&sources), 20);
    write(&dir, "config/b.toml", &seconds(21));
    assert_eq!(timeout(&sources), 21, "within the directory the names decide");

    sources.files =
        vec![write(&dir, "one.toml", &seconds(30)), write(&dir, "two.toml", &seconds(31))];
    assert_eq!(timeout(&sources), 31, "of several files the last one wins");

    sources.variables = vec![("STAGEDOOR__PRESENCE__CLEANUP_TIMEOUT".into(), "40s".into())];
    assert_eq!(timeout(&sources), 40);

    sources.flags = vec![("--cleanup-timeout", "presence.cleanup_timeout", "50s".into())];
    assert_eq!(timeout(&sources), 50);
}

#[test]
fn a_file_that_says_one_key_of_a_section_leaves_the_others() {
    let dir = dir();
    let config = load(&file(&write(&dir, "a.toml", "[presence]\nmax_users = 3")));
    assert_eq!(config.presence.max_users, 3);
    assert_eq!(config.presence.cleanup_timeout, Duration::from_secs(5));
}

#[test]
fn the_documents_in_the_directory_say_nothing() {
    let dir = dir();
    write(&dir, "config/default.toml", "presence.max_users = 1");
    write(&dir, "config/example.toml", "presence.max_users = 2");
    write(&dir, "config/notes.md", "presence.max_users = 3");
    let sources = Sources { directory: Some(dir.path().join("config")), ..Sources::default() };
    assert_eq!(load(&sources).presence.max_users, 100_000);
}

#[test]
fn development_defaults_yield_to_a_file_and_follow_the_mode_of_any_layer() {
    let dir = dir();
    let quiet = write(&dir, "a.toml", "stream.console_logger = false");
    assert!(!load(&file(&quiet)).stream.console_logger);

    let mut sources =
        file(&write(&dir, "b.toml", &format!("mode = 'production'\nauth.secret = '{SECRET}'")));
    sources.flags = vec![("--mode", "mode", "development".into())];
    let config = load(&sources);
    assert!(config.stream.console_logger && config.auth.development_login);
}

#[test]
fn variables_have_the_types_of_their_keys() {
    let variable = |name: &str, value: &str| (format!("STAGEDOOR__{name}"), value.to_owned());
    let sources = Sources {
        variables: vec![
            variable("GATEWAY__ALLOWED_ORIGINS", "https://a.example, https://b.example"),
            variable("GATEWAY__MESSAGE_LIMIT", "1MiB"),
            variable("PRESENCE__MAX_USERS", "7"),
            variable("STREAM__CONSOLE_LOGGER", "false"),
            variable("AUTH__SECRET", "12345678901234567890123456789012"),
            variable("STATE_DIR", "/tmp/x"),
        ],
        ..Sources::default()
    };
    let config = load(&sources);
    assert_eq!(config.gateway.allowed_origins, ["https://a.example", "https://b.example"]);
    assert_eq!(config.gateway.message_limit, ByteSize::mib(1));
    assert_eq!(config.presence.max_users, 7);
    assert!(!config.stream.console_logger);
    assert_eq!(config.auth.secret.unwrap().expose_secret(), "12345678901234567890123456789012");
    assert_eq!(config.state_dir, Path::new("/tmp/x"));
}

#[test]
fn rust_log_sets_the_level_and_yields_to_our_own_variable() {
    let mut sources =
        Sources { variables: vec![("RUST_LOG".into(), "debug".into())], ..Sources::default() };
    assert_eq!(load(&sources).log.level, "debug");
    sources.variables.push(("STAGEDOOR__LOG__LEVEL".into(), "warn".into()));
    assert_eq!(load(&sources).log.level, "warn");
}

#[test]
fn complaints_name_the_file_and_the_key() {
    let complaints = [
        "presence.cleanup_timeot = '5s'",
        "colour = 'red'",
        "[presence.cleanup_timeout]\nseconds = 5",
        "presence = 5",
        "presence.cleanup_timeout = 'soon'",
        "presence.cleanup_timeout = 5",
        "presence.cleanup_timeout = '2days'",
        "presence.max_users = 'many'",
        "presence.max_users = -1",
        "presence.max_users = 0",
        "gateway.listen = 'localhost'",
        "gateway.message_limit = 65536",
        "gateway.message_limit = '1B'",
        "gateway.allowed_origins = ['https://a.example/path']",
        "gateway.allowed_origins = [1, {}]",
        "mode = 'staging'",
        "log.level = 'loud'",
        "log.format = 'xml'",
        "inspect.listen = '0.0.0.0:4002'",
        "inspect.listen = '127.0.0.1:4002'",
        "shutdown.timeout = '0s'",
        "gateway.public_url = 'stagedoor.example.com'",
        "gateway.connected_url = '/accounts'",
        "platforms.twich.client_id = 'x'",
        "platforms.twitch.client_id = 'x'",
        "[platforms.twitch]\nclient_id = ' '\nclient_secret = 'y'",
        "[platforms.kick]\nclient_secret = 'x'\nclient_secret_file = '/x'",
        "platforms.twitch.helix_url = 'api.twitch.tv'",
        "platforms.twitch.eventsub_url = 'https://eventsub.example'",
        "platforms.youtube.quota = 0",
        "platforms.youtube.privacy = 'secret'",
        "platforms.facebook.graph_version = '25'",
        "platforms.facebook.go_live = 'AtOnce'",
        "state_dir = ''",
        "[gateway]\nlisten = '127.0.0.1:1'\nlisten = '127.0.0.1:2'",
    ]
    .map(|text| format!("{}\n    {}", text.replace('\n', "; "), complaint(text)));
    insta::assert_snapshot!(complaints.join("\n"));
}

#[test]
fn complaints_name_the_variable_or_the_flag() {
    insta::assert_snapshot!(
        complaint_about_variable("STAGEDOOR__PRESENCE__LINGER", "5s"),
        @"environment variable STAGEDOOR__PRESENCE__LINGER: unknown key presence.linger"
    );
    insta::assert_snapshot!(
        complaint_about_variable("STAGEDOOR__PRESENCE__MAX_USERS", "0"),
        @"environment variable STAGEDOOR__PRESENCE__MAX_USERS: presence.max_users must be between 1 and 10000000, got 0"
    );
    let sources =
        Sources { flags: vec![("--log-level", "log.level", "inf".into())], ..Sources::default() };
    insta::assert_snapshot!(Loaded::from_sources(&sources).unwrap_err(), @r#"flag --log-level: log.level must be error, warn, info, debug, trace or off, or such for modules ("info,stagedoor_presence=debug"), got "inf""#);
}

#[test]
fn a_broken_line_is_pointed_at_and_not_quoted() {
    let text = complaint("[auth]\nsecret = 'top secret");
    insta::assert_snapshot!(text, @"configuration file bad.toml, line 2, column 21: invalid literal string, expected `'`");
    assert!(!text.contains("top"), "{text}");
}

#[test]
fn a_missing_or_endless_file_is_a_complaint_about_that_file() {
    let missing = Loaded::from_sources(&file(Path::new("/no/such.toml"))).unwrap_err();
    assert_eq!(missing.to_string(), "configuration file /no/such.toml could not be read");
    let endless = Loaded::from_sources(&file(Path::new("/dev/zero"))).unwrap_err();
    assert_eq!(endless.to_string(), "configuration file /dev/zero could not be read");
}

#[test]
fn production_refuses_what_would_let_strangers_in() {
    let refusals = [
        "",
        "auth.secret = 'short'",
        "auth.secret = '0123456789abcdef0123456789abcdef'\nauth.development_login = true",
        "auth.secret = '0123456789abcdef0123456789abcdef'\nauth.secret_file = '/x'",
        "auth.public_key_file = '/x'",
        "auth.public_key_file = '/x'\nauth.algorithm = 'HS256'",
        "auth.secret = '0123456789abcdef0123456789abcdef'\nauth.algorithm = 'RS256'",
        "auth.secret = '0123456789abcdef0123456789abcdef'\ngateway.public_url = 'http://a.example'",
        "auth.secret = '0123456789abcdef0123456789abcdef'\ngateway.listen = '0.0.0.0:4000'\n[platforms.kick]\nclient_id = 'x'\nclient_secret = 'y'",
    ]
    .map(|text| complaint(&format!("mode = 'production'\n{text}")));
    insta::assert_snapshot!(refusals.join("\n"));
}

#[test]
fn a_development_login_is_refused_on_a_public_address() {
    insta::assert_snapshot!(complaint("gateway.listen = '0.0.0.0:4000'"), @r#"configuration file bad.toml: gateway.listen must be a loopback address while auth.development_login lets everybody in as anybody, got 0.0.0.0:4000: set mode = "production", or auth.development_login = false"#);
    let dir = dir();
    let public = "gateway.listen = '0.0.0.0:4000'\nauth.development_login = false";
    load(&file(&write(&dir, "a.toml", public)));
}

#[test]
fn an_empty_secret_is_refused_wherever_it_stands() {
    for key in [
        "auth.secret",
        "cloudflare.webhook_secret",
        "cloudflare.api_token",
        "inspect.token",
        "platforms.twitch.client_secret",
        "platforms.youtube.client_secret",
        "platforms.kick.client_secret",
        "platforms.facebook.client_secret",
    ] {
        let text = complaint(&format!("{key} = ' '"));
        assert!(text.contains("bad.toml") && text.contains("a secret is not empty"), "{text}");
    }
    let name = "STAGEDOOR__CLOUDFLARE__WEBHOOK_SECRET";
    let text = complaint_about_variable(name, "");
    assert!(text.contains(name) && text.contains("a secret is not empty"), "{text}");
}

#[test]
fn a_secret_is_nowhere_to_be_seen() {
    let dir = dir();
    let keys = [
        "auth.secret",
        "inspect.token",
        "platforms.twitch.client_secret",
        "platforms.youtube.client_secret",
        "platforms.kick.client_secret",
        "platforms.facebook.client_secret",
    ];
    let text = keys.map(|key| format!("{key} = '{SECRET}'")).join("\n");
    let loaded = Loaded::from_sources(&file(&write(&dir, "a.toml", &text))).unwrap();
    let shown = loaded.to_string();
    for key in keys {
        assert!(shown.contains(&format!("{key} = \"[redacted]\"")), "{shown}");
    }
    for text in [shown, format!("{loaded:?}"), serde_json::to_string(&loaded.config).unwrap()] {
        assert!(!text.contains(SECRET), "{text}");
    }
}

#[test]
fn show_tells_where_each_value_comes_from_and_is_toml() {
    let dir = dir();
    let path = write(&dir, "a.toml", "gateway.listen = '127.0.0.1:5000'");
    let mut sources = file(&path);
    sources.variables = vec![("STAGEDOOR__PRESENCE__MAX_USERS".into(), "7".into())];
    sources.flags = vec![("--log-level", "log.level", "debug".into())];
    let shown = Loaded::from_sources(&sources).unwrap().to_string();
    insta::assert_snapshot!(shown.replace(path.to_str().unwrap(), "a.toml"));

    let again = load(&file(&write(&dir, "b.toml", &shown)));
    assert_eq!(again.gateway.listen, "127.0.0.1:5000".parse().unwrap());
    assert_eq!(again.presence.max_users, 7);
}

#[test]
fn the_platforms_addresses_are_those_that_their_clients_know() {
    use stagedoor_platforms::{facebook, kick, twitch, youtube};
    let ours = Config::development().platforms;
    let theirs = twitch::Config::new("id", "secret".into());
    assert_eq!(ours.twitch.helix_url, theirs.helix_url);
    assert_eq!(ours.twitch.oauth_url, theirs.oauth_url);
    assert_eq!(ours.twitch.eventsub_url, theirs.eventsub_url);
    assert_eq!(ours.twitch.ingest_url, theirs.ingest_url);
    let theirs = youtube::Config::new("id", "secret".into());
    assert_eq!(ours.youtube.base_url, theirs.base_url);
    assert_eq!(ours.youtube.stream_url, theirs.stream_url);
    assert_eq!(ours.youtube.authorize_url, theirs.authorize_url);
    assert_eq!(ours.youtube.token_url, theirs.token_url);
    assert_eq!(ours.youtube.revoke_url, theirs.revoke_url);
    assert_eq!(ours.youtube.privacy.as_str(), theirs.privacy);
    assert_eq!(ours.youtube.quota, theirs.quota);
    let theirs = kick::Config::new("id", "secret");
    assert_eq!(ours.kick.api_url, theirs.api_url);
    assert_eq!(ours.kick.id_url, theirs.id_url);
    assert_eq!(ours.kick.site_url, theirs.site_url);
    let theirs = facebook::Config::new("id", "secret".into());
    assert_eq!(ours.facebook.graph_url(), theirs.graph_url);
    assert_eq!(ours.facebook.dialog_url(), theirs.dialog_url);
    assert_eq!((ours.facebook.go_live, theirs.go_live), (GoLive::AtOnce, facebook::GoLive::AtOnce));
}

/// The keys of a configuration text.
fn keys(text: &str) -> Vec<String> {
    fn collect(prefix: &str, table: &toml::Table, keys: &mut Vec<String>) {
        for (name, value) in table {
            let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            match value {
                toml::Value::Table(inner) => collect(&key, inner, keys),
                _ => keys.push(key),
            }
        }
    }
    let mut keys = Vec::new();
    collect("", &text.parse().unwrap(), &mut keys);
    keys.sort();
    keys
}

/// `config/example.toml` with every key and section uncommented.
fn uncommented_example() -> String {
    let is_key = |text: &str| {
        let name = text.split(" = ").next().unwrap_or_default();
        text.contains(" = ") && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
    };
    EXAMPLE_TOML
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(text) if is_key(text) || text.starts_with('[') => text,
            _ => line,
        })
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_example_says_nothing_until_it_is_uncommented() {
    assert_eq!(keys(EXAMPLE_TOML), [""; 0]);
}

#[test]
fn the_example_has_every_key_and_no_other() {
    let schema: Vec<_> = show::leaves(&Config::development()).into_keys().collect();
    assert_eq!(keys(&uncommented_example()), schema);
}

#[test]
fn the_example_values_are_valid_and_where_there_is_a_default_they_are_the_default() {
    let dir = dir();
    // Of the ways to give the same secret, one can stand.
    let other_ways =
        ["secret", "token_file", "keyring =", "api_token =", "webhook_secret =", "client_secret ="];
    let example = uncommented_example();
    let one_of_each: Vec<_> = example
        .lines()
        .filter(|line| !other_ways.iter().any(|way| line.starts_with(way)))
        .collect();
    let mut sources = file(&write(&dir, "a.toml", &one_of_each.join("\n")));
    sources.flags = vec![("--mode", "mode", "production".into())];
    let example = show::leaves(&load(&sources));

    let examples_only = [
        "mode",
        "state_dir",
        "gateway.allowed_origins",
        "auth.algorithm",
        "inspect.listen",
        "inspect.socket",
    ];
    let defaults: toml::Table = DEFAULT_TOML.parse().unwrap();
    for key in keys(DEFAULT_TOML) {
        if examples_only.contains(&key.as_str()) {
            continue;
        }
        let default = key
            .split('.')
            .fold(&toml::Value::Table(defaults.clone()), |at, name| &at[name])
            .clone();
        let default = serde_json::to_value(default).unwrap();
        assert_eq!(example[&key], default, "{key}");
    }
}

#[test]
fn the_defaults_have_every_key_that_is_not_optional() {
    let optional = |key: &String| {
        let value = &show::leaves(&Config::development())[key];
        value.is_null()
    };
    let required: Vec<_> =
        show::leaves(&Config::development()).into_keys().filter(|key| !optional(key)).collect();
    assert_eq!(keys(DEFAULT_TOML), required);
}

#[test]
fn a_socket_path_that_no_socket_can_have_is_refused() {
    let long = "x".repeat(120);
    let text = complaint(&format!("state_dir = '/tmp/{long}'"));
    assert!(text.contains("bad.toml: state_dir gives the inspector's socket a path of"), "{text}");
}
