//! The canary model that all engines play.

pub(crate) const RPS: f64 = 1_000.0;
pub(crate) const LENGTH_S: f64 = 2_700.0;
/// Of each version.
pub(crate) const PODS: u32 = 5;
pub(crate) const SERVERS: u32 = 8;
pub(crate) const MEAN_S: f64 = 0.025;
pub(crate) const SIGMA: f64 = 0.8;
pub(crate) const ERROR_SHARE: f64 = 0.002;
pub(crate) const BUCKETS_S: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// The canary's share: 5 % more every 270 seconds.
pub(crate) fn share(at_s: f64) -> f64 {
    0.05 * (1.0 + (at_s / 270.0).floor()).min(10.0)
}
