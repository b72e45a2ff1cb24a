//! A lower bound from prices, in exact arithmetic.
//!
//! Any prices that make no pattern worth more than its bin costs bound the cost of every packing from below by what all items
//! are worth (weak duality). Prices that are a little too high are scaled down first, by the best pattern of each type of bin:
//! that is Farley's bound, and it holds whatever the linear solver did. Where a type is limited, a pattern may be worth more
//! than its bin; the excess counts once for each bin of the type (the dual of the limit).
//!
//! Source: Farley, "A note on bounding a class of linear programming problems, including cutting stock problems", Operations
//! Research 38(5), 1990; Vance, Barnhart, Johnson & Nemhauser, "Solving binary cutting stock problems by column generation and
//! branch-and-bound", 1994.

/// A type of bin as the bound sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tariff {
    /// Cost of a bin, in millionths.
    pub(super) cost: u64,
    /// Bins of the type there are.
    pub(super) limit: Option<u64>,
    /// No pattern of the type is worth more.
    pub(super) worth: u64,
}

/// The least cost that any packing has, in millionths, rounded up: `worth` is the worth of all items at the prices that
/// `tariffs` were computed for. Zero where nothing better is known.
pub(super) fn bound(worth: u128, tariffs: &[Tariff]) -> u128 {
    // Scales, as cost over worth: none of the types without limit may be exceeded; each type is a candidate for the rest.
    let ceiling =
        tariffs.iter().filter(|tariff| tariff.limit.is_none() && tariff.worth > 0).min_by(|a, b| less_generous(a, b));
    let mut best = 0;
    for candidate in tariffs.iter().filter(|tariff| tariff.worth > 0) {
        let scale = match &ceiling {
            Some(ceiling) if less_generous(ceiling, candidate).is_lt() => ceiling,
            _ => candidate,
        };
        best = best.max(scaled(worth, *scale, tariffs));
    }
    best
}

/// Orders types by cost for worth.
fn less_generous(left: &Tariff, right: &Tariff) -> core::cmp::Ordering {
    (u128::from(left.cost) * u128::from(right.worth)).cmp(&(u128::from(right.cost) * u128::from(left.worth)))
}

/// The bound with prices multiplied by `scale.cost / scale.worth`.
fn scaled(worth: u128, scale: Tariff, tariffs: &[Tariff]) -> u128 {
    let (by, over) = (u128::from(scale.cost), u128::from(scale.worth));
    let Some(mut value) = worth.checked_mul(by) else { return 0 };
    for tariff in tariffs {
        let Some(limit) = tariff.limit else { continue };
        let (have, pay) = (by * u128::from(tariff.worth), over * u128::from(tariff.cost));
        let Some(excess) = have.saturating_sub(pay).checked_mul(u128::from(limit)) else { return 0 };
        value = value.saturating_sub(excess);
    }
    value.div_ceil(over)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_type_is_farley() {
        // Ten items worth 4 each, at most 11 a bin that costs 1: 40 / 11 is 3.6, so 4 bins.
        let tariff = Tariff { cost: 1, limit: None, worth: 11 };
        assert_eq!(bound(40, &[tariff]), 4);
        assert_eq!(bound(44, &[tariff]), 4);
        assert_eq!(bound(45, &[tariff]), 5);
        assert_eq!(bound(0, &[tariff]), 0);
    }

    #[test]
    fn a_limit_lets_prices_exceed_a_cheap_bin() {
        // One cheap bin of worth 10 at cost 1, and dear ones of worth 10 at cost 10. Thirty items of worth 1: 1 + 10 + 10.
        let cheap = Tariff { cost: 1, limit: Some(1), worth: 10 };
        let dear = Tariff { cost: 10, limit: None, worth: 10 };
        assert_eq!(bound(30, &[cheap, dear]), 21);
        // Without the limit, the cheap one may be had three times.
        assert_eq!(bound(30, &[Tariff { limit: None, ..cheap }, dear]), 3);
    }

    #[test]
    fn greatest_numbers_do_not_overflow() {
        let tariff = Tariff { cost: u64::MAX, limit: Some(u64::MAX), worth: u64::MAX };
        assert_eq!(bound(u128::MAX, &[tariff]), 0);
    }
}
