//! The k best elements, with the ties of Prometheus: among equal values, which ones stay is decided by
//! its heap (engine.go: `aggregationK`, Go's container/heap).

use crate::eval::Sample;

/// The k largest, or smallest, so far.
#[derive(Clone, Debug)]
pub(crate) struct Best {
    k: usize,
    largest: bool,
    /// A heap with the worst one first.
    heap: Vec<Sample>,
}

impl Best {
    pub(crate) const fn new(k: usize, largest: bool) -> Self {
        let heap = Vec::new();
        Self { k, largest, heap }
    }

    /// Whether one element stands before another in the heap; NaN is worst of all.
    fn less(&self, a: usize, b: usize) -> bool {
        let (a, b) = (self.heap[a].value, self.heap[b].value);
        a.is_nan() || if self.largest { a < b } else { a > b }
    }

    pub(crate) fn offer(&mut self, sample: Sample) {
        if self.heap.len() < self.k {
            self.heap.push(sample);
            self.up(self.heap.len() - 1);
            return;
        }
        let Some(worst) = self.heap.first_mut() else {
            return;
        };
        let better = if self.largest {
            worst.value < sample.value
        } else {
            worst.value > sample.value
        };
        if better || (worst.value.is_nan() && !sample.value.is_nan()) {
            *worst = sample;
            self.down();
        }
    }

    fn up(&mut self, mut at: usize) {
        while at > 0 {
            let parent = (at - 1) / 2;
            if !self.less(at, parent) {
                break;
            }
            self.heap.swap(at, parent);
            at = parent;
        }
    }

    fn down(&mut self) {
        let mut at = 0;
        loop {
            let mut child = 2 * at + 1;
            if child >= self.heap.len() {
                break;
            }
            if child + 1 < self.heap.len() && self.less(child + 1, child) {
                child += 1;
            }
            if !self.less(child, at) {
                break;
            }
            self.heap.swap(at, child);
            at = child;
        }
    }

    /// Best first.
    pub(crate) fn into_sorted(self) -> Vec<Sample> {
        let mut sorted = self.heap;
        sorted.sort_by(|a, b| match (a.value.is_nan(), b.value.is_nan()) {
            (true, true) => std::cmp::Ordering::Equal,
            (true, false) => std::cmp::Ordering::Greater,
            (false, true) => std::cmp::Ordering::Less,
            _ if self.largest => b.value.total_cmp(&a.value),
            _ => a.value.total_cmp(&b.value),
        });
        sorted
    }
}
