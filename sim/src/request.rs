//! Request fidelity: every request is an event.
//!
//! The same world as the aggregate mode ([`crate::flow`]), the other way round: instead of drawing
//! what an observer counts, requests arrive one by one, meet a pod, wait, are served, and the
//! counters follow. It shows what closed forms only approximate (queues near saturation), and it
//! is the check of the aggregate mode where that is exact.

pub mod agenda;
pub mod arrivals;
mod course;
pub mod engine;
mod piece;
pub mod roster;
mod sessions;
pub mod station;
mod tries;
