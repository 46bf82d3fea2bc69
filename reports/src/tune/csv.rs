//! Every point that was tried, a row each.

use std::io::{self, Write};

use super::json::values;
use super::report::Report;

/// Writes the rows: the knobs' values, then what the search saw.
///
/// # Errors
/// When the output cannot be written.
pub fn write_csv(report: &Report<'_>, out: impl Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    let labels = report.knobs.iter().map(|knob| knob.label.clone());
    let fixed = ["fate", "runs", "hurt_users", "false_rollback", "duration_s"];
    writer.write_record(labels.chain(fixed.map(str::to_owned)))?;
    for one in &report.found.tried {
        let own = values(report, &one.point);
        let value = |knob: &coalmine_scenarios::tune::Knob| {
            let value = own.as_ref().and_then(|own| own.get(knob.label.as_str()));
            value.cloned().unwrap_or_else(|| knob.today_text())
        };
        let mut record: Vec<String> = report.knobs.iter().map(value).collect();
        record.push(one.fate.name().to_owned());
        record.push(one.runs.to_string());
        let number = |x: f64| {
            if x.is_finite() {
                x.to_string()
            } else {
                String::new()
            }
        };
        record.extend(one.front.map(number));
        writer.write_record(record)?;
    }
    writer.flush()
}
