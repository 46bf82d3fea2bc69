//! How many requests arrived, and who got them: one set of random numbers for every policy.
//!
//! Time is cut into cells. The number of requests in a cell is Poisson with the exact integral of
//! the rate, drawn from a stream of its own, so it is the same whatever the policy does. Given that
//! number the requests are independent and distributed over the cell like the rate
//! (order-statistics property of the Poisson process), so the count that falls to any part (an
//! interval, a cohort, a target) is binomial, and disjoint parts are multinomial. The ledger keeps
//! what is left of each cell, which draws that multinomial one part at a time in any order.

use crate::draw::{binomial, poisson};
use crate::stream::Stream;
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
    stream: Stream,
    from_s: f64,
    cell_s: f64,
    cells: Vec<Cell>,
}

impl Arrivals {
    /// Nothing drawn yet; the first cell begins at `from_s` seconds since the start.
    #[must_use]
    pub fn new(stream: Stream, from_s: f64, cell_s: f64) -> Self {
        Self {
            stream,
            from_s,
            cell_s,
            cells: Vec::new(),
        }
    }

    /// Begins again with another stream, keeping the memory.
    pub fn reset(&mut self, stream: Stream) {
        self.stream = stream;
        self.cells.clear();
    }

    /// The cell that holds an instant; a boundary belongs to the later cell.
    #[must_use]
    pub fn index(&self, t_s: f64) -> usize {
        // Negative values saturate to the first cell.
        ((t_s - self.from_s) / self.cell_s + 1e-9) as usize
    }

    /// A cell's interval.
    #[must_use]
    pub fn bounds(&self, index: usize) -> (f64, f64) {
        let from_s = self.from_s + index as f64 * self.cell_s;
        (from_s, from_s + self.cell_s)
    }

    /// Draws the cells up to this one, in order.
    fn ensure(&mut self, index: usize, traffic: &Traffic) {
        while self.cells.len() <= index {
            let (from_s, to_s) = self.bounds(self.cells.len());
            let mass = traffic.integral(from_s, to_s);
            let requests = poisson(mass, &mut self.stream);
            self.cells.push(Cell {
                requests,
                mass,
                left: requests,
                left_mass: mass,
            });
        }
    }

    /// Draws how many of a cell's requests fall to a part that expects `mass` of them. Parts must
    /// be disjoint.
    pub fn take(&mut self, index: usize, mass: f64, traffic: &Traffic, stream: &mut Stream) -> u64 {
        if mass <= 0.0 {
            return 0;
        }
        self.ensure(index, traffic);
        let cell = &mut self.cells[index];
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

    /// Requests that arrived in the cells before `to_s`.
    pub fn total(&mut self, from_s: f64, to_s: f64, traffic: &Traffic) -> u64 {
        let (first, end) = (self.index(from_s), self.index(to_s));
        if end > first {
            self.ensure(end - 1, traffic);
        }
        self.cells[first..end]
            .iter()
            .map(|cell| cell.requests)
            .sum()
    }

    /// What is left of a cell: requests, and their expectation.
    pub fn left(&mut self, index: usize, traffic: &Traffic) -> (u64, f64) {
        self.ensure(index, traffic);
        (self.cells[index].left, self.cells[index].left_mass)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::{Purpose, Seed, Streams};

    #[test]
    fn disjoint_parts_use_up_the_cell_and_have_the_right_means() {
        let traffic = Traffic::constant(20.0);
        let mut sums = [0_u64; 3];
        for replication in 0..2_000 {
            let streams = Streams::new(Seed(3), "arrivals", replication);
            let mut arrivals = Arrivals::new(streams.get(Purpose::Arrivals), 0.0, 15.0);
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
        let mut a = Arrivals::new(streams.get(Purpose::Arrivals), -600.0, 15.0);
        let mut b = a.clone();
        let mut stream = streams.get(Purpose::Harm);
        b.take(70, 3.0, &traffic, &mut stream);
        assert_eq!(a.total(0.0, 900.0, &traffic), b.total(0.0, 900.0, &traffic));
    }
}
