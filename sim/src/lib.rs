//! The simulated world and its clock.
