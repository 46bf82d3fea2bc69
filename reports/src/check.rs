//! `coalmine check`: gates, and what was before.
//!
//! ```text
//!  events ──► Recorder ──► Record ─┬─► compare ──► Checked ──► terminal | markdown | junit | json |
//!  coalmine.lock.json ──► Lock ────┘      ▲                    findings (SARIF, GitHub)
//!  Summary ──► gates ─────────────────────┘
//! ```

mod against;
mod blocks;
mod compare;
mod gates;
mod lock;
mod record;
mod text;
mod verdict;
mod words;

pub use against::{Against, Skipped, Why, against};
pub use blocks::Blocks;
pub use compare::{Change, Tested, compare, holm};
pub use gates::{Gate, GateResult, gates, judge};
pub use lock::{FORMAT, Kept, KeptCell, Lock, LockError, Today, World};
pub use record::{End, Ends, Recorder};
pub use text::render;
pub use verdict::{Checked, Compared, Replayed, Verdict};

#[cfg(test)]
mod tests;
