//! Log-normal delays.

use rand_distr::{Distribution, StandardNormal};

use crate::stream::Stream;

/// Draws a delay by median and sigma of the logarithm.
pub(crate) fn draw((median, sigma): (f64, f64), stream: &mut Stream) -> f64 {
    if sigma == 0.0 {
        return median;
    }
    #[cfg(feature = "record-draws")]
    crate::draw::record::note(crate::draw::record::Draw::LogNormal(median, sigma));
    let z: f64 = StandardNormal.sample(stream);
    median * (sigma * z).exp()
}
