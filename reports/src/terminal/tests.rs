use coalmine_sim::outcome::Verdict;

use super::*;
use crate::fixture::{outcome, promoted, study, summary, thousand, typical};

fn plain(summary: &Summary) -> String {
    render(summary, Options::default())
}

#[test]
fn a_typical_study_reads_well() {
    insta::assert_snapshot!(plain(&typical()));
}

#[test]
fn stuck_rollouts_get_a_column() {
    let study = study(
        &["person-ten-minutes"],
        &[("market-open/overload-only", true)],
    );
    let mut outcomes = thousand(true, 0);
    outcomes[0] = outcome(0, Verdict::Stuck, 3);
    insta::assert_snapshot!(plain(&summary(&study, &[(0, 0, &outcomes)])));
}

#[test]
fn a_fault_that_never_shows_is_marked_and_explained() {
    let study = study(&["p"], &[("a/overload-only", true), ("a/errors", true)]);
    let latent: Vec<_> = (0..100).map(|i| promoted(i, 0)).collect();
    let met: Vec<_> = (0..100).map(|i| promoted(i, 1)).collect();
    let text = plain(&summary(&study, &[(0, 0, &latent), (0, 1, &met)]));
    assert!(text.contains("100.0 % (96.3–100.0) *"), "{text}");
    assert!(text.contains("100.0 % (96.3–100.0)   "), "{text}");
    assert!(text.contains("\n* the fault never showed"), "{text}");
    assert!(!plain(&typical()).contains('*'), "{text}");
}

#[test]
fn nothing_is_wider_than_a_terminal_with_colour_or_without() {
    let study = study(
        &["person-ten-minutes"],
        &[("market-open/overload-only", true)],
    );
    let mut outcomes = thousand(true, 0);
    outcomes[0] = outcome(0, Verdict::Stuck, 3);
    let text = plain(&summary(&study, &[(0, 0, &outcomes)]));
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!(
        widest.is_some_and(|widest| widest <= 100),
        "{widest:?}\n{text}"
    );
}

#[test]
fn a_narrow_terminal_gets_all_that_matters() {
    let labels = ["person-ten-minutes-x", "invalid-label-that-is-too-long"];
    let study = study(
        &labels,
        &[("market-open/overload-only", true), ("a/healthy", false)],
    );
    let (latent, mut bad) = (thousand(false, 1000), thousand(true, 0));
    for outcome in &mut bad {
        outcome.hurt += 100_000;
        outcome.hurt_users = outcome.hurt;
    }
    let widest = |text: &str| text.lines().map(|line| line.chars().count()).max();
    let at = |summary: &Summary, width| {
        let (colour, width) = (false, Some(width));
        render(
            summary,
            Options {
                colour,
                width,
                characters: Characters::Unicode,
            },
        )
    };
    let plenty = summary(&study, &[(0, 0, &bad), (1, 0, &[]), (0, 1, &latent)]);
    insta::assert_snapshot!(at(&plenty, 80));
    // Into a file no line is wider than on a terminal of 100 columns.
    assert_eq!(at(&plenty, 100), plain(&plenty));
    let (mut stuck, latent) = (bad.clone(), latent);
    stuck[0] = outcome(0, Verdict::Stuck, 3);
    for width in 72..120 {
        let text = at(&summary(&study, &[(0, 0, &stuck), (0, 1, &latent)]), width);
        assert!(widest(&text) <= Some(width.into()), "{width}\n{text}");
        let text = at(&summary(&study, &[(0, 0, &latent), (0, 1, &latent)]), width);
        assert!(widest(&text) <= Some(width.into()), "{width}\n{text}");
    }
}

#[test]
fn people_and_orders_have_columns_where_they_are_counted() {
    let mut study = study(&["p", "q"], &[("a/orders-lost", true)]);
    std::sync::Arc::make_mut(&mut study).scenarios[0].business =
        vec!["orders".to_owned(), "payments".to_owned()];
    let mut outcomes = thousand(true, 900);
    for outcome in &mut outcomes {
        outcome.hurt_users = outcome.hurt / 2;
        outcome.lost = vec![outcome.hurt / 20, outcome.hurt / 10];
    }
    let text = plain(&summary(&study, &[(0, 0, &outcomes), (1, 0, &outcomes)]));
    insta::assert_snapshot!(text);
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100), "{text}");
}

#[test]
fn terminals_without_unicode_get_the_same_table_in_ascii() {
    let options = Options {
        characters: Characters::Plain,
        ..Options::default()
    };
    let text = render(&typical(), options);
    let strange: String = text.chars().filter(|c| !c.is_ascii()).collect();
    assert_eq!(strange, "");
    let widths = |text: &str| -> Vec<usize> { text.lines().map(|l| l.chars().count()).collect() };
    assert_eq!(widths(&text), widths(&plain(&typical())));
}

#[test]
fn colour_changes_nothing_but_colour() {
    let coloured = render(
        &typical(),
        Options {
            colour: true,
            width: None,
            characters: Characters::Unicode,
        },
    );
    assert!(coloured.contains("\u{1b}["));
    let mut stripped = String::new();
    let mut inside = false;
    for c in coloured.chars() {
        match (inside, c) {
            (false, '\u{1b}') => inside = true,
            (true, 'm') => inside = false,
            (true, _) => {}
            (false, c) => stripped.push(c),
        }
    }
    assert_eq!(stripped, plain(&typical()));
}

#[test]
fn studies_without_anything_to_show_say_so() {
    let refused = study(&["invalid-a"], &[("a/errors", true)]);
    insta::assert_snapshot!("all_refused", plain(&summary(&refused, &[(0, 0, &[])])));
    let mut interrupted = summary(&study(&["p"], &[("a/errors", true)]), &[]);
    interrupted.complete = false;
    insta::assert_snapshot!("interrupted", plain(&interrupted));
}
