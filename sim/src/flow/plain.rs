//! Cells of which all requests of a cohort meet the same, one after another: most cells of most worlds.
//! The same draws in the same order as the general way takes, and less besides them.

use std::ops::Range;

use super::parts::Parts;
use super::settle::Merged;
use super::{Flow, Portion, Watched};
use crate::conditions::Met;
use crate::draw::binomial;
use crate::load::Loaded;
use crate::split::{Cohort, Segment};
use crate::stream::Stream;

impl Flow<'_> {
    /// Whether a request's treatment hangs on nothing but its cohort, from one change of the split to
    /// the next.
    const fn is_plain(&self) -> bool {
        self.load.is_none() && self.conditions.are_simple()
    }

    /// Who serves from an instant on, its place among the changes, and until when.
    fn held_plainly(&self, from_s: f64) -> Option<(usize, &Segment, f64)> {
        if !self.is_plain() {
            return None;
        }
        let (segment, end_s) = self.split.held(from_s)?;
        (segment.from_s <= from_s).then_some((self.split.last_looked(), segment, end_s))
    }

    /// Draws what an observer counts in `from_s..to_s`, from a cell on as far as one segment serves all
    /// of it; the cell that it comes to.
    pub(super) fn draw_plain(
        &mut self,
        (family, mut cell): (usize, usize),
        watched: Watched,
        (from_s, to_s): (f64, f64),
        stream: &mut Stream,
        each: &mut impl FnMut(Portion, Option<&Loaded>, &mut Stream),
    ) -> usize {
        let index = watched.cohort as usize;
        let start_s = self.ledgers[family].bounds(cell).0.max(from_s);
        let copies = watched.cohort == Cohort::Canary && self.split.has_copies();
        let Some((place, segment, end_s)) = self.held_plainly(start_s).filter(|_| !copies) else {
            return cell;
        };
        if segment.refused[index] > 0.0 {
            return cell;
        }
        let share = segment.share[index] * self.part_share(watched, segment);
        let hurts = family == 0 && (watched.cohort != Cohort::PrimaryOld || self.reaches_old());
        loop {
            let bounds = self.ledgers[family].bounds(cell);
            let span = (bounds.0.max(from_s), bounds.1.min(to_s));
            if bounds.0 >= to_s - 1e-9 || span.1 > end_s {
                return cell;
            }
            if share > 0.0 {
                let expected = if span == bounds {
                    self.ledgers[family].mass(cell, self.traffic)
                } else {
                    self.traffic.integral(span.0, span.1)
                };
                let segment = &self.split.segments()[place];
                let mask = self.mask_of((span, segment, watched.cohort), expected);
                let part = (mask, expected * share, span);
                if let Some(portion) = self.take_plain((family, cell, hurts), part, stream) {
                    each(portion, None, stream);
                }
            }
            cell += 1;
        }
    }

    /// Draws how many of a cell's requests are of a part, and how many of them failed; nothing where
    /// there are none.
    #[inline]
    fn take_plain(
        &mut self,
        (family, cell, hurts): (usize, usize, bool),
        (mask, mass, span): (usize, f64, (f64, f64)),
        stream: &mut Stream,
    ) -> Option<Portion> {
        let requests = self.ledgers[family].take(cell, mass, self.traffic, stream);
        if hurts && mass > 0.0 {
            self.counted_in(cell).add(Met::all(mask), mass, span);
        }
        if requests == 0 {
            return None;
        }
        let treatment = self.behaviours.get(mask);
        let portion = Portion {
            requests,
            failed: binomial(requests, treatment.behaviour.error_share, stream),
            mask,
            route: 0,
        };
        if hurts {
            let version = self.behaviours.version(mask);
            self.harm.suffer((treatment, version), portion);
            self.note_meeting(portion, span);
        }
        Some(portion)
    }

    /// Draws what is left for the release of the first of some cells and of those after it, as far as one
    /// segment serves all of them; the cell that it comes to.
    pub(super) fn settle_plain(
        &mut self,
        cells: Range<usize>,
        counted_new: &[Parts],
        (parts, merged): (&mut Parts, &mut Option<Merged>),
    ) -> usize {
        let mut cell = cells.start;
        let from_s = self.ledgers[0].bounds(cell).0;
        let Some((place, segment, end_s)) = self.held_plainly(from_s) else {
            return cell;
        };
        if segment.refuses() {
            return cell;
        }
        let shares = segment.share;
        let none = Parts::EMPTY;
        while cell < cells.end {
            let bounds = self.ledgers[0].bounds(cell);
            if bounds.1 > end_s {
                break;
            }
            let expected = self.ledgers[0].mass(cell, self.traffic);
            parts.clear();
            for cohort in self.hurting() {
                let mass = expected * shares[*cohort as usize];
                if mass > 0.0 {
                    let segment = &self.split.segments()[place];
                    let mask = self.mask_of((bounds, segment, *cohort), expected);
                    parts.add(Met::all(mask), mass, bounds);
                }
            }
            let counted = counted_new.get(cell).unwrap_or(&none);
            self.settle_cell((cell, bounds.0), (parts, counted), merged);
            cell += 1;
        }
        cell
    }
}
