//! Many runs → a few numbers that a single odd run can't move.

use serde::Serialize;

/// The middle and the ends of a list of numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    /// The middle one, or the mean of the middle two.
    pub median: f64,
    /// The smallest.
    pub minimum: f64,
    /// The largest.
    pub maximum: f64,
}

impl Spread {
    /// The spread of some numbers; all zero for none.
    #[must_use]
    pub fn of(numbers: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = numbers.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(0.0);
        let middle = sorted.len() / 2;
        let median = if sorted.len().is_multiple_of(2) {
            f64::midpoint(at(middle.saturating_sub(1)), at(middle))
        } else {
            at(middle)
        };
        Self { median, minimum: at(0), maximum: at(sorted.len().saturating_sub(1)) }
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn median_is_the_middle_of_the_sorted_numbers() {
        assert_eq!(Spread::of([5.0, 1.0, 9.0]), Spread { median: 5.0, minimum: 1.0, maximum: 9.0 });
        assert_eq!(Spread::of([4.0, 1.0, 2.0, 9.0]), Spread { median: 3.0, minimum: 1.0, maximum: 9.0 });
    }

    #[test]
    fn no_numbers_have_no_spread() {
        assert_eq!(Spread::of([]), Spread::default());
    }
}
