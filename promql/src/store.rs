//! Series in memory.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::Labels;
use crate::matcher::Matcher;

/// A stale marker's bit pattern (prometheus/model/value: `StaleNaN`).
pub(crate) const STALE_NAN: u64 = 0x7ff0_0000_0000_0002;

/// Names a series of one store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesId(pub(crate) usize);

#[derive(Clone, Debug, Default)]
pub(crate) struct Series {
    pub(crate) labels: Labels,
    pub(crate) times_ms: Vec<i64>,
    pub(crate) values: Vec<f64>,
    pub(crate) has_stale: bool,
}

/// A set of series. Samples of one series are appended in order of time.
#[derive(Clone, Debug, Default)]
pub struct Store {
    pub(crate) series: Vec<Series>,
    by_labels: HashMap<Labels, SeriesId>,
    /// The texts of all labels.
    texts: HashSet<Arc<str>>,
}

impl Store {
    /// The series with these labels, made if it is not there yet.
    pub fn add_series(&mut self, labels: Labels) -> SeriesId {
        if let Some(id) = self.by_labels.get(&labels) {
            return *id;
        }
        let labels = labels.interned(&mut self.texts);
        let id = SeriesId(self.series.len());
        self.by_labels.insert(labels.clone(), id);
        self.series.push(Series {
            labels,
            ..Series::default()
        });
        id
    }

    /// Appends a sample; one that is not newer than the last is dropped, as Prometheus drops it.
    pub fn append(&mut self, id: SeriesId, time_ms: i64, value: f64) {
        let series = &mut self.series[id.0];
        if series.times_ms.last().is_some_and(|last| *last >= time_ms) {
            return;
        }
        series.times_ms.push(time_ms);
        series.values.push(value);
    }

    /// Appends a stale marker: the series is gone from here on.
    pub fn append_stale(&mut self, id: SeriesId, time_ms: i64) {
        self.append(id, time_ms, f64::from_bits(STALE_NAN));
        self.series[id.0].has_stale = true;
    }

    /// Forgets all samples; the series and the memory stay.
    pub fn clear_samples(&mut self) {
        for series in &mut self.series {
            series.times_ms.clear();
            series.values.clear();
            series.has_stale = false;
        }
    }

    /// A copy of what was there at an instant: no later sample, and no series without one.
    #[must_use]
    pub fn until(&self, time_ms: i64) -> Self {
        let mut then = Self::default();
        for series in &self.series {
            let count = series.times_ms.partition_point(|time| *time <= time_ms);
            if count == 0 {
                continue;
            }
            let id = then.add_series(series.labels.clone());
            let copy = &mut then.series[id.0];
            copy.times_ms.extend(&series.times_ms[..count]);
            copy.values.extend(&series.values[..count]);
            copy.has_stale = series.has_stale;
        }
        then
    }

    /// The series with a sample between two instants, both included; without their samples.
    #[must_use]
    pub fn between(&self, start_ms: i64, end_ms: i64) -> Self {
        let mut there = Self::default();
        for series in &self.series {
            let from = series.times_ms.partition_point(|time| *time < start_ms);
            let first = series.times_ms.get(from);
            if first.is_some_and(|time| *time <= end_ms) {
                there.add_series(series.labels.clone());
            }
        }
        there
    }

    /// Number of series.
    #[must_use]
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// Whether there are no series.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// The label sets of all series in the order they were added.
    pub fn labels(&self) -> impl Iterator<Item = &Labels> {
        self.series.iter().map(|series| &series.labels)
    }

    /// The series that satisfy all matchers, in the order they were added.
    pub(crate) fn select(&self, matchers: &[Matcher]) -> Vec<SeriesId> {
        let all = |series: &Series| {
            matchers
                .iter()
                .all(|m| m.matches(series.labels.get(&m.name)))
        };
        let matching = self
            .series
            .iter()
            .enumerate()
            .filter(|(_, series)| all(series));
        matching.map(|(index, _)| SeriesId(index)).collect()
    }
}

impl Series {
    /// The newest sample with `from < time <= to`, unless it is a stale marker.
    pub(crate) fn newest(&self, from_ms: i64, to_ms: i64) -> Option<(i64, f64)> {
        let index = self.end_of(to_ms).checked_sub(1)?;
        let (time, value) = (self.times_ms[index], self.values[index]);
        (time > from_ms && value.to_bits() != STALE_NAN).then_some((time, value))
    }

    /// The indexes of samples with `from < time <= to`, stale markers included.
    pub(crate) fn window(&self, from_ms: i64, to_ms: i64) -> std::ops::Range<usize> {
        let end = self.end_of(to_ms);
        // Strides backwards: windows are mostly short.
        let times = &self.times_ms[..end];
        let (mut later, mut stride) = (end, 1);
        while later > 0 && times[later - 1] > from_ms {
            let earlier = later.saturating_sub(stride);
            if times[earlier] <= from_ms {
                let within = &times[earlier..later];
                later = earlier + within.partition_point(|time| *time <= from_ms);
                break;
            }
            later = earlier;
            stride *= 2;
        }
        later..end
    }

    /// The number of samples up to an instant; mostly all of them.
    fn end_of(&self, to_ms: i64) -> usize {
        match self.times_ms.last() {
            Some(last) if *last > to_ms => self.times_ms.partition_point(|time| *time <= to_ms),
            _ => self.times_ms.len(),
        }
    }
}
