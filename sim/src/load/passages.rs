//! Passages that were worked out already.
//!
//! What a queue goes through depends on a few numbers, and in quiet times they are the same ones in
//! every replication: the cells are, and so are the weights. A passage that is asked for again, to the
//! last bit of every number, is answered from here.

use super::backlog::{Backlog, Passage};
use super::{Flow, Level};
use crate::stream::mix;

/// As many are kept at most, a power of two; a newer one takes the place of an older one.
const SLOTS: usize = 8_192;

/// All that a passage depends on, to the bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked([u64; 6]);

impl Asked {
    pub(super) const fn new(flow: Flow, start: Backlog, (rate, span_s): (f64, f64)) -> Self {
        Self([
            flow.mean_s,
            flow.squared_cv,
            start.waiting.to_bits(),
            start.variance.to_bits(),
            rate.to_bits(),
            span_s.to_bits(),
        ])
    }

    fn slot(&self) -> usize {
        let one = |hash: u64, word: &u64| (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let turned = |hash: u64, word: &u64| one(hash, word).rotate_left(23);
        mix(self.0.iter().fold(0, turned)) as usize % SLOTS
    }
}

/// A passage and its level by what was asked.
#[derive(Debug, Default)]
pub(super) struct Passages {
    /// Empty until the first one comes.
    slots: Vec<Option<(Asked, (Passage, Level))>>,
    /// How many were worked out.
    #[cfg(test)]
    pub(super) count: usize,
}

impl Passages {
    pub(super) fn get(&self, asked: &Asked) -> Option<(Passage, Level)> {
        let slot = self.slots.get(asked.slot())?.as_ref();
        slot.filter(|(known, _)| known == asked)
            .map(|(_, known)| *known)
    }

    pub(super) fn put(&mut self, asked: Asked, passage: (Passage, Level)) {
        self.slots.resize(SLOTS, None);
        #[cfg(test)]
        {
            self.count += 1;
        }
        self.slots[asked.slot()] = Some((asked, passage));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Many more than there are places: whatever is answered is the answer.
    #[test]
    fn what_is_answered_was_put_there_for_the_same_question() {
        let mut passages = Passages::default();
        let flow = |mean_s: u64| Flow {
            mean_s,
            squared_cv: 1,
        };
        let asked = |n: u32| {
            let start = Backlog {
                waiting: f64::from(n % 7),
                variance: f64::from(n % 11),
            };
            let rate = f64::from(n) * 0.5;
            Asked::new(flow(u64::from(n % 3)), start, (rate, 15.0))
        };
        let passage = |n: u32| {
            let busy = f64::from(n);
            let passage = Passage {
                busy,
                ..Passage::default()
            };
            (passage, Level::default())
        };
        assert_eq!(passages.get(&asked(0)), None);
        let all = 0..3 * SLOTS as u32;
        for n in all.clone() {
            passages.put(asked(n), passage(n));
            assert_eq!(passages.get(&asked(n)), Some(passage(n)));
        }
        let kept = all
            .filter(|n| match passages.get(&asked(*n)) {
                Some(known) => {
                    assert_eq!(known, passage(*n));
                    true
                }
                None => false,
            })
            .count();
        // Of 3 per slot on average 1 - exp(-3) of the slots keep one.
        assert!(kept > SLOTS * 9 / 10, "{kept}");
    }
}
