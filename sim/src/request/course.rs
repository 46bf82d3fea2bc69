//! How the attempts of a request go.

use crate::router::Cause;

/// What is known of a request when it is sent, again or for the first time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Attempt {
    /// Whose it is, where users have sessions.
    pub(super) session: u32,
    /// Its route; drawn when it is sent for the first time.
    pub(super) route: u16,
    /// How often it was sent before.
    pub(super) number: u8,
    /// Whether its user satisfies the policy's match rules, once the router tries it again.
    pub(super) is_matching: Option<bool>,
    /// The new version has had it.
    pub(super) exposed: bool,
    /// The old version would have answered it by now.
    pub(super) spared: bool,
}

impl Attempt {
    pub(super) fn first(session: u32) -> Self {
        Self {
            session,
            ..Self::default()
        }
    }
}

/// How an attempt went.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course {
    /// What decides on completions.
    pub(super) luck: u64,
    pub(super) attempt: Attempt,
    /// What it met.
    pub(super) mask: u32,
    pub(super) failed: bool,
    /// What failed it.
    pub(super) cause: Cause,
    /// The same attempt would have failed on the old version.
    pub(super) old_failed: bool,
    /// Slower than people's patience where the old version would not have been.
    pub(super) slowed: bool,
}

impl Course {
    /// Whether the old version would have answered the request by now.
    pub(super) const fn is_spared(&self) -> bool {
        self.attempt.spared || !self.old_failed
    }

    /// The request is sent again.
    pub(super) const fn again(&self) -> Attempt {
        Attempt {
            number: self.attempt.number + 1,
            is_matching: None,
            spared: self.is_spared(),
            ..self.attempt
        }
    }
}

/// Who sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    User,
    /// The router, as a copy; nobody waits for the answer.
    Mirror,
    /// A load test, past the router.
    LoadTest,
}
