//! An exact test over a planned number of looks: the false-alarm rate α is spent look by look.
//!
//! Given how many requests failed in an interval, the canary's are binomial with θ = n_c ρ₀/(n_c ρ₀ + n_s) at
//! the margin. So the distribution of their sum over the looks is known without knowing any base rate, and
//! the smallest boundary can be found that is crossed with no more than what may be spent by now. What a
//! quiet night leaves unspent is carried on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::look::Look;
use super::numeric::binomial;

/// How the false-alarm rate is spread over the looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Spending {
    /// α t.
    #[default]
    Linear,
    /// α √t: sooner.
    Root,
    /// α ln(1 + (e − 1) t), like Pocock's boundaries.
    Pocock,
}

impl Spending {
    /// What may be spent by a part `t` of the looks.
    fn by(self, t: f64) -> f64 {
        match self {
            Self::Linear => t,
            Self::Root => t.sqrt(),
            Self::Pocock => (1.0 + (std::f64::consts::E - 1.0) * t).ln(),
        }
    }
}

/// What the test is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The margin: the canary may fail so many times as often as the control.
    pub rho_0: f64,
    /// The chance of ever rolling a release back that is within the margin.
    pub alpha: f64,
    /// Looks that are planned.
    pub looks: u32,
    /// Never with fewer errors of the canary.
    pub least_errors: u64,
    /// How α is spread.
    pub spending: Spending,
}

/// The test, as far as it has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    plan: Plan,
    seen: u32,
    /// P(no alarm so far, and so many errors of the canary), by number, at the margin.
    pmf: Vec<f64>,
    used: f64,
    errors: u64,
}

/// A look's boundary.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Boundary {
    /// Errors of the canary so far.
    pub errors: u64,
    /// So many, or more, are an alarm.
    pub critical: u64,
    /// What was spent of α so far.
    pub spent: f64,
}

impl Boundary {
    /// Whether the boundary is crossed.
    #[must_use]
    pub const fn is_crossed(&self) -> bool {
        self.errors >= self.critical
    }
}

impl Spent {
    /// The test before its first look.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        Self {
            plan,
            seen: 0,
            pmf: vec![1.0],
            used: 0.0,
            errors: 0,
        }
    }

    /// Adds a look whose errors clump by the factor `phi`: then so many fewer count.
    pub fn add(&mut self, look: &Look, phi: f64) -> Boundary {
        self.seen += 1;
        let single = |e: u64| (e as f64 / phi).round() as u64;
        let (e_c, e_s) = (single(look.canary.e), single(look.control.e));
        if !look.is_empty() {
            let n_c = look.canary.n as f64 * self.plan.rho_0;
            let theta = n_c / (n_c + look.control.n as f64);
            self.pmf = convolved(&self.pmf, e_c + e_s, theta);
            self.errors += e_c;
        }
        let time = (f64::from(self.seen) / f64::from(self.plan.looks.max(1))).min(1.0);
        let left = self.plan.alpha * self.plan.spending.by(time) - self.used;
        let (critical, tail) = self.critical(left);
        self.used += tail;
        self.pmf.truncate(critical);
        Boundary {
            errors: self.errors,
            critical: critical as u64,
            spent: self.used,
        }
    }

    /// The smallest boundary that costs at most `left`, and what it costs.
    fn critical(&self, left: f64) -> (usize, f64) {
        let (mut critical, mut tail) = (self.pmf.len(), 0.0);
        let least = self.plan.least_errors as usize;
        while critical > least {
            let more = tail + self.pmf.get(critical - 1).copied().unwrap_or(0.0);
            if more > left {
                break;
            }
            tail = more;
            critical -= 1;
        }
        (critical.max(least), tail)
    }
}

/// The distribution of a sum with a binomial variable, whose tails beyond twelve standard deviations are
/// left out.
fn convolved(pmf: &[f64], n: u64, p: f64) -> Vec<f64> {
    let mean = n as f64 * p;
    let reach = 12.0 * (mean * (1.0 - p)).sqrt() + 25.0;
    let from = (mean - reach).max(0.0).floor() as u64;
    let to = ((mean + reach).ceil() as u64).min(n);
    let mut sum = vec![0.0; pmf.len() + to as usize];
    for k in from..=to {
        let chance = binomial(k, n, p);
        for (before, at) in pmf.iter().zip(&mut sum[k as usize..]) {
            *at += before * chance;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::super::look::Arm;
    use super::super::ratio::golden::{close, looks};
    use super::*;

    const PLAN: Plan = Plan {
        rho_0: 1.0,
        alpha: 0.05,
        looks: 60,
        least_errors: 3,
        spending: Spending::Linear,
    };

    #[test]
    fn boundaries_are_the_golden_ones() {
        let mut test = Spent::new(PLAN);
        let wanted = [
            (3, 7, 0.000_364_201),
            (8, 10, 0.001_538_389),
            (14, 13, 0.002_174_247),
            (18, 16, 0.002_682_787),
        ];
        for (look, (errors, critical, spent)) in looks().iter().zip(wanted) {
            let boundary = test.add(look, 1.0);
            assert_eq!((boundary.errors, boundary.critical), (errors, critical));
            close(boundary.spent, spent);
            assert_eq!(boundary.is_crossed(), errors >= critical);
        }
    }

    #[test]
    fn spending_functions_end_at_all_of_it() {
        for spending in [Spending::Linear, Spending::Root, Spending::Pocock] {
            close(spending.by(1.0), 1.0);
            close(spending.by(0.0), 0.0);
        }
    }

    /// Whatever the base rates are, the sum over all paths that cross is at most α.
    #[test]
    fn the_chance_to_cross_within_the_margin_is_at_most_alpha() {
        let plan = Plan {
            alpha: 0.2,
            looks: 3,
            least_errors: 1,
            ..PLAN
        };
        // All triples of intervals of 3 canary and 4 control requests, at two base rates.
        for rate in [0.1, 0.3] {
            let mut crossed = 0.0;
            paths(&Spent::new(plan), 3, rate, 1.0, &mut crossed);
            assert!(crossed <= 0.2 && crossed > 0.01, "{rate}: {crossed}");
        }
    }

    fn paths(test: &Spent, left: u32, rate: f64, chance: f64, crossed: &mut f64) {
        if left == 0 {
            return;
        }
        for e_c in 0..=3 {
            for e_s in 0..=4 {
                let chance = chance * binomial(e_c, 3, rate) * binomial(e_s, 4, rate);
                let mut next = test.clone();
                let look = Look::new(Arm::new(3, e_c), Arm::new(4, e_s));
                if next.add(&look, 1.0).is_crossed() {
                    *crossed += chance;
                } else {
                    paths(&next, left - 1, rate, chance, crossed);
                }
            }
        }
    }

    #[test]
    fn silence_spends_nothing_and_is_no_alarm() {
        let mut test = Spent::new(PLAN);
        for _ in 0..100 {
            let boundary = test.add(&Look::default(), 1.0);
            assert!(!boundary.is_crossed());
            assert_eq!(boundary.spent, 0.0);
        }
    }
}
