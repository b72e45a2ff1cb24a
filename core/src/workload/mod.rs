//! What a cluster is expected to be asked for: kinds of tasks with weights, against which free GPUs are measured.
//!
//! A free GPU is worth what the tasks to come can make of it. A [`Workload`] says which tasks those are: the target workload of
//! fragmentation gradient descent, generalised to memory and to any static condition on instances. It is plain data; what an
//! instance's free GPUs are worth under it is defined here, one kind at a time, and made fast elsewhere.
//!
//! Source: Weng et al., "Beware of Fragmentation: Scheduling GPU-Sharing Workloads with Fragmentation Gradient Descent",
//! USENIX ATC 2023, section 3. The clauses are in `docs/gpu_policies.md`.

pub(crate) mod score;

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use crate::demand::GpuDemand;
use crate::error::{Error, ErrorKind};
use crate::expr::Expression;
use crate::limits::{AMOUNT_MAX, DEVICE_WHOLE, DEVICES_MAX, WORKLOAD_KINDS_MAX, WORKLOAD_WEIGHT_MAX};

/// One kind of task that is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkloadKind {
    /// CPU units of each task; 0 where they do not matter.
    pub cpu: i64,
    /// Memory of each task in MiB; 0 where it does not matter.
    pub memory_mib: i64,
    /// GPUs of each task: none, whole ones, or a share.
    pub gpus: GpuDemand,
    /// What an instance must satisfy, static facts only; `None` admits every instance.
    pub condition: Option<Expression>,
    /// How often such tasks come, compared with the other kinds: 1 to [`WORKLOAD_WEIGHT_MAX`].
    pub weight: u32,
}

impl WorkloadKind {
    /// A kind that any instance may take, with weight 1.
    #[must_use]
    pub const fn new(cpu: i64, memory_mib: i64, gpus: GpuDemand) -> Self {
        Self { cpu, memory_mib, gpus, condition: None, weight: 1 }
    }

    /// The same kind with this weight.
    #[must_use]
    pub fn with_weight(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// The same kind on instances that satisfy an expression.
    #[must_use]
    pub fn with_condition(mut self, condition: Expression) -> Self {
        self.condition = Some(condition);
        self
    }

    /// Thousandths of a GPU that one task takes in all.
    pub(crate) fn thousandths(&self) -> u32 {
        match self.gpus {
            GpuDemand::Whole(count) => u32::from(count) * u32::from(DEVICE_WHOLE),
            GpuDemand::Share(share) => share.into(),
            GpuDemand::None | GpuDemand::All | GpuDemand::Slice(_) => 0,
        }
    }

    /// Thousandths of the free GPUs of an admitted instance that tasks of this kind can use: those of devices with enough left
    /// for the kind, if CPU, memory and the number of such devices suffice for one task, and otherwise none. `free` is what
    /// each device has left.
    pub(crate) fn usable(&self, cpu: i64, memory_mib: i64, free: &[u16]) -> u32 {
        // A kind that takes none of an amount can be placed where that is owed.
        let lacks = |left: i64, taken: i64| taken > 0 && left < taken;
        if lacks(cpu, self.cpu) || lacks(memory_mib, self.memory_mib) {
            return 0;
        }
        let (least, devices) = match self.gpus {
            GpuDemand::Share(share) => (share, 1),
            GpuDemand::Whole(count) => (DEVICE_WHOLE, usize::from(count)),
            GpuDemand::None | GpuDemand::All | GpuDemand::Slice(_) => return 0,
        };
        let large = free.iter().filter(|&&left| left >= least);
        if large.clone().count() < devices { 0 } else { large.map(|&left| u32::from(left)).sum() }
    }

    /// Tasks of this kind that the free devices of an instance have room for, whatever CPU and memory say.
    pub(crate) fn slots(&self, free: &[u16]) -> u32 {
        match self.gpus {
            GpuDemand::Share(share) => free.iter().map(|&left| u32::from(left / share.max(1))).sum(),
            GpuDemand::Whole(count) => {
                let whole: u32 = free.iter().map(|&left| u32::from(left >= DEVICE_WHOLE)).sum();
                whole / u32::from(count.max(1))
            }
            GpuDemand::None | GpuDemand::All | GpuDemand::Slice(_) => 0,
        }
    }

    /// Refuses what no kind can be; the field and the reason.
    fn check(&self) -> Result<(), (&'static str, alloc::string::String)> {
        if self.weight == 0 || self.weight > WORKLOAD_WEIGHT_MAX {
            return Err(("weight", format!("weight `{}` is outside 1 to {WORKLOAD_WEIGHT_MAX}", self.weight)));
        }
        for (field, amount) in [("cpu", self.cpu), ("memory", self.memory_mib)] {
            if !(0..=i64::from(AMOUNT_MAX)).contains(&amount) {
                return Err((field, format!("{field} `{amount}` is outside 0 to {AMOUNT_MAX}")));
            }
        }
        match self.gpus {
            GpuDemand::None => {}
            GpuDemand::Share(share) if (1..DEVICE_WHOLE).contains(&share) => {}
            GpuDemand::Share(share) => return Err(("gpuShare", format!("GPU share `{share}` is outside 1 to 999"))),
            GpuDemand::Whole(count) if (1..=DEVICES_MAX).contains(&usize::from(count)) => {}
            GpuDemand::Whole(count) => {
                return Err(("gpus", format!("number of GPUs `{count}` is outside 1 to {DEVICES_MAX}")));
            }
            GpuDemand::All | GpuDemand::Slice(_) => {
                return Err(("gpus", "all devices of an instance, or a slice, are no kind of a workload".into()));
            }
        }
        match &self.condition {
            Some(condition) if condition.residue().is_some() => {
                Err(("expression", format!("expression `{condition}` reads tasks, which change with each placement")))
            }
            _ => Ok(()),
        }
    }
}

/// Equal expressions have equal canonical texts.
impl Hash for WorkloadKind {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let condition = self.condition.as_ref().map(Expression::as_str);
        (self.cpu, self.memory_mib, self.gpus, condition, self.weight).hash(state);
    }
}

/// A target workload: kinds of tasks by how often they are expected. Cloning shares it.
///
/// ```
/// use placewright::{GpuDemand, Workload, WorkloadKind};
///
/// let workload = Workload::new([
///     WorkloadKind::new(4000, 0, GpuDemand::Share(500)).with_weight(3),
///     WorkloadKind::new(11_000, 0, GpuDemand::Whole(1)).with_weight(2),
/// ])?;
/// assert_eq!(workload.weight(), 5);
/// let refused = Workload::new([WorkloadKind::new(1, 1, GpuDemand::All)]);
/// assert_eq!(refused.unwrap_err().code(), "strategy.invalid");
/// # Ok::<(), placewright::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Workload(Arc<[WorkloadKind]>);

impl Workload {
    /// A workload of these kinds; equal kinds may stand several times, and add up.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidStrategy`] for no kind at all, or for a kind with an amount or weight outside its range, a
    /// demand for all devices or for a slice, or an expression that reads tasks: with the number of the kind, from 0, and the
    /// field as the path. [`ErrorKind::LimitExceeded`] for more than [`WORKLOAD_KINDS_MAX`] kinds.
    pub fn new(kinds: impl IntoIterator<Item = WorkloadKind>) -> Result<Self, Error> {
        let kinds: Vec<WorkloadKind> = kinds.into_iter().take(WORKLOAD_KINDS_MAX + 1).collect();
        if kinds.len() > WORKLOAD_KINDS_MAX {
            let message = format!("a workload has at most {WORKLOAD_KINDS_MAX} kinds");
            return Err(Error::with_message(ErrorKind::LimitExceeded, message));
        }
        if kinds.is_empty() {
            return Err(Error::with_message(ErrorKind::InvalidStrategy, "a workload has at least one kind"));
        }
        for (number, kind) in kinds.iter().enumerate() {
            kind.check().map_err(|(field, message)| {
                let message = format!("kind {number} of the workload: {message}");
                Error::with_message(ErrorKind::InvalidStrategy, message).in_path(field).in_path(&format!("[{number}]"))
            })?;
        }
        Ok(Self(kinds.into()))
    }

    /// The kinds, in the order given.
    #[must_use]
    pub fn kinds(&self) -> &[WorkloadKind] {
        &self.0
    }

    /// The sum of the weights.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.0.iter().map(|kind| u64::from(kind.weight)).sum()
    }
}

impl Workload {
    /// The sum of the weights, at most 2³⁰.
    pub(crate) fn weight_signed(&self) -> i64 {
        self.0.iter().map(|kind| i64::from(kind.weight)).sum()
    }

    /// The same kinds with other weights, each within its range.
    pub(crate) fn with_weights(&self, weights: impl Iterator<Item = u32>) -> Self {
        Self(self.0.iter().cloned().zip(weights).map(|(kind, weight)| kind.with_weight(weight)).collect())
    }
}

/// What a target workload cannot use of free GPUs, in expectation over its kinds (gpu_policies.md §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragmentation {
    /// Thousandths that are free.
    free: u64,
    /// Thousandths of them that are usable, times weight, added up over kinds.
    usable: u128,
    /// The sum of the weights.
    weight: u64,
}

impl Fragmentation {
    /// That of free GPUs.
    pub(crate) fn new(free: u64, usable: u64, workload: &Workload) -> Self {
        Self { free, usable: usable.into(), weight: workload.weight() }
    }

    /// That of no GPU at all.
    pub(crate) fn none(workload: &Workload) -> Self {
        Self::new(0, 0, workload)
    }

    /// That of both together, under one workload.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self { free: self.free + other.free, usable: self.usable + other.usable, weight: self.weight }
    }

    /// Thousandths of a GPU that are free.
    #[must_use]
    pub const fn free(&self) -> u64 {
        self.free
    }

    /// The numerator of what is stranded: for each kind its weight times the free thousandths it cannot use, added up. Over
    /// [`weight`](Self::weight), this is the expectation, exactly.
    #[must_use]
    pub fn stranded_by_weight(&self) -> u128 {
        u128::from(self.free) * u128::from(self.weight) - self.usable
    }

    /// The sum of the weights.
    #[must_use]
    pub const fn weight(&self) -> u64 {
        self.weight
    }

    /// Thousandths of a GPU that are stranded, in expectation, rounded down.
    #[must_use]
    pub fn stranded(&self) -> u64 {
        let stranded = self.stranded_by_weight() / u128::from(self.weight.max(1));
        u64::try_from(stranded).unwrap_or(self.free)
    }
}
