use super::super::read::tests::canary;
use super::*;
use crate::{Answer, Decision, Effect, HookAnswer, MetricAnswer, Replicas};

const STEP: &str = "interval: 1m, threshold: 2, stepWeight: 50, maxWeight: 50, metrics: [{name: \
                    request-success-rate, thresholdRange: {min: 99}}]";

/// A controller with all workloads ready.
struct Rig {
    controller: Controller,
    now: Time,
    /// The success rate that every query answers.
    success: f64,
}

impl Rig {
    fn new(analysis: &str) -> Self {
        let canary = Arc::new(canary("istio", analysis));
        let first = Time::from_secs(7);
        let mut rig = Self {
            controller: Controller::new(canary, Template::new("v1"), first),
            now: Time::ZERO,
            success: 100.0,
        };
        for workload in [Workload::Primary, Workload::Target] {
            let state = WorkloadState::settled(Template::new("v1"), 2);
            rig.observe(Observation::Workload(workload, Some(state)));
        }
        rig
    }

    fn observe(&mut self, observation: Observation) -> Vec<Effect> {
        self.feed(Input::Observed(observation))
    }

    fn revise(&mut self, template: &str) {
        self.observe(Observation::Template(Template::new(template)));
    }

    fn feed(&mut self, input: Input) -> Vec<Effect> {
        let mut effects = Effects::new();
        self.controller.handle(self.now, input, &mut effects);
        std::iter::from_fn(|| effects.pop()).collect()
    }

    /// Ticks when due and answers everything; gives the effects of the whole tick.
    fn tick(&mut self) -> Vec<Effect> {
        self.now = self.controller.next_wake().expect("always ticks again");
        let mut all = self.feed(Input::Tick);
        while let Some(answer) = all.last().and_then(|effect| self.answer(effect)) {
            all.extend(self.feed(answer));
        }
        all
    }

    fn answer(&self, effect: &Effect) -> Option<Input> {
        let call = call_of(effect)?;
        (self.controller.awaited == Some(call)).then(|| Input::Answered {
            call,
            answer: match effect {
                Effect::Query { .. } => Answer::Metric(MetricAnswer::Vector(vec![self.success])),
                Effect::CallHook { .. } => Answer::Hook(HookAnswer::Status(200)),
                _ => Answer::Done,
            },
        })
    }

    fn phase(&self) -> Phase {
        self.controller.status().phase
    }
}

fn call_of(effect: &Effect) -> Option<Call> {
    match effect {
        Effect::Query { call, .. }
        | Effect::SetRoutes { call, .. }
        | Effect::Scale { call, .. }
        | Effect::Promote { call }
        | Effect::Roll { call, .. }
        | Effect::CallHook { call, .. } => Some(*call),
        _ => None,
    }
}

fn decisions(effects: &[Effect]) -> Vec<Decision> {
    let decision = |effect: &Effect| match effect {
        Effect::Record(Record::Decided { decision, .. }) => Some(*decision),
        _ => None,
    };
    effects.iter().filter_map(decision).collect()
}

#[test]
fn it_ticks_first_when_told_and_then_every_interval() {
    let mut rig = Rig::new(STEP);
    rig.revise("v2");
    rig.now = Time::from_secs(6);
    assert!(rig.feed(Input::Tick).is_empty(), "too early");
    rig.tick();
    assert_eq!(rig.now, Time::from_secs(7));
    assert_eq!(rig.phase(), Phase::Progressing);
    rig.tick();
    assert_eq!(rig.now, Time::from_secs(67));
    assert_eq!(rig.controller.next_wake(), Some(Time::from_secs(127)));
}

#[test]
fn a_tick_that_outlasts_the_interval_drops_the_next() {
    let mut rig = Rig::new(STEP);
    rig.revise("v2");
    rig.tick();
    rig.now = Time::from_secs(67);
    let effects = rig.feed(Input::Tick);
    let call = effects.iter().find_map(call_of).expect("routes are set");
    rig.now = Time::from_secs(127);
    assert!(rig.feed(Input::Tick).is_empty(), "still in SetRoutes");
    assert_eq!(rig.controller.next_wake(), Some(Time::from_secs(187)));
    rig.feed(Input::Answered {
        call,
        answer: Answer::Done,
    });
    assert_eq!(rig.controller.status().canary_weight, 50);
    let again = Input::Answered {
        call,
        answer: Answer::Done,
    };
    assert!(rig.feed(again).is_empty(), "nobody awaits it");
}

#[test]
fn the_rollback_is_recorded_before_its_first_call() {
    let mut rig = Rig::new(STEP);
    rig.revise("v2");
    rig.tick();
    rig.tick();
    rig.success = 98.0;
    for failed in 1..=2 {
        assert_eq!(decisions(&rig.tick()), [Decision::Hold]);
        assert_eq!(rig.controller.status().failed_checks, failed);
    }
    let effects = rig.tick();
    let Effect::Record(Record::Decided { decision, rule, .. }) = &effects[0] else {
        panic!("no decision: {effects:?}");
    };
    assert_eq!(
        (*decision, &**rule),
        (Decision::RollBack, "Flagger scheduler.go:430")
    );
    assert!(
        matches!(effects[1], Effect::SetRoutes { .. }),
        "{effects:?}"
    );
    assert_eq!(rig.controller.standing(), Standing::RolledBack);
}

#[test]
fn nothing_is_recorded_when_nobody_reads() {
    let mut rig = Rig::new(STEP);
    rig.revise("v2");
    let mut effects = Effects::without_records();
    rig.controller
        .handle(Time::from_secs(7), Input::Tick, &mut effects);
    let first = effects.pop().expect("scales up");
    assert!(matches!(
        first,
        Effect::Scale {
            replicas: Replicas::FromZero,
            ..
        }
    ));
    assert_eq!(effects.pop(), None);
}

#[test]
fn an_operator_rolls_back_at_the_next_tick() {
    let mut rig = Rig::new(STEP);
    rig.revise("v2");
    rig.tick();
    rig.tick();
    assert!(rig.feed(Input::Commanded(Command::Abort)).is_empty());
    assert_eq!(decisions(&rig.tick()), [Decision::RollBack]);
    assert_eq!(rig.controller.standing(), Standing::RolledBack);
}

#[test]
fn an_abort_with_no_run_to_abort_is_forgotten() {
    let mut rig = Rig::new(STEP);
    rig.feed(Input::Commanded(Command::Abort));
    rig.tick();
    rig.revise("v2");
    rig.tick();
    rig.tick();
    assert_eq!(rig.controller.status().canary_weight, 50);
}

#[test]
fn an_operator_pauses_and_promotes() {
    let mut rig = Rig::new(STEP);
    rig.revise("v2");
    rig.tick();
    rig.feed(Input::Commanded(Command::Pause));
    assert_eq!(decisions(&rig.tick()), []);
    assert_eq!(rig.controller.standing(), Standing::Paused);
    rig.feed(Input::Commanded(Command::Unpause));
    rig.feed(Input::Commanded(Command::PromoteFull));
    rig.tick();
    assert_eq!(rig.controller.standing(), Standing::Promoted);
    rig.revise("v3");
    rig.tick();
    rig.tick();
    assert_eq!(
        rig.phase(),
        Phase::Progressing,
        "the next run is analysed again"
    );
}

#[test]
fn a_failed_promotion_waits_for_a_person() {
    let mut rig = Rig::new(STEP);
    rig.revise("v2");
    (0..3).for_each(|_| drop(rig.tick()));
    assert_eq!(rig.phase(), Phase::Promoting);
    let mut stuck = WorkloadState::settled(Template::new("v2"), 2);
    stuck.progressing = Some(crate::Condition {
        status: false,
        reason: "ProgressDeadlineExceeded".to_owned(),
        last_update: rig.now,
    });
    rig.observe(Observation::Workload(Workload::Primary, Some(stuck)));
    rig.tick();
    assert_eq!(rig.phase(), Phase::Failed);
    assert_eq!(rig.controller.routes(), Ok(Reading::CANARY));
    assert_eq!(rig.controller.standing(), Standing::Paused);
}

/// The rig's object, as YAML, with another analysis.
fn manifest(analysis: &str) -> Observation {
    let text = format!(
        "apiVersion: flagger.app/v1beta1\nkind: Canary\nmetadata: {{name: shop, namespace: prod}}\n\
         spec: {{provider: istio, \
         targetRef: {{apiVersion: apps/v1, kind: Deployment, name: shop}}, \
         service: {{port: 80, gatewayRefs: [{{name: gw}}]}}, analysis: {{{analysis}}}}}\n"
    );
    Observation::Manifest(text.into())
}

#[test]
fn an_edit_takes_effect_at_the_next_tick_without_a_restart() {
    let mut rig = Rig::new(STEP);
    rig.revise("v2");
    rig.tick();
    rig.tick();
    assert!(
        rig.observe(manifest("interval: 1m, threshold: 2, stepWeight: 20"))
            .is_empty()
    );
    assert_eq!(rig.controller.canary().analysis.step_weight, 50);
    rig.tick();
    assert_eq!(rig.controller.status().canary_weight, 70);
    let refused = rig.observe(manifest("interval: 1m, threshold: no"));
    assert!(matches!(&refused[..], [Effect::Record(Record::Note(why))] if why.contains("refused")));
}

#[test]
fn a_changed_interval_ticks_at_once() {
    let mut rig = Rig::new(STEP);
    rig.tick();
    rig.now = Time::from_secs(20);
    rig.observe(manifest("interval: 30s, threshold: 2, stepWeight: 20"));
    assert_eq!(rig.controller.next_wake(), Some(Time::from_secs(20)));
    rig.tick();
    assert_eq!(rig.controller.next_wake(), Some(Time::from_secs(50)));
}

#[test]
fn configs_count_from_their_first_observation_and_must_exist() {
    let configs = |sum: &str| Ok(BTreeMap::from([("configmap/a".to_owned(), sum.to_owned())]));
    let mut rig = Rig::new(STEP);
    rig.observe(Observation::Configs(configs("1")));
    rig.tick();
    assert_eq!(rig.phase(), Phase::Initialized);
    rig.revise("v2");
    rig.observe(Observation::Configs(
        Err("configmap/a not found".to_owned()),
    ));
    rig.tick();
    assert_eq!(
        rig.phase(),
        Phase::Initialized,
        "the status cannot be written"
    );
    rig.observe(Observation::Configs(configs("2")));
    rig.tick();
    assert_eq!(rig.phase(), Phase::Progressing);
}

#[test]
fn an_answer_of_another_kind_is_a_failure() {
    let mut rig = Rig::new(STEP);
    rig.revise("v2");
    rig.tick();
    rig.tick();
    rig.now = rig.controller.next_wake().expect("always ticks again");
    let effects = rig.feed(Input::Tick);
    let call = effects.iter().find_map(call_of).expect("a query");
    rig.feed(Input::Answered {
        call,
        answer: Answer::Done,
    });
    assert_eq!(rig.controller.status().failed_checks, 1);
}

/// Numbers that look random, always the same ones.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % sides
    }
}

#[test]
fn no_sequence_of_inputs_breaks_it() {
    let analyses = [
        STEP,
        "interval: 1m, threshold: 3, iterations: 2, mirror: true",
        "interval: 1m, threshold: 1, stepWeights: [20, 150], stepWeightPromotion: 30, webhooks: \
         [{name: a, type: confirm-promotion, url: u}, {name: b, type: rollback, url: u}]",
        "interval: 1m, threshold: 1, stepWeight: 9223372036854775807, mirror: true",
        "interval: 1m, threshold: 1, stepWeight: 10, stepWeightPromotion: -9223372036854775807",
    ];
    for (seed, analysis) in analyses.iter().cycle().take(50).enumerate() {
        let (mut rig, mut dice) = (Rig::new(analysis), Dice(seed as u64));
        let mut pending = None;
        for _ in 0..400 {
            let input = random_input(&mut rig, &mut dice, pending);
            let effects = rig.feed(input);
            let calls: Vec<_> = effects.iter().filter_map(call_of).collect();
            assert!(
                calls.len() <= 1,
                "Flagger blocks in every call: {effects:?}"
            );
            pending = calls.first().copied().or(pending);
            for effect in &effects {
                if let Effect::SetRoutes { routes, .. } = effect {
                    assert!(routes.canary.value <= 100, "{routes:?}");
                }
            }
        }
    }
}

fn random_input(rig: &mut Rig, dice: &mut Dice, pending: Option<Call>) -> Input {
    let state = |dice: &mut Dice| {
        let mut state = WorkloadState::settled(Template::new("v2"), 2);
        state.available = dice.roll(3) as u32;
        (dice.roll(5) > 0).then_some(state)
    };
    let answers = [
        Answer::Done,
        Answer::Failed("no".to_owned()),
        Answer::Metric(MetricAnswer::Vector(vec![100.0])),
        Answer::Metric(MetricAnswer::Vector(vec![f64::NAN])),
        Answer::Hook(HookAnswer::Status(200)),
        Answer::Hook(HookAnswer::Status(403)),
    ];
    match dice.roll(12) {
        0 => Input::Observed(Observation::Template(Template::new(
            ["v1", "v2", "v3"][dice.roll(3) as usize],
        ))),
        1 => Input::Observed(Observation::Workload(Workload::Primary, state(dice))),
        2 => Input::Observed(Observation::Workload(Workload::Target, state(dice))),
        3 => Input::Commanded(Command::Abort),
        4 => Input::Observed(Observation::Configs(Err("gone".to_owned()))),
        5 => Input::Observed(Observation::Configs(Ok(BTreeMap::new()))),
        6..=8 => {
            rig.now += Span::from_secs(40);
            Input::Tick
        }
        _ => Input::Answered {
            call: pending.unwrap_or(Call(99)),
            answer: answers[dice.roll(6) as usize].clone(),
        },
    }
}

mod initialization;
