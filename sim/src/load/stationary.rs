//! A pod's queue in equilibrium: M/G/c with a bounded number of waiting places.
//!
//! While servers are free the queue is the M/M/c queue, whose states are proportional to a^n / n!
//! (a requests offered per mean service time). While all c are busy the number waiting falls off
//! geometrically, with a ratio that gives an unbounded queue the mean of Allen and Cunneen (1990):
//! Erlang's probability of waiting, and (1 + cv²)/2 times the mean wait of M/M/c. Cut off at the last
//! waiting place, that is exact for M/M/c/K, for M/G/c/c (Erlang's loss formula does not depend on the
//! distribution), and keeps what comes in equal to what goes out for all others.

/// What bounds a pod's work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pool {
    /// Requests that are worked on at once.
    pub servers: u32,
    /// Waiting places; unbounded when `None`.
    pub places: Option<u32>,
    /// Squared coefficient of variation of the service time.
    pub squared_cv: f64,
}

/// A pod's queue in equilibrium.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Equilibrium {
    /// Requests waiting, on average.
    pub waiting: f64,
    /// Share of the admitted requests that wait.
    pub wait_share: f64,
    /// Squared coefficient of variation of the wait of those who wait.
    pub wait_squared_cv: f64,
    /// Share of the requests that find no place.
    pub refused: f64,
    /// Share of the servers that work.
    pub busy: f64,
}

impl Equilibrium {
    /// Nothing to do.
    pub(super) const IDLE: Self = Self {
        waiting: 0.0,
        wait_share: 0.0,
        wait_squared_cv: 1.0,
        refused: 0.0,
        busy: 0.0,
    };
}

impl Pool {
    /// The equilibrium at a utilisation offered (rate × mean service time / servers); at one and
    /// above only bounded queues have one.
    #[must_use]
    pub(super) fn equilibrium(&self, offered: f64) -> Equilibrium {
        let all_busy = self.all_busy(offered);
        let spread = f64::midpoint(1.0, self.squared_cv);
        // Ratios of neighbouring states: the first waiting request to none, and all further.
        let ratio = ((spread - 1.0 + offered) / spread).max(0.0);
        let first = if ratio > 0.0 {
            offered / spread
        } else {
            // At most one waits, at loads below a half; as often as with exponential service.
            offered / (1.0 - offered)
        };
        let line = Line::new(first, ratio, self.places);
        // States with all servers busy, relative to those with a free one, whose mass is 1.
        let mass = all_busy * line.mass;
        let busy_share = if mass.is_finite() {
            mass / (1.0 + mass)
        } else {
            1.0
        };
        // What is not refused is what the servers finish.
        let refused = (busy_share * line.refused).clamp(0.0, 1.0);
        let admitted = (1.0 - refused).max(f64::MIN_POSITIVE);
        Equilibrium {
            waiting: busy_share * line.mean,
            wait_share: ((busy_share - refused) / admitted).clamp(0.0, 1.0),
            wait_squared_cv: line.squared_cv(),
            refused,
            busy: (offered * admitted).min(1.0),
        }
    }

    /// The probability of the state with all servers busy and nobody waiting, over that of all states
    /// with a free server.
    fn all_busy(&self, offered: f64) -> f64 {
        let load = f64::from(self.servers) * offered;
        if load <= 0.0 {
            return 0.0;
        }
        // 1 / Erlang B by its recursion; Erlang B is m / (1 + m).
        let inverse =
            (1..=self.servers).fold(1.0, |inverse: f64, k| 1.0 + inverse * f64::from(k) / load);
        1.0 / (inverse - 1.0).max(1e-300)
    }
}

/// The number waiting while all servers are busy: weights 1, f, f r, f r², …
struct Line {
    /// Sum of the weights; infinite when it is beyond every measure.
    mass: f64,
    /// The share of the sum by which more comes in than goes out: r to the power of the places.
    refused: f64,
    /// Mean number waiting.
    mean: f64,
    /// Mean and variance of the position that an admitted request takes, counted from 1.
    position: (f64, f64),
}

/// Weights are scaled down beyond this.
const HEAVY: f64 = 1e200;

impl Line {
    fn new(first: f64, ratio: f64, places: Option<u32>) -> Self {
        match places {
            None => Self::unbounded(first, ratio),
            Some(places) => Self::bounded(first, ratio, places),
        }
    }

    fn unbounded(first: f64, ratio: f64) -> Self {
        let left = (1.0 - ratio).max(1e-12);
        let mass = 1.0 + first / left;
        Self {
            mass,
            refused: 0.0,
            mean: first / (left * left) / mass,
            position: (1.0 / left, ratio / (left * left)),
        }
    }

    fn bounded(first: f64, ratio: f64, places: u32) -> Self {
        let (mut weight, mut power, mut mass, mut sum) = (1.0, 1.0, 1.0, 0.0);
        let (mut admitted, mut positions, mut squares) = (0.0, 0.0, 0.0);
        let mut is_scaled = false;
        for j in 1..=places {
            let position = f64::from(j);
            // Who finds j - 1 waiting becomes the j-th.
            admitted += weight;
            positions += weight * position;
            squares += weight * position * position;
            weight *= if j == 1 { first } else { ratio };
            power *= ratio;
            mass += weight;
            sum += weight * position;
            if mass > HEAVY {
                is_scaled = true;
                for value in [&mut weight, &mut power, &mut mass, &mut sum] {
                    *value /= HEAVY;
                }
                for value in [&mut admitted, &mut positions, &mut squares] {
                    *value /= HEAVY;
                }
            }
        }
        let (admitted, refused) = (f64::max(admitted, 1e-300), power / mass);
        let mean = positions / admitted;
        Self {
            mean: sum / mass,
            mass: if is_scaled { f64::INFINITY } else { mass },
            refused,
            position: (mean, (squares / admitted - mean * mean).max(0.0)),
        }
    }

    /// A wait is the sum of as many gaps between departures as the position says.
    fn squared_cv(&self) -> f64 {
        let (mean, variance) = self.position;
        ((mean + variance) / (mean * mean).max(1e-300)).clamp(1e-6, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(servers: u32, places: Option<u32>, squared_cv: f64) -> Pool {
        Pool {
            servers,
            places,
            squared_cv,
        }
    }

    /// Mean wait over mean service time, by Little's law.
    fn mean_wait(pool: Pool, offered: f64) -> f64 {
        let load = f64::from(pool.servers) * offered;
        pool.equilibrium(offered).waiting / load
    }

    #[test]
    fn unbounded_queues_are_those_of_the_textbooks() {
        // M/M/1: rho / (1 - rho); M/D/1: half of it; M/G/1: Pollaczek and Khinchine.
        for (squared_cv, factor) in [(1.0, 1.0), (0.0, 0.5), (3.0, 2.0)] {
            for offered in [0.5, 0.8, 0.95, 0.999] {
                let exact = factor * offered / (1.0 - offered);
                let wait = mean_wait(pool(1, None, squared_cv), offered);
                assert!((wait / exact - 1.0).abs() < 1e-9, "{squared_cv} {offered}");
            }
        }
        // M/M/2 at 0.75: C = 9/14, so W = C / (2 (1 - rho)) = 9/7; M/M/8 at 0.8 from Erlang's tables.
        let two = pool(2, None, 1.0).equilibrium(0.75);
        assert!((two.wait_share - 9.0 / 14.0).abs() < 1e-12);
        assert!((mean_wait(pool(2, None, 1.0), 0.75) - 9.0 / 7.0).abs() < 1e-12);
        let eight = pool(8, None, 1.0).equilibrium(0.8);
        assert!(
            (eight.wait_share - 0.4576).abs() < 0.001,
            "{}",
            eight.wait_share
        );
        assert!((eight.wait_squared_cv - 1.0).abs() < 1e-9);
        assert!((eight.busy - 0.8).abs() < 1e-12);
    }

    /// Against the stationary distribution of M/M/c/c+K, solved state by state.
    #[test]
    fn bounded_queues_with_exponential_service_are_exact() {
        for (servers, places) in [(1, 0), (1, 5), (4, 10), (8, 100)] {
            for offered in [0.3, 0.9, 1.0, 1.3, 4.0] {
                let load = f64::from(servers) * offered;
                let mut states = vec![1.0_f64];
                for n in 1..=servers + places {
                    let down = f64::from(n.min(servers));
                    states.push(states[states.len() - 1] * load / down);
                }
                let whole: f64 = states.iter().sum();
                let share = |n: u32| states[n as usize] / whole;
                let waiting: f64 = (0..=places)
                    .map(|j| f64::from(j) * share(servers + j))
                    .sum();
                let refused = share(servers + places);
                let wait: f64 = (servers..servers + places).map(share).sum();
                let found = pool(servers, Some(places), 1.0).equilibrium(offered);
                let close = |a: f64, b: f64| (a - b).abs() < 1e-9 * (1.0 + b);
                assert!(
                    close(found.waiting, waiting),
                    "{servers} {places} {offered}"
                );
                assert!(
                    close(found.refused, refused),
                    "{servers} {places} {offered}"
                );
                assert!(close(found.wait_share, wait / (1.0 - refused)));
                assert!(close(found.busy, offered * (1.0 - refused)));
            }
        }
    }

    #[test]
    fn loss_does_not_depend_on_the_distribution_and_the_hopeless_stay_finite() {
        for squared_cv in [0.0, 1.0, 5.0] {
            let found = pool(8, Some(0), squared_cv).equilibrium(0.9);
            // Erlang B for 7.2 Erlang on 8 servers.
            let terms = (1..=8).scan(1.0, |term, n| {
                *term *= 7.2 / f64::from(n);
                Some(*term)
            });
            let terms: Vec<f64> = std::iter::once(1.0).chain(terms).collect();
            let lost = terms[8] / terms.iter().sum::<f64>();
            assert!((found.refused - lost).abs() < 1e-12, "{}", found.refused);
        }
        for squared_cv in [0.0, 1.0, 5.0] {
            for places in [1, 100, 100_000] {
                let found = pool(8, Some(places), squared_cv).equilibrium(30.0);
                assert!(
                    (found.refused - (1.0 - 1.0 / 30.0)).abs() < 1e-3,
                    "{found:?}"
                );
                assert!(found.waiting <= f64::from(places));
                assert!(found.waiting > 0.8 * f64::from(places));
            }
        }
    }
}
