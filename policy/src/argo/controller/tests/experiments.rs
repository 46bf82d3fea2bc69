//! Experiment steps through the whole controller, row B41 among them.

use super::super::Reason;
use super::world::{World, manifest, rollout};
use crate::argo::analysis::Phase;
use crate::{Command, MetricAnswer, Standing, Template};

/// An experiment with the template `t` as analysis, and more of its fields.
fn experiment(more: &str) -> String {
    format!(
        "{{experiment: {{templates: [{{name: base, specRef: stable}}, {{name: new, specRef: \
         canary, replicas: 2}}], {more}}}}}"
    )
}

const ANALYSIS: &str = "analyses: [{name: a, templateName: t}]";
const REQUIRED: &str = "analyses: [{name: a, templateName: t, requiredForCompletion: true}]";

fn world(steps: &str) -> World {
    World::new(rollout(&manifest(5, steps, "")))
}

fn value(value: f64) -> MetricAnswer {
    MetricAnswer::Vector(vec![value])
}

#[test]
fn b41_a_successful_experiment_is_a_step_done() {
    let step = experiment(&format!("duration: 3m, {ANALYSIS}"));
    let mut world = world(&format!("[{step}, {{setWeight: 20}}, {{pause: {{}}}}]"));
    world.update("v2");
    world.run_to(1);
    assert_eq!(
        world.sizes,
        [
            (0, "app-v2-2-0-base".to_owned(), 1),
            (0, "app-v2-2-0-new".to_owned(), 2)
        ]
    );
    // The canary has no pods while the experiment runs; its deadline does not count.
    world.run_to(184);
    assert_eq!(
        (world.path(), world.scaled("v2")),
        ("0@0".to_owned(), String::new())
    );
    // Available at 5 s, over strictly after 3 minutes.
    world.run_to(1000);
    assert_eq!(world.path(), "0@0 1@185 2@190");
    // Three measurements a minute apart, from when all pods are there.
    assert_eq!(world.queries, [5, 65, 125]);
    // Its pods outlast it by 30 s.
    let ends: Vec<_> = world.sizes[2..]
        .iter()
        .map(|(at, _, n)| (*at, *n))
        .collect();
    assert_eq!(ends, [(215, 0), (215, 0)]);
    assert!(world.told("Experiment 'app-v2-2-0' is Running"));
}

#[test]
fn b41_a_failed_experiment_aborts() {
    let step = experiment(&format!("duration: 3m, {ANALYSIS}"));
    let mut world = world(&format!("[{step}, {{setWeight: 20}}]"));
    world.answers.insert(0, value(0.0));
    world.update("v2");
    world.run_to(1000);
    assert_eq!(world.standing(), Standing::RolledBack);
    assert!(world.told(
        "RolloutAborted at step 0: Experiment analysis phase is error/failed: Metric \"m\" assessed \
         Failed due to failed (1) > failureLimit (0)"
    ));
    assert!(world.told("Experiment 'app-v2-2-0' is Failed"));
    // Retry makes another one, under another name: the first is over.
    world.command(Command::Retry);
    world.run_to(1001);
    assert!(world.told("Created Experiment 'app-v2-2-0-1'"));
}

/// The status forgets the Experiment, so the next pass makes another one; the pause stays until
/// somebody clears it, and holds up nothing.
#[test]
fn b41_an_inconclusive_experiment_pauses_and_is_made_again() {
    let step = experiment(&format!("duration: 30s, {ANALYSIS}"));
    let mut world = world(&format!("[{step}, {{setWeight: 20}}]"));
    world.answers.insert(0, value(0.5));
    world.answers.insert(11, value(1.0));
    world.update("v2");
    world.run_to(6);
    assert!(
        world
            .controller
            .pause(Reason::InconclusiveExperiment)
            .is_some()
    );
    assert_eq!(world.standing(), Standing::Paused);
    assert!(world.told("Created Experiment 'app-v2-2-0-1'"));
    let again = world.controller.experiments.current().expect("another one");
    assert_eq!(
        (again.name(), again.phase()),
        ("app-v2-2-0-1", Some(Phase::Pending))
    );
    // The second is inconclusive, too; the third has its answer after 11 s and succeeds.
    world.run_to(100);
    assert!(world.told("Created Experiment 'app-v2-2-0-2'"));
    assert!(!world.told("Created Experiment 'app-v2-2-0-3'"));
    assert_eq!(world.path(), "0@0 1@45 2@50");
    assert_eq!(world.standing(), Standing::Promoted);
}

#[test]
fn an_experiment_whose_pods_never_come_fails_after_the_deadline() {
    let step = experiment(&format!("duration: 3m, {ANALYSIS}"));
    let yaml = manifest(5, &format!("[{step}, {{setWeight: 20}}]"), "");
    let yaml = yaml.replacen("spec:\n", "spec:\n  progressDeadlineSeconds: 120\n", 1);
    let mut world = World::new(rollout(&yaml));
    world.no_experiment = true;
    world.update("v2");
    world.run_to(119);
    assert_eq!(world.standing(), Standing::Progressing);
    world.run_to(121);
    assert_eq!(world.standing(), Standing::RolledBack);
    let why = "Experiment analysis phase is error/failed: Template 'base' exceeded its \
               progressDeadlineSeconds (120)";
    assert!(world.told(why));
    assert!(world.queries.is_empty());
}

#[test]
fn a_required_analysis_ends_the_experiment() {
    let mut world = world(&format!("[{}, {{pause: {{}}}}]", experiment(REQUIRED)));
    world.update("v2");
    world.run_to(1000);
    assert_eq!(world.path(), "0@0 1@125");
    assert!(world.told("is Successful: Required AnalysisRuns completed"));
}

#[test]
fn without_duration_and_required_analysis_the_step_lasts() {
    let mut world = world(&format!("[{}, {{pause: {{}}}}]", experiment(ANALYSIS)));
    world.update("v2");
    world.run_to(100_000);
    assert_eq!(
        (world.path(), world.standing()),
        ("0@0".to_owned(), Standing::Progressing)
    );
    // A person may skip it; the Experiment ends with it.
    world.command(Command::Promote);
    world.run_to(100_031);
    assert_eq!(world.path(), "0@0 1@100000");
    assert!(
        world
            .sizes
            .iter()
            .rev()
            .take(2)
            .all(|(_, _, size)| *size == 0)
    );
}

#[test]
fn an_abort_and_a_newer_template_end_the_experiment() {
    let steps = format!("[{}, {{pause: {{}}}}]", experiment("duration: 10m"));
    let mut aborted = world(&steps);
    aborted.update("v2");
    aborted.run_to(60);
    aborted.command(Command::Abort);
    assert!(aborted.told("Experiment 'app-v2-2-0' is Successful"));
    aborted.run_to(91);
    assert_eq!(
        aborted.sizes[2..]
            .iter()
            .map(|s| (s.0, s.2))
            .collect::<Vec<_>>(),
        [(90, 0), (90, 0)]
    );

    let mut newer = world(&steps);
    newer.update("v2");
    newer.run_to(60);
    newer.update("v3");
    assert!(newer.told("Experiment 'app-v2-2-0' is Successful"));
    assert!(newer.told("Created Experiment 'app-v3-3-0'"));
    assert_eq!(newer.controller.current_step(), 0);
}

/// Observed on the real code: the run of an Experiment that ends is not looked at, so one that has to
/// be waited for keeps it `Running`; after a retry it is taken for the new one and never ends.
#[test]
fn a_retry_takes_up_an_experiment_that_cannot_end() {
    let mut world = world(&format!("[{}, {{pause: {{}}}}]", experiment(REQUIRED)));
    world.update("v2");
    world.run_to(60);
    world.command(Command::Abort);
    world.run_to(100);
    world.command(Command::Retry);
    world.run_to(10_000);
    let current = world.controller.experiments.current().expect("the old one");
    assert_eq!(
        (current.name(), current.phase()),
        ("app-v2-2-0", Some(Phase::Running))
    );
    assert_eq!(world.controller.current_step(), 0);
}

#[test]
fn arguments_name_the_experiments_pods() {
    let args = "analyses: [{name: a, templateName: t, args: [{name: hash, value: \
                '{{templates.new.podTemplateHash}}'}, {name: set, value: \
                '{{templates.base.replicaset.name}}'}, {name: latest, valueFrom: {podTemplateHashValue: \
                Latest}}]}]";
    let step = experiment(&format!("duration: 10s, {args}"));
    let yaml = manifest(5, &format!("[{step}, {{setWeight: 20}}]"), "");
    let yaml = yaml.replace(
        "spec:\n  metrics:",
        "spec:\n  args: [{name: hash}, {name: set}, {name: latest}]\n  metrics:",
    );
    let yaml = yaml.replace(
        "query: up",
        "query: 'up{h=\"{{args.hash}}\",n=\"{{args.set}}\",l=\"{{args.latest}}\"}'",
    );
    let rollout = rollout(&yaml);
    let foreseen = rollout.queries(&Template::new("v1"), &Template::new("v2"));
    let mut world = World::new(rollout);
    world.update("v2");
    world.run_to(100);
    let text = &world.texts[0];
    assert!(
        text.ends_with("\",n=\"app-v2-2-0-base\",l=\"v2\"}"),
        "{text}"
    );
    assert!(
        !text.contains("h=\"v2\"") && !text.contains("h=\"v1\""),
        "{text}"
    );
    assert!(foreseen.iter().any(|query| *query.text == **text));
}

#[test]
fn an_instant_without_pods_does_not_spin() {
    let step = "{experiment: {templates: [{name: b, specRef: stable, replicas: 0}], duration: 10s, \
                analyses: [{name: a, templateName: t}]}}";
    let mut world = world(&format!("[{step}, {{setWeight: 20}}]"));
    world.answers.insert(0, value(0.5));
    world.update("v2");
    world.run_to(60);
    assert_eq!(world.standing(), Standing::Paused);
    assert!(world.queries.len() < 100, "{}", world.queries.len());
}

/// The oldest of those that are over is deleted, and its name is free again.
#[test]
fn names_are_used_in_turn() {
    let step = experiment(&format!("duration: 30s, {ANALYSIS}"));
    let yaml = manifest(5, &format!("[{step}, {{setWeight: 20}}]"), "");
    let yaml = yaml.replacen(
        "spec:\n",
        "spec:\n  analysis: {unsuccessfulRunHistoryLimit: 1}\n",
        1,
    );
    let rollout = rollout(&yaml);
    let foreseen = rollout.experiment_names(0, &Template::new("v2"));
    let mut world = World::new(rollout);
    world.answers.insert(0, value(0.5));
    world.update("v2");
    world.run_to(33);
    let made = world.sizes.iter().filter(|(.., size)| *size == 2);
    let first = made.map(|(_, name, _)| name.strip_suffix("-new").expect("ends so"));
    let first: Vec<_> = first.take(7).collect();
    let turn = &foreseen[..3];
    let expected: Vec<_> = turn.iter().chain(turn).chain(turn).take(7).collect();
    assert_eq!(first, expected, "{:?}", world.sizes);
    // Its pods go with it, five seconds after it was over and not thirty.
    assert!(world.sizes.contains(&(10, "app-v2-2-0-new".to_owned(), 0)));
}
