//! The table itself: scenarios as groups, policies as their rows.

use super::fit::Grid;
use super::paint::Paint;
use crate::columns::Columns;
use crate::human::{self, NOTHING};
use crate::interval::Rate;
use crate::summary::{Cell, Summary};

/// Columns a narrow terminal can do without, the first soonest. The number of replications is also in
/// the header above the table, unless it differs from cell to cell.
const SPARE: [&str; 4] = [COUNT, P95, USERS, PROMOTE];
const COUNT: &str = "n\n";
const P95: &str = "detect\np95";
const PROMOTE: &str = "promote\nmedian";
const USERS: &str = "hurt\nusers";

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
pub(super) fn render(summary: &Summary, width: usize, paint: &Paint) -> (String, Vec<String>) {
    let shown = Columns::of(summary);
    let (kinds, rows): (Vec<Kind>, _) = rows(summary, shown).into_iter().unzip();
    let mut grid = Grid::new(&header(shown), rows);
    let runs = u64::from(summary.study.runs);
    let alike = summary.cells.iter().all(|cell| [0, runs].contains(&cell.n));
    let dropped = grid.fit(width, if alike { &SPARE } else { &SPARE[1..] });
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

fn header(shown: Columns) -> Vec<&'static str> {
    let all = [
        ("scenario\n  policy", true),
        ("wrong\nverdict", true),
        ("stuck\n", shown.stuck),
        ("detect\nmedian", true),
        (P95, true),
        ("hurt\nmedian", true),
        (USERS, shown.users),
        ("lost\nmedian", shown.lost),
        (PROMOTE, true),
        (COUNT, true),
    ];
    let shown = all.into_iter().filter(|(_, shown)| *shown);
    shown.map(|(name, _)| name).collect()
}

fn rows(summary: &Summary, shown: Columns) -> Vec<(Kind, Vec<String>)> {
    let columns = header(shown).len();
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
        let (kind, cells) = row(summary, cell, shown);
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

fn row(summary: &Summary, cell: &Cell, shown: Columns) -> (Kind, Vec<String>) {
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
    if shown.stuck {
        cells.push(rate(cell.stuck));
    }
    cells.extend([
        human::about(cell.detect_ns.median, human::time),
        human::about(cell.detect_ns.p95, human::time),
        human::about(cell.hurt.median, human::count),
    ]);
    if shown.users {
        cells.push(human::about(cell.hurt_users.median, human::count));
    }
    if shown.lost {
        cells.push(most_lost(summary, cell));
    }
    cells.extend([
        human::about(cell.promote_ns.median, human::time),
        human::count(cell.n),
    ]);
    let kind = match cell.mostly_wrong() {
        Some(_) => Kind::Bad,
        None => Kind::Plain,
    };
    (kind, cells)
}

/// The step of the business that lost most: `12 orders`.
fn most_lost(summary: &Summary, cell: &Cell) -> String {
    let steps = summary.scenario(cell).map_or(&[][..], |s| &s.business);
    let lost = steps.iter().zip(&cell.lost);
    // Of equals the first.
    let most = lost
        .rev()
        .max_by_key(|(_, lost)| lost.median.map(|m| m.value));
    most.map_or(NOTHING.to_owned(), |(step, lost)| {
        format!("{} {step}", human::about(lost.median, human::count))
    })
}

/// What the columns beside that of hurt requests mean, where there are such.
pub(super) fn beside_requests(summary: &Summary) -> Option<String> {
    let shown = Columns::of(summary);
    let users = "hurt users: those of whom some request did.";
    let lost = "lost: completions that the same requests would have had on the old revision.";
    let parts = [(users, shown.users), (lost, shown.lost)];
    let said = parts.iter().filter(|(_, shown)| *shown);
    let said: Vec<&str> = said.map(|(text, _)| *text).collect();
    (!said.is_empty()).then(|| said.join(" "))
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
    (!Columns::of(summary).stuck).then_some(line)
}
