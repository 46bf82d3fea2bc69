//! Folders of all sorts of files.

use std::path::Path;

use crate::{coalmine, write};

const CANARY: &str = include_str!("../../scenarios/policies/flagger/ten-minutes.yaml");

/// Exit code and standard error of scoring this path.
fn score(path: &Path) -> (Option<i32>, String) {
    let path = path.to_str().expect("a path in UTF-8");
    let arguments = ["score", "-q", "--runs", "2", "--scenario", "steady/healthy"];
    let mut command = coalmine(&arguments);
    let output = command.args(["-f", path]).output().expect("runs");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), errors)
}

#[test]
fn what_is_no_object_is_skipped_in_a_folder_but_not_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "canary.yaml", CANARY);
    write(folder.path(), "values.yaml", "replicas: 3\n");
    write(folder.path(), "empty.yaml", "\n");
    let binary = folder.path().join("binary.yml");
    std::fs::write(&binary, [0xff, 0xfe]).expect("writes");
    let (code, errors) = score(folder.path());
    assert_eq!(code, Some(0), "{errors}");
    let told = "skipped 3 files that hold no Kubernetes object: ";
    assert!(errors.starts_with(told), "{errors}");
    for (name, strict) in [
        ("values.yaml", "document has no `kind`"),
        ("empty.yaml", "empty.yaml is empty"),
        ("binary.yml", "byte 0 is no UTF-8"),
    ] {
        assert!(errors.contains(name), "{errors}");
        let (code, errors) = score(&folder.path().join(name));
        assert_eq!(code, Some(2), "{errors}");
        assert!(errors.contains(strict), "{errors}");
    }
}

#[test]
fn broken_yaml_in_a_folder_and_a_folder_without_objects_are_mistakes() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "values.yaml", "replicas: 3\n");
    let (code, errors) = score(folder.path());
    assert_eq!(code, Some(2), "{errors}");
    let said = "1 file that holds no Kubernetes object: ";
    assert!(errors.contains(said), "{errors}");
    write(folder.path(), "canary.yaml", CANARY);
    write(folder.path(), "broken.yaml", "kind: [Canary\n");
    let (code, errors) = score(folder.path());
    assert_eq!(code, Some(2), "{errors}");
    assert!(errors.contains("broken YAML"), "{errors}");
}
