//! Doing one thing to many items on several threads, the results in the items' order.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// Calls `work` on every item and gives the results in the items' order. `progress` is told, on the calling
/// thread, how many are done.
///
/// # Errors
/// The error of the first item (in the items' order) among those that failed; work not yet begun is then left.
pub fn parallel_map<I: Sync, R: Send, E: Send>(
    items: &[I],
    worker_count: usize,
    work: impl Fn(&I) -> Result<R, E> + Sync,
    progress: impl Fn(usize),
) -> Result<Vec<R>, E> {
    let next = AtomicUsize::new(0);
    let has_failed = AtomicBool::new(false);
    let mut results: Vec<Option<Result<R, E>>> = items.iter().map(|_| None).collect();
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for _ in 0..worker_count.clamp(1, items.len().max(1)) {
            let sender = sender.clone();
            let (next, has_failed, work) = (&next, &has_failed, &work);
            scope.spawn(move || {
                while !has_failed.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { break };
                    let result = work(item);
                    has_failed.fetch_or(result.is_err(), Ordering::Relaxed);
                    if sender.send((index, result)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        for (done, (index, result)) in receiver.iter().enumerate() {
            progress(done + 1);
            if let Some(place) = results.get_mut(index) {
                *place = Some(result);
            }
        }
    });
    // Items are begun in order, so every item before a failed one has a result and none is missed.
    results.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::parallel_map;

    #[test]
    fn results_keep_the_order_of_the_items() {
        let items: Vec<usize> = (0..1000).collect();
        let doubled = parallel_map(&items, 4, |item| Ok::<_, ()>(item * 2), |_| ()).unwrap();
        assert_eq!(doubled, items.iter().map(|item| item * 2).collect::<Vec<_>>());
    }

    #[test]
    fn first_failing_item_is_reported() {
        let items: Vec<usize> = (0..1000).collect();
        let work = |item: &usize| if item % 100 == 7 { Err(*item) } else { Ok(*item) };
        assert_eq!(parallel_map(&items, 4, work, |_| ()), Err(7));
    }

    #[test]
    fn no_items_give_no_results() {
        assert_eq!(parallel_map(&[] as &[u8], 4, |_| Ok::<_, ()>(1), |_| ()), Ok(Vec::new()));
    }
}
