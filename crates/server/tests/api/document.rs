//! The OpenAPI document, held against what the API does.

use std::sync::OnceLock;

use edgekv_server::Token;
use serde_json::{Map, Value};

use crate::client::{Answer, Request, get};
use crate::fixture::Fixture;

/// The document, asked for once.
fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        // The checking client would ask for the document.
        let fixture = Fixture::new();
        let mut client = fixture.client();
        let request = get("/openapi.json").header("connection", "close");
        client.write(&request.to_bytes(fixture.address)).unwrap();
        let head = client.head().unwrap();
        assert_eq!((head.status, head.header("content-type")), (200, Some("application/json")));
        serde_json::from_slice(&client.rest()).unwrap()
    })
}

fn paths() -> &'static Map<String, Value> {
    document()["paths"].as_object().unwrap()
}

/// Whether a path is one of a template; a key takes what is left.
fn matches(template: &str, path: &str) -> bool {
    let (mut template, mut path) = (template.split('/'), path.split('/'));
    loop {
        match (template.next(), path.next()) {
            (None, None) => return true,
            (Some("{key}"), Some(_)) => return true,
            (Some(name), Some(segment)) if name.starts_with('{') => {
                if segment.is_empty() {
                    return false;
                }
            }
            (Some(name), Some(segment)) if name == segment => {}
            _ => return false,
        }
    }
}

/// Fails when the document has no such answer to the request.
pub(crate) fn check(request: &Request, answer: &Answer) {
    let path = request.path.split('?').next().unwrap();
    let method = request.method.to_lowercase();
    let item = paths().iter().find(|(template, _)| matches(template, path)).map(|(_, item)| item);
    let Some(operation) = item.and_then(|item| item.get(&method)) else {
        // What is not documented is not there.
        assert!(matches!(answer.status, 400 | 401 | 403 | 404 | 405 | 414), "{method} {path}: {answer:?}");
        return;
    };
    let status = answer.status.to_string();
    let documented = operation["responses"].get(&status);
    let documented =
        documented.unwrap_or_else(|| panic!("{status} of {method} {path} is not documented: {answer:?}"));
    let content = documented.get("content").and_then(Value::as_object);
    if !answer.body.is_empty() {
        let media_type = answer.header("content-type").unwrap_or("none").split(';').next().unwrap();
        assert!(
            content.is_some_and(|content| content.contains_key(media_type)),
            "{media_type} with {status} of {method} {path} is not documented: {documented}"
        );
    } else if method != "head" {
        // A value, or an export, may be empty; a document is not.
        let is_document = |media_type: &String| {
            !matches!(&**media_type, "application/octet-stream" | "application/x-ndjson")
        };
        let promised = content.is_some_and(|content| content.keys().any(is_document));
        assert!(!promised, "{status} of {method} {path} is empty, and was to be a document: {documented}");
    }
    let headers = documented.get("headers").and_then(Value::as_object);
    for name in answer.names() {
        let is_known = headers.is_some_and(|headers| headers.contains_key(name));
        assert!(
            is_known || USUAL_HEADERS.contains(&name),
            "{name} with {status} of {method} {path} is not documented: {documented}"
        );
    }
    for name in headers.iter().flat_map(|headers| headers.keys()) {
        let is_there = answer.header_is_there(name);
        assert!(
            is_there || RARE_HEADERS.contains(&&**name),
            "{name} with {status} of {method} {path} is documented, and not there: {answer:?}"
        );
    }
}

/// Headers of HTTP that say nothing about the API.
const USUAL_HEADERS: [&str; 6] =
    ["connection", "content-length", "content-type", "cache-control", "date", "transfer-encoding"];

/// Headers that depend on the item, or on why it is not there.
const RARE_HEADERS: [&str; 4] = ["metadata", "metadata-base64", "time_to_live_sec", "x-cache"];

#[test]
fn every_operation_of_the_document_is_there() {
    let fixture = Fixture::new();
    for (template, item) in paths() {
        for (method, operation) in item.as_object().unwrap() {
            let path = template
                .replace("{store}", "store")
                .replace("{id}", &fixture.id)
                .replace("{key}", "some%2Fkey");
            let request = Request::new(&method.to_uppercase(), &path);
            let answer = fixture.send(request);
            assert!(answer.status != 405 && answer.status < 500, "{method} {template}: {answer:?}");
            if answer.status == 404 && method != "head" {
                assert!(!answer.detail().contains("nothing under this path"), "{method} {template}");
            }
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            for name in ["store", "id", "key"].iter().filter(|name| template.contains(&format!("{{{name}}}")))
            {
                let is_there = parameters.iter().any(|parameter| {
                    parameter["name"] == **name && parameter["in"] == "path" && parameter["required"] == true
                });
                assert!(is_there, "{method} {template} does not describe {name}");
            }
        }
    }
}

#[test]
fn every_operation_has_a_name_of_its_own_and_schemas_that_exist() {
    let mut names = Vec::new();
    for item in paths().values() {
        for operation in item.as_object().unwrap().values() {
            names.push(operation["operationId"].as_str().unwrap().to_owned());
        }
    }
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "{names:?}");
    assert!(count > 30, "{names:?}");

    let text = document().to_string();
    for reference in text.split("\"$ref\":\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        let name = reference.strip_prefix("#/components/schemas/").unwrap();
        assert!(document()["components"]["schemas"].get(name).is_some(), "{reference}");
    }
    for word in ["Fastly-Key", "Bearer", "time_to_live_sec", "if-generation-match", "x-cache", "next_cursor"]
    {
        assert!(text.contains(word), "{word}");
    }
}

#[test]
fn with_a_token_the_document_needs_it_too() {
    let fixture = Fixture::with(|builder| builder.token(Token::new("secret").unwrap()));
    assert_eq!(fixture.send(get("/openapi.json")).status, 401);
    assert_eq!(fixture.send(get("/openapi.json").header("fastly-key", "secret")).status, 200);
}
