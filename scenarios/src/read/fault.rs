//! `spec.fault`: what is wrong with the new revision.

use coalmine_policy::source::Diagnostics;
use coalmine_sim::fault::{FAULTS_MAX, Fault};

use super::form::Form;

const HELP: &str = "add an effect, for example `- {errorShare: 0.02}`";

/// A fault's name with its effects; neither for a healthy release.
#[derive(Default)]
pub(super) struct FaultSection {
    pub(super) name: Option<String>,
    pub(super) effects: Vec<Fault>,
}

pub(super) fn read(mut form: Form<'_>, found: &mut Diagnostics) -> FaultSection {
    let help = "reports show the fault by its name; leave out `fault` for a healthy release";
    form.require("name", help, found);
    let name = form.string("name", found).map(str::to_owned);
    form.require("effects", HELP, found);
    let items = form.list("effects", found);
    if items.is_some_and(<[_]>::is_empty) {
        form.refuse(
            "effects",
            "is empty: a fault without effect is none",
            HELP,
            found,
        );
    }
    let items = items.unwrap_or_default();
    if items.len() > FAULTS_MAX {
        let complaint = format!("has {} items, more than {FAULTS_MAX}", items.len());
        form.refuse("effects", &complaint, "merge some of them", found);
    }
    let mut effects = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let effect = form.item(&format!("spec.fault.effects[{index}]"), item, found);
        effects.push(read_effect(effect, found));
    }
    form.close(found);
    FaultSection { name, effects }
}

fn read_effect(mut form: Form<'_>, found: &mut Diagnostics) -> Fault {
    let (errors, slower) = (form.node("errorShare"), form.node("p99Times"));
    if errors.is_none() && slower.is_none() {
        let message = "an effect needs `errorShare` or `p99Times`".to_owned();
        form.error(form.fields.position(), message, HELP, found);
    }
    let p99_times = form.positive("p99Times", found);
    if p99_times.is_some_and(|times| times <= 1.0) {
        let help = "write 3 for a 99th percentile three times as long";
        form.refuse(
            "p99Times",
            "must be above 1 to slow anything down",
            help,
            found,
        );
    }
    let fault = Fault {
        error_share: form.share("errorShare", found).unwrap_or(0.0),
        p99_times: p99_times.unwrap_or(1.0),
        above_rps_per_pod: form.rate("aboveRpsPerPod", f64::INFINITY, found),
    };
    form.close(found);
    fault
}
