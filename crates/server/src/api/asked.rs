//! What a handler is asked: the head of the request, its query, and its body.

use std::borrow::Cow;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use edgekv_store::KvStore;
use http::{HeaderMap, Method, Version, request};
use serde::de::DeserializeOwned;

use super::Shared;
use super::problem::Problem;
use super::query::{self, NoQuery};
use super::target::Target;

/// A request whose query is read, and whose body is not.
#[derive(Debug)]
pub(crate) struct Asked<Q = NoQuery> {
    head: request::Parts,
    pub(crate) query: Q,
    pub(crate) body: Body,
}

impl<S: Sync, Q: DeserializeOwned + Default> FromRequest<S> for Asked<Q> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        Self::of(request)
    }
}

impl<Q: DeserializeOwned + Default> Asked<Q> {
    pub(crate) fn of(request: Request) -> Result<Self, Problem> {
        let (head, body) = request.into_parts();
        let query = query::read(&head.uri)?;
        Ok(Self { head, query, body })
    }
}

impl<Q> Asked<Q> {
    pub(crate) const fn method(&self) -> &Method {
        &self.head.method
    }

    pub(crate) const fn version(&self) -> Version {
        self.head.version
    }

    pub(crate) const fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// What the path is about.
    pub(crate) fn target(&self) -> Target<'_> {
        Target::of(self.head.uri.path())
    }

    /// The text of the key.
    pub(crate) fn key(&self) -> Result<Cow<'_, str>, Problem> {
        self.target().key()
    }

    /// The store.
    pub(crate) fn open(&self, shared: &Shared) -> impl Future<Output = Result<KvStore, Problem>> + Send {
        self.target().open(shared)
    }
}
