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
//! 1. *Beginning*: today's policy, the ends of each knob, corners, and a space-filling sequence, a
//!    few replications each.
//! 2. *Rounds*: a point is dropped when a requirement is breached beyond doubt while others may keep
//!    it, or when another point is as good in everything and better in something beyond doubt (paired,
//!    99.5 %). Of the rest the better half goes on, by Deb's rule (IEEE Trans. Evol. Comp. 6 (2002)
//!    182): nearer to the limits first; within them by layers of the Pareto front. Their neighbours on
//!    the grid join them, and everybody plays twice as many replications.
//! 3. *Confirmation*: a few finalists and today's policy play replications that no round has seen.
//!    Only these are reported. So the winner's numbers are not flattered by having won (the
//!    optimiser's curse: Smith and Winkler, Management Science 52 (2006) 311). Who is recommended is
//!    settled by an order that stands before the confirmation is seen: the first that keeps every
//!    limit there.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use coalmine_sim::event::{Event, PolicyInfo, Study};
use coalmine_sim::outcome::Outcome;

use super::compare::{Axis, Contrast};
use super::goal::{Goal, Standing};
use super::space::{Point, Space};
use crate::gate;
use crate::reporter::{Collector, Reporter};
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

/// The part of the budget that finds finalists; the rest confirms them.
const SEARCHING: f64 = 0.55;
/// The part of that which the first look at all points takes.
const FIRST: f64 = 0.35;
/// Replications of a point at first: with fewer, not even a fault that is missed every second time is
/// told from one that never is.
const REPLICATIONS: u32 = 16;
/// Rollouts of a point at first, where few scenarios make more replications cheap.
const ROLLOUTS: u32 = 200;
/// Points at first.
const POINTS: Range<usize> = 6..160;
/// Finalists beside today's policy.
const FINALISTS: usize = 5;
/// Replications with a larger index are fresh: no round plays so many.
pub const FRESH: u32 = 1_000_000;
/// More replications of a finalist tell nothing that matters.
const CONFIRMED_MAX: u64 = 20_000;

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
}

struct Search<'a, G> {
    space: &'a Space,
    goal: &'a Goal,
    study: &'a Arc<Study>,
    plan: Plan,
    ground: &'a mut G,
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

    /// `None` when the user interrupts.
    fn rounds(&mut self) -> Option<()> {
        let budget = (self.plan.budget as f64 * SEARCHING) as u64;
        let scenarios = self.scenarios();
        let mut runs = (ROLLOUTS / scenarios as u32).clamp(REPLICATIONS, ROLLOUTS);
        let affordable = (budget as f64 * FIRST) as u64 / (u64::from(runs) * scenarios);
        let count = (affordable as usize).clamp(POINTS.start, POINTS.end);
        // Today's policy comes first, whether it is a point of the grid or not.
        self.join(self.space.today());
        for point in self.space.beginning(count, self.plan.seed) {
            self.join(point);
        }
        loop {
            self.play(&self.alive(), runs)?;
            self.judge();
            self.drop_the_hopeless();
            let alive = self.alive();
            let left = budget.saturating_sub(self.spent);
            let further = u64::from(runs) * scenarios;
            let affordable = (left / further.max(1)) as usize;
            if alive.len() <= 1 || affordable < FINALISTS.min(alive.len()) {
                return Some(());
            }
            let keep = alive.len().div_ceil(2).max(FINALISTS).min(affordable);
            let ranked = self.ranked(&alive);
            for index in ranked.iter().skip(keep) {
                self.candidates[*index].fate = Fate::Behind;
            }
            // Whoever joins plays all from the beginning; a third of what is left is theirs.
            let kept = (keep.min(alive.len()) as u64) * further;
            let welcome = left.saturating_sub(kept).min(left / 3) / (2 * further).max(1);
            self.refine(&ranked, (welcome as usize).min(keep.div_ceil(2)));
            runs *= 2;
            if runs >= FRESH / 2 {
                return Some(());
            }
        }
    }

    fn join(&mut self, point: Point) {
        if self.known.contains_key(&point) {
            return;
        }
        self.known.insert(point.clone(), self.candidates.len());
        self.candidates.push(Candidate {
            point,
            outcomes: vec![Vec::new(); self.study.scenarios.len()],
            runs: 0,
            fate: Fate::Survived,
            standing: None,
        });
    }

    /// Plays these on until each has so many replications of every scenario; today's policy too, since
    /// others are compared with it.
    fn play(&mut self, who: &[usize], runs: u32) -> Option<()> {
        let mut who = who.to_vec();
        if !who.contains(&0) && !matches!(self.candidates[0].fate, Fate::Refused(_)) {
            who.insert(0, 0);
        }
        who.retain(|index| self.candidates[*index].runs < runs);
        let jobs: Vec<Job> = who
            .iter()
            .map(|index| {
                let one = &self.candidates[*index];
                let replications = one.runs..runs;
                Job {
                    point: one.point.clone(),
                    replications,
                }
            })
            .collect();
        let played = self.ground.play(&jobs)?;
        for ((index, job), played) in who.into_iter().zip(&jobs).zip(played) {
            let one = &mut self.candidates[index];
            match played {
                Played::Refused(why) => one.fate = Fate::Refused(why),
                Played::Outcomes(more) => {
                    one.runs = runs;
                    self.spent += job.replications.len() as u64 * self.study.scenarios.len() as u64;
                    for (own, more) in one.outcomes.iter_mut().zip(more) {
                        own.extend(more);
                    }
                }
            }
        }
        Some(())
    }

    fn judge(&mut self) {
        let today = std::mem::take(&mut self.candidates[0].outcomes);
        for index in 0..self.candidates.len() {
            let one = &self.candidates[index];
            let own = if index == 0 { &today } else { &one.outcomes };
            if one.fate == Fate::Survived || index == 0 {
                let standing = self.goal.standing(self.study, own, &today);
                self.candidates[index].standing = Some(standing);
            }
        }
        self.candidates[0].outcomes = today;
    }

    fn standing(&self, index: usize) -> Option<&Standing> {
        self.candidates[index].standing.as_ref()
    }

    fn drop_the_hopeless(&mut self) {
        let alive = self.alive();
        let beyond = |index: &usize| self.standing(*index).map_or(0.0, |s| s.beyond);
        let any_within = alive.iter().any(|index| beyond(index) == 0.0);
        let mut fates = Vec::new();
        for index in &alive {
            // Where nobody can keep the limits, the nearest are looked for.
            if any_within && beyond(index) > 0.0 {
                fates.push((*index, Fate::Breaks));
            } else if alive.iter().any(|other| self.dominates(*other, *index)) {
                fates.push((*index, Fate::Dominated));
            }
        }
        for (index, fate) in fates {
            self.candidates[index].fate = fate;
        }
    }

    /// As good in everything, by estimate, and better in something beyond doubt. What is minimised is
    /// looked at too, and how far the limits are.
    fn dominates(&self, one: usize, other: usize) -> bool {
        let (Some(a), Some(b)) = (self.standing(one), self.standing(other)) else {
            return false;
        };
        if one == other || a.seems_beyond > b.seems_beyond || a.minimised > b.minimised {
            return false;
        }
        let world = (&**self.study, &self.goal.mix);
        let (first, second) = (
            &self.candidates[one].outcomes,
            &self.candidates[other].outcomes,
        );
        let mut better = false;
        for (axis, (x, y)) in Axis::FRONT.into_iter().zip(a.front.iter().zip(&b.front)) {
            if x > y {
                return false;
            }
            better |= x < y
                && Contrast::of(axis, world, second, first)
                    .is_some_and(|contrast| contrast.is_worse());
        }
        better
    }

    /// From the most to the least wanted: nearer to the limits first, within them by layers of the
    /// front, within a layer by what is minimised.
    fn ranked(&self, alive: &[usize]) -> Vec<usize> {
        let mut left: Vec<usize> = alive.to_vec();
        let mut ranked = Vec::new();
        let key = |index: usize| {
            self.standing(index)
                .map_or((f64::INFINITY, f64::INFINITY), |s| {
                    (s.seems_beyond, s.minimised)
                })
        };
        while !left.is_empty() {
            let beats = |a: usize, b: usize| match (self.standing(a), self.standing(b)) {
                (Some(a), Some(b)) if a.seems_beyond != b.seems_beyond => {
                    a.seems_beyond < b.seems_beyond
                }
                (Some(a), Some(b)) => {
                    let pairs = || a.front.iter().zip(&b.front);
                    pairs().all(|(x, y)| x <= y) && pairs().any(|(x, y)| x < y)
                }
                _ => false,
            };
            let mut layer: Vec<usize> = left
                .iter()
                .copied()
                .filter(|index| !left.iter().any(|other| beats(*other, *index)))
                .collect();
            if layer.is_empty() {
                layer.clone_from(&left);
            }
            layer.sort_by(|a, b| {
                let (a, b) = (key(*a), key(*b));
                a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
            });
            left.retain(|index| !layer.contains(index));
            ranked.extend(layer);
        }
        ranked
    }

    /// Neighbours of the most wanted join, round about.
    fn refine(&mut self, ranked: &[usize], most: usize) {
        let mut wanted = ranked.to_vec();
        // What is minimised counts more than a place on the front.
        let key = |index: &usize| {
            self.standing(*index)
                .map_or((f64::INFINITY, f64::INFINITY), |s| {
                    (s.seems_beyond, s.minimised)
                })
        };
        wanted.sort_by(|a, b| {
            let (a, b) = (key(a), key(b));
            a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
        });
        let mut joined = 0;
        for index in wanted.into_iter().take(4) {
            for point in self.space.neighbours(&self.candidates[index].point) {
                if joined < most && !self.known.contains_key(&point) {
                    self.join(point);
                    joined += 1;
                }
            }
        }
    }

    /// Who is confirmed: the most wanted, the safest of those within the limits, and the ends of the
    /// front.
    fn finalists(&self) -> Vec<usize> {
        let may = |index: &usize| *index != 0 || self.space.holds(&self.candidates[0].point);
        let alive: Vec<usize> = self.alive().into_iter().filter(may).collect();
        let ranked = self.ranked(&alive);
        let played = ranked
            .into_iter()
            .filter(|index| self.standing(*index).is_some());
        let mut wanted: Vec<usize> = played.collect();
        let s = |index: usize| self.standing(index);
        wanted.sort_by(|a, b| {
            let key = |index: usize| {
                s(index).map_or((f64::INFINITY, f64::INFINITY), |s| {
                    (s.seems_beyond, s.minimised)
                })
            };
            let (a, b) = (key(*a), key(*b));
            a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
        });
        let mut chosen: Vec<usize> = Vec::new();
        let mut choose = |index: Option<usize>| {
            if let Some(index) = index
                && index != 0
                && !chosen.contains(&index)
                && chosen.len() < FINALISTS
            {
                chosen.push(index);
            }
        };
        wanted.iter().take(2).for_each(|index| choose(Some(*index)));
        // The safest: the largest room below the limits.
        let room = |index: usize| s(index).map_or(f64::NEG_INFINITY, |s| self.room(s));
        let within = wanted
            .iter()
            .copied()
            .filter(|index| s(*index).is_some_and(|s| s.seems_beyond == 0.0));
        let mut within: Vec<usize> = within.collect();
        choose(
            within
                .iter()
                .copied()
                .max_by(|a, b| room(*a).total_cmp(&room(*b))),
        );
        if within.is_empty() {
            within.clone_from(&wanted);
        }
        for axis in 0..Axis::FRONT.len() {
            let value = |index: usize| s(index).map_or(f64::INFINITY, |s| s.front[axis]);
            choose(
                within
                    .iter()
                    .copied()
                    .min_by(|a, b| value(*a).total_cmp(&value(*b))),
            );
        }
        wanted.iter().for_each(|index| choose(Some(*index)));
        // The order stands before anything is confirmed.
        chosen.sort_by_key(|index| wanted.iter().position(|other| other == index));
        chosen
    }

    /// The least room below a limit, in limits.
    fn room(&self, standing: &Standing) -> f64 {
        let rooms = self
            .goal
            .requirements
            .iter()
            .zip(&standing.judged)
            .filter_map(|(one, judged)| {
                let reading = judged.as_ref()?.reading?;
                let worst = match one.bound {
                    gate::Bound::Below => one.limit - reading.high?,
                    gate::Bound::Above => reading.low? - one.limit,
                };
                Some(worst / one.limit.abs().max(1e-3))
            });
        rooms.fold(0.0, f64::min)
    }

    fn confirm(mut self, complete: bool) -> Result<Found, Nothing> {
        let finalists = self.finalists();
        let today_runs = !matches!(self.candidates[0].fate, Fate::Refused(_));
        if !complete && self.candidates.iter().all(|one| one.runs == 0) {
            return Err(Nothing::Interrupted);
        }
        let mut players: Vec<usize> = finalists.clone();
        players.insert(0, 0);
        let counted = (players.len() - usize::from(!today_runs)).max(1) as u64;
        let left = self.plan.budget.saturating_sub(self.spent);
        let runs = left / (self.scenarios() * counted);
        let least = u64::from(REPLICATIONS * 2);
        let runs = runs.clamp(least, CONFIRMED_MAX) as u32;
        let jobs: Vec<Job> = players
            .iter()
            .map(|index| Job {
                point: self.candidates[*index].point.clone(),
                replications: FRESH..FRESH + runs,
            })
            .collect();
        let played = if complete {
            self.ground.play(&jobs)
        } else {
            None
        };
        let complete = played.is_some();
        let nothing = || vec![Vec::new(); self.study.scenarios.len()];
        let outcomes: Vec<Vec<Vec<Outcome>>> = match played {
            Some(played) => played
                .into_iter()
                .map(|one| match one {
                    Played::Outcomes(outcomes) => outcomes,
                    Played::Refused(_) => nothing(),
                })
                .collect(),
            // After Ctrl-C the search's own rollouts are all there is.
            None => players
                .iter()
                .map(|index| self.candidates[*index].outcomes.clone())
                .collect(),
        };
        let played = outcomes
            .iter()
            .flatten()
            .map(|one| one.len() as u64)
            .sum::<u64>();
        if complete {
            self.spent += played;
        }
        for index in &finalists {
            self.candidates[*index].fate = Fate::Finalist;
        }
        let confirmed = self.fold(&outcomes, runs, complete);
        let order = self.order(&players);
        let recommended = order
            .into_iter()
            .find(|index| self.keeps(&confirmed, &outcomes, *index));
        Ok(Found {
            tried: self.candidates.iter().map(tried).collect(),
            finalists: finalists
                .iter()
                .map(|index| self.candidates[*index].point.clone())
                .collect(),
            confirmed,
            outcomes,
            recommended,
            rollouts: self.spent,
            complete,
        })
    }

    /// The policies of the confirmation in the order of preference: today's, if it is a point of the
    /// grid, has its place by what the search saw of it.
    fn order(&self, players: &[usize]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..players.len()).collect();
        if !self.space.holds(&self.candidates[0].point) {
            order.remove(0);
        }
        order.sort_by(|a, b| {
            let key = |at: usize| {
                self.standing(players[at])
                    .map_or((f64::INFINITY, f64::INFINITY), |s| {
                        (s.seems_beyond, s.minimised)
                    })
            };
            let (x, y) = (key(*a), key(*b));
            x.0.total_cmp(&y.0).then(x.1.total_cmp(&y.1))
        });
        order
    }

    /// Whether a policy keeps every limit on the fresh rollouts. Where today's is the yardstick, it must
    /// be worse in nothing beyond the noise, and better in what is minimised beyond it.
    fn keeps(&self, confirmed: &Summary, outcomes: &[Vec<Vec<Outcome>>], policy: usize) -> bool {
        if outcomes[policy].iter().all(Vec::is_empty) {
            return false;
        }
        if !self.goal.is_relative() {
            let judge = |one: &gate::Requirement| one.judge_mix(confirmed, policy, &self.goal.mix);
            let met = |one| judge(one).is_some_and(|judged| judged.outcome == gate::Outcome::Met);
            return self.goal.requirements.iter().all(met);
        }
        if policy == 0 || outcomes[0].iter().all(Vec::is_empty) {
            return true;
        }
        let world = (&**self.study, &self.goal.mix);
        let against = |axis| Contrast::of(axis, world, &outcomes[policy], &outcomes[0]);
        let spares = |axis| against(axis).is_none_or(|contrast| contrast.difference().low <= 0.0);
        let gains = |contrast: Contrast| contrast.difference().high < 0.0;
        self.goal.yardsticks().all(spares)
            && Axis::of(self.goal.minimise)
                .and_then(against)
                .is_none_or(gains)
    }

    fn fold(&self, outcomes: &[Vec<Vec<Outcome>>], runs: u32, complete: bool) -> Summary {
        let policy = |index: usize| PolicyInfo {
            label: if index == 0 {
                "today".to_owned()
            } else {
                letter(index - 1)
            },
            kind: String::new(),
            file: String::new(),
            invalid: None,
        };
        let study = Arc::new(Study {
            runs,
            policies: (0..outcomes.len()).map(policy).collect(),
            ..(**self.study).clone()
        });
        let mut collector = Collector::new().with_mix(self.goal.mix);
        // A collector writes nothing, so nothing can fail.
        let mut tell = |event: Event| drop(collector.event(&event));
        tell(Event::Started(study.clone()));
        for scenario in 0..study.scenarios.len() {
            for (policy, own) in outcomes.iter().enumerate() {
                tell(Event::Cell {
                    policy,
                    scenario,
                    outcomes: own.get(scenario).cloned().unwrap_or_default(),
                });
            }
        }
        tell(Event::Finished { complete });
        let empty = Summary {
            study,
            mix: self.goal.mix,
            cells: Vec::new(),
            contrasts: Vec::new(),
            complete: false,
        };
        collector.into_summary().unwrap_or(empty)
    }
}

/// The name of a finalist: A, B, C.
fn letter(index: usize) -> String {
    char::from(b'A' + (index % 26) as u8).to_string()
}

fn tried(one: &Candidate) -> Tried {
    Tried {
        point: one.point.clone(),
        runs: one.runs,
        fate: one.fate.clone(),
        front: one.standing.as_ref().map_or([f64::NAN; 3], |s| s.front),
        beyond: one.standing.as_ref().map_or(f64::NAN, |s| s.seems_beyond),
    }
}

#[cfg(test)]
mod tests;
