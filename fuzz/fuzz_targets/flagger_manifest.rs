//! No text makes the reader of Flagger's manifests panic, and whatever it accepts can be ticked.
//!
//! `cargo +nightly fuzz run flagger_manifest -- -max_total_time=120`, in this folder's parent.

#![no_main]

use coalmine_policy::flagger::{self, Controller, Options};
use coalmine_policy::source::{Diagnostics, Source, read_documents};
use coalmine_policy::{Effects, Engine, Input, Template, Time};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let source = Source {
        file: "fuzz.yaml".into(),
        text: text.into(),
    };
    for admission in [true, false] {
        let options = Options {
            admission,
            ..Options::default()
        };
        let mut found = Diagnostics::new();
        let documents = read_documents(&source, &mut found);
        for canary in flagger::read(&documents, &options, &mut found) {
            let mut engine = Controller::uninitialized(canary, Template::new("v1"), Time::ZERO);
            let mut effects = Effects::new();
            engine.handle(Time::ZERO, Input::Tick, &mut effects);
        }
        for diagnostic in found.iter() {
            let _ = diagnostic.to_string();
        }
    }
});
