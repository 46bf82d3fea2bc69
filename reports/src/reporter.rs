//! What reporters are: consumers of one stream of events.

use std::io;

use coalmine_policy::Span;
use coalmine_sim::event::Event;
use coalmine_sim::outcome::Outcome;

use crate::course::Course;
use crate::mix::Mix;
use crate::paired::Contrast;
use crate::summary::{Cell, Means, Summary, ran};

/// Takes every event of a study in order.
pub trait Reporter {
    /// Takes one event. What is to be written is written at [`Event::Finished`].
    ///
    /// # Errors
    /// When the output cannot be written.
    fn event(&mut self, event: &Event) -> io::Result<()>;
}

/// Folds a study into its [`Summary`].
#[derive(Debug, Default)]
pub struct Collector {
    mix: Mix,
    summary: Option<Summary>,
    harm: Harm,
}

/// Requests hurt in the rollouts of the scenario that is under way.
#[derive(Debug, Default)]
struct Harm {
    scenario: usize,
    /// By policy: its index, and a number for each replication.
    hurt: Vec<(usize, Vec<u64>)>,
}

impl Harm {
    /// Takes a cell; compares it with those of the same scenario before it.
    fn against_others(
        &mut self,
        policy: usize,
        scenario: usize,
        outcomes: &[Outcome],
    ) -> Vec<Contrast> {
        if self.scenario != scenario {
            self.scenario = scenario;
            self.hurt.clear();
        }
        let own: Vec<u64> = ran(outcomes).map(|outcome| outcome.hurt).collect();
        let others = self.hurt.iter();
        let contrasts =
            others.map(|(other, hurt)| Contrast::of((*other, policy), scenario, hurt, &own));
        let contrasts = contrasts.collect();
        self.hurt.push((policy, own));
        contrasts
    }
}

impl Collector {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same for this mix of releases.
    #[must_use]
    pub fn with_mix(self, mix: Mix) -> Self {
        Self { mix, ..self }
    }

    /// The summary of what has arrived; `None` before [`Event::Started`].
    #[must_use]
    pub const fn summary(&self) -> Option<&Summary> {
        self.summary.as_ref()
    }

    /// The same, for keeps.
    #[must_use]
    pub fn into_summary(self) -> Option<Summary> {
        self.summary
    }
}

impl Reporter for Collector {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Started(study) => {
                self.summary = Some(Summary {
                    study: study.clone(),
                    mix: self.mix,
                    cells: Vec::new(),
                    contrasts: Vec::new(),
                    complete: false,
                });
            }
            Event::Progress { .. } => {}
            Event::Cell {
                policy,
                scenario,
                outcomes,
            } => {
                if let Some(summary) = &mut self.summary {
                    let info = summary.study.scenarios.get(*scenario);
                    let faulty = info.is_some_and(coalmine_sim::event::ScenarioInfo::is_faulty);
                    let horizon = info.map_or(Span::ZERO, |info| info.horizon_ns);
                    let contrasts = self.harm.against_others(*policy, *scenario, outcomes);
                    summary.contrasts.extend(contrasts);
                    summary.cells.push(Cell {
                        means: Means::of(faulty, outcomes, horizon),
                        course: Course::of(outcomes, horizon),
                        ..Cell::new(*policy, *scenario, faulty, outcomes)
                    });
                }
            }
            Event::Finished { complete } => {
                if let Some(summary) = &mut self.summary {
                    summary.complete = *complete;
                }
            }
        }
        Ok(())
    }
}

/// Collects, and hands the summary to a writer at the end.
pub struct OnFinish<F> {
    collector: Collector,
    write: F,
}

impl<F: FnMut(&Summary) -> io::Result<()>> OnFinish<F> {
    /// A reporter that calls `write` once, when the study is finished.
    pub fn new(write: F) -> Self {
        let collector = Collector::new();
        Self { collector, write }
    }
}

impl<F: FnMut(&Summary) -> io::Result<()>> Reporter for OnFinish<F> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.collector.event(event)?;
        match (event, self.collector.summary()) {
            (Event::Finished { .. }, Some(summary)) => (self.write)(summary),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::study;

    #[test]
    fn the_writer_is_called_once_at_the_end_and_its_failure_is_told() {
        let mut calls = 0;
        let mut reporter = OnFinish::new(|summary: &Summary| {
            calls += 1;
            assert!(!summary.complete);
            Err(io::Error::other("disk full"))
        });
        let study = study(&["p"], &[("a/healthy", false)]);
        assert!(reporter.event(&Event::Started(study)).is_ok());
        assert!(
            reporter
                .event(&Event::Progress { done: 1, total: 2 })
                .is_ok()
        );
        let end = reporter.event(&Event::Finished { complete: false });
        assert_eq!(end.map_err(|e| e.to_string()), Err("disk full".to_owned()));
        assert_eq!(calls, 1);
    }

    #[test]
    fn events_without_a_start_are_no_study() {
        let mut collector = Collector::new();
        let cell = Event::Cell {
            policy: 0,
            scenario: 0,
            outcomes: Vec::new(),
        };
        assert!(collector.event(&cell).is_ok());
        assert!(collector.summary().is_none());
    }
}
