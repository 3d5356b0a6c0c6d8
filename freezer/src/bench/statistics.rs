//! Many runs → a few numbers that a single odd run can't move, and how sure they are.
//!
//! Intervals are those of the order statistics of a median (the sign test turned around): they hold for any
//! distribution, which those of run times are not known to be.

use serde::{Deserialize, Serialize};

/// How sure an interval is at least.
pub(super) const CONFIDENCE: f64 = 0.95;

/// The middle, the quarters and the ends of a list of numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The middle one, or the mean of the middle two.
    pub median: f64,
    /// A quarter is below.
    pub lower_quartile: f64,
    /// A quarter is above.
    pub upper_quartile: f64,
    /// The smallest.
    pub minimum: f64,
    /// The largest.
    pub maximum: f64,
}

impl Spread {
    /// The spread of some numbers; all zero for none.
    #[must_use]
    pub fn of(numbers: impl IntoIterator<Item = f64>) -> Self {
        let sorted = sorted(numbers);
        Self {
            median: quantile(&sorted, 0.5),
            lower_quartile: quantile(&sorted, 0.25),
            upper_quartile: quantile(&sorted, 0.75),
            minimum: sorted.first().copied().unwrap_or(0.0),
            maximum: sorted.last().copied().unwrap_or(0.0),
        }
    }

    /// The distance of the quartiles by the median: 0.1 is a spread of 10 %.
    #[must_use]
    pub fn relative(&self) -> f64 {
        if self.median > 0.0 { (self.upper_quartile - self.lower_quartile) / self.median } else { 0.0 }
    }
}

/// A number and the range in which it lies with `CONFIDENCE`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Estimate {
    /// Where the median lies of which these are samples; `None` for too few to say.
    #[must_use]
    pub fn of_median(numbers: impl IntoIterator<Item = f64>) -> Option<Self> {
        let sorted = sorted(numbers);
        let rank = sure_rank(sorted.len())?;
        let low = *sorted.get(rank)?;
        let high = *sorted.get(sorted.len().checked_sub(rank + 1)?)?;
        Some(Self { value: quantile(&sorted, 0.5), low, high })
    }

    /// How many times as large as another, at least and at most, when nothing ties the two together.
    #[must_use]
    pub fn by(&self, other: &Self) -> Option<Self> {
        let is_positive = other.low > 0.0 && other.value > 0.0;
        is_positive.then(|| Self {
            value: self.value / other.value,
            low: self.low / other.high,
            high: self.high / other.low,
        })
    }
}

fn sorted(numbers: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut sorted: Vec<f64> = numbers.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// Between the two nearest, as most tools have it (type 7 of Hyndman and Fan).
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::cast_possible_truncation,
    reason = "positions in a list of runs, which are few and not negative"
)]
fn quantile(sorted: &[f64], part: f64) -> f64 {
    let position = part * sorted.len().saturating_sub(1) as f64;
    let at = |index: f64| sorted.get(index as usize).copied().unwrap_or(0.0);
    let (below, above) = (at(position.floor()), at(position.ceil()));
    below + (above - below) * position.fract()
}

/// How many samples may lie outside at each end while the rest still holds the median with [`CONFIDENCE`].
#[expect(clippy::cast_precision_loss, reason = "a count of runs")]
fn sure_rank(count: usize) -> Option<usize> {
    // The chance that at most `rank` of `count` coins show heads, and as much for tails.
    let mut chance = 0.5_f64.powf(count as f64);
    let mut outside = 0.0;
    let mut sure = None;
    for rank in 0..count {
        outside += 2.0 * chance;
        if outside > 1.0 - CONFIDENCE {
            break;
        }
        sure = Some(rank);
        chance *= (count - rank) as f64 / (rank + 1) as f64;
    }
    sure
}

#[cfg(test)]
mod tests {
    use super::{Estimate, Spread};

    #[test]
    fn median_is_the_middle_of_the_sorted_numbers() {
        let spread = Spread::of([5.0, 1.0, 9.0]);
        assert_eq!((spread.median, spread.minimum, spread.maximum), (5.0, 1.0, 9.0));
        let spread = Spread::of([4.0, 1.0, 2.0, 9.0]);
        assert_eq!((spread.median, spread.lower_quartile, spread.upper_quartile), (3.0, 1.75, 5.25));
    }

    #[test]
    fn no_numbers_have_no_spread() {
        assert_eq!(Spread::of([]), Spread::default());
        assert_eq!(Spread::default().relative(), 0.0);
    }

    #[test]
    fn interval_of_a_median_has_the_ranks_of_the_tables() {
        // Tables of the sign test: of 6 samples all, of 10 all but one at each end, of 20 all but five.
        let numbers = |count: i32| (1..=count).map(f64::from);
        assert_eq!(Estimate::of_median(numbers(5)), None);
        let ends = |count| Estimate::of_median(numbers(count)).map(|estimate| (estimate.low, estimate.high));
        assert_eq!(ends(6), Some((1.0, 6.0)));
        assert_eq!(ends(10), Some((2.0, 9.0)));
        assert_eq!(ends(20), Some((6.0, 15.0)));
        assert_eq!(ends(100), Some((40.0, 61.0)));
    }

    #[test]
    fn ratio_of_two_intervals_is_as_wide_as_both_allow() {
        let estimate = |value, low, high| Estimate { value, low, high };
        let ratio = estimate(30.0, 20.0, 40.0).by(&estimate(10.0, 8.0, 20.0)).unwrap();
        assert_eq!(ratio, estimate(3.0, 1.0, 5.0));
        assert_eq!(estimate(1.0, 1.0, 1.0).by(&estimate(0.0, 0.0, 0.0)), None);
    }
}
