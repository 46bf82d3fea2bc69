//! What went through the seam between an engine and its world, to be played again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Effect, Effects, Engine, Input, Time};

/// One input, and the effects that the engine answered it with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Exchange {
    /// The world's time.
    pub at_ns: Time,
    /// What the engine was told.
    pub input: Input,
    /// What it asked for, records included, in order.
    pub effects: Vec<Effect>,
}

impl Exchange {
    /// Tells an engine one thing and keeps what comes of it. Recording and replaying both go this
    /// way.
    pub fn with(engine: &mut dyn Engine, at_ns: Time, input: Input) -> Self {
        let mut effects = Effects::new();
        engine.handle(at_ns, input.clone(), &mut effects);
        Self {
            at_ns,
            input,
            effects: std::iter::from_fn(|| effects.pop()).collect(),
        }
    }
}
