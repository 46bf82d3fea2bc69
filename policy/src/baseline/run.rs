//! The baseline as an engine.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Baseline, Looks};
use crate::{
    Answer, Call, Count, Decision, Effect, Effects, Engine, Input, Limits, MetricAnswer,
    MetricQuery, Observation, Record, Span, Standing, Template, Time, Workload, WorkloadState,
};

/// One rolling update, from the new template to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    baseline: Arc<Baseline>,
    promoted: Template,
    step: Step,
    next_call: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Step {
    /// Nothing to roll out.
    Idle,
    /// Rolling; nobody looks. Ends when the workload is up to date.
    Rolling { to: Template },
    /// Rolled or rolling; the person looks next at `at`.
    Watching { looks_done: u32, at: Time },
    /// Looking: the check being asked.
    Looking {
        looks_done: u32,
        check: usize,
        call: Call,
    },
    /// Saw a breach; acts at `at`.
    Reacting { at: Time },
    /// The end.
    Done { good: bool },
}

impl Run {
    /// A rollout controller at rest, with `promoted` in service.
    #[must_use]
    pub fn new(baseline: Arc<Baseline>, promoted: Template) -> Self {
        Self {
            baseline,
            promoted,
            step: Step::Idle,
            next_call: 0,
        }
    }

    fn call(&mut self) -> Call {
        self.next_call += 1;
        Call(self.next_call)
    }

    fn start(&mut self, now: Time, to: Template, effects: &mut Effects) {
        let call = self.call();
        effects.record(|| {
            decided(
                Decision::Start,
                "rolling update",
                format!("to template {to}"),
            )
        });
        effects.push(Effect::Roll {
            call,
            workload: Workload::Primary,
            to: to.clone(),
        });
        self.step = match &self.baseline.looks {
            None => Step::Rolling { to },
            Some(looks) => Step::Watching {
                looks_done: 0,
                at: now + looks.interval_ns,
            },
        };
    }

    fn rolled(&mut self, state: &WorkloadState, effects: &mut Effects) {
        let Step::Rolling { to } = &self.step else {
            return;
        };
        let desired = state.desired.unwrap_or(1);
        let complete = state.template == *to
            && state.updated >= desired
            && state.created == state.updated
            && state.available >= desired;
        if complete {
            effects.record(|| {
                let detail = format!("{desired} of {desired} pods are new and available");
                decided(Decision::Succeed, "rolling update complete", detail)
            });
            self.step = Step::Done { good: true };
        }
    }

    fn look(&mut self, looks_done: u32, check: usize, effects: &mut Effects) {
        let Some(query) = self
            .looks()
            .and_then(|looks| looks.checks.get(check))
            .map(|check| MetricQuery {
                provider: crate::Provider::Prometheus,
                metric: check.name.clone(),
                text: check.query.clone(),
                range: None,
                timeout: Span::from_secs(30),
            })
        else {
            return;
        };
        let call = self.call();
        effects.push(Effect::Query { call, query });
        self.step = Step::Looking {
            looks_done,
            check,
            call,
        };
    }

    fn looks(&self) -> Option<&Looks> {
        self.baseline.looks.as_ref()
    }

    /// A person reads the first number of a graph; an empty graph or NaN alarms nobody.
    fn seen(&mut self, now: Time, answer: &MetricAnswer, effects: &mut Effects) {
        let Step::Looking {
            looks_done, check, ..
        } = self.step
        else {
            return;
        };
        let Some(looks) = self.baseline.looks.clone() else {
            return;
        };
        let value = match answer {
            MetricAnswer::Vector(values) => values.first().copied(),
            MetricAnswer::Scalar(value) => Some(*value),
            _ => None,
        };
        let Some(rule) = looks.checks.get(check) else {
            return;
        };
        let breached = value.is_some_and(|value| value > rule.max);
        effects.record(|| Record::Measured {
            metric: rule.name.to_string(),
            value: value.map_or_else(|| "no data".to_owned(), |value| format!("{value:.4}")),
            outcome: if breached { "alarming" } else { "fine" }.into(),
            reading: value.filter(|value| value.is_finite()),
            limits: Limits {
                min: None,
                max: Some(rule.max),
            },
            detail: format!("acts above {}", rule.max),
            counts: vec![Count::new(
                "looks",
                i64::from(looks_done) + 1,
                Some(i64::from(looks.count)),
            )],
        });
        if breached {
            self.step = Step::Reacting {
                at: now + looks.reaction_ns,
            };
        } else if check + 1 < looks.checks.len() {
            self.look(looks_done, check + 1, effects);
        } else if looks_done + 1 >= looks.count {
            effects.record(|| {
                let detail = format!("{} good looks", looks.count);
                decided(Decision::Succeed, "a person's judgement", detail)
            });
            self.step = Step::Done { good: true };
        } else {
            self.step = Step::Watching {
                looks_done: looks_done + 1,
                at: now + looks.interval_ns,
            };
        }
    }

    fn roll_back(&mut self, effects: &mut Effects) {
        let call = self.call();
        let to = self.promoted.clone();
        effects.record(|| {
            let detail = format!("back to template {to}");
            decided(Decision::RollBack, "a person's judgement", detail)
        });
        effects.push(Effect::Roll {
            call,
            workload: Workload::Primary,
            to,
        });
        self.step = Step::Done { good: false };
    }
}

impl Engine for Run {
    fn handle(&mut self, now: Time, input: Input, effects: &mut Effects) {
        match (input, &self.step) {
            (Input::Observed(Observation::Template(to)), Step::Idle) if to != self.promoted => {
                self.start(now, to, effects);
            }
            (Input::Observed(Observation::Workload(Workload::Primary, Some(state))), _) => {
                self.rolled(&state, effects);
            }
            (Input::Tick, Step::Watching { looks_done, at }) if now >= *at => {
                let looks_done = *looks_done;
                self.look(looks_done, 0, effects);
            }
            (Input::Tick, Step::Reacting { at }) if now >= *at => self.roll_back(effects),
            (
                Input::Answered {
                    call,
                    answer: Answer::Metric(answer),
                },
                Step::Looking { call: awaited, .. },
            ) if call == *awaited => {
                self.seen(now, &answer, effects);
            }
            _ => {}
        }
    }

    fn next_wake(&self) -> Option<Time> {
        match self.step {
            Step::Watching { at, .. } | Step::Reacting { at } => Some(at),
            _ => None,
        }
    }

    fn standing(&self) -> Standing {
        match self.step {
            Step::Idle => Standing::Idle,
            Step::Done { good: true } => Standing::Promoted,
            Step::Done { good: false } => Standing::RolledBack,
            _ => Standing::Progressing,
        }
    }
}

fn decided(decision: Decision, rule: &'static str, detail: String) -> Record {
    Record::Decided {
        decision,
        rule: Cow::Borrowed(rule),
        detail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::Check;

    fn watched() -> Run {
        let baseline = Baseline {
            name: "a".to_owned(),
            namespace: "b".to_owned(),
            looks: Some(Looks {
                interval_ns: Span::from_mins(10),
                count: 2,
                reaction_ns: Span::from_mins(1),
                checks: vec![Check {
                    name: "errors".into(),
                    query: "x".into(),
                    max: 0.05,
                    file: "a.yaml".into(),
                    line_column: (1, 1),
                }],
            }),
        };
        let mut run = Run::new(Arc::new(baseline), Template::new("v1"));
        let new = Input::Observed(Observation::Template(Template::new("v2")));
        let effects = feed(&mut run, Time::ZERO, new);
        assert!(matches!(&effects[..], [Effect::Roll { to, .. }] if to.as_str() == "v2"));
        run
    }

    fn feed(run: &mut Run, now: Time, input: Input) -> Vec<Effect> {
        let mut effects = Effects::without_records();
        run.handle(now, input, &mut effects);
        std::iter::from_fn(|| effects.pop()).collect()
    }

    /// Lets the person look at the next appointed time and see `value`.
    fn look(run: &mut Run, value: f64) -> Time {
        let at = run.next_wake().expect("a look is due");
        let effects = feed(run, at, Input::Tick);
        let [Effect::Query { call, .. }] = effects[..] else {
            panic!("no query: {effects:?}");
        };
        let answer = Answer::Metric(MetricAnswer::Vector(vec![value]));
        feed(run, at, Input::Answered { call, answer });
        at
    }

    #[test]
    fn the_person_goes_home_after_enough_good_looks() {
        let mut run = watched();
        assert_eq!(look(&mut run, 0.01), Time::from_secs(600));
        assert_eq!(run.standing(), Standing::Progressing);
        look(&mut run, f64::NAN);
        assert_eq!(run.standing(), Standing::Promoted);
        assert_eq!(run.next_wake(), None);
    }

    #[test]
    fn the_person_rolls_back_one_reaction_after_an_alarming_look() {
        let mut run = watched();
        look(&mut run, 0.2);
        let at = run.next_wake().expect("the rollback is due");
        assert_eq!(at, Time::from_secs(660));
        assert!(feed(&mut run, Time::from_secs(659), Input::Tick).is_empty());
        let effects = feed(&mut run, at, Input::Tick);
        assert!(matches!(&effects[..], [Effect::Roll { to, .. }] if to.as_str() == "v1"));
        assert_eq!(run.standing(), Standing::RolledBack);
    }

    #[test]
    fn an_unwatched_update_ends_when_the_last_old_pod_is_gone() {
        let baseline = Baseline {
            name: "a".to_owned(),
            namespace: "b".to_owned(),
            looks: None,
        };
        let mut run = Run::new(Arc::new(baseline), Template::new("v1"));
        let new = Template::new("v2");
        feed(
            &mut run,
            Time::ZERO,
            Input::Observed(Observation::Template(new.clone())),
        );
        let mut state = WorkloadState::settled(new, 4);
        state.created = 5;
        let observed = |state: &WorkloadState| {
            Input::Observed(Observation::Workload(
                Workload::Primary,
                Some(state.clone()),
            ))
        };
        feed(&mut run, Time::from_secs(1), observed(&state));
        assert_eq!(run.standing(), Standing::Progressing);
        state.created = 4;
        feed(&mut run, Time::from_secs(2), observed(&state));
        assert_eq!(run.standing(), Standing::Promoted);
    }
}
