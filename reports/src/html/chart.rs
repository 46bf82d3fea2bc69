//! Drawing: `plotters` with its SVG backend, in colours that the page's style sheet gives.

mod axis;
mod canvas;
mod figure;
mod ink;
mod legend;
mod plot;
mod timeline;

pub use axis::{Axis, Tick};
pub(super) use canvas::view_box;
pub use canvas::{Canvas, Frame};
pub use figure::{Figure, Table};
pub use ink::Ink;
pub use legend::legend;
pub use plot::Plot;
pub use timeline::{Mark, SHADE, Series, Shape, Timeline, Track};
