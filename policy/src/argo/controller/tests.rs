//! Whole rollouts.
