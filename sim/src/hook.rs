//! Who answers webhooks, and what.

use coalmine_policy::{Answer, HookAnswer, HookCall, Span};

/// The answer of some hooks from some time on.
#[derive(Clone, Debug, PartialEq)]
pub struct HookScript {
    /// Whose answer it is.
    pub hook: HookSelector,
    /// The HTTP status; what the type answers anyway when absent.
    pub status: Option<u16>,
    /// How long after the start it begins to hold.
    pub after: Span,
    /// How long each answer takes.
    pub delay: Span,
    /// Requests a second that the hook sends to the canary's pods from its first call on.
    pub load_rps: f64,
}

/// Which hooks are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookSelector {
    /// Those of this type; one without a type is a `rollout` hook.
    Type(String),
    /// The one of this name.
    Name(String),
}

/// What comes of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The answer after all retries.
    pub answer: Answer,
    /// When it comes.
    pub after: Span,
    /// The load that it starts, in requests a second.
    pub load_rps: f64,
}

/// Gates stand open, and nobody asks for a rollback.
fn default_status(kind: &str) -> u16 {
    if kind == "rollback" { 403 } else { 200 }
}

fn kind_of(call: &HookCall) -> &str {
    if call.kind.is_empty() {
        "rollout"
    } else {
        &call.kind
    }
}

impl HookScript {
    fn fits(&self, call: &HookCall, elapsed: Span) -> bool {
        let ours = match &self.hook {
            HookSelector::Type(kind) => kind == kind_of(call),
            HookSelector::Name(name) => **name == *call.name,
        };
        ours && self.after <= elapsed
    }
}

/// What a call comes to when it is made `elapsed` after the start.
#[must_use]
pub fn reply(scripts: &[HookScript], call: &HookCall, elapsed: Span) -> Reply {
    let script = scripts.iter().rfind(|script| script.fits(call, elapsed));
    let delay = script.map_or(Span::ZERO, |script| script.delay);
    let status = script.and_then(|script| script.status);
    let status = status.unwrap_or_else(|| default_status(kind_of(call)));
    let late = delay > call.timeout;
    // Flagger webhook.go: connection errors, 429 and 5xx except 501 are tried again.
    let again = late || status == 429 || (status >= 500 && status != 501);
    let attempts = if again {
        u64::from(call.retries) + 1
    } else {
        1
    };
    let each = if late { call.timeout } else { delay };
    let answer = if late {
        HookAnswer::Unreachable(format!("no answer within {}", call.timeout))
    } else {
        HookAnswer::Status(status)
    };
    Reply {
        answer: Answer::Hook(answer),
        after: Span::from_nanos(each.nanos().saturating_mul(attempts)),
        load_rps: script.map_or(0.0, |script| script.load_rps),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(kind: &str) -> HookCall {
        HookCall {
            name: "gate".into(),
            kind: kind.into(),
            url: "http://gate".into(),
            phase: String::new(),
            metadata: Default::default(),
            timeout: Span::from_secs(10),
            retries: 2,
        }
    }

    fn script(hook: HookSelector, status: u16, after: u64, delay: u64) -> HookScript {
        HookScript {
            hook,
            status: Some(status),
            after: Span::from_secs(after),
            delay: Span::from_secs(delay),
            load_rps: 0.0,
        }
    }

    fn answered(scripts: &[HookScript], kind: &str, elapsed: u64) -> (Answer, u64) {
        let reply = reply(scripts, &call(kind), Span::from_secs(elapsed));
        (reply.answer, reply.after.nanos() / 1_000_000_000)
    }

    fn status(status: u16) -> Answer {
        Answer::Hook(HookAnswer::Status(status))
    }

    #[test]
    fn gates_stand_open_and_nobody_asks_for_a_rollback() {
        assert_eq!(answered(&[], "confirm-promotion", 0), (status(200), 0));
        assert_eq!(answered(&[], "rollback", 0), (status(403), 0));
    }

    #[test]
    fn the_last_script_that_has_begun_answers() {
        let gate = || HookSelector::Type("rollout".to_owned());
        let scripts = [script(gate(), 403, 0, 0), script(gate(), 200, 60, 5)];
        assert_eq!(answered(&scripts, "", 59), (status(403), 0));
        assert_eq!(answered(&scripts, "", 60), (status(200), 5));
        assert_eq!(answered(&scripts, "pre-rollout", 60), (status(200), 0));
    }

    #[test]
    fn a_late_answer_is_none_and_every_retry_waits_again() {
        let named = |status, delay| {
            [script(
                HookSelector::Name("gate".to_owned()),
                status,
                0,
                delay,
            )]
        };
        let (answer, after) = answered(&named(200, 11), "rollout", 0);
        assert!(
            matches!(answer, Answer::Hook(HookAnswer::Unreachable(_))),
            "{answer:?}"
        );
        assert_eq!(after, 30);
        assert_eq!(answered(&named(503, 4), "rollout", 0), (status(503), 12));
        assert_eq!(answered(&named(501, 4), "rollout", 0), (status(501), 4));
    }
}
