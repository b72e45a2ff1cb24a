//! The integer score of fragmentation gradient descent, decided in integers.
//!
//! The paper scores a candidate ⌊100 / (1 + e^(−Δ/1000))⌋, where Δ is by how many thousandths of a GPU its expected
//! fragmentation falls. That grows with Δ, so it is a step function: the score is at least s, for s from 1 to 99, exactly
//! where Δ ≥ 1000 · ln(s / (100 − s)). Here Δ is a ratio of integers, N over the sum W of the workload's weights, so the
//! condition is N ≥ ⌈1000 · ln(s / (100 − s)) · W⌉, and the right-hand side is an integer that is worked out once for a
//! workload. No float is involved in a placement, and every platform gives the same score.
//!
//! Rounding: the logarithms stand in a table, rounded up at 2⁻⁶⁴. They are irrational except for s = 50, where both are 0, so a
//! step could be off by one only where the exact product lies within W · 2⁻⁶⁴ < 2⁻³³ of an integer.

/// Scores from 1 to this are reached; 100 would take an infinite Δ.
const SCORE_MAX: usize = 99;

/// ⌈1000 · ln(s / (100 − s)) · 2⁶⁴⌉ for s from 51 to 99.
const LOGARITHMS: [u128; 49] = [
    0x28_015d_9bf7_5feb_cfa5,
    0x50_0aee_e3dd_208f_c222,
    0x78_24f1_9ef2_1650_6845,
    0xa0_57b7_ea52_de0d_76d1,
    0xc8_abb2_b2a3_83cc_c818,
    0xf1_297c_8e38_a0cc_ad47,
    0x119_d9e5_1b51_7671_b632,
    0x142_c5fd_090c_c89a_6679,
    0x16b_f722_f5d4_5df5_890b,
    0x195_7711_5331_aba2_b065,
    0x1bf_4fed_858e_c2f2_277d,
    0x1e9_8c58_7e96_ae37_0e16,
    0x214_3781_1b12_0319_e6e9,
    0x23f_5d38_99b3_cda1_2d51,
    0x26b_0a09_8fe6_753a_2a79,
    0x297_4b51_d50a_ff94_9bd1,
    0x2c4_2f5f_f4c5_8841_b501,
    0x2f1_c594_d72d_8720_3d75,
    0x320_1e8a_73bf_ef5f_aea2,
    0x34f_4c40_940d_d03c_25c3,
    0x37f_6250_e864_ab3d_71e6,
    0x3b0_762b_ff3b_004d_18bc,
    0x3e2_9f61_15ab_0c8c_3578,
    0x415_f7f3_3b82_03d7_dd82,
    0x44a_9cbe_f33d_3e15_f772,
    0x480_adf4_5d02_ac2a_6bbf,
    0x4b8_4fab_3104_3216_64ab,
    0x4f1_aa97_7150_c1a9_8824,
    0x52c_ece7_fb0a_fde4_d374,
    0x56a_4b5b_4017_24e6_8e1a,
    0x5aa_029a_dca9_7ba4_3389,
    0x5ec_58f5_102f_a5c0_e488,
    0x631_a094_5b42_e81a_4b26,
    0x67a_3a63_3a71_2781_868b,
    0x6c6_99de_c413_0064_1b2a,
    0x717_4a3b_40ec_3605_ce48,
    0x76c_f571_5fa0_cf8c_2ae3,
    0x7c8_6e1f_45ec_5456_0695,
    0x82a_bdb8_8755_b47a_ac3b,
    0x895_397d_e67a_7c2b_eee3,
    0x909_a28a_b802_15b2_75fd,
    0x98a_58d7_4f59_49c1_2876,
    0xa1a_b078_dad4_5aae_9290,
    0xabf_890a_4688_4af3_c222,
    0xb80_7060_f04b_7cb3_aa3c,
    0xc6a_0dc7_d35f_f56f_cc97,
    0xd94_1943_bcae_f21a_f265,
    0xf33_d1ff_0e96_1ca4_3a67,
    0x11f3_1eae_7f98_7c24_a5dc,
];

/// The least N that reaches each score from 1 on, for one sum of weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Steps([i64; SCORE_MAX]);

impl Steps {
    /// The steps where weights add up to so much, at most 2³⁰.
    #[expect(clippy::cast_possible_truncation, reason = "below 2^13 · 2^30, as a table entry is below 2^77")]
    pub(crate) fn new(weight: u64) -> Self {
        let mut steps = [0; SCORE_MAX];
        for (above, &logarithm) in LOGARITHMS.iter().enumerate() {
            let product = logarithm * u128::from(weight);
            // Above 50 a step is rounded up. Below, it is the negative of the same product, and rounding that up is rounding
            // the product down; the entry itself is rounded up, so the one before it is below the logarithm.
            steps[50 + above] = product.div_ceil(1 << 64) as i64;
            steps[48 - above] = -((((logarithm - 1) * u128::from(weight)) >> 64) as i64);
        }
        Self(steps)
    }

    /// The score of a candidate whose expected fragmentation falls by so much, times the sum of weights.
    ///
    /// Cost: a search among 99 integers.
    fn score(&self, fall: i64) -> i64 {
        #[expect(clippy::cast_possible_wrap, reason = "at most 99")]
        {
            self.0.partition_point(|&least| least <= fall) as i64
        }
    }
}

impl Steps {
    /// The key of such a candidate, the least first: 100 less the score.
    pub(crate) fn key(&self, fall: i64) -> i64 {
        100 - self.score(fall)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1000 · ln(s / (100 − s)) · 2⁶⁴ by the series 2 · artanh((s − 50) / 50), rounded down somewhere.
    fn logarithm(s: i128) -> i128 {
        let one = 1_i128 << 84;
        let x = |value: i128| value / 50 * (s - 50) + value % 50 * (s - 50) / 50;
        let (mut power, mut sum) = (x(one), 0);
        let mut odd = 1;
        while power > 0 {
            sum += power / odd;
            power = x(x(power));
            odd += 2;
        }
        (2 * sum * 1000) >> 20
    }

    #[test]
    fn the_table_holds_the_logarithms_rounded_up() {
        for (s, &entry) in (51..).zip(&LOGARITHMS) {
            let entry = i128::try_from(entry).unwrap_or_default();
            let off = entry - logarithm(s);
            assert!((0..4).contains(&off), "ln({s}/{}) is off by {off}", 100 - s);
        }
    }

    #[test]
    fn the_score_is_fifty_where_nothing_changes_and_never_falls() {
        for weight in [1, 2, 95, 7764, 1 << 30] {
            let steps = Steps::new(weight);
            assert_eq!(steps.score(0), 50);
            assert_eq!(steps.score(-1), 49);
            assert!(steps.0.windows(2).all(|pair| pair[0] < pair[1] || weight < 100), "{weight}");
            assert_eq!((steps.score(i64::MIN), steps.score(i64::MAX)), (0, 99));
        }
    }

    #[test]
    fn steps_are_those_of_the_formula() {
        // 1000 · ln(51/49) = 40.005…, 1000 · ln(99) = 4595.119…
        let steps = Steps::new(1);
        assert_eq!((steps.score(40), steps.score(41)), (50, 51));
        assert_eq!((steps.score(4595), steps.score(4596)), (98, 99));
        assert_eq!((steps.score(-40), steps.score(-41)), (49, 48));
        assert_eq!((steps.score(-4595), steps.score(-4596)), (1, 0));
        let steps = Steps::new(1000);
        assert_eq!((steps.score(40_005), steps.score(40_006)), (50, 51));
    }
}
