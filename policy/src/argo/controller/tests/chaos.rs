//! Whatever comes, in whatever order: no panic, no spinning, the same effects again.

use super::super::Controller;
use super::world::{blue_green, manifest, rollout};
use crate::{
    Answer, Call, Command, Effect, Effects, Engine, Input, MetricAnswer, Observation, Template,
    Time, Workload, WorkloadState,
};

/// A small generator; the crate has no source of randomness.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }

    fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u64) as usize]
    }
}

fn answer(dice: &mut Dice) -> Answer {
    match dice.below(9) {
        0 => Answer::Done,
        1 => Answer::Failed("no".to_owned()),
        2 => Answer::Metric(MetricAnswer::Vector(vec![])),
        3 => Answer::Metric(MetricAnswer::Error("down".to_owned())),
        4 => Answer::Metric(MetricAnswer::Scalar(f64::NAN)),
        5 => Answer::Metric(MetricAnswer::Vector(vec![0.5])),
        n => Answer::Metric(MetricAnswer::Vector(vec![f64::from(u8::from(n > 6))])),
    }
}

/// `sets`: ReplicaSets of Experiments that were asked for.
fn input(dice: &mut Dice, calls: &mut Vec<Call>, sets: &[Workload]) -> Input {
    let template = Template::new(dice.pick(&["v1", "v2", "v3"]));
    match dice.below(8) {
        0 => Input::Observed(Observation::Template(template)),
        1 | 2 => {
            let mut state = WorkloadState::settled(template.clone(), dice.below(12) as u32);
            state.available = dice.below(12) as u32;
            state.created = dice.below(14) as u32;
            let state = (dice.below(9) > 0).then_some(state);
            let own = Workload::ReplicaSet(template);
            let workload = match sets.is_empty() || dice.below(2) == 0 {
                true => own,
                false => sets[dice.below(sets.len() as u64) as usize].clone(),
            };
            Input::Observed(Observation::Workload(workload, state))
        }
        3 | 4 if !calls.is_empty() => {
            let place = dice.below(calls.len() as u64) as usize;
            let call = calls.swap_remove(place);
            let answer = answer(dice);
            Input::Answered { call, answer }
        }
        5 => {
            let call = Call(dice.below(50));
            let answer = answer(dice);
            Input::Answered { call, answer }
        }
        6 if dice.below(4) == 0 => Input::Commanded(dice.pick(&[
            Command::Promote,
            Command::PromoteFull,
            Command::Resume,
            Command::Abort,
            Command::Retry,
            Command::Pause,
            Command::Unpause,
        ])),
        _ => Input::Tick,
    }
}

/// Feeds the same input to a controller; its effects as text.
fn feed(controller: &mut Controller, now: Time, input: Input) -> Vec<Effect> {
    let mut effects = Effects::new();
    controller.handle(now, input, &mut effects);
    std::iter::from_fn(|| effects.pop()).collect()
}

#[test]
fn any_inputs_in_any_order_are_survived_and_replay_alike() {
    let steps = "[{setWeight: 5}, {pause: {duration: 30}}, {analysis: {templates: [{templateName: \
                 t}]}}, {setWeight: 60}, {pause: {}}]";
    let experiments = "[{experiment: {templates: [{name: a, specRef: canary}, {name: b, specRef: \
                       stable, replicas: 3}], duration: 30s, analyses: [{name: p, templateName: t, \
                       requiredForCompletion: true}, {name: q, templateName: t}]}}, {setWeight: \
                       50}, {experiment: {templates: [], analyses: [{name: z, templateName: t}]}}, \
                       {experiment: {templates: [{name: c, specRef: canary, replicas: 0}], \
                       analyses: [{name: z, templateName: t, requiredForCompletion: true}]}}]";
    let canary = |more| manifest(10, steps, more);
    let pre = "prePromotionAnalysis: {templates: [{templateName: t}]}";
    let post = "postPromotionAnalysis: {templates: [{templateName: t}]}";
    for yaml in [
        canary("      analysis: {templates: [{templateName: t}], startingStep: 1}"),
        canary("      trafficRouting: {nginx: {stableIngress: app}}"),
        canary("  progressDeadlineAbort: true"),
        manifest(
            10,
            experiments,
            "      analysis: {templates: [{templateName: t}]}",
        ),
        blue_green(10, &["autoPromotionSeconds: 30", pre, post]),
        blue_green(
            10,
            &["autoPromotionEnabled: false", "previewReplicaCount: 3", pre],
        ),
    ] {
        let spec = rollout(&yaml);
        for seed in 1..150 {
            let mut dice = Dice(seed * 0x9E37_79B9);
            let mut one = Controller::new(spec.clone(), Template::new("v1"));
            let mut two = one.clone();
            let (mut now, mut calls, mut sets) = (Time::ZERO, Vec::new(), Vec::new());
            for _ in 0..200 {
                let next = one.next_wake().filter(|_| dice.below(2) == 0);
                now =
                    next.map_or(now, |at| at.max(now)) + crate::Span::from_millis(dice.below(3000));
                let input = input(&mut dice, &mut calls, &sets);
                let effects = feed(&mut one, now, input.clone());
                assert_eq!(effects, feed(&mut two, now, input), "seed {seed}");
                let many = effects.len() > 100;
                assert!(!many, "seed {seed}: {:?} {one:?}", &effects[..12]);
                for effect in effects {
                    if let Effect::Scale { workload, .. } = &effect
                        && matches!(workload, Workload::Experiment(_))
                    {
                        sets.push(workload.clone());
                    }
                    match effect {
                        Effect::Query { call, .. }
                        | Effect::Scale { call, .. }
                        | Effect::SetRoutes { call, .. } => calls.push(call),
                        _ => {}
                    }
                }
                // A wake in the past would make a world spin.
                let wake = one.next_wake();
                assert!(
                    wake.is_none_or(|at| at > now),
                    "seed {seed}: {wake:?} at {now:?}: {one:?}"
                );
            }
        }
    }
}
