//! Labels that tell policies apart.

use super::Policy;

/// Namesakes get their kind, then their file, then a number.
pub(super) fn make_unique(policies: &mut [Policy]) {
    let plain: Vec<String> = policies.iter().map(|policy| policy.label.clone()).collect();
    let counted = |labels: &[String], label: &String| labels.iter().filter(|l| *l == label).count();
    let candidates: [&dyn Fn(&Policy) -> String; 3] = [
        &|policy| policy.label.clone(),
        &|policy| format!("{} ({})", policy.label, policy.kind),
        &|policy| format!("{} ({}, {})", policy.label, policy.kind, policy.file),
    ];
    let mut labels = plain;
    for candidate in candidates {
        let next: Vec<String> = policies.iter().map(candidate).collect();
        let clashes: Vec<bool> = labels.iter().map(|l| counted(&labels, l) > 1).collect();
        for (index, clash) in clashes.into_iter().enumerate() {
            if clash {
                labels[index].clone_from(&next[index]);
            }
        }
    }
    for index in 0..labels.len() {
        let earlier = counted(&labels[..index], &labels[index]);
        policies[index].label = match earlier {
            0 => labels[index].clone(),
            n => format!("{} #{}", labels[index], n + 1),
        };
    }
}
