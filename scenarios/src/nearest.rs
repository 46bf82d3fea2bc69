//! Did you mean …?

/// Names less alike than this are no help to anybody.
const ALIKE: f64 = 0.6;

/// The name most like `typed`, if any is alike; the first of equals. Letter case does not count.
#[must_use]
pub fn nearest<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    let mut best = None;
    let mut best_score = ALIKE;
    for name in names {
        let score = strsim::jaro_winkler(&typed, &name.to_lowercase());
        if score > best_score {
            (best, best_score) = (Some(name), score);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_finds_its_neighbour_and_nonsense_finds_none() {
        let names = ["errorShare", "p99Times", "aboveRpsPerPod"];
        assert_eq!(nearest("errorshare", names), Some("errorShare"));
        assert_eq!(nearest("p99times", names), Some("p99Times"));
        assert_eq!(nearest("aboveRps", names), Some("aboveRpsPerPod"));
        assert_eq!(nearest("zzz", names), None);
    }
}
