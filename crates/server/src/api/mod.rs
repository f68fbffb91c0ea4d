//! The stores from outside: an HTTP API.
//!
//! | question | place |
//! | --- | --- |
//! | which routes are there? | `routes`, below |
//! | what is checked before a route is looked for? | `front.rs`, `access.rs`, [`Token`] |
//! | what does a handler get of a request? | `asked.rs` |
//! | which store and which key does a path mean? | `target.rs` |
//! | what do queries and headers say? | `query.rs`, `headers.rs` |
//! | how are bodies taken, and how do they leave? | `upload.rs`, `download.rs` |
//! | how much of them may be in memory? | `budget.rs` |
//! | what is done? | `stores.rs`, `items.rs`, `lists.rs`, `batch.rs`, `export.rs` |
//! | how does an entry look, and which part of it is sent? | `representation.rs`, `conditional.rs` |
//! | what does an error look like? | `problem.rs` |
//! | what may a client use? | [`ApiLimits`] |
//! | how is the server? | `health.rs` |
//! | what do official clients want besides? | `compat.rs` |
//! | what does the API say of itself? | `document.rs` |

mod access;
mod asked;
mod batch;
mod budget;
mod compat;
mod conditional;
mod document;
mod download;
mod export;
mod front;
mod headers;
mod health;
mod items;
mod limits;
mod lists;
mod problem;
mod query;
mod representation;
mod stores;
mod target;
mod token;
mod upload;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use edgekv_store::{KeyError, Stores};
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode, Uri};
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::budget::Budget;
use self::document::by_name;
use self::front::Front;
use self::health::Readiness;
pub use self::limits::ApiLimits;
use self::problem::Problem;
use self::target::Target;
pub use self::token::{Token, TokenError};
use crate::listen;
use crate::metrics::{Listener, Metrics};
use crate::stats::{Counters, Stats};

/// Answers HTTP requests from stores. Clones are the same API.
///
/// ```no_run
/// # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
/// use edgekv_server::{Api, Token};
/// use edgekv_store::{MemoryEngine, Stores};
///
/// let api = Api::builder(Stores::new(MemoryEngine::new())).token(Token::new("secret")?).build();
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:7677").await?;
/// api.serve(listener, std::future::pending()).await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Api {
    front: Arc<Front>,
}

/// Chooses what an [`Api`] is made of.
#[derive(Debug)]
#[must_use]
pub struct ApiBuilder {
    stores: Stores,
    token: Option<Token>,
    limits: ApiLimits,
    metrics: Option<Arc<Metrics>>,
}

/// What all handlers share.
pub(crate) struct Shared {
    stores: Stores,
    limits: ApiLimits,
    /// The memory that uploads share.
    uploads: Arc<Budget>,
    /// The memory that responses share.
    downloads: Arc<Budget>,
    is_ending: AtomicBool,
    readiness: Readiness,
    /// The OpenAPI document.
    document: Bytes,
    metrics: Option<Arc<Metrics>>,
}

impl ApiBuilder {
    /// Sets the token that every request has to show, but for questions about health. Without one, everybody who can
    /// connect may do everything; so then only requests of programs on this machine are answered, and those of web pages
    /// are not.
    pub fn token(mut self, token: Token) -> Self {
        self.token = Some(token);
        self
    }

    /// Sets what clients and requests may use.
    pub fn limits(mut self, limits: ApiLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets where requests are counted, and connections shown. Default: nowhere.
    pub fn metrics(mut self, metrics: Arc<Metrics>) -> Self {
        self.metrics = Some(metrics);
        self
    }

    /// Makes the API. It does nothing before [`Api::serve`].
    #[must_use]
    pub fn build(self) -> Api {
        let Self { stores, token, limits, metrics } = self;
        let slots = listen::room(limits.max_requests);
        let connections = listen::room(limits.max_connections);
        let (router, document) = routes();
        let shared = Arc::new(Shared {
            uploads: Budget::new(limits.max_upload_bytes, "uploads"),
            downloads: Budget::new(limits.max_download_bytes, "responses"),
            stores,
            limits,
            is_ending: AtomicBool::new(false),
            readiness: Readiness::default(),
            document,
            metrics: metrics.clone(),
        });
        let router = router.with_state(Arc::clone(&shared));
        let front = Front {
            shared,
            token,
            router,
            counters: Counters::default(),
            metrics,
            slots,
            connections,
            tasks: TaskTracker::new(),
        };
        let front = Arc::new(front);
        if let Some(metrics) = &front.metrics {
            let server: Weak<Front> = Arc::downgrade(&front);
            metrics.watch_server(Listener::Api, server);
        }
        Api { front }
    }
}

/// All routes, and the document about them.
fn routes() -> (Router<Arc<Shared>>, Bytes) {
    let items = routes!(items::get_item, items::put_item, items::delete_item);
    let keys = routes!(lists::list_keys);
    let batch = routes!(export::get_batch, batch::put_batch);
    let (router, mut document) = OpenApiRouter::with_openapi(document::base())
        .routes(by_name(items.clone()))
        .routes(by_name(keys.clone()))
        .routes(by_name(batch.clone()))
        .routes(items)
        .routes(keys)
        .routes(batch)
        .routes(routes!(stores::list_stores, stores::create_store))
        .routes(routes!(stores::describe_store, stores::rename_store, stores::delete_store))
        .routes(routes!(compat::get_product, compat::put_product, compat::delete_product))
        .routes(routes!(compat::openid_configuration))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
        .routes(routes!(describe))
        .split_for_parts();
    document::complete(&mut document);
    // A document without numbers that JSON does not have is always written.
    let document = serde_json::to_vec(&document).unwrap_or_default();
    (router.fallback(unknown).method_not_allowed_fallback(not_allowed), document.into())
}

/// This document.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "health",
    responses((status = 200, description = "The document.", content_type = "application/json")),
)]
async fn describe(State(shared): State<Arc<Shared>>) -> Response {
    let document = Body::from(shared.document.clone());
    ([(CONTENT_TYPE, "application/json")], document).into_response()
}

/// Answers what has no route.
async fn unknown(uri: Uri) -> Problem {
    if Target::of(uri.path()).lacks_key() {
        return Problem::bad_request(KeyError::Empty.to_string());
    }
    Problem::not_found("there is nothing under this path; /openapi.json describes what there is")
}

/// Answers a method that its path does not have. The router adds which ones it has.
async fn not_allowed(method: Method) -> Problem {
    let detail = format!("{method} is not possible here; the header \"allow\" says what is");
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail)
}

impl Api {
    /// Begins to choose an API of `stores`.
    pub fn builder(stores: Stores) -> ApiBuilder {
        ApiBuilder { stores, token: None, limits: ApiLimits::default(), metrics: None }
    }

    /// What the API has counted. It has no instances.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.front.counters.read()
    }

    /// Accepts connections until `stop` is ready; then no new ones, and waits until all requests are done, for
    /// [`ApiLimits::stop_time`] at most. Those that go on after that are cut off.
    ///
    /// An API is served once, on one listener: from the end of that on, `/readyz` says that it is ending. Another listener
    /// needs an API of its own, for which the same stores will do.
    ///
    /// It has to be awaited in the runtime that `listener` was made in; [`run_blocking`](crate::run_blocking) makes one.
    pub async fn serve(&self, listener: TcpListener, stop: impl Future<Output = ()>) {
        let front = &self.front;
        let stop = async {
            stop.await;
            front.shared.is_ending.store(true, Ordering::Relaxed);
        };
        let gauge = &front.counters.connections;
        let ending = listen::accept(front, listener, &front.connections, gauge, stop).await;
        front.tasks.close();
        let time = front.shared.limits.stop_time;
        if !ending.within(time, front.tasks.wait()).await {
            let connections = self.stats().connections;
            tracing::warn!("{connections} connections of the API did not end in {time:?}; they are cut off");
            ending.cut().await;
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("limits", &self.limits).finish_non_exhaustive()
    }
}
