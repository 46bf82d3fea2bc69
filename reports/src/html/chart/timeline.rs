//! What happened over time, in tracks one above the other: weights, measures with their limits, and
//! decisions as numbered lines through all of them.

use plotters::style::text_anchor::{HPos, VPos};

use super::axis::Axis;
use super::canvas::{Canvas, Frame};
use super::ink::Ink;
use super::plot::Plot;

/// Pixels of a track with its title.
const TRACK: f64 = 118.0;
/// Pixels left of all tracks, for the values, and right of them, for half of the last time.
const SIDES: (f64, f64) = (58.0, 26.0);
/// Pixels above the tracks, for the numbers of decisions: two rows of them.
const MARKS: f64 = 34.0;
/// Numbers of decisions nearer than this would overlap.
const APART: f64 = 16.0;
/// Pixels between a track and the next one's title.
const GAP: f64 = 8.0;
/// Pixels of the time axis.
const TIMES: f64 = 36.0;

/// What shades a time.
pub const SHADE: Ink = Ink::Band(1);

/// How values are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Kept until the next.
    Steps,
    /// Joined.
    Line,
    /// Filled down to zero, kept until the next.
    Area,
    /// Each judged by itself: dots and crosses, see [`Series::is_bad`]. What is no number lies at the
    /// lower edge.
    Points,
}

/// Values over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What they are.
    pub name: String,
    /// How they look. Points look as they were judged.
    pub ink: Ink,
    /// How they are drawn.
    pub shape: Shape,
    /// Seconds since the start, and the value.
    pub points: Vec<(f64, f64)>,
    /// For [`Shape::Points`]: whether each was judged bad, in the same order.
    pub is_bad: Vec<bool>,
}

/// One plot of the timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// Its values' axis; the title stands above the track.
    pub y: Axis,
    /// What is drawn in it, the first at the back.
    pub series: Vec<Series>,
    /// What values are held against.
    pub limits: Vec<f64>,
}

/// A decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Seconds since the start.
    pub at: f64,
    /// Short: its number in the list of decisions.
    pub label: String,
    /// How it looks.
    pub ink: Ink,
}

/// The whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    /// Seconds since the start, or whatever the axis shows.
    pub x: Axis,
    /// From top to bottom.
    pub tracks: Vec<Track>,
    /// In order of time.
    pub marks: Vec<Mark>,
    /// From when to when something was the case, shaded through all tracks.
    pub shaded: Vec<(f64, f64)>,
}

impl Timeline {
    /// Pixels across.
    pub const WIDTH: f64 = 960.0;

    /// Its extent in pixels.
    #[must_use]
    pub fn size(&self) -> (f64, f64) {
        let height = MARKS + self.tracks.len() as f64 * TRACK + TIMES;
        (Self::WIDTH, height)
    }

    /// Draws it: decisions first, so that values lie over them.
    pub fn draw(&self, canvas: &Canvas<'_>) {
        self.shade(canvas);
        self.draw_marks(canvas);
        let last = self.tracks.len().saturating_sub(1);
        for (index, track) in self.tracks.iter().enumerate() {
            // Only the last has the times written below it.
            let (x, below) = if index == last {
                (self.x.clone(), TIMES)
            } else {
                (Axis::plain(self.x.low, self.x.high), 4.0)
            };
            let frame = Frame {
                left: 0.0,
                top: MARKS + index as f64 * TRACK,
                width: Self::WIDTH,
                height: TRACK - GAP + below,
            };
            track.draw(&Plot::with_sides(canvas, frame, SIDES, x, track.y.clone()));
        }
    }

    fn shade(&self, canvas: &Canvas<'_>) {
        let bottom = MARKS + self.tracks.len() as f64 * TRACK - GAP;
        let width = Self::WIDTH - SIDES.0 - SIDES.1;
        let across = |at: f64| {
            let at = at.clamp(self.x.low, self.x.high);
            SIDES.0 + (at - self.x.low) / (self.x.high - self.x.low) * width
        };
        for (from, to) in &self.shaded {
            let (from, to) = (across(*from), across(*to));
            if to > from {
                canvas.rectangle((from, MARKS), (to, bottom), SHADE);
            }
        }
    }

    fn draw_marks(&self, canvas: &Canvas<'_>) {
        let bottom = MARKS + self.tracks.len() as f64 * TRACK - GAP;
        let width = Self::WIDTH - SIDES.0 - SIDES.1;
        let across = |at: f64| SIDES.0 + (at - self.x.low) / (self.x.high - self.x.low) * width;
        // Where the last number of each row stands.
        let mut rows = [f64::NEG_INFINITY; 2];
        for mark in &self.marks {
            let x = across(mark.at.clamp(self.x.low, self.x.high));
            let row = rows.iter().position(|taken| x - taken >= APART);
            let y = MARKS - 4.0 - row.unwrap_or(0) as f64 * 15.0;
            canvas.path([(x, y), (x, bottom)], mark.ink);
            if let Some(row) = row {
                rows[row] = x + (mark.label.chars().count() as f64 - 1.0) * 3.0;
                let place = (HPos::Center, VPos::Bottom);
                canvas.text(&mark.label, (x, y - 1.0), place, Ink::Text);
            }
        }
    }
}

impl Track {
    fn draw(&self, plot: &Plot<'_, '_>) {
        for limit in &self.limits {
            plot.across(*limit, Ink::Limit);
        }
        for series in &self.series {
            series.draw(plot);
        }
    }
}

impl Series {
    fn draw(&self, plot: &Plot<'_, '_>) {
        match self.shape {
            Shape::Steps => plot.steps(&self.points, self.ink),
            Shape::Line => plot.line(&self.points, self.ink),
            Shape::Area => {
                let points = self.points.iter().map(|(x, y)| (*x, 0.0, *y));
                plot.band_steps(&points.collect::<Vec<_>>(), self.ink);
            }
            Shape::Points => {
                let known = self.points.iter().filter(|(_, y)| y.is_finite());
                plot.line(&known.copied().collect::<Vec<_>>(), Ink::Axis);
                let inner = plot.inner();
                for (index, (x, y)) in self.points.iter().enumerate() {
                    let at = match y.is_finite() {
                        true => plot.at(*x, *y),
                        false => (plot.across_at(*x), inner.top + inner.height),
                    };
                    match self.is_bad.get(index) {
                        Some(true) => plot.canvas().cross(at, Ink::Bad),
                        _ => plot.canvas().dot(at, 3.0, Ink::Good),
                    }
                }
            }
        }
    }
}
