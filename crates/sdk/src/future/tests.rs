use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::io::Read as _;
use std::panic::catch_unwind;
use std::rc::Rc;
use std::time::{Duration, Instant};

use edgekv_sys::{BodyWriteEnd, FastlyStatus as Status};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::*;
use crate::Body;
use crate::abi::HostBody;
use crate::abi::script::{self, Answer, answer};
use crate::kv_store::{KVStore, KVStoreError, PendingLookupHandle};

fn store(script: impl IntoIterator<Item = Answer>) -> (KVStore, script::Script) {
    let open = answer("open").handle(3);
    let script = script::start([open].into_iter().chain(script));
    (KVStore::open("s").unwrap().unwrap(), script)
}

/// Starts lookups; their handles are 1, 2, 3 and so on.
fn lookups(store: &KVStore, number: usize) -> Vec<PendingLookupHandle> {
    (0..number).map(|_| store.build_lookup().execute_async("k").unwrap()).collect()
}

fn started(number: u32) -> impl Iterator<Item = Answer> {
    (1..=number).map(|handle| answer("lookup").handle(handle))
}

fn found(text: &str) -> Answer {
    answer("lookup_wait_v2").body(text)
}

fn selected(index: u64) -> Answer {
    answer("select").number(index)
}

/// The calls of a script that ask or wait for readiness.
fn waits(calls: &[String]) -> Vec<&str> {
    let waits = calls.iter().map(String::as_str);
    waits.filter(|call| call.starts_with("select") || call.starts_with("is_ready")).collect()
}

#[test]
fn an_operation_that_is_done_is_not_waited_for() {
    let (store, script) = store(started(1).chain([answer("is_ready").number(1), found("v")]));
    let text = block_on(async { lookups(&store, 1).remove(0).await.unwrap().take_body().into_string() });
    assert_eq!(text, "v");
    assert_eq!(waits(&script.finish()), ["is_ready 1"]);
}

#[test]
fn one_operation_alone_is_waited_for_by_its_own_call() {
    let (store, script) = store(started(1).chain([found("v")]));
    block_on(lookups(&store, 1).remove(0)).unwrap();
    assert_eq!(waits(&script.finish()), ["is_ready 1"]);
}

#[test]
fn several_are_started_before_the_first_wait_and_one_call_waits_for_all() {
    let (store, script) =
        store(started(3).chain([selected(1), found("second"), selected(1), found("third"), found("first")]));
    let all = block_on(join_all(lookups(&store, 3)));
    let texts: Vec<_> = all.into_iter().map(|found| found.unwrap().take_body().into_string()).collect();
    assert_eq!(texts, ["first", "second", "third"]);
    let expected =
        ["is_ready 1", "is_ready 2", "is_ready 3", "select [1, 2, 3]", "is_ready 3", "select [1, 3]"];
    assert_eq!(waits(&script.finish()), expected);
}

#[test]
fn many_answers_that_come_together_cost_one_wait() {
    const MANY: usize = 1000;
    let number = u32::try_from(MANY).unwrap();
    let together = (1..MANY).map(|_| answer("is_ready").number(1));
    let answers = started(number).chain([selected(0)]).chain(together);
    let (store, script) = store(answers.chain((0..MANY).map(|_| found("v"))));
    assert_eq!(block_on(join_all(lookups(&store, MANY))).len(), MANY);
    let calls = script.finish();
    let [asked, selects] =
        ["is_ready", "select"].map(|call| calls.iter().filter(|it| it.starts_with(call)).count());
    assert_eq!((asked, selects), (MANY + MANY - 1, 1));
}

#[test]
fn answers_that_come_one_by_one_do_not_cost_a_question_about_all_others_each() {
    const MANY: usize = 200;
    let one_by_one = (1..MANY).flat_map(|_| [selected(0), found("v")]);
    let answers = started(u32::try_from(MANY).unwrap()).chain(one_by_one).chain([found("v")]);
    let (store, script) = store(answers);
    assert_eq!(block_on(join_all(lookups(&store, MANY))).len(), MANY);
    let calls = script.finish();
    let waits = waits(&calls).len();
    assert!(waits < 12 * MANY, "{waits} calls to wait for {MANY} operations");
}

#[test]
fn all_are_joined_in_their_order_and_only_those_are_polled_that_were_woken() {
    let polls = Cell::new(0);
    let wakers: Vec<Cell<Option<Waker>>> = (0..50).map(|_| Cell::default()).collect();
    let parts = wakers.iter().enumerate().map(|(place, waker)| {
        let (polls, mut is_first) = (&polls, true);
        poll_fn(move |context| {
            polls.set(polls.get() + 1);
            if std::mem::take(&mut is_first) {
                waker.set(Some(context.waker().clone()));
                return Poll::Pending;
            }
            Poll::Ready(place)
        })
    });
    let waking = async {
        for waker in wakers.iter().rev() {
            let waker = waker.take().unwrap();
            // Twice counts once.
            waker.wake_by_ref();
            waker.wake();
            // Gives the others their turn.
            let mut is_first = true;
            poll_fn(|context| {
                context.waker().wake_by_ref();
                if std::mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) }
            })
            .await;
        }
    };
    let (joined, ()) = block_on(join(join_all(parts), waking));
    assert!(joined.iter().copied().eq(0..50), "{joined:?}");
    assert_eq!(polls.get(), 100);
    assert_eq!(block_on(join_all(Vec::<std::future::Ready<()>>::new())), []);
}

#[test]
fn a_joined_future_may_wake_itself() {
    let restless = |mut times: u32| {
        poll_fn(move |context| {
            if times == 0 {
                return Poll::Ready(());
            }
            times -= 1;
            context.waker().wake_by_ref();
            Poll::Pending
        })
    };
    assert_eq!(block_on(join_all([restless(3), restless(0), restless(200)])).len(), 3);
}

#[test]
fn the_other_operations_are_futures_too() {
    let ready = || answer("is_ready").number(1);
    let (store, script) = store([
        answer("insert").handle(1),
        answer("delete").handle(2),
        answer("list").handle(3),
        ready(),
        answer("insert_wait").outcome(edgekv_sys::KvError::PRECONDITION_FAILED),
        ready(),
        answer("delete_wait"),
        ready(),
        answer("list_wait").body(r#"{"data":["a"],"meta":{"limit":1}}"#),
    ]);
    let insert = store.build_insert().execute_async("k", "v").unwrap();
    let delete = store.build_delete().execute_async("k").unwrap();
    let list = store.build_list().execute_async().unwrap();
    block_on(async {
        assert_eq!(insert.await, Err(KVStoreError::ItemPreconditionFailed));
        assert_eq!(delete.await, Ok(()));
        assert_eq!(list.await.unwrap().keys(), ["a"]);
    });
    script.finish();
}

#[test]
fn combinators_of_other_crates_are_woken_for_what_is_ready() {
    let (store, script) =
        store(started(3).chain([selected(2), found("c"), selected(0), found("a"), found("b")]));
    let mut all: FuturesUnordered<_> = lookups(&store, 3).into_iter().collect();
    let mut texts = Vec::new();
    block_on(async {
        while let Some(found) = all.next().await {
            texts.push(found.unwrap().take_body().into_string());
        }
    });
    assert_eq!(texts, ["c", "a", "b"]);
    // What comes before the one that the host names is not ready, or it would have named that.
    let expected =
        ["is_ready 1", "is_ready 2", "is_ready 3", "select [1, 2, 3]", "select [1, 2]", "is_ready 2"];
    assert_eq!(waits(&script.finish()), expected);
}

#[test]
fn a_future_that_is_dropped_is_waited_for_no_more() {
    let (store, script) = store(started(3).chain([selected(1), found("3"), found("2")]));
    let mut lookups = lookups(&store, 3);
    block_on(async {
        let mut first = lookups.remove(0);
        // Polled once, and then given up.
        poll_fn(|context| {
            assert!(std::pin::Pin::new(&mut first).poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
        drop(first);
        join_all(lookups).await;
    });
    assert_eq!(waits(&script.finish())[3], "select [2, 3]");
}

#[test]
fn a_host_that_cannot_wait_for_several_has_each_waited_for() {
    let refuse = |call| answer(call).status(Status::UNSUPPORTED);
    let (store, script) =
        store(started(2).chain([refuse("is_ready"), found("1"), refuse("is_ready"), found("2")]));
    assert_eq!(block_on(join_all(lookups(&store, 2))).len(), 2);
    script.finish();
    for answer in [refuse("select"), selected(2), selected(u32::MAX.into())] {
        let (store, script) = self::store(started(2).chain([answer, found("1"), found("2")]));
        assert_eq!(block_on(join_all(lookups(&store, 2))).len(), 2);
        script.finish();
    }
}

#[test]
fn a_future_that_nobody_will_wake_is_a_deadlock() {
    let script = script::start([]);
    let panic = catch_unwind(|| block_on(pending::<()>())).unwrap_err();
    let message = panic.downcast::<&str>().unwrap();
    assert!(message.starts_with("deadlock: "), "{message}");
    assert_eq!(script.finish(), [""; 0]);
}

#[test]
fn a_future_that_wakes_itself_does_not_keep_others_from_the_host() {
    let mut answers: Vec<_> = started(1).collect();
    // Not ready when it is polled first, ready when it is looked after.
    answers.extend([answer("is_ready"), answer("is_ready").number(1), found("v")]);
    let (store, script) = store(answers);
    let done = Rc::new(Cell::new(false));
    let lookup = lookups(&store, 1).remove(0);
    let restless = poll_fn(|context| {
        context.waker().wake_by_ref();
        if done.get() { Poll::Ready(()) } else { Poll::Pending }
    });
    block_on(join(
        async {
            lookup.await.unwrap();
            done.set(true);
        },
        restless,
    ));
    script.finish();
}

#[test]
fn one_block_on_inside_of_another_wakes_both() {
    // The outer future waits already when the inner one begins, and becomes ready first; the inner one ends first.
    let (store, script) = store(started(2).chain([selected(0), found("inner"), found("outer")]));
    let mut both = lookups(&store, 2);
    let (inner, outer) = (both.remove(1), both.remove(0));
    let (outer, inner) = block_on(join(
        async {
            let found = outer.await.unwrap();
            found.current_generation()
        },
        async { block_on(inner).unwrap().take_body().into_string() },
    ));
    assert_eq!((outer, inner), (0, "inner".to_owned()));
    assert_eq!(waits(&script.finish()), ["is_ready 1", "is_ready 2", "select [1, 2]", "is_ready 2"]);
}

#[test]
fn a_limit_that_is_not_reached_changes_nothing() {
    let (store, script) = store(started(1).chain([selected(0), found("in time")]));
    let found = block_on(timeout(Duration::from_secs(600), lookups(&store, 1).remove(0)));
    assert_eq!(found.unwrap().unwrap().take_body().into_string(), "in time");
    assert_eq!(waits(&script.finish()), ["is_ready 1", "select [1] limited"]);
}

#[test]
fn a_limit_that_is_reached_gives_the_operation_up() {
    let (store, script) = store(started(2).chain([found("2")]));
    let mut lookups = lookups(&store, 2);
    block_on(async {
        let late = timeout(Duration::from_millis(2), lookups.remove(0)).await;
        assert_eq!(late.unwrap_err(), Elapsed);
        lookups.remove(0).await.unwrap();
    });
    let calls = script.finish();
    let [first, .., last] = &waits(&calls)[..] else { panic!("{calls:?}") };
    assert_eq!((*first, *last), ("is_ready 1", "is_ready 2"));
}

#[test]
fn sleeping_needs_no_host() {
    let refuse = || answer("select").status(Status::UNSUPPORTED);
    let script = script::start([refuse(), refuse()]);
    let start = Instant::now();
    block_on(join(sleep(Duration::from_millis(80)), sleep(Duration::from_millis(40))));
    assert!(start.elapsed() >= Duration::from_millis(80));
    assert_eq!(script.finish(), ["select [] limited", "select [] limited"]);
    assert_eq!(block_on(timeout(Duration::MAX, async { 1 })), Ok(1));
}

#[test]
fn a_body_is_awaited_only_when_the_guest_has_none_of_it() {
    let script = script::start([answer("read"), answer("is_ready"), answer("read").bytes("more")]);
    let mut host = HostBody::new().unwrap();
    host.write(b"bytes", BodyWriteEnd::BACK).unwrap();
    let mut body = Body::from(host);
    let mut first = [0; 2];
    // The end that the first answer tells of is not the last word: the body is asked again.
    assert_eq!(body.read(&mut first).unwrap(), 0);
    block_on(async {
        assert_eq!(body.next_chunk().await.unwrap().unwrap(), b"more");
        body.read_exact(&mut first).unwrap();
        assert_eq!(body.next_chunk().await.unwrap().unwrap(), b"tes");
        assert_eq!(body.next_chunk().await.unwrap(), None);
    });
    drop(body);
    assert_eq!(waits(&script.finish()), ["is_ready 101", "is_ready 101"]);
}

#[test]
fn a_body_that_breaks_while_it_is_awaited_is_an_error() {
    let script = script::start([answer("read").status(Status::HTTPINCOMPLETE)]);
    let mut body = Body::from(HostBody::new().unwrap());
    let error = block_on(body.next_chunk()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
    drop(body);
    script.finish();
}
