//! Sums over blocks of replications: enough to compare means rollout by rollout, and few enough to be
//! committed.

/// At most so many blocks.
const BLOCKS_MAX: u64 = 32;

/// What replications came to, added up in blocks of equal size, a power of two; the last may be cut
/// off.
///
/// Differences of block means are differences of the same rollouts, and closer to normal than those
/// of single ones; a Student's t of 31 blocks has nearly the power of one of 1,000 pairs (its
/// quantile is 2.04 instead of 1.96).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blocks {
    n: u64,
    sums: Vec<u64>,
}

/// Replications of a block.
fn size(n: u64) -> u64 {
    n.div_ceil(BLOCKS_MAX).max(1).next_power_of_two()
}

impl Blocks {
    /// Those of replications, in order.
    #[must_use]
    pub fn of(observations: &[u64]) -> Self {
        let n = observations.len() as u64;
        let chunks = observations.chunks(usize::try_from(size(n)).unwrap_or(usize::MAX));
        let sum = |chunk: &[u64]| chunk.iter().fold(0, |a: u64, b| a.saturating_add(*b));
        Self {
            n,
            sums: chunks.map(sum).collect(),
        }
    }

    /// `120 0*30 7`: the sums, what repeats only once.
    #[must_use]
    pub fn to_text(&self) -> String {
        let runs = self.sums.chunk_by(|a, b| a == b);
        let words = runs.map(|run| match run.len() {
            1 => run[0].to_string(),
            times => format!("{}*{times}", run[0]),
        });
        words.collect::<Vec<_>>().join(" ")
    }

    /// Those of so many replications from their text; `None` where it is of others.
    #[must_use]
    pub fn from_text(text: &str, n: u64) -> Option<Self> {
        let mut sums = Vec::new();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let (sum, times) = word.split_once('*').unwrap_or((word, "1"));
            let times = times.parse().ok().filter(|times| *times <= BLOCKS_MAX)?;
            let sum = sum.parse::<u64>().ok()?;
            sums.extend((0..times).map(|_| sum));
        }
        (sums.len() as u64 == n.div_ceil(size(n))).then_some(Self { n, sums })
    }

    /// The mean of all replications; `None` without any.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        let sum: f64 = self.sums.iter().map(|sum| *sum as f64).sum();
        (self.n > 0).then(|| sum / self.n as f64)
    }

    /// The mean of the first `n`, a multiple of the size of a block; `None` without any.
    #[must_use]
    pub fn first(&self, n: u64) -> Option<f64> {
        let count = usize::try_from(n / size(self.n)).unwrap_or(usize::MAX);
        let sum: f64 = self.sums.iter().take(count).map(|sum| *sum as f64).sum();
        (n > 0).then(|| sum / n as f64)
    }

    /// The means of these blocks less those of others, over the whole blocks that both have, and how
    /// many replications a block has.
    #[must_use]
    pub fn less(&self, other: &Self) -> (Vec<f64>, u64) {
        let size = size(self.n).max(size(other.n));
        let (a, b) = (self.whole(size), other.whole(size));
        let differences = a.iter().zip(b).map(|(a, b)| (a - b) / size as f64);
        (differences.collect(), size)
    }

    /// The sums of whole blocks of this size, a multiple of their own.
    fn whole(&self, wanted: u64) -> Vec<f64> {
        let each = usize::try_from(wanted / size(self.n)).unwrap_or(usize::MAX);
        let count = usize::try_from(self.n / wanted).unwrap_or(0);
        let chunks = self.sums.chunks(each.max(1)).take(count);
        chunks
            .map(|chunk| chunk.iter().map(|sum| *sum as f64).sum())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_survive_as_text_and_are_few() {
        for n in [0, 1, 31, 32, 33, 64, 65, 1000, 100_000] {
            let observations: Vec<u64> = (0..n).map(|i| i * i % 97 / 90).collect();
            let blocks = Blocks::of(&observations);
            assert!(blocks.sums.len() <= 32, "{n}");
            let text = blocks.to_text();
            assert_eq!(
                Blocks::from_text(&text, n).as_ref(),
                Some(&blocks),
                "{text}"
            );
        }
        assert_eq!(Blocks::of(&[0; 1000]).to_text(), "0*32");
        assert_eq!(Blocks::of(&[0, 0, 3]).to_text(), "0*2 3");
        for (text, n) in [("0*2", 3), ("x", 1), ("0*99999999999", 1000), ("-1", 1)] {
            assert_eq!(Blocks::from_text(text, n), None, "{text}");
        }
    }

    #[test]
    fn differences_are_those_of_the_same_rollouts_whatever_the_sizes() {
        let long: Vec<u64> = (0..1000).collect();
        let short: Vec<u64> = (0..100).map(|i| i * 2).collect();
        let (a, b) = (Blocks::of(&long), Blocks::of(&short));
        let (differences, size) = b.less(&a);
        // Blocks of 32 replications; of 100 three are whole.
        assert_eq!((differences.len(), size), (3, 32));
        let expected = |from: u64| (from..from + 32).sum::<u64>() as f64 / 32.0;
        assert_eq!(differences[0], expected(0));
        assert_eq!(differences[2], expected(64));
        assert_eq!(a.mean(), Some(499.5));
        assert_eq!(Blocks::default().mean(), None);
    }
}
