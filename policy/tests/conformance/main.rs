//! The engines against recorded decisions of the controllers they stand for.

mod argo;
mod flagger;
mod rollouts;
