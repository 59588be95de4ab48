use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, KeyPair},
    signature::{EcdsaKeyPair, EcdsaSigningAlgorithm},
};
use base64::{Engine, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{Request, header};
use jsonwebtoken::Algorithm;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::*;

const SECRET: &str = "a secret of at least thirty-two bytes";

/// The public half of a key that nobody has.
const RSA_1024: &str = "-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCuuq7rC8aOKQ7Ti69HOO9VqCT8
WwvzPe9HbuoI5J4l5+izLW3Le1U8E3ddxlBhtmyKanOj+ehmIqQ7/Wv3Z/e8AaZ9
lLDHAyGNNM/LSMt7h7ebsXJ35FXbe89dgYltar/To3csDhve0Eaga6Z3iDhMe+JC
YISWzvPJxcTSUN7KUQIDAQAB
-----END PUBLIC KEY-----
";

/// Takes tokens of [`token_for`].
pub(crate) fn authenticator() -> Authenticator {
    Authenticator::new(&AuthConfig::new(shared(SECRET))).unwrap()
}

pub(crate) fn token_for(user: &str, role: Role) -> String {
    let user = UserId::new(user).unwrap();
    authenticator().mint(&user, role, Duration::from_mins(1)).unwrap()
}

fn shared(secret: &str) -> AuthKey {
    AuthKey::Hs256(SecretString::from(secret))
}

fn now() -> i64 {
    Timestamp::now().as_second()
}

fn sign(algorithm: Algorithm, claims: &Value, key: &EncodingKey) -> String {
    jsonwebtoken::encode(&Header::new(algorithm), claims, key).unwrap()
}

/// Signed as it should be, whatever it says.
fn token(claims: &Value) -> String {
    sign(Algorithm::HS256, claims, &EncodingKey::from_secret(SECRET.as_bytes()))
}

fn ada() -> Value {
    json!({ "sub": "ada", "exp": now() + 60 })
}

fn with(name: &str, value: impl Into<Value>) -> Value {
    let mut claims = ada();
    claims[name] = value.into();
    claims
}

fn pem(label: &str, der: &[u8]) -> String {
    let body = BASE64_STANDARD.encode(der);
    let lines: Vec<&str> =
        body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// A private and its public key, as PEM.
struct Pair {
    private: String,
    public: String,
}

fn rsa() -> Pair {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    Pair {
        private: pem("PRIVATE KEY", private.as_ref()),
        public: pem("PUBLIC KEY", public.as_ref()),
    }
}

fn ec(curve: &'static EcdsaSigningAlgorithm) -> Pair {
    let pair = EcdsaKeyPair::generate(curve).unwrap();
    let private = pair.to_pkcs8v1().unwrap();
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    Pair {
        private: pem("PRIVATE KEY", private.as_ref()),
        public: pem("PUBLIC KEY", public.as_ref()),
    }
}

#[test]
fn a_signed_token_says_who_and_what_one_is() {
    let authenticator = authenticator();
    for (claims, role) in [
        (ada(), Role::User),
        (with("role", "user"), Role::User),
        (with("role", "service"), Role::Service),
        (with("role", "admin"), Role::Admin),
        (with("nbf", now()), Role::User),
        (with("name", "Ada Lovelace"), Role::User),
    ] {
        let identity = authenticator.verify(&token(&claims)).unwrap();
        assert_eq!(identity, Identity { user: UserId::new("ada").unwrap(), role }, "{claims}");
    }
}

#[test]
fn a_token_that_does_not_count_is_refused_with_its_reason() {
    let authenticator = authenticator();
    let other_key = EncodingKey::from_secret(b"another secret of thirty-two bytes or more");
    let tampered = {
        let token = token(&ada());
        let admin = BASE64_URL_SAFE_NO_PAD.encode(with("role", "admin").to_string());
        let parts: Vec<&str> = token.split('.').collect();
        format!("{}.{admin}.{}", parts[0], parts[2])
    };
    let unsigned = {
        let encode = |json: Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
        format!("{}.{}.", encode(json!({ "alg": "none", "typ": "JWT" })), encode(ada()))
    };
    for (token, expected) in [
        (token(&with("exp", now() - 60)), "the token has expired"),
        (token(&with("nbf", now() + 60)), "the token is not valid yet"),
        (token(&json!({ "sub": "ada" })), "is missing"),
        (token(&json!({ "exp": now() + 60 })), "is missing"),
        (token(&with("exp", "tomorrow")), "is missing"),
        (token(&with("sub", 7)), "it is malformed"),
        (token(&with("sub", "")), "`sub` is not a user id"),
        (token(&with("sub", "ada/../root")), "`sub` is not a user id"),
        (token(&with("role", "root")), "`role` is none of"),
        (token(&with("role", 1)), "it is malformed"),
        (token(&with("aud", "somebody else")), "`aud` is not"),
        (sign(Algorithm::HS256, &ada(), &other_key), "the signature does not match"),
        (tampered, "the signature does not match"),
        (unsigned, "it is malformed"),
        (String::new(), "it is malformed"),
        ("a.b".into(), "it is malformed"),
        ("a.b.c".into(), "it is malformed"),
        ("x".repeat(MAX_TOKEN_BYTES + 1), "it is too long"),
    ] {
        let error = authenticator.verify(&token).expect_err(&token).to_string();
        assert!(error.contains(expected), "{error}, not {expected}: {token}");
        assert!(!error.contains(SECRET));
    }
}

#[test]
fn the_keys_algorithm_is_the_only_one_whatever_the_token_says() {
    let rsa = rsa();
    let by_secret = authenticator();
    let by_rsa = Authenticator::new(&AuthConfig::new(AuthKey::Rs256(rsa.public.clone()))).unwrap();
    let other = AuthError::Invalid("the algorithm is not the configured one");

    // The classic: whoever knows the public key uses it as a secret.
    let public_as_secret = EncodingKey::from_secret(rsa.public.as_bytes());
    assert_eq!(by_rsa.verify(&sign(Algorithm::HS256, &ada(), &public_as_secret)), Err(other));

    let secret = EncodingKey::from_secret(SECRET.as_bytes());
    assert_eq!(by_secret.verify(&sign(Algorithm::HS512, &ada(), &secret)), Err(other));

    let private = EncodingKey::from_rsa_pem(rsa.private.as_bytes()).unwrap();
    assert_eq!(by_rsa.verify(&sign(Algorithm::RS512, &ada(), &private)), Err(other));
    assert!(by_rsa.verify(&sign(Algorithm::RS256, &ada(), &private)).is_ok());
    assert_eq!(by_secret.verify(&sign(Algorithm::RS256, &ada(), &private)), Err(other));
}

#[test]
fn tokens_are_checked_by_a_public_key_and_none_are_minted() {
    let ec = ec(&ECDSA_P256_SHA256_FIXED_SIGNING);
    let authenticator = Authenticator::new(&AuthConfig::new(AuthKey::Es256(ec.public))).unwrap();
    let private = EncodingKey::from_ec_pem(ec.private.as_bytes()).unwrap();
    assert!(authenticator.verify(&sign(Algorithm::ES256, &ada(), &private)).is_ok());

    let stranger = self::ec(&ECDSA_P256_SHA256_FIXED_SIGNING);
    let stranger = EncodingKey::from_ec_pem(stranger.private.as_bytes()).unwrap();
    let refused = authenticator.verify(&sign(Algorithm::ES256, &ada(), &stranger));
    assert_eq!(refused, Err(AuthError::Invalid("the signature does not match")));

    let user = UserId::new("ada").unwrap();
    let error = authenticator.mint(&user, Role::User, Duration::from_secs(1)).unwrap_err();
    assert!(matches!(error, MintError::PublicKey));
}

#[test]
fn what_is_no_key_is_refused_at_the_start() {
    let rsa = rsa();
    let p384 = ec(&ECDSA_P384_SHA384_FIXED_SIGNING);
    for (key, expected) in [
        (shared("short"), "the secret has 5 bytes; at least 32 are needed"),
        (AuthKey::Rs256(rsa.private.clone()), "this is a private key"),
        (AuthKey::Rs256(p384.public.clone()), "this is not a PEM with a public key for RS256"),
        (AuthKey::Es256(rsa.public), "this is not a PEM with a public key for ES256"),
        (AuthKey::Rs256(RSA_1024.into()), "RS256 needs a key of at least 2048 bits"),
        (AuthKey::Es256(p384.public), "ES256 needs a key on the curve P-256"),
        (AuthKey::Es256("nonsense".into()), "this is not a PEM with a public key for ES256"),
    ] {
        let error = Authenticator::new(&AuthConfig::new(key)).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn a_configured_audience_and_issuer_must_be_named() {
    let mut config = AuthConfig::new(shared(SECRET));
    config.audience = Some("stagedoor".into());
    config.issuer = Some("https://id.example.com".into());
    let authenticator = Authenticator::new(&config).unwrap();
    let claims = |audience: &str, issuer: &str| json!({ "sub": "ada", "exp": now() + 60, "aud": audience, "iss": issuer });
    let right = claims("stagedoor", "https://id.example.com");
    assert!(authenticator.verify(&token(&right)).is_ok());
    for wrong in [claims("other", "https://id.example.com"), claims("stagedoor", "evil"), ada()] {
        assert!(authenticator.verify(&token(&wrong)).is_err(), "{wrong}");
    }
    let minted = authenticator.mint(&UserId::new("ada").unwrap(), Role::User, LEEWAY).unwrap();
    assert!(authenticator.verify(&minted).is_ok(), "a minted token names them");
}

#[test]
fn a_minted_token_is_taken_until_it_expires() {
    let authenticator = authenticator();
    let user = UserId::new("ada").unwrap();
    let minted = authenticator.mint(&user, Role::Admin, Duration::from_mins(1)).unwrap();
    assert_eq!(
        authenticator.verify(&minted),
        Ok(Identity { user: user.clone(), role: Role::Admin })
    );
    let endless = authenticator.mint(&user, Role::Admin, Duration::MAX).unwrap_err();
    assert!(matches!(endless, MintError::Ttl(_)));
}

fn request(uri: &str, headers: &[(header::HeaderName, String)]) -> Parts {
    let mut request = Request::get(uri).header(header::HOST, "127.0.0.1:4000");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.body(()).unwrap().into_parts().0
}

fn sub_protocol(token: &str) -> (header::HeaderName, String) {
    let token = BASE64_URL_SAFE_NO_PAD.encode(token);
    (header::SEC_WEBSOCKET_PROTOCOL, format!("phoenix, base64url.bearer.phx.{token}"))
}

fn bearer(token: &str) -> (header::HeaderName, String) {
    (header::AUTHORIZATION, format!("Bearer {token}"))
}

#[test]
fn the_token_is_taken_from_the_first_place_that_has_one() {
    let authenticator = authenticator();
    let [one, two, three] = ["one", "two", "three"].map(|user| token_for(user, Role::User));
    let query = format!("/socket/websocket?vsn=2.0.0&token={two}&tab=7");
    for (parts, user) in [
        (request(&query, &[sub_protocol(&one), bearer(&three)]), "one"),
        (request(&query, &[bearer(&three)]), "two"),
        (request("/?token=", &[bearer(&three)]), "three"),
        (
            request("/", &[(header::SEC_WEBSOCKET_PROTOCOL, "phoenix".into()), bearer(&three)]),
            "three",
        ),
        (request("/", &[(header::AUTHORIZATION, format!("bearer  {three}"))]), "three"),
    ] {
        assert_eq!(authenticator.identify(&parts).unwrap().user.as_str(), user);
    }
}

#[test]
fn a_wrong_token_is_refused_and_not_passed_over() {
    let authenticator = authenticator();
    let good = token_for("ada", Role::User);
    let garbled = (header::SEC_WEBSOCKET_PROTOCOL, "base64url.bearer.phx.+/==".to_owned());
    for parts in [
        request("/", &[sub_protocol("wrong"), bearer(&good)]),
        request("/?token=wrong", &[bearer(&good)]),
        request("/", &[garbled, bearer(&good)]),
        request("/", &[(header::AUTHORIZATION, format!("Basic {good}"))]),
        request("/", &[(header::AUTHORIZATION, good.clone())]),
        request(&format!("/?token={good}&token={good}"), &[]),
    ] {
        let error = authenticator.identify(&parts).unwrap_err();
        assert!(matches!(error, AuthError::Invalid(_)), "{error} for {parts:?}");
    }
    assert_eq!(authenticator.identify(&request("/", &[])), Err(AuthError::Missing));
}

#[test]
fn a_name_alone_counts_only_in_development_and_from_a_loopback_host() {
    let by_name = request("/?user=ada", &[]);
    assert_eq!(authenticator().identify(&by_name), Err(AuthError::Missing));

    let development = authenticator().with_development_login("127.0.0.1:4000".parse().unwrap());
    let development = development.unwrap();
    let ada = Identity { user: UserId::new("ada").unwrap(), role: Role::User };
    assert_eq!(development.identify(&by_name), Ok(ada));
    let odd = request("/?user=a%20b", &[]);
    assert!(matches!(development.identify(&odd), Err(AuthError::Invalid(_))));
    assert!(development.identify(&request("/?user=ada&token=wrong", &[])).is_err());

    for (host, allowed) in [
        ("localhost:4000", true),
        ("[::1]:4000", true),
        ("evil.example.com:4000", false),
        ("localhost.evil.example.com", false),
    ] {
        let mut parts = request("/?user=ada", &[]);
        parts.headers.insert(header::HOST, host.parse().unwrap());
        assert_eq!(development.identify(&parts).is_ok(), allowed, "{host}");
    }
}

#[test]
fn the_development_login_is_refused_on_a_listener_that_others_reach() {
    for (listener, allowed) in [
        ("127.0.0.1:4000", true),
        ("[::1]:4000", true),
        ("[::ffff:127.0.0.1]:4000", true),
        ("0.0.0.0:4000", false),
        ("[::]:4000", false),
        ("192.168.1.7:4000", false),
    ] {
        let listener: SocketAddr = listener.parse().unwrap();
        let outcome = authenticator().with_development_login(listener).map(drop);
        assert_eq!(outcome, if allowed { Ok(()) } else { Err(NotLoopback(listener)) });
    }
}

#[test]
fn nothing_that_is_logged_holds_the_secret() {
    let config = AuthConfig::new(shared(SECRET));
    assert!(!format!("{config:?} {:?}", authenticator()).contains(SECRET));
}
