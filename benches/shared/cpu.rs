//! CPU time of the calling thread.

use std::fs::read_to_string;
use std::time::Instant;

/// Nanoseconds that this thread has been on a processor; wall time where the system does not say.
fn cpu_ns(since: Instant) -> f64 {
    let told = read_to_string("/proc/thread-self/schedstat").ok();
    let first = told.and_then(|text| text.split(' ').next()?.parse().ok());
    first.unwrap_or_else(|| since.elapsed().as_nanos() as f64)
}

/// Nanoseconds that something takes.
pub(crate) fn ns_of(run: impl FnOnce()) -> f64 {
    let start = Instant::now();
    let before = cpu_ns(start);
    run();
    cpu_ns(start) - before
}

/// The middle one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
