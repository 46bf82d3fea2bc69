//! Variants of a scenario that ask one question: how large must a fault be, at how much traffic, or
//! at what time of day, to be caught.
//!
//! A variant keeps the scenario's name, and so its random streams: the same people meet faults of all
//! sizes, and a curve over sizes is smooth with few runs.

use crate::fault::Fault;
use crate::scenario::Scenario;

/// What grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The share of the new revision's answers that fail.
    Errors,
    /// The factor on its 99th percentile of latency.
    Slow,
    /// The scenario's own fault, as a multiple of its size.
    Own,
}

/// A fault of one size at one level of traffic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probe {
    /// What grows.
    pub kind: Kind,
    /// How large it is: a share, a factor, a multiple.
    pub size: f64,
    /// Factor on the scenario's traffic.
    pub load: f64,
}

impl Kind {
    /// Its name in reports and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Errors => "errors",
            Self::Slow => "slow",
            Self::Own => "own",
        }
    }

    /// The sizes of a curve, growing.
    #[must_use]
    pub const fn sizes(self) -> &'static [f64] {
        match self {
            Self::Errors => &[
                0.0025, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3,
                0.5,
            ],
            Self::Slow => &[1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0, 10.0, 15.0, 25.0],
            Self::Own => &[0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0],
        }
    }
}

impl Probe {
    /// The scenario with this fault alone, and its traffic multiplied.
    #[must_use]
    pub fn of(&self, scenario: &Scenario) -> Scenario {
        let mut probed = scenario.clone();
        probed.traffic.scale(self.load);
        match self.kind {
            Kind::Errors => {
                probed.faults = vec![Fault {
                    error_share: self.size,
                    ..Fault::default()
                }];
            }
            Kind::Slow => {
                probed.faults = vec![Fault {
                    p99_times: self.size,
                    ..Fault::default()
                }];
            }
            Kind::Own => {
                for fault in &mut probed.faults {
                    *fault = fault.scaled(self.size);
                    fault.error_share = fault.error_share.min(1.0);
                }
            }
        }
        probed.fault_name = Some(self.kind.name().to_owned());
        probed.lookalike_name = None;
        probed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::Traffic;
    use coalmine_policy::Span;

    #[test]
    fn a_probe_changes_fault_and_load_and_nothing_else() {
        let mut base = Scenario::ordinary("a/errors", Span::from_mins(30), Traffic::constant(10.0));
        base.faults = vec![Fault {
            error_share: 0.4,
            ..Fault::default()
        }];
        let probe = |kind, size| {
            Probe {
                kind,
                size,
                load: 3.0,
            }
            .of(&base)
        };
        let errors = probe(Kind::Errors, 0.02);
        assert_eq!(errors.name, base.name);
        assert!((errors.traffic.integral(0.0, 10.0) - 300.0).abs() < 1e-9);
        assert_eq!(
            (errors.faults.len(), errors.faults[0].error_share),
            (1, 0.02)
        );
        assert_eq!(probe(Kind::Slow, 4.0).faults[0].p99_times, 4.0);
        assert_eq!(probe(Kind::Own, 0.5).faults[0].error_share, 0.2);
        assert_eq!(probe(Kind::Own, 5.0).faults[0].error_share, 1.0);
        for kind in [Kind::Errors, Kind::Slow, Kind::Own] {
            assert!(kind.sizes().is_sorted());
        }
    }
}
