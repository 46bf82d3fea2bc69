//! Ctrl-C: the first asks for what is known so far, the second ends the program.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::SIGINT;
use signal_hook::flag;

/// What a shell sees of a program that SIGINT ended.
pub(crate) const EXIT_CODE: u8 = 130;

/// A flag that Ctrl-C raises from now on.
pub(crate) fn watch() -> Arc<AtomicBool> {
    let interrupted = Arc::new(AtomicBool::new(false));
    // Actions run in this order: the second time the flag is up already. Without them Ctrl-C ends
    // the program as ever.
    let exit = i32::from(EXIT_CODE);
    let _ = flag::register_conditional_shutdown(SIGINT, exit, interrupted.clone());
    let _ = flag::register(SIGINT, interrupted.clone());
    interrupted
}
