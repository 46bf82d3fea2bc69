//! What Argo's own validation said of random Rollouts.

use super::read;
use crate::source::{Diagnostics, Source, read_documents};

/// A Rollout as JSON, a tab, and the first error of `ValidateRollout` as a string, or `"ok"`.
const ROWS: &str = include_str!("recorded.txt");

#[test]
fn rollouts_are_refused_in_the_words_that_argo_gave() {
    let (mut accepted, mut refused, mut differ) = (0, 0, Vec::new());
    for row in ROWS.lines() {
        let (manifest, message) = row.split_once('\t').expect("two cells");
        let argo: String = serde_json::from_str(message).expect("a string");
        let here = verdict(manifest);
        *if argo == "ok" {
            &mut accepted
        } else {
            &mut refused
        } += 1;
        if here != argo {
            differ.push(format!("{manifest}\n  Argo: {argo}\n  here: {here}"));
        }
    }
    assert!(accepted > 50 && refused > 50, "{accepted} {refused}");
    let first = differ.join("\n");
    assert!(differ.is_empty(), "{} differ:\n{first}", differ.len());
}

fn verdict(manifest: &str) -> String {
    let source = Source {
        file: "rollout.json".into(),
        text: manifest.into(),
    };
    let mut diagnostics = Diagnostics::new();
    let documents = read_documents(&source, &mut diagnostics);
    let rollouts = read(&documents, &mut diagnostics);
    let Some(rollout) = rollouts.first() else {
        let first = diagnostics.iter().next().map(|found| found.message.clone());
        return format!("not read: {}", first.unwrap_or_default());
    };
    match &rollout.refusal {
        None => "ok".to_owned(),
        Some(refusal) => {
            let start = "InvalidSpec: The Rollout \"app\" is invalid: ";
            let message = refusal.message.strip_prefix(start);
            message.unwrap_or(&refusal.message).to_owned()
        }
    }
}
