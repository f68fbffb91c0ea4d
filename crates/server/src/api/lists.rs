//! Lists of the keys of a store.

use std::num::NonZeroU32;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use edgekv_store::{ListMode, ListRequest};
use http::StatusCode;
use utoipa::ToSchema;

use super::asked::Asked;
use super::problem::{Problem, json};
use super::query::ListQuery;
use super::{Shared, download};

/// A page of the keys of a store, in the order of their bytes.
#[utoipa::path(
    get,
    path = "/resources/stores/kv/{id}/keys",
    operation_id = "list_keys",
    tag = "items",
    params(ListQuery),
    responses((status = 200, description = "The page.", content_type = "application/json", body = KeysDocument)),
)]
pub(crate) async fn list_keys(
    State(shared): State<Arc<Shared>>,
    asked: Asked<ListQuery>,
) -> Result<Response, Problem> {
    let store = asked.open(&shared).await?;
    let query = asked.query;
    let list = store.list(ListRequest {
        prefix: query.prefix.as_deref().unwrap_or_default(),
        // Some clients send what they do not have.
        cursor: query.cursor.as_deref().filter(|cursor| !cursor.is_empty()),
        limit: query.limit.map(NonZeroU32::get),
        mode: query.consistency.map(ListMode::from).unwrap_or_default(),
    });
    download::document(json(StatusCode::OK, &list.await?), &shared.downloads)
}

/// What [`ListPage`](edgekv_store::ListPage) is as a document.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the document of the API is made from it")]
struct KeysDocument {
    /// The keys.
    data: Vec<String>,
    meta: KeysMeta,
}

/// What is known of the page.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the document of the API is made from it")]
struct KeysMeta {
    /// Most keys that the page could have.
    limit: u32,
    /// What was asked for.
    #[schema(required = false)]
    prefix: Option<String>,
    /// What to send as `cursor` for the next page; absent on the last.
    #[schema(required = false)]
    next_cursor: Option<String>,
    /// `eventual` when that was asked for.
    #[schema(required = false)]
    consistency: Option<String>,
}
