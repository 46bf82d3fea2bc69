//! Who is better: domination, layers of the front, and what is wanted.

use std::cmp::Ordering;

use super::super::compare::{Axis, Contrast};
use super::super::goal::Standing;
use super::{FINALISTS, Ground, Search};
use crate::gate;

impl<G: Ground> Search<'_, G> {
    /// As good in everything, by estimate, and better in something beyond doubt. What is minimised is
    /// looked at too, and how far the limits are.
    pub(super) fn dominates(&self, one: usize, other: usize) -> bool {
        let (Some(a), Some(b)) = (self.standing(one), self.standing(other)) else {
            return false;
        };
        if one == other || a.seems_beyond > b.seems_beyond || a.minimised > b.minimised {
            return false;
        }
        let world = (&**self.study, &self.goal.mix);
        let (first, second) = (
            &self.candidates[one].outcomes,
            &self.candidates[other].outcomes,
        );
        let mut better = false;
        for (axis, (x, y)) in Axis::FRONT.into_iter().zip(a.front.iter().zip(&b.front)) {
            if x > y {
                return false;
            }
            better = better
                || x < y && Contrast::of(axis, world, second, first).is_some_and(|c| c.is_worse());
        }
        better
    }

    /// From the most to the least wanted: nearer to the limits first, within them by layers of the
    /// front, within a layer by what is minimised.
    pub(super) fn ranked(&self, alive: &[usize]) -> Vec<usize> {
        let mut left: Vec<usize> = self.most_wanted(alive);
        let mut ranked = Vec::new();
        while !left.is_empty() {
            let is_first = |index: &usize| !left.iter().any(|other| self.beats(*other, *index));
            let (layer, rest): (Vec<usize>, Vec<usize>) =
                left.iter().partition(|index| is_first(index));
            if layer.is_empty() {
                ranked.extend(rest);
                break;
            }
            ranked.extend(layer);
            left = rest;
        }
        ranked
    }

    /// By estimates alone.
    fn beats(&self, one: usize, other: usize) -> bool {
        let (Some(a), Some(b)) = (self.standing(one), self.standing(other)) else {
            return false;
        };
        if a.seems_beyond != b.seems_beyond {
            return a.seems_beyond < b.seems_beyond;
        }
        let pairs = || a.front.iter().zip(&b.front);
        pairs().all(|(x, y)| x <= y) && pairs().any(|(x, y)| x < y)
    }

    /// By the limits, then by what is minimised, then by how little changes: of points that are alike in
    /// three digits the one nearest to today's is wanted.
    pub(super) fn wanted(&self, a: usize, b: usize) -> Ordering {
        let key = |index: usize| {
            let one = &self.candidates[index];
            let standing = one.standing.as_ref();
            let (beyond, minimised) = standing.map_or((f64::INFINITY, f64::INFINITY), |s| {
                (s.seems_beyond, digits(s.minimised))
            });
            (beyond, minimised, one.changes)
        };
        let (a, b) = (key(a), key(b));
        a.0.total_cmp(&b.0)
            .then(a.1.total_cmp(&b.1))
            .then(a.2.cmp(&b.2))
    }

    /// Those that were played, the most wanted first.
    pub(super) fn most_wanted(&self, some: &[usize]) -> Vec<usize> {
        let played = some
            .iter()
            .copied()
            .filter(|index| self.standing(*index).is_some());
        let mut wanted: Vec<usize> = played.collect();
        wanted.sort_by(|a, b| self.wanted(*a, *b));
        wanted
    }

    /// The best by each axis of the front; of several the most wanted.
    pub(super) fn ends(&self, some: &[usize]) -> Vec<usize> {
        let wanted = self.most_wanted(some);
        let best = |axis: usize| {
            let value = |index: &usize| {
                self.standing(*index)
                    .map_or(f64::INFINITY, |s| s.front[axis])
            };
            wanted
                .iter()
                .copied()
                .min_by(|a, b| value(a).total_cmp(&value(b)))
        };
        (0..Axis::FRONT.len()).filter_map(best).collect()
    }

    /// Who is confirmed: the most wanted, the safest of those within the limits, the ends of the front.
    /// In the order of preference, which stands before anything is confirmed.
    pub(super) fn finalists(&self) -> Vec<usize> {
        let may = |index: &usize| *index != 0 || self.space.holds(&self.candidates[0].point);
        let alive: Vec<usize> = self.alive().into_iter().filter(may).collect();
        let wanted = self.most_wanted(&alive);
        let is_within =
            |index: &usize| self.standing(*index).is_some_and(|s| s.seems_beyond == 0.0);
        let within: Vec<usize> = wanted.iter().copied().filter(is_within).collect();
        let room = |index: &usize| {
            self.standing(*index)
                .map_or(f64::NEG_INFINITY, |s| self.room(s))
        };
        let safest = within
            .iter()
            .copied()
            .max_by(|a, b| room(a).total_cmp(&room(b)));
        // What is worse than today's in something may still be what somebody wants.
        let front = if within.is_empty() || self.goal.is_relative() {
            &wanted
        } else {
            &within
        };
        let ranked = self.ranked(front);
        let first = wanted.iter().copied().take(2);
        let all = first.chain(safest).chain(self.ends(front)).chain(ranked);
        let mut chosen: Vec<usize> = Vec::new();
        for index in all.filter(|index| *index != 0) {
            if chosen.len() < FINALISTS && !chosen.contains(&index) {
                chosen.push(index);
            }
        }
        chosen.sort_by(|a, b| self.wanted(*a, *b));
        chosen
    }

    /// The least room below a limit, in limits.
    fn room(&self, standing: &Standing) -> f64 {
        let rooms = self
            .goal
            .requirements
            .iter()
            .zip(&standing.judged)
            .filter_map(|(one, judged)| {
                let reading = judged.as_ref()?.reading?;
                let worst = match one.bound {
                    gate::Bound::Below => one.limit - reading.high?,
                    gate::Bound::Above => reading.low? - one.limit,
                };
                Some(worst / one.limit.abs().max(1e-3))
            });
        rooms.fold(0.0, f64::min)
    }
}

/// Rounded to three digits.
fn digits(x: f64) -> f64 {
    if x == 0.0 || !x.is_finite() {
        return x;
    }
    let unit = 10.0_f64.powf(x.abs().log10().floor() - 2.0);
    (x / unit).round() * unit
}

#[cfg(test)]
mod tests {
    #[test]
    fn three_digits_are_kept() {
        for (x, wanted) in [
            (1234.5, 1230.0),
            (0.0, 0.0),
            (-9.996, -10.0),
            (f64::INFINITY, f64::INFINITY),
        ] {
            assert_eq!(super::digits(x), wanted);
        }
    }
}
