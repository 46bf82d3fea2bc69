//! `spec.traffic`: a list of curves, each a mapping with one key, that are added up.

mod csv;
mod file;
mod prometheus;
mod recording;
mod shapes;

use coalmine_policy::Span;
use coalmine_policy::source::{Diagnostics, Kind, Node};
use coalmine_sim::traffic::{Term, Traffic};

use super::clock::Clock;
use super::form::Form;
use super::joined::Joined;
use crate::Files;

const HELP: &str = "add a curve, for example `- constant: {rps: 200}`";
const CURVES: &str = "a curve is one of constant, diurnal, weekly, ramp, step, burst, marketOpen, \
                      flashSale, bell, dinnerPeak, table, csv, prometheus, sum, product";

/// Requests per second of one curve: more than the busiest services known, and the counts of a
/// week still fit.
const RPS_MAX: f64 = 1e8;

/// How many standard deviations lie between `from` and `to` of a bell: two on each side, which hold
/// 95 % of its requests.
const BELL_DEVIATIONS: f64 = 4.0;

/// Products in sums in products: as deep as anybody can follow.
const DEPTH_MAX: usize = 8;

/// Makes one term of several.
type Join = fn(Vec<Term>) -> Term;

/// What a curve may need to know.
pub(super) struct Context<'c> {
    pub(super) clock: &'c Clock,
    /// A recording must overlap the time that is watched.
    pub(super) horizon: Span,
    /// Who names a file.
    pub(super) joined: &'c Joined,
    pub(super) files: &'c mut dyn Files,
    pub(super) depth: usize,
}

pub(super) fn read(
    spec: &mut Form<'_>,
    mut context: Context<'_>,
    found: &mut Diagnostics,
) -> Option<Traffic> {
    spec.require("traffic", HELP, found);
    let terms = read_list(spec, "traffic", &mut context, found)?;
    Some(Traffic { terms })
}

fn read_list(
    outer: &mut Form<'_>,
    name: &'static str,
    context: &mut Context<'_>,
    found: &mut Diagnostics,
) -> Option<Vec<Term>> {
    let items = outer.list(name, found)?;
    if items.is_empty() {
        outer.refuse(name, "is empty", HELP, found);
    }
    let path = outer.fields.path_of(name);
    let mut terms = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let mut form = outer.item(&format!("{path}[{index}]"), item, found);
        terms.extend(read_curve(&mut form, item, context, found));
        form.close(found);
    }
    Some(terms)
}

fn read_curve(
    form: &mut Form<'_>,
    item: &Node,
    context: &mut Context<'_>,
    found: &mut Diagnostics,
) -> Option<Term> {
    type Reader = fn(&mut Form<'_>, &Clock, &mut Diagnostics) -> Option<Term>;
    let curves: [(&'static str, Reader); 11] = [
        ("constant", constant),
        ("burst", burst),
        ("bell", bell),
        ("table", table),
        ("diurnal", shapes::diurnal),
        ("ramp", shapes::ramp),
        ("step", shapes::step),
        ("marketOpen", shapes::market_open),
        ("dinnerPeak", shapes::dinner_peak),
        ("flashSale", shapes::flash_sale),
        ("weekly", shapes::weekly),
    ];
    let mut terms = Vec::new();
    for (name, reader) in curves {
        if let Some(mut curve) = form.form(name, found) {
            terms.push(reader(&mut curve, context.clock, found));
            curve.close(found);
        }
    }
    type Recorded = fn(&mut Form<'_>, &mut Context<'_>, &mut Diagnostics) -> Option<Term>;
    let recorded: [(&'static str, Recorded); 2] =
        [("csv", csv::read), ("prometheus", prometheus::read)];
    for (name, reader) in recorded {
        if let Some(mut curve) = form.form(name, found) {
            terms.push(reader(&mut curve, context, found));
            curve.close(found);
        }
    }
    let lists: [(_, Join); 2] = [("sum", Term::Sum), ("product", Term::Product)];
    for (name, join) in lists {
        if form.node(name).is_none() {
            continue;
        }
        if context.depth == DEPTH_MAX {
            let help = "multiply sums out, or draw the curve as a `table`";
            form.refuse(name, "is nested too deeply", help, found);
            continue;
        }
        context.depth += 1;
        terms.push(read_list(form, name, context, found).map(join));
        context.depth -= 1;
    }
    let keys = match &item.kind {
        Kind::Map(entries) => entries.len(),
        Kind::Null => 0,
        // Reported already as no mapping.
        _ => return None,
    };
    if keys != 1 {
        let message = format!("a curve has one key, and this has {keys}");
        form.error(item.position, message, CURVES, found);
    }
    terms.pop().flatten()
}

fn rate(curve: &mut Form<'_>, found: &mut Diagnostics) -> Option<f64> {
    curve.require("rps", "say how many requests per second", found);
    curve.rate("rps", RPS_MAX, found)
}

fn constant(curve: &mut Form<'_>, _: &Clock, found: &mut Diagnostics) -> Option<Term> {
    Some(Term::Constant {
        rps: rate(curve, found)?,
    })
}

fn burst(curve: &mut Form<'_>, clock: &Clock, found: &mut Diagnostics) -> Option<Term> {
    let at_s = clock.instant(curve, "at", found);
    curve.require(
        "rise",
        "say how long the rise takes, `0s` for a step",
        found,
    );
    curve.require("decay", "say how long it takes to fall to 1/e", found);
    let rise = curve.duration("rise", found);
    let decay = curve.some_time("decay", found);
    let hold = curve.duration("hold", found).unwrap_or_default();
    Some(Term::Burst {
        rps: rate(curve, found)?,
        at_s: at_s?,
        rise_s: rise?.as_secs_f64(),
        hold_s: hold.as_secs_f64(),
        decay_s: decay?.as_secs_f64(),
    })
}

fn bell(curve: &mut Form<'_>, clock: &Clock, found: &mut Diagnostics) -> Option<Term> {
    let rps = rate(curve, found);
    let by_ends = curve.node("from").is_some() || curve.node("to").is_some();
    let by_middle = curve.node("at").is_some() || curve.node("width").is_some();
    if by_ends == by_middle {
        let message = "a bell needs either `from` and `to`, or `at` and `width`".to_owned();
        let help = "for example `{from: \"19:00\", to: \"22:00\", rps: 800}`";
        curve.error(curve.fields.position(), message, help, found);
        return None;
    }
    let (at_s, width_s) = if by_ends {
        let (from, to) = (
            clock.instant(curve, "from", found),
            clock.instant(curve, "to", found),
        );
        let (from, to) = (from?, to?);
        if to <= from {
            let help = "past midnight, write both as durations after the start";
            curve.refuse("to", "is not later than `from`", help, found);
            return None;
        }
        (f64::midpoint(from, to), (to - from) / BELL_DEVIATIONS)
    } else {
        let at = clock.instant(curve, "at", found);
        curve.require(
            "width",
            "say the standard deviation, for example `45m`",
            found,
        );
        (at?, curve.some_time("width", found)?.as_secs_f64())
    };
    Some(Term::Bell {
        at_s,
        width_s,
        rps: rps?,
    })
}

fn table(curve: &mut Form<'_>, clock: &Clock, found: &mut Diagnostics) -> Option<Term> {
    let help = "add points, for example `- {at: \"09:30\", rps: 50}`";
    curve.require("points", help, found);
    let items = curve.list("points", found)?;
    if items.is_empty() {
        curve.refuse("points", "is empty", help, found);
        return None;
    }
    let path = curve.fields.path_of("points");
    let mut points: Vec<(f64, f64)> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let mut point = curve.item(&format!("{path}[{index}]"), item, found);
        let (at, rps) = (
            clock.instant(&mut point, "at", found),
            rate(&mut point, found),
        );
        if let (Some(at), Some((before, _))) = (at, points.last())
            && at <= *before
        {
            let help = "points come in order of time; past midnight, write durations";
            point.refuse("at", "is not later than the point before", help, found);
        }
        point.close(found);
        points.extend(at.zip(rps));
    }
    Some(Term::Table { points })
}
