//! Names of things as integers: small, typed, and refused when stale.
//!
//! Ids of instances, tasks and prepared requests are a slot and a generation. A slot is reused once its thing is gone, a
//! generation never goes back, so an old id is refused instead of naming something else. Every id fits 53 bits, which
//! JavaScript holds as a plain integer, and `Option` of an id is no larger than the id.

use core::fmt;
use core::num::NonZeroU64;

/// Bits of a generation. 21 bits beside a 32-bit slot make 53.
pub(crate) const GENERATION_BITS: u32 = 21;
/// Last generation a slot can have; a slot that reached it is retired.
pub(crate) const GENERATION_MAX: u32 = (1 << GENERATION_BITS) - 1;

macro_rules! generational {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(NonZeroU64);

        impl $name {
            /// The id of `slot` in its `generation`, which starts at 1.
            pub(crate) const fn new(slot: u32, generation: u32) -> Option<Self> {
                if generation == 0 || generation > GENERATION_MAX {
                    return None;
                }
                match NonZeroU64::new(((generation as u64) << 32) | slot as u64) {
                    Some(bits) => Some(Self(bits)),
                    None => None,
                }
            }

            /// The id behind an integer made by [`as_u64`](Self::as_u64); `None` for a number no id has.
            #[must_use]
            pub const fn from_u64(bits: u64) -> Option<Self> {
                if bits >> 53 != 0 || bits >> 32 == 0 {
                    return None;
                }
                match NonZeroU64::new(bits) {
                    Some(bits) => Some(Self(bits)),
                    None => None,
                }
            }

            /// The id as an integer below 2⁵³.
            #[must_use]
            pub const fn as_u64(self) -> u64 {
                self.0.get()
            }

            /// The slot.
            #[expect(clippy::cast_possible_truncation, reason = "the low half is the slot")]
            pub(crate) const fn slot(self) -> u32 {
                self.0.get() as u32
            }

            /// The generation.
            pub(crate) const fn generation(self) -> u32 {
                (self.0.get() >> 32) as u32
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({}v{})"), self.slot(), self.generation())
            }
        }
    };
}

generational! {
    /// A registered container instance.
    InstanceId
}
generational! {
    /// A task the cluster holds.
    TaskId
}
generational! {
    /// A request the cluster has prepared.
    RequestId
}

macro_rules! dense {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub(crate) u32);

        impl $name {
            /// The position in its table.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

dense! {
    /// A task group the cluster knows.
    GroupId
}
dense! {
    /// An attribute name the cluster knows.
    AttributeId
}
dense! {
    /// An attribute value the cluster knows.
    ValueId
}
dense! {
    /// A constraint the cluster keeps an eligibility set for.
    ConstraintId
}
dense! {
    /// What one task holds of its instance, shared by all tasks that hold the same.
    DemandId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_fit_a_javascript_integer_and_have_a_niche() {
        let last = InstanceId::new(u32::MAX, GENERATION_MAX).map(InstanceId::as_u64);
        assert_eq!(last, Some((1 << 53) - 1));
        assert_eq!(size_of::<Option<TaskId>>(), 8);
    }

    #[test]
    fn integers_that_no_id_has_are_refused() {
        assert_eq!(TaskId::from_u64(0), None);
        assert_eq!(TaskId::from_u64(7), None);
        assert_eq!(TaskId::from_u64(1 << 53), None);
        assert_eq!(TaskId::from_u64(1 << 32).map(|id| (id.slot(), id.generation())), Some((0, 1)));
    }
}
