//! `coalmine scenarios`: the catalogue.

mod spark;

use std::fmt::Write as _;
use std::process::ExitCode;

use coalmine_reports::{human, terminal};
use coalmine_scenarios::catalogue::{self, DEFAULT_SUITE};
use coalmine_scenarios::nearest;
use coalmine_sim::scenario::Scenario;

use crate::args::ScenariosArgs;
use crate::failure::Failure;
use crate::output;
use spark::Characters;

/// No line is longer.
const WIDTH: usize = 100;
/// Nor much shorter, on however narrow a terminal.
const NARROWEST: usize = 60;
const SPARK_WIDTH: u32 = 24;

/// Lists the catalogue, or prints one of its files.
pub(crate) fn scenarios(args: &ScenariosArgs) -> Result<ExitCode, Failure> {
    let text = match &args.name {
        None => {
            let characters = Characters::of_locale(|name| std::env::var(name).ok());
            let width = terminal::Options::stdout().width.map(usize::from);
            let width = width.map_or(WIDTH, |width| width.clamp(NARROWEST, WIDTH));
            list(width, characters)
        }
        Some(name) => {
            let file = catalogue::files().iter().find(|file| file.label == name);
            let Some(file) = file else {
                let near = nearest(name, catalogue::names());
                let cure = near.map_or_else(
                    || "`coalmine scenarios` lists them".to_owned(),
                    |near| format!("did you mean `{near}`? `coalmine scenarios` lists them all"),
                );
                let cause = format!("no scenario of the catalogue is named `{name}`");
                return Err(Failure::usage(cause, cure));
            };
            file.text.to_owned()
        }
    };
    output::print(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Suite by suite: a line of numbers and a line of reason for each scenario.
fn list(width: usize, characters: Characters) -> String {
    let mut text = String::new();
    let mut suite = String::new();
    for file in catalogue::files() {
        let about = catalogue::about(file);
        if about.suite != suite {
            let gap = if suite.is_empty() { "" } else { "\n" };
            let _ = writeln!(text, "{gap}{}", heading(&about.suite));
            suite = about.suite;
        }
        if let Some(scenario) = catalogue::find(file.label) {
            let _ = writeln!(text, "  {}", numbers(&scenario, characters));
        }
        let reason = cut(&about.reason, width - 4, characters.ellipsis());
        let _ = writeln!(text, "    {reason}");
    }
    text
}

fn heading(suite: &str) -> String {
    if suite == DEFAULT_SUITE {
        format!("suite {suite}: what `coalmine score` runs when no scenario is named")
    } else {
        format!("suite {suite}: `coalmine score --scenario {suite}`")
    }
}

/// Name, curve, lowest and highest rate, how long it is watched.
fn numbers(scenario: &Scenario, characters: Characters) -> String {
    let horizon_s = scenario.horizon.as_secs_f64();
    let spark = spark::line(&scenario.traffic, horizon_s, SPARK_WIDTH, characters);
    let (low, high) = scenario.traffic.extremes(0.0, horizon_s);
    let (low, high) = (rate(low), rate(high));
    let rates = if low == high {
        low
    } else {
        format!("{low}{}{high}", characters.dash())
    };
    let watched = scenario.horizon.to_string();
    let watched = watched.strip_suffix("00s").unwrap_or(&watched);
    let watched = watched.strip_suffix("00m").unwrap_or(watched);
    format!("{:<30} {spark} {rates:>11} rps {watched:>6}", scenario.name)
}

/// As many digits as tell something.
fn rate(rps: f64) -> String {
    if rps >= 10.0 {
        human::count(rps.round() as u64)
    } else {
        let short = format!("{rps:.1}");
        short.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

/// The text in one line.
fn cut(text: &str, width: usize, ellipsis: &str) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let room = width - ellipsis.chars().count();
    let end = text
        .char_indices()
        .nth(room)
        .map_or(text.len(), |(at, _)| at);
    let is_whole = text[end..].starts_with(' ');
    let last = text[..end].rfind(' ').filter(|_| !is_whole);
    let whole = last.unwrap_or(end);
    format!(
        "{}{ellipsis}",
        text[..whole].trim_end_matches([',', ';', ':'])
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_is_listed_within_its_width() {
        for (width, characters) in [(100, Characters::Unicode), (60, Characters::Plain)] {
            let text = list(width, characters);
            for name in catalogue::names() {
                assert!(text.contains(&format!("  {name} ")), "{name}");
            }
            // The line of numbers is not cut.
            let longest = text.lines().map(|line| line.chars().count()).max();
            assert!(
                longest.is_some_and(|longest| longest <= width.max(100)),
                "{text}"
            );
            assert_eq!(text.is_ascii(), characters == Characters::Plain, "{text}");
        }
    }

    #[test]
    fn reasons_are_cut_between_words() {
        assert_eq!(cut("one two", 7, "…"), "one two");
        assert_eq!(cut("one, two three", 9, "…"), "one, two…");
        assert_eq!(cut("one, two three", 8, "…"), "one…");
        assert_eq!(cut("onetwothree", 6, "..."), "one...");
    }
}
