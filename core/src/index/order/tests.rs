//! An order beside a sorted map, through growth and decline.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use rand_core::{Rng as _, SeedableRng as _};

use super::*;

/// What is in the list, found by looking at everything.
fn expected(model: &BTreeMap<i64, [i32; 2]>, query: &Query<'_>) -> Vec<i64> {
    let enough = |amounts: &[i32; 2]| amounts.iter().zip(query.amounts).all(|(amount, least)| amount >= least);
    model.range(query.from..query.to).filter(|(_, amounts)| enough(amounts)).map(|(&key, _)| key).collect()
}

/// A key for each number, in order, so that many differ in one half only, and lower halves are of either sign.
fn nth(number: u64) -> i64 {
    let number = i64::try_from(number).unwrap_or(0);
    ((number / 7 - 300) << 32) | ((number % 7) * 0x2400_0000)
}

#[test]
fn a_list_agrees_with_a_sorted_map_through_growth_and_decline() {
    let mut random = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(7);
    let mut below = |bound: u64| random.next_u64() % bound;
    let mut order = Order::new(2);
    order.reserve(3000);
    let mut model = BTreeMap::new();
    for round in 0..40_000_u64 {
        // Waves: mostly additions, then mostly removals; keys drift, so that leaves empty at one end.
        let grows = round / 5000 % 2 == 0;
        let key = nth(below(4000) + round / 8);
        let amounts = [i32::try_from(below(50)).unwrap_or(0), i32::try_from(below(50)).unwrap_or(0)];
        let near = model.range(key..).next().map(|(&key, _)| key);
        match (below(10) < if grows { 7 } else { 3 }, near) {
            (true, _) if !model.contains_key(&key) => {
                order.insert(key, &amounts);
                model.insert(key, amounts);
            }
            (true, _) => {
                order.replace(key, key, &amounts);
                model.insert(key, amounts);
            }
            (false, Some(old)) if below(2) == 0 && !model.contains_key(&key) => {
                order.replace(old, key, &amounts);
                model.remove(&old);
                model.insert(key, amounts);
            }
            (false, Some(old)) => {
                order.remove(old);
                model.remove(&old);
            }
            (false, None) => {}
        }
        if round % 64 == 0 {
            let sound = order.is_sound(|key, amounts| model.get(&key) == Some(&[amounts[0], amounts[1]]));
            assert!(sound && order.len() == model.len(), "round {round}");
            let least = [i32::try_from(below(60)).unwrap_or(0), i32::MIN];
            let from = below(6000);
            let query = Query { from: nth(from), to: nth(from + 2000), amounts: &least };
            let mut seen = Vec::new();
            let walk = order.walk(&query, &mut Effort::new(u32::MAX), |key| {
                seen.push(key);
                false
            });
            assert_eq!((walk, seen), (Walk::Ended, expected(&model, &query)), "round {round}");
        }
    }
}

#[test]
fn a_filled_list_is_the_same_as_one_built_key_by_key() {
    let amount = |key: i64| i32::try_from(key % 7).unwrap_or(0);
    let mut filled = Order::new(1);
    filled.reserve(5000);
    filled.fill((0..5000).map(|at| 3 * at), |_, key| amount(key));
    assert!(filled.is_sound(|key, amounts| key % 3 == 0 && amounts == [amount(key)]));
    assert_eq!(filled.len(), 5000);
}

#[test]
fn a_walk_stops_when_its_budget_is_spent() {
    let mut order = Order::new(0);
    order.fill(0..1000, |_, _| 0);
    let query = Query { from: 0, to: i64::MAX, amounts: &[] };
    let mut seen = 0;
    let walk = order.walk(&query, &mut Effort::new(100), |_| {
        seen += 1;
        false
    });
    assert_eq!(walk, Walk::Spent);
    assert!(seen <= 100);
}

/// Takes keys out of the n-th group until each of its leaves has so many.
fn thin(order: &mut Order, top: usize, left: usize) {
    let group = order.top[top] as usize;
    let leaves = order.groups[group].leaves[..order.groups[group].len].to_vec();
    for leaf in leaves {
        while order.lens[leaf as usize] > left {
            let keys = (0..order.lens[leaf as usize]).map(|lane| order.keys[leaf as usize].at(lane));
            let greatest = keys.fold(i64::MIN, i64::max);
            order.remove(greatest);
        }
    }
}

#[test]
fn no_order_of_coming_and_going_needs_more_than_was_reserved() {
    const KEYS: usize = 20_000;
    let mut order = Order::new(1);
    order.reserve(KEYS);
    let (leaves, groups) = (order.lens.len(), order.groups.len());
    let mut random = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(3);
    let mut key = 0;
    for round in 0..60 {
        // Keys come in order, so that leaves are left half full; then leaves of every other group lose most of theirs.
        while order.len() < KEYS {
            key += 1 << 20;
            order.insert(key, &[1]);
        }
        for top in (0..order.top.len()).rev() {
            let left = [16, 17, 1, 33][(top + round) % 4];
            if top < order.top.len() && random.next_u64() % 3 > 0 {
                thin(&mut order, top, left);
            }
        }
        assert!(order.is_sound(|_, amounts| amounts == [1]), "round {round}");
        assert_eq!((order.lens.len(), order.groups.len()), (leaves, groups), "round {round}");
    }
}
