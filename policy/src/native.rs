//! What coalmine itself can decide by: statistical tests of a canary's counts against its control's.
//!
//! A test reads one [`Look`] after the other: how many requests each arm had since the look before,
//! and how many of them failed. Counts of looks are never added up across looks with another
//! share of the traffic: while the base rate moves and the weight is changed, a sum compares the canary's
//! afternoon with the control's morning (Simpson), and every test on it rolls back healthy releases.
//!
//! * [`ratio`]: errors given their total, the test for "no worse than ρ₀ times the control".
//! * [`restart`]: the same for a fault that may start at any look.
//! * [`margin`]: "no worse than ρ times the control, plus δ".
//! * [`spend`]: an exact test over a planned number of looks.
//! * [`share`]: whether an arm has the share of requests that it should have.
//! * [`dispersion`]: by how much errors clump, which all of these tests must be told.
//! * [`bayes`]: closed forms of a Bayesian's probabilities.
//! * [`test`]: the policies made of these, by name.
//! * [`kayenta`]: Netflix' judge of whole series.

pub mod bayes;
pub mod dispersion;
pub mod kayenta;
pub mod look;
pub mod margin;
mod numeric;
pub mod ratio;
pub mod restart;
pub mod share;
pub mod spend;
pub mod test;

pub use look::{Arm, Look};
