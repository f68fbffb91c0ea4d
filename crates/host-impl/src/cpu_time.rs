//! How long an instance has been running, for guests that ask.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Says how long the instance has been running.
pub(crate) enum CpuTime {
    /// As long as the context has been there.
    Since(Instant),
    /// As long as the embedder has measured.
    Measured(MeasuredTime),
}

/// What the embedder measures with.
#[derive(Clone)]
pub(crate) struct MeasuredTime(Arc<dyn Fn() -> Duration + Send + Sync>);

impl MeasuredTime {
    pub(crate) fn new(measured: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Arc::new(measured))
    }
}

impl CpuTime {
    pub(crate) fn beginning_now(measured: Option<MeasuredTime>) -> Self {
        measured.map_or_else(|| Self::Since(Instant::now()), Self::Measured)
    }

    pub(crate) fn get(&self) -> Duration {
        match self {
            Self::Since(start) => start.elapsed(),
            Self::Measured(MeasuredTime(measured)) => measured(),
        }
    }
}

impl fmt::Debug for MeasuredTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MeasuredTime(..)")
    }
}

impl fmt::Debug for CpuTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Since(start) => f.debug_tuple("Since").field(start).finish(),
            Self::Measured(measured) => measured.fmt(f),
        }
    }
}
