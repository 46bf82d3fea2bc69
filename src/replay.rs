//! The command that tells one replication of a study as a story.

use coalmine_reports::Surprise;

use crate::args::ScoreArgs;

/// `coalmine run …` for a surprising replication of `coalmine score …`.
pub(crate) fn command(args: &ScoreArgs, surprise: &Surprise) -> String {
    let mut words = vec!["coalmine".to_owned(), "run".to_owned()];
    for file in &args.world.files {
        words.extend(["-f".to_owned(), file.display().to_string()]);
    }
    words.extend(["--policy".to_owned(), surprise.policy.clone()]);
    // A scenario of the catalogue is found by its name; one of a file needs the file.
    let in_catalogue = coalmine_scenarios::catalogue::find(&surprise.scenario).is_some();
    let files = args.scenarios.iter();
    let files = files.filter(|name| std::path::Path::new(name).exists());
    let named = match files.cloned().collect::<Vec<_>>() {
        files if in_catalogue || files.is_empty() => vec![surprise.scenario.clone()],
        files => files,
    };
    for name in named {
        words.extend(["--scenario".to_owned(), name]);
    }
    if let Some(start) = &args.world.start {
        words.extend(["--start".to_owned(), start.clone()]);
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
