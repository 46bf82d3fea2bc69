//! How many requests arrived, and who got them: one set of random numbers for every policy.
//!
//! Time is cut into cells. The number of requests in a cell is Poisson with the exact integral of
//! the rate, drawn from a stream of its own, so it is the same whatever the policy does. Given that
//! number the requests are independent and distributed over the cell like the rate
//! (order-statistics property of the Poisson process), so the count that falls to any part (an
//! interval, a cohort, a target) is binomial, and disjoint parts are multinomial. The ledger keeps
//! what is left of each cell, which draws that multinomial one part at a time in any order.
//!
//! Over-dispersed arrivals ([`Pattern`]) change the cell's number only. Members of one batch are
//! spread over their cell like all other requests.

use rand_distr::{Distribution, Gamma};

use crate::draw::{binomial, poisson};
use crate::stream::{Purpose, Stream, Streams};
use crate::traffic::Traffic;

/// Below this share of a cell nothing can be left but rounding.
const MASS_EPSILON: f64 = 1e-9;

/// Length of a cell.
pub const CELL_S: f64 = 15.0;

/// How irregular arrivals are: the default is a Poisson process.
///
/// The count of a cell that expects `m` requests has mean `m` and variance
/// `(2 burst - 1) m + dispersion m²`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pattern {
    /// Variance of the gamma-distributed factor of mean one that multiplies the rate.
    pub dispersion: f64,
    /// For how many cells one draw of the factor holds.
    pub correlation_cells: usize,
    /// Mean size of the batches in which requests come; sizes are geometric from one on.
    pub burst: f64,
}

impl Default for Pattern {
    fn default() -> Self {
        Self {
            dispersion: 0.0,
            correlation_cells: 1,
            burst: 1.0,
        }
    }
}

impl Pattern {
    /// A draw of the factor; one, and no draw, without dispersion.
    fn factor(&self, stream: &mut Stream) -> f64 {
        if self.dispersion <= 0.0 {
            return 1.0;
        }
        Gamma::new(1.0 / self.dispersion, self.dispersion).map_or(1.0, |gamma| gamma.sample(stream))
    }

    /// A count with this mean, given the factor.
    fn count(&self, mean: f64, stream: &mut Stream) -> u64 {
        if self.burst <= 1.0 {
            return poisson(mean, stream);
        }
        let batches = poisson(mean / self.burst, stream);
        if batches == 0 {
            return 0;
        }
        // What geometric sizes have above one adds up to a negative binomial count, which is a
        // Poisson count with a gamma-distributed mean.
        let beyond = Gamma::new(batches as f64, self.burst - 1.0);
        let beyond = beyond.map_or(0.0, |gamma| gamma.sample(stream));
        batches + poisson(beyond, stream)
    }
}

/// One cell.
#[derive(Clone, Copy, Debug)]
struct Cell {
    /// Requests that arrived.
    requests: u64,
    /// Expected requests.
    mass: f64,
    /// Requests not yet given to anybody.
    left: u64,
    /// Expected requests of the parts not yet drawn.
    left_mass: f64,
}

/// The arrivals of one replication.
#[derive(Clone, Debug)]
pub struct Arrivals {
    /// For cells from the start on, so that they do not depend on how much history is watched.
    stream: Stream,
    /// For cells before the start.
    history_stream: Stream,
    cell_s: f64,
    /// Where the last cell ends, be it whole or not.
    end_s: f64,
    /// Cells before the start, as many as are watched; drawn when first asked for.
    history_len: usize,
    history: Vec<Cell>,
    cells: Vec<Cell>,
    /// What the cells expect, history first, as far as it was ever asked for; not a number before. The
    /// rate is the same in every replication.
    masses: Vec<f64>,
    pattern: Pattern,
    /// The factors in force where the history's and the later cells have been drawn to.
    factors: [f64; 2],
}

impl Arrivals {
    /// Nothing drawn yet; the first cell begins at `from_s`, which is not after the start, or up to
    /// one cell earlier, and the last ends at `end_s`.
    #[must_use]
    pub fn new(streams: &Streams, (from_s, end_s): (f64, f64), cell_s: f64) -> Self {
        Self {
            stream: streams.get(Purpose::Arrivals),
            history_stream: streams.get(Purpose::History),
            cell_s,
            end_s,
            history_len: (-from_s / cell_s).ceil() as usize,
            history: Vec::new(),
            cells: Vec::new(),
            masses: Vec::new(),
            pattern: Pattern::default(),
            factors: [1.0; 2],
        }
    }

    /// The same with another pattern, before anything is drawn.
    #[must_use]
    pub fn with_pattern(self, pattern: Pattern) -> Self {
        Self { pattern, ..self }
    }

    /// Begins again with other streams, keeping the memory.
    pub fn reset(&mut self, streams: &Streams) {
        self.stream = streams.get(Purpose::Arrivals);
        self.history_stream = streams.get(Purpose::History);
        self.history.clear();
        self.cells.clear();
    }

    /// The cell that holds an instant; a boundary belongs to the later cell.
    #[must_use]
    pub fn index(&self, t_s: f64) -> usize {
        // Negative values saturate to the first cell.
        (t_s / self.cell_s + self.history_len as f64 + 1e-9) as usize
    }

    /// A cell's interval.
    #[inline]
    #[must_use]
    pub fn bounds(&self, index: usize) -> (f64, f64) {
        let from_s = (index as f64 - self.history_len as f64) * self.cell_s;
        (from_s, (from_s + self.cell_s).min(self.end_s))
    }

    /// The number of cells that begin before an instant.
    #[must_use]
    pub fn end(&self, t_s: f64) -> usize {
        (t_s / self.cell_s + self.history_len as f64 - 1e-9).ceil() as usize
    }

    /// A cell, drawn if it is not yet.
    #[inline]
    fn cell(&mut self, index: usize, traffic: &Traffic) -> &mut Cell {
        let in_history = index < self.history_len;
        let drawn = if in_history {
            self.history.len()
        } else {
            self.history_len + self.cells.len()
        };
        if index >= drawn {
            self.draw_to(index, traffic);
        }
        if in_history {
            &mut self.history[index]
        } else {
            &mut self.cells[index - self.history_len]
        }
    }

    /// Draws cells up to one; they are always drawn in order, and the history as a whole.
    fn draw_to(&mut self, index: usize, traffic: &Traffic) {
        let in_history = index < self.history_len;
        let (first, count) = if in_history {
            (0, self.history_len)
        } else {
            (self.history_len, index + 1 - self.history_len)
        };
        let drawn = if in_history {
            self.history.len()
        } else {
            self.cells.len()
        };
        for next in drawn..count {
            let mass = self.mass(first + next, traffic);
            let (stream, cells) = if in_history {
                (&mut self.history_stream, &mut self.history)
            } else {
                (&mut self.stream, &mut self.cells)
            };
            let factor = &mut self.factors[usize::from(!in_history)];
            if next % self.pattern.correlation_cells.max(1) == 0 {
                *factor = self.pattern.factor(stream);
            }
            let requests = self.pattern.count(mass * *factor, stream);
            cells.push(Cell {
                requests,
                mass,
                left: requests,
                left_mass: mass,
            });
        }
    }

    /// Expected requests of a cell.
    #[inline]
    pub fn mass(&mut self, index: usize, traffic: &Traffic) -> f64 {
        match self.masses.get(index) {
            Some(mass) if !mass.is_nan() => *mass,
            _ => self.integrate(index, traffic),
        }
    }

    #[cold]
    fn integrate(&mut self, index: usize, traffic: &Traffic) -> f64 {
        let (from_s, to_s) = self.bounds(index);
        let mass = traffic.integral(from_s, to_s);
        let len = self.masses.len().max(index + 1);
        self.masses.resize(len, f64::NAN);
        self.masses[index] = mass;
        mass
    }

    /// Draws how many of a cell's requests fall to a part that expects `mass` of them. Parts must
    /// be disjoint.
    #[inline]
    pub fn take(&mut self, index: usize, mass: f64, traffic: &Traffic, stream: &mut Stream) -> u64 {
        if mass <= 0.0 {
            return 0;
        }
        let cell = self.cell(index, traffic);
        let share = if mass >= cell.left_mass - MASS_EPSILON * cell.mass {
            1.0
        } else {
            mass / cell.left_mass
        };
        let count = binomial(cell.left, share, stream);
        cell.left -= count;
        cell.left_mass -= mass;
        count
    }

    /// Requests that arrived in the cells from the one that holds `from_s` to the last that begins
    /// before `to_s`.
    pub fn total(&mut self, from_s: f64, to_s: f64, traffic: &Traffic) -> u64 {
        let cells = self.index(from_s)..self.end(to_s);
        if cells.is_empty() {
            return 0;
        }
        let Some(first) = cells.start.checked_sub(self.history_len) else {
            return cells.map(|index| self.cell(index, traffic).requests).sum();
        };
        self.cell(cells.end - 1, traffic);
        let drawn = &self.cells[first..cells.end - self.history_len];
        drawn.iter().map(|cell| cell.requests).sum()
    }

    /// The first cell after one that does not lie before an instant as a whole.
    pub(crate) fn whole_before(&self, cell: usize, t_s: f64) -> usize {
        let end = self.index(t_s);
        if end > cell && self.bounds(end - 1).1 > t_s {
            return end - 1;
        }
        end.max(cell)
    }

    /// Requests of one cell.
    pub fn count(&mut self, index: usize, traffic: &Traffic) -> u64 {
        self.cell(index, traffic).requests
    }

    /// All of a cell: requests, and their expectation.
    pub fn drawn(&mut self, index: usize, traffic: &Traffic) -> (u64, f64) {
        let cell = self.cell(index, traffic);
        (cell.requests, cell.mass)
    }

    /// What is left of a cell: requests, and their expectation.
    pub fn left(&mut self, index: usize, traffic: &Traffic) -> (u64, f64) {
        let cell = self.cell(index, traffic);
        (cell.left, cell.left_mass)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::Seed;

    #[test]
    fn disjoint_parts_use_up_the_cell_and_have_the_right_means() {
        let traffic = Traffic::constant(20.0);
        let mut sums = [0_u64; 3];
        for replication in 0..2_000 {
            let streams = Streams::new(Seed(3), "arrivals", replication);
            let mut arrivals = Arrivals::new(&streams, (0.0, 15.0), 15.0);
            let mut stream = streams.get(Purpose::Harm);
            let total = arrivals.total(0.0, 15.0, &traffic);
            let parts =
                [30.0, 120.0, 150.0].map(|mass| arrivals.take(0, mass, &traffic, &mut stream));
            assert_eq!(parts.iter().sum::<u64>(), total);
            sums.iter_mut()
                .zip(parts)
                .for_each(|(sum, part)| *sum += part);
        }
        for (sum, mean) in sums.iter().zip([30.0, 120.0, 150.0]) {
            // Each part is Poisson: the mean of 2,000 has standard deviation sqrt(mean / 2000).
            let error = (*sum as f64 / 2_000.0 - mean).abs();
            assert!(error < 4.0 * f64::sqrt(mean / 2_000.0), "{sum} for {mean}");
        }
    }

    /// Mean and variance of a cell's count, and the covariance of neighbours.
    fn moments(pattern: Pattern) -> (f64, f64, f64) {
        let traffic = Traffic::constant(4.0);
        let pairs: Vec<(f64, f64)> = (0..20_000)
            .map(|replication| {
                let streams = Streams::new(Seed(5), "pattern", replication);
                let arrivals = Arrivals::new(&streams, (0.0, 30.0), 15.0);
                let mut arrivals = arrivals.with_pattern(pattern);
                let first = arrivals.total(0.0, 15.0, &traffic) as f64;
                (first, arrivals.total(15.0, 30.0, &traffic) as f64)
            })
            .collect();
        let mean = |f: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(f).sum::<f64>() / 20_000.0;
        let (a, b) = (mean(&|pair| pair.0), mean(&|pair| pair.1));
        (
            a,
            mean(&|pair| (pair.0 - a).powi(2)),
            mean(&|pair| (pair.0 - a) * (pair.1 - b)),
        )
    }

    /// Cells expect 60: variance (2 burst - 1) 60 + dispersion 60², covariance of cells under one
    /// factor dispersion 60². With 20,000 pairs a mean is within four standard errors and second
    /// moments, whose relative error is near 0.012 for these tails, within 6 % of the variance.
    #[test]
    fn counts_have_the_stated_moments() {
        for (dispersion, correlation_cells, burst) in [
            (0.0, 1, 1.0),
            (0.2, 1, 1.0),
            (0.2, 2, 1.0),
            (0.0, 1, 3.0),
            (0.1, 2, 2.5),
        ] {
            let pattern = Pattern {
                dispersion,
                correlation_cells,
                burst,
            };
            let (mean, variance, covariance) = moments(pattern);
            let shared = dispersion * 3600.0;
            let wanted = (2.0 * burst - 1.0) * 60.0 + shared;
            assert!(
                (mean - 60.0).abs() < 4.0 * (wanted / 20_000.0).sqrt(),
                "{pattern:?}: {mean}"
            );
            assert!(
                (variance / wanted - 1.0).abs() < 0.06,
                "{pattern:?}: {variance} {wanted}"
            );
            let joint = if correlation_cells == 2 { shared } else { 0.0 };
            assert!(
                (covariance - joint).abs() < 0.06 * wanted,
                "{pattern:?}: {covariance}"
            );
        }
    }

    /// Whoever takes what, and in whatever order: the arrivals stay the same.
    #[test]
    fn irregular_arrivals_do_not_depend_on_who_asks_first() {
        let pattern = Pattern {
            dispersion: 0.3,
            correlation_cells: 4,
            burst: 2.0,
        };
        let traffic = Traffic::constant(5.0);
        let streams = Streams::new(Seed(3), "arrivals", 1);
        let arrivals = Arrivals::new(&streams, (-600.0, 3600.0), 15.0).with_pattern(pattern);
        let (mut a, mut b) = (arrivals.clone(), arrivals);
        let mut stream = streams.get(Purpose::Harm);
        b.take(70, 3.0, &traffic, &mut stream);
        b.take(20, 9.0, &traffic, &mut stream);
        for (from, to) in [(0.0, 900.0), (-600.0, 0.0), (900.0, 3600.0)] {
            assert_eq!(a.total(from, to, &traffic), b.total(from, to, &traffic));
        }
        b.reset(&streams);
        assert_eq!(a.total(0.0, 900.0, &traffic), b.total(0.0, 900.0, &traffic));
    }

    #[test]
    fn arrivals_do_not_depend_on_who_asks_first() {
        let traffic = Traffic::constant(5.0);
        let streams = Streams::new(Seed(3), "arrivals", 1);
        let mut a = Arrivals::new(&streams, (-600.0, 3600.0), 15.0);
        let mut b = a.clone();
        let mut stream = streams.get(Purpose::Harm);
        b.take(70, 3.0, &traffic, &mut stream);
        assert_eq!(a.total(0.0, 900.0, &traffic), b.total(0.0, 900.0, &traffic));
    }

    #[test]
    fn the_last_cell_ends_where_the_watching_ends() {
        let traffic = Traffic::constant(200.0);
        let streams = Streams::new(Seed(3), "arrivals", 1);
        let mut arrivals = Arrivals::new(&streams, (0.0, 70.0), 15.0);
        let total = arrivals.total(0.0, 70.0, &traffic) as f64;
        // Poisson with a mean of 14,000: four standard deviations are 473.
        assert!((total - 14_000.0).abs() < 480.0, "{total}");
    }
}
