//! What needs threads or the time of day, where there are none of them.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::engine::Engine;
use crate::error::KvError;

/// The thread that removes expired entries: there is no value of this type.
#[derive(Debug)]
pub(crate) enum Sweeper {}

impl Sweeper {
    pub(crate) fn start(_: Arc<dyn Engine>, _: Arc<dyn Clock>, _: Duration) -> io::Result<Self> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "there are no threads here, and so no sweeper"))
    }

    pub(crate) const fn stop(&self) {
        match *self {}
    }
}

/// The rate limit on writes: there is no value of this type.
#[derive(Debug)]
pub(crate) enum WriteRate {}

impl WriteRate {
    pub(crate) const fn check(&self) -> Result<(), KvError> {
        match *self {}
    }
}

/// The thread that would fetch what a cache owes. What it is given is forgotten, so that the next lookup reads it.
#[derive(Debug, Default)]
pub(crate) struct Background {}

impl Background {
    pub(crate) fn drive(&self, task: impl Future<Output = ()> + Send + 'static) {
        drop(task);
    }
}
