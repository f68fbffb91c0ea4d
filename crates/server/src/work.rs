//! Who runs an instance: whoever waits for its answer, and nobody but a task of its own after that.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use edgekv_host::{Answer, Body};
use http::Response;
use tokio_util::task::TaskTracker;

use crate::exchange::Ticket;
use crate::outcome::Outcome;

/// A running instance.
pub(crate) type Instance = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// Waits for the answer of an instance, and runs the instance meanwhile.
///
/// Most instances have ended when their answer is there; they never cost a task, or a switch to another thread. Those that
/// go on (they stream, or work on after the answer), and those whose client has gone, get a task when this is dropped.
pub(crate) struct Work {
    instance: Option<Instance>,
    outcome: Option<Outcome>,
    answer: Option<Answer>,
    /// Of the exchange.
    ticket: Arc<Ticket>,
    tasks: TaskTracker,
}

impl Work {
    pub(crate) const fn new(
        instance: Instance,
        answer: Answer,
        ticket: Arc<Ticket>,
        tasks: TaskTracker,
    ) -> Self {
        Self { instance: Some(instance), outcome: None, answer: Some(answer), ticket, tasks }
    }

    fn poll_instance(&mut self, cx: &mut Context<'_>) {
        if let Some(instance) = &mut self.instance
            && let Poll::Ready(outcome) = instance.as_mut().poll(cx)
        {
            self.instance = None;
            self.outcome = Some(outcome);
        }
    }
}

impl Future for Work {
    /// The answer; or, without one, how the instance ended.
    type Output = Result<Response<Body>, Outcome>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_instance(cx);
        if let Some(answer) = &mut self.answer
            && let Poll::Ready(answer) = Pin::new(answer).poll(cx)
        {
            self.answer = None;
            if let Some(response) = answer {
                return Poll::Ready(Ok(response));
            }
        }
        let has_no_answer = self.answer.is_none();
        match self.outcome.take_if(|_| has_no_answer) {
            Some(outcome) => Poll::Ready(Err(outcome)),
            None => Poll::Pending,
        }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if self.answer.is_some() {
            // Whoever waited for it does so no longer.
            self.ticket.leave();
        }
        if let Some(instance) = self.instance.take() {
            self.tasks.spawn(instance);
        }
    }
}
