//! `kind: Policy`: one of the statistical policies with settings of one's own.
//!
//! ```yaml
//! apiVersion: coalmine.dev/v1alpha1
//! kind: Policy
//! metadata:
//!   name: careful
//! spec:
//!   test: combo          # a name of `coalmine judge --help`
//!   alpha: 1%            # and any of its settings
//!   plannedLooks: 60
//! ```

use coalmine_policy::native::test::{NAMES, Settings};
use coalmine_policy::source::{Diagnostics, Document, Fields, Source, read_documents};

use crate::nearest;

/// A policy's test with its settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Native {
    /// The policy's name.
    pub name: String,
    /// The test's name.
    pub test: String,
    /// Its settings.
    pub settings: Settings,
}

/// Reads the one policy of a file.
pub fn read(source: &Source, found: &mut Diagnostics) -> Option<Native> {
    let documents = read_documents(source, found);
    let mut policies = documents
        .iter()
        .filter(|document| document.kind == "Policy");
    let policy = policies.next();
    if let Some(second) = policies.next() {
        let help = "one policy judges at a time: give each a file of its own".to_owned();
        let message = "a second policy in the file".to_owned();
        found.push(second.error(second.root.position, message, help));
    }
    let Some(document) = policy else {
        if let Some(document) = documents.first() {
            let message = format!("a {} is no Policy", document.kind);
            let help = "name a file with `kind: Policy`".to_owned();
            found.push(document.error(document.root.position, message, help));
        }
        return None;
    };
    let native = lower(document, found);
    native.filter(|_| !found.has_errors())
}

fn lower(document: &Document, found: &mut Diagnostics) -> Option<Native> {
    let mut root = Fields::new(document, "", &document.root, found);
    for known in ["apiVersion", "kind", "metadata"] {
        root.node(known);
    }
    let spec = root.required("spec", found);
    root.finish(found);
    let spec = spec?;
    let mut fields = Fields::new(document, "spec", spec, found);
    let place = fields.key_position("test");
    let test = fields.string("test", found).unwrap_or("combo");
    if !NAMES.iter().any(|(name, _)| *name == test) {
        let near = nearest(test, NAMES.iter().map(|(name, _)| *name));
        let help = near.map_or_else(String::new, |near| format!("did you mean `{near}`?"));
        found.push(document.error(place, format!("there is no test `{test}`"), help));
    }
    let mut settings = Settings::default();
    for name in Settings::names() {
        if let Some(node) = fields.node(&name)
            && let Err(why) = settings.set(&name, &node.to_json())
        {
            found.push(document.error(node.position, why, String::new()));
        }
    }
    fields.finish(found);
    Some(Native {
        name: document.name.clone(),
        test: test.to_owned(),
        settings,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Native, Vec<String>> {
        let source = Source {
            file: "policy.yaml".into(),
            text: text.into(),
        };
        let mut found = Diagnostics::new();
        read(&source, &mut found).ok_or_else(|| found.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_policy_is_a_test_with_settings() {
        let policy = of("apiVersion: coalmine.dev/v1alpha1\nkind: Policy\nmetadata: {name: careful}\nspec:\n  test: spend-guard\n  alpha: 1%\n  plannedLooks: 60\n")
            .expect("is right");
        assert_eq!((&*policy.name, &*policy.test), ("careful", "spend-guard"));
        assert_eq!(
            (policy.settings.alpha, policy.settings.planned_looks),
            (0.01, 60)
        );
    }

    #[test]
    fn mistakes_have_their_places() {
        let found = of(
            "apiVersion: coalmine.dev/v1alpha1\nkind: Policy\nspec:\n  test: spend-gard\n  alpha: 2\n  plannedLoks: 60\n",
        );
        let all = found.expect_err("is wrong").join("\n");
        for said in [
            "policy.yaml:4:",
            "did you mean `spend-guard`?",
            "policy.yaml:5:10: error: `alpha` is 2, and not between 0 and 1",
            "policy.yaml:6:3",
            "plannedLooks",
        ] {
            assert!(all.contains(said), "{said} is not in\n{all}");
        }
        assert!(of("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n").is_err());
    }
}
