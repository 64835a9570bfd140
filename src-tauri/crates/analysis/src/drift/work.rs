//! Runs independent pieces on all cores, while the calling thread asks for cancellation and tells the progress.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use super::DriftError;

/// Calls `piece(0..count)` on as many threads as there are cores. The flag given to a piece is set when it should stop early; `ended` gets
/// the share that is done, and the place and the result of the piece that ended.
///
/// # Errors
/// `Cancelled` when `cancel` said so; `Internal` when a piece panicked, which is our fault and must not take the host down.
pub(super) fn each<T: Send>(
    count: usize,
    cancel: &dyn Fn() -> bool,
    ended: &mut dyn FnMut(f64, usize, &T),
    piece: impl Fn(usize, &AtomicBool) -> T + Sync,
) -> Result<Vec<T>, DriftError> {
    let stop = AtomicBool::new(false);
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(2, usize::from).min(count);
    let mut found: Vec<Option<T>> = (0..count).map(|_| None).collect();
    let (send, receive) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (send, stop, next, piece) = (send.clone(), &stop, &next, &piece);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count || stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| piece(index, stop)));
                    if send.send((index, result.ok())).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        let mut done = 0;
        loop {
            match receive.recv_timeout(Duration::from_millis(50)) {
                Ok((index, result)) => {
                    done += 1;
                    if let Some(result) = &result {
                        ended(done as f64 / count as f64, index, result);
                    }
                    if let Some(place) = found.get_mut(index) {
                        *place = result;
                    }
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
            if cancel() {
                stop.store(true, Ordering::Relaxed);
            }
        }
    });
    if stop.load(Ordering::Relaxed) {
        return Err(DriftError::Cancelled);
    }
    found.into_iter().collect::<Option<Vec<T>>>().ok_or(DriftError::Internal)
}
