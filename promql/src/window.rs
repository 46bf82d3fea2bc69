//! Pieces of series: windows that are read, rows that are made.

use std::collections::HashMap;

use crate::Labels;
use crate::eval::RangeSeries;
use crate::store::STALE_NAN;

/// One series' samples in a range.
#[derive(Clone, Copy)]
pub(crate) struct Window<'a> {
    pub(crate) labels: &'a Labels,
    pub(crate) times_ms: &'a [i64],
    pub(crate) values: &'a [f64],
    pub(crate) from_ms: i64,
    pub(crate) to_ms: i64,
    pub(crate) has_stale: bool,
}

impl<'a> Window<'a> {
    pub(crate) const fn of(series: &'a RangeSeries, from_ms: i64, to_ms: i64) -> Self {
        Self {
            labels: &series.labels,
            times_ms: series.times_ms.as_slice(),
            values: series.values.as_slice(),
            from_ms,
            to_ms,
            has_stale: false,
        }
    }

    /// A copy without stale markers: they are no resets (engine.go:3082).
    pub(crate) fn to_series(self) -> RangeSeries {
        let fresh = |pair: &(&i64, &f64)| pair.1.to_bits() != STALE_NAN;
        let pairs = self.times_ms.iter().zip(self.values).filter(fresh);
        let (times_ms, values) = pairs.map(|(time, value)| (*time, *value)).unzip();
        RangeSeries {
            labels: self.labels.clone(),
            times_ms,
            values,
        }
    }
}

/// Collects a matrix element by element.
#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) rows: Vec<RangeSeries>,
    index: HashMap<Labels, usize>,
}

impl Rows {
    pub(crate) fn push(&mut self, labels: Labels, time_ms: i64, value: f64) {
        let next = self.rows.len();
        let index = *self.index.entry(labels).or_insert_with_key(|labels| {
            self.rows.push(RangeSeries {
                labels: labels.clone(),
                ..RangeSeries::default()
            });
            next
        });
        self.rows[index].times_ms.push(time_ms);
        self.rows[index].values.push(value);
    }
}
