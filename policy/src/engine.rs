//! The contract between an engine and its world.

use serde::{Deserialize, Serialize};

use crate::{Effects, Input, Time};

/// A rollout controller as a pure state machine.
pub trait Engine {
    /// Takes one input at `now` and appends what follows from it.
    ///
    /// Never blocks, never reads a clock. `now` must not run backwards. An input that means nothing
    /// in the present state (an early tick, an answer nobody awaits, an observation already known)
    /// is a no-op.
    fn handle(&mut self, now: Time, input: Input, effects: &mut Effects);

    /// The next instant at which [`Input::Tick`] would matter; `None` when only other inputs can
    /// change anything.
    fn next_wake(&self) -> Option<Time>;

    /// Where the rollout stands.
    fn standing(&self) -> Standing;
}

/// Where a rollout stands, in words that fit every controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// Nothing to roll out.
    Idle,
    /// On the way.
    Progressing,
    /// Waiting for a person or a gate without a time limit.
    Paused,
    /// The new revision carries all traffic for good.
    Promoted,
    /// The new revision was refused; traffic is back on the old one (or on its way there).
    RolledBack,
    /// The controller refuses the manifest and does nothing.
    Invalid,
}

impl Standing {
    /// Whether the controller will do nothing more until a person or a new revision comes.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Promoted | Self::RolledBack | Self::Invalid)
    }
}
