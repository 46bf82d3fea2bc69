//! What is still to come, in time order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Things to come. Ties are broken by the order in which they were noted, so that a run is
/// reproducible. Keys are packed into 16 bytes: half the memory traffic of a tuple of three.
#[derive(Debug)]
pub struct Agenda<T> {
    /// Time, sequence number, place of the thing.
    heap: BinaryHeap<Reverse<u128>>,
    things: Vec<T>,
    vacant: Vec<u32>,
    sequence: u32,
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Self {
            heap: BinaryHeap::new(),
            things: Vec::new(),
            vacant: Vec::new(),
            sequence: 0,
        }
    }
}

const fn pack(at_ns: u64, sequence: u32, place: u32) -> u128 {
    (at_ns as u128) << 64 | (sequence as u128) << 32 | place as u128
}

const fn at_ns(key: u128) -> u64 {
    (key >> 64) as u64
}

impl<T: Copy> Agenda<T> {
    /// Forgets everything, keeping the memory.
    pub fn clear(&mut self) {
        self.heap.clear();
        self.things.clear();
        self.vacant.clear();
        self.sequence = 0;
    }

    /// When the next thing comes.
    #[must_use]
    pub fn next_ns(&self) -> u64 {
        self.heap.peek().map_or(u64::MAX, |key| at_ns(key.0))
    }

    /// Notes a thing.
    pub fn push(&mut self, at_ns: u64, thing: T) {
        let place = if let Some(place) = self.vacant.pop() {
            self.things[place as usize] = thing;
            place
        } else {
            self.things.push(thing);
            self.things.len() as u32 - 1
        };
        self.heap.push(Reverse(pack(at_ns, self.sequence, place)));
        // Wraps after 4 billion: ties across that gap do not happen within one nanosecond.
        self.sequence = self.sequence.wrapping_add(1);
    }

    /// Takes the next thing.
    pub fn pop(&mut self) -> Option<(u64, T)> {
        let Reverse(key) = self.heap.pop()?;
        let place = key as u32;
        self.vacant.push(place);
        Some((at_ns(key), self.things[place as usize]))
    }

    /// Shows everything to come, in no order.
    pub fn each(&self, mut see: impl FnMut(&T)) {
        for key in &self.heap {
            see(&self.things[key.0 as u32 as usize]);
        }
    }

    /// Lets `change` look at everything to come, alter it, and give it another time.
    pub fn amend(&mut self, mut change: impl FnMut(u64, &mut T) -> u64) {
        let things = &mut self.things;
        let amended = std::mem::take(&mut self.heap).into_iter().map(|key| {
            let key = key.0;
            let place = key as u32;
            let at = change(at_ns(key), &mut things[place as usize]);
            Reverse(pack(at, (key >> 32) as u32, place))
        });
        self.heap = amended.collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_come_in_time_order_and_ties_in_the_order_noted() {
        let mut agenda = Agenda::default();
        for (at, name) in [(5, 'c'), (3, 'a'), (5, 'd'), (3, 'b')] {
            agenda.push(at, name);
        }
        assert_eq!(agenda.next_ns(), 3);
        // 'c' moves before the rest.
        agenda.amend(|at, name| if *name == 'c' { 1 } else { at });
        let order: Vec<_> = std::iter::from_fn(|| agenda.pop()).collect();
        assert_eq!(order, [(1, 'c'), (3, 'a'), (3, 'b'), (5, 'd')]);
    }
}
