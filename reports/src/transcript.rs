//! A rollout's transcript: what its policy was told and what it asked for, one JSON object a line, to
//! be played again. Format 1, described in `docs/transcript.md`.
//!
//! The first line says what was recorded, with the policy's text; each further line is one input
//! with the effects it led to; the last line counts them, so that half a file is not taken for whole.

mod text;

use std::fmt;
use std::io::{self, Write};

use coalmine_policy::{Effect, Engine, Exchange, Time};
use coalmine_sim::fidelity::Fidelity;
use coalmine_sim::outcome::Verdict;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::document;

pub use text::{parted, same};

/// The version of the format; it grows when a field changes its meaning or goes.
pub const FORMAT: u32 = 1;

/// The first line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Header {
    /// The format's version, and the mark of a transcript.
    pub transcript: u32,
    /// The coalmine that recorded it.
    pub coalmine: String,
    /// Whose inputs they are.
    pub policy: Recorded,
    /// The scenario's name.
    pub scenario: String,
    /// The root of the random streams.
    pub seed: u64,
    /// The replication.
    pub replication: u32,
    /// How closely requests were looked at.
    pub fidelity: Fidelity,
    /// The wall-clock instant of offset zero (RFC 9557).
    pub start: String,
    /// When a controller that does not act on events was to look first, in nanoseconds since then.
    pub first_look_ns: Time,
    /// The files that the policy was read from.
    pub manifests: Vec<Manifest>,
}

/// The policy that was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Recorded {
    /// Its label in reports.
    pub label: String,
    /// The controller and object (`Flagger Canary`).
    pub kind: String,
    /// The file it stands in.
    pub file: String,
}

/// A file as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Manifest {
    /// Its name.
    pub file: String,
    /// All of it.
    pub text: String,
}

/// The last line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
struct End {
    end: Ended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
struct Ended {
    exchanges: usize,
    verdict: Verdict,
}

/// A line of a transcript.
#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "a form, of which no value is made")]
enum Line {
    /// The first line: what was recorded.
    Header(Header),
    /// Every further line: one input of the policy, and the effects it answered with.
    Exchange(Exchange),
    /// The last line.
    End(End),
}

/// The form of each line, as a JSON Schema.
#[must_use]
pub fn schema() -> Value {
    document::schema::<Line>()
}

/// Writes a transcript.
///
/// # Errors
/// When the output cannot be written.
pub fn write(
    header: &Header,
    exchanges: &[Exchange],
    verdict: Verdict,
    mut out: impl Write,
) -> io::Result<()> {
    line(header, &mut out)?;
    for exchange in exchanges {
        line(exchange, &mut out)?;
    }
    let ended = Ended {
        exchanges: exchanges.len(),
        verdict,
    };
    line(&End { end: ended }, &mut out)
}

fn line(value: &impl Serialize, mut out: impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut out, value)?;
    out.write_all(b"\n")
}

/// A transcript as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Transcript {
    /// Its first line.
    pub header: Header,
    /// How the recorded rollout ended.
    pub verdict: Verdict,
    /// Each line of an input, with the line as it is written.
    exchanges: Vec<(Exchange, String)>,
}

/// Why a text is no transcript that can be played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The line, 1-based.
    pub line: usize,
    /// What is wrong with it.
    pub cause: String,
    /// What to do.
    pub cure: &'static str,
}

impl Transcript {
    /// Reads a transcript.
    ///
    /// # Errors
    /// The first line that is wrong.
    pub fn read(text: &str) -> Result<Self, Unreadable> {
        let mut lines: Vec<&str> = text.lines().collect();
        while lines.last().is_some_and(|line| line.trim().is_empty()) {
            lines.pop();
        }
        let [first, body @ .., last] = &lines[..] else {
            return Err(no_transcript(1, "no first line and last line".to_owned()));
        };
        let header = header(first)?;
        let ended = serde_json::from_str::<End>(last).map_err(|_| Unreadable {
            line: lines.len(),
            cause: "the last line is no `end`: the transcript was cut off".to_owned(),
            cure: CURE_WHOLE,
        })?;
        let exchange = |(index, line): (usize, &&str)| {
            let parsed = serde_json::from_str::<Exchange>(line);
            let parsed = parsed.map_err(|error| no_transcript(index + 2, error.to_string()))?;
            Ok((parsed, (*line).to_owned()))
        };
        let exchanges: Vec<_> = body
            .iter()
            .enumerate()
            .map(exchange)
            .collect::<Result<_, _>>()?;
        if exchanges.len() != ended.end.exchanges {
            return Err(Unreadable {
                line: lines.len(),
                cause: format!(
                    "{} inputs, and the last line says {}",
                    exchanges.len(),
                    ended.end.exchanges
                ),
                cure: CURE_WHOLE,
            });
        }
        Ok(Self {
            header,
            verdict: ended.end.verdict,
            exchanges,
        })
    }

    /// The number of inputs.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.exchanges.len()
    }

    /// Plays the recorded inputs to an engine, and holds its effects against the recorded ones, byte
    /// for byte.
    ///
    /// Where only the words differ (records), the inputs still fit, so it plays on until the engine
    /// asks for something else. From there on they are no longer answers to what it asked.
    ///
    /// # Errors
    /// Where the engine first says or does something else.
    pub fn replay(&self, engine: &mut dyn Engine) -> Result<(), Box<Difference>> {
        let mut words = None;
        for (index, (recorded, text)) in self.exchanges.iter().enumerate() {
            let played = Exchange::with(engine, recorded.at_ns, recorded.input.clone());
            let again = serde_json::to_string(&played).unwrap_or_default();
            if again == *text {
                continue;
            }
            let parting = Parting {
                line: index + 2,
                input: index + 1,
                recorded: recorded.clone(),
                now: played.effects,
            };
            let is_deed = !parting.deeds_agree();
            let first = words.get_or_insert_with(|| parting.clone());
            if is_deed {
                return Err(Box::new(Difference {
                    first: first.clone(),
                    deed: Some(parting),
                }));
            }
        }
        words.map_or(Ok(()), |first| {
            Err(Box::new(Difference { first, deed: None }))
        })
    }
}

/// How another policy differs from the recorded one.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The first other effect, if only a record with other words.
    pub first: Parting,
    /// Where it first does something else; never, when only words differ.
    pub deed: Option<Parting>,
}

/// An input at which two policies differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Parting {
    /// The line of the transcript.
    pub line: usize,
    /// The input's number, from 1 on.
    pub input: usize,
    /// What was recorded there.
    pub recorded: Exchange,
    /// The effects of the other policy.
    pub now: Vec<Effect>,
}

impl Parting {
    /// The first effects that differ: the recorded one and the present one, where there is one.
    #[must_use]
    pub fn first(&self) -> (Option<&Effect>, Option<&Effect>) {
        let same = self.recorded.effects.iter().zip(&self.now);
        let same = same.take_while(|(recorded, now)| recorded == now).count();
        (self.recorded.effects.get(same), self.now.get(same))
    }

    /// Whether the same is asked of the world, whatever is said of it.
    fn deeds_agree(&self) -> bool {
        let deeds = |effects: &[Effect]| -> Vec<Effect> {
            let deeds = effects.iter().filter(|effect| !is_word(effect));
            deeds.cloned().collect()
        };
        deeds(&self.recorded.effects) == deeds(&self.now)
    }
}

fn is_word(effect: &Effect) -> bool {
    matches!(effect, Effect::Record(_))
}

const CURE: &str = "name a file that `coalmine run --transcript` wrote";
const CURE_WHOLE: &str = "record it again: it must be whole";

fn no_transcript(line: usize, why: String) -> Unreadable {
    Unreadable {
        line,
        cause: format!("no line of a transcript: {why}"),
        cure: CURE,
    }
}

fn header(line: &str) -> Result<Header, Unreadable> {
    #[derive(Deserialize)]
    struct Version {
        transcript: u32,
        coalmine: String,
    }
    let version = serde_json::from_str::<Version>(line);
    let version = version.map_err(|error| no_transcript(1, error.to_string()))?;
    if version.transcript != FORMAT {
        return Err(Unreadable {
            line: 1,
            cause: format!(
                "format {} of coalmine {}; this one reads format {FORMAT}",
                version.transcript, version.coalmine
            ),
            cure: "record it again, or replay it with that coalmine",
        });
    }
    serde_json::from_str(line).map_err(|error| no_transcript(1, error.to_string()))
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.cause)
    }
}

#[cfg(test)]
mod tests;
