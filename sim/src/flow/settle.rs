//! What no observer counted: the release's other requests, drawn at the end.

use std::ops::Range;

use super::parts::{Parts, Treated};
use super::{BY_ROUTER, Flow, Portion, Tally};
use crate::conditions::{Sender, Whose};
use crate::draw::{binomial, uniform};
use crate::split::Cohort;

/// Cells of which the same share meets the same: a treatment, the share, and all their requests.
pub(super) type Merged = (Treated, f64, u64);

impl Flow<'_> {
    /// Draws the new version's requests up to `to_s` that no observer counted, and returns all that
    /// arrived, all that met the new version, and all that were hurt.
    pub fn settle(&mut self, to_s: f64) -> Tally {
        if let Some(each) = &self.each {
            return each.tally();
        }
        self.follow(to_s);
        let none = Parts::EMPTY;
        let mut parts = Parts::EMPTY;
        let counted_new = std::mem::take(&mut self.counted_new);
        let first = self.ledgers[0].index(0.0);
        let end = self.ledgers[0].end(to_s);
        let mut merged = None;
        let mut cell = first;
        while cell < end {
            let next = self.pass_over(cell..end, &counted_new);
            if next > cell {
                cell = next;
                continue;
            }
            let next = self.settle_plain(cell..end, &counted_new, (&mut parts, &mut merged));
            if next > cell {
                cell = next;
                continue;
            }
            let counted = counted_new.get(cell).unwrap_or(&none);
            parts.clear();
            self.new_parts(cell, &mut parts);
            let from_s = self.ledgers[0].bounds(cell).0;
            self.settle_cell((cell, from_s), (&parts, counted), &mut merged);
            cell += 1;
        }
        self.flush(merged);
        self.counted_new = counted_new;
        let tally = Tally {
            requests: self.ledgers[0].total(0.0, to_s, self.traffic),
            refused: self.harm.refused,
            exposed: self.harm.exposed,
            hurt: self.harm.hurt,
            exposed_users: self.harm.exposed,
            hurt_users: self.harm.hurt,
            lost: self.harm.lost.clone(),
            met_s: self.met_s.is_finite().then_some(self.met_s),
        };
        self.with_people(tally, first..end)
    }

    /// The first cell in which there is something to draw: before it nobody meets the release, or
    /// everybody does and nothing is wrong with it.
    fn pass_over(&mut self, cells: Range<usize>, counted_new: &[Parts]) -> usize {
        let first = cells.start;
        let Some((segment, end_s)) = self.split.held(self.ledgers[0].bounds(first).0) else {
            return first;
        };
        let end = match end_s.is_finite() {
            true => self.ledgers[0].whole_before(first, end_s).min(cells.end),
            false => cells.end,
        };
        if segment.new_share() <= 0.0 && !segment.refuses() {
            return end;
        }
        let one_serves_all = segment.share[Cohort::PrimaryNew as usize] == 1.0
            || segment.share[Cohort::Canary as usize] == 1.0;
        let is_harmless = self.load.is_none() && self.conditions.are_ordinary();
        if !one_serves_all || !is_harmless {
            return first;
        }
        for cell in first..end {
            if counted_new
                .get(cell)
                .is_some_and(|counted| counted.len() > 0)
            {
                return cell;
            }
            self.harm.exposed += self.ledgers[0].left(cell, self.traffic).0;
        }
        end
    }

    /// Draws what is left for the release of a cell that begins at `from_s`.
    pub(super) fn settle_cell(
        &mut self,
        (cell, from_s): (usize, f64),
        (parts, counted): (&Parts, &Parts),
        merged: &mut Option<Merged>,
    ) {
        // Of requests whose tries were counted nobody knows yet how they ended.
        let (mut left, mut left_mass) = if self.counts_tries {
            self.ledgers[0].drawn(cell, self.traffic)
        } else {
            self.ledgers[0].left(cell, self.traffic)
        };
        // Where the first meeting may lie, and where treatments share a cell (what is left for
        // one depends on the other), portions are drawn one by one.
        let alone = parts.len() == 1 && self.met_s <= from_s;
        for part in parts.iter() {
            let mass = (part.mass - counted.mass(part)).max(0.0);
            let share = (mass / left_mass.max(f64::MIN_POSITIVE)).min(1.0);
            if share <= 1e-12 {
                continue;
            }
            if !alone {
                let requests = binomial(left, share, &mut self.harm.stream);
                self.meet(part, requests);
                left -= requests;
                left_mass -= mass;
                continue;
            }
            // Cells with the same share and treatment are one draw.
            let same = merged
                .as_ref()
                .is_some_and(|(m, s, _)| m.is_like(part) && (s - share).abs() < 1e-9);
            if !same {
                self.flush(merged.take());
            }
            let known = merged.map_or(0, |(_, _, n)| n);
            *merged = Some((part.unplaced(), share, known + left));
        }
    }

    fn flush(&mut self, merged: Option<Merged>) {
        if let Some((part, share, left)) = merged {
            let requests = binomial(left, share, &mut self.harm.stream);
            self.meet(&part, requests);
        }
    }

    /// Requests of an interval that no observer counted meet the new version.
    fn meet(&mut self, part: &Treated, requests: u64) {
        if part.mask() & BY_ROUTER != 0 {
            let portion = Portion {
                requests,
                failed: requests,
                mask: part.mask(),
                route: part.route,
            };
            self.suffer(portion);
            return;
        }
        let treatment = self.treatment(part.mask());
        // The healthy part needs no failures: nobody is hurt.
        let failed = if treatment.may_hurt() {
            let error_share = treatment.behaviour.error_share;
            binomial(requests, error_share, &mut self.harm.stream)
        } else {
            0
        };
        let portion = Portion {
            requests,
            failed,
            mask: part.mask(),
            route: part.route,
        };
        self.suffer(portion);
        self.note_meeting(portion, part.span);
    }

    /// The first of so many requests in an interval: the smallest of as many uniform instants.
    pub(super) fn note_meeting(&mut self, portion: Portion, (from_s, to_s): (f64, f64)) {
        if portion.mask & BY_ROUTER != 0 {
            return;
        }
        if portion.requests == 0 || from_s >= self.met_s {
            return;
        }
        if !self.treatment(portion.mask).is_release_fault {
            return;
        }
        let u = uniform(&mut self.meeting);
        let first = 1.0 - u.powf(1.0 / portion.requests as f64);
        self.met_s = self.met_s.min(from_s + (to_s - from_s) * first);
    }

    /// The cohorts on which the release can hurt requests.
    pub(super) fn hurting(&self) -> &'static [Cohort] {
        if self.reaches_old() {
            &Cohort::ALL
        } else {
            &[Cohort::Canary, Cohort::PrimaryNew]
        }
    }

    /// Expected requests in an interval that the release can hurt, by treatment: those on the new
    /// version, and where it wears out what both depend on, all.
    fn new_parts(&mut self, cell: usize, parts: &mut Parts) {
        let bounds = self.ledgers[0].bounds(cell);
        let expected = self.ledgers[0].mass(cell, self.traffic);
        let cohorts = self.hurting();
        let whole = (bounds, expected);
        let mut load = self.load.take();
        self.conditions.pieces(&self.split, bounds, |piece| {
            let refuses = piece.segment.refuses();
            if piece.segment.new_share() <= 0.0 && !refuses {
                return;
            }
            let expected = self.expected_of(&piece, whole);
            if refuses {
                let mass = expected * piece.segment.refused.iter().sum::<f64>();
                self.each_refused(&mut load, expected, &piece, |met| {
                    parts.add(met, mass, piece.span);
                });
            }
            for cohort in cohorts {
                let mass = expected * piece.segment.share[*cohort as usize];
                if mass > 0.0 {
                    let whose = Whose {
                        cohort: *cohort,
                        rank: None,
                        sender: Sender::User,
                    };
                    self.each_end(&mut load, whose, expected, &piece, |met| {
                        parts.add(met, mass, piece.span);
                    });
                }
            }
        });
        self.load = load;
    }
}
