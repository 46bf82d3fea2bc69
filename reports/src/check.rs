//! `coalmine check`: gates, and what was before.
//!
//! ```text
//!  events ──► Recorder ──► Record ─┬─► compare ──► Checked ──► terminal | markdown | junit | json |
//!  coalmine.lock.json ──► Lock ────┘      ▲                    findings (SARIF, GitHub)
//!  Summary ──► gates ─────────────────────┘
//! ```

mod blocks;
mod compare;
mod lock;
mod record;

pub use blocks::Blocks;
pub use compare::{Change, Tested, compare, holm};
pub use lock::{FORMAT, Kept, KeptCell, Lock, LockError, Today, World};
pub use record::{End, Ends, Recorder};

#[cfg(test)]
mod tests;
