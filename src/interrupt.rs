//! Ctrl-C: the first asks for what is known so far, the second ends the program.

use std::sync::atomic::{AtomicBool, Ordering};

/// What a shell sees of a program that SIGINT ended.
pub(crate) const EXIT_CODE: u8 = 130;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// A flag that Ctrl-C raises from now on.
pub(crate) fn watch() -> &'static AtomicBool {
    // Without a handler Ctrl-C ends the program as ever.
    let _ = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(EXIT_CODE));
        }
    });
    &INTERRUPTED
}
