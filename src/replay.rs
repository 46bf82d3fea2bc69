//! The command that tells one replication of a study as a story.

use std::collections::BTreeMap;

use coalmine_reports::terminal::Options;
use coalmine_reports::{Surprise, human};

use crate::args::{FidelityArg, ScoreArgs};

/// What is surprising, and the command that tells it. `scenarios` has the `--scenario` of each name.
pub(crate) fn sentence(
    args: &ScoreArgs,
    scenarios: &BTreeMap<String, String>,
    surprise: &Surprise,
) -> String {
    let scenario = scenarios.get(&surprise.scenario);
    let scenario = scenario.unwrap_or(&surprise.scenario);
    let from_stdin = args.world.files.iter().any(|file| file.as_os_str() == "-")
        || scenario == "-"
        || scenario.starts_with("-#");
    let again = if from_stdin {
        "To replay it, give the same standard input again:\n"
    } else {
        ""
    };
    let command = command(args, scenario, surprise);
    let options = Options::stdout();
    let why = human::wrap(&surprise.why, options.text_width());
    // The command is for pasting: it stays on one line.
    let text = format!("\n{}\n{again}  {command}\n", why.join("\n"));
    options.characters.apply(text)
}

/// `coalmine run …` for a replication of `coalmine score …`.
fn command(args: &ScoreArgs, scenario: &str, surprise: &Surprise) -> String {
    let mut words = vec!["coalmine".to_owned(), "run".to_owned()];
    for file in &args.world.files {
        words.extend(["-f".to_owned(), file.display().to_string()]);
    }
    words.extend(["--policy".to_owned(), surprise.policy.clone()]);
    words.extend(["--scenario".to_owned(), scenario.to_owned()]);
    if let Some(start) = &args.world.start {
        words.extend(["--start".to_owned(), start.clone()]);
    }
    if args.world.fidelity == FidelityArg::Request {
        words.extend(["--fidelity".to_owned(), "request".to_owned()]);
    }
    words.extend([
        "--replication".to_owned(),
        surprise.replication.to_string(),
        "--seed".to_owned(),
        args.world.seed.to_string(),
    ]);
    let quoted: Vec<String> = words.iter().map(|word| quote(word)).collect();
    quoted.join(" ")
}

/// A word as a POSIX shell takes it.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(quote("market-open/errors-2"), "market-open/errors-2");
        assert_eq!(quote("a (Flagger Canary)"), "'a (Flagger Canary)'");
        assert_eq!(quote("it's"), r"'it'\''s'");
        assert_eq!(quote(""), "''");
    }
}
