//! What requests meet at an instant, for whoever explains it. Draws nothing.

use super::Flow;
use crate::conditions::{Piece, Sender, Whose};
use crate::load::Load;
use crate::split::{Cohort, Segment};
use crate::truth::{Serving, Truth};

/// The instant has this length: as short as a decision, long enough for a rate.
const INSTANT_S: f64 = 1e-3;

/// Latencies lie between these, in seconds.
const LATENCIES_S: (f64, f64) = (1e-4, 1e5);

/// The share of answers that take longer than so many seconds.
type Slower<'t> = Box<dyn Fn(f64) -> f64 + 't>;

impl<'a> Flow<'a> {
    /// Lets [`Flow::truth`] know all of a replication. Only after its outcome was counted.
    pub(crate) fn follow_to_the_end(&mut self, horizon_s: f64) {
        self.follow(horizon_s);
    }

    /// What is true just before an instant.
    pub(crate) fn truth(&mut self, at_s: f64, written: Option<f64>, patience_s: f64) -> Truth {
        // Treatments of loaded pods are worked out when first met.
        let mut load = self.load.take();
        let instant = (at_s - INSTANT_S, at_s);
        let piece = self.conditions.first(&self.split, instant);
        let truth = piece.map_or_else(Truth::default, |piece| {
            let new_cohorts = [Cohort::Canary, Cohort::PrimaryNew];
            let new = self.serving(&new_cohorts, patience_s, &mut load, &piece);
            let old = self.serving(&[Cohort::PrimaryOld], patience_s, &mut load, &piece);
            let pieces = self.split.between(0.0, at_s);
            let served = |(from, to, segment): (f64, f64, &Segment)| {
                segment.new_share() * self.traffic.integral(from, to)
            };
            Truth {
                rps: self.traffic.rate(at_s),
                written,
                new_share: piece.segment.new_share(),
                refused: piece.segment.refused.iter().sum(),
                new_requests: pieces.map(served).sum(),
                fault_shows: new.as_ref().is_some_and(|(_, shows)| *shows),
                old: old.map(|(serving, _)| serving),
                new: new.map(|(serving, _)| serving),
            }
        });
        self.load = load;
        truth
    }

    /// How the pods of some cohorts serve, and whether a fault of the release shows there; `None`
    /// where nobody is.
    fn serving(
        &self,
        cohorts: &[Cohort],
        patience_s: f64,
        load: &mut Option<Box<Load<'a>>>,
        piece: &Piece<'_>,
    ) -> Option<(Serving, bool)> {
        let segment = piece.segment;
        let expected = self.expected(piece);
        let rate = expected / (piece.span.1 - piece.span.0).max(1e-9);
        let mut sum = Serving::default();
        let mut met: Vec<(usize, f64)> = Vec::new();
        for (cohort, weight) in weighted(cohorts, segment) {
            let pods = self.conditions.pods(cohort, rate, piece, &self.split);
            let finite = |value: f64| Some(value).filter(|value| value.is_finite());
            sum.pods += segment.pods[cohort as usize];
            sum.rps_per_pod = sum.rps_per_pod.max(pods.rps);
            sum.age_s = sum.age_s.or(finite(pods.age_s));
            sum.served = sum.served.or(finite(pods.served));
            let whose = Whose {
                cohort,
                rank: None,
                sender: Sender::User,
            };
            self.each_met(load, whose, expected, piece, |one| {
                met.push((one.mask, one.share * weight));
            });
        }
        let all: f64 = met.iter().map(|(_, part)| part).sum();
        if all <= 0.0 {
            return None;
        }
        let shows = self.add_up(&mut sum, load.as_deref(), (&met, all), patience_s);
        Some((sum, shows))
    }

    /// Adds what requests meet; whether a fault of the release is among it.
    fn add_up(
        &self,
        sum: &mut Serving,
        load: Option<&Load<'a>>,
        (met, all): (&[(usize, f64)], f64),
        patience_s: f64,
    ) -> bool {
        let (mut shows, mut kept) = (false, [0.0; 2]);
        // What is answered well, by how long it takes.
        let mut good: Vec<(f64, Slower<'_>)> = Vec::new();
        for (mask, part) in met {
            let part = part / all;
            let loaded = load.and_then(|load| load.loaded(*mask));
            let treatment =
                loaded.map_or_else(|| self.behaviours.get(*mask), |loaded| &loaded.treatment);
            shows |= treatment.is_release_fault;
            sum.error_share += part * treatment.behaviour.error_share;
            sum.hurt_share += part * treatment.hurt_share();
            for (sum, kept) in kept.iter_mut().zip(treatment.kept) {
                *sum += part * kept;
            }
            let answered = part * (1.0 - treatment.behaviour.error_share);
            match loaded {
                Some(loaded) => good.push((answered, Box::new(|x_s| loaded.slower_than(x_s)))),
                None => {
                    let latency = treatment.behaviour.latency;
                    good.push((answered, Box::new(move |x_s| latency.slower_than(x_s))));
                }
            }
        }
        let answered: f64 = good.iter().map(|(part, _)| part).sum();
        let slower = |x_s: f64| -> f64 {
            let slow = good.iter().map(|(part, slower)| part * slower(x_s));
            slow.sum::<f64>() / answered.max(1e-12)
        };
        sum.lost_share = (1.0 - kept[0] / kept[1].max(1e-12)).clamp(0.0, 1.0);
        sum.slow_share = slower(patience_s);
        sum.p99_s = percentile_99(slower);
        shows
    }
}

/// The cohorts that serve, by their part of the requests; by their pods while nobody sends any.
fn weighted(cohorts: &[Cohort], segment: &Segment) -> Vec<(Cohort, f64)> {
    let share = |cohort: &Cohort| segment.share[*cohort as usize];
    let served: f64 = cohorts.iter().map(share).sum();
    let weight = |cohort: &Cohort| match served > 0.0 {
        true => share(cohort),
        false => f64::from(segment.pods[*cohort as usize]),
    };
    let all = cohorts.iter().map(|cohort| (*cohort, weight(cohort)));
    all.filter(|(_, weight)| *weight > 0.0).collect()
}

/// Where one request of a hundred is slower, by bisection.
fn percentile_99(slower: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (LATENCIES_S.0.ln(), LATENCIES_S.1.ln());
    for _ in 0..48 {
        let middle = f64::midpoint(low, high);
        if slower(middle.exp()) > 0.01 {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high).exp()
}
