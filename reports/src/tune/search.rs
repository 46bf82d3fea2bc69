//! The search: successive halving on common random numbers, refined around the survivors, confirmed
//! on fresh rollouts.
//!
//! *Why halving* (Karnin, Koren and Somekh, ICML 2013; Jamieson and Talwalkar, AISTATS 2016): most
//! points are plainly bad after a few rollouts, and the rest of the budget belongs to those that are
//! hard to tell apart. OCBA (Chen and Lee 2011; constrained and with several objectives: Hunter and
//! Pasupathy 2013, Feldman and Hunter 2018) would share rollouts out more finely, but its rates
//! assume independent points, and here the strength is that they are not: replication `i` is the same
//! release under every point, so a paired difference is often known to a hundredth of its unpaired
//! error. Halving only needs an order, and that is what pairing gives.
//!
//! 1. *Beginning* ([`Space::beginning`]): today's policy, the ends of each knob, corners, and a
//!    space-filling sequence, a few replications each.
//! 2. *Rounds* ([`rounds`]): a point is dropped when a requirement is breached beyond doubt while others
//!    may keep it, or when another point is as good in everything and better in something beyond doubt
//!    (paired, 99.5 %). The best of the rest, by Deb's rule (IEEE Trans. Evol. Comp. 6 (2002) 182: nearer
//!    to the limits first, within them by layers of the Pareto front), play twice as many replications
//!    as they have; the rest of a round is for newcomers around them: a step on one knob, one knob back
//!    to today's value, two good points crossed.
//! 3. *Confirmation* ([`confirm`]): a few finalists and today's policy play replications that no round has seen.
//!    Only these are reported. So the winner's numbers are not flattered by having won (the
//!    optimiser's curse: Smith and Winkler, Management Science 52 (2006) 311). Who is recommended is
//!    settled by an order that stands before the confirmation is seen: the first that keeps every
//!    limit there.

mod confirm;
mod order;
mod rounds;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use coalmine_sim::event::Study;
use coalmine_sim::outcome::Outcome;

use super::goal::{Goal, Standing};
use super::space::{Point, Space};
use crate::summary::Summary;

/// What is to be played: replications of a point in every scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Which.
    pub point: Point,
    /// Their indices.
    pub replications: Range<u32>,
}

/// What became of it.
#[derive(Clone, Debug)]
pub enum Played {
    /// By scenario, in order of replication.
    Outcomes(Vec<Vec<Outcome>>),
    /// The controller, or the reader of manifests, refuses the point; why.
    Refused(String),
}

/// Whoever plays rollouts.
pub trait Ground {
    /// Plays these jobs; `None` when the user interrupts.
    fn play(&mut self, jobs: &[Job]) -> Option<Vec<Played>>;
}

/// How much may be played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Rollouts in all, of all points and scenarios.
    pub budget: u64,
    /// The root of all random numbers.
    pub seed: u64,
}

/// Replications with a larger index are fresh: no round plays so many.
pub const FRESH: u32 = 1_000_000;
/// Finalists beside today's policy.
const FINALISTS: usize = 5;

/// A point that was tried.
#[derive(Clone, Debug)]
pub struct Tried {
    /// Which.
    pub point: Point,
    /// Replications of each scenario that the search played.
    pub runs: u32,
    /// What became of it.
    pub fate: Fate,
    /// Harm, false rollbacks, duration as the search saw them, by [`Axis::FRONT`].
    pub front: [f64; 3],
    /// How far beyond the limits its estimates are.
    pub beyond: f64,
}

/// What became of a point in the search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The controller refuses it.
    Refused(String),
    /// It breaks a limit beyond doubt.
    Breaks,
    /// Another point is as good in everything, and better in something beyond doubt.
    Dominated,
    /// Others seemed better.
    Behind,
    /// It went through every round.
    Survived,
    /// It was confirmed on fresh rollouts.
    Finalist,
}

/// What a search found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Every point that was tried, in the order in which they came.
    pub tried: Vec<Tried>,
    /// Today's policy (the first) and the finalists on fresh rollouts, as policies of a study.
    pub confirmed: Summary,
    /// The rollouts behind that, by policy and scenario.
    pub outcomes: Vec<Vec<Vec<Outcome>>>,
    /// The finalists, in the order of `confirmed` (whose first is today's): the most wanted first.
    pub finalists: Vec<Point>,
    /// Which of the policies of `confirmed` is recommended.
    pub recommended: Option<usize>,
    /// Rollouts played.
    pub rollouts: u64,
    /// False when the user interrupted.
    pub complete: bool,
}

/// A point under way.
struct Candidate {
    point: Point,
    outcomes: Vec<Vec<Outcome>>,
    runs: u32,
    fate: Fate,
    standing: Option<Standing>,
    /// Knobs that are not as today.
    changes: usize,
}

struct Search<'a, G> {
    space: &'a Space,
    goal: &'a Goal,
    study: &'a Arc<Study>,
    plan: Plan,
    ground: &'a mut G,
    /// Today's policy is the first, whether it is a point of the grid or not.
    candidates: Vec<Candidate>,
    known: BTreeMap<Point, usize>,
    spent: u64,
}

/// Why a search has nothing to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Nothing {
    /// The user interrupted before anything was confirmed.
    Interrupted,
    /// Every point is refused; why the first is.
    AllRefused(String),
}

/// Searches. The study says the scenarios; its policies are not looked at.
///
/// # Errors
/// When there is nothing to show.
pub fn search(
    space: &Space,
    goal: &Goal,
    study: &Arc<Study>,
    plan: Plan,
    ground: &mut impl Ground,
) -> Result<Found, Nothing> {
    let mut search = Search {
        space,
        goal,
        study,
        plan,
        ground,
        candidates: Vec::new(),
        known: BTreeMap::new(),
        spent: 0,
    };
    let complete = search.rounds().is_some();
    if let Some(first) = search.candidates.first()
        && search.alive().is_empty()
        && complete
    {
        let why = match &first.fate {
            Fate::Refused(why) => why.clone(),
            _ => String::new(),
        };
        let all = search
            .candidates
            .iter()
            .all(|one| matches!(one.fate, Fate::Refused(_)));
        if all {
            return Err(Nothing::AllRefused(why));
        }
    }
    search.confirm(complete)
}

impl<G: Ground> Search<'_, G> {
    fn scenarios(&self) -> u64 {
        self.study.scenarios.len().max(1) as u64
    }

    fn alive(&self) -> Vec<usize> {
        let all = self.candidates.iter().enumerate();
        let alive = all.filter(|(_, one)| one.fate == Fate::Survived);
        alive.map(|(index, _)| index).collect()
    }

    fn standing(&self, index: usize) -> Option<&Standing> {
        self.candidates[index].standing.as_ref()
    }
}

#[cfg(test)]
mod tests;
