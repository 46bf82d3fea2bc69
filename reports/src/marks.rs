//! One bit per replication: which of them ended wrongly.

/// Bits by index of replication.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    words: Vec<u64>,
    len: usize,
}

impl Marks {
    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn words<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = (u64, u64)> + 'a {
        let len = self.len.min(other.len);
        let pairs = self.words.iter().zip(&other.words).enumerate();
        pairs.map_while(move |(index, (a, b))| {
            let left = len.checked_sub(index * 64).filter(|left| *left > 0)?;
            let mask = if left >= 64 {
                u64::MAX
            } else {
                (1 << left) - 1
            };
            Some((a & mask, b & mask))
        })
    }

    /// Of the replications that both have: how many, and how many are marked in both, only here,
    /// only there.
    #[must_use]
    pub fn against(&self, other: &Self) -> [u64; 4] {
        let n = self.len.min(other.len) as u64;
        let mut counts = [n, 0, 0, 0];
        for (a, b) in self.words(other) {
            for (count, bits) in counts[1..].iter_mut().zip([a & b, a & !b, b & !a]) {
                *count += u64::from(bits.count_ones());
            }
        }
        counts
    }
}

impl FromIterator<bool> for Marks {
    fn from_iter<I: IntoIterator<Item = bool>>(bits: I) -> Self {
        let mut marks = Self::default();
        for bit in bits {
            let at = marks.len % 64;
            if at == 0 {
                marks.words.push(0);
            }
            if let Some(word) = marks.words.last_mut() {
                *word |= u64::from(bit) << at;
            }
            marks.len += 1;
        }
        marks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_counted_as_far_as_both_go() {
        let thirds: Marks = (0..200).map(|i| i % 3 == 0).collect();
        let halves: Marks = (0..130).map(|i| i % 2 == 0).collect();
        let count = |f: fn(u32) -> bool| (0..130).filter(|i| f(*i)).count() as u64;
        let expected = [
            130,
            count(|i| i % 6 == 0),
            count(|i| i % 3 == 0 && i % 2 == 1),
            count(|i| i % 3 != 0 && i % 2 == 0),
        ];
        assert_eq!(thirds.against(&halves), expected);
        assert_eq!(thirds.against(&Marks::default()), [0; 4]);
        assert_eq!((thirds.len(), Marks::default().is_empty()), (200, true));
    }
}
