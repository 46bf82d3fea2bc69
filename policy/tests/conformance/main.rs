//! Decisions of the engines held against recorded decisions of the real controllers.

mod argo;
