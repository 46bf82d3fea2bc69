//! How many requests arrived, and who got them: one set of random numbers for every policy.
//!
//! Time is cut into cells. The number of requests in a cell is Poisson with the exact integral of
//! the rate, drawn from a stream of its own, so it is the same whatever the policy does. Given that
//! number the requests are independent and distributed over the cell like the rate
//! (order-statistics property of the Poisson process), so the count that falls to any part (an
//! interval, a cohort, a target) is binomial, and disjoint parts are multinomial. The ledger keeps
//! what is left of each cell, which draws that multinomial one part at a time in any order.

use crate::draw::{binomial, poisson};
use crate::stream::{Purpose, Stream, Streams};
use crate::traffic::Traffic;

/// Below this share of a cell nothing can be left but rounding.
const MASS_EPSILON: f64 = 1e-9;

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
        }
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

    /// A cell, drawn if it is not yet; cells are always drawn in order.
    fn cell(&mut self, index: usize, traffic: &Traffic) -> &mut Cell {
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
            let (from_s, to_s) = self.bounds(first + next);
            let mass = traffic.integral(from_s, to_s);
            let (stream, cells) = if in_history {
                (&mut self.history_stream, &mut self.history)
            } else {
                (&mut self.stream, &mut self.cells)
            };
            let requests = poisson(mass, stream);
            cells.push(Cell {
                requests,
                mass,
                left: requests,
                left_mass: mass,
            });
        }
        if in_history {
            &mut self.history[index]
        } else {
            &mut self.cells[index - self.history_len]
        }
    }

    /// Draws how many of a cell's requests fall to a part that expects `mass` of them. Parts must
    /// be disjoint.
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
        cells.map(|index| self.cell(index, traffic).requests).sum()
    }

    /// Requests of one cell.
    pub fn count(&mut self, index: usize, traffic: &Traffic) -> u64 {
        self.cell(index, traffic).requests
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
