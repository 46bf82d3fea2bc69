//! AnalysisRuns against the rows of the specification's table A.
//!
//! `CONFORMANCE_ARGO=FILE cargo test -p coalmine-policy --test conformance argo -- --nocapture`
//! runs rows of the same notation from any file.

mod check;
mod config;
mod expected;
mod replay;

/// The project's own rows.
const ROWS: &str = include_str!("argo-rows.md");

#[test]
fn analysis_runs_decide_as_argo_does() {
    let (rows, from) = match std::env::var("CONFORMANCE_ARGO") {
        Ok(file) => {
            // Cargo runs tests in the package's folder; people type paths from the workspace's.
            let text = std::fs::read_to_string(&file)
                .or_else(|_| std::fs::read_to_string(format!("../{file}")));
            (text.unwrap_or_else(|error| panic!("{file}: {error}")), file)
        }
        Err(_) => (ROWS.to_owned(), "argo-rows.md".to_owned()),
    };
    let (mut passed, mut failed) = (0, Vec::new());
    for line in rows.lines() {
        let Some((id, cells)) = row(line) else {
            continue;
        };
        match run(&cells) {
            Ok(()) => {
                println!("{id} ok");
                passed += 1;
            }
            Err(why) => {
                println!("{id} differs: {why}");
                failed.push(id);
            }
        }
    }
    println!("{passed} passed, {} failed", failed.len());
    assert!(failed.is_empty(), "{from}: rows {failed:?} differ");
    assert!(passed > 0, "{from} has no rows");
}

/// `| A2 | config | series | expected | … |`.
fn row(line: &str) -> Option<(String, Vec<String>)> {
    let inner = line.trim().strip_prefix('|')?;
    // A pipe inside a cell is written `\|`.
    let inner = inner.replace("\\|", "\u{1}");
    let mut cells = inner
        .split('|')
        .map(|cell| clean(&cell.replace('\u{1}', "|")));
    let id = cells.next()?;
    let number = id.strip_prefix('A')?;
    if number.is_empty() || !number.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    Some((id, cells.collect()))
}

/// Without emphasis and with plain dashes and dots.
fn clean(cell: &str) -> String {
    cell.replace("**", "")
        .replace('`', "")
        .replace('−', "-")
        .replace("...", "…")
        .trim()
        .to_owned()
}

fn run(cells: &[String]) -> Result<(), String> {
    let [config, series, expected, ..] = cells else {
        return Err("the row needs the columns config, series, expected".to_owned());
    };
    let expected = expected::parse(expected)?;
    // `FL-2 / IL-1`: each alternative has to behave as expected.
    for alternative in config.split(" / ") {
        let config = config::parse(alternative, series)?;
        let history = replay::replay(&config)?;
        check::check(&expected, &history).map_err(|why| format!("{why} ({history})"))?;
    }
    Ok(())
}
