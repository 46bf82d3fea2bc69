//! Folds over the events of a study: terminal, html, csv, json, progress; and the timeline of a
//! rollout.
//!
//! Reporters see nothing but [`coalmine_sim::event::Event`]s; none reaches into the simulator.
//!
//! ```text
//!  events ──► Collector ──► Summary ──► terminal | html | csv | json | insights | overall | surprise
//!         └─► Progress
//! ```

mod bootstrap;
pub mod check;
mod columns;
pub mod course;
pub mod csv;
mod document;
pub mod gate;
pub mod github;
pub mod harm;
pub mod html;
pub mod human;
pub mod insights;
pub mod interval;
pub mod json;
pub mod judge;
pub mod junit;
pub mod lint;
pub mod markdown;
pub mod marks;
pub mod mean;
pub mod mix;
pub mod overall;
pub mod paired;
pub mod power;
pub mod precision;
pub mod progress;
pub mod reporter;
pub mod sarif;
pub mod summary;
pub mod surprise;
pub mod terminal;
pub mod timeline;
pub mod transcript;
pub mod tune;
pub mod when;

pub use overall::{Overall, overall};
pub use progress::Progress;
pub use reporter::{Collector, OnFinish, Reporter};
pub use summary::{Cell, Quantiles, Summary};
pub use surprise::Surprise;

#[cfg(test)]
mod fixture;
