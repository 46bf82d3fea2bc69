//! A plot: two axes, and marks at values.

use plotters::coord::CoordTranslate;
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::types::RangedCoordf64;
use plotters::style::text_anchor::{HPos, VPos};

use super::axis::Axis;
use super::canvas::{At, Canvas, Frame, UNITS, units};
use super::ink::Ink;

/// Pixels of a line of text.
const LINE: f64 = 15.0;
/// Pixels of a digit or a letter, on average.
const LETTER: f64 = 6.4;

/// A rectangle with axes on a sheet.
pub struct Plot<'a, 'b> {
    canvas: &'a Canvas<'b>,
    x: Axis,
    y: Axis,
    inner: Frame,
    coordinates: Cartesian2d<RangedCoordf64, RangedCoordf64>,
}

impl<'a, 'b> Plot<'a, 'b> {
    /// Axes within a frame, the labels of both included. Grid lines are drawn at once, so that marks
    /// lie over them.
    #[must_use]
    pub fn new(canvas: &'a Canvas<'b>, frame: Frame, x: Axis, y: Axis) -> Self {
        let longest = y.ticks.iter().map(|tick| tick.label.chars().count()).max();
        let left = longest.map_or(1.0, |letters| letters as f64 * LETTER + 8.0);
        // The label of the last tick reaches beyond the plot.
        let last = x.ticks.last();
        let last = last.filter(|tick| (tick.at - x.low) / (x.high - x.low) > 0.9);
        let half = last.map_or(0.0, |tick| tick.label.chars().count() as f64 * LETTER / 2.0);
        Self::with_sides(canvas, frame, (left, half.max(6.0)), x, y)
    }

    /// The same with so much room left and right of the plot itself: plots above each other are in
    /// line.
    #[must_use]
    pub fn with_sides(
        canvas: &'a Canvas<'b>,
        frame: Frame,
        (left, right): (f64, f64),
        x: Axis,
        y: Axis,
    ) -> Self {
        let top = if y.title.is_empty() { 6.0 } else { LINE + 6.0 };
        let bottom = match (x.ticks.is_empty(), x.title.is_empty()) {
            (true, true) => 4.0,
            (false, true) | (true, false) => LINE + 6.0,
            (false, false) => 2.0 * LINE + 6.0,
        };
        let inner = Frame {
            left: frame.left + left,
            top: frame.top + top,
            width: (frame.width - left - right).max(1.0),
            height: (frame.height - top - bottom).max(1.0),
        };
        let (from, to) = (
            units((inner.left, inner.top)),
            units((inner.left + inner.width, inner.top + inner.height)),
        );
        let (x_ends, y_ends) = (x.ends(), y.ends());
        // Values grow upwards, pixels downwards.
        let coordinates = Cartesian2d::new(
            x_ends.0..x_ends.1,
            y_ends.0..y_ends.1,
            (from.0..to.0, to.1..from.1),
        );
        let plot = Self {
            canvas,
            x,
            y,
            inner,
            coordinates,
        };
        plot.axes(&frame);
        plot
    }

    fn axes(&self, frame: &Frame) {
        let (canvas, inner) = (self.canvas, &self.inner);
        let (right, bottom) = (inner.left + inner.width, inner.top + inner.height);
        for tick in &self.y.ticks {
            let (_, y) = self.at(self.x.low, tick.at);
            canvas.path([(inner.left, y), (right, y)], Ink::Grid);
            let place = (inner.left - 6.0, y);
            canvas.text(&tick.label, place, (HPos::Right, VPos::Center), Ink::Muted);
        }
        for tick in &self.x.ticks {
            let (x, _) = self.at(tick.at, self.y.low);
            canvas.path([(x, bottom), (x, bottom + 4.0)], Ink::Axis);
            // Labels at the ends stay on the sheet.
            let half = tick.label.chars().count() as f64 * LETTER / 2.0;
            let (left_edge, right_edge) = (frame.left, frame.left + frame.width);
            let (x, anchor) = if x - half < left_edge {
                (left_edge, HPos::Left)
            } else if x + half > right_edge {
                (right_edge, HPos::Right)
            } else {
                (x, HPos::Center)
            };
            let place = (x, bottom + 6.0);
            canvas.text(&tick.label, place, (anchor, VPos::Top), Ink::Muted);
        }
        canvas.path([(inner.left, bottom), (right, bottom)], Ink::Axis);
        if !self.y.title.is_empty() {
            let place = (frame.left, frame.top + 2.0);
            canvas.text(&self.y.title, place, (HPos::Left, VPos::Top), Ink::Text);
        }
        if !self.x.title.is_empty() {
            let place = (right, frame.top + frame.height - LINE);
            canvas.text(&self.x.title, place, (HPos::Right, VPos::Top), Ink::Muted);
        }
    }

    /// The sheet.
    #[must_use]
    pub const fn canvas(&self) -> &'a Canvas<'b> {
        self.canvas
    }

    /// The part of the sheet between the axes.
    #[must_use]
    pub const fn inner(&self) -> Frame {
        self.inner
    }

    /// Where values lie on the sheet; those beyond an axis lie at its end.
    #[must_use]
    pub fn at(&self, x: f64, y: f64) -> At {
        let place = (self.x.place(x), self.y.place(y));
        let (x, y) = self.coordinates.translate(&place);
        (f64::from(x) / UNITS, f64::from(y) / UNITS)
    }

    /// The same across alone.
    #[must_use]
    pub fn across_at(&self, x: f64) -> f64 {
        self.at(x, self.y.low).0
    }

    /// A line through these values.
    pub fn line(&self, points: &[(f64, f64)], ink: Ink) {
        let points = points.iter().map(|(x, y)| self.at(*x, *y));
        self.canvas.path(points, ink);
    }

    /// A line that keeps each value until the next.
    pub fn steps(&self, points: &[(f64, f64)], ink: Ink) {
        self.line(&stepped(points), ink);
    }

    /// What lies between the lower and the upper ends: (x, low, high).
    pub fn band(&self, points: &[(f64, f64, f64)], ink: Ink) {
        let upper = points.iter().map(|(x, _, high)| self.at(*x, *high));
        let lower = points.iter().rev().map(|(x, low, _)| self.at(*x, *low));
        self.canvas.shape(upper.chain(lower), ink);
    }

    /// The same, keeping each pair of ends until the next.
    pub fn band_steps(&self, points: &[(f64, f64, f64)], ink: Ink) {
        let low: Vec<_> = points.iter().map(|(x, low, _)| (*x, *low)).collect();
        let high: Vec<_> = points.iter().map(|(x, _, high)| (*x, *high)).collect();
        let upper = stepped(&high);
        let lower = stepped(&low);
        let around = upper.into_iter().chain(lower.into_iter().rev());
        let around: Vec<At> = around.map(|(x, y)| self.at(x, y)).collect();
        self.canvas.shape(around, ink);
    }

    /// An interval across or upright, with its ends marked.
    pub fn whisker(&self, from: (f64, f64), to: (f64, f64), ink: Ink) {
        const END: f64 = 2.5;
        let (a, b) = (self.at(from.0, from.1), self.at(to.0, to.1));
        self.canvas.path([a, b], ink);
        let upright = (a.0 - b.0).abs() < (a.1 - b.1).abs();
        let (dx, dy) = if upright { (END, 0.0) } else { (0.0, END) };
        for (x, y) in [a, b] {
            self.canvas.path([(x - dx, y - dy), (x + dx, y + dy)], ink);
        }
    }

    /// A line across at one value.
    pub fn across(&self, y: f64, ink: Ink) {
        self.line(&[(self.x.low, y), (self.x.high, y)], ink);
    }
}

fn stepped(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut stepped = Vec::with_capacity(points.len() * 2);
    for (x, y) in points {
        if let Some((_, before)) = stepped.last().copied() {
            stepped.push((*x, before));
        }
        stepped.push((*x, *y));
    }
    stepped
}
