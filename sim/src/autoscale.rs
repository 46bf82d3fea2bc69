//! A HorizontalPodAutoscaler: how many pods it wants, as Kubernetes computes it.
//!
//! `pkg/controller/podautoscaler` of Kubernetes 1.30 with the default `behavior`: a tolerance of a
//! tenth, growth by four pods or by all there are in 15 s, whichever is more, and no shrinking below
//! what was wanted within the stabilisation window.

use std::collections::VecDeque;

use coalmine_policy::{Span, Time};

use crate::service::Autoscaler;

/// `--horizontal-pod-autoscaler-tolerance`.
const TOLERANCE: f64 = 0.1;

/// The period of the default scale-up policies.
const GROWTH_PERIOD: Span = Span::from_secs(15);

/// The default `Pods` policy of scaling up.
const GROWTH_PODS: u32 = 4;

/// What an autoscaler sees of its workload.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Seen {
    /// Mean utilisation of the ready pods.
    pub(crate) utilisation: f64,
    /// Pods that are ready.
    pub(crate) ready: u32,
    /// All pods that count as its replicas.
    pub(crate) replicas: u32,
}

/// An autoscaler with its memory.
#[derive(Clone, Debug)]
pub(crate) struct Autoscale {
    spec: Autoscaler,
    /// What it wanted, within the stabilisation window.
    wanted: VecDeque<(Time, u32)>,
    /// By how many pods it grew, within the growth period.
    grown: VecDeque<(Time, u32)>,
}

impl Autoscale {
    pub(crate) const fn new(spec: Autoscaler) -> Self {
        Self {
            spec,
            wanted: VecDeque::new(),
            grown: VecDeque::new(),
        }
    }

    /// The replicas to set now; `None` to leave everything as it is. A workload with none is left alone
    /// (`horizontal.go`, reconcileAutoscaler: scaling is disabled at zero).
    pub(crate) fn decide(&mut self, now: Time, seen: Seen) -> Option<u32> {
        if seen.replicas == 0 {
            return None;
        }
        let Autoscaler { min, max, .. } = self.spec;
        let raw = if (min..=max).contains(&seen.replicas) {
            self.proposal(seen)
        } else {
            // horizontal.go: outside its bounds a workload is brought back before metrics count.
            seen.replicas.clamp(min, max)
        };
        let stable = self.stabilised(now, raw);
        let limited = stable.min(self.growth_limit(now, seen.replicas));
        let desired = limited.clamp(min, max);
        if desired > seen.replicas {
            self.grown.push_back((now, desired - seen.replicas));
        }
        (desired != seen.replicas).then_some(desired)
    }

    /// `replica_calculator.go`, GetResourceReplicas: pods that are not ready count as idle when
    /// growing.
    fn proposal(&self, seen: Seen) -> u32 {
        let ratio = seen.utilisation / self.spec.target;
        let near = |ratio: f64| (ratio - 1.0).abs() <= TOLERANCE;
        if seen.ready == 0 {
            return seen.replicas;
        }
        let unready = seen.replicas.saturating_sub(seen.ready);
        if unready == 0 || ratio <= 1.0 {
            if near(ratio) {
                return seen.replicas;
            }
            return ceil(ratio * f64::from(seen.ready));
        }
        let diluted = ratio * f64::from(seen.ready) / f64::from(seen.replicas);
        if near(diluted) || diluted < 1.0 {
            return seen.replicas;
        }
        ceil(diluted * f64::from(seen.replicas)).max(seen.replicas)
    }

    /// stabilizeRecommendation: the most that was wanted within the window.
    fn stabilised(&mut self, now: Time, raw: u32) -> u32 {
        let window = self.spec.stabilisation;
        self.wanted.retain(|(at, _)| now.since(*at) < window);
        self.wanted.push_back((now, raw));
        let most = self.wanted.iter().map(|(_, wanted)| *wanted).max();
        most.unwrap_or(raw)
    }

    /// calculateScaleUpLimitWithScalingRules.
    fn growth_limit(&mut self, now: Time, replicas: u32) -> u32 {
        self.grown.retain(|(at, _)| now.since(*at) < GROWTH_PERIOD);
        let grown: u32 = self.grown.iter().map(|(_, by)| *by).sum();
        let before = replicas.saturating_sub(grown);
        (before + GROWTH_PODS).max(2 * before)
    }
}

/// Rounded up, as Kubernetes does; a hair above a whole number is rounding.
fn ceil(pods: f64) -> u32 {
    (pods - 1e-9).ceil().max(0.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn autoscale() -> Autoscale {
        Autoscale::new(Autoscaler {
            target: 0.6,
            min: 2,
            max: 20,
            sync: Span::from_secs(15),
            lag: Span::from_secs(30),
            stabilisation: Span::from_mins(5),
        })
    }

    fn seen(utilisation: f64, ready: u32, replicas: u32) -> Seen {
        Seen {
            utilisation,
            ready,
            replicas,
        }
    }

    fn at(secs: u64) -> Time {
        Time::from_secs(secs)
    }

    #[test]
    fn it_grows_in_proportion_within_its_limits() {
        // 10 pods at 90 % are 15 at 60 %; 65 % is within the tolerance.
        assert_eq!(autoscale().decide(at(0), seen(0.9, 10, 10)), Some(15));
        assert_eq!(autoscale().decide(at(0), seen(0.65, 10, 10)), None);
        assert_eq!(autoscale().decide(at(0), seen(0.67, 10, 10)), Some(12));
        assert_eq!(autoscale().decide(at(0), seen(1.0, 15, 15)), Some(20));
        // Two pods may become six in 15 s, however full they are.
        let mut small = Autoscale::new(Autoscaler {
            target: 0.1,
            ..autoscale().spec
        });
        assert_eq!(small.decide(at(0), seen(1.0, 2, 2)), Some(6));
        assert_eq!(small.decide(at(5), seen(1.0, 6, 6)), None);
        assert_eq!(small.decide(at(15), seen(1.0, 6, 6)), Some(12));
        assert_eq!(autoscale().decide(at(0), seen(0.0, 0, 0)), None);
        assert_eq!(autoscale().decide(at(0), seen(0.6, 1, 1)), Some(2));
    }

    #[test]
    fn pods_on_their_way_are_not_ordered_twice() {
        // Ten ready at 90 % and five to come: enough.
        assert_eq!(autoscale().decide(at(0), seen(0.9, 10, 15)), None);
        assert_eq!(autoscale().decide(at(0), seen(1.0, 10, 12)), Some(17));
    }

    #[test]
    fn it_shrinks_only_after_the_window() {
        let mut scaler = autoscale();
        assert_eq!(scaler.decide(at(0), seen(0.6, 10, 10)), None);
        for secs in (15..300).step_by(15) {
            assert_eq!(scaler.decide(at(secs), seen(0.2, 10, 10)), None, "{secs}");
        }
        assert_eq!(scaler.decide(at(300), seen(0.2, 10, 10)), Some(4));
    }
}
