//! The stores from outside: an HTTP API.
//!
//! | question | place |
//! | --- | --- |
//! | what is checked before a route is looked for? | `front.rs`, `access.rs` |
//! | what does an error look like? | `problem.rs` |
//! | what may a client use? | [`ApiLimits`] |
//! | how is the server? | `health.rs` |

mod access;
mod front;
mod health;
mod limits;
mod problem;
mod token;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use edgekv_store::Stores;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::front::Front;
pub use self::limits::ApiLimits;
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
    is_ending: AtomicBool,
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
        let shared = Arc::new(Shared { stores, limits, is_ending: AtomicBool::new(false) });
        let (router, _document) = routes().split_for_parts();
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

fn routes() -> OpenApiRouter<Arc<Shared>> {
    OpenApiRouter::new().routes(routes!(health::healthz)).routes(routes!(health::readyz))
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
    /// [`ApiLimits::stop_time`] at most.
    ///
    /// It has to be awaited in the runtime that `listener` was made in; [`run_blocking`](crate::run_blocking) makes one.
    pub async fn serve(&self, listener: TcpListener, stop: impl Future<Output = ()>) {
        let front = &self.front;
        let stop = async {
            stop.await;
            front.shared.is_ending.store(true, Ordering::Relaxed);
        };
        let gauge = &front.counters.connections;
        let connections = listen::accept(front, listener, &front.connections, gauge, stop).await;
        front.tasks.close();
        let time = front.shared.limits.stop_time;
        let ended = tokio::time::timeout(time, async {
            connections.wait().await;
            front.tasks.wait().await;
        });
        if ended.await.is_err() {
            let connections = self.stats().connections;
            tracing::warn!("{connections} connections of the API did not end in {time:?}; they are cut off");
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("limits", &self.limits).finish_non_exhaustive()
    }
}
