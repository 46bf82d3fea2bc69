//! Which values of a policy's knobs are best, found with as few rollouts as possible.
//!
//! ```text
//!  Space ──► search: halving rounds, refinement ──► finalists ──► fresh rollouts ──► Found
//!              ▲   Goal: requirements, what is minimised                              ├─► text, json, csv
//!              └── Ground: plays rollouts of a point in every scenario                └─► html
//! ```
//!
//! [`search`] says how and why. Nothing here knows manifests: a [`space::Point`] is a list of
//! positions, and a [`search::Ground`] plays it.

pub mod blocks;
pub mod compare;
mod csv;
pub mod goal;
mod json;
mod patch;
mod report;
pub mod search;
pub mod space;
mod text;
mod words;

pub use csv::write_csv;
pub use goal::Goal;
pub use json::{schema, write};
pub use patch::unified;
pub use report::{Report, Row};
pub use search::{FRESH, Found, Ground, Job, Plan, Played, search};
pub use space::{Point, Space};
pub(crate) use text::keeps;
pub use text::render;
