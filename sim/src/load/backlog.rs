//! A pod's queue over time: a backlog that grows under overload, is worked off, and settles into the
//! equilibrium of the load.
//!
//! Two numbers are carried: how many wait, and the variance of that. They follow the fluid flow
//! (pointwise stationary fluid flow approximation, Wang, Tipper and Banerjee 1996): what goes out at
//! a backlog is what would go out in the equilibrium that has this backlog. So they come to rest in the
//! queue's exact equilibrium below saturation, and grow by arrivals less capacity above it. The variance
//! grows as in free diffusion while the queue is far from empty, and not at all once waits are as
//! irregular as in equilibrium.

use std::cell::Cell;

use super::stationary::{Equilibrium, Pool};

/// Points of the table per factor of ten in the distance from saturation.
const PER_DECADE: i32 = 24;

/// The table comes so close to saturation; an unbounded queue has a million waiting then.
const DECADES: i32 = 6;

/// Beyond this utilisation a bounded queue is as good as always full.
const OFFERED_MAX: f64 = 100.0;

/// An interval in which the queue is not at rest is cut into steps of at most this length.
const STEP_S: f64 = 3.0;

/// Below this utilisation a queue near its equilibrium is taken to be in it.
const QUIET: f64 = 0.97;

/// A pod's queue, worked out once for all utilisations.
#[derive(Clone, Debug)]
pub(super) struct Course {
    /// Requests that a pod finishes per second when all its servers work.
    pub(super) capacity: f64,
    squared_cv: f64,
    /// By rising utilisation offered.
    table: Vec<(f64, Equilibrium)>,
    /// What is offered, and how many wait, by row.
    offered: Vec<f64>,
    waiting: Vec<f64>,
}

/// The row of a table that was last looked for: the next one is mostly near it.
type Near = Cell<usize>;

/// So many rows near the last one are tried one by one.
const NEAR: usize = 6;

/// A pod's queue at an instant.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Backlog {
    /// Requests waiting, on average.
    pub(super) waiting: f64,
    /// The variance of the number waiting where anybody waits.
    pub(super) variance: f64,
}

/// A pod's queue over an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Passage {
    /// The mean over the interval; what the queue went through counts as variance.
    pub(super) mean: Backlog,
    /// Share of the arrivals that found no place.
    pub(super) refused: f64,
    /// Share of the servers that worked.
    pub(super) busy: f64,
    /// At its end.
    pub(super) end: Backlog,
}

impl Course {
    /// The queue of a pool whose requests take `mean_s`.
    pub(super) fn new(pool: Pool, mean_s: f64) -> Self {
        let mut offered = vec![0.0];
        let distances =
            (0..=DECADES * PER_DECADE).map(|k| 10_f64.powf(f64::from(-k) / f64::from(PER_DECADE)));
        offered.extend(distances.skip(1).map(|distance| 1.0 - distance));
        if pool.places.is_some() {
            let above = (-DECADES * PER_DECADE..)
                .map(|k| 1.0 + 10_f64.powf(f64::from(k) / f64::from(PER_DECADE)));
            offered.extend(above.take_while(|offered| *offered < OFFERED_MAX));
        }
        let mut table: Vec<_> = offered
            .into_iter()
            .map(|offered| (offered, pool.equilibrium(offered)))
            .collect();
        // Rounding must not make the number waiting fall.
        let mut most = 0.0;
        for (_, at) in &mut table {
            most = f64::max(most, at.waiting);
            at.waiting = most;
        }
        Self {
            capacity: f64::from(pool.servers) / mean_s,
            squared_cv: pool.squared_cv,
            offered: table.iter().map(|(offered, _)| *offered).collect(),
            waiting: table.iter().map(|(_, at)| at.waiting).collect(),
            table,
        }
    }

    /// The equilibrium at a utilisation offered; the last one where it has none.
    fn equilibrium(&self, offered: f64) -> Equilibrium {
        let index = self.offered.partition_point(|row| *row < offered);
        self.between(index, (&self.offered, offered))
    }

    /// The equilibrium in which so many wait.
    pub(super) fn with_waiting(&self, waiting: f64) -> Equilibrium {
        let index = self.waiting.partition_point(|row| *row < waiting);
        self.between(index, (&self.waiting, waiting))
    }

    /// The same, looked for near another one.
    fn near(&self, waiting: f64, near: &Near) -> Equilibrium {
        self.between(self.row(waiting, near), (&self.waiting, waiting))
    }

    /// What finds no place and how many servers work when so many wait.
    fn flow(&self, waiting: f64, near: &Near) -> (f64, f64) {
        let index = self.row(waiting, near);
        match self.rows(index, (&self.waiting, waiting)) {
            Ok((below, above, part)) => (
                mix(below.refused, above.refused, part),
                mix(below.busy, above.busy, part),
            ),
            Err(last) => (last.refused, last.busy),
        }
    }

    /// The first row with as many waiting or more.
    fn row(&self, waiting: f64, near: &Near) -> usize {
        let rows = &self.waiting;
        let first = near.get().saturating_sub(NEAR);
        let end = (near.get() + NEAR).min(rows.len());
        let is_below = first == 0 || rows[first - 1] < waiting;
        let is_above = end == rows.len() || rows[end] >= waiting;
        let index = if is_below && is_above {
            first + rows[first..end].partition_point(|row| *row < waiting)
        } else {
            rows.partition_point(|row| *row < waiting)
        };
        near.set(index);
        index
    }

    /// How many wait after a step, if `net` more come than go per second at a row, and between rows in
    /// straight lines: the zero of what is too many, which rises from row to row.
    fn solve(
        &self,
        (before, step_s): (f64, f64),
        net: impl Fn(&Equilibrium) -> f64,
        near: &Near,
    ) -> f64 {
        let rows = &self.table;
        let excess = |row: usize| {
            let at = &rows[row].1;
            at.waiting - before - step_s * net(at)
        };
        let is_short = |row: usize| excess(row) < 0.0;
        // The first row that is not short, by strides from the last one that was looked for.
        let (mut first, mut end) = (0, rows.len());
        let mut row = near.get().min(end.saturating_sub(1));
        let mut stride = 1;
        while first < end {
            if is_short(row) {
                first = row + 1;
                row += stride;
            } else {
                end = row;
                row = row.saturating_sub(stride);
            }
            stride *= 2;
            if row < first || row >= end {
                row = usize::midpoint(first, end);
            }
        }
        near.set(first);
        match (first.checked_sub(1), rows.get(first)) {
            // Beyond the last row nothing changes but the number.
            (Some(last), None) => before + step_s * net(&rows[last].1),
            (None, at) => at.map_or(0.0, |(_, at)| at.waiting),
            (Some(below), Some((_, above))) => {
                let (a, b) = (rows[below].1.waiting, above.waiting);
                let (fa, fb) = (excess(below), excess(first));
                a + (b - a) * (fa / (fa - fb))
            }
        }
    }

    /// The rows on both sides of a key, the second one being that with an index, and how far it is
    /// from the first to the second; the last row beyond all.
    fn rows(
        &self,
        index: usize,
        (keys, key): (&[f64], f64),
    ) -> Result<(&Equilibrium, &Equilibrium, f64), Equilibrium> {
        let before = index.saturating_sub(1);
        let (Some((_, above)), Some((_, below))) = (self.table.get(index), self.table.get(before))
        else {
            return Err(self.table.last().map_or(Equilibrium::IDLE, |row| row.1));
        };
        let (a, b) = (keys[before], keys[index]);
        let part = if b > a { (key - a) / (b - a) } else { 1.0 };
        Ok((below, above, part.clamp(0.0, 1.0)))
    }

    /// The table at a key, in straight lines; the outermost rows beyond.
    fn between(&self, index: usize, key: (&[f64], f64)) -> Equilibrium {
        match self.rows(index, key) {
            Ok((below, above, part)) => Equilibrium {
                waiting: mix(below.waiting, above.waiting, part),
                wait_share: mix(below.wait_share, above.wait_share, part),
                wait_squared_cv: mix(below.wait_squared_cv, above.wait_squared_cv, part),
                refused: mix(below.refused, above.refused, part),
                busy: mix(below.busy, above.busy, part),
            },
            Err(last) => last,
        }
    }

    /// The queue at rest; empty where it never comes to rest.
    pub(super) fn at_rest(&self, rate: f64) -> Backlog {
        self.resting(rate, &self.equilibrium(rate / self.capacity))
    }

    /// The same, whose equilibrium is known.
    fn resting(&self, rate: f64, at: &Equilibrium) -> Backlog {
        let last = self.table.last().map_or(0.0, |(offered, _)| *offered);
        if rate > last * self.capacity {
            return Backlog::default();
        }
        Backlog {
            waiting: at.waiting,
            variance: at.wait_squared_cv * at.waiting * at.waiting,
        }
    }

    /// The queue after and during `span_s` in which requests arrive at a rate.
    pub(super) fn pass(&self, start: Backlog, rate: f64, span_s: f64) -> Passage {
        let offered = rate / self.capacity;
        let rest = self.equilibrium(offered);
        let is_near = (start.waiting - rest.waiting).abs() <= 0.01 * rest.waiting + 1e-4;
        let squared_cv = start.squared_cv();
        if offered < QUIET && is_near && squared_cv >= 0.99 * rest.wait_squared_cv {
            let end = self.resting(rate, &rest);
            return Passage {
                mean: end,
                refused: rest.refused,
                busy: rest.busy,
                end,
            };
        }
        let (mut now, mut sums) = (start, Sums::default());
        let steps = (span_s / STEP_S - 1e-9).ceil().max(1.0);
        let step_s = span_s / steps;
        let near = Near::default();
        let mut irregular = self.near(now.waiting, &near).wait_squared_cv;
        for _ in 0..steps as usize {
            let next;
            (next, irregular) = self.step((now, irregular), (rate, step_s), &near);
            let (refused, _) = self.flow(f64::midpoint(now.waiting, next.waiting), &near);
            // What came in and does not wait has gone out.
            let out = rate * (1.0 - refused) - (next.waiting - now.waiting) / step_s;
            let busy = (out / self.capacity).clamp(0.0, 1.0);
            sums.add(&now, &next, (refused, busy));
            now = next;
        }
        sums.over(steps, now)
    }

    /// One step, implicit in the number waiting, so that any step is stable: from a backlog with the
    /// squared coefficient of variation that so many waiting have in equilibrium, to another one with
    /// its own.
    fn step(
        &self,
        (now, irregular): (Backlog, f64),
        (rate, step_s): (f64, f64),
        near: &Near,
    ) -> (Backlog, f64) {
        let empties = now.emptiness(irregular);
        let net = |at: &Equilibrium| {
            let busy = 1.0 - (1.0 - at.busy) * empties;
            rate * (1.0 - at.refused) - self.capacity * busy
        };
        let waiting = self.solve((now.waiting, step_s), net, near);
        let at = self.near(waiting, near);
        let noise = rate * (1.0 - at.refused) + self.capacity * self.squared_cv;
        let moved = Backlog { waiting, ..now };
        let free = 1.0 - moved.emptiness(at.wait_squared_cv);
        let variance = now.variance + step_s * noise * free;
        let next = Backlog {
            waiting,
            variance: variance.min(at.wait_squared_cv * waiting * waiting),
        };
        (next, at.wait_squared_cv)
    }
}

impl Backlog {
    /// Nobody waits.
    pub(super) const NONE: Self = Self {
        waiting: 0.0,
        variance: 0.0,
    };

    /// The squared coefficient of variation; 1 when nobody waits.
    pub(super) fn squared_cv(&self) -> f64 {
        if self.waiting > 1e-9 {
            self.variance / (self.waiting * self.waiting)
        } else {
            1.0
        }
    }

    /// The mean over more pods, which come with nothing to do. Pods that leave take their queue along.
    pub(super) fn spread_over(self, was: u32, is: u32) -> Self {
        if is <= was || is == 0 {
            return self;
        }
        let share = f64::from(was) / f64::from(is);
        let waiting = self.waiting * share;
        // Of all pods, those that were there have the queue.
        let square = (self.variance + self.waiting * self.waiting) * share;
        Self {
            waiting,
            variance: square - waiting * waiting,
        }
    }

    /// How often the queue is empty, compared with an equilibrium of the same mean: as often when
    /// its waits are as irregular, and never when they are all alike. The exponent is that of a normal
    /// distribution cut off at zero.
    fn emptiness(&self, in_equilibrium: f64) -> f64 {
        let relative = self.squared_cv() / in_equilibrium.max(1e-9);
        if relative >= 1.0 {
            return 1.0;
        }
        (-0.6 * (1.0 / relative.max(1e-9) - 1.0)).exp()
    }
}

#[derive(Default)]
struct Sums {
    waiting: f64,
    squares: f64,
    variance: f64,
    refused: f64,
    busy: f64,
}

impl Sums {
    fn add(&mut self, from: &Backlog, to: &Backlog, (refused, busy): (f64, f64)) {
        let (a, b) = (from.waiting, to.waiting);
        self.waiting += f64::midpoint(a, b);
        self.squares += (a * a + a * b + b * b) / 3.0;
        self.variance += f64::midpoint(from.variance, to.variance);
        self.refused += refused;
        self.busy += busy;
    }

    fn over(self, steps: f64, end: Backlog) -> Passage {
        let waiting = self.waiting / steps;
        let spread = (self.squares / steps - waiting * waiting).max(0.0);
        Passage {
            mean: Backlog {
                waiting,
                variance: self.variance / steps + spread,
            },
            refused: self.refused / steps,
            busy: self.busy / steps,
            end,
        }
    }
}

fn mix(a: f64, b: f64, part: f64) -> f64 {
    a + (b - a) * part
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(places: Option<u32>) -> Course {
        // Eight servers at 0.1 s: 80 requests a second.
        let pool = Pool {
            servers: 8,
            places,
            squared_cv: 1.0,
        };
        Course::new(pool, 0.1)
    }

    fn after(course: &Course, mut now: Backlog, rate: f64, cells: usize) -> Passage {
        let mut last = Passage::default();
        for _ in 0..cells {
            last = course.pass(now, rate, 15.0);
            now = last.end;
        }
        last
    }

    #[test]
    fn below_saturation_the_queue_comes_to_rest_where_theory_says() {
        for places in [None, Some(50)] {
            let course = course(places);
            for rate in [20.0, 60.0, 76.0, 79.0] {
                let rest = course.equilibrium(rate / 80.0);
                for start in [0.0, 40.0] {
                    let start = Backlog {
                        waiting: start,
                        variance: 0.0,
                    };
                    let last = after(&course, start, rate, 400);
                    let off = (last.end.waiting / rest.waiting - 1.0).abs();
                    assert!(off < 0.02, "{places:?} {rate}: {last:?} for {rest:?}");
                    let busy = rate * (1.0 - rest.refused) / 80.0;
                    assert!((last.busy - busy).abs() < 0.001, "{rate} {last:?}");
                }
            }
        }
    }

    #[test]
    fn an_overload_piles_up_and_is_worked_off_at_the_capacity() {
        let course = course(None);
        // 40 a second too many for five minutes.
        let full = after(&course, course.at_rest(40.0), 120.0, 20);
        assert!((full.end.waiting / 12_000.0 - 1.0).abs() < 0.01, "{full:?}");
        // Arrivals and departures are Poisson: the variance is 200 a second.
        assert!((full.end.variance / 60_000.0 - 1.0).abs() < 0.1, "{full:?}");
        assert_eq!(full.refused, 0.0);
        // 60 a second too few: 200 s to work it off.
        let half = after(&course, full.end, 20.0, 7);
        assert!(
            (half.end.waiting - (12_000.0 - 105.0 * 60.0)).abs() < 130.0,
            "{half:?}"
        );
        let done = after(&course, full.end, 20.0, 15);
        assert!(done.end.waiting < 0.01, "{done:?}");
    }

    #[test]
    fn a_bounded_queue_refuses_what_it_cannot_take() {
        let course = course(Some(100));
        let full = after(&course, Backlog::default(), 120.0, 4);
        assert!((full.refused - 1.0 / 3.0).abs() < 0.001, "{full:?}");
        assert!(full.end.waiting > 97.0 && full.end.waiting < 100.0);
        // Waits are much alike: a hundred gaps.
        assert!(full.mean.squared_cv() < 0.02, "{full:?}");
        let gone = after(&course, full.end, 20.0, 2);
        assert!(gone.end.waiting < 0.01 && gone.refused < 1e-6, "{gone:?}");
    }
}
