use super::*;
use crate::fixture::{promoted, rolled_back, study, summary, thousand, typical};

fn text(summary: &Summary) -> String {
    sentences(summary).join("\n")
}

#[test]
fn three_sentences_tell_what_stands_out() {
    insta::assert_snapshot!(text(&typical()));
}

#[test]
fn a_blind_policy_is_the_costliest_only_where_all_are_blind() {
    let study = study(&["blind", "seeing"], &[("a/errors", true)]);
    let (missed, half) = (thousand(true, 0), thousand(true, 500));
    let both = summary(&study, &[(0, 0, &missed), (1, 0, &half)]);
    assert!(
        sentences(&both)[0].contains("in a/errors, seeing lets"),
        "{}",
        text(&both)
    );
    let blind = summary(&study, &[(0, 0, &missed), (1, 0, &missed)]);
    assert!(
        sentences(&blind)[0].contains("in a/errors, blind lets"),
        "{}",
        text(&blind)
    );
    assert!(
        sentences(&blind)[2].contains("do equally well"),
        "{}",
        text(&blind)
    );
}

#[test]
fn harm_counts_where_rates_do_not_differ() {
    let study = study(
        &["slow", "fast"],
        &[("a/errors", true), ("b/errors", true), ("a/healthy", false)],
    );
    let (slow, fast) = ([rolled_back(0, 600)], [rolled_back(0, 60)]);
    let good = [promoted(0, 0)];
    let cells: crate::fixture::Cells<'_> = &[
        (0, 0, &slow),
        (1, 0, &fast),
        (0, 1, &slow),
        (0, 2, &good),
        (1, 2, &good),
    ];
    let said = &sentences(&summary(&study, cells))[2];
    // b/errors was not run with both, so it counts for neither.
    assert_eq!(
        said,
        "Least harm, by the median of requests hurt in the one scenario with a bad release: fast \
         with 240 requests, which holds back 0.0 % (0.0–79.4) of good releases and takes 16m00s \
         (?–?) to promote in a/healthy; slow does most harm with 2,400 requests (+2,160 in the same \
         rollout) and holds back 0.0 % (0.0–79.4) of good releases."
    );
}

#[test]
fn a_latent_fault_that_is_promoted_hurts_nobody() {
    let study = study(&["p"], &[("a/latent", true)]);
    let latent: Vec<_> = (0..100).map(|i| promoted(i, 0)).collect();
    let said = sentences(&summary(&study, &[(0, 0, &latent)]));
    assert_eq!(
        said[0],
        "No promoted bad release hurt anybody: 0.0 % of 100 rollouts (95 % interval 0.0–3.7)."
    );
}

#[test]
fn studies_that_cannot_tell_say_so() {
    let healthy = study(&["p"], &[("a/healthy", false)]);
    let good = thousand(false, 1000);
    insta::assert_snapshot!("only_healthy", text(&summary(&healthy, &[(0, 0, &good)])));
    let faulty = study(&["p"], &[("a/errors", true)]);
    let one = [rolled_back(0, 60)];
    insta::assert_snapshot!("one_replication", text(&summary(&faulty, &[(0, 0, &one)])));
    insta::assert_snapshot!("nothing_ran", text(&summary(&faulty, &[])));
    let refused = study(&["invalid-a", "invalid-b"], &[("a/errors", true)]);
    let cells: crate::fixture::Cells<'_> = &[(0, 0, &[]), (1, 0, &[])];
    insta::assert_snapshot!("all_refused", text(&summary(&refused, cells)));
    let nothing = study(&[], &[]);
    assert_eq!(sentences(&summary(&nothing, &[])).len(), 3);
}
