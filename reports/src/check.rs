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
mod findings;
mod gates;
mod json;
mod junit;
mod lock;
mod markdown;
mod record;
mod text;
mod update;
mod verdict;
mod words;

pub use against::{Against, Skipped, Why, against};
pub use blocks::Blocks;
pub use compare::{Change, Tested, compare, holm};
pub use findings::RULES;
pub use gates::{Gate, GateResult, gates, judge};
pub use json::{schema, write};
pub use junit::junit;
pub use lock::{FORMAT, Kept, KeptCell, Lock, LockError, Today, World};
pub use markdown::markdown;
pub use record::{End, Ends, Recorder};
pub use text::render;
pub use update::update;
pub use verdict::{Checked, Compared, Replayed, Verdict};

#[cfg(test)]
mod formats;
#[cfg(test)]
mod tests;
