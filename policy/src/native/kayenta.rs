//! Netflix' canary judge, `NetflixACAJudge-v1.0` of Kayenta, from its description.
//!
//! It compares whole series, one point a minute or so: a Mann–Whitney test with a confidence interval for
//! the shift, an effect size, and a score over groups of metrics. It throws the numbers of requests
//! behind a point away, so it is slow, and seldom wrong about a healthy release.

pub mod mann_whitney;
pub mod outliers;
pub mod score;
mod zeroin;

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

use mann_whitney::{Interval, mann_whitney};

/// What is bad about a metric.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// More of it.
    Increase,
    /// Less of it.
    Decrease,
    /// Both.
    #[default]
    Either,
}

/// What becomes of points that are NaN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NanStrategy {
    /// They are left out.
    #[default]
    Remove,
    /// They are zero.
    Replace,
}

/// How large a difference is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// The ratio of the means.
    #[default]
    MeanRatio,
    /// The common-language effect size: P(experiment > control), ties half.
    Cles,
}

/// `analysisConfigurations.canary.effectSize`: within what a difference is allowed, and beyond what it is
/// critical.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EffectSize {
    /// How it is measured.
    pub measure: Measure,
    /// An effect is High from here on.
    pub allowed_increase: f64,
    /// An effect is Low down from here.
    pub allowed_decrease: f64,
    /// A High effect of a critical metric is critical from here on.
    pub critical_increase: f64,
    /// A Low one down from here.
    pub critical_decrease: f64,
}

impl Default for EffectSize {
    fn default() -> Self {
        Self::all(Measure::MeanRatio, 1.0)
    }
}

impl EffectSize {
    /// The defaults of the common-language effect size.
    #[must_use]
    pub const fn cles() -> Self {
        Self::all(Measure::Cles, 0.5)
    }

    const fn all(measure: Measure, neutral: f64) -> Self {
        Self {
            measure,
            allowed_increase: neutral,
            allowed_decrease: neutral,
            critical_increase: neutral,
            critical_decrease: neutral,
        }
    }
}

/// A metric's part of the canary configuration, with Kayenta's defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// What is bad.
    pub direction: Direction,
    /// What becomes of NaN.
    pub nan: NanStrategy,
    /// The factor of interquartile ranges beyond which points are left out; `None` keeps all.
    pub outliers: Option<f64>,
    /// Its failure is the whole canary's.
    pub critical: bool,
    /// No data is a failure.
    pub must_have_data: bool,
    /// How large a difference must be.
    pub effect: EffectSize,
    /// Part of the estimated shift that the interval must stay away from zero. Kayenta reads none: 0.25.
    pub tolerance: f64,
    /// Of the interval. Kayenta reads none: 0.98.
    pub confidence: f64,
}

impl Default for Metric {
    fn default() -> Self {
        Self {
            direction: Direction::Either,
            nan: NanStrategy::Remove,
            outliers: None,
            critical: false,
            must_have_data: false,
            effect: EffectSize::default(),
            tolerance: 0.25,
            confidence: 0.98,
        }
    }
}

/// How a metric is classified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Label {
    /// No difference that counts.
    Pass,
    /// More in the experiment.
    High,
    /// Less in it.
    Low,
    /// One arm has no points.
    Nodata,
    /// Likewise, and that is a failure.
    NodataFailMetric,
    /// The test cannot be done.
    Error,
}

/// A metric's result.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Classified {
    /// The class.
    pub label: Label,
    /// It decides alone.
    pub critical: bool,
    /// The shift and its interval, where the test was done.
    pub interval: Option<Interval>,
    /// The effect size; NaN where a mean is zero.
    pub effect: f64,
}

impl Classified {
    const fn without_test(label: Label, critical: bool) -> Self {
        Self {
            label,
            critical,
            interval: None,
            effect: 1.0,
        }
    }
}

impl Metric {
    /// Classifies an experiment's points against its control's.
    #[must_use]
    pub fn classify(&self, experiment: &[f64], control: &[f64]) -> Classified {
        let (mut x, mut y) = (self.prepared(experiment), self.prepared(control));
        if x.is_empty() || y.is_empty() {
            return match self.nan {
                NanStrategy::Replace => Classified::without_test(Label::Pass, false),
                NanStrategy::Remove if self.must_have_data && !self.critical => {
                    Classified::without_test(Label::NodataFailMetric, false)
                }
                NanStrategy::Remove => Classified::without_test(Label::Nodata, self.critical),
            };
        }
        x.sort_by(f64::total_cmp);
        y.sort_by(f64::total_cmp);
        let one_value = x.iter().chain(&y).all(|value| *value == x[0]);
        if x == y || one_value {
            return Classified::without_test(Label::Pass, false);
        }
        let effect = self.effect_size(&x, &y);
        if is_constant(&x) && is_constant(&y) {
            spread(&mut x);
            spread(&mut y);
        }
        match mann_whitney(&x, &y, self.confidence) {
            Some(interval) => self.judged(interval, effect),
            None => Classified::without_test(Label::Error, self.critical),
        }
    }

    fn prepared(&self, points: &[f64]) -> Vec<f64> {
        let whole: Vec<f64> = match self.nan {
            NanStrategy::Remove => points.iter().copied().filter(|x| !x.is_nan()).collect(),
            NanStrategy::Replace => {
                let zero = |x: &f64| if x.is_nan() { 0.0 } else { *x };
                points.iter().map(zero).collect()
            }
        };
        match self.outliers {
            Some(factor) => outliers::without(&whole, factor, true),
            None => whole,
        }
    }

    fn effect_size(&self, x: &[f64], y: &[f64]) -> f64 {
        match self.effect.measure {
            Measure::MeanRatio => {
                let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
                let (experiment, control) = (mean(x), mean(y));
                if experiment == 0.0 || control == 0.0 {
                    return f64::NAN;
                }
                experiment / control
            }
            Measure::Cles => mann_whitney::common_language(x, y),
        }
    }

    fn judged(&self, interval: Interval, effect: f64) -> Classified {
        let border = self.tolerance * interval.estimate.abs();
        let sizes = self.effect;
        // A condition on an effect size that there is not is none.
        let from = |limit: f64| effect.is_nan() || effect >= limit;
        let down_from = |limit: f64| effect.is_nan() || effect <= limit;
        let high = self.direction != Direction::Decrease
            && interval.low > border
            && from(sizes.allowed_increase);
        let low = self.direction != Direction::Increase
            && interval.high < -border
            && down_from(sizes.allowed_decrease);
        let (label, is_critical) = if high {
            (Label::High, from(sizes.critical_increase))
        } else if low {
            (Label::Low, down_from(sizes.critical_decrease))
        } else {
            (Label::Pass, false)
        };
        Classified {
            label,
            critical: self.critical && is_critical,
            interval: Some(interval),
            effect,
        }
    }
}

fn is_constant(points: &[f64]) -> bool {
    points.iter().all(|point| *point == points[0])
}

/// Two constant arms have no variance to test with. Kayenta adds Gaussian noise of a hundred-thousandth of
/// the value; the same here, at the normal distribution's quantiles instead of at random.
fn spread(points: &mut [f64]) {
    let n = points.len() as f64;
    for (index, point) in points.iter_mut().enumerate() {
        let part = (index as f64 + 0.5) / n;
        *point += *point * 1e-5 * Normal::standard().inverse_cdf(part);
    }
}

#[cfg(test)]
mod tests;
