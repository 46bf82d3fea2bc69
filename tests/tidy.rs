//! The structure that the rest relies on, checked instead of hoped for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("reads") {
        let path = entry.expect("reads").path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The policy crate decides. It has no clock, no randomness, no threads, no client.
#[test]
fn the_policy_crate_is_pure() {
    let banned = [
        "std::time::",
        "SystemTime",
        "Instant::now",
        "tokio",
        "rand::",
        "kube::",
        "std::thread",
        "std::fs",
        "std::net",
        "std::env",
        "HashMap",
        "HashSet",
    ];
    let mut files = Vec::new();
    rust_files(&root().join("policy/src"), &mut files);
    assert!(files.len() > 20);
    for file in files {
        let text = std::fs::read_to_string(&file).expect("reads");
        for word in banned {
            assert!(!text.contains(word), "{word} in {}", file.display());
        }
    }
}

/// `policy ← sim ← scenarios ← reports ← coalmine`, `promql ← sim`; nothing else, and no cycles.
#[test]
fn dependencies_point_one_way() {
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("policy", &[][..]),
        ("promql", &[]),
        ("sim", &["policy", "promql"]),
        ("scenarios", &["policy", "promql", "sim"]),
        ("reports", &["policy", "sim", "scenarios"]),
    ]);
    for (krate, allowed) in allowed {
        let manifest = root().join(krate).join("Cargo.toml");
        let text = std::fs::read_to_string(manifest).expect("reads");
        let ours = text
            .lines()
            .skip_while(|line| *line != "[dependencies]")
            .skip(1)
            .take_while(|line| !line.starts_with('['))
            .filter_map(|line| line.strip_prefix("coalmine-")?.split(['.', ' ']).next());
        let ours: BTreeSet<&str> = ours.collect();
        let allowed: BTreeSet<&str> = allowed.iter().copied().collect();
        assert!(ours.is_subset(&allowed), "{krate} depends on {ours:?}");
    }
}

/// The everyday binary does not compile kube.
#[test]
fn nothing_of_a_cluster_is_compiled_in() {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).expect("reads");
    for krate in ["kube", "tokio", "k8s-openapi", "hyper", "openssl-sys"] {
        assert!(!lock.contains(&format!("name = \"{krate}\"")), "{krate}");
    }
}
