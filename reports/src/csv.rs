//! A study as comma-separated values: one row a cell, quoted as in RFC 4180.
//!
//! Names end in their unit (`_s` seconds); a measure is followed by the ends of its 95 % interval,
//! `_low` and `_high`, and by the number of observations, `_n`. What does not apply is empty. New
//! columns come at the end. `docs/measures.md` says what each measure means.

use std::io::{self, Write};

use crate::interval::{Estimate, Rate};
use crate::summary::{Cell, Quantiles, Summary};

type Column = (String, String);

/// Writes a header and a row for each cell.
///
/// # Errors
/// When the output cannot be written.
pub fn write(summary: &Summary, out: impl Write) -> io::Result<()> {
    let mut writer = ::csv::Writer::from_writer(out);
    let header = row(summary, &Cell::new(0, 0, true, &[]));
    writer.write_record(header.iter().map(|(name, _)| name))?;
    for cell in &summary.cells {
        writer.write_record(row(summary, cell).iter().map(|(_, value)| value))?;
    }
    writer.flush()
}

/// Writes the completions lost: a header, and a row for each cell and step of its scenario's business.
/// They have a table of their own, because scenarios have different steps, and many have none.
///
/// # Errors
/// When the output cannot be written.
pub fn write_lost(summary: &Summary, out: impl Write) -> io::Result<()> {
    let row = |cell: &Cell, step: &str, lost: &Quantiles| {
        let text = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut columns = vec![
            text("scenario", summary.name(cell)),
            text("policy", summary.label(cell)),
            text("step", step),
        ];
        columns.extend(quantiles("lost", "", lost, whole));
        columns
    };
    let mut writer = ::csv::Writer::from_writer(out);
    let header = row(&Cell::new(0, 0, true, &[]), "", &Quantiles::default());
    writer.write_record(header.iter().map(|(name, _)| name))?;
    for cell in &summary.cells {
        for (step, lost) in summary.lost(cell) {
            let row = row(cell, step, lost);
            writer.write_record(row.iter().map(|(_, value)| value))?;
        }
    }
    writer.flush()
}

/// The columns of a cell; the names are the same for all.
fn row(summary: &Summary, cell: &Cell) -> Vec<Column> {
    let text = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let number = |name: &str, value: u64| (name.to_owned(), value.to_string());
    let scenario = summary.scenario(cell);
    let fault = scenario.and_then(|s| s.fault.as_deref());
    let refusal = summary
        .policy(cell)
        .and_then(|policy| policy.invalid.as_ref());
    let mut columns = vec![
        text("scenario", summary.name(cell)),
        text("traffic", scenario.map_or("", |s| &s.traffic)),
        text("fault", fault.unwrap_or_default()),
        text("policy", summary.label(cell)),
        text("invalid", refusal.map_or("", |refusal| &refusal.reason)),
        number("seed", summary.study.seed),
        text("fidelity", summary.study.fidelity.name()),
        number("n", cell.n),
        number("promoted", cell.promoted),
        number("rolled_back", cell.rolled_back),
    ];
    columns.extend(rate("missed", cell.missed));
    columns.extend(rate("missed_harmful", cell.missed_harmful));
    columns.extend(rate("false_rollback", cell.false_rollback));
    columns.extend(rate("stuck", cell.stuck));
    columns.extend(quantiles("detect", "_s", &cell.detect_ns, seconds));
    columns.extend(quantiles("mitigate", "_s", &cell.mitigate_ns, seconds));
    columns.extend(quantiles("promote", "_s", &cell.promote_ns, seconds));
    columns.extend(quantiles("hurt", "", &cell.hurt, whole));
    columns.extend(quantiles("exposed", "", &cell.exposed, whole));
    columns.extend(quantiles("requests", "", &cell.requests, whole));
    columns.extend(quantiles("hurt_users", "", &cell.hurt_users, whole));
    columns.extend(quantiles("exposed_users", "", &cell.exposed_users, whole));
    columns
}

fn optional<T>(value: Option<T>, text: impl Fn(T) -> String) -> String {
    value.map(text).unwrap_or_default()
}

fn rate(name: &str, rate: Option<Rate>) -> [Column; 4] {
    let share = |get: fn(Rate) -> f64| optional(rate, |rate| get(rate).to_string());
    [
        (name.to_owned(), share(|rate| rate.share)),
        (format!("{name}_low"), share(|rate| rate.low)),
        (format!("{name}_high"), share(|rate| rate.high)),
        (
            format!("{name}_n"),
            optional(rate, |rate| rate.n.to_string()),
        ),
    ]
}

fn seconds(nanos: u64) -> String {
    (nanos as f64 / 1e9).to_string()
}

fn whole(count: u64) -> String {
    count.to_string()
}

fn quantiles(
    name: &str,
    unit: &str,
    quantiles: &Quantiles,
    text: fn(u64) -> String,
) -> Vec<Column> {
    let mut columns = Vec::new();
    for (which, estimate) in [("median", quantiles.median), ("p95", quantiles.p95)] {
        let value = |get: fn(Estimate) -> Option<u64>| optional(estimate.and_then(get), text);
        columns.extend([
            (format!("{name}_{which}{unit}"), value(|e| Some(e.value))),
            (format!("{name}_{which}_low{unit}"), value(|e| e.low)),
            (format!("{name}_{which}_high{unit}"), value(|e| e.high)),
        ]);
    }
    // Both quantiles rest on the same observations.
    let n = optional(quantiles.median, |e| e.n.to_string());
    columns.push((format!("{name}_n"), n));
    columns
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::typical;

    fn text() -> String {
        let mut bytes = Vec::new();
        write(&typical(), &mut bytes).expect("memory takes everything");
        String::from_utf8(bytes).expect("text is UTF-8")
    }

    #[test]
    fn a_header_and_a_row_a_cell_all_of_one_length() {
        let text = text();
        let mut reader = ::csv::Reader::from_reader(text.as_bytes());
        let header = reader.headers().expect("has a header").clone();
        let rows: Vec<_> = reader
            .records()
            .collect::<Result<_, _>>()
            .expect("is regular");
        assert_eq!(rows.len(), 12);
        let at = |row: usize, name: &str| {
            let index = header.iter().position(|h| h == name).expect(name);
            rows[row][index].to_owned()
        };
        assert_eq!(
            (at(9, "scenario"), at(9, "policy")),
            ("off-peak/errors-2".into(), "careful".into())
        );
        assert_eq!(
            (at(9, "missed"), at(9, "missed_n")),
            ("0.48".into(), "1000".into())
        );
        assert_eq!(at(9, "false_rollback"), "");
        assert_eq!(at(9, "detect_n"), "520");
    }

    #[test]
    fn names_do_not_change_unseen() {
        insta::assert_snapshot!(text().lines().next().unwrap_or_default().replace(',', "\n"));
    }
}
