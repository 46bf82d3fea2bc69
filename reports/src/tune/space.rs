//! Points of a grid: for each knob one of its values.

use std::collections::BTreeSet;

use coalmine_sim::stream::{Purpose, Seed, Streams};
use rand::RngExt;

/// How many values each knob has, and which holds today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space {
    /// Values of each knob.
    pub sizes: Vec<usize>,
    /// Which of them holds today; `None` where today's is none of them.
    pub today: Vec<Option<usize>>,
}

/// One value for each knob; `None` leaves it as it is today, whatever that is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Point(pub Vec<Option<usize>>);

impl Space {
    /// The policy as it is today: a point of the grid where all of its values are.
    #[must_use]
    pub fn today(&self) -> Point {
        Point(self.today.clone())
    }

    /// Whether a point is one of the grid.
    #[must_use]
    pub fn holds(&self, point: &Point) -> bool {
        point.0.iter().all(Option::is_some)
    }

    /// How many points there are; saturates.
    #[must_use]
    pub fn len(&self) -> usize {
        let product = self
            .sizes
            .iter()
            .try_fold(1_usize, |n, size| n.checked_mul(*size));
        product.unwrap_or(usize::MAX)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// About `count` points to begin with: all there are if they are so few; else today's, corners,
    /// the ends of each knob around today's, and a space-filling sequence.
    #[must_use]
    pub fn beginning(&self, count: usize, seed: u64) -> Vec<Point> {
        if self.len() <= count {
            return self.all();
        }
        let mut chosen = Chosen::default();
        if self.holds(&self.today()) {
            chosen.add(self.today());
            // One knob at a time: what each is worth by itself.
            for (knob, size) in self.sizes.iter().enumerate() {
                for end in [0, size - 1] {
                    let mut point = self.today();
                    point.0[knob] = Some(end);
                    chosen.add(point);
                }
            }
        }
        self.corners(count / 4)
            .into_iter()
            .for_each(|point| chosen.add(point));
        let mut sequence = Halton::new(self.sizes.len(), seed);
        // A coarse grid repeats itself.
        for _ in 0..count.saturating_mul(20) {
            if chosen.points.len() >= count {
                break;
            }
            let at = sequence.next();
            let index =
                |(x, size): (&f64, &usize)| Some(((x * *size as f64) as usize).min(size - 1));
            chosen.add(Point(at.iter().zip(&self.sizes).map(index).collect()));
        }
        chosen.points.truncate(count);
        chosen.points
    }

    fn all(&self) -> Vec<Point> {
        let mut all = vec![Vec::new()];
        for size in &self.sizes {
            all = all
                .into_iter()
                .flat_map(|head: Vec<Option<usize>>| {
                    (0..*size).map(move |index| {
                        let mut point = head.clone();
                        point.push(Some(index));
                        point
                    })
                })
                .collect();
        }
        all.into_iter().map(Point).collect()
    }

    /// All corners where they are at most so many, else those of least and of most.
    fn corners(&self, most: usize) -> Vec<Point> {
        let knobs = self.sizes.len();
        let all = 1_usize.checked_shl(knobs as u32).filter(|all| *all <= most);
        let corner = |bits: usize| {
            let end = |(knob, size): (usize, &usize)| {
                Some(if bits >> knob & 1 == 1 { size - 1 } else { 0 })
            };
            Point(self.sizes.iter().enumerate().map(end).collect())
        };
        match all {
            Some(all) => (0..all).map(corner).collect(),
            None => vec![
                Point(vec![Some(0); knobs]),
                Point(self.sizes.iter().map(|size| Some(size - 1)).collect()),
            ],
        }
    }

    /// The points with one knob back at today's value, where they have another.
    #[must_use]
    pub fn back_to_today(&self, point: &Point) -> Vec<Point> {
        let knobs = point.0.iter().zip(&self.today).enumerate();
        let other = knobs.filter(|(_, (own, today))| today.is_some() && own != today);
        let back = other.map(|(knob, (_, today))| {
            let mut next = point.clone();
            next.0[knob] = *today;
            next
        });
        back.collect()
    }

    /// Two points crossed: half of the knobs of one with half of the other's, in two ways.
    #[must_use]
    pub fn crossed(&self, one: &Point, other: &Point) -> Vec<Point> {
        let half = self.sizes.len().div_ceil(2);
        let cross = |pick: &dyn Fn(usize) -> bool| {
            let pairs = one.0.iter().zip(&other.0).enumerate();
            Point(
                pairs
                    .map(|(knob, (a, b))| if pick(knob) { *a } else { *b })
                    .collect(),
            )
        };
        let mut all = vec![
            cross(&|knob| knob < half),
            cross(&|knob| knob.is_multiple_of(2)),
        ];
        all.retain(|point| point != one && point != other);
        all
    }

    /// The points one step away on one knob.
    #[must_use]
    pub fn neighbours(&self, point: &Point) -> Vec<Point> {
        let mut found = Vec::new();
        for (knob, size) in self.sizes.iter().enumerate() {
            let Some(at) = point.0.get(knob).copied().flatten() else {
                continue;
            };
            let steps = [at.checked_sub(1), Some(at + 1).filter(|next| next < size)];
            for step in steps.into_iter().flatten() {
                let mut next = point.clone();
                next.0[knob] = Some(step);
                found.push(next);
            }
        }
        found
    }
}

/// Points in the order they came, each once.
#[derive(Default)]
struct Chosen {
    points: Vec<Point>,
    known: BTreeSet<Point>,
}

impl Chosen {
    fn add(&mut self, point: Point) {
        if self.known.insert(point.clone()) {
            self.points.push(point);
        }
    }
}

/// Halton's sequence (Numerische Mathematik 2 (1960) 84), moved around by a random offset (Cranley
/// and Patterson 1976), so that another seed begins elsewhere.
struct Halton {
    offsets: Vec<f64>,
    index: u64,
}

const PRIMES: [u64; 24] = [
    2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89,
];

impl Halton {
    fn new(knobs: usize, seed: u64) -> Self {
        let mut luck = Streams::new(Seed(seed), "tune", 0).get(Purpose::Search);
        let offsets = (0..knobs).map(|_| luck.random::<f64>()).collect();
        Self { offsets, index: 0 }
    }

    fn next(&mut self) -> Vec<f64> {
        self.index += 1;
        let at = |(knob, offset): (usize, &f64)| {
            let base = PRIMES[knob % PRIMES.len()];
            (radical_inverse(self.index, base) + offset).fract()
        };
        self.offsets.iter().enumerate().map(at).collect()
    }
}

/// The digits of a number, mirrored at the point.
fn radical_inverse(mut n: u64, base: u64) -> f64 {
    let (mut value, mut digit) = (0.0, 1.0 / base as f64);
    while n > 0 {
        value += (n % base) as f64 * digit;
        n /= base;
        digit /= base as f64;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(sizes: &[usize]) -> Space {
        Space {
            sizes: sizes.to_vec(),
            today: sizes.iter().map(|size| Some(size / 2)).collect(),
        }
    }

    #[test]
    fn a_small_grid_is_tried_whole() {
        let all = space(&[3, 4]).beginning(12, 1);
        assert_eq!(all.len(), 12);
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 12);
    }

    #[test]
    fn a_large_grid_is_filled_evenly_with_today_and_corners_first() {
        let space = space(&[8, 8, 8]);
        let points = space.beginning(64, 1);
        assert_eq!((points.len(), &points[0]), (64, &space.today()));
        assert_eq!(points.iter().collect::<BTreeSet<_>>().len(), 64);
        assert!(points.contains(&Point(vec![Some(0); 3])));
        assert!(points.contains(&Point(vec![Some(0), Some(7), Some(0)])));
        // Every value of every knob is tried at least thrice.
        for knob in 0..3 {
            for value in 0..8 {
                let count = points.iter().filter(|p| p.0[knob] == Some(value)).count();
                assert!(count >= 3, "{knob} {value}: {count}");
            }
        }
        assert_eq!(points, space.beginning(64, 1));
        assert_ne!(points, space.beginning(64, 2));
    }

    #[test]
    fn today_may_be_outside_the_grid() {
        let mut space = space(&[5, 5]);
        space.today[1] = None;
        assert!(!space.holds(&space.today()));
        assert!(
            space
                .beginning(10, 1)
                .iter()
                .all(|point| space.holds(point))
        );
    }

    #[test]
    fn neighbours_are_one_step_away_and_inside() {
        let space = space(&[3, 2, 1]);
        let of = |point: [usize; 3]| {
            let all = space.neighbours(&Point(point.map(Some).to_vec()));
            all.iter()
                .map(|p| p.0.iter().flatten().copied().collect::<Vec<_>>())
                .collect::<Vec<_>>()
        };
        assert_eq!(of([1, 0, 0]), [[0, 0, 0], [2, 0, 0], [1, 1, 0]]);
        assert_eq!(of([2, 1, 0]), [[1, 1, 0], [2, 0, 0]]);
        let (one, other) = (
            Point(vec![Some(0); 3]),
            Point(vec![Some(2), Some(1), Some(0)]),
        );
        assert_eq!(
            space.back_to_today(&one),
            [
                Point(vec![Some(1), Some(0), Some(0)]),
                Point(vec![Some(0), Some(1), Some(0)])
            ]
        );
        let all = space.crossed(&one, &other);
        assert!(
            all.iter()
                .all(|point| *point != one && *point != other && space.holds(point))
        );
        assert_eq!(all.len(), 1);
    }
}
