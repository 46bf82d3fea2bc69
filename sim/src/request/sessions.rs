//! Whose request is it: sessions of users, one by one.
//!
//! Requests arrive as they do; a session that has thought long enough sends the next one, and when there
//! is none, somebody new does. So arrivals are those of the scenario to the last one, whoever the users
//! are, and thinking takes up to one gap between requests longer than drawn.

use rand::RngExt;

use super::agenda::Agenda;
use crate::affinity::Sticks;
use crate::service::Sessions;
use crate::stream::{Purpose, Stream, Streams};

/// Candidates of which one is drawn in proportion to its length.
const CANDIDATES: usize = 8;
/// More sessions than this at the beginning count as this many.
const FIRST_MAX: f64 = 1e6;

/// The sessions of a replication.
#[derive(Debug)]
pub(super) struct Book {
    sessions: Sessions,
    /// How they stick to a side of the router, if they do.
    pub(super) sticks: Option<Sticks>,
    stream: Stream,
    all: Vec<Session>,
    /// Those that think.
    thinking: Agenda<u32>,
    filled: bool,
}

/// A user's requests.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Session {
    /// Whether it sticks to the canary's side of the router.
    pub(super) on_canary: Option<bool>,
    /// The new version has served it.
    pub(super) exposed: bool,
    /// One of its requests was hurt.
    pub(super) hurt: bool,
}

impl Book {
    pub(super) fn new(sessions: Sessions, streams: &Streams) -> Self {
        Self {
            sessions,
            sticks: None,
            stream: streams.get(Purpose::Sessions),
            all: Vec::new(),
            thinking: Agenda::default(),
            filled: false,
        }
    }

    /// Begins another replication, keeping the memory.
    pub(super) fn reset(&mut self, streams: &Streams) {
        self.stream = streams.get(Purpose::Sessions);
        self.all.clear();
        self.thinking.clear();
        self.filled = false;
    }

    /// Whether sessions stick to a side of the router.
    pub(super) const fn is_sticky(&self) -> bool {
        self.sticks.is_some()
    }

    pub(super) fn get(&mut self, session: u32) -> &mut Session {
        &mut self.all[session as usize]
    }

    pub(super) fn was_hurt(&self, session: u32) -> bool {
        self.all[session as usize].hurt
    }

    fn goes_on(&mut self) -> bool {
        self.stream.random::<f64>() * self.sessions.requests > 1.0
    }

    fn think_ns(&mut self) -> u64 {
        (self.sessions.think.draw_s(&mut self.stream) * 1e9) as u64
    }

    /// The sessions that are there when the first request of `rate` a second arrives: by Little's law
    /// and renewal theory, each in the middle of its thinking.
    fn fill(&mut self, now_ns: u64, rate: f64) {
        self.filled = true;
        let sessions = &self.sessions;
        let count = rate * (1.0 - 1.0 / sessions.requests) * sessions.think.mean_s();
        for _ in 0..count.min(FIRST_MAX).round() as u32 {
            let mut lengths = [0.0; CANDIDATES];
            lengths.fill_with(|| self.sessions.think.draw_s(&mut self.stream));
            let mut luck = self.stream.random::<f64>() * lengths.iter().sum::<f64>();
            let chosen = lengths.iter().find(|length| {
                luck -= **length;
                luck < 0.0
            });
            let length_s = chosen.copied().unwrap_or(lengths[0]);
            let left_s = length_s * self.stream.random::<f64>();
            self.add(Session {
                on_canary: Some(false),
                ..Session::default()
            });
            let session = self.all.len() as u32 - 1;
            self.thinking.push(now_ns + (left_s * 1e9) as u64, session);
        }
    }

    fn add(&mut self, session: Session) {
        self.all.push(session);
    }

    /// The session that sends a request now, where `rate` of them arrive a second.
    pub(super) fn next(&mut self, now_ns: u64, rate: f64) -> u32 {
        if !self.filled {
            self.fill(now_ns, rate);
        }
        let due = (self.thinking.next_ns() <= now_ns).then(|| self.thinking.pop());
        let session = match due.flatten() {
            Some((_, session)) => session,
            None => {
                self.add(Session::default());
                self.all.len() as u32 - 1
            }
        };
        if self.goes_on() {
            let at_ns = now_ns + self.think_ns();
            self.thinking.push(at_ns, session);
        }
        session
    }

    /// Whether a session's request goes to the canary's side, which gets `fresh` of the new ones; a
    /// repeat goes where the request went.
    pub(super) fn is_on_canary(&mut self, session: u32, fresh: f64, is_repeat: bool) -> bool {
        let anew = self.sticks.map_or([1.0; 2], |sticks| sticks.anew);
        if let Some(on_canary) = self.all[session as usize].on_canary {
            let anew = anew[usize::from(on_canary)];
            let leaves = anew > 0.0 && !is_repeat && self.stream.random::<f64>() < anew;
            if !leaves {
                return on_canary;
            }
        }
        let on_canary = self.stream.random::<f64>() < fresh;
        self.all[session as usize].on_canary = Some(on_canary);
        on_canary
    }
}
