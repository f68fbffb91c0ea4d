//! Futures that run together.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Waits for both.
///
/// ```
/// use edgekv::future::{block_on, join};
///
/// assert_eq!(block_on(join(async { 1 }, async { 2 })), (1, 2));
/// ```
pub async fn join<A: IntoFuture, B: IntoFuture>(a: A, b: B) -> (A::Output, B::Output) {
    let (mut a, mut b) = (pin!(a.into_future()), pin!(b.into_future()));
    let (mut of_a, mut of_b) = (None, None);
    poll_fn(move |context| {
        if of_a.is_none()
            && let Poll::Ready(output) = a.as_mut().poll(context)
        {
            of_a = Some(output);
        }
        if of_b.is_none()
            && let Poll::Ready(output) = b.as_mut().poll(context)
        {
            of_b = Some(output);
        }
        match (of_a.take(), of_b.take()) {
            (Some(of_a), Some(of_b)) => Poll::Ready((of_a, of_b)),
            not_both => {
                (of_a, of_b) = not_both;
                Poll::Pending
            }
        }
    })
    .await
}

/// Waits for all, and returns what they gave, in their order.
///
/// ```
/// use edgekv::future::{block_on, join_all};
///
/// let squares = join_all((1..4).map(|n| async move { n * n }));
/// assert_eq!(block_on(squares), [1, 4, 9]);
/// ```
pub async fn join_all<F: IntoFuture>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    // One allocation for each, because a future that has been polled must not move.
    let mut futures: Vec<_> =
        futures.into_iter().map(|future| Some(Box::pin(future.into_future()))).collect();
    let mut outputs: Vec<_> = futures.iter().map(|_| None).collect();
    poll_fn(|context| {
        let mut waiting = false;
        for (slot, output) in futures.iter_mut().zip(&mut outputs) {
            let Some(future) = slot else { continue };
            match future.as_mut().poll(context) {
                Poll::Ready(done) => (*slot, *output) = (None, Some(done)),
                Poll::Pending => waiting = true,
            }
        }
        if waiting { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    outputs.into_iter().flatten().collect()
}
