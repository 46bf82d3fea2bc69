//! Rounds: who is dropped, who plays on, who joins.

use super::super::space::Point;
use super::{Candidate, FINALISTS, FRESH, Fate, Ground, Job, Played, Search};

/// The part of the budget that finds finalists; the rest confirms them.
const SEARCHING: f64 = 0.6;
/// The part of that which the first look at the grid takes.
const FIRST: f64 = 0.35;
/// The part of it that a round takes: half for newcomers, half for those who are in.
const ROUND: f64 = 0.08;
/// Replications of a point at first: with fewer, not even a fault that is missed every second time is
/// told from one that never is.
const REPLICATIONS: u32 = 16;
/// Rollouts of a point at first, where few scenarios make more replications cheap.
const ROLLOUTS: u32 = 200;
/// Points at first.
const POINTS: std::ops::Range<usize> = 6..160;
/// Points that stay in.
const MOST: usize = 24;
/// Of these so many play on in a round.
const PROMOTED: usize = 10;
/// Points whose neighbours join.
const PARENTS: usize = 4;

impl<G: Ground> Search<'_, G> {
    /// `None` when the user interrupts.
    pub(super) fn rounds(&mut self) -> Option<()> {
        let budget = (self.plan.budget as f64 * SEARCHING) as u64;
        let scenarios = self.scenarios();
        let runs = (ROLLOUTS / scenarios as u32).clamp(REPLICATIONS, ROLLOUTS);
        let price = u64::from(runs) * scenarios;
        let affordable = (budget as f64 * FIRST) as u64 / price;
        self.join(self.space.today());
        let count = (affordable as usize).clamp(POINTS.start, POINTS.end);
        for point in self.space.beginning(count, self.plan.seed) {
            self.join(point);
        }
        let all = 0..self.candidates.len();
        self.play(&all.map(|index| (index, runs)).collect::<Vec<_>>())?;
        loop {
            self.judge();
            self.drop_the_hopeless();
            let ranked = self.ranked(&self.alive());
            for index in ranked.iter().skip(MOST) {
                self.candidates[*index].fate = Fate::Behind;
            }
            let ranked = &ranked[..ranked.len().min(MOST)];
            let left = budget.saturating_sub(self.spent);
            let purse = left
                .min((budget as f64 * ROUND) as u64)
                .max(left.min(price));
            let mut next = self.newcomers(
                ranked,
                (purse / 2).div_ceil(price).min(purse / price) as usize,
                runs,
            );
            let spent = next.len() as u64 * price;
            next.extend(self.promoted(ranked, purse.saturating_sub(spent)));
            if next.is_empty() {
                return Some(());
            }
            self.play(&next)?;
        }
    }

    fn join(&mut self, point: Point) -> Option<usize> {
        if self.known.contains_key(&point) {
            return None;
        }
        let index = self.candidates.len();
        self.known.insert(point.clone(), index);
        let pairs = point.0.iter().zip(&self.space.today);
        let changes = pairs.filter(|(own, today)| own != today).count();
        self.candidates.push(Candidate {
            point,
            outcomes: vec![Vec::new(); self.study.scenarios.len()],
            runs: 0,
            fate: Fate::Survived,
            standing: None,
            changes,
        });
        Some(index)
    }

    /// Plays each on until it has so many replications of every scenario, and today's policy as far as
    /// any, since others are compared with it.
    fn play(&mut self, next: &[(usize, u32)]) -> Option<()> {
        let mut next = next.to_vec();
        let most = next.iter().map(|(_, runs)| *runs).max().unwrap_or(0);
        next.retain(|(index, _)| *index != 0);
        if !matches!(self.candidates[0].fate, Fate::Refused(_)) {
            next.insert(0, (0, most));
        }
        next.retain(|(index, runs)| self.candidates[*index].runs < *runs);
        let job = |(index, runs): &(usize, u32)| {
            let one = &self.candidates[*index];
            let replications = one.runs..*runs;
            Job {
                point: one.point.clone(),
                replications,
            }
        };
        let jobs: Vec<Job> = next.iter().map(job).collect();
        let played = self.ground.play(&jobs)?;
        for ((index, runs), played) in next.into_iter().zip(played) {
            let one = &mut self.candidates[index];
            match played {
                Played::Refused(why) => one.fate = Fate::Refused(why),
                Played::Outcomes(more) => {
                    self.spent += more.iter().map(|more| more.len() as u64).sum::<u64>();
                    one.runs = runs;
                    for (own, more) in one.outcomes.iter_mut().zip(more) {
                        own.extend(more);
                    }
                }
            }
        }
        Some(())
    }

    pub(super) fn judge(&mut self) {
        let today = std::mem::take(&mut self.candidates[0].outcomes);
        for index in 0..self.candidates.len() {
            let one = &self.candidates[index];
            let own = if index == 0 { &today } else { &one.outcomes };
            if one.runs > 0 && (one.fate == Fate::Survived || index == 0) {
                let standing = self.goal.standing(self.study, own, &today);
                self.candidates[index].standing = Some(standing);
            }
        }
        self.candidates[0].outcomes = today;
    }

    fn drop_the_hopeless(&mut self) {
        let alive = self.alive();
        let beyond = |index: &usize| self.standing(*index).map_or(0.0, |s| s.beyond);
        // Where nobody can keep the limits, the nearest are looked for. What is worse than today's in
        // something only shows what that would buy.
        let breaks = !self.goal.is_relative() && alive.iter().any(|index| beyond(index) == 0.0);
        let mut fates = Vec::new();
        for index in &alive {
            if breaks && beyond(index) > 0.0 {
                fates.push((*index, Fate::Breaks));
            } else if alive.iter().any(|other| self.dominates(*other, *index)) {
                fates.push((*index, Fate::Dominated));
            }
        }
        for (index, fate) in fates {
            self.candidates[index].fate = fate;
        }
    }

    /// The best play twice as many replications as they have, those with fewest first.
    fn promoted(&self, ranked: &[usize], mut purse: u64) -> Vec<(usize, u32)> {
        let mut best: Vec<usize> = ranked
            .iter()
            .copied()
            .take(PROMOTED.max(FINALISTS))
            .collect();
        best.sort_by_key(|index| self.candidates[*index].runs);
        let mut promoted = Vec::new();
        for index in best {
            let runs = self.candidates[index].runs;
            let price = u64::from(runs) * self.scenarios();
            if runs < FRESH / 4 && price <= purse {
                purse -= price;
                promoted.push((index, runs * 2));
            }
        }
        promoted
    }

    /// Points around the best that nobody tried: the best ones' first, by turns.
    fn newcomers(&mut self, ranked: &[usize], most: usize, runs: u32) -> Vec<(usize, u32)> {
        let parents = self.parents(ranked);
        let mut moves: Vec<std::vec::IntoIter<Point>> = Vec::new();
        for (at, index) in parents.iter().enumerate() {
            let own = &self.candidates[*index].point;
            let mut around = self.space.back_to_today(own);
            around.extend(self.space.neighbours(own));
            let others = parents.iter().skip(at + 1);
            around.extend(
                others.flat_map(|other| self.space.crossed(own, &self.candidates[*other].point)),
            );
            around.retain(|point| !self.known.contains_key(point));
            moves.push(around.into_iter());
        }
        let mut joined = Vec::new();
        while joined.len() < most {
            let before = joined.len();
            for own in &mut moves {
                if joined.len() < most
                    && let Some(point) = own.next()
                {
                    joined.extend(self.join(point).map(|index| (index, runs)));
                }
            }
            if joined.len() == before && moves.iter().all(|own| own.len() == 0) {
                break;
            }
        }
        joined
    }

    /// The most wanted, and the ends of the front.
    fn parents(&self, ranked: &[usize]) -> Vec<usize> {
        let mut parents = self.most_wanted(ranked);
        parents.truncate(PARENTS);
        for end in self.ends(ranked) {
            if !parents.contains(&end) {
                parents.push(end);
            }
        }
        parents
    }
}
