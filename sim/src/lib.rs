//! The simulated world and its clock.
//!
//! One replication is a world (traffic, pods, router, Prometheus) driving a policy engine through
//! the seam of `coalmine-policy`; an ensemble runs thousands of them on all cores and emits a
//! stream of [`event::Event`]s.

pub mod draw;
pub mod event;
pub mod latency;
pub mod outcome;
pub mod stream;
pub mod traffic;
