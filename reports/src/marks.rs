//! One bit per replication: which of them ended wrongly.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD as STANDARD_NO_PAD;

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

    /// Whether a replication is marked; one that there is not is not.
    #[must_use]
    pub fn is_marked(&self, index: usize) -> bool {
        let word = self.words.get(index / 64);
        index < self.len && word.is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    /// Each in turn.
    pub fn iter(&self) -> impl Iterator<Item = bool> {
        (0..self.len).map(|index| self.is_marked(index))
    }

    /// How many of the first `len` are marked.
    #[must_use]
    pub fn count(&self, len: usize) -> u64 {
        self.iter().take(len).filter(|mark| *mark).count() as u64
    }

    /// `none`, `all`, `only 3 17`, `all but 3 17`, or the bits in Base64, the first in the lowest bit of
    /// the first byte: whichever is shortest, so that few are read and compared by eye.
    #[must_use]
    pub fn to_text(&self) -> String {
        let listed = |marked: bool| {
            let indices = self.iter().enumerate().filter(move |(_, m)| *m == marked);
            let words = indices.map(|(index, _)| index.to_string());
            words.collect::<Vec<_>>().join(" ")
        };
        let marked = self.count(self.len);
        if marked == 0 {
            return "none".to_owned();
        }
        if marked == self.len as u64 {
            return "all".to_owned();
        }
        let bytes = self.words.iter().flat_map(|word| word.to_le_bytes());
        let bytes: Vec<u8> = bytes.take(self.len.div_ceil(8)).collect();
        let few = if marked * 2 <= self.len as u64 {
            format!("only {}", listed(true))
        } else {
            format!("all but {}", listed(false))
        };
        let bits = format!("base64 {}", STANDARD_NO_PAD.encode(bytes));
        if few.len() <= bits.len() { few } else { bits }
    }

    /// The marks of so many replications from their text; `None` where it is of others.
    #[must_use]
    pub fn from_text(text: &str, len: usize) -> Option<Self> {
        if let "none" | "all" = text {
            return Some(std::iter::repeat_n(text == "all", len).collect());
        }
        if let Some(bits) = text.strip_prefix("base64 ") {
            let bytes = STANDARD_NO_PAD.decode(bits).ok()?;
            let bit = |index: usize| bytes[index / 8] >> (index % 8) & 1 == 1;
            return (bytes.len() == len.div_ceil(8)).then(|| (0..len).map(bit).collect());
        }
        let (listed, marked) = match text.strip_prefix("only ") {
            Some(listed) => (listed, true),
            None => (text.strip_prefix("all but ")?, false),
        };
        let mut marks = vec![!marked; len];
        for word in listed.split(' ') {
            *marks.get_mut(word.parse::<usize>().ok()?)? = marked;
        }
        Some(marks.into_iter().collect())
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
    fn marks_survive_as_text() {
        for len in [0, 1, 7, 8, 63, 64, 65, 1000] {
            let every = |n: usize| (0..len).map(|i| i % n == 0).collect::<Marks>();
            let nearly = (0..len).map(|i| i % 500 != 3).collect();
            for marks in [every(1), every(3), every(600), every(2000), nearly] {
                let text = marks.to_text();
                assert_eq!(
                    Marks::from_text(&text, len).as_ref(),
                    Some(&marks),
                    "{text}"
                );
            }
        }
        let thirds: Marks = (0..1000).map(|i| i % 3 == 0).collect();
        assert_eq!(thirds.to_text().len(), 7 + 167);
        let few = |n: usize| (0..1000).map(|i| i % n == 1).collect::<Marks>().to_text();
        assert_eq!(
            (few(400), few(2000)),
            ("only 1 401 801".to_owned(), "only 1".to_owned())
        );
        assert_eq!((thirds.count(1000), thirds.count(4)), (334, 2));
        assert!(thirds.is_marked(999) && !thirds.is_marked(1002));
        assert_eq!(Marks::from_text(&thirds.to_text(), 1001), None);
        for garbled in ["§", "only 9", "only x", "all but", "base64 §", "only "] {
            assert_eq!(Marks::from_text(garbled, 8), None, "{garbled}");
        }
    }

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
