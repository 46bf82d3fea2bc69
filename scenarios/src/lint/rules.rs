//! The rules, by what they look at.

mod args;
mod latency;
mod limits;
mod ratio;
mod routing;
mod samples;
mod scope;
mod shape;
mod timing;

use super::facts::Facts;
use super::review::Review;
use crate::finding::Finding;

/// What every rule finds.
pub(super) fn findings(review: &Review, facts: &[Facts], out: &mut Vec<Finding>) {
    args::findings(review, out);
    shape::findings(review, out);
    ratio::findings(review, out);
    scope::findings(review, out);
    limits::findings(review, out);
    routing::findings(review, out);
    latency::findings(review, facts, out);
    samples::findings(review, facts, out);
    timing::findings(review, facts, out);
}
