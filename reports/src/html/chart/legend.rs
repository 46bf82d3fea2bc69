//! Which line is whose.

use maud::{Markup, PreEscaped, html};

use super::canvas::{Canvas, view_box};
use super::ink::Ink;

const WIDTH: f64 = 30.0;
const HEIGHT: f64 = 12.0;

/// A list of inks with what they stand for. Series show their marker.
#[must_use]
pub fn legend<'a>(entries: impl IntoIterator<Item = (Ink, &'a str)>) -> Markup {
    html! {
        ul.legend {
            @for (ink, name) in entries {
                li {
                    svg.chart.swatch xmlns="http://www.w3.org/2000/svg"
                        viewBox=(view_box(WIDTH, HEIGHT)) aria-hidden="true" {
                        (PreEscaped(swatch(ink)))
                    }
                    (name)
                }
            }
        }
    }
}

fn swatch(ink: Ink) -> String {
    Canvas::drawn(WIDTH, HEIGHT, |canvas| {
        let middle = HEIGHT / 2.0;
        match ink {
            Ink::Series(series) => {
                canvas.path([(0.0, middle), (WIDTH, middle)], ink);
                canvas.marker((WIDTH / 2.0, middle), series);
            }
            Ink::Limit | Ink::Whisker | Ink::Axis | Ink::Grid => {
                canvas.path([(0.0, middle), (WIDTH, middle)], ink);
            }
            Ink::Bad => canvas.cross((WIDTH / 2.0, middle), ink),
            Ink::Good => canvas.dot((WIDTH / 2.0, middle), 3.0, ink),
            _ => canvas.rectangle((6.0, 1.0), (WIDTH - 6.0, HEIGHT - 1.0), ink),
        }
    })
}
