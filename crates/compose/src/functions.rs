//! The code of functions, which is nearly all that there is to check in a file: done by all processors.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use wasmparser::{
    BinaryReaderError, FuncToValidate, FuncValidatorAllocations, FunctionBody, ValidatorResources,
};

/// A function whose code is not checked yet.
pub(crate) type Function<'a> = (FuncToValidate<ValidatorResources>, FunctionBody<'a>);

/// How many functions a thread takes at once: so many that taking them costs nothing.
const BATCH: usize = 64;

/// Most threads; more do not help as much as they cost.
const MAX_THREADS: usize = 8;

/// Checks functions.
///
/// # Errors
///
/// The first that is wrong, by its place in the file.
pub(crate) fn check(functions: &[Function<'_>]) -> Result<(), BinaryReaderError> {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = functions.len().div_ceil(BATCH).min(processors).min(MAX_THREADS);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut allocations = FuncValidatorAllocations::default();
        let mut first: Option<BinaryReaderError> = None;
        while let Some(batch) = functions.chunks(BATCH).nth(next.fetch_add(1, Ordering::Relaxed)) {
            for (function, body) in batch {
                let function = FuncToValidate {
                    resources: function.resources.clone(),
                    index: function.index,
                    ty: function.ty,
                    features: function.features,
                };
                let mut validator = function.into_validator(std::mem::take(&mut allocations));
                if let Err(error) = validator.validate(body) {
                    first = earlier(first, Some(error));
                }
                allocations = validator.into_allocations();
            }
        }
        first
    };
    let first = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut first = work();
        for other in others {
            match other.join() {
                Ok(found) => first = earlier(first.take(), found),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        first
    });
    first.map_or(Ok(()), Err)
}

fn earlier(one: Option<BinaryReaderError>, other: Option<BinaryReaderError>) -> Option<BinaryReaderError> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if other.offset() < one.offset() { other } else { one }),
        (one, other) => one.or(other),
    }
}
