//! What requests meet on loaded pods: a wait, a service time, a time-out, an error, or no place.

use std::cell::OnceCell;

use super::wait::Wait;
use crate::counts::Counts;
use crate::draw::{Categories, binomial};
use crate::fault::{Behaviour, Treatment};
use crate::latency::Latency;
use crate::stream::Stream;
use crate::traffic::quadrature::nodes;

/// Sums of more latencies than this are drawn by their moments where a time-out cuts them off.
const EXACT_SUM_MAX: u64 = 48;

/// A latency that a time-out cuts off is drawn anew so often at most.
const TRIES_MAX: u32 = 1_000;

/// Normal scores beyond this are nobody's.
const EDGE: f64 = 8.0;

/// What pods of one version do to a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Serving {
    /// Errors and service time.
    pub(super) behaviour: Behaviour,
    /// Waiting before service.
    pub(super) wait: Wait,
    /// Share of the requests that find no place.
    pub(super) refused: f64,
}

/// The answers of loaded pods: a treatment, and how long its good and its failed answers take.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) treatment: Treatment,
    serving: Serving,
    timeout_s: f64,
    /// Share of the admitted requests that are done before the time-out.
    in_time: f64,
    /// By bucket: the good, the failed.
    buckets: OnceCell<[Categories; 2]>,
    /// Mean and variance of the latency of those in time.
    moments: OnceCell<(f64, f64)>,
}

impl Loaded {
    /// The answers of pods that serve in some way, where those of the old version serve in another.
    ///
    /// The same request is served from the same luck and the same score of its service time on both
    /// versions (coupled counterfactual); waits and refusals are each version's own, as they are at
    /// that moment.
    pub(super) fn new(
        serving: Serving,
        old: Option<&Serving>,
        (timeout_s, patience_s): (f64, f64),
        base: &Treatment,
    ) -> Self {
        let in_time = serving.at_most(timeout_s);
        let answered = (1.0 - serving.refused) * in_time * (1.0 - serving.behaviour.error_share);
        let old = old.unwrap_or(&serving);
        let (failed_share, slowed) = if *old == serving {
            (0.0, 0.0)
        } else {
            excess(&serving, old, timeout_s, patience_s.min(timeout_s))
        };
        let treatment = Treatment {
            behaviour: Behaviour {
                error_share: (1.0 - answered).clamp(0.0, 1.0),
                latency: serving.behaviour.latency,
            },
            is_load_harm: failed_share > 0.0 || slowed > 0.0,
            failed_share,
            slowed_share: if answered > 1e-12 {
                (slowed / answered).clamp(0.0, 1.0)
            } else {
                0.0
            },
            ..*base
        };
        Self {
            treatment,
            serving,
            timeout_s,
            in_time,
            buckets: OnceCell::new(),
            moments: OnceCell::new(),
        }
    }

    /// Adds requests to what a target has counted: to the good, or to the failed.
    pub(crate) fn count(
        &self,
        (counts, requests, failed): (&mut Counts, u64, bool),
        (sums, bounds): (bool, Option<&[f64]>),
        stream: &mut Stream,
    ) {
        counts.requests += requests;
        if requests == 0 {
            return;
        }
        if sums {
            counts.seconds += if failed {
                self.failed_sum_s(requests, stream)
            } else {
                self.in_time_sum_s(requests, stream)
            };
        }
        if let Some(bounds) = bounds {
            let buckets = self
                .buckets
                .get_or_init(|| self.bucket_shares(bounds).map(Categories::new));
            counts.add_buckets(requests, &buckets[usize::from(failed)], stream);
        }
    }

    fn bucket_shares(&self, bounds: &[f64]) -> [Vec<f64>; 2] {
        let mut good = vec![0.0; bounds.len() + 1];
        let mut below = 0.0;
        for (share, bound) in good.iter_mut().zip(bounds) {
            let up_to = if *bound < self.timeout_s {
                self.serving.at_most(*bound).min(self.in_time)
            } else {
                self.in_time
            };
            *share = (up_to - below).max(0.0) / self.in_time.max(f64::MIN_POSITIVE);
            below = up_to.max(below);
        }
        let sum: f64 = good.iter().sum();
        good[bounds.len()] = (1.0 - sum).max(0.0);
        let [refused, late, wrong] = self.ways_to_fail();
        let mut failed: Vec<f64> = good.iter().map(|share| share * wrong).collect();
        failed[0] += refused;
        failed[bounds.partition_point(|bound| *bound < self.timeout_s)] += late;
        [good, failed]
    }

    /// Of the failed requests, the shares that found no place, came too late, and were answered with
    /// an error.
    pub(crate) fn ways_to_fail(&self) -> [f64; 3] {
        let Serving {
            behaviour, refused, ..
        } = self.serving;
        let late = (1.0 - refused) * (1.0 - self.in_time);
        let wrong = (1.0 - refused) * self.in_time * behaviour.error_share;
        let all = (refused + late + wrong).max(f64::MIN_POSITIVE);
        [refused / all, late / all, wrong / all]
    }

    fn failed_sum_s(&self, failed: u64, stream: &mut Stream) -> f64 {
        let [refused, late, _] = self.ways_to_fail();
        let admitted = failed - binomial(failed, refused, stream);
        let late = late / (1.0 - refused).max(f64::MIN_POSITIVE);
        let late = binomial(admitted, late, stream);
        let late_s = if late > 0 {
            late as f64 * self.timeout_s
        } else {
            0.0
        };
        late_s + self.in_time_sum_s(admitted - late, stream)
    }

    /// The sum of the latencies of requests that are done in time.
    fn in_time_sum_s(&self, n: u64, stream: &mut Stream) -> f64 {
        if n == 0 {
            return 0.0;
        }
        let serving = &self.serving;
        if self.in_time > 1.0 - 1e-9 {
            return serving.behaviour.latency.draw_sum_s(n, stream)
                + serving.wait.draw_sum_s(n, stream);
        }
        if n <= EXACT_SUM_MAX {
            return (0..n).map(|_| self.in_time_s(stream)).sum();
        }
        // Bounded by the time-out, so the sum is normal (central limit theorem).
        let (mean, variance) = *self.moments.get_or_init(|| self.moments_in_time());
        let z: f64 = rand_distr::Distribution::sample(&rand_distr::StandardNormal, stream);
        (n as f64 * mean + (n as f64 * variance).sqrt() * z).max(0.0)
    }

    fn in_time_s(&self, stream: &mut Stream) -> f64 {
        for _ in 0..TRIES_MAX {
            let service_s = self.serving.behaviour.latency.draw_s(stream);
            let all_s = service_s + self.serving.wait.draw_sum_s(1, stream);
            if all_s <= self.timeout_s {
                return all_s;
            }
        }
        self.timeout_s
    }

    /// E T = ∫ (1 - F/F(end)), E T² = 2 ∫ x (1 - F/F(end)), on panels that grow from zero.
    fn moments_in_time(&self) -> (f64, f64) {
        let end_s = self.timeout_s;
        let (mut mean, mut square, mut from_s) = (0.0, 0.0, 0.0);
        for halvings in (0..8).rev() {
            let to_s = end_s / f64::from(1 << halvings);
            for (x, weight) in nodes(from_s, to_s) {
                let above = 1.0 - (self.serving.at_most(x) / self.in_time).min(1.0);
                mean += weight * above;
                square += 2.0 * weight * x * above;
            }
            from_s = to_s;
        }
        (mean, (square - mean * mean).max(0.0))
    }
}

impl Serving {
    /// The share of the admitted requests that are done within `x_s`.
    fn at_most(&self, x_s: f64) -> f64 {
        let latency = &self.behaviour.latency;
        if x_s == f64::INFINITY {
            return 1.0;
        }
        let at_once = 1.0 - latency.slower_than(x_s);
        if self.wait.share <= 0.0 {
            return at_once;
        }
        let edge = latency.score_of(x_s.max(1e-12)).clamp(-EDGE, EDGE);
        let mut waited = 0.0;
        over_scores(
            &mut [-EDGE, edge],
            |score| {
                let left_s = x_s - latency.at_score(score);
                1.0 - self.wait.longer_than(left_s)
            },
            &mut waited,
        );
        ((1.0 - self.wait.share) * at_once + self.wait.share * waited).clamp(0.0, 1.0)
    }
}

/// The shares of all requests that fail where the old version answers in time, and that are answered
/// but not within people's patience where the old version's answer is.
fn excess(new: &Serving, old: &Serving, timeout_s: f64, patience_s: f64) -> (f64, f64) {
    let of = |serving: &Serving, x_s: f64| {
        let latency: &Latency = &serving.behaviour.latency;
        latency.score_of(x_s).clamp(-EDGE, EDGE)
    };
    let mut edges = [
        -EDGE,
        of(new, timeout_s),
        of(new, patience_s),
        of(old, timeout_s),
        of(old, patience_s),
        EDGE,
    ];
    let (e_new, e_old) = (new.behaviour.error_share, old.behaviour.error_share);
    let both_right = 1.0 - e_new.max(e_old);
    let (admit_new, admit_old) = (1.0 - new.refused, 1.0 - old.refused);
    let (mut failed, mut slowed) = (0.0, 0.0);
    let within = |serving: &Serving, x_s: f64, service_s: f64| {
        if x_s == f64::INFINITY {
            1.0
        } else {
            serving.wait.at_most(x_s - service_s)
        }
    };
    each_score(&mut edges, |score, weight| {
        let (s_new, s_old) = (
            new.behaviour.latency.at_score(score),
            old.behaviour.latency.at_score(score),
        );
        let new_in_time = admit_new * within(new, timeout_s, s_new);
        let old_in_time = admit_old * within(old, timeout_s, s_old);
        failed += weight * old_in_time * ((1.0 - e_old) - new_in_time * both_right);
        let new_slow = new_in_time - admit_new * within(new, patience_s, s_new);
        let old_quick = admit_old * within(old, patience_s, s_old);
        slowed += weight * both_right * new_slow * old_quick;
    });
    (failed.clamp(0.0, 1.0), slowed.clamp(0.0, 1.0))
}

fn over_scores(edges: &mut [f64], f: impl Fn(f64) -> f64, sum: &mut f64) {
    each_score(edges, |score, weight| *sum += weight * f(score));
}

/// Names normal scores with their probabilities, for functions smooth between the edges.
fn each_score(edges: &mut [f64], mut each: impl FnMut(f64, f64)) {
    edges.sort_by(f64::total_cmp);
    for pair in edges.windows(2) {
        let panels = ((pair[1] - pair[0]) / 2.0).ceil();
        for panel in 0..panels as u32 {
            let at = |k: u32| pair[0] + (pair[1] - pair[0]) * f64::from(k) / panels;
            for (score, weight) in nodes(at(panel), at(panel + 1)) {
                let density = (-score * score / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
                each(score, weight * density);
            }
        }
    }
}
