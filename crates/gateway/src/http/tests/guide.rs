//! `docs/api.md` shows requests: they are answered as it says.

use super::{house::WEBHOOK_SECRET, *};

const GUIDE: &str = include_str!("../../../../../docs/api.md");

/// A request of the guide, and the answer that it shows.
struct Example {
    method: Method,
    url: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
    status: u16,
    /// As written: JSON, with `…` for what is left out.
    answer: String,
}

/// The words of a command, as a shell takes them.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in command.chars() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), _) if c == open => quote = None,
            (None, _) if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            _ => word.push(c),
        }
    }
    words.push(word);
    words
}

fn example(block: &str) -> Example {
    let (command, answer) = block.split_once("\n# ").expect("each shows its answer");
    let (status, answer) = answer.trim().split_once(' ').unwrap_or((answer.trim(), ""));
    let mut example = Example {
        method: Method::GET,
        url: String::new(),
        headers: Vec::new(),
        body: None,
        status: status.parse().unwrap(),
        answer: answer.to_owned(),
    };
    let command = command.replace("\\\n", " ");
    let mut words = words(&command).into_iter().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "-X" => example.method = words.next().unwrap().parse().unwrap(),
            "-d" => example.body = words.next(),
            "-H" => {
                let header = words.next().unwrap();
                let (name, value) = header.split_once(": ").unwrap();
                example.headers.push((name.to_owned(), value.to_owned()));
            }
            _ => example.url = word,
        }
    }
    example
}

#[tokio::test]
async fn every_request_of_the_guide_is_answered_as_shown() {
    let running = start().await;
    running.house.start_tree("ada").await;
    running.connect_encoder("ada").await;
    let token = token_for("backend", Role::Service);
    let mut donation = String::new();
    let blocks = GUIDE.split("```sh\n").skip(1).map(|block| block.split("\n```").next().unwrap());
    let blocks: Vec<_> = blocks.filter(|block| block.starts_with("curl")).collect();
    assert!(blocks.len() > 10, "{}", blocks.len());
    for block in blocks {
        if block.contains("/stream\"") {
            wait_until_async("the encoder is seen", async || {
                let state = running.ask(Method::GET, "/api/v1/users/ada/stream");
                answer(state).await.1["status"] == "ready"
            })
            .await;
        }
        let Example { method, url, headers, body, status, answer } = example(block);
        let path = url.strip_prefix("$STAGEDOOR").unwrap().replace("$EVENT", &donation);
        let mut request = running.request(method, &path);
        for (name, value) in headers {
            let value = value.replace("$TOKEN", &token).replace("$WEBHOOK_SECRET", WEBHOOK_SECRET);
            request = request.header(name, value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{block}");
        let given = response.text().await.unwrap();
        let given: Value = serde_json::from_str(&given).unwrap_or(Value::Null);
        is_shown(block, &answer, &given);
        if path.ends_with("/donations") && status == 201 {
            donation = given["id"].as_str().unwrap().to_owned();
        }
    }
}

/// What the guide shows of an answer is in it: each field, and each value that is written out.
fn is_shown(block: &str, shown: &str, given: &Value) {
    if shown.is_empty() {
        return assert!(given.is_null(), "{block}");
    }
    let json =
        shown.replace("{…}", "{}").replace("[…]", "[]").replace(", …}", "}").replace(", …]", "]");
    let shown: Value =
        serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"));
    contains(block, &shown, given);
}

fn contains(block: &str, shown: &Value, given: &Value) {
    match shown {
        Value::Object(fields) => {
            for (name, shown) in fields {
                assert!(given.get(name).is_some(), "{block}\n{name} is not in {given}");
                contains(block, shown, &given[name]);
            }
        }
        Value::Array(items) => {
            for (at, shown) in items.iter().enumerate() {
                contains(block, shown, &given[at]);
            }
        }
        Value::String(text) if text.contains('…') => {
            let begin = text.split('…').next().unwrap();
            let given = given.as_str().unwrap_or_default();
            // Ids are of the day on which the test runs.
            assert!(begin == "019a" || given.starts_with(begin), "{block}\n{given}");
        }
        // Here it may have ended already: nothing was sent anywhere.
        Value::String(text) if text == "ending" => {
            assert!(*given == "ending" || *given == "ready", "{block}\n{given}");
        }
        exact => assert_eq!(exact, given, "{block}"),
    }
}
