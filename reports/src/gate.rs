//! Requirements on a policy, as people write them: `missed<1%`, `detect-p95<5m`, `mcc>0.8`.
//!
//! A requirement is a [`Measure`] of `docs/measures.md`, `<` or `>`, and a limit. It is judged by the
//! measure's 95 % interval and by nothing else:
//!
//! * *breached* when the whole interval lies beyond the limit,
//! * *met* when all of it lies within,
//! * *undecided* when it straddles the limit; then [`Judged::runs_needed`] says how many runs would do.
//!
//! So a policy whose true value is exactly the limit is called breached in at most 2.5 % of studies,
//! and met in at most 2.5 %, and a policy on the right side of it is called wrong less often than
//! that: an interval is a test turned inside out (Lehmann and Romano, Testing Statistical Hypotheses,
//! 3rd ed. 2005, §3.5). For shares, which are what most gates are about, this holds exactly and for
//! any number of runs, because their intervals here are Clopper and Pearson's ([`exact`]) and not
//! Wilson's, whose ends are wrong too often for rare events; for quantiles too, because order
//! statistics make no assumption. For means and for measures over a mix it is both wrong words
//! together that are said in about 5 % of such studies, and at a few hundred runs one of them may take
//! most of that. A quantile that must keep its limit in several scenarios adds up their chances.
//!
//! ```text
//!  "missed<1%" ──► Requirement ──(in_cell | over_mix)──► Judged { reading, outcome, runs_needed }
//! ```

mod exact;
mod judge;
mod measure;
mod parse;
mod read;
#[cfg(test)]
mod tests;
mod words;

pub use judge::{Judged, Outcome};
pub use measure::{About, Measure, Statistic, Unit};
pub use parse::ParseError;
pub use read::Reading;

/// Which side of the limit is the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The measure must be below the limit.
    Below,
    /// It must be above.
    Above,
}

/// A measure and the limit that it must keep.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Requirement {
    /// What is limited.
    pub measure: Measure,
    /// On which side of the limit it must stay.
    pub bound: Bound,
    /// The limit, in the measure's [`Unit`]: a share from 0 to 1, seconds, a number.
    pub limit: f64,
}
