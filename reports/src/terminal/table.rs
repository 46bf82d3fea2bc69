//! The table itself: scenarios as groups, policies as their rows.

use super::fit::Grid;
use super::paint::Paint;
use crate::human::{self, NOTHING};
use crate::interval::Rate;
use crate::summary::{Cell, Summary};

/// Columns a narrow terminal can do without, the first soonest.
const SPARE: [&str; 3] = [COUNT, P95, PROMOTE];
const COUNT: &str = "n\n";
const P95: &str = "detect\np95";
const PROMOTE: &str = "promote\nmedian";

/// Stands after the rate of a cell whose fault never showed.
const LATENT: &str = " *";

/// What a line of the table is, for its colour.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Space,
    Heading,
    Plain,
    /// The wrong verdict is more likely than not, beyond doubt.
    Bad,
    Refused,
}

/// The table, and the columns for which the terminal is too narrow.
pub(super) fn render(
    summary: &Summary,
    width: Option<usize>,
    paint: &Paint,
) -> (String, Vec<String>) {
    let with_stuck = any_stuck(summary);
    let (kinds, rows): (Vec<Kind>, _) = rows(summary, with_stuck).into_iter().unzip();
    let header = header(with_stuck);
    let mut grid = Grid { header, rows };
    let dropped = grid.fit(width, &SPARE);
    (painted(&grid.lines(), &kinds, paint), dropped)
}

/// Every cell is one line high and every header cell two, so lines and rows correspond.
fn painted(lines: &[String], kinds: &[Kind], paint: &Paint) -> String {
    let head = lines.len() - kinds.len();
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        let kind = index.checked_sub(head).and_then(|row| kinds.get(row));
        let painted = match kind {
            None => paint.faint(line),
            Some(Kind::Heading) => paint.strong(line),
            Some(Kind::Bad) => paint.bad(line),
            Some(Kind::Refused) => paint.faint(line),
            Some(Kind::Space | Kind::Plain) => line.clone(),
        };
        text.push_str(&painted);
        text.push('\n');
    }
    text
}

fn header(with_stuck: bool) -> Vec<&'static str> {
    let names = [
        "scenario\n  policy",
        "wrong\nverdict",
        "stuck\n",
        "detect\nmedian",
        P95,
        "hurt\nmedian",
        PROMOTE,
        COUNT,
    ];
    let keep = |name: &&str| with_stuck || !name.starts_with("stuck");
    names.into_iter().filter(keep).collect()
}

fn rows(summary: &Summary, with_stuck: bool) -> Vec<(Kind, Vec<String>)> {
    let columns = header(with_stuck).len();
    let padded = |mut cells: Vec<String>| {
        cells.resize(columns, String::new());
        cells
    };
    let mut rows = Vec::new();
    let mut group = None;
    for cell in &summary.cells {
        if group != Some(cell.scenario) {
            if group.is_some() {
                rows.push((Kind::Space, padded(Vec::new())));
            }
            group = Some(cell.scenario);
            rows.push((Kind::Heading, padded(heading(summary, cell))));
        }
        let (kind, cells) = row(summary, cell, with_stuck);
        rows.push((kind, padded(cells)));
    }
    rows
}

/// The heading also says which verdict is the wrong one here.
fn heading(summary: &Summary, cell: &Cell) -> Vec<String> {
    let scenario = summary.scenario(cell);
    let faulty = scenario.is_some_and(coalmine_sim::event::ScenarioInfo::is_faulty);
    let wrong = if faulty { "missed" } else { "false rollback" };
    vec![summary.name(cell).to_owned(), wrong.to_owned()]
}

fn row(summary: &Summary, cell: &Cell, with_stuck: bool) -> (Kind, Vec<String>) {
    let label = format!("  {}", summary.label(cell));
    if summary
        .policy(cell)
        .is_some_and(|policy| policy.invalid.is_some())
    {
        return (Kind::Refused, vec![label, "invalid".to_owned()]);
    }
    let rate = |rate: Option<Rate>| rate.as_ref().map_or(NOTHING.to_owned(), human::rate);
    // Blanks keep the rates without a mark in line with the others.
    let mark = match latent(summary) {
        Some(_) if cell.is_latent() => LATENT,
        Some(_) => "  ",
        None => "",
    };
    let mut cells = vec![label, format!("{}{mark}", rate(cell.wrong()))];
    if with_stuck {
        cells.push(rate(cell.stuck));
    }
    cells.extend([
        human::time(cell.detect_ns.median),
        human::time(cell.detect_ns.p95),
        human::requests(cell.hurt.median),
        human::time(cell.promote_ns.median),
        human::count(cell.n),
    ]);
    let bad = !cell.is_latent() && cell.wrong().is_some_and(|rate| rate.low > 0.5);
    (if bad { Kind::Bad } else { Kind::Plain }, cells)
}

fn any_stuck(summary: &Summary) -> bool {
    summary
        .cells
        .iter()
        .any(|cell| cell.stuck.is_some_and(|rate| rate.count > 0))
}

/// What the mark means, where there is one.
pub(super) fn latent(summary: &Summary) -> Option<String> {
    let line = "* the fault never showed within the horizon: no policy could have seen it.";
    let marked = summary.cells.iter().any(Cell::is_latent);
    marked.then(|| line.to_owned())
}

/// What the missing column would have said.
pub(super) fn nothing_stuck(summary: &Summary) -> Option<String> {
    let rates = summary.cells.iter().filter_map(|cell| cell.stuck);
    let most = rates.map(|rate| rate.high).max_by(f64::total_cmp)?;
    let line = format!(
        "stuck rollouts: none seen; with 95 % confidence at most {} in each cell.",
        human::percent(most)
    );
    (!any_stuck(summary)).then_some(line)
}
