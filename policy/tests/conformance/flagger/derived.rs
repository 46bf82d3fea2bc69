//! Cases that `specs/flagger.md` mentions without recording them, derived from `scheduler.go` by
//! reading, in the notation of its section 6: `Pg 20/1(i2,r100,M)` is phase, status weight, failed
//! checks, iterations, router weight where it differs, mirrored.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::case::Case;
use super::{Calls, report};

/// Id, provider, analysis, changes before a tick, what follows.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

const STEP: &str = "stepWeight: 10, maxWeight: 50, threshold: 3";
const HALF: &str = "stepWeight: 50, maxWeight: 50, threshold: 2";

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("C12", "istio", STEP, "t2: sr=98; t3: sr=100; t4: sr=98; t5: sr=100; t6: sr=98",
     "Pg 0/0 · Pg 10/0 · Pg 10/1 · Pg 20/1 · Pg 20/2 · Pg 30/2 · Pg 30/3 · Fa 0/0"),
    ("C15", "istio", HALF, "t2: sr=98; t3: sr=100",
     "Pg 0/0 · Pg 50/0 · Pg 50/1 · Pm 50/1 · Fi 0/1 · Su 0/1 · Su 0/1"),
    ("C17", "istio", STEP, "t2: sr=scalar; t3: sr=http500; t4: sr=matrix",
     "Pg 0/0 · Pg 10/0 · Pg 10/1 · Pg 10/2 · Pg 10/3 · Fa 0/0"),
    ("C21", "istio", "stepWeight: 10, threshold: 3, hooks: [confirm-rollout, rollback]",
     "t0: confirm-rollout:403, rollback:200; t2: confirm-rollout:200",
     "Wa 0/0 · Wa 0/0 · Pg 0/0 · Fa 0/0"),
    ("C22", "istio",
     "stepWeight: 50, maxWeight: 50, threshold: 3, hooks: [confirm-traffic-increase]",
     "t2: confirm-traffic-increase:403; t3: confirm-traffic-increase:200",
     "Pg 0/0 · Pg 50/0 · Pg 50/0 · Pm 50/0"),
    ("C23", "istio", "stepWeight: 50, maxWeight: 50, threshold: 2, hooks: [confirm-promotion]",
     "t0: confirm-promotion:403; t3: sr=1",
     "Pg 0/0 · Pg 50/0 · WP 0/0(i-1,r50) · WP 0/1(i-1,r50) · WP 0/2(i-1,r50) · Fa 0/0"),
    ("C25", "istio", STEP, "t3: target=v3",
     "Pg 0/0 · Pg 10/0 · Pg 20/0 · Pg 0/0 · Pg 10/0"),
    ("C26", "istio", STEP, "t0: target=v1; t1: configs=map[configmap/x:1]",
     "Iz 0/0 · Pg 0/0 · Pg 10/0"),
    ("C28", "istio", HALF, "t2: target=v1",
     "Pg 0/0 · Pg 50/0 · Pm 50/0 · Fi 0/0 · Su 0/0 · Pg 0/0 · Pg 50/0"),
    ("C34", "istio", STEP, "t2: primary=deadline",
     "Pg 0/0 · Pg 10/0 · Fa 0/0 · Fa 0/0"),
    ("C46", "gatewayapi:v1", "stepWeight: 10, mirror: true, threshold: 3", "",
     "Pg 0/0 · Pg 0/0 · Pg 0/0 · Pg 0/0"),
    ("C48", "istio", "stepWeights: [10, 50, 80], threshold: 3", "t2: router=67/33",
     "Pg 0/0 · Pg 10/0 · Pg 100/0 · Pm 100/0"),
    ("C50", "gatewayapi:v1", STEP, "t2: accepted=False, sr=1; t3: accepted=True, sr=100",
     "Pg 0/0 · Pg 10/0 · Pg 10/0 · Pg 20/0"),
    ("C58", "istio", "stepWeight: 10, threshold: 3, hooks: [confirm-rollout]",
     "t0: confirm-rollout:403; t1: target=v1; t2: confirm-rollout:200",
     "Wa 0/0 · Wa 0/0 · Pg 0/0 · Pg 10/0"),
    ("C65", "istio", STEP, "t0: skip=true; t1: canary=deadline", "Pg 0/0 · Fa 0/0 · Fa 0/0"),
    ("C68", "istio", "stepWeight: 10, threshold: 3, hooks: [rollout]",
     "t2: rollout:204; t3: rollout:202; t4: rollout:203",
     "Pg 0/0 · Pg 10/0 · Pg 10/1 · Pg 20/1 · Pg 20/2"),
    ("C74", "istio", STEP, "t2: status.canaryWeight=77", "Pg 0/0 · Pg 10/0 · Pg 20/0"),
    ("C76", "istio", "stepWeight: 50, maxWeight: 50, threshold: 1",
     "t3: primary=deadline; t4: primary=ready; t5: target=v3; t6: sr=1",
     "Pg 0/0 · Pg 50/0 · Pm 50/0 · Fa 100/0 · Fa 100/0 · Pg 0/0(r100) · Pg 0/1(r100) · Fa 0/0"),
    ("C77", "istio", HALF, "t3: primary=deadline; t4: primary=ready",
     "Pg 0/0 · Pg 50/0 · Pm 50/0 · Fa 100/0 · Fa 100/0 · Fa 100/0"),
    ("C78", "istio", STEP, "t2: canary=wait; t3: target=v3; t5: canary=ready",
     "Pg 0/0 · Pg 10/0 · Pg 10/0 · Pg 0/0 · Pg 0/0 · Pg 10/0"),
    ("B01", "istio", "iterations: 2, threshold: 3", "",
     "Pg 0/0 · Pg 0/0(i1) · Pg 0/0(i2) · Pg 0/0(i3,r100) · Pm 0/0(i3,r100) · Fi 0/0 · Su 0/0"),
    ("B06", "istio", "iterations: 2, threshold: 3, hooks: [confirm-promotion]",
     "t0: confirm-promotion:403",
     "Pg 0/0 · Pg 0/0(i1) · Pg 0/0(i2) · WP 0/0(i1) · WP 0/0(i2) · WP 0/0(i1)"),
    ("B07", "istio", "iterations: 1, threshold: 3, hooks: [pre-rollout, confirm-promotion]",
     "t0: confirm-promotion:403; t3: pre-rollout:403",
     "Pg 0/0 · Pg 0/0(i1) · WP 0/0 · WP 0/1"),
    ("B12", "istio", "iterations: 5, threshold: 3", "t4: iterations=2",
     "Pg 0/0 · Pg 0/0(i1) · Pg 0/0(i2) · Pg 0/0(i3) · Pm 0/0(i3) · Fi 0/0 · Su 0/0"),
    ("A01", "nginx",
     "iterations: 2, threshold: 3, match: [{headers: {x-canary: {exact: insider}}}]",
     "",
     "Pg 0/0 · Pg 0/0(i1,r100) · Pg 0/0(i2,r100) · Pm 0/0(i2,r100) · Fi 0/0 · Su 0/0"),
    ("M13", "nginx", "stepWeight: 1, threshold: 100", "t2: sr=1;100; t3: sr=100;1; t4: sr=100;NaN",
     "Pg 0/0 · Pg 1/0 · Pg 2/0 · Pg 2/1 · Pg 2/2"),
];

#[test]
fn flagger_decides_as_its_source_reads() {
    for row in ROWS {
        let case = case(row);
        let (line, good) = report(&case, Calls::Unknown);
        assert!(good, "{line}");
    }
}

fn case((id, provider, analysis, changes, expected): &Row) -> Case {
    let mut analysis: Value =
        serde_saphyr::from_str(&format!("{{{analysis}}}")).expect("the analysis is a mapping");
    analysis["interval"] = json!("1m");
    analysis["metrics"] = json!([{"name": "request-success-rate", "thresholdRange": {"min": 99}}]);
    let hooks = analysis
        .as_object_mut()
        .and_then(|fields| fields.remove("hooks"));
    let hooks = hooks
        .as_ref()
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    analysis["webhooks"] = hooks
        .map(|hook| json!({"name": hook, "type": hook}))
        .collect();
    let mut inputs = Inputs::new();
    let ticks: Vec<Value> = expected
        .split(" · ")
        .enumerate()
        .map(|(index, state)| {
            let given = inputs.change(index, changes);
            let mut tick = inputs.tick(index, &given);
            expect(&mut tick, state);
            tick
        })
        .collect();
    let case = json!({"id": id, "provider": provider, "analysis": analysis, "ticks": ticks});
    serde_json::from_value(case).expect("the case has the recorded format")
}

/// What is in force until it is changed.
struct Inputs {
    target: String,
    primary: String,
    canary: String,
    sr: String,
    skip: bool,
    hooks: BTreeMap<String, u16>,
}

impl Inputs {
    fn new() -> Self {
        Self {
            target: "v2".to_owned(),
            primary: "ready".to_owned(),
            canary: "ready".to_owned(),
            sr: "100".to_owned(),
            skip: false,
            hooks: BTreeMap::new(),
        }
    }

    /// Takes the changes before a tick; gives those that are `given` in words.
    fn change(&mut self, tick: usize, changes: &str) -> String {
        let ours = format!("t{tick}: ");
        let one = changes
            .split("; ")
            .find_map(|change| change.strip_prefix(&ours));
        let mut given = Vec::new();
        for change in one.into_iter().flat_map(|one| one.split(", ")) {
            match change.split_once(['=', ':']) {
                Some(("target", value)) => value.clone_into(&mut self.target),
                Some(("primary", value)) => value.clone_into(&mut self.primary),
                Some(("canary", value)) => value.clone_into(&mut self.canary),
                Some(("sr", value)) => value.clone_into(&mut self.sr),
                Some(("skip", value)) => self.skip = value == "true",
                Some((hook, status)) if !change.contains('=') => {
                    let status = status.parse().expect("a hook answers with a status");
                    self.hooks.insert(hook.to_owned(), status);
                }
                _ => given.push(change),
            }
        }
        given.join("; ")
    }

    fn tick(&self, index: usize, given: &str) -> Value {
        json!({
            "tick": index,
            "given": given,
            "targetTemplate": self.target,
            "primaryDeployment": self.primary,
            "canaryDeployment": self.canary,
            "metrics": {"sr": self.sr},
            "hooks": self.hooks,
            "skipAnalysis": self.skip,
        })
    }
}

fn expect(tick: &mut Value, state: &str) {
    let (short, numbers) = state.split_once(' ').expect("phase and numbers");
    let phases = [
        "Initialized",
        "Waiting",
        "Progressing",
        "WaitingPromotion",
        "Promoting",
        "Finalising",
        "Succeeded",
        "Failed",
    ];
    let shorts = ["Iz", "Wa", "Pg", "WP", "Pm", "Fi", "Su", "Fa"];
    let phase = shorts
        .iter()
        .position(|known| *known == short)
        .map(|at| phases[at]);
    let (numbers, extras) = numbers.split_once('(').unwrap_or((numbers, ""));
    let (weight, failed) = numbers.split_once('/').expect("weight and failed checks");
    let number = |text: &str| text.parse::<i64>().expect("a number");
    let (mut iterations, mut router, mut mirrored) = (0, number(weight), false);
    for extra in extras
        .trim_end_matches(')')
        .split(',')
        .filter(|extra| !extra.is_empty())
    {
        match extra.split_at(1) {
            ("i", count) => iterations = number(count),
            ("r", share) => router = number(share),
            _ => mirrored = true,
        }
    }
    tick["phase"] = json!(phase.expect("a phase"));
    tick["statusCanaryWeight"] = json!(number(weight));
    tick["failedChecks"] = json!(number(failed));
    tick["iterations"] = json!(iterations);
    (tick["routerPrimary"], tick["routerCanary"]) = (json!(100 - router), json!(router));
    tick["mirrored"] = json!(mirrored);
}
