//! Stores themselves: making, finding, renaming and deleting them.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use edgekv_store::{StoreInfo, StoreName, Timestamp, limits};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asked::Asked;
use super::problem::{Problem, ProblemDocument, json};
use super::query::{CreateQuery, StoresQuery};
use super::target::no_store_with;
use super::upload::{self, Pieces};
use super::{Shared, download};

/// Most bytes of a document with the name of a store: every character of the longest name escaped, and blanks.
const MAX_DOCUMENT_BYTES: u64 = 16 * 1024;

/// A store.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Store)]
pub(crate) struct StoreDocument<'a> {
    /// Its identity: 22 lower-case letters and digits.
    #[schema(value_type = String)]
    id: String,
    /// Its name.
    name: &'a str,
    /// When it was made (RFC 3339).
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was renamed last, or made (RFC 3339).
    #[schema(format = DateTime)]
    updated_at: String,
}

impl<'a> From<&'a StoreInfo> for StoreDocument<'a> {
    fn from(info: &'a StoreInfo) -> Self {
        Self {
            id: info.id.to_string(),
            name: info.name.as_str(),
            created_at: rfc_3339(info.created_at),
            updated_at: rfc_3339(info.updated_at),
        }
    }
}

/// A moment in whole seconds, which is what clients of the platform have seen.
fn rfc_3339(time: Timestamp) -> String {
    let seconds = i64::try_from(time.as_micros() / 1_000_000).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX).to_string()
}

/// What a store is to be called.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = StoreName)]
struct NameDocument {
    /// 1 to 255 characters, none of them a control character.
    name: String,
}

/// A page of the list of stores.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Stores)]
pub(crate) struct StoresDocument<'a> {
    /// The stores, by name.
    data: Vec<StoreDocument<'a>>,
    meta: StoresMeta,
}

/// What is known of the page.
#[derive(Debug, Serialize, ToSchema)]
struct StoresMeta {
    /// Most stores that the page could have.
    limit: u32,
    /// How many stores there are that the query asks for, on all pages.
    total: usize,
    /// What to send as `cursor` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    next_cursor: Option<String>,
}

/// The stores, by name.
#[utoipa::path(
    get,
    path = "/resources/stores/kv",
    operation_id = "list_stores",
    tag = "stores",
    params(StoresQuery),
    responses((status = 200, description = "The page.", content_type = "application/json", body = StoresDocument)),
)]
pub(crate) async fn list_stores(
    State(shared): State<Arc<Shared>>,
    asked: Asked<StoresQuery>,
) -> Result<Response, Problem> {
    let query = asked.query;
    // Some clients send what they do not have.
    let after = query.cursor.as_deref().filter(|cursor| !cursor.is_empty()).map(after).transpose()?;
    let max = limits::MAX_LIST_LIMIT;
    let limit = query.limit.unwrap_or(max).min(max);
    let most = usize::try_from(limit.get()).unwrap_or(usize::MAX);

    let mut stores = match query.name.as_deref().filter(|name| !name.is_empty()) {
        None => shared.stores.list().await?,
        // No other has it.
        Some(name) => match StoreName::new(name) {
            Ok(name) => {
                shared.stores.open(&name).await?.map(|store| store.info().clone()).into_iter().collect()
            }
            Err(_) => Vec::new(),
        },
    };
    stores.retain(|info| !info.name.is_reserved());
    let total = stores.len();
    let start = after.map_or(0, |after| stores.partition_point(|info| info.name <= after));
    let rest = stores.get(start..).unwrap_or_default();
    let page = rest.get(..most.min(rest.len())).unwrap_or_default();
    let last = page.last().filter(|_| page.len() < rest.len());
    let next_cursor = last.map(|info| URL_SAFE_NO_PAD.encode(info.name.as_str()));
    let meta = StoresMeta { limit: limit.get(), total, next_cursor };
    let document = StoresDocument { data: page.iter().map(StoreDocument::from).collect(), meta };
    download::document(json(StatusCode::OK, &document), &shared.downloads)
}

/// The name in a cursor.
fn after(cursor: &str) -> Result<StoreName, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.and_then(|text| StoreName::new(&text).ok()).ok_or_else(|| {
        Problem::bad_request(
            "the cursor is not one of this list; send \"meta.next_cursor\" of the page before",
        )
    })
}

/// Makes a store.
#[utoipa::path(
    post,
    path = "/resources/stores/kv",
    operation_id = "create_store",
    tag = "stores",
    params(CreateQuery),
    request_body(content = NameDocument, content_type = "application/json"),
    responses(
        (status = 201, description = "It is made.", content_type = "application/json", body = StoreDocument),
        (status = 408, description = "The body did not come fast enough.", content_type = "application/problem+json", body = ProblemDocument),
        (status = 413, description = "The document is too large.", content_type = "application/problem+json", body = ProblemDocument),
    ),
)]
pub(crate) async fn create_store(
    State(shared): State<Arc<Shared>>,
    asked: Asked<CreateQuery>,
) -> Result<Response, Problem> {
    let name = name(&shared, asked.body).await?;
    let store = shared.stores.create(&name).await?;
    Ok(json(StatusCode::CREATED, &StoreDocument::from(store.info())))
}

/// What is known of a store.
#[utoipa::path(
    get,
    path = "/resources/stores/kv/{id}",
    operation_id = "describe_store",
    tag = "stores",
    responses((status = 200, description = "The store.", content_type = "application/json", body = StoreDocument)),
)]
pub(crate) async fn describe_store(
    State(shared): State<Arc<Shared>>,
    asked: Asked,
) -> Result<Response, Problem> {
    let store = asked.open(&shared).await?;
    Ok(json(StatusCode::OK, &StoreDocument::from(store.info())))
}

/// Gives a store another name. Its identity and its items stay.
#[utoipa::path(
    put,
    path = "/resources/stores/kv/{id}",
    operation_id = "rename_store",
    tag = "stores",
    request_body(content = NameDocument, content_type = "application/json"),
    responses(
        (status = 200, description = "It has the name.", content_type = "application/json", body = StoreDocument),
        (status = 408, description = "The body did not come fast enough.", content_type = "application/problem+json", body = ProblemDocument),
        (status = 413, description = "The document is too large.", content_type = "application/problem+json", body = ProblemDocument),
    ),
)]
pub(crate) async fn rename_store(
    State(shared): State<Arc<Shared>>,
    asked: Asked,
) -> Result<Response, Problem> {
    let id = asked.open(&shared).await?.info().id;
    let name = name(&shared, asked.body).await?;
    let info = shared.stores.rename(id, &name).await?.ok_or_else(|| no_store_with(id))?;
    Ok(json(StatusCode::OK, &StoreDocument::from(&info)))
}

/// Deletes a store that is empty.
#[utoipa::path(
    delete,
    path = "/resources/stores/kv/{id}",
    operation_id = "delete_store",
    tag = "stores",
    responses(
        (status = 204, description = "It is deleted."),
        (status = 409, description = "It has items; delete them first.", content_type = "application/problem+json", body = ProblemDocument),
    ),
)]
pub(crate) async fn delete_store(
    State(shared): State<Arc<Shared>>,
    asked: Asked,
) -> Result<Response, Problem> {
    let id = asked.open(&shared).await?.info().id;
    if shared.stores.delete(id).await? {
        Ok(StatusCode::NO_CONTENT.into_response())
    } else {
        Err(no_store_with(id))
    }
}

/// The name in the body of a request.
async fn name(shared: &Shared, body: Body) -> Result<StoreName, Problem> {
    let pieces = Pieces::new(body, shared.limits.upload_time);
    let upload = upload::take(pieces, MAX_DOCUMENT_BYTES, "document", &shared.uploads).await?;
    let document: NameDocument = serde_json::from_slice(&upload.bytes)
        .map_err(|error| Problem::bad_request(format!("the body is not {{\"name\": \"NAME\"}}: {error}")))?;
    let name = StoreName::new(&document.name).map_err(|error| Problem::bad_request(error.to_string()))?;
    if name.is_reserved() {
        let detail = format!(
            "store name \"{name}\" is kept for the server itself; choose one that does not begin with \".edgekv.\""
        );
        return Err(Problem::bad_request(detail));
    }
    Ok(name)
}
