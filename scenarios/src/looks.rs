//! Counts of a canary and its control, look by look, as CSV.
//!
//! ```csv
//! look,n_canary,e_canary,n_control,e_control,weight,canary_le_0.5,control_le_0.5
//! 1,300,3,5700,25,5%,290,5600
//! ```
//!
//! `look` names the interval and is told again; counts are those of the interval, not totals. `weight`
//! (the canary's share of the traffic) and pairs of `canary_le_B`, `control_le_B` (requests answered within
//! B seconds) can be left out, as can the order of the columns.

use coalmine_policy::native::{Arm, Look};
use coalmine_policy::source::{Diagnostic, Diagnostics, Position, Severity, Source};

use crate::nearest;

/// The columns that every file has, beside `look`.
const COUNTS: [&str; 4] = ["n_canary", "e_canary", "n_control", "e_control"];

/// A file of looks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Looks {
    /// As the file names them; numbers from 1 on where it does not.
    pub names: Vec<String>,
    /// One each.
    pub looks: Vec<Look>,
    /// Upper ends of the latency buckets in seconds, ascending.
    pub bounds: Vec<f64>,
}

/// Where everything stands in a line.
struct Columns {
    look: Option<usize>,
    counts: [usize; 4],
    weight: Option<usize>,
    /// The bound, and the columns of the canary and the control.
    buckets: Vec<(f64, usize, usize)>,
}

/// Reads looks; mistakes are added to `found`, each with its line.
pub fn read(source: &Source, found: &mut Diagnostics) -> Option<Looks> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .from_reader(source.text.as_bytes());
    let header = match reader.headers() {
        Ok(header) => header.clone(),
        Err(error) => {
            found.push(mistake(source, 1, error.to_string(), String::new()));
            return None;
        }
    };
    let columns = columns(source, &header, found)?;
    let mut looks = Looks {
        bounds: columns.buckets.iter().map(|bucket| bucket.0).collect(),
        ..Looks::default()
    };
    for record in reader.records() {
        match record {
            Ok(record) => line(source, &header, &columns, &record, &mut looks, found),
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                let help = "every line has as many fields as the first".to_owned();
                found.push(mistake(source, line as usize, error.to_string(), help));
            }
        }
    }
    if looks.looks.is_empty() && !found.has_errors() {
        let help = format!("a line is `1,300,3,5700,25` for look,{}", COUNTS.join(","));
        found.push(mistake(source, 1, "there is no look".to_owned(), help));
    }
    (!found.has_errors()).then_some(looks)
}

fn mistake(source: &Source, line: usize, message: String, help: String) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        file: source.file.clone(),
        position: Position {
            line,
            column: usize::from(line > 0),
            ..Position::default()
        },
        message,
        help,
    }
}

fn columns(
    source: &Source,
    header: &csv::StringRecord,
    found: &mut Diagnostics,
) -> Option<Columns> {
    let at = |name: &str| header.iter().position(|column| column == name);
    let missing: Vec<&str> = COUNTS
        .iter()
        .copied()
        .filter(|name| at(name).is_none())
        .collect();
    if !missing.is_empty() {
        let message = format!("the first line has no column {}", missing.join(", "));
        let help = format!("the first line is look,{}", COUNTS.join(","));
        found.push(mistake(source, 1, message, help));
        return None;
    }
    let mut buckets = Vec::new();
    for (index, name) in header.iter().enumerate() {
        if let Some(bound) = name.strip_prefix("canary_le_") {
            let control = at(&format!("control_le_{bound}"));
            match (bound.parse::<f64>(), control) {
                (Ok(bound), Some(control)) if bound.is_finite() => {
                    buckets.push((bound, index, control));
                }
                (Ok(_), None) => {
                    let message = format!("{name} has no control_le_{bound} beside it");
                    found.push(mistake(source, 1, message, String::new()));
                }
                _ => {
                    let message = format!("{name} ends in no bound in seconds");
                    found.push(mistake(
                        source,
                        1,
                        message,
                        "for example canary_le_0.5".to_owned(),
                    ));
                }
            }
        } else if !known(name, header) {
            let all = ["look", "weight"].into_iter().chain(COUNTS);
            let near = nearest(name, all);
            let help = near.map_or_else(String::new, |near| format!("did you mean `{near}`?"));
            let message = format!("nothing is known of a column `{name}`");
            found.push(mistake(source, 1, message, help));
        }
    }
    buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
    let counts = COUNTS.map(|name| at(name).unwrap_or_default());
    (!found.has_errors()).then(|| Columns {
        look: at("look"),
        counts,
        weight: at("weight"),
        buckets,
    })
}

fn known(name: &str, header: &csv::StringRecord) -> bool {
    let canary = name
        .strip_prefix("control_le_")
        .map(|bound| format!("canary_le_{bound}"));
    ["look", "weight"].contains(&name)
        || COUNTS.contains(&name)
        || canary.is_some_and(|canary| header.iter().any(|column| column == canary))
}

fn line(
    source: &Source,
    header: &csv::StringRecord,
    columns: &Columns,
    record: &csv::StringRecord,
    looks: &mut Looks,
    found: &mut Diagnostics,
) {
    let at = record
        .position()
        .map_or(0, |position| position.line() as usize);
    let mut wrong = |message: String, help: &str| {
        found.push(mistake(source, at, message, help.to_owned()));
    };
    let mut count = |column: usize| -> Option<u64> {
        let text = record.get(column).unwrap_or_default();
        let number = text.parse::<u64>().ok();
        if number.is_none() {
            let name = header.get(column).unwrap_or_default();
            wrong(
                format!("{name} is `{text}`, not a whole number"),
                "counts are those of the interval; round what `increase` extrapolates",
            );
        }
        number
    };
    let numbers = columns.counts.map(&mut count);
    let buckets: Vec<_> = columns
        .buckets
        .iter()
        .map(|(_, canary, control)| (count(*canary), count(*control)))
        .collect();
    let [Some(n_c), Some(e_c), Some(n_s), Some(e_s)] = numbers else {
        return;
    };
    for (arm, n, e) in [("canary", n_c, e_c), ("control", n_s, e_s)] {
        if e > n {
            wrong(
                format!("{e} errors of the {arm}, and only {n} requests"),
                "",
            );
        }
    }
    let mut slower = Vec::new();
    for bucket in buckets {
        let (Some(canary), Some(control)) = bucket else {
            return;
        };
        if canary > n_c || control > n_s {
            wrong("more requests in a bucket than there are".to_owned(), "");
        }
        slower.push((n_c.saturating_sub(canary), n_s.saturating_sub(control)));
    }
    let weight = columns.weight.and_then(|column| record.get(column));
    let weight_bp = weight.map(|text| (text, basis_points(text)));
    if let Some((text, None)) = weight_bp {
        wrong(
            format!("weight is `{text}`, not a share"),
            "write 5% or 0.05",
        );
    }
    let name = columns.look.and_then(|column| record.get(column));
    let name = name.filter(|name| !name.is_empty());
    looks
        .names
        .push(name.map_or_else(|| (looks.looks.len() + 1).to_string(), str::to_owned));
    looks.looks.push(Look {
        weight_bp: weight_bp.and_then(|(_, weight)| weight),
        slower,
        ..Look::new(Arm::new(n_c, e_c), Arm::new(n_s, e_s))
    });
}

/// `5%` or `0.05`.
fn basis_points(text: &str) -> Option<u32> {
    let share = match text.strip_suffix('%') {
        Some(percent) => percent.trim_end().parse::<f64>().ok()? / 100.0,
        None => text.parse().ok()?,
    };
    (0.0..=1.0)
        .contains(&share)
        .then(|| (share * 1e4).round() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Looks, Vec<String>> {
        let source = Source {
            file: "looks.csv".into(),
            text: text.into(),
        };
        let mut found = Diagnostics::new();
        read(&source, &mut found).ok_or_else(|| found.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn looks_are_read_in_any_order_of_columns() {
        let looks = of("# counted by hand\r\n\
             e_canary,n_canary,n_control,e_control,weight,control_le_0.5,canary_le_0.5,look\r\n\
             3,300,5700,25,5%,5600,290,09:15\r\n\
             1,10,20,2,0.5,20,9,09:16\r\n")
        .expect("is right");
        assert_eq!(looks.names, ["09:15", "09:16"]);
        assert_eq!(looks.bounds, [0.5]);
        assert_eq!(looks.looks[0].canary, Arm::new(300, 3));
        assert_eq!(looks.looks[0].control, Arm::new(5700, 25));
        assert_eq!(looks.looks[0].slower, [(10, 100)]);
        let weights: Vec<_> = looks.looks.iter().map(|look| look.weight_bp).collect();
        assert_eq!(weights, [Some(500), Some(5000)]);
    }

    #[test]
    fn every_mistake_is_told_with_its_line() {
        let found =
            of("look,n_canary,e_canary,n_control,e_control\n1,3,4,5,6\n2,x,0,1.5,0\n3,1,1,1\n")
                .expect_err("is wrong");
        let all = found.join("\n");
        for said in [
            "looks.csv:2:1: error: 4 errors of the canary, and only 3 requests",
            "looks.csv:2:1: error: 6 errors of the control, and only 5 requests",
            "looks.csv:3:1: error: n_canary is `x`, not a whole number",
            "looks.csv:3:1: error: n_control is `1.5`",
            "looks.csv:4:1: error: ",
        ] {
            assert!(all.contains(said), "{said} is not in\n{all}");
        }
        let header = of("look,n_canary,e_canary,n_contrl\n").expect_err("is wrong");
        assert!(
            header[0].contains("no column n_control, e_control"),
            "{header:?}"
        );
        let odd = of("n_canary,e_canary,n_control,e_control,wieght,canary_le_1\n1,0,1,0,1,1\n");
        let odd = odd.expect_err("is wrong").join("\n");
        assert!(odd.contains("did you mean `weight`?"), "{odd}");
        assert!(odd.contains("canary_le_1 has no control_le_1"), "{odd}");
        assert!(of("n_canary,e_canary,n_control,e_control\n").is_err());
        assert!(of("").is_err());
    }
}
