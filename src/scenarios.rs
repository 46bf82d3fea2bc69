//! `coalmine scenarios`: the catalogue.

use std::process::ExitCode;

use coalmine_policy::source::Diagnostics;
use coalmine_scenarios::{NoFiles, catalogue, nearest};

use crate::args::ScenariosArgs;
use crate::failure::Failure;
use crate::output;

/// Lists the catalogue, or prints one of its files.
pub(crate) fn scenarios(args: &ScenariosArgs) -> Result<ExitCode, Failure> {
    let mut text = String::new();
    match &args.name {
        None => {
            for file in catalogue::files() {
                let read =
                    coalmine_scenarios::read(&file.source(), &mut NoFiles, &mut Diagnostics::new());
                let title = read.first().map_or("", |scenario| scenario.title.as_str());
                text += &format!("{:<26} {title}\n", file.label);
            }
        }
        Some(name) => {
            let file = catalogue::files().iter().find(|file| file.label == name);
            let Some(file) = file else {
                let near = nearest(name, catalogue::names());
                let cure = near.map_or_else(
                    || "`coalmine scenarios` lists them".to_owned(),
                    |near| format!("did you mean `{near}`? `coalmine scenarios` lists them all"),
                );
                let cause = format!("no scenario of the catalogue is named `{name}`");
                return Err(Failure::usage(cause, cure));
            };
            text += file.text;
        }
    }
    output::print(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
