//! `coalmine promql`: queries over recorded series.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use coalmine_policy::source::{Diagnostic, Diagnostics, Position, Severity, Source};
use coalmine_promql::{ParseError, Query, Store, batch, wire};
use flate2::read::MultiGzDecoder;

use crate::args::PromqlArgs;
use crate::failure::Failure;
use crate::output;

/// How a query on the command line is called in messages.
const NAME: &str = "<query>";

/// What every gzip stream begins with (RFC 1952 §2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Answers one query, or a file of them line by line.
pub(crate) fn promql(args: &PromqlArgs) -> Result<ExitCode, Failure> {
    // A mistyped query is told before a large file is read.
    let query = match &args.query {
        Some(text) => Some(Query::parse(text).map_err(|error| located(text, &error))?),
        None => None,
    };
    let time_ms = match &args.time {
        Some(text) => Some(wire::parse_time(text).ok_or_else(|| {
            let cause = format!("--time {text:?} is no instant");
            Failure::usage(cause, "write Unix seconds or `2026-01-02T03:04:05Z`")
        })?),
        None => None,
    };
    let store = read_series(&args.series)?;
    match (query, time_ms, &args.batch) {
        (Some(query), Some(time_ms), None) => one(&query, &store, time_ms),
        (None, None, Some(file)) => many(file, &store),
        _ => Err(Failure::usage(
            "neither one query nor a batch",
            "write `--time T 'QUERY'`, or `--batch FILE.jsonl`",
        )),
    }
}

fn one(query: &Query, store: &Store, time_ms: i64) -> Result<ExitCode, Failure> {
    let answer = batch::evaluate(query, store, time_ms)
        .map_err(|error| Failure::usage(format!("the query fails: {error}"), ""))?;
    output::print(format!("{answer}\n").as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn many(file: &Path, store: &Store) -> Result<ExitCode, Failure> {
    let input = BufReader::new(open(file)?);
    let mut out = BufWriter::new(std::io::stdout().lock());
    batch::run(input, store, &mut out)
        .and_then(|()| out.flush())
        .map_err(|error| Failure::Write("standard output".into(), error))?;
    Ok(ExitCode::SUCCESS)
}

/// Opens a file; `-` is standard input.
fn open(path: &Path) -> Result<Box<dyn Read>, Failure> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(std::io::stdin()));
    }
    let file = File::open(path).map_err(|error| {
        let cause = format!("cannot read {}: {error}", path.display());
        Failure::usage(cause, "check the path; `-` reads standard input")
    })?;
    Ok(Box::new(file))
}

/// Reads a series file, packed or not.
fn read_series(path: &Path) -> Result<Store, Failure> {
    let cannot = |why: String| {
        let cause = format!("cannot read {}: {why}", path.display());
        let cure = "a series file is a JSON list of {\"name\": …, \"labels\": {…}, \
                    \"s\": [[milliseconds, value or \"stale\"], …]}, gzipped or not";
        Failure::usage(cause, cure)
    };
    let mut file = BufReader::new(open(path)?);
    let start = file.fill_buf().map_err(|error| cannot(error.to_string()))?;
    let packed = start.starts_with(&GZIP);
    let read = if packed {
        wire::read_series(BufReader::new(MultiGzDecoder::new(file)))
    } else {
        wire::read_series(file)
    };
    read.map_err(|error| cannot(error.to_string()))
}

/// A mistake in the query's text, marked in it.
fn located(text: &str, error: &ParseError) -> Failure {
    let offset = error.offset.min(text.len());
    let before = text.get(..offset).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let width = text
        .get(offset..)
        .and_then(|rest| rest.chars().next())
        .map_or(0, char::len_utf8);
    let mut found = Diagnostics::new();
    found.push(Diagnostic {
        severity: Severity::Error,
        file: NAME.into(),
        position: Position {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            start: offset,
            end: offset + width,
        },
        message: error.message.clone(),
        help: error.help.clone(),
    });
    let source = Source {
        file: NAME.into(),
        text: text.into(),
    };
    Failure::Input(found, vec![source])
}
