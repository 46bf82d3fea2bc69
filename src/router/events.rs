//! The file of events: `time,event` lines.

use std::path::Path;

use coalmine_policy::source::{Diagnostic, Diagnostics, Position, Severity, Source};
use coalmine_sim::router::Api;

use crate::failure::Failure;

const HELP: &str = "write `SECONDS,EVENT`: EVENT is a weight in percent (`20`, or `5/50` of a \
                    total), slice, slice-empty, slice-ready, service, reload, broken or fixed";

/// Reads a file; `-` is standard input.
pub(super) fn read(path: &Path) -> Result<Vec<(f64, Api)>, Failure> {
    let text = if path.as_os_str() == "-" {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(path)
    };
    let text = text.map_err(|error| {
        let cause = format!("cannot read {}: {error}", path.display());
        Failure::usage(cause, "check the path; `-` reads standard input")
    })?;
    let name: std::sync::Arc<str> = path.display().to_string().into();
    let mut found = Diagnostics::new();
    let mut events: Vec<(f64, Api)> = Vec::new();
    let mut start = 0;
    for (index, line) in text.split('\n').enumerate() {
        let mut refuse = |message: String| {
            found.push(Diagnostic {
                severity: Severity::Error,
                file: name.clone(),
                position: Position {
                    line: index + 1,
                    column: 1,
                    start,
                    end: start + line.trim_end().len(),
                },
                message,
                help: HELP.to_owned(),
            });
        };
        let content = line.split('#').next().unwrap_or_default().trim();
        let is_header = index == 0 && content.starts_with("time");
        if !content.is_empty() && !is_header {
            match event(content) {
                Ok((at_s, _)) if events.last().is_some_and(|(last_s, _)| at_s < *last_s) => {
                    refuse(format!("{at_s} s lies before the line above"));
                }
                Ok(event) => events.push(event),
                Err(message) => refuse(message),
            }
        }
        start += line.len() + 1;
    }
    if found.has_errors() {
        let text = text.into();
        return Err(Failure::Input(found, vec![Source { file: name, text }]));
    }
    Ok(events)
}

fn event(line: &str) -> Result<(f64, Api), String> {
    let (time, what) = line
        .split_once(',')
        .ok_or_else(|| format!("`{line}` has no comma"))?;
    let time = time.trim();
    let at_s: f64 = time
        .strip_suffix('s')
        .unwrap_or(time)
        .parse()
        .ok()
        .filter(|at_s: &f64| at_s.abs() <= 1e9)
        .ok_or_else(|| format!("`{time}` is no time in seconds"))?;
    let what = what.trim();
    let what = what.strip_prefix("weight").unwrap_or(what);
    let what = what.trim_start_matches([',', ' ']).trim();
    let api = match what {
        "slice" => Api::Endpoints(None),
        "slice-empty" => Api::Endpoints(Some(false)),
        "slice-ready" => Api::Endpoints(Some(true)),
        "service" => Api::Service,
        "reload" => Api::Reload,
        "broken" => Api::Broken,
        "fixed" => Api::Fixed,
        weight => Api::Weight(share(weight).ok_or_else(|| format!("`{weight}` is no event"))?),
    };
    Ok((at_s, api))
}

/// ingress-nginx draws 1..=max(total, 100) and compares with the weight (balancer.lua:280).
fn share(text: &str) -> Option<f64> {
    let (weight, total) = text.split_once('/').unwrap_or((text, "100"));
    let number = |text: &str| text.trim().parse().ok().filter(|x: &f64| x.is_finite());
    let (weight, total) = (number(weight)?, number(total)?);
    Some((weight / total.max(100.0)).clamp(0.0, 1.0))
}
