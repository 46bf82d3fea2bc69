//! The requests of a cell, by what they meet.

use crate::conditions::Met;

/// Expected requests of an interval with one treatment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Treated {
    mask: u32,
    pub(super) route: u16,
    pub(super) mass: f64,
    /// From the first to the last of them, in seconds.
    pub(super) span: (f64, f64),
}

impl Treated {
    const NONE: Self = Self {
        mask: 0,
        route: 0,
        mass: 0.0,
        span: (0.0, 0.0),
    };

    /// The treatment's mask.
    pub(super) const fn mask(&self) -> usize {
        self.mask as usize
    }

    /// Whether the requests are of the same kind and meet the same.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        (self.mask, self.route) == (other.mask, other.route)
    }

    fn join(&mut self, later: &Self) {
        self.mass += later.mass;
        self.span.1 = later.span.1;
    }

    /// The same, later than all that is known.
    pub(super) fn unplaced(&self) -> Self {
        Self {
            span: (f64::INFINITY, f64::INFINITY),
            ..*self
        }
    }
}

/// The requests of a cell by treatment; there are rarely two.
#[derive(Debug)]
pub(super) struct Parts {
    list: [Treated; INLINE],
    len: usize,
    /// Where requests of many kinds share a cell.
    more: Vec<Treated>,
}

/// So many parts need no memory of their own.
const INLINE: usize = 2;

impl Parts {
    /// None.
    pub(super) const EMPTY: Self = Self {
        list: [Treated::NONE; INLINE],
        len: 0,
        more: Vec::new(),
    };

    /// Adds what a share of so many expected requests meets.
    #[inline]
    pub(super) fn add(&mut self, met: Met, mass: f64, span: (f64, f64)) {
        let (mask, mass) = (met.mask as u32, mass * met.share);
        if mass <= 0.0 {
            return;
        }
        // Field by field: a part that was just written is slow to copy.
        let first = &mut self.list[0];
        if self.len == 0 {
            (first.mask, first.route, first.mass) = (mask, met.route, mass);
            first.span = span;
            self.len = 1;
        } else if (first.mask, first.route) == (mask, met.route) {
            first.mass += mass;
            first.span.1 = span.1;
        } else {
            self.add_other(&Treated {
                mask,
                route: met.route,
                mass,
                span,
            });
        }
    }

    /// Adds a part.
    #[inline]
    pub(super) fn add_same(&mut self, part: &Treated) {
        let met = Met {
            mask: part.mask(),
            route: part.route,
            share: 1.0,
        };
        self.add(met, part.mass, part.span);
    }

    /// Adds a part that is not like the first.
    fn add_other(&mut self, part: &Treated) {
        let others = self.list[1..self.len].iter_mut().chain(&mut self.more);
        for known in others {
            if known.is_like(part) {
                known.join(part);
                return;
            }
        }
        if self.len < INLINE {
            self.list[self.len] = *part;
            self.len += 1;
        } else {
            self.more.push(*part);
        }
    }

    /// Expected requests like these.
    pub(super) fn mass(&self, part: &Treated) -> f64 {
        let same = self.iter().filter(|known| known.is_like(part));
        same.map(|part| part.mass).sum()
    }

    /// Forgets all parts, keeping the memory.
    pub(super) fn clear(&mut self) {
        self.len = 0;
        self.more.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.len + self.more.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Treated> {
        self.list[..self.len].iter().chain(&self.more)
    }
}
