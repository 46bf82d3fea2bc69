//! A traffic curve in one line of text.

use coalmine_reports::terminal::Characters;
use coalmine_sim::traffic::Traffic;

/// The mean rates of `width` equal parts of the first `horizon_s` seconds, each as a bar as high as
/// its share of the highest.
pub(super) fn line(
    traffic: &Traffic,
    horizon_s: f64,
    width: u32,
    characters: Characters,
) -> String {
    let part_s = horizon_s / f64::from(width);
    let ends = (0..width).map(|n| (f64::from(n) * part_s, f64::from(n + 1) * part_s));
    let means: Vec<f64> = ends
        .map(|(from, to)| traffic.integral(from, to) / part_s)
        .collect();
    let highest = means.iter().copied().fold(0.0, f64::max);
    let height = |mean: &f64| if highest > 0.0 { mean / highest } else { 0.0 };
    characters.spark(means.iter().map(height))
}

#[cfg(test)]
mod tests {
    use super::*;
    use coalmine_sim::traffic::Term;

    #[test]
    fn bars_are_as_high_as_the_mean_of_their_part() {
        let points = vec![(0.0, 0.0), (70.0, 70.0)];
        let ramp = Traffic {
            terms: vec![Term::Table { points }],
        };
        assert_eq!(line(&ramp, 70.0, 7, Characters::Unicode), "▁▂▃▄▅▆▇");
        assert_eq!(line(&ramp, 70.0, 7, Characters::Plain), "_.-:=+#");
        let level = Traffic::constant(3.0);
        assert_eq!(line(&level, 60.0, 3, Characters::Unicode), "▇▇▇");
        let nothing = Traffic::constant(0.0);
        assert_eq!(line(&nothing, 60.0, 3, Characters::Unicode), "▁▁▁");
    }
}
