//! The policy engines: pure state machines that decide.
