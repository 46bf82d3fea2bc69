//! How every replication ended, as far as it is compared with another day's.

use std::io;

use coalmine_policy::Span;
use coalmine_sim::event::Event;
use coalmine_sim::outcome::{Outcome, Verdict};

use super::Blocks;
use crate::marks::Marks;
use crate::reporter::Reporter;
use crate::summary::ran;

/// The replications of one scenario under one policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    /// Which were promoted.
    pub promoted: Marks,
    /// Which were rolled back; the others got stuck.
    pub rolled_back: Marks,
    /// Requests hurt.
    pub hurt: Blocks,
    /// Users hurt.
    pub hurt_users: Blocks,
    /// Milliseconds until the decision, or to the horizon.
    pub duration_ms: Blocks,
}

/// How one replication ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The new revision took over.
    Promoted,
    /// It was taken out.
    RolledBack,
    /// Neither.
    Stuck,
}

impl End {
    /// In words.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Promoted => "promoted",
            Self::RolledBack => "rolled back",
            Self::Stuck => "stuck",
        }
    }
}

impl Ends {
    /// Those of a cell, watched for so long.
    #[must_use]
    pub fn of(outcomes: &[Outcome], horizon: Span) -> Self {
        let marks = |verdict| ran(outcomes).map(|o| o.verdict == verdict).collect();
        let blocks = |of: &dyn Fn(&Outcome) -> u64| {
            let observations: Vec<u64> = ran(outcomes).map(of).collect();
            Blocks::of(&observations)
        };
        Self {
            promoted: marks(Verdict::Promoted),
            rolled_back: marks(Verdict::RolledBack),
            hurt: blocks(&|o| o.hurt),
            hurt_users: blocks(&|o| o.hurt_users),
            duration_ms: blocks(&|o| o.decided_ns.unwrap_or(horizon).nanos() / 1_000_000),
        }
    }

    /// How many replications.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.promoted.len()
    }

    /// Whether none ran.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.promoted.is_empty()
    }

    /// Whether these end as others do, as far as both go.
    #[must_use]
    pub fn agrees(&self, other: &Self) -> bool {
        let marks = |a: &Marks, b: &Marks| a.iter().zip(b.iter()).all(|(a, b)| a == b);
        let blocks = |a: &Blocks, b: &Blocks| a.less(b).0.iter().all(|apart| *apart == 0.0);
        marks(&self.promoted, &other.promoted)
            && marks(&self.rolled_back, &other.rolled_back)
            && blocks(&self.hurt, &other.hurt)
            && blocks(&self.hurt_users, &other.hurt_users)
            && blocks(&self.duration_ms, &other.duration_ms)
    }

    /// Which got stuck.
    #[must_use]
    pub fn stuck(&self) -> Marks {
        let ended = self.promoted.iter().zip(self.rolled_back.iter());
        ended.map(|(promoted, back)| !promoted && !back).collect()
    }

    /// How a replication ended.
    #[must_use]
    pub fn end(&self, replication: usize) -> End {
        if self.promoted.is_marked(replication) {
            End::Promoted
        } else if self.rolled_back.is_marked(replication) {
            End::RolledBack
        } else {
            End::Stuck
        }
    }
}

/// Notes the ends of all cells of a study.
#[derive(Debug, Default)]
pub struct Recorder {
    horizons: Vec<Span>,
    /// Policy, scenario, ends; in order of arrival.
    pub cells: Vec<(usize, usize, Ends)>,
}

impl Reporter for Recorder {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Started(study) => {
                self.horizons = study.scenarios.iter().map(|one| one.horizon_ns).collect();
            }
            Event::Cell {
                policy,
                scenario,
                outcomes,
            } => {
                let horizon = self.horizons.get(*scenario).copied();
                let ends = Ends::of(outcomes, horizon.unwrap_or_default());
                self.cells.push((*policy, *scenario, ends));
            }
            Event::Progress { .. } | Event::Finished { .. } => {}
        }
        Ok(())
    }
}
