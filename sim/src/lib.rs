//! The simulated world and its clock.
//!
//! One replication is a world (traffic, pods, router, Prometheus) driving a policy engine through
//! the seam of `coalmine-policy`; an ensemble runs thousands of them on all cores and emits a
//! stream of [`event::Event`]s.

pub mod affinity;
pub mod arrivals;
mod autoscale;
pub mod capture;
pub mod cluster;
pub mod conditions;
mod counts;
pub mod crowd;
pub mod draw;
mod endpoints;
pub mod ensemble;
pub mod event;
pub mod experiment;
pub mod exposition;
pub mod fault;
pub mod fidelity;
pub mod flow;
pub mod given;
pub mod hook;
pub mod keep_alive;
pub mod latency;
mod load;
mod measure;
pub mod monitor;
pub mod outcome;
pub mod pods;
pub mod probe;
pub mod repeats;
pub mod request;
pub mod router;
pub mod scenario;
pub mod service;
pub mod split;
pub mod stage;
pub mod stream;
pub mod subject;
pub mod timeline;
pub mod traffic;
pub mod truth;
pub mod unanswerable;
pub mod witness;
pub mod world;
