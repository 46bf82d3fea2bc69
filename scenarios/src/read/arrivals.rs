//! `spec.arrivals`: how irregular requests come.

use coalmine_policy::source::Diagnostics;
use coalmine_sim::arrivals::{CELL_S, Pattern};

use super::form::Form;

/// A standard deviation of ten times the mean: beyond it nearly all intervals are empty.
const DISPERSION_MAX: f64 = 100.0;
/// More requests than one client sends at once.
const BURST_MAX: f64 = 10_000.0;

pub(super) fn read(mut form: Form<'_>, found: &mut Diagnostics) -> Pattern {
    let usual = Pattern::default();
    let dispersion = form.up_to("dispersion", DISPERSION_MAX, found);
    let burst = form.up_to("burst", BURST_MAX, found);
    if burst.is_some_and(|burst| burst < 1.0) {
        let help = "it is the mean number of requests that come together: 1 or more";
        form.refuse("burst", "is below 1", help, found);
    }
    let correlation = form.some_time("correlation", found);
    let cells = correlation.map(|span| span.as_secs_f64() / CELL_S);
    if let (Some(cells), Some(span)) = (cells, correlation)
        && cells.fract() != 0.0
    {
        let help = format!("arrivals are drawn {CELL_S} s at a time: write for example `1m`");
        let complaint = format!("is {span}, no multiple of {CELL_S} s");
        form.refuse("correlation", &complaint, &help, found);
    }
    form.close(found);
    Pattern {
        dispersion: dispersion.unwrap_or(usual.dispersion),
        correlation_cells: cells.map_or(usual.correlation_cells, |cells| cells as usize),
        burst: burst.unwrap_or(usual.burst),
    }
}
