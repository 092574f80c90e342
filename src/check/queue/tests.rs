//! Who works, who waits, who is turned away.

use super::*;
use futures_util::FutureExt as _;
use std::sync::Arc;
use std::time::Duration;

fn queue() -> Queue {
    Queue::new("test", Bounds { running: 1, waiting: 1, burst: 3 })
}

#[tokio::test(start_paused = true)]
async fn a_burst_may_wait_and_everybody_else_is_turned_away_at_once() {
    let queue = queue();
    let working = queue.enter().await.unwrap();
    let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(queue.enter())).collect();
    assert!(waiting.iter_mut().all(|place| place.now_or_never().is_none()));
    assert_eq!(queue.enter().now_or_never().unwrap().err(), Some(Full));
    assert_eq!(queue.state(), QueueState { running: 1, waiting: 3, shed: 1 });
    drop(working);
    for place in waiting {
        // In their order, one at a time.
        drop(place.now_or_never().unwrap().unwrap());
    }
    assert_eq!(queue.state(), QueueState { running: 0, waiting: 0, shed: 1 });
}

#[tokio::test(start_paused = true)]
async fn who_would_be_turned_away_is_told_so_before_they_come() {
    let queue = queue();
    drop(queue.expect().unwrap());
    let _working = queue.enter().await.unwrap();
    let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(queue.enter())).collect();
    for place in &mut waiting {
        drop(queue.expect().unwrap());
        assert!(place.now_or_never().is_none());
    }
    assert_eq!(queue.expect().unwrap_err(), Full);
    assert_eq!(queue.state(), QueueState { running: 1, waiting: 3, shed: 1 });
}

#[tokio::test(start_paused = true)]
async fn who_was_let_in_and_has_not_come_yet_leaves_no_place_for_another() {
    let queue = Queue::new("test", Bounds { running: 1, waiting: 3, burst: 3 });
    let mut coming: Vec<_> = (0..4).map(|_| queue.expect().unwrap()).collect();
    assert_eq!(queue.expect().unwrap_err(), Full, "one works, three wait");
    drop(coming.pop());
    let working = queue.enter().now_or_never().unwrap().unwrap();
    assert_eq!(queue.expect().unwrap_err(), Full, "one came, three are on the way");
    drop(working);
    coming.push(queue.expect().unwrap());
    drop(coming);
    drop(queue.expect().unwrap());
    assert_eq!(queue.state(), QueueState { running: 0, waiting: 0, shed: 2 });
}

/// In a flood nobody waits: of all who are let in at a time, there is a place for each.
#[tokio::test(start_paused = true)]
async fn in_a_flood_as_many_are_let_in_as_there_are_places() {
    let queue = wide();
    offer(&queue, 10 * CAPACITY_PER_SECOND, 1_000).await;
    let (_came, mut most) = (offer(&queue, 10 * CAPACITY_PER_SECOND, 50).await, 0);
    for _ in 0..100 {
        let coming: Vec<_> = std::iter::repeat_with(|| queue.expect()).map_while(Result::ok).collect();
        let free = queue.bounds.running - queue.state().running;
        assert_eq!(coming.len(), free);
        most = free.max(most);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(most > 0);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_stands_is_short() {
    let queue = queue();
    let working = queue.enter().await.unwrap();
    let mut first = Box::pin(queue.enter());
    assert!((&mut first).now_or_never().is_none());
    tokio::time::advance(Duration::from_millis(BURST_MILLISECONDS)).await;
    assert!(queue.enter().now_or_never().unwrap().is_err(), "it stands");
    drop(working);
    let working = first.await.unwrap();
    let mut next = Box::pin(queue.enter());
    assert!((&mut next).now_or_never().is_none());
    assert!(queue.enter().now_or_never().unwrap().is_err(), "nobody waited for a moment, and it still stands");
    drop(next);
    // A while in which nobody came.
    tokio::time::advance(Duration::from_millis(2 * BURST_MILLISECONDS)).await;
    let waiting: Vec<_> = (0..3)
        .map(|_| Box::pin(queue.enter()))
        .map(|mut place| {
            assert!((&mut place).now_or_never().is_none(), "a burst again");
            place
        })
        .collect();
    drop(waiting);
    assert_eq!(queue.state().waiting, 0, "who gave up waits no more");
    drop(working);
}

/// How long one works in the tests that follow, and how many can in a second.
const WORK_MILLISECONDS: u64 = 10;
const CAPACITY_PER_SECOND: u64 = 400;

/// What became of those who came.
#[derive(Debug, Default)]
struct Came {
    worked: AtomicU64,
    turned_away: AtomicU64,
    waited_milliseconds_max: AtomicU64,
}

/// Has so many a second come at random times, alike in each run.
async fn offer(queue: &Arc<Queue>, per_second: u64, milliseconds: u64) -> Arc<Came> {
    let (came, mut dice) = (Arc::new(Came::default()), 0x2545_F491_4F6C_DD1D_u64);
    for turn in 0..10 * milliseconds {
        // Marsaglia's xorshift.
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        if dice % 10_000 < per_second {
            tokio::spawn(work(Arc::clone(queue), Arc::clone(&came)));
        }
        if turn % 10 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    came
}

async fn work(queue: Arc<Queue>, came: Arc<Came>) {
    let begun = Instant::now();
    let Ok(_place) = queue.enter().await else {
        came.turned_away.fetch_add(1, Ordering::Relaxed);
        return;
    };
    let waited = u64::try_from(begun.elapsed().as_millis()).unwrap();
    came.waited_milliseconds_max.fetch_max(waited, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(WORK_MILLISECONDS)).await;
    came.worked.fetch_add(1, Ordering::Relaxed);
}

fn wide() -> Arc<Queue> {
    let running = usize::try_from(CAPACITY_PER_SECOND * WORK_MILLISECONDS / 1_000).unwrap();
    Arc::new(Queue::new("test", Bounds { running, waiting: 1, burst: 100 }))
}

#[tokio::test(start_paused = true)]
async fn in_a_flood_nobody_waits_and_as_much_is_done_as_can_be() {
    let queue = wide();
    offer(&queue, 10 * CAPACITY_PER_SECOND, 1_000).await;
    let came = offer(&queue, 10 * CAPACITY_PER_SECOND, 2_000).await;
    assert_eq!(came.waited_milliseconds_max.load(Ordering::Relaxed), 0, "{came:?}");
    let worked = came.worked.load(Ordering::Relaxed);
    assert!(worked >= 2 * CAPACITY_PER_SECOND * 8 / 10, "{came:?}");
}

#[tokio::test(start_paused = true)]
async fn what_can_be_done_is_done_again_as_soon_as_a_flood_is_over() {
    let queue = wide();
    offer(&queue, 10 * CAPACITY_PER_SECOND, 2_000).await;
    // At random times it would find a short queue full again and again.
    let less = CAPACITY_PER_SECOND * 6 / 10;
    offer(&queue, less, 1_000).await;
    // At random times it finds a short queue full again and again.
    let came = offer(&queue, less, 10_000).await;
    assert!(came.turned_away.load(Ordering::Relaxed) <= less / 10, "{came:?}");
    assert!(came.worked.load(Ordering::Relaxed) >= 9 * less, "{came:?}");
}
