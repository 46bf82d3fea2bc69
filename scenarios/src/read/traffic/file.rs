//! The file that a curve names.

use coalmine_policy::source::{Diagnostics, Source};

use super::Context;
use crate::files::beside;
use crate::read::form::Form;

/// Reads `file`, beside the scenario that names it.
pub(super) fn load(
    curve: &mut Form<'_>,
    example: &str,
    context: &mut Context<'_>,
    found: &mut Diagnostics,
) -> Option<Source> {
    let help = format!("name a file, for example `file: {example}`");
    curve.require("file", &help, found);
    let name = curve.string("file", found)?;
    let path = beside(&context.joined.file_of(curve.place("file")), name);
    match context.files.text(&path) {
        Ok(source) => Some(source),
        Err(why) => {
            let help = "the path is seen from the folder of the file that names it";
            curve.refuse("file", &format!("cannot be used: {why}"), help, found);
            None
        }
    }
}
