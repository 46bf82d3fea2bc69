//! Users with sessions as a fluid: who has a request still to come, and on which side of the router.
//!
//! A session has a geometric number of requests (it ends after each with probability `q`) and thinks
//! for a time with mean `T` between two. While `n` sessions think, they send `n / T` requests a second;
//! what is missing to the rate λ(t) of all requests begins new sessions, λs = λ − n / T. So
//! n' = (1 − q) λ − n / T, and for those on a side of the router that gets the share w of the new ones
//! n_w' = (1 − q) (λs w + n_w / T) − n_w / T. With a constant λ the share of a side relaxes to w with the
//! time T / q, the mean length of a session: x' = (w − x) q / T. The fluid is exact in mean for
//! exponential thinking; Little's law makes it exact in equilibrium for any.

use crate::service::Sessions;
use crate::traffic::Traffic;

/// Thinking shorter than this counts as this.
const THINK_MIN_S: f64 = 0.5;
/// Steps within a mean time of thinking.
const STEPS_PER_THINK: f64 = 8.0;
/// So many times of thinking after it began, a crowd has forgotten how.
const MEMORY_THINKS: f64 = 6.0;

/// A side of the router: the main Service's, or the canary's.
pub type BySide = [f64; 2];

/// The side of the main Service in a [`BySide`].
pub const MAIN: usize = 0;
/// The canary's side in a [`BySide`].
pub const CANARY: usize = 1;

/// The sessions that go on, and those of their users to whom something has not happened yet.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    ends: f64,
    think_s: f64,
    state: State,
}

/// What changes with time.
#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// Sessions that think, by side.
    thinking: BySide,
    /// Those to whom it has not happened, by what may happen and side.
    spared: [BySide; 2],
    /// Sessions to whom it has happened.
    hit: [f64; 2],
    /// Requests on the canary's side.
    canary: f64,
}

/// What stands still during a step.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Its length in seconds.
    pub length_s: f64,
    /// Requests a second.
    pub rate: f64,
    /// The share of new sessions that the canary's side gets.
    pub fresh: f64,
    /// By side, the chance that a request of a session that was there is sent anew as new ones are.
    pub anew: BySide,
    /// The chance that a request makes something happen to its user, by what and side.
    pub chances: [BySide; 2],
}

impl Crowd {
    /// All on the main side, as traffic has made them by an instant; nothing has happened to anybody.
    #[must_use]
    pub fn at(at_s: f64, sessions: &Sessions, traffic: &Traffic) -> Self {
        let ends = 1.0 / sessions.requests.max(1.0);
        let think_s = sessions.think.mean_s().max(THINK_MIN_S);
        let begin_s = at_s - MEMORY_THINKS * think_s;
        let mut crowd = Self {
            ends,
            think_s,
            state: State::default(),
        };
        crowd.state.thinking[MAIN] = (1.0 - ends) * traffic.rate(begin_s) * think_s;
        let length_s = think_s / STEPS_PER_THINK;
        for index in 0..(MEMORY_THINKS * STEPS_PER_THINK) as u32 {
            let from_s = begin_s + f64::from(index) * length_s;
            crowd.step(&Step {
                length_s,
                rate: traffic.integral(from_s, from_s + length_s) / length_s,
                fresh: 0.0,
                anew: [0.0; 2],
                chances: [[0.0; 2]; 2],
            });
        }
        crowd.state.spared = [crowd.state.thinking; 2];
        crowd
    }

    /// The share of the sessions that are on the canary's side.
    #[must_use]
    pub fn canary_share(&self) -> f64 {
        let all: f64 = self.state.thinking.iter().sum();
        self.state.thinking[CANARY] / all.max(f64::MIN_POSITIVE)
    }

    /// Users to whom each thing has happened.
    #[must_use]
    pub const fn hit(&self) -> [f64; 2] {
        self.state.hit
    }

    /// Nobody serves on the canary's side any more: its sessions move.
    pub fn leave_canary(&mut self) {
        let State {
            thinking, spared, ..
        } = &mut self.state;
        for by_side in spared.iter_mut().chain([thinking]) {
            by_side[MAIN] += std::mem::take(&mut by_side[CANARY]);
        }
    }

    /// Sends every session where new ones go: it has come to rest.
    pub fn settle(&mut self, fresh: f64) {
        let State {
            thinking, spared, ..
        } = &mut self.state;
        for by_side in spared.iter_mut().chain([thinking]) {
            let all = by_side[MAIN] + by_side[CANARY];
            *by_side = [all * (1.0 - fresh), all * fresh];
        }
    }

    /// Goes on, and returns the share of the requests on the canary's side.
    pub fn step(&mut self, step: &Step) -> f64 {
        let count = (step.length_s / self.think_s * STEPS_PER_THINK)
            .ceil()
            .max(1.0);
        let part_s = step.length_s / count;
        let before = self.state.canary;
        for _ in 0..count as u32 {
            let half = self
                .state
                .after(0.5 * part_s, &self.slope(&self.state, step));
            self.state = self.state.after(part_s, &self.slope(&half, step));
        }
        let all = step.rate * step.length_s;
        if all > 0.0 {
            (self.state.canary - before) / all
        } else {
            step.fresh
        }
    }

    /// The time derivative of a state.
    fn slope(&self, state: &State, step: &Step) -> State {
        let all = state.thinking[MAIN] + state.thinking[CANARY];
        // Where the rate falls faster than sessions end, they wait for their turn.
        let going_on = (all / self.think_s).min(step.rate);
        let fresh = step.rate - going_on;
        let per_session = going_on / all.max(f64::MIN_POSITIVE);
        let stays = 1.0 - self.ends;
        let mut slope = State::default();
        let shares = [1.0 - step.fresh, step.fresh];
        // What sessions send by the side where they were, and what arrives by the side where it goes.
        let sent = |by_side: BySide| by_side.map(|sessions| sessions * per_session);
        let arriving = |sent: BySide| {
            let anew = fresh + sent[MAIN] * step.anew[MAIN] + sent[CANARY] * step.anew[CANARY];
            [MAIN, CANARY].map(|side| anew * shares[side] + sent[side] * (1.0 - step.anew[side]))
        };
        let all_sent = sent(state.thinking);
        let requests = arriving(all_sent);
        slope.canary = requests[CANARY];
        for side in [MAIN, CANARY] {
            slope.thinking[side] = stays * requests[side] - all_sent[side];
        }
        for what in 0..2 {
            let sent = sent(state.spared[what]);
            let requests = arriving(sent);
            for side in [MAIN, CANARY] {
                let chance = step.chances[what][side];
                slope.hit[what] += requests[side] * chance;
                slope.spared[what][side] = stays * (1.0 - chance) * requests[side] - sent[side];
            }
        }
        slope
    }
}

impl State {
    fn after(&self, length_s: f64, slope: &Self) -> Self {
        let line = |a: f64, b: f64| a + length_s * b;
        let lines = |a: BySide, b: BySide| [line(a[0], b[0]), line(a[1], b[1])];
        Self {
            thinking: lines(self.thinking, slope.thinking),
            spared: [
                lines(self.spared[0], slope.spared[0]),
                lines(self.spared[1], slope.spared[1]),
            ],
            hit: lines(self.hit, slope.hit),
            canary: line(self.canary, slope.canary),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latency::Latency;

    fn sessions(requests: f64) -> Sessions {
        Sessions {
            requests,
            // No spread: the mean is the median.
            think: Latency::from_quantiles(20.0, 20.0),
            sticky: Some(true),
        }
    }

    const STILL: Step = Step {
        length_s: 1.0,
        rate: 50.0,
        fresh: 0.0,
        anew: [0.0; 2],
        chances: [[0.0; 2]; 2],
    };

    #[test]
    fn the_share_of_a_side_relaxes_with_the_mean_length_of_a_session() {
        let traffic = Traffic::constant(50.0);
        let mut crowd = Crowd::at(0.0, &sessions(8.0), &traffic);
        // Little: 7/8 of 50 requests a second come after 20 s of thinking.
        let all: f64 = crowd.state.thinking.iter().sum();
        assert!((all - 875.0).abs() < 1e-6, "{all}");
        for second in 1..=600 {
            let step = Step {
                fresh: 0.4,
                ..STILL
            };
            let of_requests = crowd.step(&step);
            let exact = |at_s: f64| 0.4 * (1.0 - (-at_s / 160.0).exp());
            let (now, middle) = (f64::from(second), f64::from(second) - 0.5);
            assert!((crowd.canary_share() - exact(now)).abs() < 2e-5, "{second}");
            // One in eight begins a session, and those go by the weight.
            let mixed = 0.4 / 8.0 + exact(middle) * 7.0 / 8.0;
            assert!((of_requests - mixed).abs() < 2e-5, "{second}");
        }
        crowd.leave_canary();
        assert_eq!(crowd.canary_share(), 0.0);
    }

    #[test]
    fn users_are_hit_as_geometric_sessions_are() {
        let traffic = Traffic::constant(50.0);
        let mut crowd = Crowd::at(0.0, &sessions(5.0), &traffic);
        let step = Step {
            chances: [[0.3, 0.0], [0.02, 0.0]],
            ..STILL
        };
        // Until sessions have forgotten the time before.
        (0..2_000).for_each(|_| {
            crowd.step(&step);
        });
        let before = crowd.hit();
        (0..100).for_each(|_| {
            crowd.step(&step);
        });
        for (what, p) in [(0, 0.3), (1, 0.02)] {
            // Of 10 sessions a second: all that have a hit before they end.
            let exact = 1_000.0 * p / (1.0 - 0.8 * (1.0 - p));
            let users = crowd.hit()[what] - before[what];
            assert!((users - exact).abs() < 1e-3 * exact, "{users} {exact}");
        }
    }

    #[test]
    fn a_burst_brings_new_sessions_and_its_end_none() {
        let traffic = Traffic::constant(10.0);
        let mut crowd = Crowd::at(0.0, &sessions(8.0), &traffic);
        let burst = Step {
            rate: 1_000.0,
            fresh: 0.5,
            length_s: 1.0,
            ..STILL
        };
        // Nearly all its requests are first ones.
        assert!((crowd.step(&burst) - 0.5).abs() < 0.03);
        (0..120).for_each(|_| {
            crowd.step(&burst);
        });
        let of_sessions = crowd.canary_share();
        let after = Step {
            rate: 10.0,
            fresh: 0.0,
            ..burst
        };
        let of_requests = crowd.step(&after);
        assert!((of_requests - of_sessions).abs() < 1e-3);
    }
}
