//! The two readers of a scenario file, side by side: ours and the schema.

use coalmine_policy::source::{Diagnostics, Source, read_documents};
use coalmine_scenarios::{Files, catalogue, read, schema};
use jsonschema::Validator;
use serde_json::Value;

/// Files that samples name.
struct Beside;

impl Files for Beside {
    fn under(&mut self, _: &str) -> Result<Option<Vec<Source>>, String> {
        Ok(None)
    }

    fn text(&mut self, path: &str) -> Result<Source, String> {
        let text = match path {
            "traffic.csv" => "time,rps\n0,10\n60,20\n",
            "range.json" => r#"[{"metric":{},"values":[[1772422500,"100"]]}]"#,
            _ => return Err(format!("no such file: {path}")),
        };
        Ok(source(path, text))
    }
}

fn source(file: &str, text: &str) -> Source {
    Source {
        file: file.into(),
        text: text.into(),
    }
}

pub(crate) struct Both {
    pub(crate) schema: Value,
    validator: Validator,
}

impl Both {
    pub(crate) fn new() -> Self {
        let schema = schema::scenario();
        jsonschema::draft202012::meta::validate(&schema).expect("is a schema");
        let validator = jsonschema::draft202012::new(&schema).expect("compiles");
        Self { schema, validator }
    }

    /// What the schema says against a document.
    pub(crate) fn by_schema(&self, document: &Value) -> Vec<String> {
        let errors = self.validator.iter_errors(document);
        errors
            .map(|error| format!("{} at {}", error, error.instance_path()))
            .collect()
    }
}

/// What the reader says against a document; JSON is YAML.
pub(crate) fn by_reader(document: &Value) -> Vec<String> {
    let mut found = Diagnostics::new();
    let text = document.to_string();
    let scenarios = read(&source("sample.yaml", &text), &mut Beside, &mut found);
    let told: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert_eq!(scenarios.len() == 1, !found.has_errors(), "{told:?}");
    if found.has_errors() { told } else { Vec::new() }
}

/// Documents that use every key there is.
pub(crate) fn samples() -> Vec<Value> {
    let samples = [
        include_str!("samples/traffic.yaml"),
        include_str!("samples/world.yaml"),
        include_str!("samples/routers.yaml"),
        include_str!("samples/routes.yaml"),
    ];
    samples.into_iter().flat_map(parsed).collect()
}

/// The whole catalogue.
pub(crate) fn catalogue() -> Vec<Value> {
    let files = catalogue::files().iter();
    files.flat_map(|file| parsed(file.text)).collect()
}

/// What the page about scenario files shows.
pub(crate) fn examples() -> Vec<Value> {
    let blocks = crate::page::examples();
    assert!(blocks.len() >= 3);
    blocks.iter().flat_map(|block| parsed(block)).collect()
}

fn parsed(text: &str) -> Vec<Value> {
    let mut found = Diagnostics::new();
    let documents = read_documents(&source("sample.yaml", text), &mut found);
    assert!(found.is_empty(), "{found:?}");
    documents.iter().map(|one| one.root.to_json()).collect()
}
