//! Reports as pages: one file each, which needs nothing else and fetches nothing.
//!
//! ```text
//!  Summary, Power, When, Story ──► parts (tables, outcomes, survival, …) ──► Page ──► one file
//!                                        └─► chart: Figure, Plot, Timeline ──► SVG
//! ```
//!
//! [`page`] is the frame, [`chart`] draws; other reports may build on both.

pub mod chart;
pub mod page;
