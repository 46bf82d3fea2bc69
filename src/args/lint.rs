//! `lint`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use coalmine_scenarios::finding::Rule;

/// `lint`.
#[derive(Debug, Args)]
pub(crate) struct LintArgs {
    /// Manifests: a file, a folder, or `-` for standard input (`helm template … | coalmine lint -f -`).
    /// Repeatable. Without it, the embedded policies.
    #[arg(short = 'f', long = "file", value_name = "FILE|DIR|-")]
    pub(crate) files: Vec<PathBuf>,

    /// Traffic for the rules that need a number of requests: as `--scenario` of `score`. Repeatable.
    /// Without it, those rules are silent.
    #[arg(long = "scenario", value_name = "NAME|FILE|FILE#NAME")]
    pub(crate) scenarios: Vec<String>,

    /// Rules that are not wanted, by id or name. In the manifest: `# coalmine: allow CM05`. Repeatable.
    #[arg(long, value_name = "RULE", value_parser = rule, value_delimiter = ',')]
    pub(crate) allow: Vec<&'static Rule>,

    /// List the rules instead.
    #[arg(long, conflicts_with_all = ["files", "scenarios", "allow"])]
    pub(crate) rules: bool,

    /// How to print.
    #[arg(long, value_enum, default_value_t = LintFormat::Text)]
    pub(crate) format: LintFormat,
}

/// How findings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LintFormat {
    /// For people: the line, a mark under it, cause and cure.
    Text,
    /// For programs; `coalmine schema lint` has its form.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// Annotations of a GitHub workflow.
    Github,
}

fn rule(text: &str) -> Result<&'static Rule, String> {
    let names = coalmine_scenarios::lint::RULES.iter();
    let names = names.flat_map(|rule| [rule.id, rule.name]);
    coalmine_scenarios::lint::rule(text).ok_or_else(|| {
        let near = coalmine_scenarios::nearest(text, names);
        let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        format!("there is no rule `{text}`{near}")
    })
}
