//! The OpenAPI document. Handlers describe themselves; here is what they have in common.

use edgekv_store::limits::MAX_KEY_BYTES;
use utoipa::OpenApi as _;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, Paths};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, HeaderBuilder, ObjectBuilder, OpenApi, PathItem, Ref, RefOr, Required,
    SecurityRequirement, Type,
};
use utoipa_axum::router::UtoipaMethodRouter;

use super::problem::{PROBLEM, ProblemDocument};

/// What begins the paths of one store, by its identity and by its name.
const BY_ID: &str = "/resources/stores/kv/{id}";
const BY_NAME: &str = "/stores/kv/{store}";

/// What is said of all operations.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "edgekv",
        description = "The stores of edgekv: by identity as the platform's API has them, and by name.",
        license(name = "Apache-2.0 WITH LLVM-exception"),
    ),
    components(schemas(ProblemDocument)),
    security(("Fastly-Key" = []), ("Bearer" = [])),
)]
struct Base;

/// The document before the routes are in it.
pub(crate) fn base() -> OpenApi {
    let mut document = Base::openapi();
    let components = document.components.get_or_insert_with(Components::new);
    let key = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("Fastly-Key")));
    components.add_security_scheme("Fastly-Key", key);
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.add_security_scheme("Bearer", SecurityScheme::Http(bearer));
    document
}

/// The same routes, for a store by its name.
pub(crate) fn by_name<S: Send + Sync + Clone + 'static>(
    (schemas, paths, router): UtoipaMethodRouter<S>,
) -> UtoipaMethodRouter<S> {
    let mut named = Paths::new();
    for (path, mut item) in paths.paths {
        for operation in operations(&mut item) {
            if let Some(id) = &mut operation.operation_id {
                id.push_str("_by_name");
            }
        }
        named.paths.insert(path.replacen(BY_ID, BY_NAME, 1), item);
    }
    (schemas, named, router)
}

/// Adds what handlers do not say, because it holds for all of them.
pub(crate) fn complete(document: &mut OpenApi) {
    let paths = std::mem::take(&mut document.paths.paths);
    for (path, mut item) in paths {
        if let Some(get) = &mut item.get {
            describe_parts(get);
            item.head = Some(head(get));
        }
        for operation in operations(&mut item) {
            add_store(operation, &path);
            add_problems(operation, &path);
        }
        // The router has a word for a parameter that takes slashes.
        document.paths.paths.insert(path.replace("{*", "{"), item);
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, head, .. } = item;
    [get, put, post, delete, head].into_iter().filter_map(Option::as_mut)
}

/// What is said of an item is said with every part of it, and without it.
fn describe_parts(get: &mut Operation) {
    let responses = &mut get.responses.responses;
    let Some(RefOr::T(whole)) = responses.get("200") else { return };
    let headers = whole.headers.clone();
    for status in ["206", "304", "416"] {
        if let Some(RefOr::T(response)) = responses.get_mut(status) {
            for (name, header) in &headers {
                response.headers.entry(name.clone()).or_insert_with(|| header.clone());
            }
        }
    }
}

/// The same as `GET`, without bodies, and without what is only about parts of them.
fn head(get: &Operation) -> Operation {
    let mut head = get.clone();
    head.operation_id = head.operation_id.map(|id| format!("head_{id}"));
    let is_of_parts = |name: &str| matches!(name, "Range" | "If-Range");
    if let Some(parameters) = &mut head.parameters {
        parameters.retain(|parameter| !is_of_parts(&parameter.name));
    }
    for status in ["206", "416", "505"] {
        head.responses.responses.remove(status);
    }
    for response in head.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            response.content.clear();
        }
    }
    head
}

fn add_store(operation: &mut Operation, path: &str) {
    let (name, description) = if path.starts_with(BY_ID) {
        ("id", "The identity of the store.")
    } else if path.starts_with(BY_NAME) {
        ("store", "The name of the store, percent-encoded.")
    } else {
        return;
    };
    let text = ObjectBuilder::new().schema_type(Type::String).build();
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(text))
        .build();
    operation.parameters.get_or_insert_default().insert(0, parameter);
    for parameter in operation.parameters.iter_mut().flatten().filter(|parameter| parameter.name == "key") {
        let key = ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(MAX_KEY_BYTES));
        parameter.schema = Some(key.build().into());
    }
}

/// Every operation can be asked for in a wrong way, or without a right to, or when there is no room.
fn add_problems(operation: &mut Operation, path: &str) {
    let is_open =
        operation.security.as_ref().is_some_and(|all| all.contains(&SecurityRequirement::default()));
    let mut problems = vec![
        ("400", "The request is not understood; the detail says what is wrong."),
        ("414", "Path and query are too long."),
        ("431", "The headers are too long, or too many."),
    ];
    if !is_open {
        problems.extend([
            ("401", "A token is needed, or is not the right one."),
            ("403", "Without a token, only programs of the same machine are answered."),
            ("500", "The engine failed; the log of the server says why."),
            ("503", "There is no room for the request; try again later."),
        ]);
    }
    if path.starts_with(BY_ID) || path.starts_with(BY_NAME) {
        problems.push(("404", "There is no such store, or no such key."));
    }
    let has_body = operation.operation_id.as_ref().is_none_or(|id| !id.starts_with("head_"));
    let is_of_item = path.ends_with("/keys/{*key}");
    let is_read = operation.operation_id.as_ref().is_some_and(|id| id.contains("get_item"));
    for (status, description) in problems {
        let responses = &mut operation.responses.responses;
        match responses.get_mut(status) {
            None => {
                responses
                    .insert(status.to_owned(), RefOr::T(problem(description, has_body && status != "431")));
            }
            // A batch has documents of its own beside those.
            Some(RefOr::T(response)) if has_body => {
                response.content.entry(PROBLEM.to_owned()).or_insert_with(content);
            }
            Some(_) => {}
        }
    }
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        for (name, description) in headers_of(status, is_of_item && is_read) {
            let text = ObjectBuilder::new().schema_type(Type::String).build();
            let header = HeaderBuilder::new().schema(text).description(Some(*description)).build();
            response.headers.entry((*name).to_owned()).or_insert(header);
        }
    }
}

/// The headers of responses with this status, whatever the operation.
fn headers_of(status: &str, is_read_of_item: bool) -> &'static [(&'static str, &'static str)] {
    match status {
        "401" => &[("www-authenticate", "How a token is shown.")],
        "404" if is_read_of_item => &[(
            "x-cache",
            "`HIT` when it was in the cache that there is no such item, else `MISS`. Absent when there is no such store.",
        )],
        "429" | "503" => &[("retry-after", "Seconds after which to try again.")],
        _ => &[],
    }
}

fn content() -> utoipa::openapi::Content {
    ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build()
}

fn problem(description: &str, has_body: bool) -> Response {
    let response = ResponseBuilder::new().description(description);
    if has_body { response.content(PROBLEM, content()).build() } else { response.build() }
}
