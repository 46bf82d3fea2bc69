//! The replication that one would most like to look at.

use coalmine_sim::outcome::{Outcome, Verdict};

use crate::human;
use crate::summary::{Cell, Summary};

/// One replication, and why it is surprising.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surprise {
    /// The policy's label.
    pub policy: String,
    /// The scenario's name.
    pub scenario: String,
    /// The replication.
    pub replication: u32,
    /// Why, in plain words; a heading that ends with a colon.
    pub why: String,
}

/// The most surprising replication of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    replication: u32,
    verdict: Verdict,
    /// Replications of the cell that ended likewise.
    alike: u64,
    /// Whether the verdict is the wrong one for this scenario.
    wrong: bool,
    hurt: u64,
}

const ENDS: [Verdict; 3] = [Verdict::Promoted, Verdict::RolledBack, Verdict::Stuck];

/// The replication with the rarest verdict; among those the one that hurt most, then the first.
pub(crate) fn rarest(faulty: bool, outcomes: &[Outcome]) -> Option<Candidate> {
    let of_verdict = |verdict: Verdict| {
        let alike = || outcomes.iter().filter(move |o| o.verdict == verdict);
        let most = alike().max_by_key(|o| (o.hurt, std::cmp::Reverse(o.replication)))?;
        Some(Candidate {
            replication: most.replication,
            verdict,
            alike: alike().count() as u64,
            wrong: verdict != right(faulty),
            hurt: most.hurt,
        })
    };
    // The first of equals: a promotion goes before a rollback.
    ENDS.into_iter()
        .filter_map(of_verdict)
        .min_by_key(|c| (c.alike, !c.wrong))
}

const fn right(faulty: bool) -> Verdict {
    if faulty {
        Verdict::RolledBack
    } else {
        Verdict::Promoted
    }
}

/// The most surprising replication of a study: the one whose verdict is rarest in its cell; among
/// equally rare ones a wrong verdict goes before a right one, then the one that hurt most, then the
/// first. `None` when nothing ran.
#[must_use]
pub fn most_surprising(summary: &Summary) -> Option<Surprise> {
    among(summary, |_| true)
}

/// The most surprising replication of each policy that ran; that of the study goes first, the others
/// follow in the order of the policies.
#[must_use]
pub fn of_each_policy(summary: &Summary) -> Vec<Surprise> {
    let policies = 0..summary.study.policies.len();
    let own = policies.filter_map(|policy| among(summary, |cell| cell.policy == policy));
    let mut all: Vec<Surprise> = own.collect();
    let most = most_surprising(summary);
    // A stable sort: the others keep their order.
    all.sort_by_key(|surprise| Some(surprise) != most.as_ref());
    all
}

fn among(summary: &Summary, keep: impl Fn(&Cell) -> bool) -> Option<Surprise> {
    let cells = summary.cells.iter().filter(|cell| keep(cell));
    let candidates = cells.filter_map(|cell| Some((cell, cell.candidate?)));
    let (cell, candidate) = candidates.min_by(|(cell_a, a), (cell_b, b)| {
        // a.alike / n_a against b.alike / n_b, in whole numbers.
        let rarity = (a.alike * cell_b.n).cmp(&(b.alike * cell_a.n));
        rarity.then(b.wrong.cmp(&a.wrong)).then(b.hurt.cmp(&a.hurt))
    })?;
    Some(Surprise {
        policy: summary.label(cell).to_owned(),
        scenario: summary.name(cell).to_owned(),
        replication: candidate.replication,
        why: sentence(summary, cell, &candidate),
    })
}

/// A heading for the command that shows the replication, hence the colon.
fn sentence(summary: &Summary, cell: &Cell, candidate: &Candidate) -> String {
    let (policy, scenario) = (summary.label(cell), summary.name(cell));
    let rollouts = human::count(cell.n);
    if candidate.alike == cell.n {
        let end = ended(candidate.verdict);
        let which = which(candidate, "");
        return match cell.n {
            1 => format!("The only rollout of {policy} in {scenario} ended {end}{which}"),
            _ => format!(
                "Each of the {rollouts} rollouts of {policy} in {scenario} ended {end}{which}"
            ),
        };
    }
    let faulty = summary
        .scenario(cell)
        .is_some_and(coalmine_sim::event::ScenarioInfo::is_faulty);
    let release = if faulty { "bad" } else { "good" };
    let end = match candidate.verdict {
        Verdict::Promoted => format!("promoted the {release} release"),
        Verdict::RolledBack => format!("rolled the {release} release back"),
        Verdict::Stuck | Verdict::Invalid => format!("got stuck with the {release} release"),
    };
    let alike = human::count(candidate.alike);
    let which = which(candidate, " of these");
    format!("In {scenario}, {policy} {end} in {alike} of its {rollouts} rollouts{which}")
}

const fn ended(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Promoted => "promoted",
        Verdict::RolledBack => "rolled back",
        Verdict::Stuck | Verdict::Invalid => "stuck",
    }
}

/// Which one of those alike is shown: its harm is its own, and not that of the others.
fn which(candidate: &Candidate, of: &str) -> String {
    let hurt = match candidate.hurt {
        1 => "1 request".to_owned(),
        hurt => format!("{} requests", human::count(hurt)),
    };
    match (candidate.alike, candidate.hurt) {
        (1, 0) => ":".to_owned(),
        (1, _) => format!(" and hurt {hurt}:"),
        (_, 0) => format!("; the first{of}, which hurt nobody:"),
        _ => format!("; the one{of} that hurt most ({hurt}):"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{promoted, rolled_back, study, summary};

    #[test]
    fn the_rarest_verdict_wins_and_among_its_kind_the_one_that_hurt_most() {
        let mut good: Vec<_> = (0..100).map(|i| promoted(i, 0)).collect();
        good[7] = rolled_back(7, 60);
        let mut bad: Vec<_> = (0..100).map(|i| rolled_back(i, 60)).collect();
        bad[3] = promoted(3, 10);
        bad[8] = promoted(8, 20);
        let study = study(&["p"], &[("a/healthy", false), ("a/errors", true)]);
        let both = summary(&study, &[(0, 0, &good), (0, 1, &bad)]);
        let surprise = most_surprising(&both).expect("something ran");
        assert_eq!(
            (surprise.scenario.as_str(), surprise.replication),
            ("a/healthy", 7)
        );
        assert_eq!(
            surprise.why,
            "In a/healthy, p rolled the good release back in 1 of its 100 rollouts and hurt 240 \
             requests:"
        );
        let only_bad = summary(&study, &[(0, 1, &bad)]);
        let surprise = most_surprising(&only_bad).expect("something ran");
        assert_eq!(surprise.replication, 8);
        assert_eq!(
            surprise.why,
            "In a/errors, p promoted the bad release in 2 of its 100 rollouts; the one of these that \
             hurt most (20 requests):"
        );
    }

    #[test]
    fn each_policy_has_its_own_and_that_of_the_study_goes_first() {
        let good: Vec<_> = (0..10).map(|i| promoted(i, 0)).collect();
        let mut rare = good.clone();
        rare[4] = rolled_back(4, 60);
        let study = study(&["p", "invalid", "q"], &[("a/healthy", false)]);
        let all = of_each_policy(&summary(
            &study,
            &[(0, 0, &good), (1, 0, &[]), (2, 0, &rare)],
        ));
        let told: Vec<_> = all
            .iter()
            .map(|s| (s.policy.as_str(), s.replication))
            .collect();
        assert_eq!(told, [("q", 4), ("p", 0)]);
    }

    #[test]
    fn where_all_agree_the_wrong_and_harmful_is_shown_and_nothing_is_nothing() {
        let bad: Vec<_> = (0..5).map(|i| promoted(i, u64::from(i))).collect();
        let good: Vec<_> = (0..5).map(|i| promoted(i, 0)).collect();
        let study = study(&["p"], &[("a/healthy", false), ("a/errors", true)]);
        let both = summary(&study, &[(0, 0, &good), (0, 1, &bad)]);
        let surprise = most_surprising(&both).expect("something ran");
        assert_eq!(
            (surprise.scenario.as_str(), surprise.replication),
            ("a/errors", 4)
        );
        assert_eq!(
            surprise.why,
            "Each of the 5 rollouts of p in a/errors ended promoted; the one that hurt most (4 \
             requests):"
        );
        let harmless = most_surprising(&summary(&study, &[(0, 0, &good)])).map(|s| s.why);
        let said = "Each of the 5 rollouts of p in a/healthy ended promoted; the first, which hurt \
                    nobody:";
        assert_eq!(harmless.as_deref(), Some(said));
        assert_eq!(most_surprising(&summary(&study, &[(0, 0, &[])])), None);
    }
}
