//! Two futures that run together.

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
