//! Countable resources: the dimensions an instance has amounts in, and the only arithmetic on those amounts.
//!
//! Every countable thing is one dimension, so that one loop tests them all: CPU units, memory in MiB, task ENI slots, whole
//! free GPUs, the largest free share of one GPU, room under the host-port ceiling, and custom resources. Amounts are `i32`
//! and signed: an instance that re-registered with less may owe some (semantics.md §1.1, U-03).

use crate::error::{Error, ErrorKind};
use crate::limits::{AMOUNT_MAX, CUSTOM_RESOURCES_MAX};

/// One countable dimension of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceKind {
    /// CPU units, 1024 a vCPU.
    Cpu,
    /// Memory in MiB.
    Memory,
    /// Room under the ceiling of reserved host ports.
    Ports,
    /// Task network interfaces.
    Eni,
    /// GPUs nobody has a part of.
    Gpu,
    /// Thousandths left on the GPU that has most left.
    GpuShare,
    /// A custom resource, by the order of its declaration.
    Custom(u8),
}

/// Number of dimensions that are always there.
pub(crate) const BUILT_IN: usize = 6;
/// Most dimensions there can be.
pub(crate) const DIMENSIONS: usize = BUILT_IN + CUSTOM_RESOURCES_MAX;

impl ResourceKind {
    /// The column of the dimension. Columns follow the order in which checks are reported (semantics.md §2.4).
    pub(crate) const fn column(self) -> usize {
        match self {
            Self::Cpu => 0,
            Self::Memory => 1,
            Self::Ports => 2,
            Self::Eni => 3,
            Self::Gpu => 4,
            Self::GpuShare => 5,
            Self::Custom(index) => BUILT_IN + index as usize,
        }
    }

    /// The dimension of a column.
    pub(crate) const fn from_column(column: usize) -> Self {
        match column {
            0 => Self::Cpu,
            1 => Self::Memory,
            2 => Self::Ports,
            3 => Self::Eni,
            4 => Self::Gpu,
            5 => Self::GpuShare,
            #[expect(clippy::cast_possible_truncation, reason = "a column is below DIMENSIONS")]
            custom => Self::Custom((custom - BUILT_IN) as u8),
        }
    }
}

/// `amount` as a column holds it, if it is an amount an instance can have.
///
/// # Errors
/// [`ErrorKind::InvalidAmount`] below zero or above [`AMOUNT_MAX`].
pub(crate) fn registered_amount(amount: i64) -> Result<i32, Error> {
    match i32::try_from(amount) {
        Ok(amount) if (0..=AMOUNT_MAX).contains(&amount) => Ok(amount),
        _ => Err(out_of_range(amount, 0)),
    }
}

/// `amount` as a column holds it, if it can be what remains of an instance: negative where the instance owes.
///
/// # Errors
/// [`ErrorKind::InvalidAmount`] outside ±[`AMOUNT_MAX`].
pub(crate) fn remaining_amount(amount: i64) -> Result<i32, Error> {
    match i32::try_from(amount) {
        Ok(amount) if (-AMOUNT_MAX..=AMOUNT_MAX).contains(&amount) => Ok(amount),
        _ => Err(out_of_range(amount, -i64::from(AMOUNT_MAX))),
    }
}

/// What an amount outside its range is refused with.
#[cold]
fn out_of_range(amount: i64, least: i64) -> Error {
    Error::with_message(
        ErrorKind::InvalidAmount,
        alloc::format!("amount `{amount}` is outside {least} to {AMOUNT_MAX}"),
    )
}

/// A demand as the columns compare it; `None` where it is beyond every instance, so that it fits nowhere and never wraps.
pub(crate) fn demanded_amount(amount: i64) -> Option<i32> {
    i32::try_from(amount).ok()
}

/// Whether `demand` fits what remains. Nothing always fits; debt counts as nothing left.
#[inline]
pub(crate) const fn fits(demand: i32, remaining: i32) -> bool {
    demand <= 0 || demand <= remaining
}
