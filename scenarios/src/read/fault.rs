//! `spec.fault`: what is wrong with the new revision, or with the world around it.

mod effect;

use coalmine_policy::source::{Diagnostics, Kind};
use coalmine_sim::fault::{COMBINATIONS_MAX, FAULTS_MAX, Fault, Versions, combinations};

use super::clock::Clock;
use super::form::Form;

const HELP: &str = "add an effect, for example `- {errorShare: 0.02}`";

/// A fault's name with its effects; neither for a healthy release.
#[derive(Default)]
pub(super) struct FaultSection {
    pub(super) name: Option<String>,
    /// Whether the release is at fault; an incident outside it only looks like one.
    pub(super) is_harmful: bool,
    pub(super) effects: Vec<Fault>,
}

pub(super) fn read(mut form: Form<'_>, clock: &Clock, found: &mut Diagnostics) -> FaultSection {
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
        effects.push(effect::read(effect, clock, found));
    }
    if effects.len() <= FAULTS_MAX && combinations(&effects) > COMBINATIONS_MAX {
        let help = "leave `growsOver` to one or two of them";
        form.refuse("effects", "grow in too many combinations", help, found);
    }
    // Words for people: which real incidents it stands for.
    form.string("incident", found);
    let is_harmful = harmful(&mut form, &effects, found);
    form.close(found);
    FaultSection {
        name,
        is_harmful,
        effects,
    }
}

/// `harmful: false` calls the release healthy, which must then not be worse than the old one.
fn harmful(form: &mut Form<'_>, effects: &[Fault], found: &mut Diagnostics) -> bool {
    let is_harmful = match form.node("harmful").map(|node| &node.kind) {
        None => true,
        Some(Kind::Bool(value)) => *value,
        Some(_) => {
            let help = "`false` for an incident that the release did not cause";
            form.refuse("harmful", "is neither true nor false", help, found);
            true
        }
    };
    let of_release = |fault: &Fault| fault.scope.versions == Versions::New;
    if !is_harmful && effects.iter().any(of_release) {
        let help = "give each effect `scope: {version: both}`, or leave out `harmful`";
        let complaint = "is false, but an effect meets the new version only";
        form.refuse("harmful", complaint, help, found);
    }
    if is_harmful && !effects.is_empty() && !effects.iter().any(of_release) {
        let help = "write `harmful: false`: a policy that goes on is right";
        form.refuse(
            "effects",
            "leave the new version no worse than the old",
            help,
            found,
        );
    }
    is_harmful
}
