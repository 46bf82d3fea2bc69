//! Did you mean …?

/// Half of the letters must be the same, each in its place, before two names are alike.
const ALIKE: f64 = 0.5;

/// The name most like `typed`, if any is alike; the first of equals. Letter case does not count.
#[must_use]
pub fn nearest<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    let mut best = None;
    // Words in another order are alike and may still score nothing.
    let mut best_score = -1.0;
    for name in names {
        let lower = name.to_lowercase();
        let score = match sorted_words(&typed) == sorted_words(&lower) {
            // The same words in another order are the closest of all.
            true => 2.0,
            false => strsim::jaro_winkler(&typed, &lower),
        };
        if score > best_score && are_alike(&typed, &lower) {
            (best, best_score) = (Some(name), score);
        }
    }
    best
}

/// One is the beginning of the other, they have a word in common, or few letters differ.
fn are_alike(typed: &str, name: &str) -> bool {
    let begins = |long: &str, short: &str| short.chars().count() > 2 && long.starts_with(short);
    begins(name, typed)
        || begins(typed, name)
        || words(typed).any(|word| words(name).any(|other| other == word))
        || strsim::normalized_damerau_levenshtein(typed, name) >= ALIKE
}

fn words(name: &str) -> impl Iterator<Item = &str> {
    let words = name.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| word.chars().count() > 2)
}

fn sorted_words(name: &str) -> Vec<&str> {
    let mut words: Vec<_> = words(name).collect();
    words.sort_unstable();
    words
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
        assert_eq!(nearest("", names), None);
    }

    #[test]
    fn a_few_letters_in_common_make_no_neighbours() {
        let names = crate::catalogue::names().chain(["off-peak", "slow"]);
        assert_eq!(nearest("nope", names), None);
        assert_eq!(nearest("peak", ["slow", "off-peak"]), Some("off-peak"));
    }
}
