//! The story for people: first what happened and why, then how, in order of time.

use std::fmt::Write as _;

use coalmine_policy::Time;
use coalmine_sim::event::Refusal;

use super::text::{self, Said, Tone};
use super::{Explanation, Story, Who, explain, fold, merge, verbose};
use crate::human;
use crate::terminal::{Options, Paint};

/// Where the text of a line begins, after times and kind.
const INDENT: usize = 31;
/// Where the text of a fact begins.
const FACT_INDENT: usize = 12;
/// Before the rest of a wrapped text.
const CONTINUED: usize = 2;

/// The story: a summary, then its lines, with wall-clock time and offset. Changes that reach the data
/// path worker by worker, pods that become ready one by one and checks that say again that all is
/// well are joined; with `verbose` every input and effect is shown instead.
#[must_use]
pub fn render(story: &Story<'_>, options: Options, is_verbose: bool) -> String {
    let mut page = Page::new(options);
    page.head(story);
    page.explanation(&explain(story));
    page.blank();
    let lines: Vec<(Time, Said)> = if is_verbose {
        verbose::lines(story)
    } else {
        self::lines(story)
    };
    page.lines(story, &lines);
    page.text
}

/// The lines of a story, folded.
pub(crate) fn lines(story: &Story<'_>) -> Vec<(Time, Said)> {
    let lines = fold::folded(merge::merged(story.entries()));
    let said = lines.iter().flat_map(|line| {
        let said = text::line(story, line).into_iter();
        said.map(|said| (line.at, said))
    });
    said.collect()
}

/// What is told of a policy that its controller refuses.
#[must_use]
pub fn render_refusal(policy: Who<'_>, refusal: &Refusal, options: Options) -> String {
    let mut page = Page::new(options);
    let line = format!("{} is invalid: its controller refuses it.", policy.label);
    page.paragraph(&line, Tone::Bad, 0);
    page.paragraph(&refusal.reason, Tone::Plain, CONTINUED);
    page.paragraph(
        &format!("at {}:{}", refusal.file, refusal.line),
        Tone::Plain,
        CONTINUED,
    );
    if !refusal.help.is_empty() {
        page.paragraph(&format!("cure: {}", refusal.help), Tone::Plain, CONTINUED);
    }
    page.text
}

struct Page {
    options: Options,
    paint: Paint,
    text: String,
}

impl Page {
    fn new(options: Options) -> Self {
        Self {
            options,
            paint: Paint::new(options.colour),
            text: String::new(),
        }
    }

    fn blank(&mut self) {
        self.text.push('\n');
    }

    fn painted(&self, line: &str, tone: Tone) -> String {
        match tone {
            Tone::Plain => line.to_owned(),
            Tone::Strong => self.paint.strong(line),
            Tone::Warning => self.paint.warning(line),
            Tone::Bad => self.paint.bad(line),
            Tone::Faint => self.paint.faint(line),
        }
    }

    /// Wrapped lines, with the characters that there are.
    fn wrapped(&self, text: &str, indent: usize) -> Vec<String> {
        let text = self.options.characters.apply(text.to_owned());
        let width = self.options.text_width().saturating_sub(indent).max(20);
        human::wrap_numbers(&text, width)
    }

    fn paragraph(&mut self, text: &str, tone: Tone, indent: usize) {
        for line in self.wrapped(text, indent) {
            let line = self.painted(&line, tone);
            let _ = writeln!(self.text, "{:indent$}{line}", "");
        }
    }

    fn head(&mut self, story: &Story<'_>) {
        let scenario = story.scenario;
        let Who { label, kind, .. } = story.policy;
        let title = format!("{label} ({kind}) in {}: {}", scenario.name, scenario.title);
        self.paragraph(&title, Tone::Strong, 0);
        let zone = scenario.start.time_zone();
        let zone = zone.iana_name().unwrap_or("local time");
        let date = scenario.start.strftime("%A %-d %B %Y");
        let world = format!(
            "seed {}, replication {}{}; {date}, {zone}",
            story.seed,
            story.outcome.replication,
            story.fidelity.remark()
        );
        self.paragraph(&world, Tone::Faint, 0);
        self.blank();
    }

    fn explanation(&mut self, explanation: &Explanation) {
        let tone = match explanation.judgement.is_right() {
            Some(true) => Tone::Strong,
            Some(false) => Tone::Bad,
            None => Tone::Warning,
        };
        self.paragraph(&explanation.headline, tone, 0);
        for fact in &explanation.facts {
            let lines = self.wrapped(&fact.text, FACT_INDENT);
            for (index, line) in lines.iter().enumerate() {
                let about = if index == 0 { fact.about } else { "" };
                let _ = writeln!(self.text, "  {about:<10}{line}");
            }
        }
        for (index, why) in explanation.why.iter().enumerate() {
            let lines = self.wrapped(why, FACT_INDENT);
            for (line_index, line) in lines.iter().enumerate() {
                let about = if index + line_index == 0 { "why" } else { "" };
                let _ = writeln!(self.text, "  {about:<10}{line}");
            }
        }
    }

    fn lines(&mut self, story: &Story<'_>, lines: &[(Time, Said)]) {
        let mut date = story.scenario.start.date();
        let mut before = None;
        for (at, said) in lines {
            let wall = story.wall(*at);
            if wall.date() != date {
                date = wall.date();
                self.blank();
                let day = wall.strftime("%A %-d %B %Y").to_string();
                self.paragraph(&day, Tone::Strong, 0);
            }
            // What follows from the line before has its time.
            let follows = before == Some(*at) && said.kind == "truth";
            before = Some(*at);
            let (time, offset) = match follows {
                true => (String::new(), String::new()),
                false => (
                    wall.strftime("%H:%M:%S").to_string(),
                    format!("+{}", at.truncated_to_second()),
                ),
            };
            let kind = said.kind;
            let begin = format!("{time:<8} {offset:>9}  {kind:<8}  ");
            let lines = self.wrapped(&said.text, INDENT + CONTINUED);
            for (index, line) in lines.iter().enumerate() {
                let line = self.painted(line, said.tone);
                let _ = match index {
                    0 => writeln!(self.text, "{begin}{line}"),
                    _ => writeln!(self.text, "{:INDENT$}{:CONTINUED$}{line}", "", ""),
                };
            }
        }
    }
}
