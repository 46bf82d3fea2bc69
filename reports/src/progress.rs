//! Progress on standard error, for whoever waits.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use coalmine_policy::Span;
use coalmine_sim::event::Event;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::human;
use crate::reporter::Reporter;

/// A terminal bar; `speed` is ours, from indicatif's own estimate.
const TEMPLATE: &str = "{bar:32} {human_pos}/{human_len} replications{speed}";

/// Shows how far a study is and how long it will take.
pub struct Progress {
    shape: Shape,
}

enum Shape {
    /// A bar that redraws itself, on a terminal.
    Bar(ProgressBar),
    /// A line at each tenth, for logs.
    Lines(Lines<Box<dyn Write + Send>>),
    Silent,
}

impl Progress {
    /// A bar when standard error is a terminal, plain lines when not, nothing when `quiet`.
    #[must_use]
    pub fn stderr(quiet: bool) -> Self {
        let shape = if quiet {
            Shape::Silent
        } else if io::stderr().is_terminal() {
            Shape::Bar(bar())
        } else {
            Shape::Lines(Lines::new(Box::new(io::stderr())))
        };
        Self { shape }
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    // The default is a good bar as well, should a later indicatif dislike the template.
    let style =
        ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
    let tell = |state: &ProgressState, out: &mut dyn fmt::Write| {
        let total = state.len().unwrap_or(0);
        // What cannot be written is not shown.
        let _ = out.write_str(&speed(state.pos(), total, state.per_sec()));
    };
    bar.with_style(style.progress_chars("━╸─").with_key("speed", tell))
}

/// `, 1,584 a second, 12s left`; nothing as long as nobody can know.
fn speed(done: u64, total: u64, per_second: f64) -> String {
    if done == 0 || !per_second.is_finite() || per_second <= 0.0 {
        return String::new();
    }
    let rate = match per_second.round() as u64 {
        0 => "<1".to_owned(),
        rate => human::count(rate),
    };
    let seconds = total.saturating_sub(done) as f64 / per_second;
    let left = Span::from_secs(seconds.ceil() as u64);
    format!(", {rate} a second, {left} left")
}

impl Reporter for Progress {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match (&mut self.shape, event) {
            (Shape::Bar(bar), Event::Progress { done, total }) => {
                bar.set_length(*total);
                bar.set_position(*done);
            }
            // The report follows; the bar would only stand above it.
            (Shape::Bar(bar), Event::Finished { .. }) => bar.finish_and_clear(),
            (Shape::Lines(lines), Event::Progress { done, total }) => {
                let elapsed = lines.started.elapsed();
                lines.progress(*done, *total, elapsed)?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// Plain lines, one at each tenth.
struct Lines<W> {
    out: W,
    started: Instant,
    /// Tenths told so far.
    told: u64,
}

impl<W: Write> Lines<W> {
    fn new(out: W) -> Self {
        let started = Instant::now();
        Self {
            out,
            started,
            told: 0,
        }
    }

    fn progress(&mut self, done: u64, total: u64, elapsed: Duration) -> io::Result<()> {
        let tenths = (done.saturating_mul(10)).checked_div(total).unwrap_or(10);
        if tenths <= self.told {
            return Ok(());
        }
        self.told = tenths;
        let per_second = done as f64 / elapsed.as_secs_f64();
        writeln!(
            self.out,
            "{:>3} %: {} of {} replications{}",
            tenths * 10,
            human::count(done),
            human::count(total),
            speed(done, total, per_second),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_lines_come_at_each_tenth_and_no_oftener() {
        let mut lines = Lines::new(Vec::new());
        for (done, seconds) in [
            (1, 1),
            (19, 5),
            (100, 10),
            (105, 11),
            (110, 12),
            (1000, 100),
        ] {
            let told = lines.progress(done, 1000, Duration::from_secs(seconds));
            assert!(told.is_ok());
        }
        assert_eq!(
            String::from_utf8(lines.out).expect("text"),
            " 10 %: 100 of 1,000 replications, 10 a second, 1m30s left\n\
             100 %: 1,000 of 1,000 replications, 10 a second, 0s left\n"
        );
    }

    #[test]
    fn an_empty_study_is_done_at_once() {
        let mut lines = Lines::new(Vec::new());
        assert!(lines.progress(0, 0, Duration::ZERO).is_ok());
        let text = String::from_utf8(lines.out).expect("text");
        assert_eq!(text, "100 %: 0 of 0 replications\n");
    }

    #[test]
    fn rates_are_whole_and_nothing_is_said_before_anything_ran() {
        assert_eq!(speed(500, 2000, 1584.4321), ", 1,584 a second, 1s left");
        assert_eq!(speed(1, 3, 0.25), ", <1 a second, 8s left");
        assert_eq!(speed(0, 2000, 0.0), "");
        assert_eq!(speed(0, 2000, f64::NAN), "");
        assert_eq!(speed(1, 2000, f64::INFINITY), "");
    }

    #[test]
    fn the_template_is_one_that_indicatif_takes() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }
}
