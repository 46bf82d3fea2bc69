use coalmine_policy::source::Source;

use super::*;

fn bench(text: &str) -> Workbench {
    Workbench::new(vec![Source {
        file: "a.yaml".into(),
        text: text.into(),
    }])
}

fn embedded(label: &str) -> Workbench {
    let all = crate::policies::policies();
    let file = all
        .iter()
        .find(|file| file.label == label)
        .expect("is embedded");
    Workbench::new(vec![file.source()])
}

/// The text with a knob at its first value.
fn turned(bench: &Workbench, vary: &str) -> Result<String, String> {
    let told = |(cause, cure): (String, String)| format!("{cause} ({cure})");
    let knob = Knob::parse(bench, vary).map_err(told)?;
    let edited = edit::edited(bench, &[(&knob, knob.values[0])]).map_err(told)?;
    Ok(edited[0].text.to_string())
}

/// The lines that differ.
fn changed(before: &str, after: &str) -> Vec<String> {
    let (old, new): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    if old.len() != new.len() {
        let added = new.iter().filter(|line| !old.contains(line));
        return added.map(|line| format!("+{line}")).collect();
    }
    let pairs = old.iter().zip(&new).filter(|(a, b)| a != b);
    pairs.map(|(_, new)| (*new).to_owned()).collect()
}

fn change(label: &str, vary: &str) -> Vec<String> {
    let bench = embedded(label);
    let after = turned(&bench, vary).unwrap_or_else(|error| panic!("{vary}: {error}"));
    changed(&bench.sources[0].text, &after)
}

#[test]
fn addresses_lead_to_values_by_short_and_by_full_paths() {
    for (label, vary, wanted) in [
        (
            "flagger-tutorial",
            "analysis.threshold=1..10",
            &["    threshold: 1"][..],
        ),
        ("flagger-tutorial", "threshold=3", &["    threshold: 3"]),
        (
            "flagger-tutorial",
            "spec.analysis.threshold=2",
            &["    threshold: 2"],
        ),
        (
            "flagger-tutorial",
            "Canary:analysis.interval=90s",
            &["    interval: 90s"],
        ),
        (
            "flagger-tutorial",
            "analysis.metrics[request-duration].thresholdRange.max=250",
            &["          max: 250"],
        ),
        (
            "flagger-tutorial",
            "analysis.interval+analysis.metrics[*].interval=5m",
            &[
                "    interval: 5m",
                "        interval: 5m",
                "        interval: 5m",
            ],
        ),
        (
            "argo-repaired",
            "steps[1].pause=5m..60m",
            &["            duration: 5m"],
        ),
        (
            "argo-repaired",
            "spec.strategy.canary.steps[4].pause.duration=15m",
            &["            duration: 15m"],
        ),
        (
            "argo-repaired",
            "steps[0].setWeight=20%",
            &["        - setWeight: 20"],
        ),
        (
            "argo-repaired",
            "metrics[success-rate].failureLimit=1",
            &["      failureLimit: 1"],
        ),
        (
            "argo-repaired",
            "AnalysisTemplate/success-rate-check:spec.metrics[0].interval=30s",
            &["      interval: 30s"],
        ),
        (
            "argo-repaired",
            "metrics[success-rate].successCondition=97%",
            &["      successCondition: result[0] >= 0.97"],
        ),
        (
            "argo-repaired",
            "metrics[latency-p99].failureLimit=2",
            &["+      failureLimit: 2"],
        ),
        (
            "person-ten-minutes",
            "looks.interval=5m",
            &["    interval: 5m"],
        ),
    ] {
        assert_eq!(change(label, vary), wanted, "{vary}");
    }
}

#[test]
fn a_wrong_address_is_told_with_the_nearest() {
    for (label, vary, wanted) in [
        (
            "flagger-tutorial",
            "analysis.treshold=1",
            "`analysis.treshold` is not in the manifest (did you mean `analysis.threshold`?)",
        ),
        (
            "argo-repaired",
            "steps[9].pause=5m",
            "did you mean `steps[1].pause`?",
        ),
        (
            "argo-repaired",
            "metrics[succes-rate].failureLimit=1",
            "did you mean `AnalysisTemplate/success-rate-check:",
        ),
        (
            "argo-repaired",
            "AnalysisTemplate/nope:spec.metrics[0].count=1",
            "there is no object `AnalysisTemplate/nope` (there are `Rollout/checkout-api`, `AnalysisTemplate/success-rate-check`)",
        ),
        (
            "flagger-tutorial",
            "spec.provider=1",
            "is neither a number nor a length of time",
        ),
        (
            "flagger-tutorial",
            "analysis.metrics=1",
            "is a list: name an item",
        ),
        ("flagger-tutorial", "analysis.threshold", "has no values"),
        (
            "flagger-tutorial",
            "analysis.threshold=1m",
            "is no whole number",
        ),
        (
            "flagger-tutorial",
            "analysis.threshold+analysis.interval=1",
            "is of another type",
        ),
        (
            "argo-repaired",
            "metrics[0].provider.prometheus.query=1",
            "is neither a number",
        ),
    ] {
        let error = turned(&embedded(label), vary).expect_err(vary);
        assert!(error.contains(wanted), "{vary}: {error}");
    }
}

const TWO: &str = "apiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {name: a}\nspec:\n  metrics: [{name: m, interval: 1m}]\n---\napiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {name: b}\nspec:\n  metrics:\n  - name: m\n    interval: 1m\n";

#[test]
fn what_may_mean_several_objects_names_them() {
    let bench = bench(TWO);
    let error = turned(&bench, "metrics[m].interval=2m").expect_err("is ambiguous");
    assert!(error.contains("may mean 2 places"), "{error}");
    assert!(
        error.contains("`AnalysisTemplate/a:spec.metrics[0].interval` or `AnalysisTemplate/b:"),
        "{error}"
    );
    let flow = turned(&bench, "AnalysisTemplate/a:metrics[m].interval=2m").expect("is one");
    assert_eq!(flow, TWO.replacen("interval: 1m", "interval: 2m", 1));
    let added = turned(&bench, "AnalysisTemplate/a:metrics[m].failureLimit=2").expect("is one");
    assert_eq!(
        added,
        TWO.replacen("interval: 1m}", "interval: 1m, failureLimit: 2}", 1)
    );
    let added = turned(&bench, "AnalysisTemplate/b:metrics[m].count=2").expect("is one");
    assert_eq!(added, format!("{TWO}    count: 2\n"));
}

fn template(metric: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {{name: a}}\nspec:\n  metrics:\n  - name: m # é\n{metric}"
    )
}

#[test]
fn quotes_comments_and_line_ends_stay() {
    for (metric, vary, wanted) in [
        (
            "    interval: \"1m\"  # why\n",
            "metrics[0].interval=2m",
            "    interval: \"2m\"  # why\n",
        ),
        (
            "    interval: '1m'\n",
            "metrics[0].interval=90s",
            "    interval: '90s'\n",
        ),
        (
            "    count: \"5\"\n",
            "metrics[0].count=7",
            "    count: \"7\"\n",
        ),
        (
            "    interval: 1m\r\n    count: 3\r\n",
            "metrics[0].failureLimit=7",
            "    interval: 1m\r\n    count: 3\r\n    failureLimit: 7\r\n",
        ),
        (
            "    interval: 1m # c\n    # next\n    provider: {}\n",
            "metrics[0].count=7",
            "    interval: 1m # c\n    count: 7\n    # next\n    provider: {}\n",
        ),
        (
            "    successCondition: |\n      result[0] >= 0.95\n",
            "metrics[0].successCondition=0.9",
            "    successCondition: |\n      result[0] >= 0.9\n",
        ),
        (
            "    interval: 1m",
            "metrics[0].count=7",
            "    interval: 1m\n    count: 7",
        ),
    ] {
        let after = turned(&bench(&template(metric)), vary)
            .unwrap_or_else(|error| panic!("{vary}: {error}"));
        assert_eq!(after, template(wanted), "{vary}");
    }
}

#[test]
fn what_is_shared_is_refused() {
    for (metric, vary, wanted) in [
        (
            "    interval: &i 1m\n  - name: n\n    interval: *i\n",
            "metrics[0].interval=2m",
            "other values would change with it",
        ),
        (
            "    interval: &i 1m\n  - name: n\n    interval: *i\n",
            "metrics[1].interval=2m",
            "is an alias, `*i`",
        ),
        (
            "    interval: \"{{args.i}}\"\n",
            "metrics[0].interval=2m",
            "turn the argument's value",
        ),
        (
            "    successCondition: result[0] > 0 && result[0] < 1\n",
            "metrics[0].successCondition=2",
            "only one can be turned",
        ),
    ] {
        let error = turned(&bench(&template(metric)), vary).expect_err(vary);
        assert!(error.contains(wanted), "{vary}: {error}");
    }
    // An anchor that nobody refers to shares nothing.
    let alone = turned(
        &bench(&template("    interval: &i 1m\n")),
        "metrics[0].interval=2m",
    );
    assert_eq!(alone, Ok(template("    interval: &i 2m\n")));
}

#[test]
fn defaults_are_what_a_manifest_has() {
    let labels = |label: &str| -> Vec<String> {
        let knobs = defaults(&embedded(label));
        let told = |knob: &Knob| {
            let values: Vec<_> = knob.values.iter().map(ToString::to_string).collect();
            format!("{}={}", knob.label, values.join(","))
        };
        assert!(knobs.iter().all(|knob| knob.today.is_some()));
        knobs.iter().map(told).collect()
    };
    insta::assert_snapshot!(labels("flagger-tutorial").join("\n"), @r"
    analysis.interval+analysis.metrics[*].interval=30s,1m,2m,4m,8m
    analysis.threshold=1,2,3,5,10
    analysis.stepWeight=5,10,20,25,50
    analysis.maxWeight=25,50,100
    analysis.metrics[request-success-rate].thresholdRange.min=98,99,99.5
    analysis.metrics[request-duration].thresholdRange.max=250,500,1000
    ");
    insta::assert_snapshot!(labels("argo-repaired").join("\n"), @r"
    steps[*].pause=2m30s,5m,10m,20m,40m
    metrics[*].interval=30s,1m,2m,4m,8m
    metrics[*].count=2,3,5,10,20
    metrics[success-rate].failureLimit=0,1,2,3,5
    steps[0].setWeight=3,5,10
    steps[3].setWeight=15,30,60
    steps[5].setWeight=30,60
    metrics[success-rate].successCondition=0.9,0.95,0.975
    ");
    // A default can be typed.
    let bench = embedded("argo-repaired");
    for typed in labels("argo-repaired") {
        assert!(Knob::parse(&bench, &typed).is_ok(), "{typed}");
    }
}

/// Every value of every embedded manifest, turned: the text differs in that value's line alone, and the
/// edited text says what was wanted.
#[test]
fn any_value_can_be_turned_without_changing_another() {
    let mut count = 0;
    for file in crate::policies::policies() {
        for ending in ["\n", "\r\n"] {
            let bench = bench(&file.text.replace('\n', ending));
            for address in find::addresses(&bench) {
                let values = ["7", "11m", "0.7"].iter();
                let knob = values
                    .filter_map(|value| Knob::parse(&bench, &format!("{address}={value}")).ok());
                let knob = knob
                    .into_iter()
                    .next()
                    .unwrap_or_else(|| panic!("{address}"));
                let turned = [(&knob, knob.values[0])];
                let edited = edit::edited(&bench, &turned).expect("is edited");
                assert_eq!(edit::check(&bench, &edited, &turned), Ok(()));
                let lines = changed(&bench.sources[0].text, &edited[0].text);
                assert_eq!(lines.len(), 1, "{address}: {lines:?}");
                assert_eq!(edited[0].text.contains('\r'), ending == "\r\n");
                count += 1;
            }
        }
    }
    assert!(count > 60, "{count}");
}
