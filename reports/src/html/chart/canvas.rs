//! One drawing: a sheet with plots on it.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::ink::{Ink, restyled};

/// `plotters` places marks on whole units, so there are several to a pixel.
pub(super) const UNITS: f64 = 4.0;

/// A part of the sheet, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Left edge.
    pub left: f64,
    /// Upper edge.
    pub top: f64,
    /// Extent.
    pub width: f64,
    /// Extent.
    pub height: f64,
}

/// The sheet. Places are pixels, from the upper left.
pub struct Canvas<'a> {
    sheet: DrawingArea<SVGBackend<'a>, Shift>,
}

/// A point in pixels.
pub(super) type At = (f64, f64);

pub(super) fn units((x, y): At) -> (i32, i32) {
    let unit = |pixels: f64| (pixels * UNITS).round().clamp(-1e6, 1e6) as i32;
    (unit(x), unit(y))
}

impl Canvas<'_> {
    /// What is drawn on a sheet of so many pixels, as the elements of an SVG with [`view_box`].
    pub fn drawn(width: f64, height: f64, draw: impl FnOnce(&Canvas<'_>)) -> String {
        let mut svg = String::new();
        let (w, h) = units((width, height));
        let size = (w.max(1) as u32, h.max(1) as u32);
        {
            let canvas = Canvas {
                sheet: SVGBackend::with_string(&mut svg, size).into_drawing_area(),
            };
            draw(&canvas);
            told(canvas.sheet.present());
        }
        // The outer tag is the figure's: it has a role and a name.
        let inside = svg.find('>').map_or("", |at| &svg[at + 1..]);
        restyled(inside.trim().trim_end_matches("</svg>").trim())
    }

    /// A line through these points.
    pub fn path(&self, points: impl IntoIterator<Item = At>, ink: Ink) {
        let points: Vec<_> = points.into_iter().map(units).collect();
        if points.len() > 1 {
            told(self.sheet.draw(&PathElement::new(points, ink.stand_in())));
        }
    }

    /// A filled shape.
    pub fn shape(&self, points: impl IntoIterator<Item = At>, ink: Ink) {
        let points: Vec<_> = points.into_iter().map(units).collect();
        let style = ink.stand_in().filled();
        told(self.sheet.draw(&Polygon::new(points, style)));
    }

    /// A filled rectangle.
    pub fn rectangle(&self, from: At, to: At, ink: Ink) {
        let style = ink.stand_in().filled();
        told(
            self.sheet
                .draw(&Rectangle::new([units(from), units(to)], style)),
        );
    }

    /// Text that begins, ends or has its middle here.
    pub fn text(&self, text: &str, at: At, (h, v): (HPos, VPos), ink: Ink) {
        // The style sheet says how large; see `restyled`.
        let style = ("sans-serif", 1.24).into_font().color(&ink.stand_in());
        let style = style.pos(Pos::new(h, v));
        told(
            self.sheet
                .draw(&Text::new(text.to_owned(), units(at), style)),
        );
    }

    /// The marker of a series: its shape tells it apart where colours do not.
    pub fn marker(&self, (x, y): At, series: usize) {
        const R: f64 = 3.2;
        let polygon = |corners: &[At]| {
            let corners = corners.iter().map(|(dx, dy)| (x + dx * R, y + dy * R));
            self.shape(corners.collect::<Vec<_>>(), Ink::Series(series));
        };
        match series % Ink::SERIES {
            1 => polygon(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
            2 => polygon(&[(0.0, -1.25), (1.15, 0.9), (-1.15, 0.9)]),
            3 => polygon(&[(0.0, -1.35), (1.35, 0.0), (0.0, 1.35), (-1.35, 0.0)]),
            4 => polygon(&[(0.0, 1.25), (1.15, -0.9), (-1.15, -0.9)]),
            5 => polygon(&turned(0.0)),
            6 => polygon(&turned(std::f64::consts::FRAC_PI_4)),
            7 => polygon(&[(-1.25, 0.0), (0.9, -1.15), (0.9, 1.15)]),
            _ => self.dot((x, y), R, Ink::Series(series)),
        }
    }

    /// A filled circle.
    pub fn dot(&self, at: At, radius: f64, ink: Ink) {
        let radius = (radius * UNITS).round() as i32;
        let style = ink.stand_in().filled();
        told(self.sheet.draw(&Circle::new(units(at), radius, style)));
    }

    /// A cross: what failed.
    pub fn cross(&self, (x, y): At, ink: Ink) {
        const R: f64 = 3.4;
        self.path([(x - R, y - R), (x + R, y + R)], ink);
        self.path([(x - R, y + R), (x + R, y - R)], ink);
    }
}

/// A plus sign, or a cross, as a shape.
fn turned(angle: f64) -> Vec<At> {
    const LONG: f64 = 1.4;
    const THIN: f64 = 0.45;
    let arm = [(LONG, -THIN), (LONG, THIN), (THIN, THIN)];
    let arms = (0..4).map(|quarter| angle + f64::from(quarter) * std::f64::consts::FRAC_PI_2);
    let corners = arms.flat_map(|angle| {
        let (sin, cos) = angle.sin_cos();
        arm.map(|(x, y)| (x * cos - y * sin, x * sin + y * cos))
    });
    corners.collect()
}

/// A drawing in memory cannot fail, and half of one is better than none.
fn told<T, E: std::fmt::Debug>(drawn: Result<T, E>) {
    debug_assert!(drawn.is_ok(), "{:?}", drawn.err());
}

/// What the SVG shows of the drawing.
#[must_use]
pub(in crate::html) fn view_box(width: f64, height: f64) -> String {
    let (w, h) = units((width, height));
    format!("0 0 {w} {h}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_users_is_no_markup() {
        let svg = Canvas::drawn(10.0, 10.0, |canvas| {
            let middle = (HPos::Center, VPos::Center);
            canvas.text("<b>&\"#010203\"", (5.0, 5.0), middle, Ink::Text);
        });
        assert!(svg.contains("&lt;b&gt;&amp;&quot;#010203&quot;"), "{svg}");
        assert!(
            svg.contains("class=\"f-text\"") && !svg.contains("<svg"),
            "{svg}"
        );
    }
}
