//! The `OpenAPI` document that is checked in is the one that is served.

use std::{env, fs, path::Path};

use super::*;
use crate::http::{documented, rendered};

#[test]
fn the_document_is_that_of_the_handlers() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let json = rendered(documented().split_for_parts().1);
    if env::var_os("UPDATE_OPENAPI").is_some() {
        fs::write(&path, &json).unwrap();
    }
    let checked_in = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        checked_in == json,
        "docs/openapi.json is not what the handlers say. Regenerate it:\n  \
         UPDATE_OPENAPI=1 cargo nextest run -p stagedoor-gateway the_document_is_that_of_the_handlers"
    );
}

#[tokio::test]
async fn the_document_is_served_and_names_every_route_once() {
    let running = start().await;
    let (status, document) = answer(running.request(Method::GET, "/api/openapi.json")).await;
    assert_eq!(status, 200);
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Some(id) = operation["operationId"].as_str() else { continue };
            ids.push(id.to_owned());
            assert!(operation["summary"].is_string(), "{method} {path} has a summary");
            assert!(operation["responses"]["default"].is_object(), "{method} {path}");
            // Whatever the document names is there: without a token it is not 404 or 405.
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let there = path.replace("{user}", "ada");
            let status = self::status(running.request(method.clone(), &there)).await;
            assert!(matches!(status.as_u16(), 400 | 401), "{method} {path}: {status}");
        }
    }
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "each operation has an id of its own");
    assert!(count > 30, "{count}");
}

#[test]
fn every_reference_of_the_document_leads_somewhere() {
    let document: Value =
        serde_json::from_str(&rendered(documented().split_for_parts().1)).unwrap();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("all are in the document");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(to)) = object.get("$ref") {
                found.push(to.clone());
            }
            object.values().for_each(|value| references(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}
