//! `coalmine schema`: file formats for editors.

use std::process::ExitCode;

use crate::args::{SchemaArgs, SchemaFormat};
use crate::failure::Failure;
use crate::output;

/// Prints a JSON Schema.
pub(crate) fn schema(args: &SchemaArgs) -> Result<ExitCode, Failure> {
    let schema = match args.format {
        SchemaFormat::Scenario => coalmine_scenarios::schema::scenario(),
    };
    // With `#`, values are indented.
    output::print(format!("{schema:#}\n").as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
